"""pathways: versions, stones, contributions, progress, completions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261123_1708"
down_revision = "20261123_1707"

TENANT_TABLES = (
    "pathways",
    "pathway_versions",
    "pathway_stones",
    "contributions",
    "pathway_progress",
    "pathway_completions",
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pathways",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("achievement_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "achievement_id"],
            ["achievements.institution_id", "achievements.id"],
            name=op.f("fk_pathways_institution_id_achievement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_pathways_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_pathways")),
        sa.UniqueConstraint(
            "institution_id",
            "achievement_id",
            name=op.f("uq_pathways_institution_id_achievement_id"),
        ),
    )
    op.create_table(
        "pathway_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pathway_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("expression", postgresql.JSONB(), nullable=False),
        sa.Column("stones", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("stones > 0", name=op.f("ck_pathway_versions_stones")),
        sa.ForeignKeyConstraint(
            ["institution_id", "pathway_id"],
            ["pathways.institution_id", "pathways.id"],
            name=op.f("fk_pathway_versions_institution_id_pathway_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_pathway_versions_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_pathway_versions")),
        sa.UniqueConstraint(
            "institution_id",
            "pathway_id",
            "number",
            name=op.f("uq_pathway_versions_institution_id_pathway_id_number"),
        ),
    )
    op.create_table(
        "pathway_stones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("achievement_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "achievement_id"],
            ["achievements.institution_id", "achievements.id"],
            name=op.f("fk_pathway_stones_institution_id_achievement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "version_id"],
            ["pathway_versions.institution_id", "pathway_versions.id"],
            name=op.f("fk_pathway_stones_institution_id_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_pathway_stones_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_pathway_stones")),
    )
    op.create_index(
        "ix_pathway_stones_achievement", "pathway_stones", ["institution_id", "achievement_id"]
    )
    op.create_index("ix_pathway_stones_version", "pathway_stones", ["institution_id", "version_id"])
    op.create_table(
        "contributions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("pathway_id", sa.Uuid(), nullable=False),
        sa.Column("requirement_id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "award_id"],
            ["awards.institution_id", "awards.id"],
            name=op.f("fk_contributions_institution_id_award_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "pathway_id"],
            ["pathways.institution_id", "pathways.id"],
            name=op.f("fk_contributions_institution_id_pathway_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "person_id"],
            ["persons.institution_id", "persons.id"],
            name=op.f("fk_contributions_institution_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "requirement_id"],
            ["pathway_stones.institution_id", "pathway_stones.id"],
            name=op.f("fk_contributions_institution_id_requirement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_contributions_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_contributions")),
        sa.UniqueConstraint(
            "institution_id",
            "person_id",
            "requirement_id",
            "award_id",
            name=op.f("uq_contributions_institution_id_person_id_requirement_id_award_id"),
        ),
    )
    op.create_index(
        "ix_contributions_pathway", "contributions", ["institution_id", "pathway_id", "person_id"]
    )
    op.create_table(
        "pathway_progress",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pathway_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("share", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(share = 1) = (missing = 0)", name=op.f("ck_pathway_progress_missing")),
        sa.CheckConstraint("share >= 0 AND share <= 1", name=op.f("ck_pathway_progress_share")),
        sa.ForeignKeyConstraint(
            ["institution_id", "pathway_id"],
            ["pathways.institution_id", "pathways.id"],
            name=op.f("fk_pathway_progress_institution_id_pathway_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "person_id"],
            ["persons.institution_id", "persons.id"],
            name=op.f("fk_pathway_progress_institution_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "version_id"],
            ["pathway_versions.institution_id", "pathway_versions.id"],
            name=op.f("fk_pathway_progress_institution_id_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_pathway_progress_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_pathway_progress")),
        sa.UniqueConstraint(
            "institution_id",
            "pathway_id",
            "person_id",
            name=op.f("uq_pathway_progress_institution_id_pathway_id_person_id"),
        ),
    )
    op.create_index(
        "ix_pathway_progress_nearest",
        "pathway_progress",
        ["institution_id", "pathway_id", "missing", "person_id"],
    )
    op.create_index(
        "ix_pathway_progress_person", "pathway_progress", ["institution_id", "person_id"]
    )
    op.create_table(
        "pathway_completions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pathway_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "pathway_id"],
            ["pathways.institution_id", "pathways.id"],
            name=op.f("fk_pathway_completions_institution_id_pathway_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "person_id"],
            ["persons.institution_id", "persons.id"],
            name=op.f("fk_pathway_completions_institution_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "version_id"],
            ["pathway_versions.institution_id", "pathway_versions.id"],
            name=op.f("fk_pathway_completions_institution_id_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_pathway_completions_institution_id"),
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_pathway_completions")),
    )
    op.create_index(
        "uq_pathway_completions_open",
        "pathway_completions",
        ["institution_id", "pathway_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("lapsed_at IS NULL"),
    )
    for table in TENANT_TABLES:
        op.execute(tenant_policy(table))
