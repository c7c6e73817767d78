"""The guard, against servers that really listen. Only the name look-up is arranged."""

import asyncio
import gzip
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lti_tool.core import clock, http, settings
from lti_tool.core.guard import tls_context
from lti_tool.core.http import OutboundFailedError, OutboundRefusedError

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A web server on loopback: `answers` by path, and what it was asked."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                outer.answers[self.path](self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - stdlib's
                """Say nothing."""

        class Listener(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that hangs up in the middle is what some tests are about."""

        self._server = Listener((address, 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"

    @contextmanager
    def running(self) -> Iterator["Server"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server().running() as server:
        yield server


@pytest.fixture
def other() -> Iterator[Server]:
    with Server().running() as server:
        yield server


def sends(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirects(location: str, status: int = 302) -> Answer:
    return sends(b"", status, Location=location)


class Names:
    """What the name service says, in place of the machine's own; counts the questions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self._system = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(  # noqa: PLR0913, PLR0917 - the signature of socket.getaddrinfo
        self,
        host: str | bytes | None,
        port: int | str | None,
        family: int = 0,
        type: int = 0,  # noqa: A002 - its name in socket
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host or ""
        if name not in self.answers:
            return self._system(host, port, family, type, proto, flags)
        self.asked.append(name)
        turns = self.answers[name]
        addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        found = [self._system(each, port, family, type, proto, flags) for each in addresses]
        return [entry for entries in found for entry in entries]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


def test_an_allowed_host_is_called_and_we_say_who_we_are(server: Server) -> None:
    server.answers["/keys"] = sends(b'{"keys": []}')

    document = http.get_json(f"{server.url}/keys", allowed_hosts=[server.host])

    assert document == {"keys": []}
    _, headers = server.asked[0]
    assert headers["user-agent"].startswith("Cairn/")
    assert headers["accept"] == "application/json"
    assert headers["host"] == server.host


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
    ],
)
def test_no_way_of_writing_an_inner_address_gets_through(server: Server, host: str) -> None:
    with pytest.raises(OutboundRefusedError):
        http.get(f"https://{host}:{server.port}/", max_bytes=10, allowed_hosts=[])
    with pytest.raises(OutboundRefusedError):
        http.check_url(f"https://{host}:{server.port}/", allowed_hosts=[])
    assert server.asked == []


def test_a_name_that_leads_inside_is_refused_without_telling_where(names: Names) -> None:
    names.answers["inner.example.com"] = [["10.11.12.13"]]

    with pytest.raises(OutboundRefusedError) as refused:
        http.get("https://inner.example.com/", max_bytes=10, allowed_hosts=[])

    assert "10.11" not in str(refused.value)


def test_one_inner_address_among_public_ones_condemns_the_name(names: Names) -> None:
    names.answers["mixed.example.com"] = [["93.184.216.34", "127.0.0.1"]]
    with pytest.raises(OutboundRefusedError):
        http.check_url("https://mixed.example.com/", allowed_hosts=[])


def test_the_address_that_was_judged_is_the_one_connected_to(server: Server, names: Names) -> None:
    server.answers["/"] = sends(b"here")
    names.answers["moving.example.com"] = [["127.0.0.1"], ["192.0.2.1"]]
    url = f"http://moving.example.com:{server.port}/"

    response = http.get(url, max_bytes=10, allowed_hosts=["moving.example.com"])

    assert response.content == b"here"
    assert names.asked == ["moving.example.com"]
    assert server.asked[0][1]["host"] == f"moving.example.com:{server.port}"


def test_the_next_address_is_tried_when_the_first_does_not_answer(
    server: Server, names: Names
) -> None:
    server.answers["/"] = sends(b"here")
    names.answers["two.example.com"] = [["::1", "127.0.0.1"]]
    url = f"http://two.example.com:{server.port}/"
    assert http.get(url, max_bytes=10, allowed_hosts=["two.example.com"]).content == b"here"


def test_ipv6_is_spoken() -> None:
    with Server(address="::1").running() as server:
        server.answers["/"] = sends(b"six")
        url = f"http://[::1]:{server.port}/"
        response = http.get(url, max_bytes=10, allowed_hosts=[f"[::1]:{server.port}"])
        assert response.content == b"six"


def test_a_redirect_from_an_allowed_host_to_another_port_inside_is_refused(
    server: Server, other: Server
) -> None:
    other.answers["/"] = sends(b"secret")
    server.answers["/"] = redirects(f"{other.url}/")
    with pytest.raises(OutboundRefusedError):
        http.get(f"{server.url}/", max_bytes=100, allowed_hosts=[server.host])
    server.answers["/"] = redirects("https://127.0.0.1/")
    with pytest.raises(OutboundRefusedError):
        http.get(f"{server.url}/", max_bytes=100, allowed_hosts=[server.host])
    assert other.asked == []


