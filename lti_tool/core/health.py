"""Whether this process can serve: what is asked every few seconds, so each check is quick."""

from functools import cache

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from lti_tool.core import queue, schema
from lti_tool.core.db import system_transaction
from lti_tool.core.doctor import Finding

# Pages work while the queue is away, and what they do is handed over later: taking every web
# server out of service would make a small outage a whole one.
NEEDED = frozenset({"database", "migrations"})


def check() -> list[Finding]:
    """Look at what a request needs."""
    return [*_database(), _queue()]


def is_ready(findings: list[Finding]) -> bool:
    """Tell whether requests can be served, with these findings."""
    return all(finding.ok or finding.about not in NEEDED for finding in findings)


def _database() -> list[Finding]:
    try:
        with system_transaction() as session:
            reached = session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError as error:
        return [Finding(about="database", ok=False, says=f"does not answer: {_first_line(error)}")]
    missing = _missing(str(reached))
    says = f"{missing} have not run: run `cairn migrate`" if missing else "up to date"
    return [
        Finding(about="database", ok=True, says="answers"),
        Finding(about="migrations", ok=not missing, says=says),
    ]


@cache
def _missing(reached: str) -> int:
    """Count the migrations that a database at this revision lacks; it may also be ahead of us."""
    return len(schema.missing_after(reached))


def _queue() -> Finding:
    try:
        waiting = queue.queue().count
    except RedisError as error:
        return Finding(about="queue", ok=False, says=f"does not answer: {type(error).__name__}")
    return Finding(about="queue", ok=True, says=f"{waiting} jobs wait")


def _first_line(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
