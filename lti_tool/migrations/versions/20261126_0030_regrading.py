"""regrading: attempts scored by a later edition, awards put before a person."""

import sqlalchemy as sa
from alembic import op

from lti_tool.core.db import tenant_policy

revision = "20261126_0030"
down_revision = "20261126_0010"


def upgrade() -> None:
    """Make the column and the table."""
    op.add_column("attempts", sa.Column("scored_by_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_attempts_institution_id_scored_by_id"),
        "attempts",
        "editions",
        ["institution_id", "scored_by_id"],
        ["institution_id", "id"],
    )
    op.create_table(
        "award_reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('kept', 'withdrawn', 'settled')", name=op.f("ck_award_reviews_outcome")
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (outcome IS NULL)", name=op.f("ck_award_reviews_decided")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "award_id"],
            ["awards.institution_id", "awards.id"],
            name=op.f("fk_award_reviews_institution_id_award_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_award_reviews_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_award_reviews")),
    )
    op.create_index(
        "uq_award_reviews_open",
        "award_reviews",
        ["institution_id", "award_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.execute(tenant_policy("award_reviews"))
