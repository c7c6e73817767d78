"""attempt_times: how long each question of an attempt was in view, and in which windows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from lti_tool.core.db import tenant_policy

revision = "20261126_0400"
down_revision = "20261126_0144"


def upgrade() -> None:
    """Add the table; half of each page stays free, so that a row is rewritten beside itself."""
    op.create_table(
        "attempt_times",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("by_item", JSONB(), nullable=False),
        sa.Column("windows", JSONB(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "id"],
            ["attempts.institution_id", "attempts.id"],
            name=op.f("fk_attempt_times_institution_id_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_attempt_times_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_attempt_times")),
        postgresql_with={"fillfactor": "50"},
    )
    op.execute(tenant_policy("attempt_times"))
