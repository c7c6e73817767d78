"""Deleting what is over, a little at a time: no long lock, no job without end."""

import time
from collections.abc import Callable
from typing import Final

BATCH: Final = 1000
SECONDS: Final = 20.0


def in_batches(delete_some: Callable[[int], int], *, seconds: float = SECONDS) -> int:
    """Delete batch after batch, each in a transaction of its own, until little is left.

    Args:
        delete_some: deletes that many rows at most and returns how many it did.
        seconds: no further batch is begun after so long: the next run goes on.

    Returns:
        How many rows went.
    """
    ends_at = time.monotonic() + seconds
    gone = 0
    while True:
        number = delete_some(BATCH)
        gone += number
        if number < BATCH or time.monotonic() >= ends_at:
            return gone
