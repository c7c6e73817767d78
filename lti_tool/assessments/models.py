"""Tables of what is asked, where it is placed, and what learners answered."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.assessments.conditions import Shown
from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import (
    AssessmentId,
    AttachmentId,
    AttemptId,
    ContextId,
    EditionId,
    ItemId,
    ItemVersionId,
    PlacementId,
    ResourceLinkId,
    UserId,
    new_id,
)

_IS_SHOWN = "{} IN (%s)" % ", ".join(f"'{when}'" for when in Shown)  # noqa: UP031 - a template


class Assessment(TenantRow, Base):
    """A micro-credential's assessment, over all its editions."""

    __tablename__ = "assessments"

    id: Mapped[AssessmentId] = mapped_column(primary_key=True, default=new_id)
    title: Mapped[str]
    created_at: Mapped[datetime]


class Edition(TenantRow, Base):
    """A published state of an assessment: cut score, rules and form never change after."""

    __tablename__ = "editions"
    __table_args__ = (
        UniqueConstraint("institution_id", "assessment_id", "number"),
        CheckConstraint("pass_mark > 0 AND pass_mark <= 1", name="pass_mark"),
        CheckConstraint("max_attempts > 0", name="max_attempts"),
        CheckConstraint("cooldown_minutes >= 0", name="cooldown_minutes"),
        CheckConstraint(_IS_SHOWN.format("answers_shown"), name="answers_shown"),
        CheckConstraint(_IS_SHOWN.format("feedback_shown"), name="feedback_shown"),
        CheckConstraint(_IS_SHOWN.format("key_shown"), name="key_shown"),
        tenant_key("assessment_id", "assessments"),
    )

    id: Mapped[EditionId] = mapped_column(primary_key=True, default=new_id)
    assessment_id: Mapped[AssessmentId]
    number: Mapped[int]
    title: Mapped[str]
    summary: Mapped[str]
    competencies: Mapped[list[Any]] = mapped_column(default=list)
    pass_mark: Mapped[Decimal]
    minutes: Mapped[int | None]
    max_attempts: Mapped[int | None]
    cooldown_minutes: Mapped[int] = mapped_column(default=0)
    answers_shown: Mapped[str] = mapped_column(default=Shown.AT_ONCE.value)
    feedback_shown: Mapped[str] = mapped_column(default=Shown.AT_ONCE.value)
    key_shown: Mapped[str] = mapped_column(default=Shown.SETTLED.value)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    published_at: Mapped[datetime | None]


class RulesDraft(TenantRow, Base):
    """The next edition of an assessment as it is typed, one at a time; it may be unfinished.

    `version` grows with each change, so that nobody overwrites what they have not seen.
    """

    __tablename__ = "rules_drafts"
    __table_args__ = (
        UniqueConstraint("institution_id", "assessment_id"),
        tenant_key("assessment_id", "assessments"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    assessment_id: Mapped[AssessmentId]
    form: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime]


class DraftItem(TenantRow, Base):
    """A question of a draft as it is typed (`authoring`); `item_id` of the bank if it is there."""

    __tablename__ = "draft_items"
    __table_args__ = (
        Index("ix_draft_items_draft", "institution_id", "draft_id", "position"),
        tenant_key("draft_id", "rules_drafts", ondelete="CASCADE"),
        tenant_key("item_id", "items"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    draft_id: Mapped[UUID]
    position: Mapped[int]
    item_id: Mapped[ItemId | None]
    form: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)


class Item(TenantRow, Base):
    """A question in the bank, over all its versions; `status` as people decided (`bank`)."""

    __tablename__ = "items"
    __table_args__ = (
        CheckConstraint("status IN ('unreviewed', 'reviewed', 'retired')", name="status"),
    )

    id: Mapped[ItemId] = mapped_column(primary_key=True, default=new_id)
    status: Mapped[str] = mapped_column(default="unreviewed")
    created_at: Mapped[datetime]


class ItemVersion(TenantRow, Base):
    """A question's content and key at one moment; immutable. `content` is a typed item as JSON."""

    __tablename__ = "item_versions"
    __table_args__ = (
        UniqueConstraint("institution_id", "item_id", "number"),
        tenant_key("item_id", "items"),
    )

    id: Mapped[ItemVersionId] = mapped_column(primary_key=True, default=new_id)
    item_id: Mapped[ItemId]
    number: Mapped[int]
    content: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class EditionItem(TenantRow, Base):
    """An item's place and worth in an edition, and which of its competencies it shows.

    `id` is ours alone.
    """

    __tablename__ = "edition_items"
    __table_args__ = (
        UniqueConstraint("institution_id", "edition_id", "position"),
        UniqueConstraint("institution_id", "edition_id", "item_version_id"),
        Index("ix_edition_items_version", "institution_id", "item_version_id"),
        CheckConstraint("points > 0", name="points"),
        tenant_key("edition_id", "editions"),
        tenant_key("item_version_id", "item_versions"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    edition_id: Mapped[EditionId]
    item_version_id: Mapped[ItemVersionId]
    position: Mapped[int]
    points: Mapped[Decimal]
    competency: Mapped[str | None]


class Placement(TenantRow, Base):
    """An edition placed in a course by an instructor; tightens its rules, never loosens.

    Bound to its resource link at the first launch that carries its token. What holds is the
    stricter of its conditions and the edition's (`conditions.strictest`). An answer that people
    mark takes `markers` of them, who agree within a share of its points (`marking.settle`).
    """

    __tablename__ = "placements"
    __table_args__ = (
        UniqueConstraint("institution_id", "resource_link_id"),
        CheckConstraint("policy IN ('best', 'last', 'first', 'average')", name="policy"),
        CheckConstraint("max_attempts IS NULL OR max_attempts > 0", name="max_attempts"),
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("cooldown_minutes >= 0", name="cooldown_minutes"),
        CheckConstraint("closes_at > opens_at", name="window"),
        CheckConstraint(_IS_SHOWN.format("answers_shown"), name="answers_shown"),
        CheckConstraint(_IS_SHOWN.format("feedback_shown"), name="feedback_shown"),
        CheckConstraint(_IS_SHOWN.format("key_shown"), name="key_shown"),
        CheckConstraint(
            "markers IN (1, 2) AND mark_tolerance >= 0 AND mark_tolerance <= 1", name="markers"
        ),
        tenant_key("edition_id", "editions"),
        tenant_key("resource_link_id", "resource_links"),
        tenant_key("context_id", "contexts"),
        tenant_key("copied_from_id", "placements"),
    )

    id: Mapped[PlacementId] = mapped_column(primary_key=True, default=new_id)
    edition_id: Mapped[EditionId]
    context_id: Mapped[ContextId | None]
    resource_link_id: Mapped[ResourceLinkId | None]
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


class Attempt(TenantRow, Base):
    """One learner's go at a placement. Points are set when it is submitted.

    `form` is what this attempt asks, in order: `item_version_id` and `items.Takes` each.
    `closes_at` is the end without grace, made of `minutes`, `factor`, `extra_minutes` and
    `granted_minutes` (`conditions.ends_at`). `ended_by` is the learner, or the clock. Since
    `answers_gone_at` nothing is kept of what was answered: the time for it was over, or the
    learner was erased.
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
