"""What the registrar's pages are asked for."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from lti_tool.core import spreadsheet
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.core.language import phrase
from lti_tool.pathways.deciding.batch import Asked, BatchAct
from lti_tool.pathways.figures import QUIET_WEEKS
from lti_tool.pathways.standing import State
from lti_tool.registrar.consequences import Decision
from lti_tool.registrar.filters import Entries, Filters, Period
from lti_tool.registrar.rulings import Ruling
from lti_tool.registrar.sentences import known_acts

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
_ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def _or_none(word: str) -> str | None:
    return word or None


def _known_act(word: str) -> str | None:
    if word and word not in dict(known_acts()):
        raise ValueError("not an act")
    return word or None


def _known_weeks(word: str) -> int | None:
    if word and word not in map(str, QUIET_WEEKS):
        raise ValueError("not so many weeks")
    return int(word) if word else None


class WhichLearners(BaseModel):
    """Which learners of a pathway: as `filters.Filters` says, None or empty for all."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    programme: Annotated[UUID | None, BeforeValidator(_or_none)] = None
    cohort: Annotated[
        Annotated[str, StringConstraints(pattern=r"^20\d\d-[12]$")] | None,
        BeforeValidator(_or_none),
    ] = None
    platform: Annotated[str | None, BeforeValidator(_or_none)] = None
    course: Annotated[UUID | None, BeforeValidator(_or_none)] = None
    since: Annotated[date | None, BeforeValidator(_or_none)] = None
    until: Annotated[date | None, BeforeValidator(_or_none)] = None
    q: Words = ""
    state: Annotated[State | None, BeforeValidator(_or_none)] = None
    missing: Annotated[Annotated[int, Field(ge=0, le=999)] | None, BeforeValidator(_or_none)] = None
    weeks: Annotated[int | None, BeforeValidator(_known_weeks)] = None
    month: Annotated[
        Annotated[str, StringConstraints(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] | None,
        BeforeValidator(_or_none),
    ] = None

    def filters(self) -> Filters:
        """Return whom it asks for."""
        return Filters(
            programme=self.programme,
            cohort=self.cohort,
            platform=self.platform,
            course=self.course,
            since=self.since,
            until=self.until,
            q=self.q,
            state=self.state,
            missing=self.missing,
            weeks=self.weeks,
            month=self.month,
        )


class LearnersFilter(WhichLearners):
    """Which page of which learners; `after` is `<stones missing>.<person>` of the row before."""

    after: Annotated[str, StringConstraints(pattern=rf"^\d{{1,6}}\.{_ID}$")] | None = None

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


class MatchesPage(BaseModel):
    """Which page of the pairs that wait: `after` is the last of the page before."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    after: UUID | None = None


class WaitingPage(BaseModel):
    """Which pages of what waits: each the last completion of the page before."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    confirm_after: Annotated[UUID | None, BeforeValidator(_or_none)] = None
    review_after: Annotated[UUID | None, BeforeValidator(_or_none)] = None


class IdentityForm(BaseModel):
    """A decision about two persons.

    Attributes:
        decision: made with the form, so that sending it twice decides once.
        meant: that they are one, or that they are two.
        reason: in words; empty where none was given.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    decision: UUID
    meant: Literal["merge", "apart", "split"]
    reason: Reason = ""


class RulingAsked(BaseModel):
    """Which decision about a person on a pathway is asked for.

    Attributes:
        act: what is to be decided.
        target: the requirement, decision, completion, version or achievement it is about.
        award: the one that is to count in a requirement's place, while that is being decided.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    act: Ruling
    target: UUID
    award: Annotated[UUID | None, BeforeValidator(_or_none)] = None


class RulingForm(RulingAsked):
    """The same, decided; `decision` is made with the form, so that sent twice it is one."""

    decision: UUID
    reason: Reason = ""


class BatchAskedFor(WhichLearners):
    """Which decision about which learners of a pathway is asked for.

    Attributes:
        what: `<act>.<target>`, or `confirm`; empty while that is being chosen.
    """

    what: Annotated[
        str,
        StringConstraints(pattern=rf"^$|^confirm$|^(waive|credit|withdraw|allocate)\.{_ID}$"),
    ] = ""

    def asked(self, pathway_id: PathwayId) -> Asked | None:
        """Return what `what` says; None while it is being chosen."""
        if not self.what:
            return None
        act, _, target = self.what.partition(".")
        return Asked(
            pathway_id=pathway_id, act=BatchAct(act), target=UUID(target) if target else None
        )


class MoveForm(WhichLearners):
    """To which version learners of a pathway are to be moved."""

    version: UUID


class BatchForm(BatchAskedFor):
    """The same, decided: about so many `people`, and `whom`, as the page said."""

    decision: UUID
    whom: str = ""
    people: Annotated[int, Field(ge=0)]
    reason: Reason = ""


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
    reason: Reason = ""


class GiveSearch(BaseModel):
    """Which achievement is to be given; None while it is being chosen."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    achievement: UUID | None = None


class ViewForm(BaseModel):
    """What a saved view is called, and who sees it.

    Attributes:
        view: made with the form, so that sending it twice saves once.
        delete: it is to be forgotten instead.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    view: UUID | None = None
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    shared: bool = False
    delete: bool = False


class EntriesAsked(BaseModel):
    """Which entries of the audit trail.

    Attributes:
        act: as the code calls it; None for all, as are those that follow.
        who: of the staff.
        person: about whom it is.
        since: the first day, UTC, as is `until`, the last.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    act: Annotated[str | None, BeforeValidator(_known_act)] = None
    who: Annotated[UUID | None, BeforeValidator(_or_none)] = None
    person: Annotated[UUID | None, BeforeValidator(_or_none)] = None
    since: Annotated[date | None, BeforeValidator(_or_none)] = None
    until: Annotated[date | None, BeforeValidator(_or_none)] = None

    def period(self) -> Period:
        """Return the days that it asks for."""
        return Period(since=self.since, until=self.until)

    def entries(self) -> Entries:
        """Return which entries of the audit trail it asks for."""
        return Entries(act=self.act, who=self.who, person=self.person, period=self.period())


class TableAsked(EntriesAsked):
    """Which rows of a table somebody asks to take along, as its page was filtered.

    Attributes:
        q: what learners were searched by.
    """

    q: Words = ""


class ExportForm(BaseModel):
    """Who gets a table, for what, and as what.

    Attributes:
        recipient: an office, an organisation; empty where none was given, as is `purpose`.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: spreadsheet.Kind = spreadsheet.Kind.XLSX
    recipient: Words = ""
    purpose: Reason = ""


class AuditFilter(EntriesAsked):
    """Which page of which entries: `before` is the last of the page before."""

    before: UUID | None = None

    def labels(self) -> list[str]:
        """Return what was chosen, each in words."""
        return [
            *([dict(known_acts())[self.act]] if self.act else []),
            *([phrase("By one of the staff")] if self.who else []),
            *([phrase("About one learner")] if self.person else []),
            *([phrase("From %(since)s", since=self.since)] if self.since else []),
            *([phrase("Until %(until)s", until=self.until)] if self.until else []),
        ]


class TranscriptForm(BaseModel):
    """A transcript to give out; `form` is the id it will have, so that twice is once."""

    model_config = ConfigDict(extra="forbid")

    form: UUID
    scope: Literal["all", "chosen"]
    pathway: list[UUID] = []
    show_results: bool = False
    recipient: Words = ""
    reason: Reason = ""

    def chosen(self) -> frozenset[PathwayId] | None:
        """Return the pathways that were chosen; None for everything."""
        return None if self.scope == "all" else frozenset(map(PathwayId, self.pathway))

    def wrong(self) -> dict[str, str]:
        """Return what to enter, by field."""
        told = {}
        if not self.recipient:
            told["recipient"] = phrase("Enter who gets it: the learner, an employer, an authority.")
        if not self.reason:
            told["reason"] = phrase(
                "Enter why: whoever reads this record later has only these words."
            )
        return told


class TranscriptRevocation(BaseModel):
    """Why a transcript is taken back."""

    model_config = ConfigDict(extra="ignore")

    reason: Reason = ""
