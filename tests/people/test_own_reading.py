"""A language or time zone that was chosen once holds wherever the account is used."""

from datetime import timedelta
from uuid import uuid4

import pytest
from flask import g
from flask.testing import FlaskClient
from sqlalchemy import Connection, select, update
from werkzeug.test import TestResponse

from lti_tool.core import clock, speaking
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId, UserId
from lti_tool.core.secret import hash_of
from lti_tool.core.speaking import Kept, Zones
from lti_tool.people import mail_access, merging, own_reading
from lti_tool.people.learner_session import COOKIE as MINE
from lti_tool.people.models import IdentityProvider, LearnerSession, PersonEmail, PersonUser
from lti_tool.people.services import add_identity_provider, person_of, sign_in
from lti_tool.people.staff_session import COOKIE as STAFF
from lti_tool.platforms import deciding
from lti_tool.platforms.models import User
from tests.learner import story
from tests.learner.story import University

ENGLISH: dict[str, object] = {"locale": "en-GB"}
GERMAN: dict[str, object] = {"locale": "de-DE"}


@pytest.fixture
def here(database: Connection) -> University:  # noqa: ARG001 - its rows go with the test
    return story.open_university()


def arrive(
    client: FlaskClient,
    here: University,
    user_id: UserId,
    role: str = "learner",
    settings: dict[str, object] = ENGLISH,
) -> str:
    """Launch in a browser of its own; return the address of a page there."""
    return f"{story.visit(client, here, user_id, None, roles=(role,), settings=settings)}/badges"


def speaks(page: TestResponse) -> str:
    return page.text.partition('<html lang="')[2][:2]


def another(client: FlaskClient) -> FlaskClient:
    return client.application.test_client()


def is_visitor(here: University, user_id: UserId) -> None:
    with transaction(here.institution_id) as session:
        session.execute(update(User).where(User.id == user_id).values(is_visitor=True))


def test_a_learner_finds_it_on_another_machine_and_nobody_else_does(
    client: FlaskClient, here: University
) -> None:
    amara, ben = story.enrol(here), story.enrol(here, "Ben")
    first = arrive(client, here, amara)
    assert speaks(client.get(first)) == "en"

    chosen = client.get(f"{first}?lang=de")

    assert chosen.status_code == 303
    assert chosen.location.endswith(first)
    elsewhere = another(client)
    assert speaks(elsewhere.get(arrive(elsewhere, here, amara))) == "de"
    assert speaks(client.get(arrive(client, here, ben))) == "en", "at the same browser"


def test_the_platforms_language_holds_for_who_chose_none(
    client: FlaskClient, here: University
) -> None:
    user_id = story.enrol(here)
    page = arrive(client, here, user_id, settings=GERMAN)
    assert speaks(client.get(page, headers={"Accept-Language": "en"})) == "de"

    client.get(f"{page}?lang=en")

    assert speaks(client.get(page, headers={"Accept-Language": "de"})) == "en"


def test_another_account_of_the_same_person_speaks_it_and_so_do_letters(
    client: FlaskClient, here: University
) -> None:
    amara, at_school = story.enrol(here), story.enrol(here)
    with transaction(here.institution_id) as session:
        person_id = person_of(session, amara)
        person_of(session, at_school)
        session.execute(
            update(PersonUser).where(PersonUser.id == at_school).values(person_id=person_id)
        )
        session.add(
            PersonEmail(person_id=person_id, address="a@home.example", verified_at=clock.now())
        )

    client.get(f"{arrive(client, here, amara)}?lang=de")

    assert speaks(client.get(arrive(client, here, at_school))) == "de"
    with transaction(here.institution_id) as session:
        [address] = mail_access.list_addresses(session, person_id)
    assert address.language == "de"
    own_reading.keep_of_person(here.institution_id, person_id, {"language": "en"})
    assert speaks(client.get(arrive(client, here, amara, settings=GERMAN))) == "en"


