"""What the registrar's pages are asked for."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from lti_tool.core.ids import PersonId
from lti_tool.pathways.standing import State
from lti_tool.registrar.consequences import Decision
from lti_tool.registrar.sentences import known_acts

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


def _known_act(word: str) -> str | None:
    if word and word not in dict(known_acts()):
        raise ValueError("not an act")
    return word or None


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


class PeopleSearch(BaseModel):
    """Which page of which people.

    Attributes:
        q: the beginnings of words in name, e-mail address or student number.
        after: the last person of the page before.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    q: Words = ""
    after: UUID | None = None

    def person(self) -> PersonId | None:
        """Return what `after` says."""
        return None if self.after is None else PersonId(self.after)


class DecisionForm(BaseModel):
    """A decision about an award.

    Attributes:
        decision: made with the form, so that sending it twice decides once.
        meant: what the page asked for.
        reason: in words; empty where none was given.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    decision: UUID
    meant: Decision
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""


class GiveSearch(BaseModel):
    """Which achievement is to be given; None while it is being chosen."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    achievement: UUID | None = None


class AuditFilter(BaseModel):
    """Which entries of the audit trail.

    Attributes:
        act: as the code calls it; None for all.
        since: the first day, UTC, as is `until`, the last.
        before: the last entry of the page before.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    act: Annotated[str | None, BeforeValidator(_known_act)] = None
    since: Annotated[date | None, BeforeValidator(lambda word: word or None)] = None
    until: Annotated[date | None, BeforeValidator(lambda word: word or None)] = None
    before: UUID | None = None
