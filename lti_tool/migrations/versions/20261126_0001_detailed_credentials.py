"""credentials: what a detailed form says, as a hash.

Nullable and without default: no rewrite, no long lock. No detailed form was signed before.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0001"
down_revision = "20261126_0000"


def upgrade() -> None:
    """Add the column, and let the database keep two forms that say the same from being made."""
    op.add_column("credentials", sa.Column("content_hash", sa.LargeBinary(), nullable=True))
    op.create_index(
        "uq_credentials_content",
        "credentials",
        ["institution_id", "award_id", "content_hash"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL AND form = 'detailed'"),
    )
    op.create_check_constraint(
        op.f("ck_credentials_content_hash"),
        "credentials",
        "(form = 'detailed') = (content_hash IS NOT NULL)",
    )