def test_headers_of_the_caller_stay_with_the_origin(server: Server, other: Server) -> None:
    server.answers["/"] = redirects("/next")
    server.answers["/next"] = redirects(f"{other.url}/")
    other.answers["/"] = sends(b"done")

    response = http.get(
        f"{server.url}/",
        max_bytes=100,
        headers={"Authorization": "Bearer secret", "X-Api-Key": "secret"},
        allowed_hosts=[server.host, other.host],
    )

    assert response.content == b"done"
    assert [headers.get("authorization") for _, headers in server.asked] == ["Bearer secret"] * 2
    assert "authorization" not in other.asked[0][1]
    assert "x-api-key" not in other.asked[0][1]


def test_redirects_end(server: Server) -> None:
    server.answers["/"] = redirects("/")
    with pytest.raises(OutboundRefusedError, match="more than 3"):
        http.get(f"{server.url}/", max_bytes=10, allowed_hosts=[server.host])
    assert len(server.asked) == 4


def test_a_client_follows_no_redirect_by_itself(server: Server) -> None:
    server.answers["/"] = redirects("/next")
    with http.client(allowed_hosts=[server.host]) as client:
        assert client.get(f"{server.url}/").status_code == 302
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://127.0.0.1/",
        "//example.com/",
        "example.com",
        "https://",
        "https://user:password@example.com/",
        "https://exa mple.com/",
        "http://example.com/",
        "https://example.com:99999/",
        "https://example.com:0/",
    ],
)
def test_only_plain_https_addresses_are_called(url: str) -> None:
    with pytest.raises(OutboundRefusedError):
        http.get(url, max_bytes=10, allowed_hosts=[])


def test_a_body_larger_than_agreed_is_not_read(server: Server) -> None:
    server.answers["/"] = sends(b"x" * 1001)
    url = f"{server.url}/"
    assert len(http.get(url, max_bytes=1001, allowed_hosts=[server.host]).content) == 1001
    with pytest.raises(OutboundRefusedError):
        http.get(url, max_bytes=1000, allowed_hosts=[server.host])


def test_an_endless_body_is_cut(server: Server) -> None:
    written: list[int] = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            written.append(handler.wfile.write(b"x" * 65536))

    server.answers["/"] = endless
    with (
        pytest.raises(OutboundRefusedError),
        http.client(max_bytes=100_000, allowed_hosts=[server.host]) as client,
    ):
        client.get(f"{server.url}/")
    assert sum(written) < 50_000_000


def test_a_gzip_bomb_is_not_unpacked(server: Server) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    server.answers["/"] = sends(bomb, Content_Encoding="gzip")

    tracemalloc.start()
    try:
        with pytest.raises(OutboundRefusedError):
            http.get(f"{server.url}/", max_bytes=100_000, allowed_hosts=[server.host])
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most_bytes < 5_000_000


def test_compression_nobody_asked_for_is_read_within_the_bound(server: Server) -> None:
    server.answers["/"] = sends(gzip.compress(b'{"a": 1}'), Content_Encoding="gzip")
    assert http.get_json(f"{server.url}/", allowed_hosts=[server.host]) == {"a": 1}
    assert server.asked[0][1]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("body", "encoding"),
    # Without the time in it: workers that collect in different seconds must name it alike.
    [(gzip.compress(b"whole" * 9, mtime=0)[:-9], "gzip"), (b"?", "gzip"), (b"?", "br")],
)
def test_a_broken_compression_is_a_failure(server: Server, body: bytes, encoding: str) -> None:
    server.answers["/"] = sends(body, Content_Encoding=encoding)
    with pytest.raises(OutboundFailedError):
        http.get(f"{server.url}/", max_bytes=100, allowed_hosts=[server.host])


def _drips_head(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(handler)


def _drips_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    _drip(handler)


def _drip(handler: BaseHTTPRequestHandler) -> None:
    for _ in range(50):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)


def _silent(_handler: BaseHTTPRequestHandler) -> None:
    time.sleep(2)


def _stalls(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    time.sleep(0.3)
    handler.wfile.write(b"x")
    handler.wfile.flush()
    time.sleep(2)


@pytest.mark.parametrize("slow", [_drips_head, _drips_body, _silent, _stalls])
def test_a_server_that_takes_its_time_is_left(server: Server, slow: Answer) -> None:
    server.answers["/"] = slow
    began = time.monotonic()
    with pytest.raises(OutboundFailedError, match="in time"):
        http.get(f"{server.url}/", max_bytes=1000, timeout_seconds=0.4, allowed_hosts=[server.host])
    assert time.monotonic() - began < 0.6


def test_the_time_is_for_all_redirects_together(server: Server) -> None:
    def slow_redirect(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)
        redirects("/")(handler)

    server.answers["/"] = slow_redirect
    with pytest.raises(OutboundFailedError, match="in time"):
        http.get(f"{server.url}/", max_bytes=10, timeout_seconds=0.5, allowed_hosts=[server.host])


def test_nobody_listening_and_no_such_name_are_failures_that_may_pass(names: Names) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(OutboundFailedError) as failed:
            http.get(f"http://{host}/", max_bytes=10, allowed_hosts=[host])
        assert failed.value.status is None
    with pytest.raises(OutboundFailedError):
        http.get(f"https://{'x' * 64}.example/", max_bytes=10, allowed_hosts=[])
    assert names.asked == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_trouble_is_a_failure(server: Server, status: int) -> None:
    server.answers["/"] = sends(b"{}", status)
    with pytest.raises(OutboundFailedError) as failed:
        http.get(f"{server.url}/", max_bytes=10, allowed_hosts=[server.host])
    assert failed.value.status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>", 200),
        (b"", 200),
        (b"{}", 404),
        (b"[NaN]", 200),
        (b"[" * 100_000, 200),
        (b'"\xff"', 200),
    ],
)
def test_what_is_not_json_is_a_failure(server: Server, body: bytes, status: int) -> None:
    server.answers["/"] = sends(body, status)
    with pytest.raises(OutboundFailedError):
        http.get_json(f"{server.url}/", allowed_hosts=[server.host])


