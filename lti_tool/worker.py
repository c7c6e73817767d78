"""The processes behind the pages: workers run jobs, relays see that none is missed.

Any number of either may run, on any machine; each may be killed at any moment.
"""

import os
import secrets
import signal
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import Any

from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker
from sqlalchemy.exc import OperationalError

from lti_tool.core import logs, metrics, outbox, queue

log = logs.get(__name__)

RELAY_SECONDS = 1.0
RELAY_SIGN_SECONDS = 10
RECONNECT_SECONDS = 1.0
RELAY_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """Work that is due again and again.

    Attributes:
        function: dotted name, without arguments, run by a worker; must be idempotent, since
            losing Redis or a slow clock may run it early.
        every: the least time between two runs, over all relays together.
    """

    function: str
    every: timedelta


PERIODIC: tuple[Periodic, ...] = (
    Periodic(function="lti_tool.assessments.services.close_overdue", every=timedelta(seconds=30)),
    Periodic(function="lti_tool.pathways.sweeping.sweep", every=timedelta(seconds=30)),
    Periodic(function="lti_tool.assessments.services.forget_trials", every=timedelta(hours=1)),
    Periodic(function="lti_tool.grading.jobs.wake_due_lanes", every=timedelta(seconds=5)),
    Periodic(function="lti_tool.grading.jobs.compare_lanes", every=timedelta(minutes=15)),
    Periodic(function="lti_tool.people.jobs.match_everybody", every=timedelta(hours=1)),
    Periodic(function="lti_tool.launch.forgetting.forget_expired", every=timedelta(hours=1)),
    Periodic(function="lti_tool.core.outbox.forget_finished", every=timedelta(hours=1)),
    Periodic(function="lti_tool.people.mail_access.forget_old_links", every=timedelta(hours=1)),
    Periodic(function="lti_tool.launch.forgetting.forget_ended", every=timedelta(days=1)),
    Periodic(function="lti_tool.launch.refusals.forget_refusals", every=timedelta(days=1)),
    Periodic(function="lti_tool.people.services.forget_sessions", every=timedelta(days=1)),
    Periodic(function="lti_tool.platforms.forgetting.forget_unused", every=timedelta(days=1)),
    Periodic(function="lti_tool.assessments.services.forget_orphans", every=timedelta(hours=6)),
    Periodic(function="lti_tool.badges.forgetting.forget_pictures", every=timedelta(hours=6)),
    Periodic(function="lti_tool.assessments.services.forget_answers", every=timedelta(hours=6)),
)


class Worker(SimpleWorker):
    """RQ's worker without a fork per job, which costs 20 ms (RQ 3.0)."""

    max_connection_wait_time = 5.0  # a restarted Redis shall not be found a minute later
    stopping = threading.Event()  # set by whoever asked this process to end; each has its own

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]  # RQ has no types here
        if self.stopping.is_set():  # it was asked to end while it looked for Redis
            self._stop_requested = True

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """End after the running job; also where RQ forgets it, since Redis is away meanwhile."""
        self.stopping.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ has no types here

    def set_shutdown_requested_date(self) -> None:
        """Note in Redis that the worker ends; the running job shall not fail where it is away."""
        with suppress(RedisError):
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]  # nor here

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Run a job and count it."""
        began_at = time.perf_counter()
        done = super().perform_job(job, queue, execution)
        metrics.observe(
            "cairn_job_seconds",
            time.perf_counter() - began_at,
            job=str(job.func_name).removeprefix("lti_tool."),
            outcome="done" if done else "failed",
        )
        metrics.hand_over_if_due()
        return done

    def handle_exception(self, job: Job, *exc_info: Any) -> None:  # noqa: ANN401 - as RQ names it
        """Log where a job went wrong and by what; RQ would write its arguments and their values."""
        log.error("job_failed", job=str(job.func_name), exc_info=exc_info)


def run_worker(*, burst: bool = False) -> None:
    """Run jobs until SIGTERM or SIGINT, which let the running job finish.

    Args:
        burst: return when the queue is empty, instead.
    """
    stopping = threading.Event()
    # What RQ raises where a signal comes while it does nothing, be it after it has given up.
    with suppress(StopRequested):
        while not stopping.is_set():
            if not burst:
                _stop_by_signal(stopping)  # until RQ has its own, and again when it has lost Redis
            if _work(stopping, burst=burst) and burst:
                return


def _work(stopping: threading.Event, *, burst: bool) -> bool:
    """Run jobs as one of RQ's workers; return whether it ended by itself, not for want of Redis."""
    try:
        # A random name: the one of a killed worker stays taken for a minute.
        worker = Worker(
            [queue.queue()],
            name=f"cairn-{secrets.token_hex(8)}",
            connection=queue.connection(),
            serializer=JSONSerializer,
        )
        worker.stopping = stopping
        worker.log_job_description = False  # it would write the arguments of every job
        worker.work(burst=burst, logging_level="WARNING")
    except RedisError as error:
        log.warning("queue_lost", error=type(error).__name__)
        stopping.wait(RECONNECT_SECONDS)
        return False
    if not burst and not stopping.is_set():  # RQ gives up by itself on what it does not expect
        log.warning("worker_ended")
        stopping.wait(RECONNECT_SECONDS)
    return True


def _stop_by_signal(stopping: threading.Event) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def run_relay() -> None:
    """Hand over what was missed, every second, until SIGTERM or SIGINT. Call on the main thread."""
    stopping = threading.Event()
    _stop_by_signal(stopping)
    while not stopping.is_set():
        if relay_once() < RELAY_BATCH:
            stopping.wait(RELAY_SECONDS)


def relay_once() -> int:
    """Hand over due deliveries and due periodic work; an outage is logged and passes.

    Returns:
        How many deliveries were handed over.
    """
    try:
        # First, since relaying into a queue that is away would only put deliveries off.
        queue.connection().set(queue.RELAY_SIGN, os.getpid(), ex=RELAY_SIGN_SECONDS)
        hand_over_due(PERIODIC)
        return outbox.relay(batch=RELAY_BATCH)
    except (OperationalError, RedisError) as error:
        log.warning("relay_waits", error=type(error).__name__)
        return 0


def hand_over_due(work: Iterable[Periodic]) -> list[str]:
    """Enqueue each piece of work whose time has come again; of many relays one does it.

    Returns:
        The functions that were enqueued.
    """
    due = [
        piece.function
        for piece in work
        if queue.connection().set(
            f"cairn:periodic:{piece.function}",
            "taken",
            nx=True,
            px=int(piece.every.total_seconds() * 1000),
        )
    ]
    for function in due:
        queue.enqueue(function, [])
    return due
