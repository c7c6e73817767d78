"""What the registrar's pages are asked for."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from lti_tool.core.ids import PersonId
from lti_tool.pathways.standing import State

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class LearnersFilter(BaseModel):
    """Which page of which learners.

    Attributes:
        q: part of a name.
        state: None for all.
        after: `<stones missing>.<person>` of the last row of the page before.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    q: Words = ""
    state: Annotated[State | None, BeforeValidator(lambda word: word or None)] = None
    after: Annotated[str, StringConstraints(pattern=r"^\d{1,6}\.[0-9a-f-]{36}$")] | None = None

    def key(self) -> tuple[int, PersonId] | None:
        """Return what `after` says."""
        if self.after is None:
            return None
        missing, _, person = self.after.partition(".")
        return int(missing), PersonId(UUID(person))
