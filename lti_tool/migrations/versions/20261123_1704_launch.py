"""launch: logins and sessions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261123_1704"
down_revision = "20261123_1703"

TENANT_TABLES = ("launches",)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pending_logins",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("nonce_hash", sa.LargeBinary(), nullable=False),
        sa.Column("cookie_hash", sa.LargeBinary(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("target_link_url", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_pending_logins_registration_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_pending_logins")),
    )
    op.create_index(
        op.f("ix_pending_logins_expires_at"), "pending_logins", ["expires_at"], unique=False
    )
    op.create_table(
        "launches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("context_id", sa.Uuid(), nullable=True),
        sa.Column("resource_link_id", sa.Uuid(), nullable=True),
        sa.Column("message_type", sa.String(), nullable=False),
        sa.Column("roles", postgresql.JSONB(), nullable=False),
        sa.Column("placement_token", sa.String(), nullable=True),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name=op.f("fk_launches_deployment_id")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "context_id"],
            ["contexts.institution_id", "contexts.id"],
            name=op.f("fk_launches_institution_id_context_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "resource_link_id"],
            ["resource_links.institution_id", "resource_links.id"],
            name=op.f("fk_launches_institution_id_resource_link_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "user_id"],
            ["users.institution_id", "users.id"],
            name=op.f("fk_launches_institution_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_launches_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_launches_registration_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_launches")),
    )
    op.create_index(op.f("ix_launches_expires_at"), "launches", ["expires_at"], unique=False)
    for table in TENANT_TABLES:
        op.execute(tenant_policy(table))
