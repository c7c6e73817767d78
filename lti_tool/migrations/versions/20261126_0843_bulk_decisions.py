"""pathways: badges withdrawn and put in one pathway for many; moves of chosen people.

Expand step: further acts of a batch, and columns for whom a move is about.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261126_0843"
down_revision = "20261126_0842"

ACTS = "('waive', 'credit', 'withdraw', 'allocate', 'move', 'confirm')"


def upgrade() -> None:
    """Allow the acts, add the column."""
    op.drop_constraint(op.f("ck_pathway_batches_act"), "pathway_batches")
    op.create_check_constraint(op.f("ck_pathway_batches_act"), "pathway_batches", f"act IN {ACTS}")
    op.add_column(
        "pathway_moves",
        sa.Column("is_chosen", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column(
        "pathway_moves",
        sa.Column("only", postgresql.JSONB(none_as_null=True), nullable=True),
    )
