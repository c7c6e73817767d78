"""people: lists and dashboards as staff filtered them, by name. Expand step: a new table."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261126_0842"
down_revision = "20261126_0841"


def upgrade() -> None:
    """Make the table and its indexes."""
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("target", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", postgresql.JSONB(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("page IN ('pathway', 'audit')", name=op.f("ck_saved_views_page")),
        sa.CheckConstraint(
            "(target IS NOT NULL) = (page = 'pathway')", name=op.f("ck_saved_views_target")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_saved_views_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "staff_id"],
            ["staff_members.institution_id", "staff_members.id"],
            name=op.f("fk_saved_views_institution_id_staff_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_saved_views")),
    )
    op.create_index("ix_saved_views_staff", "saved_views", ["institution_id", "staff_id"])
    op.create_index("ix_saved_views_target", "saved_views", ["institution_id", "target"])
    op.execute(tenant_policy("saved_views"))
