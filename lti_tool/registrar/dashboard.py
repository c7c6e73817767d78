"""What a pathway's dashboard may be filtered by, and its plots, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from lti_tool.core import clock
from lti_tool.core.language import marked, phrase
from lti_tool.pathways.figures import QUIET_WEEKS
from lti_tool.pathways.standing import PathwayHead, State
from lti_tool.registrar import queries
from lti_tool.registrar.filters import Filters, cohorts

STATES: Mapping[State, str] = {
    "one_away": phrase("One stone away"),
    "under_way": phrase("Under way"),
    "completed": phrase("Complete"),
    "lapsed": phrase("No longer complete"),
    "stalled": phrase("Stalled: nothing counted for 90 days"),
    "expiring": phrase("A stone expires within 60 days"),
}
_MONTHS = (
    marked("January %(year)s"),
    marked("February %(year)s"),
    marked("March %(year)s"),
    marked("April %(year)s"),
    marked("May %(year)s"),
    marked("June %(year)s"),
    marked("July %(year)s"),
    marked("August %(year)s"),
    marked("September %(year)s"),
    marked("October %(year)s"),
    marked("November %(year)s"),
    marked("December %(year)s"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What learners may be filtered by: pairs of what the form sends and its name.

    Attributes:
        older: there are courses older than these.
    """

    programmes: Sequence[tuple[str, str]]
    cohorts: Sequence[tuple[str, str]]
    platforms: Sequence[tuple[str, str]]
    courses: Sequence[tuple[str, str]]
    older: bool
    states: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a plot: `word` is what the filter of those it counts is given."""

    word: str
    text: str
    learners: int


def list_choices(session: Session, pathway: PathwayHead, wanted: Filters) -> Choices:
    """Return what the learners of a pathway may be filtered by; what they are is among it."""
    places = queries.list_places(session, wanted.course)
    terms = cohorts(pathway.created_at.date(), clock.now().date())
    return Choices(
        programmes=queries.list_programmes(session, pathway.pathway_id),
        cohorts=[(word, _half_year(word)) for word in terms],
        platforms=places.platforms,
        courses=places.courses,
        older=places.older,
        states=list(STATES.items()),
    )


def labels(wanted: Filters, choices: Choices) -> dict[str, str]:
    """Return what was chosen, each in words, by the name of the filter."""
    programme = dict(choices.programmes).get(str(wanted.programme), "")
    every = {
        "programme": phrase("Also on: %(programme)s", programme=programme),
        "cohort": _half_year(wanted.cohort) if wanted.cohort else "",
        "platform": phrase(
            "Platform: %(platform)s",
            platform=dict(choices.platforms).get(wanted.platform or "", wanted.platform),
        ),
        "course": phrase(
            "Course: %(course)s",
            course=dict(choices.courses).get(str(wanted.course), phrase("another")),
        ),
        "since": phrase("Joined from %(since)s (UTC)", since=wanted.since),
        "until": phrase("Joined until %(until)s (UTC)", until=wanted.until),
        "q": phrase("Name: %(q)s", q=wanted.q),
        "state": STATES[wanted.state] if wanted.state else "",
        "missing": phrase("At most %(missing)s missing", missing=wanted.missing),
        "weeks": _weeks(wanted.weeks) if wanted.weeks else "",
        "month": phrase("May lose a stone in %(month)s", month=_month_of(wanted.month))
        if wanted.month
        else "",
    }
    return {name: every[name] for name in wanted.words()}


def of_weeks(quiet: Sequence[tuple[int, int]]) -> list[Bar]:
    """Return the bars of those who stalled."""
    return [Bar(word=str(weeks), text=_weeks(weeks), learners=number) for weeks, number in quiet]


def of_months(months: Sequence[tuple[date, int]]) -> list[Bar]:
    """Return the bars of those from whom time may take something."""
    return [
        Bar(word=f"{first:%Y-%m}", text=_month(first), learners=number) for first, number in months
    ]


def _weeks(weeks: int) -> str:
    place = QUIET_WEEKS.index(weeks)
    if place + 1 == len(QUIET_WEEKS):
        return phrase("%(weeks)s weeks or longer", weeks=weeks)
    return phrase("%(weeks)s to %(last)s weeks", weeks=weeks, last=QUIET_WEEKS[place + 1] - 1)


def _month(first: date) -> str:
    return phrase(_MONTHS[first.month - 1], year=f"{first:%Y}")


def _month_of(word: str) -> str:
    year, month = map(int, word.split("-"))
    return _month(date(year, month, 1))


def _half_year(word: str) -> str:
    year, _, half = word.partition("-")
    if half == "1":
        return phrase("Joined January to June %(year)s", year=year)
    return phrase("Joined July to December %(year)s", year=year)
