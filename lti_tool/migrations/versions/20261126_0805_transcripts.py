"""badges: transcripts, the credentials in them, links to them. Expand step: tables, a default."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261126_0805"
down_revision = "20261126_0733"

TENANT_TABLES = ("transcripts", "transcript_credentials", "transcript_links")


def upgrade() -> None:
    """Make the tables and their indexes, and say of every list what it is of."""
    op.add_column(
        "status_lists",
        sa.Column("holds", sa.String(), server_default="credentials", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_status_lists_holds"), "status_lists", "holds IN ('credentials', 'transcripts')"
    )
    op.create_table(
        "transcripts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("is_official", sa.Boolean(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("subject_urn", sa.String(), nullable=False),
        sa.Column("status_list_id", sa.Uuid(), nullable=False),
        sa.Column("status_index", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("compact", sa.String(), nullable=True),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(document IS NULL) = (issued_at IS NULL)", name=op.f("ck_transcripts_issued")
        ),
        *_keys("transcripts", person_id="persons", status_list_id="status_lists"),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_transcripts")),
        sa.UniqueConstraint(
            "institution_id",
            "status_list_id",
            "status_index",
            name=op.f("uq_transcripts_institution_id_status_list_id_status_index"),
        ),
    )
    op.create_index("ix_transcripts_person", "transcripts", ["institution_id", "person_id"])
    op.create_table(
        "transcript_credentials",
        sa.Column("transcript_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        *_keys("transcript_credentials", transcript_id="transcripts", credential_id="credentials"),
        sa.PrimaryKeyConstraint(
            "transcript_id",
            "credential_id",
            "institution_id",
            name=op.f("pk_transcript_credentials"),
        ),
    )
    op.create_index(
        "ix_transcript_credentials_credential",
        "transcript_credentials",
        ["institution_id", "credential_id"],
    )
    op.create_table(
        "transcript_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transcript_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        *_keys("transcript_links", transcript_id="transcripts"),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_transcript_links")),
        sa.UniqueConstraint(
            "institution_id",
            "token_hash",
            name=op.f("uq_transcript_links_institution_id_token_hash"),
        ),
    )
    for table in TENANT_TABLES:
        op.execute(tenant_policy(table))


def _keys(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f(f"fk_{table}_institution_id")
        ),
        *(
            sa.ForeignKeyConstraint(
                ["institution_id", column],
                [f"{target}.institution_id", f"{target}.id"],
                name=op.f(f"fk_{table}_institution_id_{column}"),
            )
            for column, target in columns.items()
        ),
    ]
