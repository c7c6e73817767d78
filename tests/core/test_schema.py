from collections.abc import Iterator

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from lti_tool.core import schema
from lti_tool.core.settings import Settings


@pytest.fixture
def owner(live_settings: Settings) -> Iterator[Connection]:
    """Connect as the owner of a database of this test's own."""
    engine = create_engine(_owner_url(live_settings), poolclass=NullPool)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _owner_url(settings: Settings) -> str:
    assert settings.database.owner_url is not None
    return settings.database.owner_url


def test_the_migrations_make_what_the_models_say(live_settings: Settings) -> None:
    assert schema.drift(_owner_url(live_settings)) is None


def test_a_column_the_models_do_not_know_is_drift(live_settings: Settings) -> None:
    engine = create_engine(_owner_url(live_settings), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE pathways ADD COLUMN colour text"))
    engine.dispose()

    assert "colour" in (schema.drift(_owner_url(live_settings)) or "")


def test_there_is_one_head() -> None:
    scripts = ScriptDirectory.from_config(Config(schema.INI))

    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


def test_nothing_is_pending_after_an_upgrade_and_a_second_one_changes_nothing(
    live_settings: Settings,
) -> None:
    schema.upgrade(_owner_url(live_settings), live_settings.database.url)

    assert schema.pending(live_settings.database.url) == []
    assert schema.drift(_owner_url(live_settings)) is None


def test_what_a_newer_release_ran_is_borne_after_going_back(
    live_settings: Settings, owner: Connection
) -> None:
    assert not schema.is_ahead(live_settings.database.url)
    owner.execute(text("UPDATE alembic_version SET version_num = '20991231_2359'"))
    owner.commit()

    assert schema.is_ahead(live_settings.database.url)
    assert schema.pending(live_settings.database.url) == []


def test_revisions_that_were_not_run_are_pending_oldest_first(
    live_settings: Settings, owner: Connection
) -> None:
    owner.execute(text("UPDATE alembic_version SET version_num = '20261123_1707'"))
    owner.commit()

    pending = schema.pending(live_settings.database.url)

    assert pending[0] == "20261123_1708"
    assert pending == sorted(pending)
