"""A newer edition for every course that uses an earlier one: looked at, decided, and done."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import AssessmentId, EditionId, PlacementId, new_id


class RegradeRun(TenantRow, Base):
    """All placements of an assessment that use an earlier edition, to be scored by a newer one.

    First it is looked at what that would change, then, if somebody decides so, it is done; a job
    does both, one `RegradePlace` after the other. `asked_by` and `decided_by` are staff.
    """

    __tablename__ = "regrade_runs"
    __table_args__ = (
        CheckConstraint("state IN ('looking', 'looked', 'scoring', 'done')", name="state"),
        CheckConstraint("(state IN ('scoring', 'done')) = (reason IS NOT NULL)", name="reason"),
        CheckConstraint("(state = 'done') = (finished_at IS NOT NULL)", name="finished"),
        Index("ix_regrade_runs_assessment", "institution_id", "assessment_id", "asked_at"),
        tenant_key("assessment_id", "assessments"),
        tenant_key("edition_id", "editions"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    assessment_id: Mapped[AssessmentId]
    edition_id: Mapped[EditionId]
    state: Mapped[str]
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    reason: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class RegradePlace(TenantRow, Base):
    """One placement of a run: what its dry run said, and what came of it.

    `outcome` is None until it was looked at; then it fits, or is unfit for a reason in `note`;
    when it is done it is done, or was left alone for one. `note` holds sentences; where it fits or
    is done they say what of the rules changes besides (`rule_changes.differences`). `passes` are
    those that would be won and lost: a learner, and attempts of each kind.
    """

    __tablename__ = "regrade_places"
    __table_args__ = (
        CheckConstraint("outcome IN ('fits', 'unfit', 'done', 'left')", name="outcome"),
        Index("ix_regrade_places_placement", "institution_id", "placement_id"),
        tenant_key("run_id", "regrade_runs"),
        tenant_key("placement_id", "placements"),
        tenant_key("edition_before_id", "editions"),
    )

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    placement_id: Mapped[PlacementId] = mapped_column(primary_key=True)
    edition_before_id: Mapped[EditionId]
    outcome: Mapped[str | None]
    note: Mapped[list[Any]] = mapped_column(default=list)
    digest: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    results_changed: Mapped[int] = mapped_column(default=0)
    passes: Mapped[list[Any]] = mapped_column(default=list)
    done_at: Mapped[datetime | None]