def test_a_final_status_is_an_answer(server: Server) -> None:
    server.answers["/"] = sends(b"gone", 404)
    response = http.get(f"{server.url}/", max_bytes=10, allowed_hosts=[server.host])
    assert (response.status_code, response.content) == (404, b"gone")


def test_a_proxy_of_the_environment_is_not_asked(
    server: Server, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, other.url)
    server.answers["/"] = sends(b"direct")
    response = http.get(f"{server.url}/", max_bytes=10, allowed_hosts=[server.host])
    assert response.content == b"direct"
    assert other.asked == []


def test_the_settings_are_asked_when_nobody_else_says(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/"] = sends(b"1")
    ours = settings.Settings(
        base_url="https://cairn.example.edu",
        issuer_url="https://cairn.example.edu",
        database=settings.Database(url=""),
        redis_url="",
        secret_keys=(),
        storage_dir=Path(),
        http=settings.Http(allowed_hosts=(server.host,)),
    )
    monkeypatch.setattr(settings, "_installed", [ours])

    assert http.get_json(f"{server.url}/") == 1
    with pytest.raises(OutboundRefusedError):
        http.get_json("https://10.0.0.1/")


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """Trust, for this test, a certificate for `tls.example.com` and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tls.example.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(clock.now() - timedelta(days=1))
        .not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("tls.example.com")]), False)  # noqa: FBT003 - cryptography's own
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    tls_context.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    yield context
    tls_context.cache_clear()


def test_tls_names_the_host_and_checks_the_certificate_against_it(
    certificate: ssl.SSLContext, names: Names
) -> None:
    asked_for: list[str | None] = []
    certificate.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    names.answers = {"tls.example.com": [["127.0.0.1"]], "another.example.com": [["127.0.0.1"]]}
    allowed = list(names.answers)
    with Server(tls=certificate).running() as server:
        server.answers["/"] = sends(b"safe")
        url = f"https://tls.example.com:{server.port}/"
        assert http.get(url, max_bytes=10, allowed_hosts=allowed).content == b"safe"
        with pytest.raises(OutboundFailedError):
            http.get(
                f"https://another.example.com:{server.port}/", max_bytes=10, allowed_hosts=allowed
            )
    assert asked_for == ["tls.example.com", "another.example.com"]


def _fetch(url: str, allowed_hosts: list[str]) -> bytes:
    async def fetch() -> bytes:
        connector = http.guarded_connector(8, allowed_hosts=allowed_hosts)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(url) as response,
        ):
            return await response.read()

    return asyncio.run(fetch())


def test_the_connector_calls_an_allowed_host(server: Server, names: Names) -> None:
    server.answers["/"] = sends(b"score")
    names.answers["lms.example.edu"] = [["127.0.0.1"], ["192.0.2.1"]]
    assert _fetch(f"{server.url}/", [server.host]) == b"score"
    url = f"http://lms.example.edu:{server.port}/"
    assert _fetch(url, ["lms.example.edu"]) == b"score"
    assert names.asked == ["lms.example.edu"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "inner.example.com"]
)
def test_the_connector_has_the_same_guard(server: Server, names: Names, host: str) -> None:
    names.answers["inner.example.com"] = [["127.0.0.1"]]
    with pytest.raises(OutboundRefusedError):
        _fetch(f"https://{host}:{server.port}/", [])
    assert server.asked == []


def test_the_connector_judges_every_redirect(server: Server, other: Server) -> None:
    server.answers["/"] = redirects(f"{other.url}/")
    with pytest.raises(OutboundRefusedError):
        _fetch(f"{server.url}/", [server.host])
    assert other.asked == []


def test_the_connector_takes_no_number_for_an_address(server: Server) -> None:
    with pytest.raises((OutboundRefusedError, aiohttp.ClientError)):
        _fetch(f"https://2130706433:{server.port}/", [])
    assert server.asked == []


def test_the_literal_forms_mean_loopback_on_this_machine() -> None:
    """Else the test above would pass for the wrong reason."""
    for host in ("2130706433", "0x7f000001", "0177.0.0.1", "127.1"):
        address = socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)[0][4][0]
        assert ip_address(address).is_loopback
