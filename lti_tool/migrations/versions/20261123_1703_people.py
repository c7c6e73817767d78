"""people: persons and staff."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lti_tool.core.db import tenant_policy

revision = "20261123_1703"
down_revision = "20261123_1702"

TENANT_TABLES = (
    "identity_providers",
    "persons",
    "person_users",
    "staff_members",
    "staff_sessions",
    "user_words",
)

# Lower case, without accents. A number at the SIS is found with its marks and without, an
# address by its part before the @ and whole: half the university shares what follows.
WORDS = r"""
    CREATE FUNCTION user_words_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        marks text := '[\u0300-\u036f]';
        name text := regexp_replace(
            normalize(lower(coalesce(NEW.name, '')), NFKD), marks, '', 'g');
        email text := regexp_replace(
            normalize(lower(coalesce(NEW.email, '')), NFKD), marks, '', 'g');
        sis text := regexp_replace(
            normalize(lower(coalesce(NEW.sis_id, '')), NFKD), marks, '', 'g');
    BEGIN
        DELETE FROM user_words
        WHERE institution_id = NEW.institution_id AND user_id = NEW.id;
        INSERT INTO user_words (institution_id, user_id, word)
        SELECT DISTINCT NEW.institution_id, NEW.id, left(given.word, 100)
        FROM (
            SELECT regexp_split_to_table(
                concat_ws(' ', name, split_part(email, '@', 1), sis),
                '[^[:alnum:]]+'
            ) AS word
            UNION ALL SELECT email
            UNION ALL SELECT regexp_replace(sis, '[^[:alnum:]]+', '', 'g')
        ) AS given
        WHERE given.word <> '';
        RETURN NULL;
    END $$;
    CREATE TRIGGER user_words_follow AFTER INSERT ON users
        FOR EACH ROW EXECUTE FUNCTION user_words_follow();
    CREATE TRIGGER user_words_follow_changes AFTER UPDATE OF name, email, sis_id ON users
        FOR EACH ROW
        WHEN ((OLD.name, OLD.email, OLD.sis_id) IS DISTINCT FROM (NEW.name, NEW.email, NEW.sis_id))
        EXECUTE FUNCTION user_words_follow();
"""


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "identity_providers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("client_secret_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("role_claim", sa.String(), nullable=False),
        sa.Column("role_map", postgresql.JSONB(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_identity_providers_institution_id"),
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_identity_providers")),
        sa.UniqueConstraint(
            "institution_id", "issuer", name=op.f("uq_identity_providers_institution_id_issuer")
        ),
    )
    op.create_table(
        "persons",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_persons_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_persons")),
    )
    op.create_table(
        "person_users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "id"],
            ["users.institution_id", "users.id"],
            name=op.f("fk_person_users_institution_id_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id", "person_id"],
            ["persons.institution_id", "persons.id"],
            name=op.f("fk_person_users_institution_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_person_users_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_person_users")),
    )
    op.create_index(op.f("ix_person_users_person_id"), "person_users", ["person_id"], unique=False)
    op.create_table(
        "staff_members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identity_provider_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("roles", postgresql.JSONB(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "identity_provider_id"],
            ["identity_providers.institution_id", "identity_providers.id"],
            name=op.f("fk_staff_members_institution_id_identity_provider_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_staff_members_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_staff_members")),
        sa.UniqueConstraint(
            "institution_id",
            "identity_provider_id",
            "subject",
            name=op.f("uq_staff_members_institution_id_identity_provider_id_subject"),
        ),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "staff_id"],
            ["staff_members.institution_id", "staff_members.id"],
            name=op.f("fk_staff_sessions_institution_id_staff_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_staff_sessions_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", "institution_id", name=op.f("pk_staff_sessions")),
    )
    op.create_table(
        "user_words",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("word", sa.String(collation="C"), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id", "user_id"],
            ["users.institution_id", "users.id"],
            name=op.f("fk_user_words_institution_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_user_words_institution_id")
        ),
        sa.PrimaryKeyConstraint("institution_id", "user_id", "word", name=op.f("pk_user_words")),
    )
    op.create_index("ix_user_words_word", "user_words", ["institution_id", "word", "user_id"])
    op.execute(WORDS)
    for table in TENANT_TABLES:
        op.execute(tenant_policy(table))
