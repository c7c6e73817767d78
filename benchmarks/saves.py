"""Answers saved by 500 learners at once: saves a second, CPU of each, p95, what bounds it.

Real processes over a durable PostgreSQL: `cairn serve` with two workers. Each learner sends a save
when the last was answered and a pause is over; with a pause of 0 that is as fast as it goes. First
it prints what one save asks of the database, and with what plan the answer is written.

    .venv/bin/python benchmarks/saves.py [--learners 500] [--seconds 15] [--pause 0]
"""

import argparse
import asyncio
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from lti_tool.app import create_app
from lti_tool.assessments.rules import Save
from lti_tool.assessments.services import save_response
from tests.faults.exam import Exam, begin_exam, students
from tests.faults.site import Site, running_site
from tests.faults.students import GOOD, Student

TICKS = os.sysconf("SC_CLK_TCK")


def save_of(exam: Exam, number: int, sequence: int) -> Save:
    """Return a save of somebody's first question."""
    return Save(
        item_version_id=exam.items[number % len(exam.items)],
        value=("abcd"[sequence % 4],),
        flagged=False,
        save_id=uuid4(),
        page_id=uuid4(),
        sequence=sequence,
        base=sequence - 1,
    )


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect what is asked of the database meanwhile: saves go past SQLAlchemy to the driver."""
    seen: list[str] = []
    execute = psycopg.RawCursor.execute

    def noted(cursor: Any, query: bytes, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - psycopg's
        seen.append(" ".join(query.decode().split()))
        return execute(cursor, query, *rest, **more)

    psycopg.RawCursor.execute = noted  # type: ignore[assignment,method-assign]  # nothing else here
    yield seen
    psycopg.RawCursor.execute = execute  # type: ignore[method-assign]  # as before


def show_one_save(site: Site, exam: Exam) -> None:
    """Print the statements of a save, and the plan of the one that writes."""
    sitting = exam.sittings[0]
    with statements() as seen:
        save_response(
            exam.place.id, sitting.attempt_id, save_of(exam, 0, 1), user_id=sitting.user_id
        )
    writes = sum(word.startswith("INSERT") for word in seen)
    print(f"one save: {len(seen)} statements, {writes} of them writes")
    for statement in seen:
        print(f"  {statement[:110]}")
    with site.connect() as connection:
        plan = connection.execute(
            "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY OFF, TIMING OFF) INSERT INTO responses"
            " SELECT * FROM responses LIMIT 1 ON CONFLICT (institution_id, attempt_id,"
            " item_version_id) DO UPDATE SET saved_at = excluded.saved_at"
        ).fetchall()
    for (line,) in plan[:4]:
        print(f"  {line}")


def cpu_seconds(pids: list[int]) -> float:
    """Return the CPU time that processes have used."""
    ticks = 0
    for pid in pids:
        if not Path(f"/proc/{pid}").exists():
            continue
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def database_pids(site: Site) -> list[int]:
    """Return PostgreSQL's processes, the writer of its log included."""
    with site.connect() as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        return [pid for (pid,) in rows]


async def drive(site: Site, exam: Exam, seconds: float, pause: float) -> None:
    """Have everybody save for so long, and print what it came to."""
    async with students(site.url, exam, GOOD, seed=1) as seated:
        ends_at = time.monotonic() + seconds
        web, base = site.worker_pids(), database_pids(site)
        before, own = (cpu_seconds(web), cpu_seconds(base)), time.process_time()
        begun = time.perf_counter()

        async def work(student: Student) -> None:
            await asyncio.sleep(student.random.random() * min(pause, seconds))
            while time.monotonic() < ends_at:
                await student.save(student.random.choice(exam.items), student.random.choice("abcd"))
                if pause:
                    await asyncio.sleep(pause * (0.5 + student.random.random()))

        await asyncio.gather(*(work(student) for student in seated))
        took = time.perf_counter() - begun
        taken = [second for student in seated for second in student.seconds]
        done = len(taken)
        web_ms = (cpu_seconds(web) - before[0]) / done * 1000
        base_ms = (cpu_seconds(base) - before[1]) / done * 1000
        driver = (time.process_time() - own) / took
        p95 = statistics.quantiles(taken, n=20)[-1] * 1000
        print(
            f"pause {pause:g} s: {done / took:.0f} saves/s, median"
            f" {statistics.median(taken) * 1000:.0f} ms, p95 {p95:.0f} ms; CPU a save: web"
            f" {web_ms:.2f} ms, database {base_ms:.2f} ms; the driver used {driver:.2f} of a core;"
            f" load {os.getloadavg()[0]:.1f}"
        )


def main() -> None:
    """Show one save, then run the load: as a room types, and as fast as it goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--pause", type=float, action="append")
    chosen = parser.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory() as home, running_site(Path(home)) as (site, settings):
        create_app(settings)
        show_one_save(site, begin_exam(1))
        for pause in chosen.pause or (10, 5, 0):
            asyncio.run(drive(site, begin_exam(chosen.learners), chosen.seconds, pause))


if __name__ == "__main__":
    main()
