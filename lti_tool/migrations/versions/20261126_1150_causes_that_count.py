"""badges: causes from before a withdrawal, or of somebody who was split off, count no longer.

Expand step: a column that says so. Of those that are there all count, as they did.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1150"
down_revision = "20261126_1115"


def upgrade() -> None:
    """Add the column; a constant default rewrites no row."""
    op.add_column(
        "award_causes",
        sa.Column("counts", sa.Boolean(), server_default="true", nullable=False),
    )
