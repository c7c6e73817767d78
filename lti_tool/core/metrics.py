"""Counts of what happens, added up over all processes and machines.

A process keeps its counts for a few seconds and then adds them to those in Redis, so that a
request costs no round trip for them. Losing Redis loses counts and nothing else: Prometheus
takes a counter that begins anew for a restart. What is a state, such as a backlog, is not
counted here but read where it is.
"""

import atexit
import json
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from redis.exceptions import RedisError

from lti_tool.core import logs, queue

log = logs.get(__name__)

KEY: Final = "cairn:metrics"
HAND_OVER_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 60.0  # while Redis is away: each try costs somebody a second
BUCKETS_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# What a sample is of: the metric's name and its labels. For a bucket of a histogram the labels
# have `le`, for its sum and count the name ends so.
Sample = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A metric: what it counts, in a sentence, and by what."""

    kind: Literal["counter", "histogram"]
    says: str
    labels: tuple[str, ...] = ()


DECLARED: Final = {
    "cairn_http_request_seconds": Declared(
        kind="histogram",
        says="Time until an answer was ready.",
        labels=("page", "method", "status"),
    ),
    "cairn_job_seconds": Declared(
        kind="histogram", says="Time that jobs took.", labels=("job", "outcome")
    ),
    "cairn_launches": Declared(
        kind="counter", says="LTI messages, by what became of them.", labels=("outcome",)
    ),
    "cairn_saves": Declared(
        kind="counter", says="Answers that were sent, by what became of them.", labels=("outcome",)
    ),
    "cairn_credentials_signed": Declared(kind="counter", says="Credentials that were signed."),
}

_lock = threading.Lock()
_kept: defaultdict[Sample, float] = defaultdict(float)
_next_at = [0.0]  # monotonic


def count(name: str, amount: float = 1, **labels: str) -> None:
    """Add to a counter.

    Args:
        name: as declared; an unknown one is a bug (KeyError).
        amount: to add.
        labels: exactly those declared, of values that are ours and few.
    """
    sample = _sample(name, **labels)
    with _lock:
        _kept[sample] += amount


def observe(name: str, seconds: float, **labels: str) -> None:
    """Add a duration to a histogram; the same rules as for `count`."""
    bucket, total = _samples(name, bisect_left(BUCKETS_SECONDS, seconds), **labels)
    with _lock:
        _kept[bucket] += 1
        _kept[total] += seconds


# Few, for labels are: and a request that is counted need not put together what it counts.
@lru_cache(maxsize=4096)
def _sample(name: str, **labels: str) -> Sample:
    if set(DECLARED[name].labels) != labels.keys():
        raise ValueError(f"{name} is counted by {DECLARED[name].labels}, not {sorted(labels)}")
    return name, tuple(sorted(labels.items()))


@lru_cache(maxsize=4096)
def _samples(name: str, place: int, **labels: str) -> tuple[Sample, Sample]:
    """Return the bucket of a histogram that a duration falls into, and the sum of all."""
    bound = str(BUCKETS_SECONDS[place]) if place < len(BUCKETS_SECONDS) else "+Inf"
    _, given = _sample(name, **labels)
    return (name, tuple(sorted({**labels, "le": bound}.items()))), (f"{name}_sum", given)


def is_due() -> bool:
    """Tell whether this process's counts were kept for long enough."""
    return time.monotonic() >= _next_at[0]


def hand_over_if_due() -> None:
    """Add this process's counts to Redis, unless it did so a moment ago."""
    if is_due():
        hand_over()


def hand_over() -> None:
    """Add this process's counts to Redis now; while that is away they are kept."""
    with _lock:
        given = dict(_kept)
        _kept.clear()
        _next_at[0] = time.monotonic() + HAND_OVER_SECONDS
    if not given:
        return
    try:
        with queue.connection().pipeline() as pipeline:
            for (name, labels), amount in given.items():
                pipeline.hincrbyfloat(KEY, json.dumps([name, dict(labels)]), amount)
            pipeline.execute()
    except RedisError as error:
        log.warning("metrics_kept", error=type(error).__name__)
        with _lock:
            for sample, amount in given.items():
                _kept[sample] += amount
            _next_at[0] = time.monotonic() + RETRY_SECONDS


def read() -> dict[Sample, float]:
    """Return what all processes have counted.

    Raises:
        RedisError: they are out of reach.
    """
    hand_over()
    found: dict[Sample, float] = {}
    for field, amount in queue.connection().hgetall(KEY).items():
        name, labels = json.loads(field)
        found[name, tuple(sorted(labels.items()))] = float(amount)
    return found


def forget() -> None:
    """Forget what this process keeps. For tests."""
    with _lock:
        _kept.clear()
        _next_at[0] = 0.0


def hand_over_at_exit() -> None:
    """Have what is left handed over when this process ends. Called once, at start-up."""
    atexit.register(hand_over)
