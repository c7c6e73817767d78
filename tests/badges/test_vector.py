from xml.etree import ElementTree as ET

import pytest

from lti_tool.badges import vector
from lti_tool.badges.vector import UnsafePictureError
from tests.badges.pictures import SVG, svg

PATH = '<path d="M0 0h9v9z"/>'


def test_what_draws_is_taken_over_and_what_others_noted_is_not() -> None:
    cleaned = vector.clean(SVG.encode(), label='Waves & "sea"')

    root = ET.fromstring(cleaned)  # noqa: S314 - our own text
    names = [each.tag.removeprefix("{http://www.w3.org/2000/svg}") for each in root.iter()]
    assert names == [
        "svg",
        "title",
        "style",
        "defs",
        "linearGradient",
        "stop",
        "path",
        "rect",
        "use",
    ]
    assert root.get("aria-label") == 'Waves & "sea"'
    assert root.get("viewBox") == "0 0 100 100"
    for gone in ("editor", "secret", "made by hand", "<?xml", "xlink"):
        assert gone not in cleaned


def test_cleaning_again_changes_nothing() -> None:
    once = vector.clean(SVG.encode(), label="Waves")

    assert vector.clean(once.encode(), label="Waves") == once


def test_a_size_in_width_and_height_becomes_a_view_box() -> None:
    cleaned = vector.clean(svg(PATH, root='width="64px" height="64px"'), label="A")

    assert 'viewBox="0 0 64 64"' in cleaned
    assert "width=" not in cleaned


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<script href="https://evil.example/x.js"/>',
        '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>',
        "<handler>alert(1)</handler>",
        '<g onclick="alert(1)"/>',
        '<g onload="alert(1)"><path d="M0 0"/></g>',
        '<path OnMouseOver="alert(1)" d="M0 0"/>',
        '<foreignObject><div xmlns="http://www.w3.org/1999/xhtml">x</div></foreignObject>',
        '<image href="https://evil.example/pixel.png"/>',
        '<image href="data:image/svg+xml;base64,PHN2Zy8+"/>',
        '<a href="javascript:alert(1)"><path d="M0 0"/></a>',
        '<use href="https://evil.example/x.svg#a"/>',
        '<use xlink:href="data:image/svg+xml,x#a"/>',
        '<use href="javascript:alert(1)"/>',
        '<path fill="url(https://evil.example/x#a)" d="M0 0"/>',
        '<path fill="url(//evil.example/x#a)" d="M0 0"/>',
        '<path style="fill:url(\'https://evil.example\')" d="M0 0"/>',
        '<path style="f\\69ll:u\\72l(https://evil.example)" d="M0 0"/>',
        '<path style="background:image-set(\'https://evil.example\' 1x)" d="M0 0"/>',
        "<style>@import 'https://evil.example/x.css';</style>",
        "<style>@font-face { src: local(x) }</style>",
        "<style>path { fill: u/**/rl(https://evil.example) }</style>",
        "<style>path { -moz-binding: x }</style>",
        "<style><![CDATA[</style><script>alert(1)</script>]]></style>",
        '<animate attributeName="d"/>',
        '<set attributeName="href" to="javascript:alert(1)"/>',
        "<text>Certificate</text>",
        '<filter id="f"><feImage href="https://evil.example"/></filter>',
        '<path filter="url(#f)" d="M0 0"/>',
        '<iframe src="https://evil.example"/>',
        '<video href="x"/>',
    ],
)
def test_what_acts_loads_or_would_be_lost_is_refused(inside: str) -> None:
    with pytest.raises(UnsafePictureError) as refused:
        vector.clean(svg(PATH + inside), label="A")

    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<html><script>alert(1)</script></html>",
        b"<svg viewBox='0 0 1 1'/>",  # of no namespace
        b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'>",
        b'<!DOCTYPE svg [<!ENTITY a "a"><!ENTITY b "&a;&a;">]>' + svg("&b;"),
        b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + svg("<title>&a;</title>"),
        b'<!DOCTYPE svg [<!ENTITY % a SYSTEM "https://evil.example"> %a;]>' + svg(PATH),
        svg(PATH).decode().encode("utf-16")[:-1],
    ],
)
def test_what_is_no_svg_or_declares_entities_is_refused(data: bytes) -> None:
    with pytest.raises(UnsafePictureError):
        vector.clean(data, label="A")


def test_a_document_type_without_entities_is_left_behind() -> None:
    data = b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">' + svg(PATH)

    assert vector.clean(data, label="A") == vector.clean(svg(PATH), label="A")


@pytest.mark.parametrize(
    ("root", "says"),
    [
        ('viewBox="0 0 300 200"', "300 wide and 200 high"),
        ('width="10" height="30"', "square canvas"),
        ("", "how large it is"),
        ('viewBox="0 0 100"', "how large it is"),
        ('width="100%" height="100%"', "how large it is"),
        ('viewBox="0 0 nan nan"', "impossible size"),
        ('viewBox="0 0 1e300 1e300"', "impossible size"),
        ('viewBox="0 0 0 0"', "impossible size"),
    ],
)
def test_a_drawing_that_is_no_square_is_refused_with_what_to_do(root: str, says: str) -> None:
    with pytest.raises(UnsafePictureError, match=says):
        vector.clean(svg(PATH, root=root), label="A")


@pytest.mark.parametrize(
    "inside",
    [
        PATH * 5_001,
        "<g>" * 60 + "</g>" * 60,
        # A thousand million copies in a few hundred bytes.
        f'<g id="c0">{PATH}</g>'
        + "".join(f'<g id="c{n + 1}">' + f'<use href="#c{n}"/>' * 10 + "</g>" for n in range(9)),
        '<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>',
        '<pattern id="a"><path fill="url(#a)" d="M0 0"/></pattern><path fill="url(#a)" d="M0 0"/>',
        '<mask id="a"><path mask="url(#a)" d="M0 0"/></mask>',
        '<path d="' + "M0 0 " * 70_000 + '"/>',
    ],
    ids=["pieces", "depth", "copies", "circle", "own pattern", "own mask", "bytes"],
)
def test_drawings_that_would_keep_anybody_busy_are_refused(inside: str) -> None:
    with pytest.raises(UnsafePictureError):
        vector.clean(svg(inside), label="A")
