"""badges: awards that were earned again while they stood end later.

Expand step: a column for when an award would first have ended, and which causes renewed it.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1110"
down_revision = "20261126_1030"


def upgrade() -> None:
    """Add the columns, and an index of the few causes that renew."""
    op.add_column(
        "awards", sa.Column("first_valid_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "award_causes",
        sa.Column("renews", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column(
        "award_causes", sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_check_constraint(
        op.f("ck_award_causes_renews"), "award_causes", "renews OR valid_until IS NULL"
    )
    op.create_index(
        "ix_award_causes_renews",
        "award_causes",
        ["institution_id", "award_id"],
        postgresql_where=sa.text("renews"),
    )
