"""What templates say that no catalogue knows."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes

from lti_tool.core import speaking

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
_JINJA = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_TRANSLATED = re.compile(r"\{%[-+]?\s*trans\b.*?\{%-?\s*endtrans\s*-?%\}", re.DOTALL)
# Blocks that hold classes.
_STYLES = re.compile(r"\{% block (?:body_class|width) (?:required )?%\}.*?\{% endblock", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")
# Attributes that people read or hear.
_SPOKEN = {"alt", "aria-label", "aria-description", "placeholder", "title", "label"}
# The same in every language.
NAMES = {"Cairn", "LTI", "JSON", "CSV", "PDF", "PNG", "SVG", "AGS", "NRPS", "HTML", "URL"}
_MARKED = {"_", "gettext", "ngettext"}
# Macros whose second value is read by people, a single small word too.
_LABELLED = {"tile"}


class _Text(HTMLParser):
    """Collects what a page says in its own words."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self._take(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in _SPOKEN or (name.startswith("data-") and " " in (value or "")):
                self._take(value or "")
            if tag == "option" and name == "label":
                self._take(value or "")

    def _take(self, text: str) -> None:
        if any(word not in NAMES for word in _WORD.findall(text)):
            self.found.append(" ".join(text.split()))


def bare_words(source: str) -> Iterator[str]:
    """Yield what a template says outside of `{% trans %}` and of marked strings."""
    parser = _Text()
    # Jinja becomes a sign that is no letter and may stand anywhere in HTML.
    said = _STYLES.sub("{% endblock", _TRANSLATED.sub("\u00a4", source))
    parser.feed(_JINJA.sub("\u00a4", said))
    parser.close()
    yield from parser.found
    yield from _bare_strings(source)


def _bare_strings(source: str) -> Iterator[str]:
    environment = Environment(autoescape=True)
    speaking.teach(environment)
    yield from _said_in(environment.parse(source))


def _said_in(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        yield from (
            label.value
            for label in node.args[1:2]
            if node.node.name in _LABELLED and isinstance(label, nodes.Const)
        )
    for child in _spoken_children(node):
        if isinstance(child, nodes.Const):
            if isinstance(child.value, str) and is_said(child.value):
                yield child.value
        elif not isinstance(child, nodes.TemplateData):
            yield from _said_in(child)


def _spoken_children(node: nodes.Node) -> Iterator[nodes.Node]:
    """Leave out what is a name for programs: of a template, a key, a thing to compare with."""
    if isinstance(node, nodes.Extends | nodes.Include | nodes.Import | nodes.FromImport):
        return
    if isinstance(node, nodes.Compare | nodes.Getitem):
        return
    if isinstance(node, nodes.Pair):
        yield node.value
        return
    if isinstance(node, nodes.Filter):
        if node.node is not None:
            yield node.node
        return
    if isinstance(node, nodes.Call):
        if isinstance(node.node, nodes.Name) and node.node.name in _MARKED:
            # The values of a sentence may be sentences.
            yield from node.kwargs
            return
        if isinstance(node.node, nodes.Getattr) and node.node.attr in {"strftime", "isoformat"}:
            return
    yield from node.iter_child_nodes()


def is_said(text: str) -> bool:
    """Tell words for people from names for programs: `list`, `pill accent`, `%.1f`."""
    words = _WORD.findall(text)
    if not words or set(words) <= NAMES or not any(map(str.islower, text)):
        return False
    if "<" in text or "_" in text or "=" in text or text.startswith(("#", ".")):
        return False
    if "/" in text and " " not in text:  # the address of a page or a template
        return False
    if text[0].isupper():
        return True
    return " " in text.strip() and not set(text.split()) <= style_names()


@cache
def style_names() -> frozenset[str]:
    """Return the names of classes that the style sheet knows."""
    sheet = (ROOT / "lti_tool/static/cairn.css").read_text()
    return frozenset(re.findall(r"\.([a-z][\w-]*)", sheet))
