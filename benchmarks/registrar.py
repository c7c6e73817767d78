"""The registrar's desk at full size: each screen's time and plan, and a change of rules for all.

Makes 100,000 learners with ten results each and 50 pathways, of which everybody is on one, in a
database of its own; a tenth of that first, so that growth shows. The rows are written as SQL, where
people stand is counted by the product. Of the two workers that count anew after a change of rules
one is killed in the middle, and another goes on.

    .venv/bin/python benchmarks/registrar.py [--learners 100000] [--rounds 5]
"""

import argparse
import os
import resource
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, make_url, text

sys.path.insert(0, str(Path(__file__).parents[1]))

from lti_tool.app import create_app
from lti_tool.assessments.services import create_placement
from lti_tool.core import audit, clock, schema, servers, spreadsheet
from lti_tool.core.db import database, transaction
from lti_tool.core.ids import PathwayId, PersonId, new_id
from lti_tool.core.language import ENGLISH
from lti_tool.core.settings import Database, Settings
from lti_tool.pathways.deciding import Decision
from lti_tool.pathways.events import PathwayRecountAsked
from lti_tool.pathways.stand import LapsePolicy
from lti_tool.pathways.sweeping import (
    count_due,
    recount_everybody,
    set_lapse_policy,
    sweep,
)
from lti_tool.people.services import add_identity_provider, sign_in
from lti_tool.people.staff_session import COOKIE
from lti_tool.platforms.services import add_institution
from lti_tool.registrar import exports, tables
from lti_tool.registrar.filters import Filters, cohorts
from tests.assessments import factories
from tests.pathways.records import University

APP_ROLE = "cairn_app"
PATHWAYS, STONES, PLACEMENTS, RESULTS = 50, 6, 40, 10
PROMISE_MS = 200
TELL_SECONDS = 5
NAMES = ("Amara Nwosu", "Linh Dang", "Saoirse Byrne", "Tomas Herrera", "Mele Fifita", "Ingrid Lund")


@dataclass
class Size:
    """What was measured at one size: milliseconds per screen, seconds per person counted."""

    learners: int
    screens: dict[str, float] = field(default_factory=dict)
    recount: float = 0.0


def fill(owner: str, place: University, learners: int, pathways: list[PathwayId]) -> None:
    """Write learners, their results, awards and rows on pathways, to be counted by the sweep."""
    here = factories.University(id=place.id, slug="here", deployment_id=new_id())  # type: ignore[arg-type]
    edition_id = factories.published(here)
    placements = [
        create_placement(
            place.id, edition_id, context_id=None, created_by=None, title=f"Activity {number}"
        )
        for number in range(PLACEMENTS)
    ]
    tables = {
        "names": list(NAMES),
        "placements": [str(one) for one in placements],
        "edition": str(edition_id),
        "institution": str(place.id),
        "learners": learners,
        "results": RESULTS,
        "stones": [str(known) for known in list(place.achievements.values())],
        "pathways": [str(one) for one in pathways],
        "per": STONES,
    }
    with psycopg.connect(owner.replace("postgresql+psycopg", "postgresql")) as connection:
        for statement in FILL:
            began = time.monotonic()
            table = statement.split()[2]
            # The rows fit together as they are written: a million look-ups would only say so.
            # But names are searched by what a trigger writes.
            role = "origin" if table == "users" else "replica"
            connection.execute(f"SET session_replication_role = {role}")
            connection.execute(statement, tables)
            print(f"  {table} after {time.monotonic() - began:.1f} s", flush=True)
    with psycopg.connect(
        owner.replace("postgresql+psycopg", "postgresql"), autocommit=True
    ) as connection:
        connection.execute("VACUUM ANALYZE")


