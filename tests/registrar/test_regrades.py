"""A newer edition for all courses at once, at the desk: looked at, decided, told to who teaches."""

import re
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient

from lti_tool.assessments import queries
from lti_tool.assessments.conditions import Limits, Shown
from lti_tool.assessments.services import bind_placement, create_placement
from lti_tool.badges import services as badges
from lti_tool.badges.artwork import Artwork, Field, Outline
from lti_tool.badges.rules import AchievementDraft, AchievementType
from lti_tool.core.db import transaction
from lti_tool.core.ids import AssessmentId, PlacementId
from lti_tool.people.staff_session import COOKIE
from tests.administration.staff import Office, office
from tests.assessments.conftest import put_cookie, visit
from tests.assessments.factories import University, course, link, placed, university
from tests.assessments.services.test_regrading import corrected, take
from tests.conftest import Worker


@dataclass(frozen=True, kw_only=True)
class Term:
    """An issuer at the desk, and a course that has an assessment with a badge."""

    desk: Office
    place: University
    assessment_id: AssessmentId
    placement_id: PlacementId

    @property
    def path(self) -> str:
        return f"assessments/{self.assessment_id}/regrade"

    def ask(self, worker: Worker) -> str:
        """Have it looked at; return the address below the desk."""
        answer = self.desk.post(self.path, page=self.path)
        assert answer.status_code == 303
        worker.run()
        return str(answer.location).partition(f"/desk/{self.place.slug}/")[2]


@pytest.fixture
def term(client: FlaskClient, database: object) -> Term:  # noqa: ARG001 - the rows
    place = university()
    placement_id = placed(place)
    context_id = course(place)
    link_id = link(place, context_id)
    with transaction(place.id) as session:
        placement = bind_placement(session, placement_id, link_id, context_id)
        assessment_id = queries.get_edition(session, placement.edition_id).assessment_id
    badges.publish_achievement(
        place.id,
        AchievementDraft(
            name="Judges",
            description="Judges figures.",
            criteria="Pass.",
            achievement_type=AchievementType.MICRO_CREDENTIAL,
            artwork=Artwork(outline=Outline.STONE, field=Field.STATISTICS, level=2),
            assessment_id=assessment_id,
        ),
    )
    return Term(
        desk=office(client, "issuer", institution_id=place.id, slug=place.slug),
        place=place,
        assessment_id=assessment_id,
        placement_id=placement_id,
    )


def figures(page: str) -> dict[str, str]:
    """Return the page's tiles."""
    found = re.findall(r"<dt>([^<]+)</dt>\s*<dd>([^<]+)</dd>", page)
    return {text.strip(): figure.strip() for text, figure in found}


def test_an_issuer_looks_decides_and_each_instructor_is_told(
    term: Term, worker: Worker, client: FlaskClient
) -> None:
    for letters in ("ada", "aba"):
        take(term.place, term.placement_id, letters)
    worker.run()
    assert "Every course uses the newest edition" in term.desk.get(term.path).text
    corrected(term.place, term.placement_id, "adc")
    whole = term.desk.get(f"assessments/{term.assessment_id}").text
    assert "Some courses use an earlier edition" in whole
    assert "1 activity uses an earlier edition" in term.desk.get(term.path).text

    run = term.ask(worker)
    page = term.desk.get(run).text

    assert figures(page) == {
        "attempts looked at": "2",
        "results would change": "2",
        "badge would be earned": "1",
        "badge would go to review": "1",
    }
    assert term.desk.get(f"{run}/state").get_json()["settled"]
    assert term.desk.post(run, page=run, reason=" ").status_code == 400
    assert term.desk.post(run, page=run, reason="Key of question 2").status_code == 303
    assert "0 of 1 activities" in term.desk.get(run).text
    worker.run()
    told = term.desk.get(run).text
    assert "1 activity is scored by this edition; 2 results changed." in told
    assert "Key of question 2" in term.desk.get(term.path).text

    arrived = visit(term.place, term.placement_id, roles=("instructor",))
    put_cookie(client, arrived)
    taught = client.get(f"/l/{arrived.launch_id}/placement").text
    assert "Your institution had this scored by edition 2" in taught
    assert "Key of question 2" in taught
    assert "2 results changed by it." in taught


def test_what_else_changes_is_told_before_afterwards_and_to_who_teaches(
    term: Term, worker: Worker, client: FlaskClient
) -> None:
    looser = Limits(minutes=60, key_shown=Shown.AT_ONCE)
    second = create_placement(
        term.place.id,
        corrected(term.place, term.placement_id, "abc", limits=Limits(minutes=90)),
        context_id=None,
        created_by=None,
        title="Once more",
    )
    context_id = course(term.place)
    link_id = link(term.place, context_id)
    with transaction(term.place.id) as session:
        bind_placement(session, second, link_id, context_id)
    corrected(term.place, term.placement_id, "adc", limits=looser)
    stays = "The edition would show learners the right answers earlier. Here it stays as it is"

    run = term.ask(worker)
    page = term.desk.get(run).text

    assert "What else changes" in page
    assert "New attempts get a limit of minutes: 60." in page
    assert "The minutes for a new attempt change from 90 to 60." in page
    assert page.count("In 1 of 2 activities") == 2
    assert page.count(stays) == 1
    term.desk.post(run, page=run, reason="Key of question 2")
    worker.run()
    done = term.desk.get(run).text
    assert "What else changed" in done
    assert stays in done
    arrived = visit(term.place, term.placement_id, roles=("instructor",))
    put_cookie(client, arrived)
    taught = client.get(f"/l/{arrived.launch_id}/placement").text
    assert stays in taught
    assert "New attempts get a limit of minutes: 60." in taught


def test_what_somebody_did_meanwhile_is_told_at_the_course(term: Term, worker: Worker) -> None:
    corrected(term.place, term.placement_id, "adc")
    run = term.ask(worker)
    take(term.place, term.placement_id, "ada")

    term.desk.post(run, page=run, reason="Key of question 2")
    worker.run()

    page = term.desk.get(run).text
    assert "Left alone" in page
    assert "Learners handed in, answers were marked, or rules changed meanwhile." in page
    assert "Look again at what is left" in page


def test_neither_a_registrar_nor_another_institution_gets_there(
    term: Term, worker: Worker, client: FlaskClient
) -> None:
    corrected(term.place, term.placement_id, "adc")
    run = term.ask(worker)

    elsewhere = office(client, "issuer")
    for path in (term.path, run, f"{run}/state"):
        assert elsewhere.get(path).status_code == 404
    own = "assessments"
    assert elsewhere.post(term.path, page=own).status_code == 404
    assert elsewhere.post(run, page=own, reason="x").status_code == 404
    client.delete_cookie(COOKIE)
    registrar = office(client, "registrar", institution_id=term.place.id, slug=term.place.slug)
    assert registrar.get(run).status_code == 403


def test_a_reason_that_no_text_can_hold_is_refused(term: Term, worker: Worker) -> None:
    corrected(term.place, term.placement_id, "adc")
    run = term.ask(worker)

    for reason in ("x\0y", "x" * 1001):
        assert term.desk.post(run, page=run, reason=reason).status_code == 400
