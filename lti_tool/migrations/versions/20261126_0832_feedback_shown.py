"""Editions and placements: when learners see what was said of their answers.

Defaults stand only while rows that are there get their value: with the answers, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0832"
down_revision = "20261126_0805"

_SHOWN = "feedback_shown IN ('at_once', 'settled', 'after_window', 'never')"


def upgrade() -> None:
    """Add the column to both."""
    for table in ("editions", "placements"):
        op.add_column(
            table,
            sa.Column("feedback_shown", sa.String(), nullable=False, server_default="at_once"),
        )
        op.alter_column(table, "feedback_shown", server_default=None)
        op.create_check_constraint(op.f(f"ck_{table}_feedback_shown"), table, _SHOWN)
