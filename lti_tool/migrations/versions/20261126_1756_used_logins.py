"""launch: logins leave no row until they are used, and then one mark.

Expand step: `pending_logins` stays for web servers of the version before, until the next one.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1756"
down_revision = "20261126_1715"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "used_logins",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_used_logins")),
    )
    op.create_index(op.f("ix_used_logins_expires_at"), "used_logins", ["expires_at"])
