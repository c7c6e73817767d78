"""After an attempt: what it came to, where the score is, what was earned, what is next."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import PlacementResult
from lti_tool.assessments.queries import awaits_marking
from lti_tool.badges.models import Achievement, Award, Credential
from lti_tool.core.ids import PersonId
from lti_tool.core.language import joined, phrase
from lti_tool.grading.models import DesiredScore
from lti_tool.grading.queries import has_column
from lti_tool.grading.rules import Outcome
from lti_tool.learner.cairns import Cairn


class ScoreState(StrEnum):
    """Where a score is on its way to the platform's gradebook."""

    NO_COLUMN = "no_column"
    WAITS_FOR_MARKING = "waits_for_marking"
    SENDING = "sending"
    RECEIVED = "received"
    REFUSED = "refused"
    REPLACED = "replaced"  # the link leads to another activity, whose grades are in the column


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreStanding:
    """What we know of the gradebook; `at` is when the platform acknowledged the score."""

    state: ScoreState
    at: datetime | None = None


class BadgeState(StrEnum):
    """How far a badge has come since the pass."""

    SIGNING = "signing"
    VALID = "valid"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class EarnedBadge:
    """A badge that a pass earned; `award` is None until the award has been made."""

    achievement: Achievement
    state: BadgeState
    award: Award | None


def find_score(session: Session, result: PlacementResult) -> ScoreStanding:
    """Return where the score of a placement's result is on its way to the platform."""
    if awaits_marking(session, result.placement_id, result.user_id):
        return ScoreStanding(state=ScoreState.WAITS_FOR_MARKING)
    score = session.scalar(
        select(DesiredScore).where(
            DesiredScore.placement_id == result.placement_id,
            DesiredScore.user_id == result.user_id,
        )
    )
    if score is None:
        is_to_come = has_column(session, result.placement_id, result.user_id)
        return ScoreStanding(state=ScoreState.SENDING if is_to_come else ScoreState.NO_COLUMN)
    if score.refused_at is not None and score.last_outcome == Outcome.REPLACED:
        return ScoreStanding(state=ScoreState.REPLACED)
    if score.refused_at is not None:
        return ScoreStanding(state=ScoreState.REFUSED)
    # An older result that has arrived says nothing of this one.
    arrived = score.acknowledged_version >= score.version and score.result_version >= result.version
    if arrived and score.acknowledged_at is not None:
        return ScoreStanding(state=ScoreState.RECEIVED, at=score.acknowledged_at)
    return ScoreStanding(state=ScoreState.SENDING)


def find_badge(
    session: Session, achievement: Achievement, person_id: PersonId | None
) -> EarnedBadge:
    """Return how far the badge has come. Before the award is made it is being signed, too."""
    award = session.scalar(
        select(Award)
        .where(
            Award.person_id == person_id,
            Award.achievement_id == achievement.id,
            Award.duplicate_of_id.is_(None),
        )
        .order_by(Award.withdrawn_at.is_not(None), Award.edition.desc())
        .limit(1)
    )
    state = BadgeState.SIGNING
    if award is not None and award.withdrawn_at is not None:
        state = BadgeState.WITHDRAWN
    elif award is not None and _is_signed(session, award):
        state = BadgeState.VALID
    return EarnedBadge(achievement=achievement, state=state, award=award)


def _is_signed(session: Session, award: Award) -> bool:
    signed = session.scalar(
        select(Credential.id).where(
            Credential.award_id == award.id,
            Credential.revoked_at.is_(None),
            Credential.issued_at.is_not(None),
        )
    )
    return signed is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """What comes seconds after handing in.

    Attributes:
        badge: None where the attempt earned none.
        ways: pathways that the badge is a stone of.
    """

    score: ScoreStanding
    badge: EarnedBadge | None
    ways: tuple[Cairn, ...]

    @property
    def settled(self) -> bool:
        """Tell whether nothing more will come by itself soon."""
        if self.score.state is ScoreState.SENDING:
            return False
        if self.badge is None or self.badge.state is BadgeState.WITHDRAWN:
            return True
        return self.badge.state is BadgeState.VALID

    @property
    def state(self) -> str:
        """Return a word that differs whenever there is something new to show."""
        badge = self.badge.state if self.badge else "none"
        ways = ",".join(f"{way.earned}/{way.needed}/{bool(way.completed_at)}" for way in self.ways)
        return f"{self.score.state} {badge} {ways}"

    @property
    def news(self) -> str:
        """Say what has arrived, for those who do not see it appear."""
        told = []
        if self.score.state is ScoreState.RECEIVED:
            told.append(phrase("The gradebook of your course has your score."))
        if self.badge and self.badge.state is BadgeState.VALID:
            told.append(
                phrase(
                    "Your badge %(name)s is signed.",
                    name=self.badge.achievement.name,
                )
            )
        told += [
            phrase(
                "%(title)s is complete.",
                title=way.title,
            )
            for way in self.ways
            if way.completed_at
        ]
        return joined(told) if told else ""
