from dataclasses import replace
from decimal import Decimal

import pytest

from lti_tool.assessments.events import AssessmentPassed
from lti_tool.assessments.models import Attempt, Edition, Placement
from lti_tool.badges import jobs, services
from lti_tool.core import audit, clock, outbox
from lti_tool.core.db import transaction
from lti_tool.core.ids import AssessmentId, AttemptId, EditionId, PlacementId, new_id
from tests.badges.factories import DRAFT, Place, assessment, grant, held_badges, place
from tests.badges.test_issuing import credentials, revoked_bits
from tests.conftest import Worker

pytestmark = pytest.mark.usefixtures("database")


def a_pass(at: Place, *, gives_badge: bool = True, earns: bool = True) -> AssessmentPassed:
    assessment_id = assessment(at)
    if earns:
        services.publish_achievement(
            at.institution_id, replace(DRAFT, name="Earned", assessment_id=assessment_id)
        )
    placement_id = placement(at, assessment_id, gives_badge=gives_badge)
    return AssessmentPassed(
        institution_id=at.institution_id,
        placement_id=placement_id[0],
        edition_id=placement_id[1],
        assessment_id=assessment_id,
        user_id=at.user_id,
        attempt_id=attempt(at, *placement_id),
        passed_at=clock.now(),
    )


def attempt(at: Place, placement_id: PlacementId, edition_id: EditionId) -> AttemptId:
    """Leave an attempt that passes."""
    now = clock.now()
    with transaction(at.institution_id) as session:
        row = Attempt(
            id=AttemptId(new_id()),
            placement_id=placement_id,
            edition_id=edition_id,
            user_id=at.user_id,
            number=1,
            form=[],
            started_at=now,
            submitted_at=now,
            ended_by="learner",
            points_earned=Decimal(1),
            points_possible=Decimal(1),
            passed=True,
        )
        session.add(row)
    return row.id


def placement(
    at: Place, assessment_id: AssessmentId, *, gives_badge: bool
) -> tuple[PlacementId, EditionId]:
    with transaction(at.institution_id) as session:
        edition = Edition(
            id=EditionId(new_id()),
            assessment_id=assessment_id,
            number=1,
            title="Statistics",
            summary="",
            pass_mark=Decimal("0.7"),
        )
        session.add(edition)
        session.flush()  # the placement refers to it
        placed = Placement(
            id=PlacementId(new_id()),
            edition_id=edition.id,
            title="Statistics",
            gives_badge=gives_badge,
            created_at=clock.now(),
        )
        session.add(placed)
    return placed.id, edition.id


def test_a_pass_earns_the_assessments_achievement_once() -> None:
    at = place()
    event = a_pass(at)

    jobs.award_for_pass(event)
    jobs.award_for_pass(event)

    (held,) = held_badges(at)
    assert (held.name, held.awarded_at) == ("Earned", event.passed_at)


def test_a_placement_may_go_without_a_badge() -> None:
    at = place()

    jobs.award_for_pass(a_pass(at, gives_badge=False))

    assert held_badges(at) == []


def test_an_assessment_without_an_achievement_earns_nothing() -> None:
    at = place()

    jobs.award_for_pass(a_pass(at, earns=False))

    assert held_badges(at) == []


def test_from_the_pass_to_the_signed_badge(worker: Worker) -> None:
    at = place()
    event = a_pass(at)

    with transaction(at.institution_id) as session:
        outbox.record(session, event)
    worker.run()

    (held,) = held_badges(at)
    assert held.issued_at is not None


def test_a_granted_award_is_signed_and_a_withdrawn_one_is_published_as_revoked(
    worker: Worker,
) -> None:
    at = place()
    award_id = grant(at)
    worker.run()
    assert held_badges(at)[0].issued_at is not None

    services.withdraw_award(at.institution_id, award_id, reason="Mistake", actor=audit.SYSTEM)
    worker.run()

    assert revoked_bits(at) == {credentials(at)[0].status_index}


def test_withdrawn_before_it_was_signed_it_is_never_signed(worker: Worker) -> None:
    at = place()
    award_id = grant(at)
    services.withdraw_award(at.institution_id, award_id, reason="Mistake", actor=audit.SYSTEM)

    worker.run()

    assert credentials(at) == []
