"""Conditions of editions and placements, accommodations, and what an attempt's time is made of.

Defaults stand only while rows that are there get their values; attempts take their minutes
from their edition.
"""

import sqlalchemy as sa
from alembic import op

from lti_tool.core.db import tenant_policy

revision = "20261126_0040"
down_revision = "20261126_0030"

_SHOWN = "IN ('at_once', 'settled', 'after_window', 'never')"


def upgrade() -> None:
    """Add the columns and the table."""
    _filled("editions", sa.Column("cooldown_minutes", sa.Integer(), nullable=False), "0")
    _filled("editions", sa.Column("answers_shown", sa.String(), nullable=False), "'at_once'")
    _filled("editions", sa.Column("key_shown", sa.String(), nullable=False), "'settled'")
    op.add_column("editions", sa.Column("max_attempts", sa.Integer(), nullable=True))
    _check("editions", "max_attempts", "max_attempts > 0")
    _filled("placements", sa.Column("cooldown_minutes", sa.Integer(), nullable=False), "0")
    _filled("placements", sa.Column("answers_shown", sa.String(), nullable=False), "'at_once'")
    _filled("placements", sa.Column("key_shown", sa.String(), nullable=False), "'at_once'")
    _filled("placements", sa.Column("cuts_extra_time", sa.Boolean(), nullable=False), "false")
    op.add_column("placements", sa.Column("minutes", sa.Integer(), nullable=True))
    op.add_column("placements", sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("placements", sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True))
    _check("placements", "minutes", "minutes > 0")
    _check("placements", "window", "closes_at > opens_at")
    for table in ("editions", "placements"):
        _check(table, "cooldown_minutes", "cooldown_minutes >= 0")
        _check(table, "answers_shown", f"answers_shown {_SHOWN}")
        _check(table, "key_shown", f"key_shown {_SHOWN}")

    op.add_column("attempts", sa.Column("minutes", sa.Integer(), nullable=True))
    _filled("attempts", sa.Column("factor", sa.Numeric(12, 4), nullable=False), "1")
    _filled("attempts", sa.Column("extra_minutes", sa.Integer(), nullable=False), "0")
    _filled("attempts", sa.Column("granted_minutes", sa.Integer(), nullable=False), "0")
    _check("attempts", "factor", "factor >= 1")
    _check("attempts", "extra_minutes", "extra_minutes >= 0 AND granted_minutes >= 0")
    # Forced, the owner sees no institution's rows either.
    for table in ("attempts", "editions"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE attempts SET minutes = editions.minutes FROM editions"
        " WHERE editions.institution_id = attempts.institution_id"
        " AND editions.id = attempts.edition_id AND editions.minutes IS NOT NULL"
    )
    for table in ("attempts", "editions"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")

    op.create_table(
        "accommodations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("factor", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("extra_minutes", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("factor >= 1 AND factor <= 5", name=op.f("ck_accommodations_factor")),
        sa.CheckConstraint("extra_minutes >= 0", name=op.f("ck_accommodations_extra_minutes")),
        sa.ForeignKeyConstraint(
            ["institution_id", "id"],
            ["users.institution_id", "users.id"],
            name=op.f("fk_accommodations_institution_id_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_accommodations_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_accommodations")),
    )
    op.execute(tenant_policy("accommodations"))


def _filled(table: str, column: sa.Column[object], value: str) -> None:
    name = column.name
    column.server_default = sa.DefaultClause(sa.text(value))
    op.add_column(table, column)
    op.alter_column(table, name, server_default=None)


def _check(table: str, name: str, condition: str) -> None:
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
