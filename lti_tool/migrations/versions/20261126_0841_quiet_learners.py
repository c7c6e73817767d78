"""pathways: since when nothing has counted for somebody, kept beside how far they are.

Expand step: a column with a default, filled from what counts, and indexes.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261126_0841"
down_revision = "20261126_0834"

TABLES = ("pathway_progress", "contributions")


def upgrade() -> None:
    """Add the column, fill it, index it and when time may change a pathway's people."""
    op.add_column(
        "pathway_progress",
        sa.Column(
            "quiet_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
    )
    # Forced, the owner sees no institution's rows either.
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE pathway_progress AS progress"
        " SET quiet_since = coalesce(counted.last, uuid_extract_timestamp(progress.id),"
        " progress.evaluated_at)"
        " FROM pathway_progress AS own LEFT JOIN ("
        "  SELECT institution_id, pathway_id, person_id, max(counted_at) AS last"
        "  FROM contributions GROUP BY institution_id, pathway_id, person_id"
        " ) AS counted USING (institution_id, pathway_id, person_id)"
        " WHERE own.institution_id = progress.institution_id AND own.id = progress.id"
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.create_index(
        "ix_pathway_progress_quiet",
        "pathway_progress",
        ["institution_id", "pathway_id", "quiet_since"],
    )
    op.create_index(
        "ix_pathway_progress_due",
        "pathway_progress",
        ["institution_id", "pathway_id", "changes_at"],
        postgresql_where=sa.text("changes_at IS NOT NULL"),
    )
