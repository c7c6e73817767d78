"""Making an SVG of anybody's safe to show: only what draws is taken over, into a new file.

What would change the picture if it were left out (text, pictures within, effects, links) and what
acts (scripts, animations) is refused with a sentence; what other programs keep for themselves
(editors' data, comments) is dropped. To be called in `reader`'s process: it is for hostile files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from lti_tool.core.language import phrase

MOST_BYTES = 300_000
_MOST_ELEMENTS = 5_000
_MOST_DRAWN = 20_000  # with every copy that `use` makes
_MOST_DEEP = 50
_SQUARE = 0.02  # a side may differ from the other by that share
_LEAST_SIDE, _MOST_SIDE = 1e-3, 1e6

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"

_DRAWING_WORDS = (
    "svg g defs symbol use path rect circle ellipse line polyline polygon linearGradient"
    " radialGradient stop clipPath mask pattern marker title desc style"
)
_DRAWING = frozenset(_DRAWING_WORDS.split())
_DROPPED = frozenset(["metadata"])
_REFUSED = {
    "script": phrase("It contains a script."),
    "handler": phrase("It contains a script."),
    "foreignObject": phrase("It contains a piece of a web page (foreignObject)."),
    "image": phrase("It contains another picture. If it is mostly that picture, upload it as PNG."),
    "a": phrase("It contains a link."),
    "text": phrase("It contains text. Turn the text into outlines (paths) and save it again."),
    "filter": phrase("It uses effects such as shadows. Remove them, or upload it as PNG."),
}
_MOVING_WORDS = "animate animateColor animateMotion animateTransform set discard"
_MOVING = frozenset(_MOVING_WORDS.split())

_ATTRIBUTE_WORDS = (
    "id class style d x y x1 y1 x2 y2 cx cy r rx ry fx fy fr width height points viewBox"
    " preserveAspectRatio transform gradientTransform gradientUnits patternTransform patternUnits"
    " patternContentUnits clipPathUnits maskUnits maskContentUnits spreadMethod offset href"
    " pathLength refX refY markerWidth markerHeight markerUnits orient"
    " fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap"
    " stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset opacity color"
    " stop-color stop-opacity clip-path clip-rule mask mask-type marker marker-start marker-mid"
    " marker-end display visibility overflow vector-effect paint-order shape-rendering"
    " mix-blend-mode isolation"
)
_ATTRIBUTES = frozenset(_ATTRIBUTE_WORDS.split())
_NAME = re.compile(r"[A-Za-z_][\w.:-]{0,200}")
_HERE = re.compile(r"url\(\s*(['\"]?)#[A-Za-z_][\w.:-]{0,200}\1\s*\)")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# In a style: what loads, runs, escapes, or opens an at-rule.
_ACTING = re.compile(
    r"url|image-set|(?:image|src|element|cross-fade)\s*\(|expression|behavior|binding|javascript"
    r"|filter|[@\\<>]",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*(?:px|pt|mm|cm|in|pc)?\s*")
_NUMBERS = re.compile(r"[\s,]+")


class UnsafePictureError(ValueError):
    """It cannot be a badge's picture; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class _Box:
    """A view box: where it begins and how large it is."""

    x: float
    y: float
    width: float
    height: float


def clean(data: bytes, *, label: str) -> str:
    """Return the drawing as a new SVG that runs, loads and links nothing.

    Args:
        data: the file.
        label: what a screen reader says.

    Raises:
        UnsafePictureError: it is none, too large, not square, or has what may not be in it.
    """
    if len(data) > MOST_BYTES:
        raise UnsafePictureError(
            phrase(
                "It is larger than %(MOST_BYTES)s KB.",
                MOST_BYTES=MOST_BYTES // 1000,
            )
        )
    root = _parse(data)
    if root.tag != f"{_SVG}svg":
        raise UnsafePictureError(phrase("It is no PNG and no SVG."))
    box = _view_box(root)
    _check_size(root)
    kept = _taken_over(root)
    _check_copies(kept)
    for name in ("x", "y", "width", "height", "id", "class"):
        kept.attrib.pop(name, None)
    kept.set("viewBox", f"{box.x:g} {box.y:g} {box.width:g} {box.height:g}")
    # A name as such: the elements bear theirs without a namespace, and the root says it once.
    attributes = {"xmlns": _SVG[1:-1], "role": "img", "aria-label": label, **kept.attrib}
    drawn = Element("svg", attributes)
    drawn.extend(kept)
    return tostring(drawn, encoding="unicode") + "\n"


def _parse(data: bytes) -> Element:
    try:
        root: Element = fromstring(data, forbid_dtd=False)
    except (DefusedXmlException, ParseError, ValueError, LookupError) as error:
        raise UnsafePictureError(
            phrase("It declares entities, which could hide anything. Save it as plain SVG.")
            if isinstance(error, DefusedXmlException)
            else phrase("It is no PNG and no SVG, or it is damaged.")
        ) from error
    return root


def _check_size(root: Element) -> None:
    pending, count = [(root, 1)], 0
    while pending:
        element, depth = pending.pop()
        count += 1
        if depth > _MOST_DEEP or count > _MOST_ELEMENTS:
            raise UnsafePictureError(
                phrase(
                    "It is made of more than %(f)s pieces, or nested deeper than %(MOST_DEEP)s "
                    "levels. Simplify it, or upload it as PNG.",
                    f=f"{_MOST_ELEMENTS:,}",
                    MOST_DEEP=_MOST_DEEP,
                )
            )
        pending.extend((child, depth + 1) for child in element)