# Every learner holds 0 to 6 stones of the first pathway and of one other.
FILL = (
    """CREATE TEMP TABLE learner AS
       SELECT number, gen_random_uuid() AS user_id, uuidv7() AS person_id,
              1 + (number * 7919) %% (cardinality(%(pathways)s::uuid[]) - 1) AS other,
              (number * 31) %% 7 AS laid, (number / 7 * 17) %% 7 AS laid_other
       FROM generate_series(1, %(learners)s) AS number""",
    """INSERT INTO users (id, institution_id, issuer, subject, name, email, sis_id, is_visitor)
       SELECT user_id, %(institution)s, 'https://lms.example', number::text,
              (%(names)s::text[])[1 + number %% 6] || ' ' || number,
              'learner' || number || '@northfell.example', 'S' || number, false FROM learner""",
    """INSERT INTO persons (id, institution_id, created_at)
       SELECT person_id, %(institution)s, now() FROM learner""",
    """INSERT INTO person_users (id, institution_id, person_id, linked_at)
       SELECT user_id, %(institution)s, person_id, now() FROM learner""",
    """INSERT INTO attempts (id, institution_id, placement_id, edition_id, user_id, number, form,
              started_at, factor, extra_minutes, granted_minutes, submitted_at, ended_by,
              points_earned, points_possible, passed, awaits_marking)
       SELECT gen_random_uuid(), %(institution)s,
              (%(placements)s::uuid[])[1 + (learner.number + result) %% 40], %(edition)s, user_id,
              1, '[]', now() - result * interval '9 days', 1, 0, 0,
              now() - result * interval '9 days', 'learner', 1 + result %% 3, 3, result %% 3 > 0,
              false
       FROM learner, generate_series(1, %(results)s) AS result""",
    """INSERT INTO placement_results (id, institution_id, placement_id, user_id, points_earned,
              points_possible, passed, version, changed_at)
       SELECT gen_random_uuid(), institution_id, placement_id, user_id, points_earned,
              points_possible, passed, 1, submitted_at FROM attempts
       WHERE institution_id = %(institution)s""",
    """INSERT INTO awards (id, institution_id, person_id, achievement_id, edition, awarded_at)
       SELECT gen_random_uuid(), %(institution)s, person_id,
              (%(stones)s::uuid[])[path.first * %(per)s + stone], 1,
              now() - stone * interval '20 days'
       FROM learner,
            LATERAL (VALUES (0, laid), (other, laid_other)) AS path (first, laid),
            LATERAL generate_series(1, path.laid::int) AS stone""",
    """INSERT INTO pathway_progress (id, institution_id, pathway_id, version_id, person_id, share,
              missing, evaluated_at, changes_at)
       SELECT uuidv7(), %(institution)s, version.pathway_id, version.id, person_id, 0, %(per)s,
              now(), now() - interval '1 hour'
       FROM learner,
            LATERAL (VALUES (0), (other)) AS path (first)
            JOIN pathway_versions AS version
              ON version.pathway_id = (%(pathways)s::uuid[])[path.first + 1]""",
)


def count_all(settings: Settings) -> float:
    """Count everybody who is due, by two processes at once; return the seconds it took."""
    began = time.monotonic()
    other = get_context("spawn").Process(target=count_on, args=(settings,))
    other.start()
    while sweep():
        pass
    other.join()
    return time.monotonic() - began


def count_on(settings: Settings) -> None:
    """Count beside another process until nobody is due."""
    create_app(settings)
    while sweep():
        pass


def settings_of(*, database: str, redis: str, home: str, key: bytes) -> Settings:
    """Return the settings of every process of this run."""
    return Settings(
        base_url="http://localhost",
        issuer_url="http://localhost",
        database=Database(url=database),
        redis_url=redis,
        secret_keys=(key,),
        storage_dir=Path(home) / "storage",
        mode="demo",
    )


def work(
    settings: Settings, place: University, pathway_id: PathwayId, ready: Event, over: Event
) -> None:
    """Wait for work and do it as a worker's job does, until it is over."""
    create_app(settings)
    asked = PathwayRecountAsked(institution_id=place.id, pathway_id=pathway_id, hand=0)
    ready.set()
    while not over.wait(0.05):
        if due(place, pathway_id):
            recount_everybody(asked)


def due(place: University, pathway_id: PathwayId) -> int:
    """Return how many have yet to be counted."""
    with transaction(place.id) as session:
        return count_due(session, pathway_id)


