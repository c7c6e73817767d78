"""platforms: when a time zone was told of a user last, so that of several accounts one counts.

Expand step: nullable and without default; of what was told before nobody knows when.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1525"
down_revision = "20261126_1520"


def upgrade() -> None:
    """Add the column."""
    op.add_column("users", sa.Column("zones_told_at", sa.DateTime(timezone=True), nullable=True))
