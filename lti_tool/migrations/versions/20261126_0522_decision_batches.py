"""pathways: one decision about many people, and how far it is. Expand step: new tables."""

import sqlalchemy as sa
from alembic import op

from lti_tool.core.db import tenant_policy

revision = "20261126_0522"
down_revision = "20261126_0520"

TENANT_TABLES = ("pathway_batches", "pathway_batch_people")


def upgrade() -> None:
    """Make the tables and their indexes."""
    op.create_table(
        "pathway_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pathway_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("target", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "act IN ('waive', 'credit', 'move', 'confirm')", name=op.f("ck_pathway_batches_act")
        ),
        sa.CheckConstraint(
            "(target IS NULL) = (act = 'confirm')", name=op.f("ck_pathway_batches_target")
        ),
        *_keys("pathway_batches", pathway_id="pathways"),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_pathway_batches")),
    )
    op.create_index(
        "ix_pathway_batches_pathway", "pathway_batches", ["institution_id", "pathway_id"]
    )
    op.create_table(
        "pathway_batch_people",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('done', 'skipped')", name=op.f("ck_pathway_batch_people_outcome")
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (decided_at IS NULL)", name=op.f("ck_pathway_batch_people_decided")
        ),
        *_keys("pathway_batch_people", batch_id="pathway_batches", person_id="persons"),
        sa.PrimaryKeyConstraint(
            "batch_id", "person_id", "institution_id", name=op.f("pk_pathway_batch_people")
        ),
    )
    op.create_index(
        "ix_pathway_batch_people_left",
        "pathway_batch_people",
        ["institution_id", "batch_id", "person_id"],
        postgresql_where=sa.text("outcome IS NULL"),
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
