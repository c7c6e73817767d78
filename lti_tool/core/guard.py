"""The guard on calls to strangers: what `core.http` stands on; use that.

The host is resolved once, each address judged, the connection made to exactly what was
judged while TLS checks the name; the exchange is bounded in time and the body in size.
Under httpx a guard is the network itself; for aiohttp see `guard_of_batches`.
"""

import contextlib
import re
import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any

import httpcore
import httpx

from lti_tool.core.addresses import is_allowed, is_public
from lti_tool.core.errors import InvalidRequestError, TemporaryError
from lti_tool.core.language import phrase

REDIRECTS = frozenset({301, 302, 303, 307, 308})
LOCATION = "location"  # of an answer's extensions, where a redirect leads
PORTS = {"https": 443, "http": 80}
MAX_ADDRESSES = 4  # tried in turn, each with its share of the time that is left

# Names in their IDNA form, of labels that a look-up takes (RFC 1035 §2.3.4), and addresses.
_HOST = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?|[0-9a-f.]*:[0-9a-f.:]*")
# Everything httpcore raises for a network or a server that misbehaves.
_FAILURES = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


class OutboundRefusedError(InvalidRequestError):
    """We will not make this call, or not read that much of its answer."""

    code = "outbound_refused"
    title = phrase("We do not call that address")


class OutboundFailedError(TemporaryError):
    """The other server did not answer, or not with what it should.

    Attributes:
        status: what it answered, None when it did not.
    """

    code = "outbound_failed"
    title = phrase("Another server did not answer as it should")

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def judge_target(
    scheme: str, host: str, port: int | None, userinfo: bytes, allowed_hosts: tuple[str, ...]
) -> tuple[int, bool]:
    """Return the port, and whether an operator allowed the host.

    Raises:
        OutboundRefusedError: for a reason that shows before any look-up.
    """
    if scheme not in PORTS:
        raise OutboundRefusedError(phrase("Only addresses that begin with https:// are called."))
    port = PORTS[scheme] if port is None else port
    if not _HOST.fullmatch(host) or not 0 < port < 65536:  # noqa: PLR2004 - 16 bits
        raise OutboundRefusedError(phrase("That is not a web address."))
    if userinfo:
        raise OutboundRefusedError(phrase("A web address with a password in it is not called."))
    allowed = is_allowed(host, port, allowed_hosts)
    if scheme != "https" and not allowed:
        raise OutboundRefusedError(
            phrase(
                "%(host)s is not called without encryption: use https.",
                host=host,
            )
        )
    return port, allowed


