"""What is asked at a placement, how often, and what it earns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.assessments.conditions import Barred, Conditions, barred, strictest
from lti_tool.assessments.models import Attempt, Placement
from lti_tool.assessments.queries import EditionSummary, get_edition, own_conditions
from lti_tool.badges.models import Achievement
from lti_tool.badges.queries import find_achievement_of_assessment
from lti_tool.core.language import phrase
from lti_tool.platforms.models import Context

_POLICY_WORDS = {
    "best": phrase("the best one counts"),
    "last": phrase("the last one counts"),
    "first": phrase("the first one counts"),
    "average": phrase("their average counts"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An edition as placed in a course.

    Attributes:
        course: the course's title, if the platform told one.
        points_to_pass: of the edition's points; the least that passes.
        achievement: what a pass earns here, if anything.
        conditions: what holds here, edition and placement together.
    """

    placement: Placement
    edition: EditionSummary
    conditions: Conditions
    course: str | None
    points_to_pass: Decimal
    achievement: Achievement | None

    @property
    def policy_words(self) -> str:
        """Say which of several attempts counts."""
        return policy_words(self.placement.policy)


def policy_words(policy: str) -> str:
    """Say which of several attempts counts."""
    return _POLICY_WORDS[policy]


def describe_placement(session: Session, placement: Placement) -> Placed:
    """Return a placement with what learners are told of it."""
    edition = get_edition(session, placement.edition_id)
    course = session.scalar(
        select(func.coalesce(Context.title, Context.label)).where(
            Context.id == placement.context_id
        )
    )
    return Placed(
        placement=placement,
        edition=edition,
        conditions=strictest(edition.limits, own_conditions(placement)),
        course=course,
        points_to_pass=edition.points * edition.pass_mark,
        achievement=find_achievement_of_assessment(session, edition.assessment_id)
        if placement.gives_badge
        else None,
    )


def find_bar(placed: Placed, attempts: Sequence[Attempt], at: datetime) -> Barred | None:
    """Return why the learner cannot begin another attempt now. The service decides for good."""
    ended = [attempt.submitted_at for attempt in attempts if attempt.submitted_at is not None]
    return barred(placed.conditions, at, used=len(attempts), last_ended_at=max(ended, default=None))
