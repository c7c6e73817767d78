"""Pages about what somebody holds, behind every door that leads to them: a launch, or a letter."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint
from flask.typing import ResponseReturnValue

from lti_tool.learner.holder import Holder
from lti_tool.people.rules import Act

View = Callable[..., ResponseReturnValue]
# Method and address below the door's, what it takes to be let in, and the view, given a `Holder`.
Pages = tuple[tuple[str, str, Act, View], ...]
Here = TypeVar("Here")


def connect(
    blueprint: Blueprint,
    pages: Pages,
    *,
    guard: Callable[[Act], Callable[[View], View]],
    holder: Callable[[Here], Holder],
) -> None:
    """Give a door these pages.

    Args:
        blueprint: the door's; it has a page `show_badges` of its own.
        pages: to be reached by it.
        guard: the door's, for an act: calls a view with who is there.
        holder: whose badges are meant then.
    """

    def entered(view: View) -> View:
        @wraps(view)
        def enter(here: Here, **url_args: Any) -> ResponseReturnValue:  # noqa: ANN401 - whatever the address has
            return view(holder(here), **url_args)

        return enter

    for method, rule, act, view in pages:
        blueprint.add_url_rule(rule, view.__name__, guard(act)(entered(view)), methods=[method])
