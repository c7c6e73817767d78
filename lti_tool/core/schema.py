"""The schema: who may do what in the database, and bringing it up to date.

Migrations run as the owner of the tables; the application connects as a role
that owns nothing, so that row-level security binds it (PostgreSQL 18 §5.9).
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

INI = Path(__file__).parents[2] / "config" / "alembic.ini"
_MODEL_MODULES = (
    "core.outbox",
    "core.keys",
    "core.audit",
    "platforms.models",
    "people.models",
    "launch.models",
    "assessments.models",
    "grading.models",
    "badges.models",
    "pathways.models",
)


def load_models() -> None:
    """Import every module that defines tables, so that the metadata is whole."""
    for name in _MODEL_MODULES:
        importlib.import_module(f"lti_tool.{name}")


def prepare_role(owner_url: str, app_url: str) -> None:
    """Make the application's role if it is missing, and let it connect.

    The owner needs CREATEROLE only when the role does not exist yet.
    """
    app = make_url(app_url)
    with _connected(owner_url) as connection:
        name = connection.dialect.identifier_preparer.quote(app.username or "")
        known = connection.scalar(
            text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": app.username}
        )
        if not known:
            literal = connection.scalar(
                text("SELECT quote_literal(:password)"), {"password": app.password}
            )
            connection.execute(
                text(f"CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {literal}")
            )
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {name}"))


def upgrade(owner_url: str, app_url: str) -> None:
    """Bring the schema to the newest revision and grant the application its rights."""
    prepare_role(owner_url, app_url)
    with _connected(owner_url) as connection:
        command.upgrade(_config(connection, app_url), "head")


def drift(owner_url: str) -> str | None:
    """Return what the models say and the migrations do not, or None."""
    with _connected(owner_url) as connection:
        try:
            command.check(_config(connection))
        except CommandError as error:
            return str(error)
    return None


def pending(url: str) -> list[str]:
    """Return the revisions the database has not run yet, oldest first."""
    return missing_after(_reached(url))


def is_ahead(url: str) -> bool:
    """Tell whether a newer release has migrated the database: after it was gone back from, say."""
    reached = _reached(url)
    return reached is not None and not _is_known(reached)


def missing_after(reached: str | None) -> list[str]:
    """Return the revisions that a database at `reached` has not run, oldest first.

    One that we do not know is a newer release's: the database is ahead of this process, which
    migrations allow for as long as both run.
    """
    if reached is not None and not _is_known(reached):
        return []
    scripts = ScriptDirectory.from_config(Config(INI))
    missing = [script.revision for script in scripts.iterate_revisions("head", reached)]
    return missing[::-1]


def _reached(url: str) -> str | None:
    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _is_known(revision: str) -> bool:
    scripts = ScriptDirectory.from_config(Config(INI))
    return revision in {script.revision for script in scripts.walk_revisions()}


def _config(connection: Connection, app_url: str | None = None) -> Config:
    load_models()
    config = Config(INI)
    config.attributes["connection"] = connection
    config.attributes["app_role"] = make_url(app_url).username if app_url else None
    return config


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
