"""platforms: under which other guids a deployment was launched, and what was decided about them.

The default stays, for a release that does not know the column adds deployments meanwhile.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261126_1805"
down_revision = "20261126_1756"


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "deployments",
        sa.Column("other_guids", postgresql.JSONB(), nullable=False, server_default="{}"),
    )
