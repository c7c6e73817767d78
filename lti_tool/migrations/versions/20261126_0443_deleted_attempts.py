"""attempts: add deleted_at, and hide what is deleted; placement_results: add withdrawn_at.

A deleted attempt is there for nobody who does not ask for it, whatever a query forgets: the
policy hides it as the tenant's hides other institutions'. A result that was withdrawn keeps its
version, so that the next one is newer. desired_scores.given: none clears the gradebook's cell.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0443"
down_revision = "20261126_0435"

_NUMBERS = ("institution_id", "placement_id", "user_id", "number")


def upgrade() -> None:
    """Add the columns; what is deleted leaves its number and its place to others."""
    op.add_column("attempts", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "placement_results", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.alter_column("desired_scores", "given", nullable=True)
    op.drop_constraint("uq_attempts_institution_id_placement_id_user_id_number", "attempts")
    op.create_index(
        "uq_attempts_number",
        "attempts",
        _NUMBERS,
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("uq_attempts_one_open", "attempts")
    op.create_index(
        "uq_attempts_one_open",
        "attempts",
        _NUMBERS[:3],
        unique=True,
        postgresql_where=sa.text("submitted_at IS NULL AND deleted_at IS NULL"),
    )
    op.execute(
        "CREATE POLICY deleted ON attempts AS RESTRICTIVE"
        " USING (deleted_at IS NULL OR current_setting('app.sees_deleted', true) = 'on')"
        " WITH CHECK (true)"
    )
