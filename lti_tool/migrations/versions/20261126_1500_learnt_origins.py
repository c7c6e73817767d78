"""platforms: where signed messages said that a deployment's pages are, and what was taken away.

The default stays, for a release that does not know the column adds deployments meanwhile.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261126_1500"
down_revision = "20261126_1342"


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "deployments",
        sa.Column("learnt_origins", postgresql.JSONB(), nullable=False, server_default="{}"),
    )
