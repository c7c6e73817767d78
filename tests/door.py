"""A door of TLS before a server that speaks plain http: browsers find it at an https address.

A process of its own: browsers leave connections half open, which must not outlive a test in ours.
"""

import asyncio
import ipaddress
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

# Opens one before the server that listens on this port of 127.0.0.1. Yields its https address.
Door: TypeAlias = Callable[[int], AbstractContextManager[str]]


@contextmanager
def door(host: str, home: Path, port: int) -> Iterator[str]:
    """Lead TLS connections on a free port of 127.0.0.1 to `port`, while browsers call it `host`."""
    certificate = home / "door.pem"
    certificate.write_bytes(_certificate())
    command = [sys.executable, "-m", "tests.door", str(port), str(certificate)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            yield f"https://{host}:{int(child.stdout.readline())}"
        finally:
            child.kill()


def _certificate() -> bytes:
    """Return key and certificate for this machine, which nobody has reason to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM) + secret


async def stand(port: int, certificate: str) -> None:
    """Say which port is taken, and let people through until somebody ends this."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # the server has ended
            back, forth = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pass_on(reader, forth), _pass_on(back, writer))
        writer.close()

    async with await asyncio.start_server(enter, "127.0.0.1", 0, ssl=context) as server:
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await server.serve_forever()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(stand(int(sys.argv[1]), sys.argv[2]))
