"""Confirmed addresses follow a person who is merged, and come back when that was wrong."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId, new_id
from lti_tool.people.models import LearnerSession, MailLink, PersonEmail
from tests.people.platforms import CANVAS, MOODLE, TwoPlatforms, two_platforms


@pytest.fixture
def place(database: Connection) -> TwoPlatforms:  # noqa: ARG001 - its rows go with the test
    return two_platforms()


def reads_mail(place: TwoPlatforms, person_id: PersonId, address: str) -> None:
    """Have an address confirmed, a letter under way, and a browser that is in by it."""
    now = clock.now()
    with transaction(place.university.id) as session:
        session.add(PersonEmail(person_id=person_id, address=address, verified_at=now))
        session.add(
            MailLink(purpose="confirm", address=f"new.{address}", person_id=person_id, asked_at=now)
        )
        session.add(
            LearnerSession(
                person_id=person_id,
                address=address,
                secret_hash=new_id().bytes,
                created_at=now,
                expires_at=now + timedelta(hours=1),
            )
        )


def addresses(place: TwoPlatforms, person_id: PersonId) -> list[tuple[str, ...]]:
    """Return a person's addresses, letters under way and browsers, each in order."""
    with transaction(place.university.id) as session:
        return [
            tuple(
                sorted(session.scalars(select(table.address).where(table.person_id == person_id)))
            )
            for table in (PersonEmail, MailLink, LearnerSession)
        ]


def test_addresses_follow_and_browsers_of_whoever_is_merged_are_out(place: TwoPlatforms) -> None:
    amara, other = place.arrive(MOODLE), place.arrive(CANVAS)
    reads_mail(place, amara, "amara@home.example")
    reads_mail(place, other, "other@home.example")

    merge_id = place.merge(amara, other)

    assert addresses(place, amara) == [
        ("amara@home.example", "other@home.example"),
        ("new.amara@home.example", "new.other@home.example"),
        ("amara@home.example",),
    ]
    assert addresses(place, other) == [(), (), ()]

    with transaction(place.university.id) as session:
        now = clock.now()
        session.add(
            LearnerSession(
                person_id=amara,
                address="other@home.example",
                secret_hash=new_id().bytes,
                created_at=now,
                expires_at=now + timedelta(hours=1),
            )
        )
    place.split(merge_id)

    assert addresses(place, amara) == [
        ("amara@home.example",),
        ("new.amara@home.example",),
        ("amara@home.example",),
    ]
    assert addresses(place, other) == [("other@home.example",), ("new.other@home.example",), ()]
