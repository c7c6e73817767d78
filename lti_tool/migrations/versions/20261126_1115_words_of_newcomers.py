"""people: the words of a new user are written without looking for old ones.

Where statistics know nothing of an institution yet, that look went through all its words. The
function keeps its name and what it writes.
"""

from alembic import op

revision = "20261126_1115"
down_revision = "20261126_1110"

WORDS = r"""
    CREATE OR REPLACE FUNCTION user_words_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        marks text := '[\u0300-\u036f]';
        name text := regexp_replace(
            normalize(lower(coalesce(NEW.name, '')), NFKD), marks, '', 'g');
        email text := regexp_replace(
            normalize(lower(coalesce(NEW.email, '')), NFKD), marks, '', 'g');
        sis text := regexp_replace(
            normalize(lower(coalesce(NEW.sis_id, '')), NFKD), marks, '', 'g');
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            DELETE FROM user_words
            WHERE institution_id = NEW.institution_id AND user_id = NEW.id;
        END IF;
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
"""


def upgrade() -> None:
    """Replace the function."""
    op.execute(WORDS)
