"""platforms: the time zone of each account.

Expand step: nullable and without default; nobody has told or chosen one yet. One table at a time:
what waits for one lock holds no other.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1340"
down_revision = "20261126_1150"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("users", sa.Column("zone", sa.String(), nullable=True))
    op.add_column("users", sa.Column("reported_zone", sa.String(), nullable=True))
