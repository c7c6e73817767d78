"""grading: desired scores."""

import sqlalchemy as sa
from alembic import op

from lti_tool.core.db import tenant_policy

revision = "20261123_1706"
down_revision = "20261123_1705"

TENANT_TABLES = ("desired_scores", "gradebook_columns")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sender_lanes",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("clock_lead", sa.Float(), nullable=True),
        sa.Column("clock_measured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_sender_lanes_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_sender_lanes_registration_id")
        ),
        sa.PrimaryKeyConstraint("registration_id", "institution_id", name=op.f("pk_sender_lanes")),
    )
    op.create_index(op.f("ix_sender_lanes_due_at"), "sender_lanes", ["due_at"], unique=False)
    op.create_table(
        "desired_scores",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("placement_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("line_item_url", sa.String(), nullable=False),
        sa.Column("given", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("maximum", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("over_teacher", sa.Boolean(), nullable=False),
        sa.Column("result_version", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timestamp_version", sa.Integer(), nullable=False),
        sa.Column("acknowledged_version", sa.Integer(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_outcome", sa.String(), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("held_points", sa.Numeric(precision=12, scale=4), nullable=True),
        sa.Column("held_maximum", sa.Numeric(precision=12, scale=4), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restored_version", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("maximum > 0 AND given >= 0", name=op.f("ck_desired_scores_points")),
        sa.ForeignKeyConstraint(
            ["institution_id", "placement_id"],
            ["placements.institution_id", "placements.id"],
            name=op.f("fk_desired_scores_institution_id_placement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "user_id"],
            ["users.institution_id", "users.id"],
            name=op.f("fk_desired_scores_institution_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_desired_scores_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_desired_scores_registration_id"),
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_desired_scores")),
        sa.UniqueConstraint(
            "institution_id",
            "placement_id",
            "user_id",
            name=op.f("uq_desired_scores_institution_id_placement_id_user_id"),
        ),
    )
    op.create_index(
        "ix_desired_scores_due",
        "desired_scores",
        ["registration_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "gradebook_columns",
        sa.Column("placement_id", sa.Uuid(), nullable=False),
        sa.Column("made_url", sa.String(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("compare_error", sa.String(), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "placement_id"],
            ["placements.institution_id", "placements.id"],
            name=op.f("fk_gradebook_columns_institution_id_placement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_gradebook_columns_institution_id"),
        ),
        sa.PrimaryKeyConstraint(
            "placement_id", "institution_id", name=op.f("pk_gradebook_columns")
        ),
    )
    for table in TENANT_TABLES:
        op.execute(tenant_policy(table))
