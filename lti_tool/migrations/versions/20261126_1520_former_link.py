"""placements: the link that a placement was taken from when the link got another token.

Expand step: nullable and without default; what lost its link before is not known.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1520"
down_revision = "20261126_1500"


def upgrade() -> None:
    """Add the column."""
    op.add_column("placements", sa.Column("former_link_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_placements_institution_id_former_link_id"),
        "placements",
        "resource_links",
        ["institution_id", "former_link_id"],
        ["institution_id", "id"],
    )
