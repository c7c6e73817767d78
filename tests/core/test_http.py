"""The guard, against servers that really listen. Only the name look-up is arranged."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lti_tool.core import clock, http, settings
from lti_tool.core.guard import tls_context
from lti_tool.core.http import OutboundFailedError, OutboundRefusedError
from tests.core.outside import Names, Server, redirects, sends

pytestmark = pytest.mark.usefixtures("installed")


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


@pytest.mark.parametrize("status", [301, 303, 307])
@pytest.mark.parametrize(
    "location",
    [
        "javascript:alert(1)",
        "http://[",
        "https://xn--/",
        "http://a:b:c/",
        "mailto:a@b",
        "x:",
        "//[",
    ],
)
def test_a_redirect_to_what_is_no_address_is_refused_and_breaks_nothing(
    server: Server, location: str, status: int
) -> None:
    server.answers["/keys"] = redirects(location, status)

    with pytest.raises(OutboundRefusedError):
        http.get(f"{server.url}/keys", max_bytes=10, allowed_hosts=[server.host])
    with http.client(allowed_hosts=[server.host]) as client:
        answer = client.get(f"{server.url}/keys")

    assert answer.status_code == status
    assert len(server.asked) == 2


NO_NAMES = ["xn--", "xn--a.example", "a..b.example", ".example", f"{'a' * 64}.example"]


@pytest.mark.parametrize("host", NO_NAMES)
def test_what_no_name_can_be_is_refused_in_words(host: str) -> None:
    with pytest.raises(OutboundRefusedError, match="not a web address"):
        http.get(f"https://{host}/", max_bytes=10, allowed_hosts=[])
    with http.client() as client, pytest.raises(OutboundRefusedError, match="not a web address"):
        client.post(f"https://{host}/", json={})


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
        http=settings.Http(allowed_hosts=(server.host,), timeout_seconds=7),
    )
    monkeypatch.setattr(settings, "_installed", [ours])

    assert http.get_json(f"{server.url}/") == 1
    with http.client() as client, http.client(timeout_seconds=3) as quicker:
        assert (client.timeout.read, quicker.timeout.read) == (7, 3)
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


@pytest.mark.parametrize("host", NO_NAMES[2:])
def test_the_connector_looks_for_no_name_that_is_none(names: Names, host: str) -> None:
    with pytest.raises(OutboundRefusedError):
        _fetch(f"https://{host}/", [])
    assert names.asked == []


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
