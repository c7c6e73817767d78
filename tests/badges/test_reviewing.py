"""A pass that is lost puts its badge before a person; nothing is withdrawn by itself."""

import pytest
from sqlalchemy import select, update

from lti_tool.assessments.events import AssessmentPassed, AssessmentPassLost
from lti_tool.assessments.models import Attempt
from lti_tool.assessments.services import Why, delete_attempt, restore_attempt, try_deletion
from lti_tool.badges import awarding, jobs, reviewing
from lti_tool.badges.models import Award
from lti_tool.core import clock
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import new_id
from lti_tool.platforms.models import User
from tests.conftest import Worker
from tests.learner import story

pytestmark = pytest.mark.usefixtures("database")


class Earned:
    """A learner with a badge for a pass."""

    def __init__(self, worker: Worker) -> None:
        self.here = story.open_university()
        self.activity = story.add_activity(self.here, "Counting")
        self.user_id = story.enrol(self.here)
        self.attempt_id = story.take(self.here, self.activity, self.user_id, "right", "right")
        worker.run()

    def passes(self, *, passes: bool) -> None:
        with transaction(self.here.institution_id) as session:
            changed = update(Attempt).where(Attempt.id == self.attempt_id)
            session.execute(changed.values(passed=passes))

    def lose(self) -> None:
        self.passes(passes=False)
        self.hear_loss()

    def hear_loss(self) -> None:
        jobs.review_award(
            AssessmentPassLost(
                institution_id=self.here.institution_id,
                placement_id=self.activity.placement_id,
                assessment_id=self.activity.assessment_id,
                user_id=self.user_id,
                attempt_id=self.attempt_id,
                lost_at=clock.now(),
            )
        )

    def hear_pass(self) -> None:
        jobs.award_for_pass(
            AssessmentPassed(
                institution_id=self.here.institution_id,
                placement_id=self.activity.placement_id,
                edition_id=self.activity.edition_id,
                assessment_id=self.activity.assessment_id,
                user_id=self.user_id,
                attempt_id=self.attempt_id,
                passed_at=clock.now(),
            )
        )

    def reviews(self) -> list[reviewing.OpenReview]:
        with transaction(self.here.institution_id) as session:
            return reviewing.list_reviews(session)

    def award(self) -> Award:
        with transaction(self.here.institution_id) as session:
            return session.scalars(select(Award)).one()


def test_a_lost_pass_is_put_before_a_person_once_and_the_badge_stands(worker: Worker) -> None:
    earned = Earned(worker)

    earned.lose()
    earned.hear_loss()

    [review] = earned.reviews()
    assert review.contact.name == "Amara Nwosu"
    assert earned.award().withdrawn_at is None


def test_another_reason_speaks_for_the_badge(worker: Worker) -> None:
    earned = Earned(worker)
    story.take(earned.here, earned.activity, earned.user_id, "right", "right")
    worker.run()

    earned.lose()

    assert earned.reviews() == []


def test_a_decision_speaks_for_the_badge(worker: Worker) -> None:
    earned = Earned(worker)
    with transaction(earned.here.institution_id) as session:
        session.execute(update(User).values(sis_id="S1"))
    awarding.award_by_hand(
        earned.here.institution_id,
        earned.activity.achievement_id,
        who="S1",
        reason="Shown in class",
        decision_id=new_id(),
        actor=SYSTEM,
    )

    earned.lose()

    assert earned.reviews() == []


def test_a_pass_that_comes_back_settles_the_review(worker: Worker) -> None:
    earned = Earned(worker)
    earned.lose()

    earned.passes(passes=True)
    earned.hear_pass()

    assert earned.reviews() == []


def test_a_pass_that_is_lost_before_it_is_heard_of_earns_nothing(worker: Worker) -> None:
    earned = Earned(worker)
    other = story.enrol(earned.here, "Linh Dang")
    earned.attempt_id = story.take(earned.here, earned.activity, other, "right", "right")
    earned.user_id = other
    earned.passes(passes=False)

    worker.run()

    assert earned.award().withdrawn_at is None  # the first learner's, the only one


def test_another_institutions_review_is_not_found(worker: Worker) -> None:
    earned, elsewhere = Earned(worker), story.open_university()
    earned.lose()
    [review] = earned.reviews()

    with pytest.raises(NotFoundError):
        reviewing.decide_review(
            elsewhere.institution_id, review.review.id, keeps=False, reason="x", actor=SYSTEM
        )


@pytest.mark.parametrize("keeps", [True, False])
def test_what_is_decided_closes_the_review(worker: Worker, *, keeps: bool) -> None:
    earned = Earned(worker)
    earned.lose()
    [review] = earned.reviews()

    for _ in range(2):
        reviewing.decide_review(
            earned.here.institution_id, review.review.id, keeps=keeps, reason="x", actor=SYSTEM
        )

    assert earned.reviews() == []
    assert (earned.award().withdrawn_at is None) == keeps


def test_a_deleted_pass_speaks_for_nothing_until_it_is_back(worker: Worker) -> None:
    earned = Earned(worker)
    here, attempt_id = earned.here.institution_id, earned.attempt_id
    placement_id, why = earned.activity.placement_id, Why(SYSTEM, "A test run")
    with transaction(here) as session:
        assert reviewing.rests_on(session, attempt_id)
        digest = try_deletion(session, placement_id, attempt_id).digest

    delete_attempt(here, placement_id, attempt_id, why, digest=digest)
    worker.run()

    with transaction(here) as session:
        [found] = reviewing.list_reviews(session)
        assert found.award.withdrawn_at is None
    earned.hear_pass()  # an event that comes late
    with transaction(here) as session:
        assert len(reviewing.list_reviews(session)) == 1
    restore_attempt(here, placement_id, attempt_id, why)
    worker.run()
    with transaction(here) as session:
        assert reviewing.list_reviews(session) == []
