"""pathways: policies, decisions about requirements, allocations, and when time changes what.

Expand step: every new column of a table that has rows is nullable or has a default.
"""

import sqlalchemy as sa
from alembic import op

from lti_tool.core.db import tenant_policy

revision = "20261126_0140"
down_revision = "20261126_0130"


def upgrade() -> None:
    """Add the columns and tables."""
    op.add_column(
        "pathways", sa.Column("lapse_policy", sa.String(), server_default="keep", nullable=False)
    )
    op.add_column(
        "pathways", sa.Column("notice_days", sa.Integer(), server_default="30", nullable=False)
    )
    op.add_column(
        "pathways",
        sa.Column("confirms_completion", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column("pathways", sa.Column("sharing", sa.String(), nullable=True))
    op.create_check_constraint(
        op.f("ck_pathways_lapse_policy"),
        "pathways",
        "lapse_policy IN ('keep', 'review', 'suspend')",
    )
    op.create_check_constraint(op.f("ck_pathways_notice_days"), "pathways", "notice_days >= 0")
    op.add_column(
        "pathway_stones",
        sa.Column("is_beside", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column(
        "pathway_progress", sa.Column("changes_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        "ix_pathway_progress_changes",
        "pathway_progress",
        ["institution_id", "changes_at"],
        postgresql_where=sa.text("changes_at IS NOT NULL"),
    )
    for name in ("confirmed_at", "noticed_at", "settled_at"):
        op.add_column(
            "pathway_completions", sa.Column(name, sa.DateTime(timezone=True), nullable=True)
        )
    _rulings()
    _allocations()
    for table in ("pathway_rulings", "pathway_allocations"):
        op.execute(tenant_policy(table))


def _rulings() -> None:
    op.create_table(
        "pathway_rulings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pathway_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("requirement_id", sa.Uuid(), nullable=False),
        sa.Column("achievement_id", sa.Uuid(), nullable=True),
        sa.Column("award_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("ruled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        *_keys("pathway_rulings", pathway_id="pathways", person_id="persons"),
        *_keys("pathway_rulings", achievement_id="achievements", award_id="awards"),
        _institution("pathway_rulings"),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_pathway_rulings")),
    )
    op.create_index(
        "uq_pathway_rulings_one_open",
        "pathway_rulings",
        ["institution_id", "pathway_id", "person_id", "requirement_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )


def _allocations() -> None:
    op.create_table(
        "pathway_allocations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("achievement_id", sa.Uuid(), nullable=False),
        sa.Column("sharing", sa.String(), nullable=False),
        sa.Column("pathway_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        *_keys("pathway_allocations", person_id="persons", achievement_id="achievements"),
        *_keys("pathway_allocations", pathway_id="pathways"),
        _institution("pathway_allocations"),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_pathway_allocations")),
        sa.UniqueConstraint(
            "institution_id",
            "person_id",
            "achievement_id",
            "sharing",
            name=op.f("uq_pathway_allocations_one"),
        ),
    )


def _keys(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            ["institution_id", column],
            [f"{target}.institution_id", f"{target}.id"],
            name=op.f(f"fk_{table}_institution_id_{column}"),
        )
        for column, target in columns.items()
    ]


def _institution(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["institution_id"], ["institutions.id"], name=op.f(f"fk_{table}_institution_id")
    )
