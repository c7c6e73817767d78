"""placements: add lead_id and asks_lead: who decides where two markers differ."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0834"
down_revision = "20261126_0833"


def upgrade() -> None:
    """Add the columns; any third person has decided so far."""
    op.add_column("placements", sa.Column("lead_id", sa.Uuid(), nullable=True))
    op.add_column(
        "placements",
        sa.Column("asks_lead", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.alter_column("placements", "asks_lead", server_default=None)
    op.create_foreign_key(
        op.f("fk_placements_institution_id_lead_id"),
        "placements",
        "users",
        ["institution_id", "lead_id"],
        ["institution_id", "id"],
    )