def change_rules(
    settings: Settings, place: University, pathway_id: PathwayId, learners: int
) -> float:
    """Change a rule for two workers; kill one midway, let another go on; return the seconds."""
    spawn = get_context("spawn")
    over = spawn.Event()

    def begin(ready: Event) -> SpawnProcess:
        process = spawn.Process(target=work, args=(settings, place, pathway_id, ready, over))
        process.start()
        return process

    ready = [spawn.Event() for _ in range(3)]
    victim, other = begin(ready[0]), begin(ready[1])
    ready[0].wait()
    ready[1].wait()
    policy = Decision(id=uuid4(), reason="Senate, 3 May.", actor=audit.CLI)
    began = told = time.monotonic()
    set_lapse_policy(place.id, pathway_id, LapsePolicy.REVIEW, notice_days=30, decision=policy)
    print(f"  everybody made due after {time.monotonic() - began:.1f} s")
    while (left := due(place, pathway_id)) > learners // 2:
        time.sleep(0.1)
    os.kill(victim.pid or 0, signal.SIGKILL)
    victim.join()
    print(f"  one killed at {learners - left:,} after {time.monotonic() - began:.1f} s")
    another = begin(ready[2])
    while left := due(place, pathway_id):
        time.sleep(0.1)
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            print(f"  {learners - left:,} of {learners:,}")
    spent = time.monotonic() - began
    over.set()
    for worker in (other, another):
        worker.join()
    return spent


def export(place: University, pathway_id: PathwayId) -> None:
    """Make the table of everybody on a pathway; print how long, how large, in how much memory."""
    for kind in spreadsheet.Kind:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, first, size = time.monotonic(), 0.0, 0
        rows = (
            [exports.told(value, ENGLISH) for value in row]
            for row in tables.learners(pathway_id, Filters())(place.id)
        )
        for piece in spreadsheet.document(kind, "Learners", tables.LEARNERS, rows):
            first = first or time.monotonic() - began
            size += len(piece)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(
            f"everybody as {kind}: first byte after {first:.1f} s, {size / 1e6:.1f} MB "
            f"after {time.monotonic() - began:.1f} s, {grown:.0f} MB more of memory"
        )


