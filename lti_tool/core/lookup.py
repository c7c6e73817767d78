"""Lookups: what a page asks the database for at once, however much it needs to know.

On a page view each round trip saved is worth more than what it asks: while a process waits, others
take its place on the core, and it comes back to cold caches.
"""

import json
from typing import Any

from lti_tool.core.driver import Statement, statement


def lookup(query: str) -> Statement:
    """Make a lookup of a query that finds one row, or none.

    Its answer is JSON, which Python reads faster than columns one by one: instants and ids come as
    text, and so has to be asked for what is exact (`::text`).
    """
    return statement(f"SELECT to_json(found)::text AS found FROM ({query}) AS found")  # noqa: S608 - ours


def read(rows: list[Any]) -> Any:  # noqa: ANN401 - whatever the query finds
    """Return the row that a lookup found, by names; None where there is none."""
    return json.loads(rows[0].found) if rows else None
