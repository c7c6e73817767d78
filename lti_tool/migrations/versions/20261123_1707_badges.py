"""badges: achievements, awards, credentials."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261123_1707"
down_revision = "20261123_1706"

TENANT_TABLES = (
    "status_lists",
    "achievements",
    "achievement_editions",
    "awards",
    "award_causes",
    "credentials",
    "shares",
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "status_lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_status_lists_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_status_lists")),
        sa.UniqueConstraint(
            "institution_id", "number", name=op.f("uq_status_lists_institution_id_number")
        ),
    )
    op.create_table(
        "achievements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=True),
        sa.Column("achievement_type", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("criteria", sa.String(), nullable=False),
        sa.Column("credits", sa.Numeric(precision=12, scale=4), nullable=True),
        sa.Column("artwork", postgresql.JSONB(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_by_id", sa.Uuid(), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("credits IS NULL OR credits >= 0", name=op.f("ck_achievements_credits")),
        sa.ForeignKeyConstraint(
            ["institution_id", "assessment_id"],
            ["assessments.institution_id", "assessments.id"],
            name=op.f("fk_achievements_institution_id_assessment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_achievements_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "replaced_by_id"],
            ["achievements.institution_id", "achievements.id"],
            name=op.f("fk_achievements_institution_id_replaced_by_id"),
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_achievements")),
    )
    op.create_table(
        "achievement_editions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("achievement_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "achievement_id"],
            ["achievements.institution_id", "achievements.id"],
            name=op.f("fk_achievement_editions_institution_id_achievement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_achievement_editions_institution_id"),
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_achievement_editions")),
        sa.UniqueConstraint(
            "institution_id",
            "achievement_id",
            "edition",
            name=op.f("uq_achievement_editions_institution_id_achievement_id_edition"),
        ),
    )
    op.create_index(
        "uq_achievements_assessment",
        "achievements",
        ["institution_id", "assessment_id"],
        unique=True,
        postgresql_where=sa.text("assessment_id IS NOT NULL"),
    )
    op.create_table(
        "awards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("achievement_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("awarded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_reason", sa.String(), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "achievement_id"],
            ["achievements.institution_id", "achievements.id"],
            name=op.f("fk_awards_institution_id_achievement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "person_id"],
            ["persons.institution_id", "persons.id"],
            name=op.f("fk_awards_institution_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_awards_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_awards")),
        sa.UniqueConstraint(
            "institution_id",
            "person_id",
            "achievement_id",
            "edition",
            name=op.f("uq_awards_institution_id_person_id_achievement_id_edition"),
        ),
    )
    op.create_table(
        "award_causes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("caused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('pass', 'pathway', 'decision')", name=op.f("ck_award_causes_kind")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "award_id"],
            ["awards.institution_id", "awards.id"],
            name=op.f("fk_award_causes_institution_id_award_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_award_causes_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_award_causes")),
        sa.UniqueConstraint(
            "institution_id",
            "award_id",
            "kind",
            "cause_id",
            name=op.f("uq_award_causes_institution_id_award_id_kind_cause_id"),
        ),
    )
    op.create_table(
        "credentials",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("subject_urn", sa.String(), nullable=False),
        sa.Column("status_list_id", sa.Uuid(), nullable=False),
        sa.Column("status_index", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=True),
        sa.Column("compact", sa.String(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(document IS NULL) = (issued_at IS NULL)", name=op.f("ck_credentials_issued")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "award_id"],
            ["awards.institution_id", "awards.id"],
            name=op.f("fk_credentials_institution_id_award_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "status_list_id"],
            ["status_lists.institution_id", "status_lists.id"],
            name=op.f("fk_credentials_institution_id_status_list_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_credentials_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_credentials")),
        sa.CheckConstraint("form IN ('minimal', 'detailed')", name=op.f("ck_credentials_form")),
    )
    op.create_index(
        "uq_credentials_place",
        "credentials",
        ["institution_id", "status_list_id", "status_index"],
        unique=True,
        postgresql_where=sa.text("form = 'minimal'"),
    )
    op.create_index(
        "uq_credentials_one_live",
        "credentials",
        ["institution_id", "award_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL AND form = 'minimal'"),
    )
    op.create_table(
        "shares",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("show_name", sa.Boolean(), nullable=False),
        sa.Column("show_result", sa.Boolean(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "credential_id"],
            ["credentials.institution_id", "credentials.id"],
            name=op.f("fk_shares_institution_id_credential_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_shares_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_shares")),
        sa.UniqueConstraint(
            "institution_id", "token_hash", name=op.f("uq_shares_institution_id_token_hash")
        ),
    )
    for table in TENANT_TABLES:
        op.execute(tenant_policy(table))
