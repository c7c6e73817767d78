"""What happened to one person, in words."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from lti_tool.core.audit import AuditEntry
from lti_tool.core.ids import AchievementId, AwardId, CredentialId, PersonId, UserId, new_id
from lti_tool.registrar.records import Account, AwardRow, CauseRow, Record
from lti_tool.registrar.timeline import build

FIRST, AGAIN = datetime(2024, 5, 3, 9, 0, tzinfo=UTC), datetime(2025, 4, 2, 9, 0, tzinfo=UTC)
EARNED = CauseRow(kind="pass", reason=None, caused_at=FIRST, renews=False, valid_until=None)
RENEWED = CauseRow(
    kind="pass",
    reason=None,
    caused_at=AGAIN,
    renews=True,
    valid_until=datetime(2026, 4, 2, 9, 0, tzinfo=UTC),
)


def told(*causes: CauseRow, signed_at: datetime = FIRST) -> list[tuple[str, str]]:
    award = AwardRow(
        award_id=AwardId(new_id()),
        achievement_id=AchievementId(new_id()),
        name="First aid",
        achievement_type="Certificate",
        credits=Decimal(1),
        awarded_at=FIRST,
        valid_until=RENEWED.valid_until,
        expired=False,
        withdrawn_at=None,
        withdrawn_reason=None,
        credential_id=CredentialId(new_id()),
        issued_at=signed_at,
        revoked_at=None,
        causes=causes,
    )
    record = Record(
        person_id=PersonId(new_id()),
        accounts=(),
        attempts=(),
        awards=(award,),
        pathways=(),
        entries=(),
    )
    return [(f"{moment.at:%Y}", str(moment.text)) for moment in build(record, {})]


def test_an_award_that_was_renewed_is_told_with_its_new_end_and_its_signing_as_anew() -> None:
    assert told(EARNED) == [("2024", "First aid: awarded"), ("2024", "First aid: badge signed")]
    assert told(EARNED, RENEWED, signed_at=AGAIN) == [
        ("2025", "First aid: renewed until 2 April 2026"),
        ("2025", "First aid: badge signed anew"),
        ("2024", "First aid: awarded"),
    ]
    endless = replace(RENEWED, valid_until=None)
    assert ("2025", "First aid: earned again") in told(EARNED, endless)


def test_what_was_decided_about_a_person_is_told_of_them_and_not_of_a_badge() -> None:
    person_id = PersonId(new_id())
    entries = [
        AuditEntry(
            recorded_at=FIRST,
            actor_kind="cli",
            act=act,
            object_kind=kind,
            object_id=person_id if kind == "person" else new_id(),
            facts={},
        )
        for act, kind in (("waive_requirement", "person"), ("withdraw_award", "award"))
    ]
    nameless = Record(
        person_id=person_id,
        accounts=(),
        attempts=(),
        awards=(),
        pathways=(),
        entries=entries,
    )
    account = Account(
        user_id=UserId(new_id()), platform="Campus", name="Amara", email=None, student_number=None
    )

    assert [moment.text for moment in build(replace(nameless, accounts=[account]), {})] == [
        "Waived a part of a pathway for Amara",
        "Withdrew a badge",
    ]
    assert build(nameless, {})[0].text == "Waived a part of a pathway for a person"
