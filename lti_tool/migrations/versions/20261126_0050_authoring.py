"""authoring: drafts of editions and questions, and what an edition says of itself."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261126_0050"
down_revision = "20261126_0040"


def upgrade() -> None:
    """Make the tables and the column."""
    op.add_column(
        "editions",
        sa.Column("details", postgresql.JSONB(), nullable=False, server_default="{}"),
    )
    op.alter_column("editions", "details", server_default=None)
    op.create_table(
        "rules_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("form", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "assessment_id"],
            ["assessments.institution_id", "assessments.id"],
            name=op.f("fk_rules_drafts_institution_id_assessment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_rules_drafts_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_rules_drafts")),
        sa.UniqueConstraint(
            "institution_id",
            "assessment_id",
            name=op.f("uq_rules_drafts_institution_id_assessment_id"),
        ),
    )
    op.create_table(
        "draft_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("form", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "draft_id"],
            ["rules_drafts.institution_id", "rules_drafts.id"],
            name=op.f("fk_draft_items_institution_id_draft_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "item_id"],
            ["items.institution_id", "items.id"],
            name=op.f("fk_draft_items_institution_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_draft_items_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_draft_items")),
    )
    op.create_index(
        "ix_draft_items_draft", "draft_items", ["institution_id", "draft_id", "position"]
    )
    for table in ("rules_drafts", "draft_items"):
        op.execute(tenant_policy(table))
