"""Two who change one person at once, on a real database: one waits, and neither for ever."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import PersonId
from lti_tool.core.secret import hash_of
from lti_tool.core.settings import Settings
from lti_tool.people import mail_access
from lti_tool.people.erasing import erase_person
from lti_tool.people.models import MailLink, PersonEmail
from tests.helpers import wait_for_a_lock
from tests.people.platforms import MOODLE, TwoPlatforms, two_platforms

ADDRESS, TOKEN = "amara@home.example", "only-for-tests"


@pytest.fixture
def place(live_app: Flask) -> TwoPlatforms:  # noqa: ARG001 - a database of its own
    return two_platforms()


@contextmanager
def holding(settings: Settings, place: TwoPlatforms, lock: str) -> Iterator[Connection]:
    """Hold rows, so that others come as far as these; a rollback lets go."""
    engine = create_engine(settings.database.url, poolclass=NullPool)
    with engine.connect() as other:
        tenant = text("SELECT set_config('app.institution_id', :id, true)")
        other.execute(tenant, {"id": str(place.university.id)})
        other.execute(text(lock))
        yield other


def ask(place: TwoPlatforms, person_id: PersonId, purpose: str) -> None:
    """Have a link mailed to a person, and to sign in have the address confirmed before."""
    now = clock.now()
    is_known = purpose == mail_access.SIGN_IN
    with transaction(place.university.id) as session:
        session.add(
            MailLink(
                purpose=purpose,
                address=ADDRESS,
                person_id=None if is_known else person_id,
                asked_at=now,
                token_hash=hash_of(TOKEN),
                expires_at=now + timedelta(minutes=5),
            )
        )
        if is_known:
            session.add(PersonEmail(person_id=person_id, address=ADDRESS, verified_at=now))


def test_a_person_who_is_erased_twice_at_once_is_erased_once(
    place: TwoPlatforms, live_settings: Settings
) -> None:
    amara = place.arrive(MOODLE)

    def erase() -> bool:
        return erase_person(place.university.id, amara, reason="Asked for.", actor=audit.CLI)

    with (
        holding(live_settings, place, "SELECT 1 FROM persons FOR NO KEY UPDATE") as other,
        ThreadPoolExecutor(max_workers=2) as pool,
    ):
        erasures = [pool.submit(erase) for _ in range(2)]
        wait_for_a_lock(other, 2)
        other.rollback()
        outcomes = [one.result() for one in erasures]

    assert sorted(outcomes) == [False, True]


def test_an_address_is_confirmed_while_its_person_is_merged(
    place: TwoPlatforms, live_settings: Settings
) -> None:
    amara, other_amara = sorted(place.arrive(MOODLE) for _ in range(2))
    ask(place, other_amara, mail_access.CONFIRM)

    with (
        holding(live_settings, place, "SELECT 1 FROM person_users FOR UPDATE") as other,
        ThreadPoolExecutor(max_workers=2) as pool,
    ):
        merge = pool.submit(place.merge, amara, other_amara)
        wait_for_a_lock(other)
        confirmed = pool.submit(mail_access.confirm, place.university.id, TOKEN)
        wait_for_a_lock(other, 2)
        other.rollback()
        merge.result()
        assert confirmed.result() == ADDRESS

    with transaction(place.university.id) as session:
        [address] = mail_access.list_addresses(session, amara)
    assert address.address == ADDRESS


def test_who_enters_by_a_letter_while_they_are_merged_is_let_in_after(
    place: TwoPlatforms, live_settings: Settings
) -> None:
    amara, other_amara = sorted(place.arrive(MOODLE) for _ in range(2))
    ask(place, other_amara, mail_access.SIGN_IN)

    with (
        holding(live_settings, place, "SELECT 1 FROM person_users FOR UPDATE") as other,
        ThreadPoolExecutor(max_workers=2) as pool,
    ):
        merge = pool.submit(place.merge, amara, other_amara)
        wait_for_a_lock(other)
        entered = pool.submit(mail_access.enter, place.university.id, TOKEN)
        wait_for_a_lock(other, 2)
        other.rollback()
        merge.result()
        opened = entered.result()

    with transaction(place.university.id) as session:
        found = mail_access.find_session(session, opened.id, opened.secret, clock.now())
        assert found is not None
        assert found[0].person_id == amara


def test_an_address_is_removed_while_its_person_is_merged(
    place: TwoPlatforms, live_settings: Settings
) -> None:
    amara, other_amara = sorted(place.arrive(MOODLE) for _ in range(2))
    ask(place, other_amara, mail_access.SIGN_IN)
    mail_access.enter(place.university.id, TOKEN)
    with transaction(place.university.id) as session:
        [address] = mail_access.list_addresses(session, other_amara)
    email_id = address.id

    with (
        holding(live_settings, place, "SELECT 1 FROM learner_sessions FOR UPDATE") as other,
        ThreadPoolExecutor(max_workers=2) as pool,
    ):
        merge = pool.submit(place.merge, amara, other_amara)
        wait_for_a_lock(other)
        removed = pool.submit(
            mail_access.remove_address, place.university.id, other_amara, email_id
        )
        wait_for_a_lock(other, 2)
        other.rollback()
        merge.result()
        error = removed.exception()

    assert isinstance(error, NotFoundError)  # they are another person by now, with the address
    with transaction(place.university.id) as session:
        assert len(mail_access.list_addresses(session, amara)) == 1
