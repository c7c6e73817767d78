"""items: add status, what is held of a question; edition_items: an index by version."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0447"
down_revision = "20261126_0443"


def upgrade() -> None:
    """Add the column; nobody has looked a question over so far."""
    op.add_column(
        "items", sa.Column("status", sa.String(), nullable=False, server_default="unreviewed")
    )
    op.alter_column("items", "status", server_default=None)
    op.create_check_constraint(
        op.f("ck_items_status"), "items", "status IN ('unreviewed', 'reviewed', 'retired')"
    )
    op.create_index(
        "ix_edition_items_version", "edition_items", ["institution_id", "item_version_id"]
    )
