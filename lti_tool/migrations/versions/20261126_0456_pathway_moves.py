"""pathways: moves of everybody on a pathway, looked at and done by a job."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261126_0456"
down_revision = "20261126_0447"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "pathway_moves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pathway_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("from_version_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Uuid(), nullable=True),
        sa.Column("gains", sa.Integer(), nullable=False),
        sa.Column("loses", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("named", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("spares", sa.Boolean(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('looking', 'looked', 'moving', 'moved')",
            name=op.f("ck_pathway_moves_state"),
        ),
        sa.CheckConstraint(
            "(state IN ('moving', 'moved')) = (reason IS NOT NULL)",
            name=op.f("ck_pathway_moves_reason"),
        ),
        *(
            sa.ForeignKeyConstraint(
                ["institution_id", column],
                [f"{target}.institution_id", f"{target}.id"],
                name=op.f(f"fk_pathway_moves_institution_id_{column}"),
            )
            for column, target in (
                ("pathway_id", "pathways"),
                ("version_id", "pathway_versions"),
                ("from_version_id", "pathway_versions"),
            )
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_pathway_moves_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_pathway_moves")),
    )
    op.execute(tenant_policy("pathway_moves"))
