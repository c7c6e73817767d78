"""forgetting: attempts without their answers, persons who were erased.

Expand step: nullable and without default, so no rewrite and no long lock.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0010"
down_revision = "20261126_0001"


def upgrade() -> None:
    """Add the columns."""
    op.add_column(
        "attempts", sa.Column("answers_gone_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("persons", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
