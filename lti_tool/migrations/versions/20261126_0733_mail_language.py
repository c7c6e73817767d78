"""people: in which language letters to an address are. Expand step: new columns."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0733"
down_revision = "20261126_0522"

TABLES = ("person_emails", "mail_links")


def upgrade() -> None:
    """Add the columns; what is there was written to in English."""
    for table in TABLES:
        op.add_column(
            table, sa.Column("language", sa.String(), server_default="en", nullable=False)
        )
