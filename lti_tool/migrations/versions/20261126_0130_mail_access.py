"""people: confirmed addresses, links mailed to them, sessions opened by them."""

import sqlalchemy as sa
from alembic import op

from lti_tool.core.db import tenant_policy

revision = "20261126_0130"
down_revision = "20261126_0115"

TENANT_TABLES = ("person_emails", "mail_links", "learner_sessions")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "person_emails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        *_tenant("person_emails"),
        sa.UniqueConstraint(
            "institution_id", "address", name=op.f("uq_person_emails_institution_id_address")
        ),
    )
    op.create_index("ix_person_emails_person", "person_emails", ["institution_id", "person_id"])
    op.create_table(
        "mail_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        *_tenant("mail_links"),
        sa.CheckConstraint("purpose IN ('confirm', 'sign_in')", name=op.f("ck_mail_links_purpose")),
        sa.CheckConstraint(
            "purpose = 'sign_in' OR person_id IS NOT NULL", name=op.f("ck_mail_links_person")
        ),
    )
    op.create_index(
        "ix_mail_links_address", "mail_links", ["institution_id", "address", "asked_at"]
    )
    op.create_index("ix_mail_links_token", "mail_links", ["institution_id", "token_hash"])
    op.create_table(
        "learner_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        *_tenant("learner_sessions"),
    )
    op.create_index(
        "ix_learner_sessions_person", "learner_sessions", ["institution_id", "person_id"]
    )
    for table in TENANT_TABLES:
        op.execute(tenant_policy(table))


def _tenant(table: str) -> list[sa.schema.SchemaItem]:
    """Return what each of them has: the tenant, its part of the key, the person."""
    return [
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "person_id"],
            ["persons.institution_id", "persons.id"],
            name=op.f(f"fk_{table}_institution_id_person_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f(f"fk_{table}_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f(f"pk_{table}")),
    ]
