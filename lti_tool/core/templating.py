"""The ground on which templates stand, as fast as pages made of many parts need it."""

from collections.abc import MutableMapping
from typing import Any

from flask import templating
from jinja2 import Template, nodes
from jinja2.visitor import NodeTransformer

from lti_tool.core import speaking
from lti_tool.core.language import Language

_SAYS = frozenset({"gettext", "_"})


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
        self._speaks: Language | None = None

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
