"""How Alembic runs: on the caller's connection, with short locks, one transaction a step."""

from datetime import UTC, datetime

from alembic import context
from sqlalchemy import text

from lti_tool.core.db import Base


def _stamp(_context, _revision, scripts) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - Alembic's hook has no types
    """Name a new revision by the minute it was made, so that the folder is in order."""
    for script in scripts:
        script.rev_id = datetime.now(UTC).strftime("%Y%m%d_%H%M")  # noqa: TID251 - a tool's clock


def _run() -> None:
    connection = context.config.attributes["connection"]
    # A migration that waits for a lock makes everybody wait behind it: give up early instead.
    connection.execute(text("SET lock_timeout = '4s'"))
    connection.execute(text("SET statement_timeout = '60s'"))
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        process_revision_directives=_stamp,
        transaction_per_migration=True,
        compare_server_default=True,
        app_role=context.config.attributes.get("app_role"),
    )
    with context.begin_transaction():
        context.run_migrations()


_run()
