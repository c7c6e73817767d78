"""platforms, people: the language that somebody chose, with their account.

Expand step: nullable and without default; nobody has chosen yet.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1030"
down_revision = "20261126_0843"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("users", sa.Column("language", sa.String(), nullable=True))
    op.add_column("staff_members", sa.Column("language", sa.String(), nullable=True))
