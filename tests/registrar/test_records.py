"""One person's record over all platforms, and how people are found."""

import re
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, select, text, update

from lti_tool.assessments.services import open_attempt, submit_attempt
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId, UserId
from lti_tool.grading.models import DesiredScore
from lti_tool.people.models import PersonUser, UserWord
from lti_tool.people.queries import search_people
from lti_tool.people.rules import search_words
from lti_tool.platforms.models import User
from lti_tool.platforms.services import Endpoints, add_deployment, add_registration
from tests.assessments import factories
from tests.registrar.desk import STONES, Desk, open_desk
from tests.registrar.test_routes import rows_of


@pytest.fixture
def desk(client: FlaskClient) -> Desk:  # noqa: ARG001 - binds the database
    return open_desk()


def with_medicine(desk: Desk, person_id: PersonId) -> factories.University:
    """Give somebody a second account, at a Moodle with an attempt and its score."""
    issuer = f"https://{desk.slug}.moodle.example"
    registration_id = add_registration(
        issuer=issuer,
        client_id="cairn",
        name="Moodle of Medicine",
        endpoints=Endpoints(
            auth_url=f"{issuer}/auth", token_url=f"{issuer}/token", jwks_url=f"{issuer}/jwks"
        ),
    )
    place = factories.University(
        id=desk.university.id,
        slug=desk.slug,
        deployment_id=add_deployment(registration_id, "1", desk.university.id),
    )
    placement_id = factories.placed(place)
    now = clock.now()
    with transaction(desk.university.id) as session:
        user = User(issuer=issuer, subject="med-7", name="T. Herrera", sis_id="M-77")
        session.add(user)
        session.flush()  # before what refers to it
        user_id = UserId(user.id)
        session.add(PersonUser(id=user_id, person_id=person_id, linked_at=now))
    attempt_id = open_attempt(desk.university.id, placement_id, user_id)
    submit_attempt(desk.university.id, attempt_id, user_id=user_id)
    with transaction(desk.university.id) as session:
        session.add(
            DesiredScore(
                registration_id=registration_id,
                placement_id=placement_id,
                user_id=user_id,
                subject="med-7",
                line_item_url=f"{issuer}/items/1",
                given=Decimal("88.9"),
                maximum=Decimal(100),
                result_version=1,
                changed_at=now,
                acknowledged_version=1,
                acknowledged_at=now,
            )
        )
    return place


def test_a_record_joins_what_all_platforms_know_of_a_person(
    client: FlaskClient, desk: Desk
) -> None:
    person = desk.learner("Tomás Herrera", *STONES[:2], sis_id="2611-0093")
    with_medicine(desk, person)
    stranger = desk.learner("Linh Đặng", STONES[2])
    desk.enter(client, "registrar")

    page = client.get(f"{desk.path}/people/{person}").text

    assert "Known from 2 accounts." in page
    assert "2611-0093" in page
    assert "M-77" in page
    assert "Linh" not in page
    [attempt] = rows_of(page)
    assert "Moodle of Medicine" in attempt
    assert "0 of 3 Not passed" in attempt
    assert "88.9 of 100 In the gradebook Acknowledged" in attempt
    assert "score acknowledged by Moodle of Medicine" in page
    other = client.get(f"{desk.path}/people/{stranger}").text
    assert "No attempt yet." in other
    assert "Known from 1 account." in other


def test_a_record_names_whoever_acted_in_a_course(client: FlaskClient, desk: Desk) -> None:
    person = desk.learner("Tomás", STONES[0])
    with transaction(desk.university.id) as session:
        teacher = User(issuer="https://lms.example", subject="t-1", name="Mirela Dragomir")
        session.add(teacher)
        session.flush()
        audit.record(
            session,
            actor=audit.Actor("user", teacher.id),
            act="merge_people",
            object_kind="person",
            object_id=person,
        )
    desk.enter(client, "registrar")

    page = client.get(f"{desk.path}/people/{person}").text

    assert "Mirela Dragomir" in page
    assert "somebody in a course" not in page