def test_another_sites_link_chooses_for_nobody(client: FlaskClient, here: University) -> None:
    page = arrive(client, here, story.enrol(here))

    answer = client.get(f"{page}?lang=de", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 303
    assert speaks(client.get(page)) == "en"


def test_a_session_that_has_ended_says_so_in_the_language_that_is_chosen(
    client: FlaskClient, here: University
) -> None:
    safely = {"base_url": "https://localhost"}  # the cookie is for https
    page = arrive(another(client), here, story.enrol(here))
    assert speaks(client.get(page, **safely)) == "en"

    chosen = client.get(f"{page}?lang=de", **safely)

    assert chosen.status_code == 303
    g.pop("language")  # the context of these tests outlives a request
    assert speaks(client.get(page, **safely)) == "de"


def test_a_visitor_chooses_for_this_browser(client: FlaskClient, here: University) -> None:
    safely = {"base_url": "https://localhost"}
    visitor, next_one = story.enrol(here), story.enrol(here)
    is_visitor(here, visitor)
    is_visitor(here, next_one)

    client.get(f"{arrive(client, here, visitor)}?lang=de", **safely)

    assert speaks(client.get(arrive(client, here, next_one), **safely)) == "de"


def test_what_a_visitor_chose_is_not_kept_for_the_next_one(
    client: FlaskClient, here: University
) -> None:
    shared = story.enrol(here)  # as the test student of a platform is
    is_visitor(here, shared)

    client.get(f"{arrive(client, here, shared)}?lang=de")

    elsewhere = another(client)
    assert speaks(elsewhere.get(arrive(elsewhere, here, shared))) == "en"


def test_who_comes_by_a_letter_finds_it_and_else_their_browsers(
    client: FlaskClient, here: University
) -> None:
    amara, secret = story.enrol(here), "s" * 43
    with transaction(here.institution_id) as session:
        person_id = person_of(session, amara)
        opened = LearnerSession(
            person_id=person_id,
            address="a@home.example",
            secret_hash=hash_of(secret),
            created_at=clock.now(),
            expires_at=clock.now() + timedelta(hours=1),
        )
        # The letter was asked for at an English page, which is no choice of theirs.
        session.add_all(
            (
                opened,
                PersonEmail(
                    person_id=person_id,
                    address="a@home.example",
                    verified_at=clock.now(),
                    language="en",
                ),
            )
        )
        session.flush()
        client.set_cookie(MINE, f"{here.institution_id}.{opened.id}.{secret}")
    mine, german = f"/my/{here.slug}/badges", {"Accept-Language": "de"}
    assert speaks(client.get(mine, headers=german)) == "de"

    own_reading.keep_of_person(here.institution_id, person_id, {"language": "en"})

    assert speaks(client.get(mine, headers=german)) == "en"


def sign_in_as(browser: FlaskClient, here: University, name: str) -> str:
    """Sign somebody of the staff in; return the address of the desk."""
    with transaction(here.institution_id) as session:
        provider_id = session.scalar(select(IdentityProvider.id))
    provider_id = provider_id or add_identity_provider(
        here.institution_id,
        "Campus",
        f"https://{uuid4().hex}.example",
        "cairn",
        "secret",
        {"registrar": ["registrar"]},
    )
    claims = {"sub": name, "name": name, "roles": ["registrar"]}
    opened = sign_in(here.institution_id, provider_id, claims)
    browser.set_cookie(STAFF, f"{here.institution_id}.{opened.id}.{opened.secret}")
    return f"/desk/{here.slug}/"


def test_staff_find_it_when_they_sign_in_again(client: FlaskClient, here: University) -> None:
    desk = sign_in_as(client, here, "Ruth")
    assert speaks(client.get(desk)) == "en"

    assert client.get(f"{desk}?lang=de").status_code == 303

    elsewhere = another(client)
    assert speaks(elsewhere.get(sign_in_as(elsewhere, here, "Ruth"))) == "de"
    assert speaks(elsewhere.get(sign_in_as(elsewhere, here, "Someone"))) == "en"


def test_another_institutions_account_is_not_touched(here: University) -> None:
    elsewhere = story.open_university("Elsewhere")
    stranger = story.enrol(elsewhere)

    own_reading.keep_of_user(here.institution_id, stranger, {"language": "de"})

    with transaction(elsewhere.institution_id) as session:
        assert session.scalars(select(User.language).where(User.id == stranger)).one() is None


def told(client: FlaskClient, page: str) -> str:
    """Return in which zone a page says that it tells times."""
    return client.get(page).text.partition("data-zone>")[2].partition("<")[0]


def browser_in(client: FlaskClient, zone: str) -> FlaskClient:
    browser = another(client)
    browser.set_cookie(speaking.ZONE_COOKIE, zone)
    return browser


def test_a_zone_that_was_chosen_holds_on_every_machine_and_for_nobody_else(
    client: FlaskClient, here: University
) -> None:
    amara, ben = story.enrol(here), story.enrol(here, "Ben")
    page = arrive(client, here, amara)
    assert told(client, page) == "Time zone: UTC"

    chosen = client.get(f"{page}?zone=Asia/Tokyo&x=1")

    assert chosen.status_code == 303
    assert chosen.location.endswith(f"{page}?x=1")
    elsewhere = browser_in(client, "Europe/Berlin")
    there = arrive(elsewhere, here, amara)
    assert told(elsewhere, there) == "Time zone: Tokyo"
    assert 'data-zone-chosen="Asia/Tokyo"' in elsewhere.get(there).text
    assert told(client, arrive(client, here, ben)) == "Time zone: UTC"

    client.get(f"{page}?zone=device")

    assert told(elsewhere, there) == "Time zone: Berlin"
    assert "data-zone-chosen" not in elsewhere.get(there).text


def test_the_zone_that_a_browser_told_last_holds_where_no_script_tells_one(
    client: FlaskClient, here: University
) -> None:
    deciding.place_institution(here.institution_id, "Europe/Berlin", actor=SYSTEM)
    amara = story.enrol(here)
    assert told(client, arrive(client, here, amara)) == "Time zone: Berlin"
    travelling = browser_in(client, "America/New_York")
    travelling.get(arrive(travelling, here, amara))

    assert told(client, arrive(client, here, amara)) == "Time zone: New York"


@pytest.mark.parametrize("name", ["Mars/Base", "../etc", "", "choose"])
def test_what_is_no_zone_leads_to_those_there_are(
    client: FlaskClient, here: University, name: str
) -> None:
    page = arrive(client, here, story.enrol(here))

    answer = client.get(page, query_string={"zone": name, "x": "1"})

    assert answer.status_code == 200
    assert "<h1>Your time zone</h1>" in answer.text
    assert '<input type="hidden" name="x" value="1">' in answer.text
    assert '<option value="Europe/Berlin">Berlin (UTC+' in answer.text
    assert told(client, page) == "Time zone: UTC"


def test_another_sites_link_chooses_a_zone_for_nobody(
    client: FlaskClient, here: University
) -> None:
    page = arrive(client, here, story.enrol(here))

    answer = client.get(f"{page}?zone=Asia/Tokyo", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 303
    assert told(client, page) == "Time zone: UTC"


def test_no_zone_is_kept_of_a_visitor(client: FlaskClient, here: University) -> None:
    visitor = story.enrol(here)
    is_visitor(here, visitor)
    browser = browser_in(client, "Asia/Tokyo")
    page = arrive(browser, here, visitor)

    assert browser.get(f"{page}?zone=Europe/Berlin").status_code == 200

    assert "data-zone" not in browser.get(page).text
    with transaction(here.institution_id) as session:
        [row] = session.execute(select(User.zone, User.reported_zone))
    assert tuple(row) == (None, None)


def test_staff_find_their_zone_when_they_sign_in_again(
    client: FlaskClient, here: University
) -> None:
    desk = sign_in_as(client, here, "Ruth")
    assert told(client, desk) == "Time zone: UTC"

    assert client.get(f"{desk}?zone=Europe/Berlin").status_code == 303

    elsewhere = browser_in(client, "Asia/Tokyo")
    assert told(elsewhere, sign_in_as(elsewhere, here, "Ruth")) == "Time zone: Berlin"
    assert told(elsewhere, sign_in_as(elsewhere, here, "Someone")) == "Time zone: Tokyo"


def test_a_person_who_came_by_letter_reads_in_the_zone_of_their_accounts(
    here: University,
) -> None:
    amara, at_school = story.enrol(here), story.enrol(here)
    with transaction(here.institution_id) as session:
        person_id = person_of(session, amara)
        person_of(session, at_school)
        session.execute(
            update(PersonUser).where(PersonUser.id == at_school).values(person_id=person_id)
        )

    own_reading.keep_of_person(here.institution_id, person_id, {"zone": "Asia/Tokyo"})
    own_reading.keep_of_user(here.institution_id, amara, {"reported_zone": "Europe/Paris"})

    with transaction(here.institution_id) as session:
        assert own_reading.zones_of(session, person_id) == Zones("Asia/Tokyo", "Europe/Paris", None)
        kept = session.execute(select(User.zone, User.reported_zone)).all()
    assert {tuple(row) for row in kept} == {("Asia/Tokyo", "Europe/Paris")}


def test_of_two_accounts_that_are_found_to_be_one_persons_the_zone_told_last_counts(
    client: FlaskClient, here: University
) -> None:
    older, newer = story.enrol(here), story.enrol(here)
    with transaction(here.institution_id) as session:
        persons = person_of(session, older), person_of(session, newer)
    told_last: tuple[tuple[UserId, timedelta, Kept], ...] = (
        (older, timedelta(days=2), {"zone": "Europe/Paris", "reported_zone": "Europe/Berlin"}),
        (newer, timedelta(days=1), {"zone": "Asia/Tokyo", "reported_zone": "America/Lima"}),
    )
    for user_id, ago, told_then in told_last:
        with clock.at(clock.now() - ago):
            own_reading.keep_of_user(here.institution_id, user_id, told_then)
    own_reading.keep_of_user(here.institution_id, older, {"language": "de"})

    merge_id = uuid4()
    kept_id = merging.merge(
        here.institution_id, *persons, merge_id=merge_id, actor=SYSTEM, reason=None
    )

    assert zones_here(here, kept_id) == Zones("Asia/Tokyo", "America/Lima", None)
    browser = browser_in(client, "Europe/Berlin")
    browser.get(arrive(browser, here, older))
    assert zones_here(here, kept_id).reported == "Europe/Berlin", "as it was before the merge"
    merging.split(here.institution_id, merge_id, actor=SYSTEM, reason="They are two.")
    assert [zones_here(here, one).chosen for one in persons] == ["Europe/Paris", "Asia/Tokyo"]


def test_who_are_two_again_have_each_the_zone_of_their_own_browser(here: University) -> None:
    users = [story.enrol(here) for _ in range(3)]
    with transaction(here.institution_id) as session:
        first, second, third = (person_of(session, user_id) for user_id in users)
    for user_id, zone in ((users[0], "Europe/Berlin"), (users[2], "America/Lima")):
        own_reading.keep_of_user(here.institution_id, user_id, {"reported_zone": zone})
    merges = [uuid4(), uuid4()]
    for merge_id, gone_id in zip(merges, (second, third), strict=True):
        merging.merge(
            here.institution_id, first, gone_id, merge_id=merge_id, actor=SYSTEM, reason=None
        )
    assert zones_here(here, first).reported == "America/Lima"

    merging.split(here.institution_id, merges[1], actor=SYSTEM, reason="They are two.")

    assert zones_here(here, first).reported == "Europe/Berlin"
    own_reading.keep_of_user(here.institution_id, users[1], {"reported_zone": "Asia/Tokyo"})
    merging.split(here.institution_id, merges[0], actor=SYSTEM, reason="They are two.")
    zones = [zones_here(here, one).reported for one in (first, second, third)]
    assert zones == ["Asia/Tokyo", "Asia/Tokyo", "America/Lima"], "what was told since stays"


def zones_here(here: University, person_id: PersonId) -> Zones:
    with transaction(here.institution_id) as session:
        return own_reading.zones_of(session, person_id)