def _view_box(root: Element) -> _Box:
    """Return the drawing's extent, which has to be a square or nearly."""
    told = _NUMBERS.split(root.get("viewBox", "").strip())
    try:
        if told != [""]:
            x, y, width, height = map(float, told)
        else:
            x, y = 0.0, 0.0
            width, height = (_length(root.get(side, "")) for side in ("width", "height"))
    except ValueError as error:
        raise UnsafePictureError(
            phrase(
                "It does not say how large it is: it has neither a view box nor width and height."
            )
        ) from error
    if not (
        abs(x) < _MOST_SIDE
        and abs(y) < _MOST_SIDE
        and _LEAST_SIDE < width < _MOST_SIDE
        and _LEAST_SIDE < height < _MOST_SIDE
    ):
        raise UnsafePictureError(phrase("It has an impossible size."))
    check_square(width, height)
    return _Box(x, y, width, height)


def check_square(width: float, height: float) -> None:
    """Refuse a picture that is not a square.

    Raises:
        UnsafePictureError: with what to do.
    """
    if abs(width - height) > _SQUARE * max(width, height):
        raise UnsafePictureError(
            phrase(
                "It is %(f)s wide and %(f2)s high. Badges are shown as squares: put it on a "
                "square canvas and save it again.",
                f=f"{width:g}",
                f2=f"{height:g}",
            )
        )


def _length(text: str) -> float:
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return float(match[1])


def _taken_over(element: Element) -> Element:
    """Return a new element of what may be kept of one; a known name, the namespace left off."""
    name = element.tag.removeprefix(_SVG)
    kept = Element(name, dict(_attributes(element)))
    if name == "style":
        kept.attrib.clear()
        kept.text = _style(element.text or "")
        return kept
    if name in {"title", "desc"}:
        kept.attrib.clear()
        kept.text = element.text
        return kept
    for child in element:
        if _is_kept(child):
            kept.append(_taken_over(child))
    return kept


def _is_kept(child: Element) -> bool:
    if not child.tag.startswith(_SVG):  # comments and instructions were lost when it was parsed
        if child.tag.rpartition("}")[2].lower() in {"script", "html"}:
            raise UnsafePictureError(_advised(_REFUSED["script"]))
        return False
    name = child.tag.removeprefix(_SVG)
    if name in _MOVING:
        raise UnsafePictureError(
            phrase("It moves. Badges are shown and printed as still pictures.")
        )
    if name in _REFUSED:
        raise UnsafePictureError(_advised(_REFUSED[name]))
    if name in _DRAWING:
        return True
    if name in _DROPPED:
        return False
    raise UnsafePictureError(
        _advised(
            phrase(
                "It contains “%(name)s”, which we do not show.",
                name=name[:40],
            )
        )
    )


def _advised(fault: str) -> str:
    return (
        fault
        if fault.count(".") > 1
        else phrase("%(fault)s Save it as plain SVG, or upload it as PNG.", fault=fault)
    )


def _attributes(element: Element) -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        plain = name.removeprefix(_XLINK)
        if plain.lower().startswith("on"):
            raise UnsafePictureError(_advised(phrase("It contains a script.")))
        if plain == "filter":
            raise UnsafePictureError(_advised(_REFUSED["filter"]))
        if plain not in _ATTRIBUTES:
            continue
        if plain == "href":
            if not (value.startswith("#") and _NAME.fullmatch(value[1:])):
                raise UnsafePictureError(_advised(phrase("It refers to something outside itself.")))
        elif plain == "id":
            if not _NAME.fullmatch(value):
                continue
        elif plain == "style":
            value = _style(value)  # noqa: PLW2901 - the cleaned one
        else:
            _check_value(value)
        yield plain, value


def _check_value(value: str) -> None:
    rest = _HERE.sub("", value)
    if re.search(r"url|javascript|[\\<>@]", rest, re.IGNORECASE):
        raise UnsafePictureError(_advised(phrase("It refers to something outside itself.")))


def _style(text: str) -> str:
    """Return a style without its comments, if it loads nothing and has no effects."""
    text = _COMMENT.sub("", text)
    acting = _ACTING.search(_HERE.sub("", text))
    if acting is not None:
        raise UnsafePictureError(
            phrase(
                "Its styles contain “%(acting)s”. Save it with presentation attributes instead "
                "of styles, or upload it as PNG.",
                acting=acting[0][:20],
            )
        )
    return text


def _check_copies(root: Element) -> None:
    """Refuse copies of copies: a few bytes that draw for hours, or for ever."""
    targets = {each.get("id"): each for each in root.iter() if each.get("id")}
    weights: dict[int, int] = {}

    def weigh(element: Element, above: frozenset[int]) -> int:
        if id(element) in weights:
            return weights[id(element)]
        if id(element) in above:
            raise UnsafePictureError(phrase("It contains itself."))
        inside = above | {id(element)}
        weight = 1 + sum(weigh(child, inside) for child in element)
        for value in element.attrib.values():
            for name in _references(value):
                target = targets.get(name)
                if target is not None:
                    weight += weigh(target, inside)
        if weight > _MOST_DRAWN:
            raise UnsafePictureError(
                phrase("It draws the same pieces over and over. Simplify it, or upload it as PNG.")
            )
        weights[id(element)] = weight
        return weight

    try:
        weigh(root, frozenset())
    except RecursionError as error:
        raise UnsafePictureError(phrase("Its pieces refer to each other too deeply.")) from error


def _references(value: str) -> list[str]:
    if value.startswith("#"):
        return [value[1:]]
    return re.findall(r"url\(\s*['\"]?#([\w.:-]+)", value)
