"""How many people are where on a pathway: what its dashboard shows, in three counts of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from lti_tool.core import clock
from lti_tool.core.ids import PathwayId
from lti_tool.pathways.models import Progress
from lti_tool.pathways.which import (
    EVERYBODY,
    EXPIRING_DAYS,
    STALLED_DAYS,
    UNDER_WAY,
    Which,
    conditions,
)

# Of those who stalled, since how many weeks: from these on, up to the next.
QUIET_WEEKS = (13, 18, 26, 52)
MONTHS_AHEAD = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The numbers of some or all of the people on a pathway.

    Attributes:
        stalled: under way, and nothing has counted for `STALLED_DAYS`.
        expiring: time may take something from them within `EXPIRING_DAYS`.
        funnel: (stones missing, learners), fewest missing first.
        quiet: of those who stalled: (one of `QUIET_WEEKS`, learners), all of them in order.
        months: (first day, learners from whom time may then take something), this month and the
            eleven after it.
    """

    learners: int
    one_away: int
    completed: int
    lapsed: int
    stalled: int
    expiring: int
    funnel: Sequence[tuple[int, int]]
    quiet: Sequence[tuple[int, int]]
    months: Sequence[tuple[date, int]]


def get_figures(session: Session, pathway_id: PathwayId, which: Which = EVERYBODY) -> Figures:
    """Count the people on a pathway, or some of them."""
    these = (Progress.pathway_id == pathway_id, *conditions(which))
    was_completed = Progress.completed_at.is_not(None)
    rows = session.execute(
        select(Progress.missing, was_completed, func.count())
        .where(*these)
        .group_by(Progress.missing, was_completed)
        .order_by(Progress.missing)
    ).all()
    funnel: dict[int, int] = {}
    for missing, _, learners in rows:
        funnel[missing] = funnel.get(missing, 0) + learners
    now = clock.now()
    since = quiet_bounds(now)
    bucket = case(
        *((Progress.quiet_since >= begin, weeks) for weeks, (begin, _) in list(since.items())[:-1]),
        else_=QUIET_WEEKS[-1],
    )
    quiet: dict[int, int] = dict(
        session.execute(
            select(bucket, func.count())
            .where(*these, UNDER_WAY, Progress.quiet_since < since[QUIET_WEEKS[0]][1])
            .group_by(bucket)
        ).all()
    )
    months, expiring = dict.fromkeys(months_from(now), 0), 0
    month = func.date_trunc("month", Progress.changes_at, "UTC")
    soon = func.count().filter(Progress.changes_at <= now + timedelta(days=EXPIRING_DAYS))
    for begins, learners, soon_of_these in session.execute(
        select(month, func.count(), soon)
        .where(*these, Progress.changes_at < month_bounds(list(months)[-1])[1])
        .group_by(month)
    ):
        first = max(begins.astimezone(UTC).date(), next(iter(months)))  # those that are due
        months[first] += learners
        expiring += soon_of_these
    return Figures(
        learners=sum(learners for *_, learners in rows),
        one_away=sum(learners for missing, was, learners in rows if missing == 1 and not was),
        completed=funnel.get(0, 0),
        lapsed=sum(learners for missing, was, learners in rows if missing and was),
        stalled=sum(quiet.values()),
        expiring=expiring,
        funnel=list(funnel.items()),
        quiet=[(weeks, quiet.get(weeks, 0)) for weeks in QUIET_WEEKS],
        months=list(months.items()),
    )


def quiet_bounds(now: datetime) -> dict[int, tuple[datetime, datetime]]:
    """Return, per one of `QUIET_WEEKS`, after when nothing counted, and until when something did.

    The first begins when somebody counts as stalled; the last has no beginning.
    """
    ends = [now - timedelta(days=STALLED_DAYS)]
    ends += [now - timedelta(weeks=weeks) for weeks in QUIET_WEEKS[1:]]
    begins = [*ends[1:], datetime(1, 1, 1, tzinfo=UTC)]
    return dict(zip(QUIET_WEEKS, zip(begins, ends, strict=True), strict=True))


def months_from(now: datetime) -> list[date]:
    """Return the first days of this month and of those that follow, UTC."""
    months = [now.astimezone(UTC).date().replace(day=1)]
    while len(months) < MONTHS_AHEAD:
        months.append(month_bounds(months[-1])[1].date())
    return months


def month_bounds(first: date) -> tuple[datetime, datetime]:
    """Return the first instant of a month and of the one after it, UTC."""
    following = (first + timedelta(days=32)).replace(day=1)
    return (
        datetime(first.year, first.month, 1, tzinfo=UTC),
        datetime(following.year, following.month, 1, tzinfo=UTC),
    )
