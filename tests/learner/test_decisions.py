"""What learners read of decisions about them: what and when, never whose words."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from lti_tool.badges import services as badges
from lti_tool.badges.models import Award
from lti_tool.core import audit
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId
from lti_tool.learner.queries.decisions import _ACTS, Told, list_decisions
from lti_tool.pathways import deciding, jobs, sweeping
from lti_tool.pathways.deciding import Decision
from lti_tool.pathways.expression import from_json, stones
from lti_tool.pathways.queries import get_newest_version
from lti_tool.pathways.stand import LapsePolicy
from lti_tool.people import merging
from lti_tool.people.models import PersonUser
from lti_tool.registrar.sentences import DECISIVE
from tests.conftest import Worker
from tests.learner import story
from tests.learner.story import University
from tests.pathways import records

SECRET = "Dr Quill found the portfolio convincing."


def because() -> Decision:
    return Decision(id=uuid4(), reason=SECRET, actor=audit.CLI)


def told(place: records.University, person_id: PersonId) -> list[Told]:
    with transaction(place.id) as session:
        return list_decisions(session, person_id)


@pytest.mark.usefixtures("database")
def test_each_decision_is_told_with_what_it_is_about() -> None:
    place = records.university()
    pathway_id = place.pathway("Certificate", ["Ethics", "Data"])
    ada = place.person()
    ethics = place.grant(ada, "Ethics")
    jobs.count_award(ethics)
    with transaction(place.id) as session:
        version = get_newest_version(session, pathway_id)
    _, data = stones(from_json(version.expression))
    ruling = deciding.waive(place.id, pathway_id, ada, data.id, decision=because())
    deciding.undo_ruling(place.id, ruling, decision=because())
    badges.withdraw_award(place.id, ethics.award_id, reason=SECRET, actor=SYSTEM)
    badges.restore_award(
        place.id, ethics.award_id, decision_id=uuid4(), reason=SECRET, actor=audit.CLI
    )

    found = told(place, ada)

    assert [one.text for one in found] == [
        "Ethics was given back to you",
        "Ethics was withdrawn",
        "What was decided about Data on Certificate holds no longer",
        "You need not meet this on Certificate: Data",
    ]
    assert [one.by_rule for one in found] == [False, True, False, False]
    assert all(one.at <= datetime.now(UTC) for one in found)
    assert told(place, place.person()) == []


@pytest.mark.usefixtures("database")
def test_a_lapsed_certificate_that_is_withdrawn_is_told_once(worker: Worker) -> None:
    place = records.university()
    pathway_id, ada = place.pathway("Certificate", ["Ethics"]), place.person()
    sweeping.set_lapse_policy(
        place.id, pathway_id, LapsePolicy.REVIEW, notice_days=0, decision=because()
    )
    ethics = place.grant(ada, "Ethics")
    jobs.count_award(ethics)
    worker.run()
    jobs.uncount_award(place.withdraw(ethics))
    [lapsed] = place.completions(pathway_id, ada)

    sweeping.settle_lapse(place.id, lapsed.id, withdraws=True, decision=because())

    assert [one.text for one in told(place, ada)] == [
        "Your certificate of Certificate was withdrawn, since a part of it fell away"
    ]


@pytest.mark.usefixtures("database")
def test_accounts_that_were_merged_by_their_number_are_no_pathways_doing() -> None:
    place = records.university()
    ada, again = place.person(), place.person()
    kept_id = merging.merge(place.id, ada, again, merge_id=uuid4(), actor=SYSTEM, reason=None)

    [found] = told(place, kept_id)

    assert found.text == "What you did under another account is counted here, too"
    assert not found.by_rule


def test_every_decision_about_a_learner_has_words_for_them() -> None:
    # That somebody is not another person is no decision about what they have.
    assert set(_ACTS) == DECISIVE - {"keep_people_apart"}


def test_learners_find_it_on_their_pathways_without_the_words_of_staff(
    client: FlaskClient, here: University, worker: Worker
) -> None:
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    story.make_pathway(here, "Numbers", activity.achievement_id)
    url = story.visit(client, here, user_id, activity.link_id)
    before = client.get(f"{url}/pathways").text
    story.take(here, activity, user_id, "right", "right")
    worker.run()
    with transaction(here.institution_id) as session:
        person_id = session.scalars(select(PersonUser.person_id)).one()
        award_id = session.scalars(
            select(Award.id).where(
                Award.person_id == person_id, Award.achievement_id == activity.achievement_id
            )
        ).one()
    badges.withdraw_award(here.institution_id, award_id, reason=SECRET, actor=audit.CLI)

    page = client.get(f"{url}/pathways").text

    assert "What was decided about you" not in before
    assert "What was decided about you (1)" in page
    assert "Counting was withdrawn." in page
    assert "The registrar's office of Northfell University" in page.replace("&#39;", "'")
    assert "Quill" not in page
