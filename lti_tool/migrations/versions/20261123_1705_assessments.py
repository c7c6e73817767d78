"""assessments: bank, editions, placements, attempts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261123_1705"
down_revision = "20261123_1704"

TENANT_TABLES = (
    "assessments",
    "items",
    "editions",
    "item_versions",
    "edition_items",
    "placements",
    "attempts",
    "placement_results",
    "responses",
    "late_responses",
    "attachments",
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "assessments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_assessments_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_assessments")),
    )
    op.create_table(
        "items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_items_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_items")),
    )
    op.create_table(
        "editions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("competencies", postgresql.JSONB(), nullable=False),
        sa.Column("pass_mark", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("pass_mark > 0 AND pass_mark <= 1", name=op.f("ck_editions_pass_mark")),
        sa.ForeignKeyConstraint(
            ["institution_id", "assessment_id"],
            ["assessments.institution_id", "assessments.id"],
            name=op.f("fk_editions_institution_id_assessment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_editions_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_editions")),
        sa.UniqueConstraint(
            "institution_id",
            "assessment_id",
            "number",
            name=op.f("uq_editions_institution_id_assessment_id_number"),
        ),
    )
    op.create_table(
        "item_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "item_id"],
            ["items.institution_id", "items.id"],
            name=op.f("fk_item_versions_institution_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_item_versions_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_item_versions")),
        sa.UniqueConstraint(
            "institution_id",
            "item_id",
            "number",
            name=op.f("uq_item_versions_institution_id_item_id_number"),
        ),
    )
    op.create_table(
        "edition_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("item_version_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("points", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("competency", sa.String(), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_edition_items_points")),
        sa.ForeignKeyConstraint(
            ["institution_id", "edition_id"],
            ["editions.institution_id", "editions.id"],
            name=op.f("fk_edition_items_institution_id_edition_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "item_version_id"],
            ["item_versions.institution_id", "item_versions.id"],
            name=op.f("fk_edition_items_institution_id_item_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_edition_items_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_edition_items")),
        sa.UniqueConstraint(
            "institution_id",
            "edition_id",
            "item_version_id",
            name=op.f("uq_edition_items_institution_id_edition_id_item_version_id"),
        ),
        sa.UniqueConstraint(
            "institution_id",
            "edition_id",
            "position",
            name=op.f("uq_edition_items_institution_id_edition_id_position"),
        ),
    )
    op.create_table(
        "placements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("context_id", sa.Uuid(), nullable=True),
        sa.Column("resource_link_id", sa.Uuid(), nullable=True),
        sa.Column("copied_from_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("points", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=True),
        sa.Column("gives_badge", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "policy IN ('best', 'last', 'first', 'average')", name=op.f("ck_placements_policy")
        ),
        sa.CheckConstraint(
            "max_attempts IS NULL OR max_attempts > 0", name=op.f("ck_placements_max_attempts")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "context_id"],
            ["contexts.institution_id", "contexts.id"],
            name=op.f("fk_placements_institution_id_context_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "copied_from_id"],
            ["placements.institution_id", "placements.id"],
            name=op.f("fk_placements_institution_id_copied_from_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "edition_id"],
            ["editions.institution_id", "editions.id"],
            name=op.f("fk_placements_institution_id_edition_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "resource_link_id"],
            ["resource_links.institution_id", "resource_links.id"],
            name=op.f("fk_placements_institution_id_resource_link_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_placements_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_placements")),
        sa.UniqueConstraint(
            "institution_id",
            "resource_link_id",
            name=op.f("uq_placements_institution_id_resource_link_id"),
        ),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("placement_id", sa.Uuid(), nullable=False),
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("form", postgresql.JSONB(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("points_earned", sa.Numeric(precision=12, scale=4), nullable=True),
        sa.Column("points_possible", sa.Numeric(precision=12, scale=4), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("awaits_marking", sa.Boolean(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(submitted_at IS NULL) = (points_earned IS NULL)", name=op.f("ck_attempts_scored")
        ),
        sa.CheckConstraint("points_earned <= points_possible", name=op.f("ck_attempts_points")),
        sa.CheckConstraint(
            "(submitted_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_attempts_ended")
        ),
        sa.CheckConstraint("ended_by IN ('learner', 'clock')", name=op.f("ck_attempts_ended_by")),
        sa.ForeignKeyConstraint(
            ["institution_id", "edition_id"],
            ["editions.institution_id", "editions.id"],
            name=op.f("fk_attempts_institution_id_edition_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "placement_id"],
            ["placements.institution_id", "placements.id"],
            name=op.f("fk_attempts_institution_id_placement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "user_id"],
            ["users.institution_id", "users.id"],
            name=op.f("fk_attempts_institution_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_attempts_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_attempts")),
        sa.UniqueConstraint(
            "institution_id",
            "placement_id",
            "user_id",
            "number",
            name=op.f("uq_attempts_institution_id_placement_id_user_id_number"),
        ),
    )
    op.create_index(
        "uq_attempts_one_open",
        "attempts",
        ["institution_id", "placement_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("submitted_at IS NULL"),
    )
    op.create_index(
        "ix_attempts_open_until",
        "attempts",
        ["closes_at"],
        postgresql_where=sa.text("submitted_at IS NULL"),
    )
    op.create_table(
        "placement_results",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("placement_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("points_earned", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("points_possible", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "placement_id"],
            ["placements.institution_id", "placements.id"],
            name=op.f("fk_placement_results_institution_id_placement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "user_id"],
            ["users.institution_id", "users.id"],
            name=op.f("fk_placement_results_institution_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_placement_results_institution_id"),
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_placement_results")),
        sa.UniqueConstraint(
            "institution_id",
            "placement_id",
            "user_id",
            name=op.f("uq_placement_results_institution_id_placement_id_user_id"),
        ),
    )
    op.create_table(
        "responses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("item_version_id", sa.Uuid(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("save_id", sa.Uuid(), nullable=False),
        sa.Column("page_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points_earned", sa.Numeric(precision=12, scale=4), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "attempt_id"],
            ["attempts.institution_id", "attempts.id"],
            name=op.f("fk_responses_institution_id_attempt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "item_version_id"],
            ["item_versions.institution_id", "item_versions.id"],
            name=op.f("fk_responses_institution_id_item_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_responses_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_responses")),
        sa.UniqueConstraint(
            "institution_id",
            "attempt_id",
            "item_version_id",
            name=op.f("uq_responses_institution_id_attempt_id_item_version_id"),
        ),
    )
    op.create_table(
        "late_responses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("item_version_id", sa.Uuid(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("save_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "attempt_id"],
            ["attempts.institution_id", "attempts.id"],
            name=op.f("fk_late_responses_institution_id_attempt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "item_version_id"],
            ["item_versions.institution_id", "item_versions.id"],
            name=op.f("fk_late_responses_institution_id_item_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_late_responses_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_late_responses")),
        sa.UniqueConstraint(
            "institution_id",
            "attempt_id",
            "item_version_id",
            name=op.f("uq_late_responses_institution_id_attempt_id_item_version_id"),
        ),
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("item_version_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("size >= 0", name=op.f("ck_attachments_size")),
        sa.ForeignKeyConstraint(
            ["institution_id", "attempt_id"],
            ["attempts.institution_id", "attempts.id"],
            name=op.f("fk_attachments_institution_id_attempt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "item_version_id"],
            ["item_versions.institution_id", "item_versions.id"],
            name=op.f("fk_attachments_institution_id_item_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_attachments_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_attachments")),
    )
    op.create_index(
        "ix_attachments_attempt",
        "attachments",
        ["institution_id", "attempt_id", "item_version_id"],
    )
    for table in TENANT_TABLES:
        op.execute(tenant_policy(table))
