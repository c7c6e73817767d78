"""What the doctor finds of machines: certificates, room, connections."""

import datetime as dt
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask, jsonify
from sqlalchemy import NullPool, create_engine, text

from lti_tool.core import clock, doctor
from lti_tool.core import settings as settings_module
from lti_tool.core.doctor import Finding
from lti_tool.core.settings import Settings
from tests.helpers import serving


def find(settings: Settings, about: str) -> Finding:
    return {one.about: one for one in doctor.examine(settings)}[about]


def test_a_database_that_is_down_is_the_only_thing_said_against_what_needs_it(
    live_app: Flask,
) -> None:
    assert live_app.testing
    settings = settings_module.current()
    broken = replace(settings.database, url="postgresql+psycopg://cairn@127.0.0.1:9/cairn")
    engine = create_engine(broken.url, poolclass=NullPool)

    def needs_it(_settings: Settings) -> Iterator[Finding]:
        with engine.connect():
            yield Finding(about="another", ok=True, says="fine")

    features = {"another": (needs_it, "Do something else.")}
    found = doctor.examine(replace(settings, database=broken), features)

    says = {one.about: one.says for one in found}
    assert says["database"].startswith("PostgreSQL does not answer")
    assert says["another"] == "This can be looked at when the database answers."
    assert not next(one.ok for one in found if one.about == "another")


def test_clocks_that_differ_are_both_told(live_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert live_app.testing
    before = find(settings_module.current(), "clock")
    ahead = clock.now() + dt.timedelta(hours=49)
    monkeypatch.setattr(clock, "now", lambda: ahead)

    after = find(settings_module.current(), "clock")

    assert before.ok
    assert not after.ok
    assert f"It is {ahead:%Y-%m-%d %H:%M:%S} UTC on this machine" in after.says
    assert " in the database. Run a time service" in after.says


@pytest.mark.parametrize(("days", "is_well"), [(90, True), (5, False)])
def test_a_certificate_that_ends_soon_is_told(
    live_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, *, is_well: bool
) -> None:
    assert live_app.testing
    certificate = certify(tmp_path, days)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # OpenSSL's own: whom to trust
    with speaking_tls(certificate) as port:
        found = find(at(f"https://localhost:{port}"), "certificate")

    assert found.ok is is_well, found.says
    assert f"{days - 1} more days" in found.says
    assert ("Renew it" in found.says) is not is_well


def test_a_certificate_that_nobody_trusts_is_told(live_app: Flask, tmp_path: Path) -> None:
    assert live_app.testing
    with speaking_tls(certify(tmp_path, 90)) as port:
        found = find(at(f"https://localhost:{port}"), "certificate")

    assert not found.ok
    assert "do not trust" in found.says


def test_where_nobody_answers_nothing_is_said_against_the_certificate(live_app: Flask) -> None:
    assert live_app.testing
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        found = find(at(f"https://localhost:{unused.getsockname()[1]}"), "certificate")

    assert not found.ok
    assert "nobody answers at localhost" in found.says
    assert "trust" not in found.says


def test_what_a_newer_version_migrated_is_no_trouble_after_going_back(live_app: Flask) -> None:
    assert live_app.testing
    settings = settings_module.current()
    engine = create_engine(settings.database.owner_url or "", poolclass=NullPool)
    with engine.begin() as owner:
        owner.execute(text("UPDATE alembic_version SET version_num = '20991231_2359'"))
    engine.dispose()

    found = find(settings, "migrations")

    assert (found.ok, found.says) == (True, "a newer version has run its own, which this one bears")


@pytest.mark.parametrize(
    "document",
    [[], "hello", {}, {"keys": None}, {"keys": ["a"]}, {"keys": [{"kid": "another"}]}],
    ids=str,
)
def test_an_address_that_leads_to_another_site_is_told(live_app: Flask, document: object) -> None:
    assert live_app.testing
    elsewhere = Flask("elsewhere")
    elsewhere.add_url_rule("/lti/jwks.json", view_func=lambda: jsonify(document))

    with serving(elsewhere) as url:
        found = find(at(url), "base URL")

    assert not found.ok
    assert "another installation" in found.says


@pytest.mark.parametrize(
    ("setting", "told"), [("1", "goes to the others"), ("0", "sysctl"), (None, "before 5.14")]
)
def test_what_becomes_of_connections_at_a_web_process_that_dies_is_told(
    live_app: Flask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str | None,
    told: str,
) -> None:
    assert live_app.testing
    place = tmp_path / "tcp_migrate_req"
    monkeypatch.setattr(doctor, "MIGRATES", place)
    if setting is not None:
        place.write_text(f"{setting}\n")

    found = find(settings_module.current(), "web servers")

    assert found.ok
    assert told in found.says


def test_a_full_disk_is_told_before_it_is_full(
    live_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live_app.testing
    usage = shutil.disk_usage("/")._replace(total=10**12, used=10**12 - 10**9, free=10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)

    found = find(settings_module.current(), "disk")

    assert not found.ok
    assert found.says.startswith("1 GB of 1000 are free")


def test_connections_that_run_short_are_told(
    live_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live_app.testing
    settings = settings_module.current()
    assert find(settings, "connections").ok
    monkeypatch.setattr(doctor, "CROWDED", 0.001)  # rather than open some two hundred
    engine = create_engine(settings.database.url, poolclass=NullPool)
    with engine.connect():
        found = find(settings, "connections")

    assert not found.ok
    assert "pool_size" in found.says


def at(base_url: str) -> Settings:
    return replace(settings_module.current(), base_url=base_url, issuer_url=base_url)


def certify(folder: Path, days: int) -> Path:
    """Write a key and a certificate for localhost, signed by itself; return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days) - dt.timedelta(minutes=5))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "localhost.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


@contextmanager
def speaking_tls(certificate: Path) -> Iterator[int]:
    """Listen on a port of localhost, show the certificate to whoever comes, and hang up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("localhost", 0))

    def answer() -> None:
        with suppress(OSError):  # the listener is closed, or the certificate was refused
            while True:
                plain, _ = listener.accept()
                with suppress(OSError), context.wrap_socket(plain, server_side=True):
                    pass

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
