"""Tables of the scores we want platforms to hold, and of who is sending them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
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

# What a learner is called who was erased: nothing more is sent of them.
ERASED_SUBJECT = "erased"


class DesiredScore(TenantRow, Base):
    """The score a line item should hold for a user, and what the platform has acknowledged.

    Due while `due_at` is set: to be sent then. Not due: acknowledged in this version, or
    refused for good with `refused_at`, what that means (`last_outcome`) and the platform's
    reason. `timestamp` is the one last allotted, for `timestamp_version`: allotted once per
    version and reused by every resend (AGS 2.0 §3.4.9).

    Attributes:
        given: None where there is no result any more: the cell is to be cleared.
        over_teacher: somebody asked for our score in place of a grade given by hand.
        held_points: what the platform held of `held_maximum` when `held_at` was read; None
            where it held nothing.
        restored_version: sent a second time by itself, as the platform had lost it.
    """

    __tablename__ = "desired_scores"
    __table_args__ = (
        UniqueConstraint("institution_id", "placement_id", "user_id"),
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
    given: Mapped[Decimal | None]
    maximum: Mapped[Decimal]
    comment: Mapped[str | None]
    over_teacher: Mapped[bool] = mapped_column(default=False)
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
    last_outcome: Mapped[str | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    held_points: Mapped[Decimal | None]
    held_maximum: Mapped[Decimal | None]
    held_at: Mapped[datetime | None]
    restored_version: Mapped[int] = mapped_column(default=0)


class GradebookColumn(TenantRow, Base):
    """What we know of a placement's column beyond what launches say.

    Attributes:
        made_url: of the column that we made, where the link has none of its own.
        made_at: when.
        compared_at: when all its results were last read.
        compare_error: why that failed the last time it was tried, if it did.
    """

    __tablename__ = "gradebook_columns"
    __table_args__ = (tenant_key("placement_id", "placements"),)

    placement_id: Mapped[PlacementId] = mapped_column(primary_key=True)
    made_url: Mapped[str | None]
    made_at: Mapped[datetime | None]
    compared_at: Mapped[datetime | None]
    compare_error: Mapped[str | None]


class SenderLane(Base):
    """Which worker sends for a registration and institution just now, and when next to look.

    Belongs to no tenant: workers look for due lanes before they choose one.

    Attributes:
        paused_until: the platform as a whole fails or asked for patience: nothing is sent.
        failures: pauses in a row, since `failing_since`, without a score taken between.
        clock_lead: seconds our clock was ahead of the platform's, at most, as measured at
            `clock_measured_at`.
        compared_at: when its columns were last looked through at night.
        acknowledged: scores taken, ever. For statistics only.
        refused: scores refused for good, ever.
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
    paused_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    clock_lead: Mapped[float | None]
    clock_measured_at: Mapped[datetime | None]
    compared_at: Mapped[datetime | None]
    acknowledged: Mapped[int] = mapped_column(BigInteger, default=0)
    refused: Mapped[int] = mapped_column(BigInteger, default=0)