def test_a_record_says_why_in_words_requirement_by_requirement(
    client: FlaskClient, desk: Desk
) -> None:
    person = desk.learner("Tomás", *STONES[:2])
    desk.enter(client, "registrar")

    page = client.get(f"{desk.path}/people/{person}").text

    reasons = page.partition("<details>")[2].partition("</details>")[0]
    words = " ".join(re.sub(r"<[^>]+>", " ", reasons).split())
    assert words == (
        "Why , Data literacy Open: All of these: 2 of 3. "
        "Met: Reading statistics: held since 2 March 2026. "
        "Met: Research data: held since 2 March 2026. "
        "Open: Consent: not held yet."
    )


def test_people_are_found_by_name_number_and_address_whatever_the_accents(desk: Desk) -> None:
    tomas = desk.learner("Tomás Herrera Quiroga", email="T.Herrera@x.example", sis_id="2611-0093")
    linh = desk.learner("Linh Đặng", sis_id="2611-0427")
    desk.learner(None)

    def found(words: str) -> list[PersonId]:
        with transaction(desk.university.id) as session:
            return search_people(session, words, limit=10)

    for words in (
        "tomas",
        "QUIR her",
        "26110093",
        "2611-0093",
        "t.herrera",
        "t.herrera@x.example",
    ):
        assert found(words) == [tomas], words
    assert found("đang") == [linh]
    assert found("2611") == [linh, tomas]
    # A word in the middle, half the university's domain, nothing at all, what only looks special.
    for words in ("errera", "example", "", " - ", "%", "tomas linh"):
        assert found(words) == [], words


def test_words_follow_a_name_that_changes(desk: Desk) -> None:
    person = desk.learner("Tomás Herrera")
    with transaction(desk.university.id) as session:
        session.execute(update(User).values(name="Tomás Vidal"))

    with transaction(desk.university.id) as session:
        assert search_people(session, "vidal", limit=2) == [person]
        assert search_people(session, "herrera", limit=2) == []
        assert set(session.scalars(select(UserWord.word))) == {"tomas", "vidal"}


def test_nobody_of_another_institution_is_found(client: FlaskClient, desk: Desk) -> None:
    other = open_desk()
    other.learner("Amara Nwosu")
    desk.enter(client, "registrar")

    assert "Nobody is found by “amara”" in client.get(f"{desk.path}/people?q=amara").text


def test_search_pages_follow_by_name_without_gap_or_repetition(
    client: FlaskClient, desk: Desk
) -> None:
    names = [f"Sam {chr(97 + number % 26)}{number:02}" for number in range(53)]
    for name in names:
        desk.learner(name)
    desk.enter(client, "registrar")

    seen: list[str] = []
    url: str | None = f"{desk.path}/people?q=sam"
    while url:
        page = client.get(url).text
        seen += [row[:7] for row in rows_of(page)]
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = following and following[1].replace("&amp;", "&")

    assert seen == sorted(names)


@pytest.mark.parametrize("query", ["after=x", f"q={'x' * 201}"])
def test_a_search_that_makes_no_sense_is_refused(
    client: FlaskClient, desk: Desk, query: str
) -> None:
    desk.enter(client, "registrar")

    assert client.get(f"{desk.path}/people?{query}").status_code == 400


def test_the_search_may_use_its_index_beneath_row_level_security(database: Connection) -> None:
    leakproof = database.execute(
        text("SELECT proname FROM pg_proc WHERE proname IN ('text_ge', 'text_lt') AND proleakproof")
    )

    assert {row.proname for row in leakproof} == {"text_ge", "text_lt"}


def test_words_are_what_the_database_keeps(desk: Desk) -> None:
    desk.learner("Saoirse Ní Bhriain-O'Neill", email="s_ni@x.example", sis_id="A/12")

    with transaction(desk.university.id) as session:
        kept = set(session.scalars(select(UserWord.word)))
    typed = {*search_words("Saoirse NÍ Bhriain-O'Neill s_ni A/12"), "s_ni@x.example", "a12"}
    assert kept == typed
