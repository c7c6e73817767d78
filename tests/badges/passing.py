"""Somebody who passes again and again: `Course`, and what a registrar keeps."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_tool.assessments.events import AssessmentPassLost
from lti_tool.assessments.models import Attempt
from lti_tool.badges import jobs, reviewing
from lti_tool.badges.details import PLAIN
from lti_tool.badges.events import AwardEarnedAgain
from lti_tool.badges.models import Achievement, Award, Credential
from lti_tool.badges.rules import Cause, CauseKind, ends_at
from lti_tool.badges.services import grant_award
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, AwardId, PersonId, UserId
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.pathways.expression import Earn
from lti_tool.pathways.facts import list_held
from lti_tool.people.services import person_of
from lti_tool.platforms.models import User
from tests.conftest import Worker
from tests.learner import story


def count_earned_again(session: Session, award_id: AwardId) -> int:
    """Return how often it was told that an award is to be counted anew."""
    told = session.execute(
        select(OutboxDelivery.event_id, OutboxDelivery.payload).where(
            OutboxDelivery.event_type == AwardEarnedAgain.__name__
        )
    )
    return len({event_id for event_id, payload in told if payload["award_id"] == str(award_id)})


class Course:
    """A learner who takes an activity whose badge is valid for twelve months."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.here = story.open_university()
        self.id = self.here.institution_id
        self.activity = story.add_activity(self.here, "First aid")
        with transaction(self.id) as session:
            details = replace(PLAIN, valid_months=12).to_json()
            session.execute(update(Achievement).values(details=details))
        self.now = clock.now()
        self.user_id, self.person_id = self.enrol()

    def enrol(self) -> tuple[UserId, PersonId]:
        user_id = story.enrol(self.here)
        with transaction(self.id) as session:
            session.execute(update(User).where(User.id == user_id).values(sis_id=str(user_id)))
            return user_id, person_of(session, user_id)

    def ago(self, days: int) -> datetime:
        return self.now - timedelta(days=days)

    def take(self, *answers: str, user_id: UserId | None = None) -> AttemptId:
        """Hand in, and let nobody hear of it yet: it is told with a day of its own."""
        return story.take(
            self.here, self.activity, user_id or self.user_id, *(answers or ("right", "right"))
        )

    def tell(
        self, attempt_id: AttemptId, days: int, *, person_id: PersonId | None = None
    ) -> AwardId:
        """Award for an attempt that was handed in some days ago."""
        return grant_award(
            self.id,
            person_id or self.person_id,
            self.activity.achievement_id,
            cause=Cause(kind=CauseKind.PASS, id=attempt_id, caused_at=self.ago(days)),
        )

    def lose(self, attempt_id: AttemptId) -> None:
        with transaction(self.id) as session:
            session.execute(update(Attempt).where(Attempt.id == attempt_id).values(passed=False))
        jobs.review_award(
            AssessmentPassLost(
                institution_id=self.id,
                placement_id=self.activity.placement_id,
                assessment_id=self.activity.assessment_id,
                user_id=self.user_id,
                attempt_id=attempt_id,
                lost_at=clock.now(),
            )
        )

    def award(self, award_id: AwardId) -> Award:
        with transaction(self.id) as session:
            return session.scalars(select(Award).where(Award.id == award_id)).one()

    def held(self, person_id: PersonId | None = None) -> list[tuple[int, int | None, str]]:
        """Return how many days ago it was earned, how many days ago it ended, and the grade."""
        stone = Earn(achievement_id=self.activity.achievement_id, grade_at_least=Decimal(0))
        with transaction(self.id) as session:
            found = [one for _, one in list_held(session, stone, [person_id or self.person_id])]
        return sorted(
            (
                (self.now - one.awarded_at).days,
                None if one.valid_until is None else (self.now - one.valid_until).days,
                "none" if one.grade is None else f"{one.grade:.1f}",
            )
            for one in found
        )

    def reviewed(self) -> list[AwardId]:
        with transaction(self.id) as session:
            return [one.award.id for one in reviewing.list_reviews(session)]

    def ends(self, days: int) -> datetime | None:
        return ends_at(self.ago(days), 12)

    def signed(self) -> list[str]:
        """Return until when what is signed and not revoked says that it is valid."""
        with transaction(self.id) as session:
            found = session.scalars(select(Credential).where(Credential.revoked_at.is_(None)))
            return [(one.document or {})["validUntil"] for one in found]


def keep(course: Course) -> None:
    """Decide that the one award whose renewal is lost is kept."""
    with transaction(course.id) as session:
        [review] = reviewing.list_reviews(session)
    reviewing.decide_review(
        course.id, review.review.id, keeps=True, reason="An outage.", actor=audit.CLI
    )
