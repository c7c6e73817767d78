"""keys and audit entries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261123_1702"
down_revision = "20261123_1701"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("algorithm", sa.String(), nullable=False),
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(), nullable=False),
        sa.Column("private_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_keys_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
    )
    op.create_index(
        "uq_keys_one_current",
        "keys",
        ["institution_id", "purpose"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("object_kind", sa.String(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "actor_kind IN ('user', 'staff', 'system', 'cli')",
            name=op.f("ck_audit_entries_actor_kind"),
        ),
        sa.CheckConstraint(
            "(actor_kind IN ('user', 'staff')) = (actor_id IS NOT NULL)",
            name=op.f("ck_audit_entries_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_audit_entries_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_institution_id_id", "audit_entries", ["institution_id", "id"])
    op.create_index(
        "ix_audit_entries_object",
        "audit_entries",
        ["institution_id", "object_kind", "object_id", "id"],
    )
    op.execute(tenant_policy("keys", or_none=True))
    op.execute(tenant_policy("audit_entries"))
    # Written once: not even a bug of ours can rewrite what was done.
    role = op.get_context().opts["app_role"]
    op.execute(f'REVOKE UPDATE, DELETE ON audit_entries FROM "{role}"')
