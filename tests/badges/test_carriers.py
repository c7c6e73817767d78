import io
import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from pypdf import PdfReader
from resvg_py import svg_to_bytes

from lti_tool.badges import (
    artwork,
    baking,
    carriers,
    certificate,
    clr,
    vc_jwt,
)
from lti_tool.badges.artwork import Artwork, Field, Outline
from lti_tool.badges.carriers import Carrier, Codes, Found, NoCredentialError, find
from lti_tool.badges.certificate import Certificate
from lti_tool.badges.transcripts import files
from lti_tool.badges.typesetting import UnprintableError, day
from tests.badges.samples import BADGE, ISSUER_URL, TRANSCRIPT, other, published, signed

DOCUMENT = published().credential
TEXT = json.dumps(DOCUMENT)
COMPACT = vc_jwt.sign(BADGE.to_json(), key=generate_private_key(65537, 2048))
ARTWORK = Artwork(outline=Outline.STONE, field=Field.DATA, level=2)
SVG = artwork.draw(ARTWORK, seed=UUID(int=7), label="A & B")
PNG = bytes(svg_to_bytes(svg_string=SVG, width=64, skip_system_fonts=True))


def certificate_of(
    credential: str = TEXT,
    *,
    holder: str | None = "Amara Nwosu",
    title: str = "Counting",
    link: str = "https://cairn.example/i/n/shared/x",
) -> bytes:
    return certificate.typeset(
        Certificate(
            title=title,
            issuer="Northfell University",
            description="Can count.",
            criteria="Passes.",
            holder=holder,
            awarded_at=datetime(2026, 3, 1, tzinfo=UTC),
            valid_until=None,
            link=link,
            verify_url="https://cairn.example/verify",
            picture=SVG,
            picture_words="Badge artwork",
            credential=credential,
            media_type="application/vc+ld+json",
            facts=(("Workload", "25 hours"),),
        )
    )


def credential_in(data: bytes) -> Found:
    found = find(data)
    assert isinstance(found, Found)
    return found


@pytest.mark.parametrize(
    "text",
    [TEXT, json.dumps({"a": "]]> <b> & ünï"}), COMPACT],
    ids=["credential", "odd", "compact"],
)
def test_a_baked_picture_gives_back_exactly_what_was_baked(text: str) -> None:
    assert baking.unbake_svg(baking.bake_svg(SVG, text).encode()) == text
    assert baking.unbake_png(baking.bake_png(PNG, text)) == text


def test_baking_anew_replaces_what_was_baked() -> None:
    assert baking.unbake_png(baking.bake_png(baking.bake_png(PNG, "old"), "new")) == "new"


def test_a_baked_picture_still_looks_the_same() -> None:
    baked = baking.bake_svg(SVG, TEXT)

    assert bytes(svg_to_bytes(svg_string=baked, width=64, skip_system_fonts=True)) == PNG
    assert baking.bake_png(PNG, TEXT).startswith(PNG[: len(PNG) - 12])


@pytest.mark.parametrize(
    ("data", "carrier"),
    [
        (TEXT.encode(), Carrier.TEXT),
        (b"\xef\xbb\xbf" + TEXT.encode(), Carrier.TEXT),
        (baking.bake_svg(SVG, TEXT).encode(), Carrier.SVG),
        (baking.bake_png(PNG, TEXT), Carrier.PNG),
        (certificate_of(), Carrier.PDF),
    ],
    ids=["text", "with a byte order mark", "svg", "png", "pdf"],
)
def test_a_credential_is_found_in_each_carrier(data: bytes, carrier: Carrier) -> None:
    found = credential_in(data)

    assert (found.carrier, found.document, found.compact) == (carrier, DOCUMENT, None)


def test_a_compact_credential_is_found_in_text_and_pictures() -> None:
    for data in (
        COMPACT.encode(),
        baking.bake_svg(SVG, COMPACT).encode(),
        baking.bake_png(PNG, COMPACT),
    ):
        found = credential_in(data)
        assert (found.document, found.compact) == (BADGE.to_json(), COMPACT)


def itxt(content: bytes) -> bytes:
    return (
        PNG[:-12]
        + len(content).to_bytes(4)
        + b"iTXt"
        + content
        + zlib.crc32(b"iTXt" + content).to_bytes(4)
        + PNG[-12:]
    )


