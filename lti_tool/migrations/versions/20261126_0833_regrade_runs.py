"""assessments: a newer edition for every course at once, and how far that is. New tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261126_0833"
down_revision = "20261126_0832"

TENANT_TABLES = ("regrade_runs", "regrade_places")


def upgrade() -> None:
    """Make the tables and their indexes."""
    op.create_table(
        "regrade_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('looking', 'looked', 'scoring', 'done')", name=op.f("ck_regrade_runs_state")
        ),
        sa.CheckConstraint(
            "(state IN ('scoring', 'done')) = (reason IS NOT NULL)",
            name=op.f("ck_regrade_runs_reason"),
        ),
        sa.CheckConstraint(
            "(state = 'done') = (finished_at IS NOT NULL)", name=op.f("ck_regrade_runs_finished")
        ),
        *_keys("regrade_runs", assessment_id="assessments", edition_id="editions"),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_regrade_runs")),
    )
    op.create_index(
        "ix_regrade_runs_assessment",
        "regrade_runs",
        ["institution_id", "assessment_id", "asked_at"],
    )
    op.create_table(
        "regrade_places",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("placement_id", sa.Uuid(), nullable=False),
        sa.Column("edition_before_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("note", postgresql.JSONB(), nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("results_changed", sa.Integer(), nullable=False),
        sa.Column("passes", postgresql.JSONB(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('fits', 'unfit', 'done', 'left')", name=op.f("ck_regrade_places_outcome")
        ),
        *_keys(
            "regrade_places",
            run_id="regrade_runs",
            placement_id="placements",
            edition_before_id="editions",
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "placement_id", "institution_id", name=op.f("pk_regrade_places")
        ),
    )
    op.create_index(
        "ix_regrade_places_placement", "regrade_places", ["institution_id", "placement_id"]
    )
    for table in TENANT_TABLES:
        op.execute(tenant_policy(table))


def _keys(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f(f"fk_{table}_institution_id")
        ),
        *(
            sa.ForeignKeyConstraint(
                ["institution_id", column],
                [f"{target}.institution_id", f"{target}.id"],
                name=op.f(f"fk_{table}_institution_id_{column}"),
            )
            for column, target in columns.items()
        ),
    ]
