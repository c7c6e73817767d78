"""Tables of achievements, awards, credentials and what learners share of them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import (
    AchievementId,
    AssessmentId,
    AwardId,
    CredentialId,
    PersonId,
    ShareId,
    new_id,
)


class Achievement(TenantRow, Base):
    """What can be earned (Open Badges 3.0 Achievement). Its URI is the same for every learner.

    `assessment_id` names the assessment whose pass earns it, if one does.
    """

    __tablename__ = "achievements"
    __table_args__ = (
        CheckConstraint("credits IS NULL OR credits >= 0", name="credits"),
        Index(
            "uq_achievements_assessment",
            "institution_id",
            "assessment_id",
            unique=True,
            postgresql_where=text("assessment_id IS NOT NULL"),
        ),
        tenant_key("assessment_id", "assessments"),
    )

    id: Mapped[AchievementId] = mapped_column(primary_key=True, default=new_id)
    edition: Mapped[int] = mapped_column(default=1)
    assessment_id: Mapped[AssessmentId | None]
    achievement_type: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    criteria: Mapped[str]
    credits: Mapped[Decimal | None]
    artwork: Mapped[dict[str, Any]]
    published_at: Mapped[datetime]


class Award(TenantRow, Base):
    """The decision that a person met an achievement's criteria: one per edition."""

    __tablename__ = "awards"
    __table_args__ = (
        UniqueConstraint("institution_id", "person_id", "achievement_id", "edition"),
        tenant_key("person_id", "persons"),
        tenant_key("achievement_id", "achievements"),
    )

    id: Mapped[AwardId] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[PersonId]
    achievement_id: Mapped[AchievementId]
    edition: Mapped[int]
    awarded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None]


class AwardCause(TenantRow, Base):
    """Why an award was made: a pass, a pathway, a person's decision. Appended, never changed."""

    __tablename__ = "award_causes"
    __table_args__ = (
        UniqueConstraint("institution_id", "award_id", "kind", "cause_id"),
        CheckConstraint("kind IN ('pass', 'pathway', 'decision')", name="kind"),
        tenant_key("award_id", "awards"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[AwardId]
    kind: Mapped[str]
    cause_id: Mapped[UUID]
    reason: Mapped[str | None]
    caused_at: Mapped[datetime]


class StatusList(TenantRow, Base):
    """One BitstringStatusList of an institution; `bits` is the raw bitstring, 16 KiB."""

    __tablename__ = "status_lists"
    __table_args__ = (UniqueConstraint("institution_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int]
    bits: Mapped[bytes]
    allotted: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime]
    document: Mapped[dict[str, Any] | None]


class Credential(TenantRow, Base):
    """The signed OpenBadgeCredential of an award; `document` is what was signed, proof included."""

    __tablename__ = "credentials"
    __table_args__ = (
        UniqueConstraint("institution_id", "award_id"),
        UniqueConstraint("institution_id", "status_list_id", "status_index"),
        tenant_key("award_id", "awards"),
        tenant_key("status_list_id", "status_lists"),
    )

    id: Mapped[CredentialId] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[AwardId]
    subject_urn: Mapped[str]
    status_list_id: Mapped[UUID]
    status_index: Mapped[int]
    document: Mapped[dict[str, Any]]
    issued_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Share(TenantRow, Base):
    """A link a learner made to show one credential; the token is kept as a hash."""

    __tablename__ = "shares"
    __table_args__ = (
        UniqueConstraint("institution_id", "token_hash"),
        tenant_key("credential_id", "credentials"),
    )

    id: Mapped[ShareId] = mapped_column(primary_key=True, default=new_id)
    credential_id: Mapped[CredentialId]
    token_hash: Mapped[bytes]
    show_name: Mapped[bool]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
