"""Issuing: CPU of one signature with its self-check, and awards end to end per second.

End to end means what a worker does: the award committed with its outbox rows, then identity and
place in the status list reserved, signed, verified by ourselves, read back, stored. Beside it, in
the same run, what the Digital Bazaar stack needs to sign the same document, where Node and the
tests' outside verifiers are installed.

    .venv/bin/python benchmarks/issue.py [--awards 10000] [--processes 2]
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

from sqlalchemy import make_url

sys.path.insert(0, str(Path(__file__).parents[1]))

from lti_tool.app import create_app
from lti_tool.badges import data_integrity, issuing, services
from lti_tool.badges.rules import Cause, CauseKind
from lti_tool.core import clock, schema, servers
from lti_tool.core.db import transaction
from lti_tool.core.ids import AchievementId, InstitutionId, UserId, new_id
from lti_tool.core.settings import Database, Settings
from lti_tool.people.services import person_of
from lti_tool.platforms.models import User
from lti_tool.platforms.services import add_institution
from tests.badges.factories import DRAFT
from tests.badges.samples import AT, BADGE, KEY, METHOD

APP_ROLE = "cairn_app"
SIGNATURES = 200
JAVASCRIPT = Path(__file__).parents[1] / "tests" / "witness" / "sign.mjs"


def sign_cpu_ms() -> list[float]:
    """Return the CPU of each of many signatures with their self-check, warm."""
    document, times = BADGE.to_json(), []
    for number in range(SIGNATURES + 20):
        document["id"] = f"urn:example:{number}"
        start = time.process_time()
        signed = data_integrity.sign(document, key=KEY, method_id=METHOD.id, created_at=AT)
        assert data_integrity.verify(signed, methods=[METHOD], at=AT).verified
        times.append((time.process_time() - start) * 1000)
    return times[20:]


def javascript_cpu_ms() -> float | None:
    """Return the mean CPU of the Digital Bazaar stack for one signature, None without it."""
    node = shutil.which("node")
    if node is None or not (JAVASCRIPT.parent / "node_modules").exists():
        return None
    question = json.dumps({"credential": BADGE.to_json(), "rounds": SIGNATURES})
    result = subprocess.run(  # noqa: S603 - our own script
        [node, str(JAVASCRIPT)], input=question, capture_output=True, text=True, check=True
    )
    return float(json.loads(result.stdout)["cpuMs"])


def work(
    settings: Settings, institution_id: InstitutionId, achievement_id: AchievementId, count: int
) -> float:
    """Make awards and their credentials; return the CPU seconds it took this process."""
    create_app(settings)
    with transaction(institution_id) as session:
        users = [
            User(id=UserId(new_id()), issuer="https://lms.example", subject=uuid4().hex)
            for _ in range(count)
        ]
        session.add_all(users)
        session.flush()  # persons refer to users
        persons = [person_of(session, user.id) for user in users]
    start = time.process_time()
    for person_id in persons:
        cause = Cause(kind=CauseKind.PASS, id=uuid4(), caused_at=clock.now())
        award_id = services.grant_award(institution_id, person_id, achievement_id, cause=cause)
        issuing.issue_credential(institution_id, award_id)
    return time.process_time() - start


def main() -> None:
    """Run, and print one figure a line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--awards", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    times = sign_cpu_ms()
    print(f"sign and self-check: {statistics.median(times):.2f} ms CPU (median of {SIGNATURES})")
    theirs = javascript_cpu_ms()
    print(
        "Digital Bazaar, sign only: "
        + ("not installed" if theirs is None else f"{theirs:.2f} ms CPU (mean)")
    )
    with (
        tempfile.TemporaryDirectory() as home,
        servers.running(Path(home), settings=servers.THROWAWAY) as running,
    ):
        url = make_url(running.database).set(username=APP_ROLE, password="benchmark")  # noqa: S106 - of this run
        app_url = url.render_as_string(hide_password=False)
        schema.upgrade(running.database, app_url)
        settings = Settings(
            base_url="http://localhost",
            issuer_url="http://localhost",
            database=Database(url=app_url),
            redis_url=running.redis,
            secret_keys=(os.urandom(32),),
            storage_dir=Path(home) / "storage",
            mode="demo",
        )
        create_app(settings)
        institution_id = add_institution("northfell", "Northfell University")
        achievement_id = services.publish_achievement(institution_id, DRAFT)
        share = arguments.awards // arguments.processes
        tasks = [(settings, institution_id, achievement_id, share)] * arguments.processes
        with get_context("spawn").Pool(arguments.processes) as pool:
            start = time.monotonic()
            cpu = pool.starmap(work, tasks, chunksize=1)
            wall = time.monotonic() - start
    done = share * arguments.processes
    print(f"{done} awards, {arguments.processes} processes: {done / wall:.0f}/s in {wall:.1f} s")
    print(f"CPU per award: {sum(cpu) / done * 1000:.2f} ms in Cairn")


if __name__ == "__main__":
    main()
