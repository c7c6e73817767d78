"""Awards that are earned again while they stand: they end later, and so do their credentials."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update

from lti_tool.assessments.models import Attempt
from lti_tool.badges import detailing, exporting, issuing, open_badges, typesetting
from lti_tool.badges.details import PLAIN
from lti_tool.badges.models import DETAILED, Achievement, Award, AwardCause, Credential, Share
from lti_tool.badges.queries import find_points, list_held
from lti_tool.badges.queries.sharing import list_open_shares
from lti_tool.badges.rules import Cause, CauseKind, ends_at
from lti_tool.badges.services import grant_award, restore_award, withdraw_award
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import AwardId, PersonId
from tests.conftest import Worker
from tests.learner import story
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


def printed(place: University) -> str:
    """Return the words of the one certificate there is."""
    with transaction(place.id) as session:
        credential_id = session.scalars(select(Credential.id)).one()
    file = exporting.certificate_file(
        place.id,
        credential_id,
        link=None,
        verify_url="https://cairn.example/verify",
        holder=None,
    )
    words = "".join(page.extract_text() for page in PdfReader(BytesIO(file.data)).pages)
    return " ".join(words.split())


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
    assert "awardedDate" not in before
    assert after["awardedDate"] == before["validFrom"]
    assert after["id"] == before["id"]
    assert after["credentialStatus"] == before["credentialStatus"]
    assert f"Awarded on {typesetting.day(later(0))}" in printed(place)
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


def signed_results(place: University, award_id: AwardId) -> list[str]:
    """Return what a detailed form that is signed now says was scored, over all."""
    person_id = award_of(place, award_id).person_id
    credential_id = detailing.sign_detailed(
        place.id, award_id, person_id=person_id, asked=detailing.Asked(results=True)
    )
    with transaction(place.id) as session:
        document = session.scalars(
            select(Credential.document).where(Credential.id == credential_id)
        ).one()
        points = find_points(session, award_id)
    assert points is not None
    whole = open_badges.read(document).particulars.results[0]
    assert (Decimal(whole.value), Decimal(whole.most)) == (points.earned, points.possible)
    return [whole.value, whole.most]


@pytest.mark.parametrize(("months", "scored"), [(12, "1"), (None, "2")], ids=["ends", "endless"])
def test_what_was_scored_is_that_of_the_pass_that_it_rests_on(
    worker: Worker, months: int | None, scored: str
) -> None:
    """The one it was renewed by, else the best, and none that a regrade has made a fail.

    Without the pass that renewed it none is told: another's score is not of these dates.
    """
    here = story.open_university()
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    place = University(here.institution_id)
    with transaction(place.id) as session:
        details = replace(PLAIN, valid_months=months).to_json()
        session.execute(update(Achievement).values(details=details))
    for answers in (("right", "right"), ("right", "wrong")):
        story.take(here, activity, user_id, *answers)
        worker.run()
    with transaction(place.id) as session:
        award_id, person_id = session.execute(select(Award.id, Award.person_id)).one()

    assert signed_results(place, award_id) == [scored, "2"]

    with transaction(place.id) as session:
        counted = Attempt.points_earned == Decimal(scored)
        session.execute(update(Attempt).where(counted).values(passed=False))
    if months is None:
        assert signed_results(place, award_id) == ["1", "2"]
    else:
        with transaction(place.id) as session:
            assert find_points(session, award_id) is None
            [held] = list_held(session, person_id)
            assert not held.has_points


def test_a_link_to_a_detailed_form_is_told_to_show_what_was(
    place: University, worker: Worker
) -> None:
    ada = place.person()
    award_id = earn(place, ada, minutes=0, kind="decision")
    worker.run()
    with transaction(place.id) as session:
        minimal = session.scalars(select(Credential)).one()
        # As one is signed that holds evidence, of the same days.
        session.add(
            Credential(
                award_id=award_id,
                form=DETAILED,
                content_hash=b"x" * 32,
                subject_urn=f"urn:uuid:{uuid4()}",
                status_list_id=minimal.status_list_id,
                status_index=minimal.status_index,
                document=minimal.document,
                issued_at=minimal.issued_at,
            )
        )
    with transaction(place.id) as session:
        for one in session.scalars(select(Credential)):
            session.add(
                Share(
                    credential_id=one.id,
                    token_hash=one.id.bytes * 2,
                    show_name=False,
                    show_result=False,
                    created_at=clock.now(),
                )
            )

    def told() -> dict[bool, datetime | None]:
        with transaction(place.id) as session:
            [shares] = list_open_shares(session, [award_id]).values()
            return {share.is_detailed: share.shows_until for share in shares}

    assert told() == {True: None, False: None}
    earn(place, ada, minutes=YEAR)
    worker.run()
    assert told() == {True: ends_at(later(0), 12), False: None}