def look_up(host: str, port: int) -> tuple[str, ...]:
    """Return the host's addresses in the system's order of preference.

    The system decides how long that takes: `getaddrinfo` has no time-out.

    Raises:
        OutboundFailedError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise OutboundFailedError(
            phrase(
                "%(host)s has no address.",
                host=host,
            )
        ) from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def judge_addresses(host: str, addresses: Iterable[str], *, allowed: bool) -> tuple[str, ...]:
    """Return the addresses, all of them; one bad address condemns the name.

    Raises:
        OutboundRefusedError: one is not public, and no operator allowed the host.
    """
    addresses = tuple(addresses)
    if not allowed and not all(map(is_public, addresses)):
        # The address itself is not told: it would map an inner network for a stranger.
        raise OutboundRefusedError(
            phrase(
                "%(host)s is not on the public internet. An operator can allow it in "
                "allowed_hosts.",
                host=host,
            )
        )
    return addresses


class Transport(httpx.BaseTransport):
    """httpx on an httpcore pool of ours: its public API has no way to choose the network."""

    def __init__(self, allowed_hosts: tuple[str, ...], seconds: float, max_bytes: int) -> None:
        self._allowed_hosts = allowed_hosts
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls_context(), network_backend=_Network(allowed_hosts)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Judge, send, and return an answer whose body is bounded as it is read."""
        url = request.url
        host = url.raw_host.decode()  # as it is called: what it spells need not be a name at all
        judge_target(url.scheme, host, url.port, url.userinfo, self._allowed_hosts)
        if not isinstance(request.stream, httpx.SyncByteStream):
            raise TypeError("an asynchronous body in a synchronous client")
        ends_at = time.monotonic() + self._seconds
        with _until(ends_at), _failures_of(host):
            answer = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        headers = httpx.Headers(answer.headers)
        body = _Body(answer, host, ends_at, self._max_bytes, headers.get("content-encoding"))
        for name in ("content-encoding", "content-length"):  # of the body before unpacking
            headers.pop(name, None)
        extensions = dict(answer.extensions)
        if answer.status in REDIRECTS:
            # httpx reads where a redirect leads that it does not follow, and stumbles over some.
            extensions[LOCATION] = headers.pop("location", None)
        return httpx.Response(answer.status, headers=headers, stream=body, extensions=extensions)

    def close(self) -> None:
        """Close the connections that were kept."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """A body that ends in time and is never larger than agreed, packed or not."""

    def __init__(
        self,
        answer: httpcore.Response,
        host: str,
        ends_at: float,
        max_bytes: int,
        encoding: str | None,
    ) -> None:
        self._answer = answer
        self._host = host
        self._ends_at = ends_at
        self._max_bytes = max_bytes
        self._encoding = (encoding or "identity").strip().lower()

    def __iter__(self) -> Iterator[bytes]:
        # We ask for no compression; servers that compress regardless are read within
        # the bound. 32 + MAX_WBITS takes gzip and zlib.
        packed = self._encoding != "identity"
        if packed and self._encoding not in {"gzip", "x-gzip", "deflate"}:
            raise OutboundFailedError(
                phrase(
                    "%(host)s compressed its answer as nobody asked.",
                    host=self._host,
                )
            )
        unpacker = zlib.decompressobj(32 + zlib.MAX_WBITS)
        size, ended = 0, True
        for part in self._parts():
            room = self._max_bytes - size
            try:
                data = unpacker.decompress(part, room + 1) if packed else part
            except zlib.error as error:
                raise OutboundFailedError(
                    phrase(
                        "%(host)s sent a broken answer.",
                        host=self._host,
                    )
                ) from error
            if len(data) > room:
                raise OutboundRefusedError(
                    phrase(
                        "%(host)s sent more than %(max_bytes)s bytes, which is not read.",
                        host=self._host,
                        max_bytes=self._max_bytes,
                    )
                )
            size += len(data)
            ended = unpacker.eof or not packed
            yield data
        if not ended:
            raise OutboundFailedError(
                phrase(
                    "%(host)s sent a broken answer.",
                    host=self._host,
                )
            )

    def _parts(self) -> Iterator[bytes]:
        parts = iter(self._answer.iter_stream())
        while True:
            with _until(self._ends_at), _failures_of(self._host):
                part = next(parts, None)
            if part is None:
                return
            yield part

    def close(self) -> None:
        self._answer.close()


class _Network(httpcore.NetworkBackend):
    """Resolves once, judges, and connects to what was judged; TLS still checks the name."""

    def __init__(self, allowed_hosts: tuple[str, ...]) -> None:
        self._allowed_hosts = allowed_hosts
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        allowed = is_allowed(host, port, self._allowed_hosts)
        addresses = judge_addresses(host, look_up(host, port), allowed=allowed)[:MAX_ADDRESSES]
        for tries_left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            left = _left(timeout, httpcore.ConnectTimeout)
            try:
                return _Stream(
                    self._sockets.connect_tcp(
                        address, port, left / tries_left, local_address, socket_options
                    )
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if tries_left == 1:
                    raise
        raise httpcore.ConnectError(
            phrase(
                "no address for %(host)s",
                host=host,
            )
        )


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait ends with the time of the whole exchange.

    httpx's time-outs begin anew with each byte; a server that drips would hold a
    worker for hours.
    """

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's own signature
        return self._stream.get_extra_info(info)


_ends_at: ContextVar[float] = ContextVar("exchange_ends_at")


@contextlib.contextmanager
def _until(ends_at: float) -> Iterator[None]:
    token = _ends_at.set(ends_at)
    try:
        yield
    finally:
        _ends_at.reset(token)


def _left(timeout: float | None, expired: type[httpcore.TimeoutException]) -> float:
    left = _ends_at.get() - time.monotonic()
    if left <= 0:
        raise expired("the time for the whole exchange is over")
    return left if timeout is None else min(timeout, left)


@contextlib.contextmanager
def _failures_of(host: str) -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as error:
        raise OutboundFailedError(
            phrase(
                "%(host)s did not answer in time.",
                host=host,
            )
        ) from error
    except _FAILURES as error:
        raise OutboundFailedError(
            phrase(
                "%(host)s could not be reached.",
                host=host,
            )
        ) from error


@cache
def tls_context() -> ssl.SSLContext:
    """Return the one TLS context: reading the authorities costs tens of milliseconds.

    SSL_CERT_FILE and SSL_CERT_DIR name an operator's own instead.
    """
    return httpx.create_ssl_context(trust_env=True)
