"""What strangers hand in to wear us out or to send us somewhere: refused, cheaply, at home."""

import io
import json
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter

from lti_tool.badges import baking, reader
from lti_tool.badges.data_integrity import ProofOutcome
from lti_tool.badges.errors import UnreadableCredentialError
from lti_tool.badges.verifying import handed_in
from tests.badges.pictures import chunk, png_of
from tests.badges.samples import AT, DID, METHOD, changed, published
from tests.badges.test_canonical import labyrinth

pytestmark = pytest.mark.usefixtures("database")

Json = dict[str, Any]
DOCUMENT = published().credential
CPU_SECONDS = 2.0


def spent() -> float:
    """Return the CPU seconds of the process that reads for us; it is there after a question."""
    process = reader._READER._process
    assert process is not None
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """Something on the private network that anybody sent there would meet."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        yield listening


def port_of(door: socket.socket) -> int:
    port: int = door.getsockname()[1]
    return port


def unmet(door: socket.socket) -> bool:
    try:
        connection, _ = door.accept()
    except TimeoutError:
        return True
    connection.close()
    return False


@pytest.mark.parametrize("size", [7, 8, 12, 20])
def test_a_poison_graph_is_refused_within_the_time(size: int) -> None:
    nest = labyrinth(size)
    document = {
        "@context": [DOCUMENT["@context"][0], nest["@context"]],
        "id": "urn:example:badge",
        "type": ["VerifiableCredential"],
        "issuer": DID,
        "knows": [
            {"id": node["@id"], "knows": [{"id": other} for other in node["knows"]]}
            for node in nest["@graph"]
        ],
        "proof": DOCUMENT["proof"],
    }
    reader.find(json.dumps(DOCUMENT).encode())
    before = spent()

    check = reader.verify(document, methods=[METHOD], at=AT)

    assert (check.outcome, "tells apart" in check.detail) == (ProofOutcome.UNSAFE, True)
    assert spent() - before < CPU_SECONDS


def bombs() -> dict[str, bytes]:
    """Small files that would be large."""
    much = zlib.compress(bytes(200_000_000), 9)
    keyword = b"openbadgecredential\0"
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_attachment("credential.json", b"VerifiableCredential" + bytes(30_000_000))
    for page in writer.pages:
        page.compress_content_streams()
    writer.compress_identical_objects()
    writer.write(pdf := io.BytesIO())
    deep = b"[" * 200_000
    return {
        "compressed text in a png": png_of(
            1, 1, zlib.compress(bytes(5)), chunk(b"iTXt", keyword + b"\1\0\0\0" + much)
        ),
        "pixels in a png": png_of(4000, 4000, zlib.compress(bytes(64_004_000), 9)),
        "more pixels than announced": png_of(4, 4, much),
        "attachment of a pdf": pdf.getvalue()[:9_000_000],
        "brackets": deep,
        "an svg of svgs": b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<g>" * 200_000,
        "numbers": b'{"a": ' + b"9" * 200_000 + b"}",
        "baked brackets": baking.bake_png(png_of(1, 1, zlib.compress(bytes(5))), "[" * 200_000),
    }


@pytest.mark.parametrize("name", sorted(bombs()))
def test_a_bomb_is_refused_within_the_time(name: str) -> None:
    reader.find(json.dumps(DOCUMENT).encode())
    before = spent()

    with pytest.raises(UnreadableCredentialError):
        handed_in.check_data(bombs()[name])

    process = reader._READER._process
    assert process is None or spent() - before < CPU_SECONDS + 0.5


@pytest.mark.parametrize(
    "did",
    [
        "did:web:127.0.0.1%3A{port}",
        "did:web:localhost%3A{port}:i:northfell",
        "did:web:169.254.169.254:latest:meta-data",
        "did:web:[::1]%3A{port}",
        "http://127.0.0.1:{port}/issuer",
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
    ],
)
def test_an_issuer_on_a_private_network_is_not_asked(door: socket.socket, did: str) -> None:
    there = did.format(port=port_of(door))
    document = changed(DOCUMENT, "issuer.id", there)
    document["proof"]["verificationMethod"] = f"{there}#key"

    checked = handed_in.check_data(json.dumps(document).encode())

    assert checked.examination.verdict != "valid"
    assert checked.issuer is None
    assert unmet(door)


@pytest.mark.parametrize(
    "path",
    [
        "credentialStatus.statusListCredential",
        "credentialSubject.achievement.image.id",
        "credentialSubject.achievement.id",
        "issuer.url",
        "id",
    ],
)
def test_no_address_in_a_badge_is_followed(door: socket.socket, path: str) -> None:
    document = changed(DOCUMENT, path, f"http://127.0.0.1:{port_of(door)}/x")

    try:
        checked = handed_in.check_data(json.dumps(document).encode())
    except UnreadableCredentialError:
        pass
    else:
        assert checked.examination.verdict != "valid"

    assert unmet(door)


def test_a_context_on_a_private_network_is_not_fetched(door: socket.socket) -> None:
    there = f"http://127.0.0.1:{port_of(door)}/context.json"

    for contexts in ([*DOCUMENT["@context"], there], there, [there]):
        with pytest.raises(UnreadableCredentialError):
            handed_in.check_data(json.dumps({**DOCUMENT, "@context": contexts}).encode())

    assert unmet(door)
