"""people: one person over several platforms, matched, merged and split.

Expand step: new tables, and columns that may be empty. The unique constraint of awards becomes
an index of the same columns that leaves out duplicates, which only a merge makes.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import SchemaItem

from lti_tool.core.db import tenant_policy

revision = "20261126_0520"
down_revision = "20261126_0508"

TENANT_TABLES = ("identifier_authorities", "person_matches", "person_merges")


def _tenant(table: str) -> tuple[SchemaItem, ...]:
    return (
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f(f"fk_{table}_institution_id")
        ),
    )


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["institution_id", column],
        ["persons.institution_id", "persons.id"],
        name=op.f(f"fk_{table}_institution_id_{column}"),
    )


def upgrade() -> None:
    """Make the tables, the columns and their indexes."""
    op.create_table(
        "identifier_authorities",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("namespace", sa.String(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        *_tenant("identifier_authorities"),
        sa.PrimaryKeyConstraint("issuer", "institution_id", name=op.f("pk_identifier_authorities")),
    )
    op.create_table(
        "person_matches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        *_tenant("person_matches"),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_person_matches_pair")),
        sa.CheckConstraint(
            "state IN ('open', 'merged', 'apart')", name=op.f("ck_person_matches_state")
        ),
        sa.CheckConstraint(
            "why IN ('email', 'number', 'decision')", name=op.f("ck_person_matches_why")
        ),
        _person("person_matches", "first_id"),
        _person("person_matches", "second_id"),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_person_matches")),
        sa.UniqueConstraint(
            "institution_id",
            "first_id",
            "second_id",
            name=op.f("uq_person_matches_institution_id_first_id_second_id"),
        ),
    )
    op.create_index(
        "ix_person_matches_open",
        "person_matches",
        ["institution_id", "id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_person_matches_second", "person_matches", ["institution_id", "second_id"])
    op.create_table(
        "person_merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("gone_id", sa.Uuid(), nullable=False),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        *_tenant("person_merges"),
        sa.CheckConstraint("kept_id <> gone_id", name=op.f("ck_person_merges_pair")),
        _person("person_merges", "kept_id"),
        _person("person_merges", "gone_id"),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_person_merges")),
    )
    op.create_index(
        "uq_person_merges_standing",
        "person_merges",
        ["institution_id", "gone_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_index("ix_person_merges_kept", "person_merges", ["institution_id", "kept_id"])
    for table in TENANT_TABLES:
        op.execute(tenant_policy(table))

    op.add_column("persons", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_persons_institution_id_merged_into_id"),
        "persons",
        "persons",
        ["institution_id", "merged_into_id"],
        ["institution_id", "id"],
    )
    op.create_index(
        "ix_persons_merged_into",
        "persons",
        ["institution_id", "merged_into_id"],
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )

    op.add_column("awards", sa.Column("duplicate_of_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_awards_institution_id_duplicate_of_id"),
        "awards",
        "awards",
        ["institution_id", "duplicate_of_id"],
        ["institution_id", "id"],
    )
    op.create_index(
        "ix_awards_duplicate_of",
        "awards",
        ["institution_id", "duplicate_of_id"],
        postgresql_where=sa.text("duplicate_of_id IS NOT NULL"),
    )
    op.create_index(
        "uq_awards_one_counts",
        "awards",
        ["institution_id", "person_id", "achievement_id", "edition"],
        unique=True,
        postgresql_where=sa.text("duplicate_of_id IS NULL"),
    )
    op.drop_constraint(
        op.f("uq_awards_institution_id_person_id_achievement_id_edition"), "awards", type_="unique"
    )
    # A person's awards are looked for with their duplicates, too.
    op.create_index("ix_awards_person", "awards", ["institution_id", "person_id"])