@contextmanager
def statements(engine: Engine) -> Iterator[list[tuple[float, str, Any]]]:
    """Collect (seconds, statement, parameters) of what is asked of the database meanwhile."""
    found: list[tuple[float, str, Any]] = []

    def before(connection: Any, *_: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own signature
        connection.info["began"] = time.perf_counter()

    def after(connection: Any, _: Any, statement: str, parameters: Any, *__: Any) -> None:  # noqa: ANN401 - as above
        found.append((time.perf_counter() - connection.info["began"], statement, parameters))

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    yield found
    event.remove(engine, "before_cursor_execute", before)
    event.remove(engine, "after_cursor_execute", after)


def plan_of(place: University, statement: str, parameters: Any) -> list[str]:  # noqa: ANN401 - as the driver takes them
    """Return the lines of a statement's plan, run once more."""
    if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
        return [statement[:100]]
    with transaction(place.id) as session:
        rows = session.connection().exec_driver_sql(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {statement}", parameters
        )
        return [row[0] for row in rows]


def measure(
    app: Flask, client: FlaskClient, place: University, screens: dict[str, str], rounds: int
) -> dict[str, float]:
    """Ask for each screen; print its median, what the database had of that, the slowest plan."""
    found: dict[str, float] = {}
    with app.app_context():
        engine = database.engine
    for name, path in screens.items():
        times, of_cpu, in_database, count = [], [], [], 0
        slowest: tuple[float, str, Any] = (0.0, "", None)
        for turn in range(rounds + 1):
            with statements(engine) as asked:
                began, cpu = time.perf_counter(), time.process_time()
                answer = client.get(path)
                cpu = time.process_time() - cpu
                spent = (time.perf_counter() - began) * 1000
            assert answer.status_code == 200, (name, answer.status_code)  # noqa: PLR2004 - HTTP's
            answer.close()
            if turn:  # the first warms up
                times.append(spent)
                of_cpu.append(cpu * 1000)
                in_database.append(sum(seconds for seconds, _, _ in asked) * 1000)
                slowest, count = max(asked, key=lambda one: one[0]), len(asked)
        found[name] = statistics.median(times)
        verdict = "" if found[name] < PROMISE_MS else f"  OVER {PROMISE_MS} ms"
        print(
            f"{name}: {found[name]:.0f} ms, of which {statistics.median(in_database):.0f} in the "
            f"database ({count} statements); "
            f"{statistics.median(of_cpu):.0f} ms of CPU here{verdict}"
        )
        for line in plan_of(place, slowest[1], slowest[2])[:12]:
            print(f"    {line}")
    return found


def run(owner: str, settings: Settings, learners: int, rounds: int) -> Size:
    """Fill a new institution, ask for its screens, change a rule."""
    slug = f"u{uuid4().hex[:8]}"
    place = University(add_institution(slug, slug.title()))
    names = [[f"Stone {path}.{number}" for number in range(STONES)] for path in range(PATHWAYS)]
    pathways = [place.pathway(f"Pathway {path}", own) for path, own in enumerate(names)]
    stones = {name: place.achievements[name] for own in names for name in own}
    place.achievements.clear()
    place.achievements.update(stones)
    began = time.monotonic()
    fill(owner, place, learners, pathways)
    print(
        f"{learners:,} learners, {learners * RESULTS:,} results, {PATHWAYS} pathways: "
        f"written in {time.monotonic() - began:.0f} s"
    )
    size = Size(learners=learners)
    load()
    spent = count_all(settings)
    print(f"everybody counted once: {spent:.1f} s for {2 * learners:,} rows, two processes")
    app = create_app(settings)
    client = app.test_client()
    client.set_cookie(COOKIE, session_cookie(place))
    with transaction(place.id) as session:
        person = PersonId(
            session.scalar(text("SELECT person_id FROM pathway_progress WHERE missing = 1 LIMIT 1"))
        )
    today = clock.now().date()
    [cohort] = cohorts(today, today)
    desk, path = f"/desk/{slug}", f"/desk/{slug}/pathways/{pathways[0]}"
    size.screens = measure(
        app,
        client,
        place,
        {
            "all pathways": f"{desk}/",
            "pathway of everybody": path,
            "  one stone away": f"{path}?state=one_away",
            "  complete": f"{path}?state=completed",
            "  by a rare name": f"{path}?q=nwosu+9",
            "  stalled for long": f"{path}?state=stalled&weeks=52",
            "  of one cohort on another": f"{path}?cohort={cohort}&programme={pathways[7]}",
            "another pathway": f"{desk}/pathways/{pathways[7]}",
            "learners": f"{desk}/people",
            "  by number": f"{desk}/people?q=s77",
            "  by a name of a sixth": f"{desk}/people?q=amara",
            "record": f"{desk}/people/{person}",
            "to decide about one": f"{desk}/people/{person}/pathways/{pathways[0]}",
            "exports": f"{desk}/exports",
            "saved views": f"{desk}/views",
            "what waits": f"{desk}/decisions",
            "who may be one": f"{desk}/people/matches",
            "settings of a pathway": f"{path}/settings",
            "audit trail": f"{desk}/audit",
        },
        rounds,
    )
    export(place, pathways[0])
    seconds = change_rules(settings, place, pathways[0], learners)
    size.recount = seconds
    print(f"a change of rules for {learners:,} learners: {seconds:.1f} s, a worker killed midway")
    load()
    return size


def load() -> None:
    """Print how many wanted a processor in the last minute, and how many there are."""
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)


def session_cookie(place: University) -> str:
    """Sign a registrar in."""
    provider_id = add_identity_provider(
        place.id,
        "Campus",
        f"https://{uuid4().hex}.example",
        "cairn",
        "secret",
        {"registrar": ["registrar"]},
    )
    opened = sign_in(place.id, provider_id, {"sub": "ruth", "name": "Ruth", "roles": ["registrar"]})
    return f"{place.id}.{opened.id}.{opened.secret}"


def main() -> None:
    """Run at a tenth and at full size, and print the growth."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--learners", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        servers.running(Path(home), settings=servers.THROWAWAY) as running,
    ):
        url = make_url(running.database).set(username=APP_ROLE, password="benchmark")  # noqa: S106 - of this run
        app_url = url.render_as_string(hide_password=False)
        schema.upgrade(running.database, app_url)
        settings = settings_of(database=app_url, redis=running.redis, home=home, key=os.urandom(32))
        create_app(settings)
        small, full = (
            run(running.database, settings, learners, arguments.rounds)
            for learners in (arguments.learners // 10, arguments.learners)
        )
    print("growth from a tenth to full size:")
    for name, spent in full.screens.items():
        print(f"  {name.strip()}: {small.screens[name]:.0f} -> {spent:.0f} ms")
    print(f"  a change of rules: {small.recount:.1f} -> {full.recount:.1f} s")


if __name__ == "__main__":
    main()
