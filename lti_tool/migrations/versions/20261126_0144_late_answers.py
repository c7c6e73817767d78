"""late_responses: add is_taken, what was decided about it."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0144"
down_revision = "20261126_0142"


def upgrade() -> None:
    """Add the column; nothing was decided so far."""
    op.add_column("late_responses", sa.Column("is_taken", sa.Boolean(), nullable=True))
