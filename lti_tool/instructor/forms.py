"""What the instructor's pages are sent."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from werkzeug.datastructures import MultiDict

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
DEFAULT_POINTS = "100"
MOST_POINTS = 100
MOST_CHOSEN = 50


class Picked(BaseModel):
    """The picker's form, as it stands: searched for, chosen, not judged yet.

    Attributes:
        assessment: editions chosen so far, in the order of the page.
        points: as typed.
        after: the edition after which the list goes on.
        competency: only what shows this one; empty for all.
        pathway: only what counts on this one.
        whole: choose all of that pathway.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    q: Words = ""
    assessment: Annotated[tuple[UUID, ...], Field(max_length=MOST_CHOSEN)] = ()
    points: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] = DEFAULT_POINTS
    after: UUID | None = None
    competency: Words = ""
    pathway: UUID | None = None
    whole: bool = False

    @classmethod
    def values(cls, sent: MultiDict[str, str]) -> dict[str, object]:
        """Return what was sent, several ticks under one name included."""
        ticked = dict.fromkeys(sent.getlist("assessment"))  # each once
        filled = {name: value for name, value in sent.items() if value or name == "points"}
        return {**filled, "assessment": list(ticked)}

    def points_or_none(self) -> int | None:
        """Return the points if they are a whole number that a gradebook column can have."""
        if not (self.points.isascii() and self.points.isdecimal()):
            return None
        points = int(self.points)
        return points if 1 <= points <= MOST_POINTS else None


class ResultsFilter(BaseModel):
    """Which page of which learners. `page` counts from 1."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    q: Words = ""
    state: Literal["", "refused", "on_its_way", "in_gradebook", "differs", "none"] = ""
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class SendAgain(BaseModel):
    """Whose score to send again; nobody named: all that were refused.

    `over`: ours shall take the place of a grade that was given by hand.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    user: UUID | None = None
    over: bool = False


class MarkingOrder(BaseModel):
    """In which order answers are marked, and whether names are shown."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    by: Literal["question", "learner"] = "question"
    names: Literal["shown", "hidden"] = "shown"

    @property
    def hides_names(self) -> bool:
        """Tell whether the marker wants to see no names."""
        return self.names == "hidden"

    def query(self) -> dict[str, str]:
        """Return what an address has to say of it."""
        return {"by": self.by, "names": self.names}


class MarkForm(BaseModel):
    """A mark as it was typed, not judged yet. `levels`: by criterion."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    points: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] = ""
    levels: dict[str, str] = {}
    comment: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    seen: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    go: Literal["next", "stay"] = "next"

    @classmethod
    def values(cls, sent: MultiDict[str, str]) -> dict[str, object]:
        """Return what was sent, the chosen levels together."""
        levels = {
            name.removeprefix("level-"): value
            for name, value in sent.items()
            if name.startswith("level-") and value
        }
        plain = {name: sent[name] for name in ("points", "seen", "go") if name in sent}
        # Browsers end the lines of a text area by CR LF.
        comment = sent.get("comment", "").replace("\r\n", "\n")
        return {**plain, "levels": levels, "comment": comment}


class RegradeForm(BaseModel):
    """A regrade that was looked at. `digest`: of what was seen."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    edition: UUID
    digest: Annotated[str, StringConstraints(max_length=64)]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""