BOMB = b"""<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<svg xmlns="http://www.w3.org/2000/svg">&b;</svg>"""


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (PNG, "There is no badge in this picture"),
        (PNG[:-20], "cut short"),
        (PNG[:60] + b"!" + PNG[61:], "damaged"),
        (baking.PNG_SIGNATURE, "cut short"),
        (itxt(b"openbadgecredential\0\x01\0\0\0" + zlib.compress(b"{}")), "compressed"),
        (itxt(b"openbadgecredential\0\0\0\0\0\xff"), "not UTF-8"),
        (SVG.encode(), "There is no badge in this picture"),
        (BOMB, "not an SVG that is safe to read"),
        (b"<svg", "not an SVG that is safe to read"),
        (b'<?xml version="1.0" encoding="x"?><svg/>', "not an SVG that is safe to read"),
        (b"<html xmlns='http://www.w3.org/1999/xhtml'/>", "not an SVG"),
        (b"%PDF-1.7 nothing else", "cannot be read|No credential is attached"),
        (b'{"id": 1, "id": 2}', "not JSON"),
        (b"a" * (carriers.MOST_FILE_BYTES + 1), "larger than 10 MB"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_carries_nothing_is_refused_with_a_reason(data: bytes, says: str) -> None:
    with pytest.raises(NoCredentialError, match=says):
        find(data)


def test_an_attachment_that_unfolds_beyond_bounds_is_left_alone() -> None:
    data = certificate_of('{"VerifiableCredential": "' + "a" * 5_000_000)
    assert len(data) < 100_000

    assert isinstance(find(data), Codes)


def test_the_certificate_claims_its_standards_and_is_the_same_each_time() -> None:
    data = certificate_of()

    metadata = PdfReader(io.BytesIO(data)).xmp_metadata
    assert metadata is not None
    written = metadata.stream.get_data().decode()
    for claim in ("pdfaid:part>3<", "pdfaid:conformance>A<", "pdfuaid:part>1<"):
        assert claim in written
    assert data == certificate_of()


def transcript_of(**changes: object) -> bytes:
    return files.typeset(
        replace(TRANSCRIPT, **changes),  # type: ignore[arg-type]  # some of its fields
        document=json.dumps(signed(TRANSCRIPT.to_json())),
        link=f"{ISSUER_URL}/transcripts/{'A' * 22}",
        verify_url="https://cairn.northfell.example/verify",
    )


def test_the_transcript_claims_its_standards_and_is_the_same_each_time() -> None:
    data = transcript_of()

    metadata = PdfReader(io.BytesIO(data)).xmp_metadata
    assert metadata is not None
    written = metadata.stream.get_data().decode()
    for claim in ("pdfaid:part>3<", "pdfaid:conformance>A<", "pdfuaid:part>1<"):
        assert claim in written
    assert data == transcript_of()


def test_a_transcript_prints_what_stacks_where_and_has_the_signed_one_in_it() -> None:
    data = transcript_of()

    pages = PdfReader(io.BytesIO(data)).pages
    text = " ".join("".join(one.extract_text() for one in pages).split())
    for words in ("Partial transcript", "Amara Nwosu", "Data Literacy", "Further badges"):
        assert words in text
    assert "S-1048" not in text
    found = find(data)
    assert isinstance(found, Found)
    assert clr.read(found.document) == TRANSCRIPT


def test_a_badge_that_was_renewed_is_printed_with_the_day_it_was_first_awarded() -> None:
    first = datetime(2021, 5, 4, tzinfo=UTC)
    renewed = signed(replace(BADGE, awarded_at=first).to_json())

    data = transcript_of(credentials=(renewed,), associations=(), beside=())

    text = " ".join(
        "".join(one.extract_text() for one in PdfReader(io.BytesIO(data)).pages).split()
    )
    assert day(first) in text
    assert day(BADGE.valid_from) not in text


def test_a_long_transcript_and_sly_names_are_printed() -> None:
    sly = '#panic("x") *bold* = Heading $1$ `raw` <label> @ref'
    many = tuple(signed(other(number, sly).to_json()) for number in range(clr.MOST_CREDENTIALS))

    data = transcript_of(credentials=many, associations=(), beside=())

    assert len(PdfReader(io.BytesIO(data)).pages) > 1


@pytest.mark.parametrize(
    "name", ["王小明", "さくら", "김철수", "محمد", "अमर", "สมชาย", "שרה Łukasz Ольга"]
)
def test_names_of_the_world_are_printed(name: str) -> None:
    assert certificate_of(holder=name).startswith(b"%PDF-")


def test_a_letter_without_a_font_is_told() -> None:
    with pytest.raises(UnprintableError, match="𓀀"):
        certificate_of(holder="𓀀")


def test_what_is_printed_cannot_become_markup() -> None:
    sly = '#panic("x") *bold* = Heading $1$ `raw` <label> @ref'

    assert certificate_of(holder=sly, title=sly).startswith(b"%PDF-")
