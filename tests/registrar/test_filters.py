"""Which learners of a pathway: by progress, platform, course and when they came."""

import re
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId, new_id
from lti_tool.pathways.jobs import count_award
from lti_tool.pathways.models import PathwayVersion, Progress
from lti_tool.pathways.queries import list_people_in
from lti_tool.people.models import Person, PersonUser
from lti_tool.people.queries import list_users
from lti_tool.people.services import person_of
from lti_tool.platforms.models import User
from lti_tool.registrar import queries
from lti_tool.registrar.filters import Filters
from tests.learner import story
from tests.pathways.records import University
from tests.registrar.desk import STONES, Desk, open_desk
from tests.registrar.test_exports import take


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    desk = open_desk()
    desk.enter(client, "registrar")
    return desk


def asked(**chosen: object) -> Filters:
    return Filters(**chosen)  # type: ignore[arg-type]


def found(desk: Desk, wanted: Filters) -> set[PersonId]:
    with transaction(desk.university.id) as session:
        which = queries.which(wanted)
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
    assert "Joined from 1 January 2026 (UTC)" in page


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
def test_courses_with_activities_can_be_chosen_and_find_who_began_one() -> None:
    here = story.open_university()
    user_id = story.enrol(here, "Zuleika Quendel")
    story.take(here, story.add_activity(here, "Counting"), user_id, "right", "right")
    place = University(here.institution_id)
    pathway_id = place.pathway("Bachelor", ["Thesis"])
    with transaction(place.id) as session:
        zuleika = person_of(session, user_id)
    for person_id in (zuleika, place.person()):
        count_award(place.grant(person_id, "Thesis"))

    with transaction(place.id) as session:
        places = queries.list_places(session)
        [(course, _)] = places.courses
        wanted = queries.which(asked(course=UUID(course)))
        begun = list_people_in(session, pathway_id, wanted)

    assert course == str(here.context_id)
    assert not places.older
    assert begun == [zuleika]


def test_a_page_lists_the_newest_courses_and_says_that_there_are_older(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = story.open_university()
    story.add_activity(here, "Counting")
    place = University(here.institution_id)
    pathway_id = place.pathway("Bachelor", ["Thesis"])
    count_award(place.grant(place.person(), "Thesis"))
    desk = Desk(university=place, slug=here.slug, pathway_id=pathway_id)
    desk.enter(client, "registrar")
    words = "Learners of older ones are found by when they joined."

    assert words not in client.get(desk.pathway_path).text
    monkeypatch.setattr(queries, "MOST_COURSES", 0)

    page = client.get(f"{desk.pathway_path}?course={here.context_id}").text
    assert words in page
    assert re.search(rf'<option value="{here.context_id}" selected>', page)


def test_many_of_one_name_are_all_found_decided_about_and_taken_along(
    client: FlaskClient, desk: Desk
) -> None:
    with transaction(desk.university.id) as session:
        people = [PersonId(new_id()) for _ in range(1001)]
        session.add_all(Person(id=one, created_at=clock.now()) for one in people)
        users = [
            User(id=new_id(), issuer="https://lms.example", subject=str(one), name="Kim Lee")
            for one in people
        ]
        session.add_all(users)
        session.flush()  # what follows points at them
        session.add_all(
            PersonUser(id=user.id, person_id=one, linked_at=clock.now())
            for user, one in zip(users, people, strict=True)
        )
        version = session.scalars(select(PathwayVersion.id)).one()
        session.add_all(
            Progress(
                pathway_id=desk.pathway_id,
                person_id=one,
                version_id=version,
                share=Decimal("0.5"),
                missing=2,
                evaluated_at=clock.now(),
                quiet_since=clock.now(),
            )
            for one in people
        )

    assert len(found(desk, asked(q="im le"))) == 1001
    assert "1,001" in client.get(f"{desk.pathway_path}/decide?q=kim").text
    table = take(client, f"{desk.pathway_path}/export?q=kim")[2]
    assert len(table.splitlines()) == 1002
