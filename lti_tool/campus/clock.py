"""The current instant, in one place, as tests set it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - Campus shares no code with the tool, not even a clock
