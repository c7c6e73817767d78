"""What the instructor's pages are sent."""

from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from werkzeug.datastructures import MultiDict

from lti_tool.assessments.conditions import LONGEST_MINUTES, MOST_ATTEMPTS, Conditions, Shown
from lti_tool.assessments.marking import Scheme
from lti_tool.assessments.rules import Policy
from lti_tool.core import zones
from lti_tool.core.db import uuid_or_none
from lti_tool.core.ids import UserId
from lti_tool.core.language import phrase
from lti_tool.instructor.listing import SORTS
from lti_tool.instructor.window import Window, ZoneName

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
DEFAULT_POINTS = "100"
MOST_POINTS = 100
MOST_CHOSEN = 50
Typed = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]
MOST_PERCENT = 400
MOST_EXTRA = 60 * 24


class Picked(BaseModel):
    """The picker's form, as it stands: searched for, chosen, not judged yet.

    Attributes:
        assessment: editions chosen so far, in the order of the page.
        points: as typed.
        after: the edition after which the list goes on.
        competency: only what shows this one; empty for all.
        pathway: only what counts on this one.
        whole: choose all of that pathway.
        opens_at: as typed; so is `closes_at`.
        in_zone: whose clock they are by: that of the form they were typed into.
        in_new_window: each shall open beside the course.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    q: Words = ""
    assessment: Annotated[tuple[UUID, ...], Field(max_length=MOST_CHOSEN)] = ()
    points: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] = DEFAULT_POINTS
    after: UUID | None = None
    competency: Words = ""
    pathway: UUID | None = None
    whole: bool = False
    opens_at: Typed = ""
    closes_at: Typed = ""
    in_zone: ZoneName = zones.UNIVERSAL
    in_new_window: bool = False

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

    def window(self) -> tuple[datetime | None, datetime | None, dict[str, str]]:
        """Return when it opens and closes, and for each field that says nothing what to enter."""
        window = Window(self.opens_at, self.closes_at, self.in_zone)
        opens, closes, wrong = window.read()
        if opens is not None and closes is not None and closes <= opens:
            wrong["closes_at"] = phrase("It has to close after it opens.")
        return opens, closes, wrong


class ResultsFilter(BaseModel):
    """Which learners in which order, and where the page begins or ends (`listing.page_of`)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    q: Words = ""
    result: Literal["", "passed", "not_passed", "unmarked", "waiting", "open", "late"] = ""
    state: Literal["", "refused", "on_its_way", "in_gradebook", "differs", "not_sent", "none"] = ""
    sort: Annotated[str, Field(pattern=f"^-?({'|'.join(SORTS)})$")] = "name"
    after: UUID | None = None
    before: UUID | None = None

    def query(self, *, sort: str | None = None) -> dict[str, str]:
        """Return what an address has to say of it: the filters, and this order or another."""
        said = {
            "q": self.q,
            "result": self.result,
            "state": self.state,
            "sort": sort or self.sort,
        }
        return {name: value for name, value in said.items() if value and value != "name"}


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


