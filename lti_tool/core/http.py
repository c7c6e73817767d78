"""Calls to servers that somebody else named: key sets, tokens, status lists, documents.

An address in a platform's configuration is a claim. Every call made through this module
resolves the host once, refuses what is not on the public internet unless an operator
allowed that host, connects to exactly the address that was judged, and is bounded in
time and in size. Nothing here obeys proxy variables: a proxy would resolve again.
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NoReturn

import aiohttp
import httpx

from lti_tool.core import settings
from lti_tool.core.guard import (
    LOCATION,
    PORTS,
    OutboundFailedError,
    OutboundRefusedError,
    Transport,
    judge_addresses,
    judge_target,
    look_up,
)
from lti_tool.core.guard_of_batches import Connector
from lti_tool.core.language import phrase

__all__ = [
    "Destination",
    "OutboundFailedError",
    "OutboundRefusedError",
    "check_url",
    "client",
    "get",
    "get_json",
    "guarded_connector",
]

USER_AGENT = f"Cairn/{version('cairn-lti')}"
MAX_BODY_BYTES = 10_000_000
PASSING_STATUSES = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a URL leads, judged.

    Attributes:
        host: in its IDNA form, an IPv6 address without brackets.
        addresses: what the host resolves to, best first; every one may be called.
        allowed: an operator named the host, so that its addresses may be private.
    """

    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]
    allowed: bool


def check_url(url: str, *, allowed_hosts: Iterable[str] | None = None) -> Destination:
    """Resolve the URL's host and say where a call would go; useful before storing a URL.

    `allowed_hosts` are the operator's; those in the settings when None. A later call
    judges again, because names move.

    Raises:
        OutboundRefusedError: not http(s), with a password in it, or to an address that
            is not public.
        OutboundFailedError: the name has no address now.
    """
    parsed = _parse(url)
    host, operators = parsed.raw_host.decode(), _operators(allowed_hosts)
    port, allowed = judge_target(parsed.scheme, host, parsed.port, parsed.userinfo, operators)
    addresses = judge_addresses(host, look_up(host, port), allowed=allowed)
    return Destination(parsed.scheme, host, port, addresses, allowed)


def client(
    *,
    timeout_seconds: float | None = None,
    max_bytes: int = MAX_BODY_BYTES,
    allowed_hosts: Iterable[str] | None = None,
) -> httpx.Client:
    """Return a guarded client that follows no redirect; close it, or use it in `with`.

    `timeout_seconds` is for one whole exchange, from connecting to the last byte, the
    operator's when None; `max_bytes` for one unpacked body. Network faults are raised as
    `OutboundFailedError`, never as httpx's own. Where a redirect leads is in no header.
    """
    seconds = _seconds(timeout_seconds)
    return _Client(
        transport=Transport(_operators(allowed_hosts), seconds, max_bytes),
        timeout=seconds,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        follow_redirects=False,
        trust_env=False,  # no proxy, which would resolve again; our transport has none either
    )


class _Client(httpx.Client):
    """httpx reads an address before the guard does, and fails by words of others at some."""

    def build_request(self, *args: Any, **kwargs: Any) -> httpx.Request:  # noqa: ANN401 - httpx's
        try:
            return super().build_request(*args, **kwargs)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise OutboundRefusedError(phrase("That is not a web address.")) from error


def get(  # noqa: PLR0913 - each is a bound that a caller has to think about
    url: str,
    *,
    max_bytes: int,
    accept: str = "*/*",
    follow: int = 3,
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float | None = None,
    allowed_hosts: Iterable[str] | None = None,
) -> httpx.Response:
    """Fetch one document, judging every redirect like the first address.

    `headers` go to the origin of `url` only, so that no credential follows a redirect.
    The answer is read in full; its status is any that is final, 404 included.
    `timeout_seconds` covers all hops together; the operator's when None.

    Raises:
        OutboundRefusedError: an address is not allowed, the body is larger than
            `max_bytes`, or there are more than `follow` redirects.
        OutboundFailedError: no answer in time, or a passing one (408, 425, 429, 5xx).
    """
    allowed_hosts = _operators(allowed_hosts)
    ends_at = time.monotonic() + _seconds(timeout_seconds)
    first = here = _parse(url)
    for _ in range(follow + 1):
        seconds_left = max(ends_at - time.monotonic(), 0.001)
        own = dict(headers or {}) if _origin(here) == _origin(first) else {}
        with client(
            timeout_seconds=seconds_left, max_bytes=max_bytes, allowed_hosts=allowed_hosts
        ) as http:
            response = http.get(here, headers={"Accept": accept, **own})
        location = response.extensions.get(LOCATION)
        if location is not None:
            here = _parse(location, relative_to=here)
            continue
        if response.is_server_error or response.status_code in PASSING_STATUSES:
            raise OutboundFailedError(
                phrase(
                    "%(host)s answered %(status_code)s.",
                    host=here.raw_host.decode(),
                    status_code=response.status_code,
                ),
                status=response.status_code,
            )
        return response
    raise OutboundRefusedError(
        phrase(
            "%(host)s redirects more than %(follow)s times.",
            host=first.raw_host.decode(),
            follow=follow,
        )
    )


def get_json(
    url: str,
    *,
    max_bytes: int = 256_000,
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float | None = None,
    allowed_hosts: Iterable[str] | None = None,
) -> Any:  # noqa: ANN401 - what a stranger sent; the caller checks its shape
    """Fetch a JSON document, as `get` does.

    Raises:
        OutboundRefusedError: as `get`.
        OutboundFailedError: as `get`; or the answer is not 2xx, or not JSON.
    """
    response = get(
        url,
        max_bytes=max_bytes,
        accept="application/json",
        headers=headers,
        timeout_seconds=timeout_seconds,
        allowed_hosts=allowed_hosts,
    )
    host, status = response.url.raw_host.decode(), response.status_code
    if not response.is_success:
        raise OutboundFailedError(
            phrase(
                "%(host)s answered %(status)s.",
                host=host,
                status=status,
            ),
            status=status,
        )
    try:
        return json.loads(response.content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise OutboundFailedError(
            phrase(
                "%(host)s did not answer with JSON.",
                host=host,
            ),
            status=status,
        ) from error


def guarded_connector(
    limit: int, *, allowed_hosts: Iterable[str] | None = None
) -> aiohttp.TCPConnector:
    """Return a connector for `aiohttp.ClientSession` with the same guard; make it in a loop.

    Refusals are `OutboundRefusedError`; everything else stays aiohttp's own. The session
    sets the time-out, and its caller bounds what is read of a body.
    """
    return Connector(_operators(allowed_hosts), limit)


def _parse(url: str, *, relative_to: httpx.URL | None = None) -> httpx.URL:
    try:
        return httpx.URL(url) if relative_to is None else relative_to.join(url)
    except httpx.InvalidURL as error:
        raise OutboundRefusedError(phrase("That is not a web address.")) from error


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host, url.port or PORTS.get(url.scheme)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _operators(allowed_hosts: Iterable[str] | None) -> tuple[str, ...]:
    return settings.current().http.allowed_hosts if allowed_hosts is None else tuple(allowed_hosts)


def _seconds(timeout_seconds: float | None) -> float:
    return settings.current().http.timeout_seconds if timeout_seconds is None else timeout_seconds
