"""Authors' Markdown (CommonMark, tables, formulas, images of ours) as HTML that is safe to show.

Formulas are LaTeX between dollar signs and become MathML. An image is
`![what it shows](image:<id>)`, where the id is of one stored before (`services.store_image`).
"""

import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from functools import lru_cache
from typing import Any

import nh3
from latex2mathml import exceptions as latex
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape
from mdit_py_plugins.dollarmath import dollarmath_plugin

# No annotation-xml, semantics, maction, mglyph: that is where HTML hides in MathML.
_TABLE = {"columnalign", "rowspacing", "columnspacing", "columnlines", "rowlines", "frame"}
_MATHML: Mapping[str, set[str]] = {
    **{tag: set() for tag in ("mrow", "mn", "ms", "mtext", "msup", "msub", "msubsup", "msqrt")},
    **{tag: set() for tag in ("mroot", "munderover", "mtr", "mphantom", "mmultiscripts")},
    "mprescripts": set(),
    "math": {"display", "xmlns"},
    "mo": {"stretchy", "fence", "separator", "form", "lspace", "rspace", "minsize", "maxsize"},
    "mi": {"mathvariant"},
    "mfrac": {"linethickness"},
    "mover": {"accent"},
    "munder": {"accentunder"},
    "mspace": {"width", "height", "depth"},
    "mpadded": {"width", "height", "depth", "lspace", "voffset"},
    "mstyle": {"displaystyle", "scriptlevel", "mathvariant"},
    "mtable": _TABLE,
    "mtd": {"columnalign"},
    "menclose": {"notation"},
}
# What the converter raises on LaTeX that it cannot read; the last three are its slips.
_UNREADABLE = (
    latex.NumeratorNotFoundError, latex.DenominatorNotFoundError,
    latex.ExtraLeftOrMissingRightError, latex.MissingSuperScriptOrSubscriptError,
    latex.DoubleSubscriptsError, latex.DoubleSuperscriptsError, latex.NoAvailableTokensError,
    latex.InvalidStyleForGenfracError, latex.MissingEndError, latex.InvalidAlignmentError,
    latex.InvalidWidthError, latex.LimitsMustFollowMathOperatorError,
    IndexError, KeyError, StopIteration,
)  # fmt: skip
_BRACE = re.compile(r"(?<!\\)(?:\\\\)*([{}])")
_COMMAND_LEFT = re.compile(r">\\[A-Za-z]+<")
# Content names its images; nobody can guess one. See `services.store_image`.
_IMAGE = re.compile(r"image:([0-9a-f]{64})")
IMAGE_PATH = "/images/"

_INLINE = frozenset({
    "a", "abbr", "b", "code", "em", "i", "kbd", "s", "strong", "sub", "sup", "br", "img", *_MATHML,
})  # fmt: skip
_BLOCK = _INLINE | {
    "blockquote", "dd", "div", "dl", "dt", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "div": {"class"},
    "img": {"src", "alt", "class"},
    "ol": {"start"},
    "table": {"class"},
    "td": {"class"},
    "th": {"class", "scope"},
    **_MATHML,
}


def _cleaner(tags: frozenset[str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(tags),
        attributes={tag: names for tag, names in _ATTRIBUTES.items() if tag in tags},
        url_schemes={"https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        # A link followed in the middle of an attempt must not replace the attempt.
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


_CLEAN_INLINE = _cleaner(_INLINE)
_CLEAN_BLOCK = _cleaner(_BLOCK)


class _Renderer(RendererHTML):
    """Tables as the design system wants them; alignment by class, as styles are not allowed."""

    def table_open(self, _tokens: Sequence[Token], _index: int, *_rest: Any) -> str:  # noqa: ANN401 - the library's
        return '<div class="table-box"><table class="table">'

    def table_close(self, _tokens: Sequence[Token], _index: int, *_rest: Any) -> str:  # noqa: ANN401 - the library's
        return "</table></div>"

    def th_open(self, tokens: Sequence[Token], index: int, *_rest: Any) -> str:  # noqa: ANN401 - the library's
        return f'<th scope="col"{_alignment(tokens[index])}>'

    def td_open(self, tokens: Sequence[Token], index: int, *_rest: Any) -> str:  # noqa: ANN401 - the library's
        return f"<td{_alignment(tokens[index])}>"

    def image(
        self,
        tokens: Sequence[Token],
        index: int,
        options: OptionsDict,
        env: MutableMapping[str, Any],
    ) -> str:
        token = tokens[index]
        words = escape(self.renderInlineAsText(token.children, options, env))
        named = _IMAGE.fullmatch(str(token.attrGet("src")))
        if named is None:  # an image of elsewhere would tell there who takes an exam
            return str(words)
        return f'<img class="figure" src="{IMAGE_PATH}{named[1]}" alt="{words}">'


def _alignment(token: Token) -> str:
    return ' class="end"' if "right" in str(token.attrGet("style")) else ""


def _formula(source: str, options: Mapping[str, Any]) -> str:
    # Cleaned afterwards like everything else. `check` has refused what cannot be converted.
    try:
        return convert(source, display="block" if options["display_mode"] else "inline")
    except _UNREADABLE:
        return f"<code>{escape(source)}</code>"


_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer)
    .enable("table")
    # Without the last two, "between $5 and $6" is a formula.
    .use(
        dollarmath_plugin,
        renderer=_formula,
        allow_labels=False,
        double_inline=True,
        allow_digits=False,
        allow_space=False,
    )
)


# Pure, and the same few hundred texts all day: parsing costs 0.3 ms, this 1 us.
@lru_cache(maxsize=4096)
def block(markdown: str) -> Markup:
    """Return paragraphs, lists and tables: for material and explanations."""
    return Markup(_CLEAN_BLOCK.clean(_MARKDOWN.render(markdown)))  # noqa: S704 - cleaned


@lru_cache(maxsize=4096)
def inline(markdown: str) -> Markup:
    """Return one run of text: for prompts and options, which stand inside legends and labels."""
    return Markup(_CLEAN_INLINE.clean(_MARKDOWN.renderInline(markdown)))  # noqa: S704 - cleaned


@lru_cache(maxsize=4096)
def plain(markdown: str) -> str:
    """Return the text alone: for controls that show no more."""
    return inline(markdown).striptags()


@lru_cache(maxsize=4096)
def check(markdown: str) -> str:
    """Return Markdown unchanged whose images and formulas can be shown to everybody.

    Raises:
        ValueError: an image is not one of ours or has no alternative text, or a formula
            cannot be read.
    """
    if "![" in markdown or "$" in markdown:
        for token in _tokens(_MARKDOWN.parse(markdown)):
            if token.type == "image":
                _check_image(token)
            elif token.type.startswith("math_"):
                _check_formula(token.content)
    return markdown


def _tokens(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        # The text of an image is made of tokens too: those are its alternative text.
        if token.type != "image":
            yield from _tokens(token.children or ())


def _check_image(token: Token) -> None:
    if not token.content.strip():
        raise ValueError("an image has no alternative text: ![what it shows](image:...)")
    if not _IMAGE.fullmatch(str(token.attrGet("src"))):
        raise ValueError("an image is not one that was stored here")


def _check_formula(source: str) -> None:
    braces = _BRACE.findall(source)
    if braces.count("{") != braces.count("}"):
        raise ValueError(f"braces are left open in the formula {source}")
    try:
        made = convert(source)
    except _UNREADABLE as error:
        raise ValueError(f"we cannot read the formula {source}") from error
    unknown = _COMMAND_LEFT.search(made)
    if unknown:
        raise ValueError(f"we do not know {unknown[0][1:-1]} in the formula {source}")
