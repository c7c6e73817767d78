"""RQ, as this product uses it: JSON, ids only, nothing kept, no retries.

PostgreSQL remembers what is left to do (`core.outbox`, the score sender); RQ
lends hands. So losing Redis loses nothing, and enqueueing may fail.
"""

from collections.abc import Sequence
from functools import cache

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy.orm import Session

from lti_tool.core import db, logs, settings

NAME = "cairn"
JOB_SECONDS = 50
_FAILURE_SECONDS = 3600
RELAY_SIGN = "cairn:relay"  # set by every relay, gone soon after the last one stopped

log = logs.get(__name__)


@cache
def connection() -> Redis:
    """Return this process's connection pool; short time-outs, since callers can do without."""
    return Redis.from_url(
        settings.current().redis_url,
        socket_connect_timeout=0.5,
        socket_timeout=1.0,  # a worker that waits for jobs sets its own
        retry=Retry(NoBackoff(), 1),
    )


def queue() -> Queue:
    """Return the one queue."""
    return Queue(NAME, connection=connection(), serializer=JSONSerializer)


def count_waiting() -> int | None:
    """Return how many jobs no worker has taken yet; None when Redis is away."""
    try:
        return queue().count
    except RedisError as error:
        log.warning("queue_unreachable", error=type(error).__name__)
        return None


def enqueue(function: str, *arguments: Sequence[str]) -> bool:
    """Hand one call to a worker: dotted name and arguments, all text, each call a list.

    Returns:
        False when Redis is away: what must not be lost is remembered elsewhere.
    """
    jobs = [
        Queue.prepare_data(
            function,
            args=tuple(words),
            timeout=JOB_SECONDS,
            result_ttl=0,
            failure_ttl=_FAILURE_SECONDS,
        )
        for words in arguments
    ]
    try:
        queue().enqueue_many(jobs)
    except RedisError as error:
        log.warning("queue_unreachable", error=type(error).__name__, jobs=len(jobs))
        return False
    return True


def enqueue_after_commit(session: Session, function: str, *words: str) -> None:
    """Hand one call to a worker once `session` has committed."""

    def hand_over() -> None:
        enqueue(function, words)

    db.after_commit(session, hand_over)
