"""Where an edition is placed, by which rules, and what learners come to there."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.assessments.conditions import Shown
from lti_tool.assessments.models.editions import IS_SHOWN
from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import ContextId, EditionId, PlacementId, ResourceLinkId, UserId, new_id


class Placement(TenantRow, Base):
    """An edition placed in a course by an instructor; tightens its rules, never loosens.

    Bound to its resource link at the first launch that carries its token. If the link gets
    another's token, it is kept as `former_link_id`, and the placement is bound to no other: what
    was done there must not turn up elsewhere. What holds is the
    stricter of its conditions and the edition's (`conditions.strictest`). An answer that people
    mark takes `markers` of them, who agree within a share of its points; else `lead_id` decides, or
    a third person (`marking.settle`).
    """

    __tablename__ = "placements"
    __table_args__ = (
        UniqueConstraint("institution_id", "resource_link_id"),
        CheckConstraint("policy IN ('best', 'last', 'first', 'average')", name="policy"),
        CheckConstraint("max_attempts IS NULL OR max_attempts > 0", name="max_attempts"),
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("cooldown_minutes >= 0", name="cooldown_minutes"),
        CheckConstraint("closes_at > opens_at", name="window"),
        CheckConstraint(IS_SHOWN.format("answers_shown"), name="answers_shown"),
        CheckConstraint(IS_SHOWN.format("feedback_shown"), name="feedback_shown"),
        CheckConstraint(IS_SHOWN.format("key_shown"), name="key_shown"),
        CheckConstraint(
            "markers IN (1, 2) AND mark_tolerance >= 0 AND mark_tolerance <= 1", name="markers"
        ),
        tenant_key("edition_id", "editions"),
        tenant_key("resource_link_id", "resource_links"),
        tenant_key("former_link_id", "resource_links"),
        tenant_key("context_id", "contexts"),
        tenant_key("copied_from_id", "placements"),
        tenant_key("lead_id", "users"),
    )

    id: Mapped[PlacementId] = mapped_column(primary_key=True, default=new_id)
    edition_id: Mapped[EditionId]
    context_id: Mapped[ContextId | None]
    resource_link_id: Mapped[ResourceLinkId | None]
    former_link_id: Mapped[ResourceLinkId | None]
    copied_from_id: Mapped[PlacementId | None]
    title: Mapped[str]
    points: Mapped[Decimal] = mapped_column(default=Decimal(100))
    policy: Mapped[str] = mapped_column(default="best")
    max_attempts: Mapped[int | None]
    minutes: Mapped[int | None]
    cooldown_minutes: Mapped[int] = mapped_column(default=0)
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    cuts_extra_time: Mapped[bool] = mapped_column(default=False)
    answers_shown: Mapped[str] = mapped_column(default=Shown.AT_ONCE.value)
    feedback_shown: Mapped[str] = mapped_column(default=Shown.AT_ONCE.value)
    key_shown: Mapped[str] = mapped_column(default=Shown.AT_ONCE.value)
    gives_badge: Mapped[bool] = mapped_column(default=True)
    markers: Mapped[int] = mapped_column(default=1)
    mark_tolerance: Mapped[Decimal] = mapped_column(default=Decimal("0.1"))
    asks_lead: Mapped[bool] = mapped_column(default=False)
    lead_id: Mapped[UserId | None]
    is_trial: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[UserId | None]
    created_at: Mapped[datetime]


class Accommodation(TenantRow, Base):
    """More time for a person, in every course. `id` is the user for whom it was set.

    It holds for all users that are the same person; of several the newest counts, so that it
    survives when people are matched. Why somebody has it is not kept here.
    """

    __tablename__ = "accommodations"
    __table_args__ = (
        CheckConstraint("factor >= 1 AND factor <= 5", name="factor"),
        CheckConstraint("extra_minutes >= 0", name="extra_minutes"),
        tenant_key("id", "users"),
    )

    id: Mapped[UserId] = mapped_column(primary_key=True)
    factor: Mapped[Decimal]
    extra_minutes: Mapped[int]
    set_at: Mapped[datetime]


class PlacementResult(TenantRow, Base):
    """What a learner's attempts at a placement come to, by its policy.

    `version` grows with each change, so that whoever hears of one knows which is newer. Since
    `withdrawn_at` there is none: every attempt that had ended was deleted.
    """

    __tablename__ = "placement_results"
    __table_args__ = (
        UniqueConstraint("institution_id", "placement_id", "user_id"),
        tenant_key("placement_id", "placements"),
        tenant_key("user_id", "users"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    placement_id: Mapped[PlacementId]
    user_id: Mapped[UserId]
    points_earned: Mapped[Decimal]
    points_possible: Mapped[Decimal]
    passed: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
