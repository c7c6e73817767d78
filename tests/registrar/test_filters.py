"""Which learners of a pathway: by progress, platform, course and when they came."""

import re
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId
from lti_tool.pathways.models import Progress
from lti_tool.pathways.queries import list_people_in
from lti_tool.people.queries import list_users
from lti_tool.registrar import queries
from lti_tool.registrar.filters import Filters
from tests.learner import story
from tests.registrar.desk import STONES, Desk, open_desk


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    desk = open_desk()
    desk.enter(client, "registrar")
    return desk


def asked(**chosen: object) -> Filters:
    return Filters(**chosen)  # type: ignore[arg-type]


def found(desk: Desk, wanted: Filters) -> set[PersonId]:
    with transaction(desk.university.id) as session:
        which = queries.which(session, wanted, most_named=10)
        return set(list_people_in(session, desk.pathway_id, which))


@pytest.mark.parametrize(
    ("days", "finds"),
    [
        ({"since": date(1950, 1, 1)}, True),
        ({"until": date.max}, True),
        ({"until": date(1950, 1, 1)}, False),
    ],
)
def test_any_day_may_be_asked_for(desk: Desk, days: dict[str, date], finds: bool) -> None:  # noqa: FBT001 - a parameter
    amara = desk.learner("Amara", STONES[0])

    assert found(desk, asked(**days)) == ({amara} if finds else set())


def test_who_stalled_and_who_is_about_to_lose_a_stone_are_found(
    client: FlaskClient, desk: Desk
) -> None:
    slow, quick = desk.learner("Slow", STONES[0]), desk.learner("Quick", STONES[0])
    with transaction(desk.university.id) as session:
        session.execute(
            update(Progress)
            .where(Progress.person_id == slow)
            .values(quiet_since=clock.now() - timedelta(days=91))
        )
        session.execute(
            update(Progress)
            .where(Progress.person_id == quick)
            .values(changes_at=clock.now() + timedelta(days=59))
        )

    assert found(desk, asked(state="stalled")) == {slow}
    assert found(desk, asked(state="expiring")) == {quick}
    page = client.get(f"{desk.pathway_path}?state=stalled").text
    assert "Slow" in page
    assert ">Quick<" not in page


def test_people_are_told_apart_by_platform_and_by_when_they_came(desk: Desk) -> None:
    today = clock.now().date()
    amara = desk.learner("Amara", STONES[0])
    with transaction(desk.university.id) as session:
        issuer = list_users(session, amara)[0].issuer

    assert found(desk, asked(platform=issuer)) == {amara}
    assert found(desk, asked(platform="https://elsewhere.example")) == set()
    assert found(desk, asked(since=today, until=today + timedelta(days=1))) == {amara}
    assert found(desk, asked(since=today + timedelta(days=2))) == set()
    assert found(desk, asked(until=today - timedelta(days=1))) == set()


def test_each_filter_is_shown_and_can_be_taken_away(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Amara", STONES[0])

    page = client.get(f"{desk.pathway_path}?q=amara&state=under_way&since=2026-01-01").text

    chips = re.findall(r'class="chip" href="([^"]+)"', page)
    assert [chip.partition("?")[2].replace("&amp;", "&") for chip in chips] == [
        "q=amara&state=under_way#dashboard",
        "since=2026-01-01&state=under_way#learners",
        "since=2026-01-01&q=amara#learners",
    ]
    assert "Joined from 1 January 2026" in page


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "course=x",
        "state=gone",
        "cohort=1999-1",
        "cohort=2026-3",
        "programme=x",
        "missing=-1",
        "weeks=14",
        "month=2026-13",
        "month=0000-01",
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(
    client: FlaskClient, desk: Desk, query: str
) -> None:
    assert client.get(f"{desk.pathway_path}?{query}").status_code == 400


@pytest.mark.usefixtures("client")
def test_courses_with_activities_can_be_chosen() -> None:
    here = story.open_university()
    user_id = story.enrol(here, "Zuleika Quendel")
    story.take(here, story.add_activity(here, "Counting"), user_id, "right", "right")

    with transaction(here.institution_id) as session:
        places = queries.list_places(session)

    assert [course for course, _ in places.courses] == [str(here.context_id)]
