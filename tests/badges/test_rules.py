from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from lti_tool.badges.artwork import Artwork, Field, Outline
from lti_tool.badges.rules import AchievementDraft, AchievementType, Cause, CauseKind

AT = datetime(2027, 3, 16, tzinfo=UTC)
DRAFT = AchievementDraft(
    name="Reading Statistics Critically",
    description="Judges whether figures support what is said about them.",
    criteria="Passes the assessment.",
    achievement_type=AchievementType.MICRO_CREDENTIAL,
    artwork=Artwork(outline=Outline.STONE, field=Field.STATISTICS, level=2),
    credits=Decimal(1),
)


@pytest.mark.parametrize("name", ["name", "description", "criteria"])
def test_an_achievement_says_what_it_is(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        replace(DRAFT, **{name: "  "})  # type: ignore[arg-type]  # one of three text fields


def test_credits_are_not_negative() -> None:
    with pytest.raises(ValueError, match="credits"):
        replace(DRAFT, credits=Decimal(-1))
    assert replace(DRAFT, credits=Decimal(0)).credits == 0
    assert replace(DRAFT, credits=None).credits is None


def test_a_decision_needs_its_reason_and_a_pass_does_not() -> None:
    assert Cause(kind=CauseKind.PASS, id=UUID(int=1), caused_at=AT).reason is None
    with pytest.raises(ValueError, match="reason"):
        Cause(kind=CauseKind.DECISION, id=UUID(int=1), caused_at=AT, reason=" ")
    with pytest.raises(ValueError, match="reason"):
        Cause(kind=CauseKind.DECISION, id=UUID(int=1), caused_at=AT)


def test_a_cause_has_its_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Cause(kind=CauseKind.PASS, id=UUID(int=1), caused_at=AT.replace(tzinfo=None))
