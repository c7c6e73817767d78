"""pathways: what learners were told of what lapses; which of their addresses get such letters."""

import sqlalchemy as sa
from alembic import op

from lti_tool.core.db import tenant_policy

revision = "20261126_0457"
down_revision = "20261126_0456"


def upgrade() -> None:
    """Make the table, and add the column with a default."""
    op.add_column(
        "person_emails",
        sa.Column("gets_notices", sa.Boolean(), server_default="true", nullable=False),
    )
    op.create_table(
        "pathway_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("completion_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('lapsing', 'lapsed', 'withdrawn')", name=op.f("ck_pathway_notices_kind")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "completion_id"],
            ["pathway_completions.institution_id", "pathway_completions.id"],
            name=op.f("fk_pathway_notices_institution_id_completion_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_pathway_notices_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_pathway_notices")),
        sa.UniqueConstraint(
            "institution_id",
            "completion_id",
            "kind",
            "at",
            name=op.f("uq_pathway_notices_institution_id_completion_id_kind_at"),
        ),
    )
    op.execute(tenant_policy("pathway_notices"))
