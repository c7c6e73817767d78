"""What learners answered, and what people gave for it."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import (
    AttachmentId,
    AttemptId,
    EditionId,
    ItemVersionId,
    PlacementId,
    UserId,
    new_id,
)


class Attempt(TenantRow, Base):
    """One learner's go at a placement. Points are set when it is submitted.

    `form` is what this attempt asks, in order: `item_version_id` and `items.Takes` each.
    `closes_at` is the end without grace, made of `minutes`, `factor`, `extra_minutes` and
    `granted_minutes` (`conditions.ends_at`). `ended_by` is the learner, or the clock. Since
    `answers_gone_at` nothing is kept of what was answered, only what it was worth: the time for it
    was over, or the learner was erased.
    `scored_by_id` is a later edition that it was regraded by. One with `deleted_at` is hidden by
    the database from all who do not ask for it (`queries.seeing_deleted`).
    """

    __tablename__ = "attempts"
    __table_args__ = (
        Index(
            "uq_attempts_number",
            "institution_id",
            "placement_id",
            "user_id",
            "number",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "uq_attempts_one_open",
            "institution_id",
            "placement_id",
            "user_id",
            unique=True,
            postgresql_where=text("submitted_at IS NULL AND deleted_at IS NULL"),
        ),
        CheckConstraint("points_earned <= points_possible", name="points"),
        # What the sweeper looks for, every minute.
        Index("ix_attempts_open_until", "closes_at", postgresql_where=text("submitted_at IS NULL")),
        CheckConstraint("(submitted_at IS NULL) = (points_earned IS NULL)", name="scored"),
        CheckConstraint("(submitted_at IS NULL) = (ended_by IS NULL)", name="ended"),
        CheckConstraint("ended_by IN ('learner', 'clock')", name="ended_by"),
        CheckConstraint("factor >= 1", name="factor"),
        CheckConstraint("extra_minutes >= 0 AND granted_minutes >= 0", name="extra_minutes"),
        tenant_key("placement_id", "placements"),
        tenant_key("edition_id", "editions"),
        tenant_key("scored_by_id", "editions"),
        tenant_key("user_id", "users"),
    )

    id: Mapped[AttemptId] = mapped_column(primary_key=True, default=new_id)
    placement_id: Mapped[PlacementId]
    edition_id: Mapped[EditionId]
    user_id: Mapped[UserId]
    number: Mapped[int]
    form: Mapped[list[Any]]
    started_at: Mapped[datetime]
    minutes: Mapped[int | None]
    factor: Mapped[Decimal] = mapped_column(default=Decimal(1))
    extra_minutes: Mapped[int] = mapped_column(default=0)
    granted_minutes: Mapped[int] = mapped_column(default=0)
    closes_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    points_earned: Mapped[Decimal | None]
    points_possible: Mapped[Decimal | None]
    passed: Mapped[bool | None]
    awaits_marking: Mapped[bool] = mapped_column(default=False)
    answers_gone_at: Mapped[datetime | None]
    scored_by_id: Mapped[EditionId | None]
    deleted_at: Mapped[datetime | None]

    @property
    def counting_edition_id(self) -> EditionId:
        """Return the edition whose keys, points and pass mark count once it has ended."""
        return self.scored_by_id or self.edition_id


class AttemptTime(TenantRow, Base):
    """How long each question of an attempt was in view, and which windows showed it (`attention`).

    `id` is the attempt's. Pages report it now and then, never with a save. `by_item` has
    milliseconds by number in the form; `told_at` is the instant until which time is spent.
    """

    __tablename__ = "attempt_times"
    __table_args__ = (tenant_key("id", "attempts", ondelete="CASCADE"),)

    id: Mapped[AttemptId] = mapped_column(primary_key=True)
    by_item: Mapped[dict[str, Any]]
    windows: Mapped[list[Any]]
    told_at: Mapped[datetime]


class Response(TenantRow, Base):
    """A learner's answer to one item, as last saved.

    `save_id` is the client's UUID of the save that wrote it, `page_id` the window it
    came from, `sequence` its order for this item: an older save never replaces a
    newer one (`rules.judge`).
    """

    __tablename__ = "responses"
    __table_args__ = (
        UniqueConstraint("institution_id", "attempt_id", "item_version_id"),
        tenant_key("attempt_id", "attempts"),
        tenant_key("item_version_id", "item_versions"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    attempt_id: Mapped[AttemptId]
    item_version_id: Mapped[ItemVersionId]
    value: Mapped[list[Any]]
    flagged: Mapped[bool] = mapped_column(default=False)
    save_id: Mapped[UUID]
    page_id: Mapped[UUID]
    sequence: Mapped[int]
    saved_at: Mapped[datetime]
    points_earned: Mapped[Decimal | None]


class Attachment(TenantRow, Base):
    """A file that a learner sent as part of an answer, which names it by its id.

    The file itself is in the storage, under a key made of the ids (`services.files`).
    """

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_attempt", "institution_id", "attempt_id", "item_version_id"),
        CheckConstraint("size >= 0", name="size"),
        tenant_key("attempt_id", "attempts"),
        tenant_key("item_version_id", "item_versions"),
    )

    id: Mapped[AttachmentId] = mapped_column(primary_key=True, default=new_id)
    attempt_id: Mapped[AttemptId]
    item_version_id: Mapped[ItemVersionId]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    sent_at: Mapped[datetime]


class ItemMark(TenantRow, Base):
    """What a person gave for one answer. Never changed: one with a higher number counts instead.

    Where two people mark, of each of them (`marking.settle`). `save_id` is of the answer that was
    read: for another answer the mark does not count.
    `levels` are those chosen of the rubric, by criterion.
    """

    __tablename__ = "item_marks"
    __table_args__ = (
        UniqueConstraint("institution_id", "attempt_id", "item_version_id", "number"),
        CheckConstraint("points >= 0 AND points <= out_of AND out_of > 0", name="points"),
        tenant_key("attempt_id", "attempts", ondelete="CASCADE"),
        tenant_key("item_version_id", "item_versions"),
        tenant_key("marked_by", "users"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    attempt_id: Mapped[AttemptId]
    item_version_id: Mapped[ItemVersionId]
    number: Mapped[int]
    save_id: Mapped[UUID]
    points: Mapped[Decimal]
    out_of: Mapped[Decimal]
    levels: Mapped[dict[str, Any]]
    comment: Mapped[str]
    marked_by: Mapped[UserId]
    marked_at: Mapped[datetime]


class LateResponse(TenantRow, Base):
    """An answer that arrived after its attempt had ended; counts only if an instructor says so.

    One for each item, the last to arrive, so that nobody can fill the table. `is_taken` is None
    until somebody has decided.
    """

    __tablename__ = "late_responses"
    __table_args__ = (
        UniqueConstraint("institution_id", "attempt_id", "item_version_id"),
        tenant_key("attempt_id", "attempts"),
        tenant_key("item_version_id", "item_versions"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    attempt_id: Mapped[AttemptId]
    item_version_id: Mapped[ItemVersionId]
    value: Mapped[list[Any]]
    save_id: Mapped[UUID]
    received_at: Mapped[datetime]
    is_taken: Mapped[bool | None]
