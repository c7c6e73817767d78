"""The ground on which templates stand, as fast as pages made of many parts need it."""

import re
from collections.abc import Hashable, Mapping, MutableMapping
from functools import lru_cache
from secrets import token_hex
from typing import Any, cast

from flask import current_app, has_request_context, request, templating
from jinja2 import Template, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from lti_tool.core import speaking
from lti_tool.core.language import Language

_SAYS = frozenset({"gettext", "_"})
# What no part of a page may name that is kept for others.
_OF_A_REQUEST = frozenset(
    {"config", "csrf_token", "g", "get_flashed_messages", "other_languages", "request", "session"}
    | {"url_for", "zone_attributes", "zone_url"}
)
_MOST_KEPT = 1024
_MOST_PAGES = 512
# Stands on both sides of a gap's name in a page that is kept; nobody can write it into a text.
_MARK = token_hex(16)
_GAP = re.compile(f"{_MARK}(\\w+?){_MARK}")

Values = tuple[tuple[str, Hashable], ...]


def render_kept(name: str, /, gaps: Mapping[str, object], **values: Hashable) -> str:
    """Return a page that is made once for all who read it alike, but for its gaps.

    It is made of nothing but these values, of how its reader reads and of what stands around every
    page; what is of one person, launch or form is left open, and filled in each time.

    Args:
        name: of the template.
        gaps: by the names that the template has for them; it can tell of each whether it is None,
            and no more.
        values: that never change.
    """
    environment = cast("Environment", current_app.jinja_env)
    return environment.keep_page(name, gaps, tuple(values.items()))


def _is_asked_at_will() -> bool:
    """Tell whether the address says more than which page: there is no end of what it may say.

    Links around the page repeat it. Kept, it would drive out what many read, and stay in memory.
    """
    return has_request_context() and bool(request.query_string)


def _left_open(gap: str) -> Markup:
    return Markup(f"{_MARK}{gap}{_MARK}")  # noqa: S704 - no word of anybody's is in it


class Environment(templating.Environment):
    """Flask's, where templates are compiled once for each language and find their words quickly.

    A page is asked for in the language of whoever reads it; what it is made of comes from the same
    compartment. Templates without words of their own share one plain dictionary of them: Jinja lays
    a chain of two over the same, which every part of a page then walks through in Python, once for
    each template it imports from, to see whether that knows the same words.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Flask's
        """Begin without any language."""
        super().__init__(*args, **options)
        self._spoken: dict[str, Environment] = {}
        self._keeping: dict[str, Environment] = {}
        self._speaks: Language | None = None
        self._kept = lru_cache(maxsize=_MOST_KEPT)(self._make)
        self._pages = lru_cache(maxsize=_MOST_PAGES)(self._make_page)
        self.globals["kept"] = self.keep

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return what a template may name, beside what it is given when it is rendered."""
        return super().make_globals(d) if d else self.globals

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - Jinja's
    ) -> Template:
        """Load a template as it is said in the language of whoever reads it."""
        if self._speaks is not None:
            return super().get_template(name, parent, globals)
        return self._of(speaking.current()).get_template(name, parent, globals)

    def keep(self, name: str, /, **values: Hashable) -> Markup:
        """Return a part of a page that is the same for all who read as its reader does.

        It is made once of these values and of nothing else: what is of one request or one person
        it can name only where it was given that, and then it is kept for them alone.

        Args:
            name: of a template of its own, which gets these values and no others.
            values: that never change.
        """
        make = self._make if _is_asked_at_will() else self._kept
        return make(name, speaking.current(), tuple(values.items()))

    def keep_page(self, name: str, gaps: Mapping[str, object], values: Values) -> str:
        """Return a page that is kept, with its gaps filled; see `render_kept`."""
        there = tuple((gap, word is not None) for gap, word in gaps.items())
        around = speaking.around_pages()
        make = self._make_page if _is_asked_at_will() else self._pages
        parts = [*make(name, speaking.current(), around, there, values)]
        parts[1::2] = [escape(gaps[gap]) for gap in parts[1::2]]
        return "".join(parts)

    def _make(self, name: str, reader: Language, values: Values) -> Markup:
        template = self._keeper(reader).get_template(name)
        return Markup(template.render(dict(values)))  # noqa: S704 - made by a template, escaped

    def _make_page(
        self,
        name: str,
        reader: Language,
        around: speaking.Around,
        there: tuple[tuple[str, bool], ...],
        values: Values,
    ) -> tuple[str, ...]:
        """Return the text up to a gap, the gap's name, the text from there, and so on."""
        gaps = {gap: _left_open(gap) if is_there else None for gap, is_there in there}
        template = self._keeper(reader).get_template(name)
        page = template.render({**around.words, **gaps, **dict(values)})
        return tuple(_GAP.split(page))

    def _keeper(self, reader: Language) -> "Environment":
        """Return where templates of a language name nothing of a request."""
        if reader.code not in self._keeping:
            own = self._of(reader).overlay()
            own.globals = {n: word for n, word in self.globals.items() if n not in _OF_A_REQUEST}
            self._keeping[reader.code] = own
        return self._keeping[reader.code]

    def _of(self, reader: Language) -> "Environment":
        if reader.code not in self._spoken:
            own = self.overlay()
            own._speaks = reader  # noqa: SLF001 - of the same class
            self._spoken[reader.code] = own
        return self._spoken[reader.code]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        if self._speaks is not None:
            escapes = self.autoescape(name) if callable(self.autoescape) else self.autoescape
            tree = _Said(self._speaks, as_html=escapes).visit(tree)
        return tree


class _Said(NodeTransformer):
    """Puts sentences without values into a template as what they are in one language."""

    def __init__(self, reader: Language, *, as_html: bool) -> None:
        self._reader, self._as_html = reader, as_html

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802 - named by Jinja
        self.generic_visit(node)
        known = isinstance(node.node, nodes.Name) and node.node.name in _SAYS
        if not known or len(node.args) != 1 or node.kwargs or node.dyn_args or node.dyn_kwargs:
            return node
        (message,) = node.args
        if not isinstance(message, nodes.Const):
            return node
        said = speaking.sentence(self._reader, message.value, as_html=self._as_html)
        return nodes.Const(said, lineno=node.lineno, environment=node.environment)
