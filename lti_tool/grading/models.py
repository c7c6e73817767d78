"""Tables of the scores we want platforms to hold, and of who is sending them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import (
    DesiredScoreId,
    InstitutionId,
    PlacementId,
    RegistrationId,
    UserId,
    new_id,
)


class DesiredScore(TenantRow, Base):
    """The score a line item should hold for a user, and what the platform has acknowledged.

    Due while `due_at` is set: to be sent then. Not due: acknowledged in this version, or
    refused for good with `refused_at` and the platform's reason. `timestamp` is the one
    last allotted, for `timestamp_version`: allotted once per version and reused by every
    resend (AGS 2.0 §3.4.9).
    """

    __tablename__ = "desired_scores"
    __table_args__ = (
        UniqueConstraint("institution_id", "line_item_url", "user_id"),
        CheckConstraint("maximum > 0 AND given >= 0", name="points"),
        Index(
            "ix_desired_scores_due",
            "registration_id",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        tenant_key("placement_id", "placements"),
        tenant_key("user_id", "users"),
    )

    id: Mapped[DesiredScoreId] = mapped_column(primary_key=True, default=new_id)
    registration_id: Mapped[RegistrationId] = mapped_column(ForeignKey("registrations.id"))
    placement_id: Mapped[PlacementId]
    user_id: Mapped[UserId]
    subject: Mapped[str]
    line_item_url: Mapped[str]
    given: Mapped[Decimal]
    maximum: Mapped[Decimal]
    result_version: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime]
    timestamp: Mapped[datetime | None]
    timestamp_version: Mapped[int] = mapped_column(default=0)
    acknowledged_version: Mapped[int] = mapped_column(default=0)
    acknowledged_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    refused_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]


class SenderLane(Base):
    """Which worker sends for a registration and institution just now, and when next to look.

    Belongs to no tenant: workers look for due lanes before they choose one.
    """

    __tablename__ = "sender_lanes"

    registration_id: Mapped[RegistrationId] = mapped_column(
        ForeignKey("registrations.id"), primary_key=True
    )
    institution_id: Mapped[InstitutionId] = mapped_column(
        ForeignKey("institutions.id"), primary_key=True
    )
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    leased_by: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
