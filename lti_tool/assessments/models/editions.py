"""What is asked: assessments, their editions and drafts, and the bank of questions."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.assessments.conditions import Shown
from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import AssessmentId, EditionId, ItemId, ItemVersionId, new_id

IS_SHOWN = "{} IN (%s)" % ", ".join(f"'{when}'" for when in Shown)  # noqa: UP031 - a template


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
        CheckConstraint(IS_SHOWN.format("answers_shown"), name="answers_shown"),
        CheckConstraint(IS_SHOWN.format("feedback_shown"), name="feedback_shown"),
        CheckConstraint(IS_SHOWN.format("key_shown"), name="key_shown"),
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
