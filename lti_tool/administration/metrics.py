"""Metrics for Prometheus: what all processes counted, and states read where they are.

Any web server answers for the whole installation, so one of them is scraped, not each.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from rq.worker import SimpleWorker
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from lti_tool.core import clock, logs, metrics, queue
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.metrics import BUCKETS_SECONDS, DECLARED, Sample
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.grading.backlog import count_due, list_lane_states

log = logs.get(__name__)

_LANE = ("institution", "platform", "registration")


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Installation())
    return generate_latest(registry)


class _Installation(Collector):
    """Reads everything anew for each scrape."""

    def collect(self) -> Iterable[Metric]:
        """Yield every metric; what is out of reach is told by its `up` and left out."""
        yield from _read("database", _states)
        yield from _read("queue", _counts)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: names are known once they are read."""
        return ()


def _read(what: str, source: Callable[[], Iterator[Metric]]) -> Iterator[Metric]:
    found: list[Metric] = []
    try:
        found += source()
    except (SQLAlchemyError, RedisError) as error:
        log.warning("metrics_unreadable", of=what, error=type(error).__name__)
        is_up = 0.0
    else:
        is_up = 1.0
    yield GaugeMetricFamily(f"cairn_{what}_up", f"Whether the {what} answers.", value=is_up)
    yield from found


def _states() -> Iterator[Metric]:
    yield from _deliveries()
    yield from _scores()


def _deliveries() -> Iterator[Metric]:
    waiting = _gauge("cairn_deliveries_waiting", "Events on their way.", "subscriber")
    dead = _gauge("cairn_deliveries_dead", "Events that were given up.", "subscriber")
    oldest = _gauge(
        "cairn_deliveries_oldest_seconds", "How long the oldest event waits.", "subscriber"
    )
    delivery, now = OutboxDelivery, clock.now()
    with system_transaction() as session:
        rows = session.execute(
            select(
                delivery.subscriber,
                func.count(delivery.due_at),
                func.count(delivery.died_at),
                func.coalesce(
                    func.extract(
                        "epoch",
                        now - func.min(delivery.recorded_at).filter(delivery.due_at.is_not(None)),
                    ),
                    0,
                ),
            )
            .where(delivery.finished_at.is_(None))
            .group_by(delivery.subscriber)
            .order_by(delivery.subscriber)
        ).all()
    for subscriber, number, given_up, seconds in rows:
        waiting.add_metric([subscriber], number)
        dead.add_metric([subscriber], given_up)
        oldest.add_metric([subscriber], float(seconds))
    yield from (waiting, dead, oldest)


def _scores() -> Iterator[Metric]:
    waiting = _gauge("cairn_scores_waiting", "Scores that are due.", *_LANE)
    oldest = _gauge("cairn_scores_oldest_seconds", "How long the first score is due.", *_LANE)
    failing = _gauge("cairn_platform_failing", "1 while the platform takes no scores.", *_LANE)
    taken = CounterMetricFamily(
        "cairn_scores_acknowledged", "Scores that platforms took.", labels=_LANE
    )
    refused = CounterMetricFamily(
        "cairn_scores_refused", "Scores that platforms refused for good.", labels=_LANE
    )
    now = clock.now()
    with system_transaction() as session:
        lanes = list_lane_states(session)
    for lane in lanes:
        number, since = 0, None
        if lane.due_at is not None:
            with transaction(lane.institution_id) as session:
                number, since = count_due(session, lane.registration_id, now)
        labels = [lane.slug, lane.platform_name, str(lane.registration_id)]
        waiting.add_metric(labels, number)
        oldest.add_metric(labels, (now - since).total_seconds() if since else 0)
        failing.add_metric(labels, lane.is_failing)
        taken.add_metric(labels, lane.acknowledged)
        refused.add_metric(labels, lane.refused)
    yield from (waiting, oldest, failing, taken, refused)


def _counts() -> Iterator[Metric]:
    connection = queue.connection()
    yield GaugeMetricFamily(
        "cairn_jobs_waiting", "Jobs that no worker has taken yet.", value=queue.queue().count
    )
    yield GaugeMetricFamily(
        "cairn_workers", "Workers that run.", value=SimpleWorker.count(connection=connection)
    )
    yield GaugeMetricFamily(
        "cairn_relay_up",
        "Whether a relay runs.",
        value=float(bool(connection.exists(queue.RELAY_SIGN))),
    )
    found = metrics.read()
    for name, declared in DECLARED.items():
        if declared.kind == "histogram":
            yield _histogram(name, found)
        else:
            counter = CounterMetricFamily(name, declared.says, labels=declared.labels)
            for (sample, labels), amount in sorted(found.items()):
                if sample == name:
                    counter.add_metric([dict(labels)[label] for label in declared.labels], amount)
            yield counter


def _histogram(name: str, found: Mapping[Sample, float]) -> Metric:
    declared = DECLARED[name]
    family = HistogramMetricFamily(name, declared.says, labels=declared.labels)
    numbers: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for (sample, labels), amount in found.items():
        if sample == name:
            given = dict(labels)
            numbers[tuple(given[label] for label in declared.labels)][given["le"]] = amount
    for labels_given, by_bound in sorted(numbers.items()):
        total, buckets = 0.0, []
        for bound in (*map(str, BUCKETS_SECONDS), "+Inf"):
            total += by_bound.get(bound, 0)
            buckets.append((bound, total))
        pairs = tuple(sorted(zip(declared.labels, labels_given, strict=True)))
        family.add_metric(list(labels_given), buckets, found.get((f"{name}_sum", pairs), 0))
    return family


def _gauge(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, labels=labels)
