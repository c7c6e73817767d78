"""Tables of pathways, what counts in them for whom, and who completed them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import (
    AchievementId,
    AwardId,
    PathwayId,
    PathwayVersionId,
    PersonId,
    new_id,
)


class Pathway(TenantRow, Base):
    """A stack that leads to an achievement of its own, over all its versions."""

    __tablename__ = "pathways"
    __table_args__ = (
        UniqueConstraint("institution_id", "achievement_id"),
        tenant_key("achievement_id", "achievements"),
    )

    id: Mapped[PathwayId] = mapped_column(primary_key=True, default=new_id)
    title: Mapped[str]
    achievement_id: Mapped[AchievementId]
    created_at: Mapped[datetime]


class PathwayVersion(TenantRow, Base):
    """A pathway's expression as published; immutable. The highest number is the current one.

    `expression` is a typed tree as JSON.
    """

    __tablename__ = "pathway_versions"
    __table_args__ = (
        UniqueConstraint("institution_id", "pathway_id", "number"),
        tenant_key("pathway_id", "pathways"),
    )

    id: Mapped[PathwayVersionId] = mapped_column(primary_key=True, default=new_id)
    pathway_id: Mapped[PathwayId]
    number: Mapped[int]
    expression: Mapped[dict[str, Any]]
    published_at: Mapped[datetime]


class Contribution(TenantRow, Base):
    """An award that counts toward one requirement of a pathway, for one person."""

    __tablename__ = "contributions"
    __table_args__ = (
        UniqueConstraint("institution_id", "person_id", "requirement_id", "award_id"),
        tenant_key("pathway_id", "pathways"),
        tenant_key("award_id", "awards"),
        tenant_key("person_id", "persons"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[PersonId]
    pathway_id: Mapped[PathwayId]
    requirement_id: Mapped[UUID]
    award_id: Mapped[AwardId]
    counted_at: Mapped[datetime]


class Progress(TenantRow, Base):
    """Where a person stands on a pathway: what screens read, kept per award."""

    __tablename__ = "pathway_progress"
    __table_args__ = (
        UniqueConstraint("institution_id", "pathway_id", "person_id"),
        CheckConstraint("share >= 0 AND share <= 1", name="share"),
        tenant_key("pathway_id", "pathways"),
        tenant_key("version_id", "pathway_versions"),
        tenant_key("person_id", "persons"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    pathway_id: Mapped[PathwayId]
    version_id: Mapped[PathwayVersionId]
    person_id: Mapped[PersonId]
    share: Mapped[Decimal]
    missing: Mapped[int]
    completed_at: Mapped[datetime | None]
    evaluated_at: Mapped[datetime]
