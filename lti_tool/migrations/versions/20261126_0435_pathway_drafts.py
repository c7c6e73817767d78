"""pathways: drafts with the steps that led to them, and what a version's publisher says of it.

Expand step: the new columns of versions have a default or may be null.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261126_0435"
down_revision = "20261126_0400"


def upgrade() -> None:
    """Add the columns and tables."""
    op.add_column(
        "pathway_versions", sa.Column("note", sa.String(), server_default="", nullable=False)
    )
    op.add_column("pathway_versions", sa.Column("published_by", sa.Uuid(), nullable=True))
    op.create_table(
        "pathway_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pathway_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("achievement_id", sa.Uuid(), nullable=True),
        sa.Column("began_from", sa.Integer(), nullable=True),
        sa.Column("expression", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        _key("pathway_drafts", "pathway_id", "pathways"),
        _key("pathway_drafts", "achievement_id", "achievements"),
        _institution("pathway_drafts"),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_pathway_drafts")),
    )
    op.create_index("ix_pathway_drafts_pathway", "pathway_drafts", ["institution_id", "pathway_id"])
    op.create_table(
        "pathway_draft_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("expression", postgresql.JSONB(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        _key("pathway_draft_steps", "draft_id", "pathway_drafts", ondelete="CASCADE"),
        _institution("pathway_draft_steps"),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_pathway_draft_steps")),
        sa.UniqueConstraint(
            "institution_id",
            "draft_id",
            "version",
            name=op.f("uq_pathway_draft_steps_institution_id_draft_id_version"),
        ),
    )
    for table in ("pathway_drafts", "pathway_draft_steps"):
        op.execute(tenant_policy(table))


def _key(
    table: str, column: str, target: str, *, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["institution_id", column],
        [f"{target}.institution_id", f"{target}.id"],
        name=op.f(f"fk_{table}_institution_id_{column}"),
        ondelete=ondelete,
    )


def _institution(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["institution_id"], ["institutions.id"], name=op.f(f"fk_{table}_institution_id")
    )
