"""An award that is earned again counts again: later, for longer, with its better grade."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from lti_tool.assessments.services import Why, delete_attempt, restore_attempt, try_deletion
from lti_tool.badges.details import PLAIN
from lti_tool.badges.models import Achievement
from lti_tool.badges.rules import Cause, CauseKind
from lti_tool.badges.services import grant_award, withdraw_award
from lti_tool.core import audit as trail
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import AwardId, PathwayId, PersonId, UserId
from lti_tool.pathways import deciding, services, sweeping
from lti_tool.pathways.audit import Audit, audit
from lti_tool.pathways.case import case_document, evaluate_case, read_case
from lti_tool.pathways.deciding import Decision
from lti_tool.pathways.expression import AllOf, Earn, stones
from lti_tool.pathways.foresight import get_case
from lti_tool.pathways.services import PathwayDraft
from lti_tool.pathways.stand import LapsePolicy
from lti_tool.people.models import PersonUser
from tests.conftest import Worker
from tests.learner import story
from tests.pathways.records import University, university


@pytest.fixture
def place(worker: Worker) -> University:  # noqa: ARG001 - it does what is announced
    """An institution with First aid, valid for twelve months, and Ethics, for good."""
    place = university()
    place.achievement("First aid")
    details = replace(PLAIN, valid_months=12).to_json()
    with transaction(place.id) as session:
        session.execute(update(Achievement).values(details=details))
    place.achievement("Ethics")
    return place


def earn(place: University, person_id: PersonId, name: str, at: datetime) -> AwardId:
    cause = Cause(kind=CauseKind.PATHWAY, id=uuid4(), caused_at=at)
    return grant_award(place.id, person_id, place.achievements[name], cause=cause)


def audited(place: University, pathway_id: PathwayId) -> Audit:
    with transaction(place.id) as session:
        return audit(session, pathway_id)


def test_what_expired_is_there_again_when_it_is_passed_again(
    place: University, worker: Worker
) -> None:
    pathway_id, ada = place.pathway("Lifeguard", ["First aid", "Ethics"]), place.person()
    now = clock.now()
    earn(place, ada, "First aid", now - timedelta(days=800))
    earn(place, ada, "Ethics", now - timedelta(days=10))
    worker.run()
    assert place.progress(pathway_id, ada).missing == 1

    earn(place, ada, "First aid", now - timedelta(days=5))
    worker.run()

    progress = place.progress(pathway_id, ada)
    assert progress.missing == 0
    # Not since it was first earned: it had expired when all the rest came.
    assert progress.completed_at == now - timedelta(days=5)
    assert audited(place, pathway_id) == Audit(learners=1, disagreements=())
    with transaction(place.id) as session:
        case = get_case(session, pathway_id, ada)
    again = evaluate_case(read_case(json.dumps(case_document(case))))
    assert again["done"]
    assert [stone["until"] is None for stone in again["reasons"]["parts"]] == [False, True]


def test_what_stands_in_anothers_place_is_counted_anew_when_renewed_and_when_withdrawn(
    place: University, worker: Worker
) -> None:
    pathway_id, ada = place.pathway("Lifeguard", ["Rescue", "Ethics"]), place.person()
    now = clock.now()
    first_aid = earn(place, ada, "First aid", now - timedelta(days=800))
    earn(place, ada, "Ethics", now - timedelta(days=10))
    worker.run()
    with transaction(place.id) as session:
        rescue = next(stones(get_case(session, pathway_id, ada).expression))
    decision = Decision(id=uuid4(), reason="Shown in a portfolio.", actor=trail.CLI)
    deciding.waive(place.id, pathway_id, ada, rescue.id, decision=decision, award_id=first_aid)
    worker.run()
    assert place.progress(pathway_id, ada).missing == 1

    earn(place, ada, "First aid", now - timedelta(days=5))
    worker.run()

    assert place.progress(pathway_id, ada).missing == 0
    assert audited(place, pathway_id) == Audit(learners=1, disagreements=())

    withdraw_award(place.id, first_aid, reason="Plagiarism.", actor=trail.CLI)
    worker.run()

    assert place.progress(pathway_id, ada).missing == 1
    [completion] = place.completions(pathway_id, ada)
    assert completion.lapsed_at is not None
    assert audited(place, pathway_id) == Audit(learners=1, disagreements=())


@pytest.mark.parametrize("policy", LapsePolicy)
def test_a_completion_outlives_the_end_of_a_part_that_was_renewed_in_time(
    place: University, worker: Worker, policy: LapsePolicy
) -> None:
    pathway_id, ada = place.pathway("Lifeguard", ["First aid", "Ethics"]), place.person()
    decision = Decision(id=uuid4(), reason="Senate, 3 May.", actor=trail.CLI)
    sweeping.set_lapse_policy(place.id, pathway_id, policy, notice_days=0, decision=decision)
    now = clock.now()
    earn(place, ada, "First aid", now - timedelta(days=700))
    for days in (400, 100):
        earn(place, ada, "First aid", now - timedelta(days=days))
    earn(place, ada, "Ethics", now - timedelta(days=600))
    worker.run()

    [completion] = place.completions(pathway_id, ada)

    assert completion.completed_at == now - timedelta(days=600)
    assert completion.lapsed_at is None
    assert audited(place, pathway_id) == Audit(learners=1, disagreements=())


def honours() -> tuple[story.University, story.Activity, UserId, University, PathwayId]:
    """Let a learner enrol where a pathway asks for nine tenths of an activity's points."""
    here = story.open_university()
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    place = University(here.institution_id)
    stone = Earn(achievement_id=activity.achievement_id, grade_at_least=Decimal("0.9"))
    draft = PathwayDraft(
        title="Honours",
        achievement_id=place.achievement("Honours"),
        expression=AllOf(parts=(stone,)),
    )
    pathway_id = services.publish_pathway(here.institution_id, draft)
    return here, activity, user_id, place, pathway_id


def test_a_better_pass_counts_where_a_grade_is_asked_for(worker: Worker) -> None:
    here, activity, user_id, place, pathway_id = honours()
    story.take(here, activity, user_id, "right", "wrong")
    worker.run()
    with transaction(here.institution_id) as session:
        person_id = session.scalars(select(PersonUser.person_id)).one()
    assert place.progress(pathway_id, person_id).missing == 1

    story.take(here, activity, user_id, "right", "right")
    worker.run()

    assert place.progress(pathway_id, person_id).missing == 0
    assert audited(place, pathway_id) == Audit(learners=1, disagreements=())


def test_a_better_pass_that_is_lost_counts_no_longer_and_does_when_it_is_back(
    worker: Worker,
) -> None:
    here, activity, user_id, place, pathway_id = honours()
    story.take(here, activity, user_id, "right", "wrong")
    better = story.take(here, activity, user_id, "right", "right")
    worker.run()
    with transaction(here.institution_id) as session:
        person_id = session.scalars(select(PersonUser.person_id)).one()
    assert place.progress(pathway_id, person_id).missing == 0
    why = Why(trail.SYSTEM, "A test run")
    with transaction(here.institution_id) as session:
        digest = try_deletion(session, activity.placement_id, better).digest

    delete_attempt(here.institution_id, activity.placement_id, better, why, digest=digest)
    worker.run()
    assert place.progress(pathway_id, person_id).missing == 1

    restore_attempt(here.institution_id, activity.placement_id, better, why)
    worker.run()
    assert place.progress(pathway_id, person_id).missing == 0
    assert audited(place, pathway_id) == Audit(learners=1, disagreements=())
