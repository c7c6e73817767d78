"""The ground on which templates stand, as fast as pages made of many parts need it."""

from collections.abc import MutableMapping
from typing import Any

from flask import templating


class Environment(templating.Environment):
    """Flask's, where templates without words of their own share one plain dictionary of them.

    Jinja lays a chain of two over the same, which every part of a page then walks through in
    Python: once for each template it imports from, to see whether that knows the same words.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return what a template may name, beside what it is given when it is rendered."""
        return super().make_globals(d) if d else self.globals
