"""platforms: under which other guids a deployment was launched, and what was decided about them.

The default stays, for a release that does not know the column adds deployments meanwhile.
The guids noted so far were those of whoever came first, when nothing hung on it: the site is asked
anew, by its next launch.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261126_1805"
down_revision = "20261126_1756"


def upgrade() -> None:
    """Add the column, and forget guids that nobody was judged by."""
    op.add_column(
        "deployments",
        sa.Column("other_guids", postgresql.JSONB(), nullable=False, server_default="{}"),
    )
    op.execute("UPDATE deployments SET platform_guid = NULL WHERE platform_guid IS NOT NULL")
