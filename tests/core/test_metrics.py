import threading
import time

import pytest
from sqlalchemy import Connection

from lti_tool.core import metrics, queue

OPENED = ("cairn_launches", (("outcome", "opened"),))


@pytest.fixture(autouse=True)
def _counts(database: Connection) -> None:
    assert database.in_transaction()
    metrics.forget()


def test_what_several_processes_count_is_added_up() -> None:
    metrics.count("cairn_launches", outcome="opened")
    metrics.hand_over()
    metrics.forget()  # another process
    metrics.count("cairn_launches", outcome="opened")
    metrics.count("cairn_launches", 3, outcome="launch_used")

    found = metrics.read()

    assert found[OPENED] == 2
    assert found["cairn_launches", (("outcome", "launch_used"),)] == 3


def test_a_duration_falls_into_the_bucket_that_holds_it() -> None:
    labels = {"job": "grading.jobs.send_due", "outcome": "done"}
    for seconds in (0.25, 0.26, 99):
        metrics.observe("cairn_job_seconds", seconds, **labels)

    found = metrics.read()

    bounds = {dict(sample[1])["le"]: n for sample, n in found.items() if "le" in dict(sample[1])}
    assert bounds == {"0.25": 1, "0.5": 1, "+Inf": 1}
    assert found["cairn_job_seconds_sum", tuple(sorted(labels.items()))] == pytest.approx(99.51)


def test_counts_are_handed_over_every_few_seconds_only() -> None:
    assert counted_thrice() == [1, 1, 3]


def counted_thrice() -> list[float]:
    """Count three times; the third time some seconds have passed. Return what Redis has."""
    found: list[float] = []
    for number in range(3):
        if number == 2:
            metrics._next_at[0] = 0.0
        metrics.count("cairn_launches", outcome="opened")
        metrics.hand_over_if_due()
        found += map(float, queue.connection().hvals(metrics.KEY))
    return found


def test_counts_are_kept_while_redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics.count("cairn_launches", outcome="opened")
    with monkeypatch.context() as away:
        connection = queue.connection()
        connection.connection_pool.reset()
        away.setitem(connection.connection_pool.connection_kwargs, "port", 1)
        metrics.hand_over()
        metrics.count("cairn_launches", outcome="opened")
        assert metrics._next_at[0] > time.monotonic() + metrics.HAND_OVER_SECONDS, (
            "it is left alone"
        )
    queue.connection().connection_pool.reset()

    assert metrics.read()[OPENED] == 2


def test_no_count_is_lost_between_threads() -> None:
    def work() -> None:
        for number in range(200):
            metrics.count("cairn_launches", outcome="opened")
            if number % 50 == 0:
                metrics.hand_over()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert metrics.read()[OPENED] == 1600


def test_an_undeclared_count_is_a_bug() -> None:
    with pytest.raises(KeyError):
        metrics.count("cairn_nothing")
    with pytest.raises(ValueError, match="is counted by"):
        metrics.count("cairn_launches", platform="x")
