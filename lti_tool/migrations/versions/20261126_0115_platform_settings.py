"""What administrators decide about a platform, and what tells how it is doing.

Refusals lie outside row-level security, as registrations do: most happen before a tenant is known,
and nothing in them is about a person.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261126_0115"
down_revision = "20261126_0050"


def upgrade() -> None:
    """Add the columns and the table. The default stands only while rows get their value."""
    op.add_column(
        "deployments",
        sa.Column("role_map", postgresql.JSONB(), nullable=False, server_default="{}"),
    )
    op.alter_column("deployments", "role_map", server_default=None)
    op.add_column("access_tokens", sa.Column("took_seconds", sa.Float(), nullable=True))
    op.add_column("launches", sa.Column("age_seconds", sa.Float(), nullable=True))
    op.create_table(
        "launch_refusals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_launch_refusals_registration_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_launch_refusals_institution_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_launch_refusals")),
        sa.UniqueConstraint(
            "registration_id",
            "institution_id",
            "code",
            "hour",
            name=op.f("uq_launch_refusals_registration_id_institution_id_code_hour"),
            postgresql_nulls_not_distinct=True,
        ),
    )
