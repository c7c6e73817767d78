"""people: the time zone of each who signs in as staff.

Expand step: nullable and without default; nobody has told or chosen one yet.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1341"
down_revision = "20261126_1340"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("staff_members", sa.Column("zone", sa.String(), nullable=True))
    op.add_column("staff_members", sa.Column("reported_zone", sa.String(), nullable=True))
