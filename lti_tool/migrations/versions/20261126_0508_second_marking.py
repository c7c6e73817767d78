"""placements: add markers and mark_tolerance: how many mark an answer, and when they agree."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0508"
down_revision = "20261126_0457"


def upgrade() -> None:
    """Add the columns; one person has marked each answer so far."""
    op.add_column(
        "placements", sa.Column("markers", sa.Integer(), nullable=False, server_default="1")
    )
    op.add_column(
        "placements",
        sa.Column("mark_tolerance", sa.Numeric(12, 4), nullable=False, server_default="0.1"),
    )
    op.alter_column("placements", "markers", server_default=None)
    op.alter_column("placements", "mark_tolerance", server_default=None)
    op.create_check_constraint(
        op.f("ck_placements_markers"),
        "placements",
        "markers IN (1, 2) AND mark_tolerance >= 0 AND mark_tolerance <= 1",
    )
