"""marking: what people give for long texts and files."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261126_0000"
down_revision = "20261123_1708"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "item_marks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("item_version_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("save_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("out_of", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("levels", postgresql.JSONB(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("marked_by", sa.Uuid(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "points >= 0 AND points <= out_of AND out_of > 0", name=op.f("ck_item_marks_points")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "attempt_id"],
            ["attempts.institution_id", "attempts.id"],
            name=op.f("fk_item_marks_institution_id_attempt_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "item_version_id"],
            ["item_versions.institution_id", "item_versions.id"],
            name=op.f("fk_item_marks_institution_id_item_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "marked_by"],
            ["users.institution_id", "users.id"],
            name=op.f("fk_item_marks_institution_id_marked_by"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_item_marks_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_item_marks")),
        sa.UniqueConstraint(
            "institution_id",
            "attempt_id",
            "item_version_id",
            "number",
            name=op.f("uq_item_marks_institution_id_attempt_id_item_version_id_number"),
        ),
    )
    op.execute(tenant_policy("item_marks"))
