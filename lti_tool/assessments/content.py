"""Authors' Markdown (CommonMark with tables) as HTML that is safe to show."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

# Images wait for a file store of their own: the pages' CSP lets none in from elsewhere.
_INLINE = frozenset({"a", "abbr", "b", "code", "em", "i", "kbd", "s", "strong", "sub", "sup", "br"})
_BLOCK = _INLINE | {
    "blockquote", "dd", "div", "dl", "dt", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "div": {"class"},
    "ol": {"start"},
    "table": {"class"},
    "td": {"class"},
    "th": {"class", "scope"},
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


def _alignment(token: Token) -> str:
    return ' class="end"' if "right" in str(token.attrGet("style")) else ""


_MARKDOWN = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")


# Pure, and the same few hundred texts all day: parsing costs 0.3 ms, this 1 us.
@lru_cache(maxsize=4096)
def block(markdown: str) -> Markup:
    """Return paragraphs, lists and tables: for material and explanations."""
    return Markup(_CLEAN_BLOCK.clean(_MARKDOWN.render(markdown)))  # noqa: S704 - cleaned


@lru_cache(maxsize=4096)
def inline(markdown: str) -> Markup:
    """Return one run of text: for prompts and options, which stand inside legends and labels."""
    return Markup(_CLEAN_INLINE.clean(_MARKDOWN.renderInline(markdown)))  # noqa: S704 - cleaned
