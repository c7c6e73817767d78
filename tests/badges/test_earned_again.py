"""Awards that are earned again while they stand: they end later, and so do their credentials."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from lti_tool.badges import issuing
from lti_tool.badges.details import PLAIN
from lti_tool.badges.models import Achievement, Award, AwardCause, Credential
from lti_tool.badges.rules import Cause, CauseKind, ends_at
from lti_tool.badges.services import grant_award, restore_award, withdraw_award
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.ids import AwardId, PersonId
from tests.conftest import Worker
from tests.pathways.records import University, later, university

YEAR = 60 * 24 * 365


@pytest.fixture
def place(worker: Worker) -> University:  # noqa: ARG001 - it does what is announced
    """An institution with a badge that is valid for twelve months."""
    place = university()
    place.achievement("First aid")
    with transaction(place.id) as session:
        details = replace(PLAIN, valid_months=12).to_json()
        session.execute(update(Achievement).values(details=details))
    return place


def earn(place: University, person_id: PersonId, *, minutes: int, kind: str = "pass") -> AwardId:
    cause = Cause(kind=CauseKind(kind), id=uuid4(), caused_at=later(minutes), reason="Seen.")
    return grant_award(place.id, person_id, place.achievements["First aid"], cause=cause)


def award_of(place: University, award_id: AwardId) -> Award:
    with transaction(place.id) as session:
        return session.scalars(select(Award).where(Award.id == award_id)).one()


def signed(place: University) -> list[dict[str, Any]]:
    with transaction(place.id) as session:
        return [
            row.document or {}
            for row in session.scalars(
                select(Credential).where(Credential.revoked_at.is_(None)).order_by(Credential.id)
            )
        ]


def span(document: dict[str, Any]) -> tuple[datetime, datetime]:
    return (
        datetime.fromisoformat(document["validFrom"]),
        datetime.fromisoformat(document["validUntil"]),
    )


def test_a_pass_after_the_end_signs_the_same_credential_anew(
    place: University, worker: Worker
) -> None:
    ada = place.person()
    award_id = earn(place, ada, minutes=0)
    worker.run()
    [before] = signed(place)
    with transaction(place.id) as session:
        session.execute(update(Credential).values(compact="of the first"))

    assert earn(place, ada, minutes=2 * YEAR) == award_id
    worker.run()

    [after] = signed(place)
    again = later(2 * YEAR)
    assert span(before) == (later(0), ends_at(later(0), 12))
    assert span(after) == (again, ends_at(again, 12))
    assert after["id"] == before["id"]
    assert after["credentialStatus"] == before["credentialStatus"]
    award = award_of(place, award_id)
    assert (award.awarded_at, award.first_valid_until) == (later(0), ends_at(later(0), 12))
    with transaction(place.id) as session:
        assert session.scalars(select(Credential.compact)).all() == [None]


def test_an_older_or_repeated_cause_renews_nothing(place: University, worker: Worker) -> None:
    ada = place.person()
    award_id = earn(place, ada, minutes=60)
    worker.run()
    before = signed(place)

    earn(place, ada, minutes=0)
    worker.run()
    issuing.renew_credential(place.id, award_id)

    assert signed(place) == before
    assert award_of(place, award_id).first_valid_until is None


def test_signing_late_or_twice_comes_to_the_same(place: University, worker: Worker) -> None:
    ada = place.person()
    award_id = earn(place, ada, minutes=0)
    earn(place, ada, minutes=YEAR, kind="decision")
    # Nothing was signed when it was earned again.
    issuing.renew_credential(place.id, award_id)
    [first] = signed(place)
    worker.run()
    issuing.renew_credential(place.id, award_id)

    assert signed(place) == [first]
    assert span(first) == (later(YEAR), ends_at(later(YEAR), 12))


def test_what_was_withdrawn_is_not_renewed_and_regained_it_begins_anew(
    place: University, worker: Worker
) -> None:
    ada = place.person()
    award_id = earn(place, ada, minutes=0)
    earn(place, ada, minutes=YEAR)
    withdraw_award(place.id, award_id, reason="A mistake", actor=audit.CLI)
    worker.run()
    assert signed(place) == []
    issuing.renew_credential(place.id, award_id)
    assert signed(place) == []

    restore_award(place.id, award_id, decision_id=uuid4(), reason="None after all", actor=audit.CLI)
    worker.run()
    assert [span(one)[1] for one in signed(place)] == [ends_at(later(YEAR), 12)]

    withdraw_award(place.id, award_id, reason="A mistake", actor=audit.CLI)
    earn(place, ada, minutes=YEAR + 60)
    worker.run()
    award = award_of(place, award_id)
    assert (award.awarded_at, award.first_valid_until) == (later(YEAR + 60), None)
    assert award.valid_until == ends_at(later(YEAR + 60), 12)
    with transaction(place.id) as session:
        renewing = session.scalars(select(AwardCause.caused_at).where(AwardCause.renews)).all()
    assert renewing == [later(YEAR)]


def test_a_badge_without_an_end_keeps_its_credential(place: University, worker: Worker) -> None:
    with transaction(place.id) as session:
        session.execute(update(Achievement).values(details={}))
    ada = place.person()
    award_id = earn(place, ada, minutes=0)
    worker.run()
    before = signed(place)

    earn(place, ada, minutes=YEAR)
    worker.run()

    assert signed(place) == before
    assert award_of(place, award_id).valid_until is None
    assert before[0]["validFrom"] == later(0).strftime("%Y-%m-%dT%H:%M:%SZ")
