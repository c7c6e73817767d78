"""platforms: the time zone of an institution.

Expand step: nullable and without default; nobody has told or chosen one yet.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1342"
down_revision = "20261126_1341"


def upgrade() -> None:
    """Add the column."""
    op.add_column("institutions", sa.Column("zone", sa.String(), nullable=True))
