"""platforms, people: the time zone of an institution and of each account.

Expand step: nullable and without default; nobody has told or chosen one yet.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1340"
down_revision = "20261126_1150"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("institutions", sa.Column("zone", sa.String(), nullable=True))
    for table in ("users", "staff_members"):
        op.add_column(table, sa.Column("zone", sa.String(), nullable=True))
        op.add_column(table, sa.Column("reported_zone", sa.String(), nullable=True))