class SettingsForm(BaseModel):
    """The rules of a placement as they were typed. Instants are by the clock of `in_zone`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    opens_at: Typed = ""
    closes_at: Typed = ""
    in_zone: ZoneName = zones.UNIVERSAL
    minutes: Typed = ""
    max_attempts: Typed = ""
    cooldown_minutes: Typed = ""
    policy: Policy = Policy.BEST
    answers_shown: Shown = Shown.AT_ONCE
    feedback_shown: Shown = Shown.AT_ONCE
    key_shown: Shown = Shown.AT_ONCE
    cuts_extra_time: bool = False

    @classmethod
    def of(cls, held: Conditions, policy: str, zone: tzinfo) -> Self:
        """Return the form that sets what is set, in the time of a zone."""
        window = Window.of(held.opens_at, held.closes_at, zone)
        return cls(
            opens_at=window.opens_at,
            closes_at=window.closes_at,
            in_zone=window.in_zone,
            minutes=str(held.minutes or ""),
            max_attempts=str(held.max_attempts or ""),
            cooldown_minutes=str(held.cooldown_minutes or ""),
            policy=Policy(policy),
            answers_shown=held.answers_shown,
            feedback_shown=held.feedback_shown,
            key_shown=held.key_shown,
            cuts_extra_time=held.cuts_extra_time,
        )

    def read(self, held: Conditions) -> tuple[Conditions, dict[str, str]]:
        """Return what it says, and for each field that says nothing we know what to enter.

        An instant of `held` that was left as the form showed it stays exactly what it is.
        """
        wrong: dict[str, str] = {}
        numbers: dict[str, int | None] = {}
        for name, most in (
            ("minutes", LONGEST_MINUTES),
            ("max_attempts", MOST_ATTEMPTS),
            ("cooldown_minutes", LONGEST_MINUTES),
        ):
            typed = getattr(self, name)
            numbers[name] = _whole_number(typed, most)
            if typed and numbers[name] is None:
                wrong[name] = phrase(
                    "Enter a whole number from 1 to %(most)s, or leave it empty.",
                    most=most,
                )
        opens_at, closes_at, times_wrong = Window(self.opens_at, self.closes_at, self.in_zone).read(
            held.opens_at, held.closes_at
        )
        wrong.update(times_wrong)
        wanted = Conditions(
            minutes=numbers["minutes"],
            max_attempts=numbers["max_attempts"],
            cooldown_minutes=numbers["cooldown_minutes"] or 0,
            answers_shown=self.answers_shown,
            feedback_shown=self.feedback_shown,
            key_shown=self.key_shown,
            opens_at=opens_at,
            closes_at=closes_at,
            cuts_extra_time=self.cuts_extra_time,
        )
        return wanted, wrong


def _whole_number(typed: str, most: int) -> int | None:
    if not (typed.isascii() and typed.isdecimal()) or len(typed) > len(str(most)):
        return None
    return int(typed) if 1 <= int(typed) <= most else None


class MoreTime(BaseModel):
    """More time for a person, as it was typed."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    percent: Typed = ""
    minutes: Typed = ""

    def read(self) -> tuple[Decimal, int] | None:
        """Return the factor and the extra minutes; None when it is no such time."""
        percent = 0 if self.percent in {"", "0"} else _whole_number(self.percent, MOST_PERCENT)
        minutes = 0 if self.minutes in {"", "0"} else _whole_number(self.minutes, MOST_EXTRA)
        if percent is None or minutes is None:
            return None
        return 1 + Decimal(percent) / 100, minutes


class AttemptChange(BaseModel):
    """What shall be done to an attempt, and why. `had`: minutes that it had been given before."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    minutes: Typed = ""
    had: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""

    def read_minutes(self) -> int | None:
        """Return the minutes; None when they are no number from 1 to a day."""
        return _whole_number(self.minutes, MOST_EXTRA)


class DeletionForm(BaseModel):
    """Why an attempt is deleted or put back. `digest`: of what was seen would follow."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    digest: Annotated[str, StringConstraints(max_length=64)] = ""
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class MarkingForm(BaseModel):
    """How many people mark an answer, when two agree, and who decides else, as it was typed."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    markers: Literal["1", "2"] = "1"
    tolerance: Typed = "10"
    lead: Typed = ""

    @classmethod
    def of(cls, scheme: Scheme) -> Self:
        """Return the form that sets what is set."""
        percent = f"{(scheme.tolerance * 100).normalize():f}"
        return cls(
            markers="2" if scheme.markers > 1 else "1",
            tolerance=percent,
            lead=str(scheme.lead or ""),
        )

    def read(self) -> Scheme | None:
        """Return what it says; None when the tolerance is no share."""
        percent = 0 if self.tolerance == "0" else _whole_number(self.tolerance, 100)
        if percent is None:
            return None
        lead = uuid_or_none(self.lead)
        return Scheme(
            markers=int(self.markers),
            tolerance=Decimal(percent) / 100,
            lead=UserId(lead) if lead and self.markers == "2" else None,
        )
