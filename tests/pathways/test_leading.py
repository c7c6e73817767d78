"""What a badge counts toward is on its pages, and nothing of who holds it."""

import json
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, select

from lti_tool.badges import services as badges
from lti_tool.badges.models import Award
from lti_tool.badges.stacking import Larger
from lti_tool.core.audit import CLI
from lti_tool.core.db import transaction
from lti_tool.core.ids import AchievementId, PersonId
from lti_tool.pathways import services
from lti_tool.pathways.expression import AllOf, Earn
from lti_tool.pathways.leading import list_larger
from lti_tool.pathways.models import Pathway
from tests.badges import factories
from tests.badges.factories import Place
from tests.conftest import Worker


@pytest.fixture
def at(database: Connection) -> Place:  # noqa: ARG001 - its rows go with the test
    return factories.place()


def lead(at: Place, title: str, *stones: AchievementId) -> AchievementId:
    """Publish a pathway of these stones; returns what it awards."""
    top = factories.another_achievement(at, title).achievement_id
    parts = tuple(Earn(achievement_id=stone) for stone in stones)
    draft = services.PathwayDraft(title=title, achievement_id=top, expression=AllOf(parts=parts))
    services.publish_pathway(at.institution_id, draft)
    return top


def larger(
    at: Place, achievement_id: AchievementId, person_id: PersonId | None = None
) -> tuple[Larger, ...]:
    with transaction(at.institution_id) as session:
        return list_larger(session, [achievement_id], person_id)[achievement_id]


def test_the_nearest_comes_first_and_each_once(at: Place) -> None:
    other = factories.another_achievement(at, "Ethics").achievement_id
    first = lead(at, "Certificate A", at.achievement_id, other)
    second = lead(at, "Certificate B", at.achievement_id)
    lead(at, "Degree", first, second, at.achievement_id)
    lead(at, "Elsewhere", other)

    assert [(one.name, one.is_beyond) for one in larger(at, at.achievement_id)] == [
        ("Certificate A", False),
        ("Certificate B", False),
        ("Degree", False),
    ]
    assert [(one.name, one.is_beyond) for one in larger(at, other)] == [
        ("Certificate A", False),
        ("Elsewhere", False),
        ("Degree", True),
    ]


def test_what_no_pathway_names_counts_toward_nothing(at: Place) -> None:
    assert larger(at, at.achievement_id) == ()


def test_whoever_is_on_an_older_version_is_told_of_that_one(at: Place, worker: Worker) -> None:
    top = lead(at, "Certificate", at.achievement_id)
    factories.issue(at)
    worker.run()
    other = factories.another_achievement(at, "Ethics").achievement_id
    with transaction(at.institution_id) as session:
        pathway_id = session.scalars(select(Pathway.id)).one()
    services.publish_version(at.institution_id, pathway_id, Earn(achievement_id=other))

    assert [one.achievement_id for one in larger(at, at.achievement_id, at.person_id)] == [top]
    assert larger(at, at.achievement_id) == ()


def test_a_badges_own_pages_tell_it_and_those_of_a_revoked_one_do_not(
    at: Place, client: FlaskClient
) -> None:
    certificate = lead(at, "Certificate in Numbers", at.achievement_id)
    lead(at, "Degree of Numbers", certificate)
    shared = share(at)
    achievement = f"/i/northfell/achievements/{at.achievement_id}"
    document = client.get(f"{shared}.json").data

    def pages() -> list[str]:
        sent = {"file": (BytesIO(document), "badge.json")}
        return [client.get(shared).text, client.post("/verify", data=sent).text]

    of_all = client.get(achievement, headers={"Accept": "text/html"}).text
    for page in (of_all, *pages()):
        assert f'/achievements/{certificate}">Certificate in Numbers</a>' in page
        assert "Degree of Numbers" in page
        assert "Stackable towards" not in page
    for page in pages():
        assert "Unsupervised, identity not verified" in page
        assert "Passes the assessment, 18 questions in 40 minutes." in page

    with transaction(at.institution_id) as session:
        award_id = session.scalars(select(Award.id)).one()
    badges.withdraw_award(at.institution_id, award_id, reason="wrong", actor=CLI)

    for page in pages():
        assert "Revoked: do not rely on it" in page
        assert "Certificate in Numbers" not in page


def test_of_a_changed_file_nothing_is_told_but_that_it_was_changed(
    at: Place, client: FlaskClient
) -> None:
    lead(at, "Certificate in Numbers", at.achievement_id)
    document = json.loads(client.get(f"{share(at)}.json").data)
    document["credentialSubject"]["achievement"]["criteria"]["narrative"] = "Breathes."

    sent = {"file": (BytesIO(json.dumps(document).encode()), "badge.json")}
    page = client.post("/verify", data=sent).text

    assert "Not genuine" in page
    assert "Certificate in Numbers" not in page
    assert "Breathes." not in page


def share(at: Place) -> str:
    """Issue and share a badge; returns the path of the link."""
    token = badges.share(
        at.institution_id,
        factories.issue(at),
        person_id=at.person_id,
        shows=factories.SHOWS_NOTHING,
    )
    return f"/i/northfell/shared/{token}"
