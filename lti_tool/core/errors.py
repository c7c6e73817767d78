"""The five ways a request or a job can fail.

Every expected failure derives from one of these families. `core.web` turns a
family into an HTTP status, `core.outbox` into retry or give up; features name
the failure and never mention either.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lti_tool.core.language import phrase


class ToolError(Exception):
    """A failure we expected.

    Attributes:
        code: stable; logs, tests and help pages use it.
        title: what happened, in a few words a person understands.
        steps: what to do now, in order. Safe to show, as is the message.
        details: further facts for a script that asked; JSON.
        return_url: where the person came from, if a platform told us: the page leads back there.
    """

    code = "tool_error"
    title = phrase("That did not work")
    steps: Sequence[str] = ()
    details: Mapping[str, Any] = {}
    return_url: str | None = None

    @property
    def sentence(self) -> str:
        """Return the message as it was given: a phrase can still be said in any language."""
        return self.args[0] if self.args else ""


class InvalidRequestError(ToolError):
    """What was sent breaks a rule; sending it again cannot help.

    Attributes:
        fields: names of those of a form that are wrong, as far as they are known.
    """

    code = "invalid_request"
    title = phrase("We could not read that")
    fields: Sequence[str] = ()


class DeniedError(ToolError):
    """The caller is not who they claim, or may not do this."""

    code = "denied"
    title = phrase("You cannot do this here")


class NotFoundError(ToolError):
    """No such thing, or none this caller may know of."""

    code = "not_found"
    title = phrase("There is nothing here")


class ConflictError(ToolError):
    """Valid on its own, but not in the present state."""

    code = "conflict"
    title = phrase("This has changed in the meantime")


class TemporaryError(ToolError):
    """Someone else's outage: the same call may succeed later."""

    code = "temporary"
    title = phrase("This is not possible just now")
