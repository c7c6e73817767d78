"""trials: placements that are only for a look at the pages."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0142"
down_revision = "20261126_0140"


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "placements",
        sa.Column("is_trial", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.alter_column("placements", "is_trial", server_default=None)
