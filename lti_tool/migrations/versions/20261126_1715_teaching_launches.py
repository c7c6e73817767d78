"""launch: find who teaches in a course without a look at every learner's launch."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_1715"
down_revision = "20261126_1525"


def upgrade() -> None:
    """Add an index of the teachers' launches only: learners' stay as cheap as they are."""
    op.create_index(
        "ix_launches_teaching",
        "launches",
        ["context_id"],
        postgresql_where=sa.text("roles @> '[\"instructor\"]'::jsonb"),
    )
