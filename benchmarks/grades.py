"""How many scores a second one worker brings to a platform that answers in 50 ms.

Beside it, in the same run, the usual way: one RQ job per score under RQ's forking worker,
each posting with httpx. Both against the same platform, in a process of its own.

    .venv/bin/python benchmarks/grades.py [--scores 5000] [--rounds 3]
"""

import argparse
import asyncio
import multiprocessing
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web as aioweb
from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from sqlalchemy import func, insert, make_url, select, update

sys.path.insert(0, str(Path(__file__).parents[1]))

from lti_tool.app import create_app
from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.items import Option, SingleChoice
from lti_tool.assessments.services import create_assessment, create_placement, publish_edition
from lti_tool.core import clock, keys, schema, servers
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import DesiredScoreId, InstitutionId, RegistrationId, UserId, new_id
from lti_tool.core.settings import Database, Http, Settings
from lti_tool.grading import jobs
from lti_tool.grading.models import DesiredScore, SenderLane
from lti_tool.platforms import quirks
from lti_tool.platforms.models import User
from lti_tool.platforms.services import Endpoints, add_deployment, add_institution, add_registration

ANSWER_SECONDS = 0.05
APP_ROLE = "cairn_app"


def platform(port: int) -> None:
    """Answer every score after 50 ms, and every token request at once."""

    async def token(_request: aioweb.Request) -> aioweb.Response:
        return aioweb.json_response({"access_token": "t", "expires_in": 3600})

    async def scores(request: aioweb.Request) -> aioweb.Response:
        await request.read()
        await asyncio.sleep(ANSWER_SECONDS)
        return aioweb.Response(status=204)

    app = aioweb.Application()
    app.router.add_post("/token", token)
    app.router.add_post("/items/1/scores", scores)
    aioweb.run_app(app, host="127.0.0.1", port=port, print=None)


@contextmanager
def listening() -> Iterator[str]:
    """Run the platform in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=platform, args=[port])
    process.start()
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.post(f"{url}/token")
            break
        except httpx.ConnectError:
            time.sleep(0.05)
    try:
        yield url
    finally:
        process.terminate()
        process.join()


def cpu_seconds(who: int = resource.RUSAGE_SELF) -> float:
    """Return what this process, or its ended children, have used."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def seed(url: str, scores: int) -> tuple[InstitutionId, RegistrationId]:
    """Store a placement and a desired score for each of many learners."""
    institution = add_institution("bench", "Bench")
    registration = add_registration(
        issuer=url,
        client_id="bench",
        name="Bench",
        endpoints=Endpoints(auth_url=f"{url}/auth", token_url=f"{url}/token", jwks_url=f"{url}/k"),
        product="bench",
    )
    add_deployment(registration, "1", institution)
    options = tuple(Option(id=letter, text=letter) for letter in "ab")
    item = SingleChoice(title="One", stem="Which?", options=options, key="a")
    edition = publish_edition(
        institution,
        EditionDraft(
            assessment_id=create_assessment(institution, "Bench"),
            title="Bench",
            summary="Bench",
            competencies=("One",),
            pass_mark=Decimal("0.5"),
            minutes=None,
            items=(DraftItem(item=item, competency="One"),),
        ),
    )
    placement = create_placement(
        institution, edition, context_id=None, created_by=None, title="Bench"
    )
    users = [
        {"institution_id": institution, "id": UserId(new_id()), "issuer": url, "subject": f"s{i}"}
        for i in range(scores)
    ]
    rows: list[dict[str, Any]] = [
        {
            "institution_id": institution,
            "id": DesiredScoreId(new_id()),
            "registration_id": registration,
            "placement_id": placement,
            "user_id": user["id"],
            "subject": user["subject"],
            "line_item_url": f"{url}/items/1",
            "given": Decimal(1),
            "maximum": Decimal(1),
            "result_version": 1,
            "changed_at": clock.now(),
        }
        for user in users
    ]
    with transaction(institution) as session:
        session.execute(insert(User), users)
        session.execute(insert(DesiredScore), rows)
    with system_transaction() as session:
        session.execute(
            insert(SenderLane).values(registration_id=registration, institution_id=institution)
        )
    return institution, registration


def send_all(institution: InstitutionId, registration: RegistrationId, scores: int) -> float:
    """Make every score due again and send them; return the seconds it took."""
    with transaction(institution) as session:
        session.execute(
            update(DesiredScore).values(
                due_at=clock.now(), version=DesiredScore.version + 1, timestamp=None
            )
        )
    started = time.perf_counter()
    while True:
        jobs.send_due(str(registration), str(institution))
        with transaction(institution) as session:
            left = session.scalar(select(func.count()).where(DesiredScore.due_at.is_not(None)))
        if not left:
            break
    seconds = time.perf_counter() - started
    with transaction(institution) as session:
        acknowledged = session.scalar(
            select(func.count()).where(DesiredScore.acknowledged_version == DesiredScore.version)
        )
    assert acknowledged == scores, f"{acknowledged} of {scores} acknowledged"
    return seconds


def job_per_score(redis_url: str, url: str, scores: int) -> float:
    """Send with RQ's default worker, a fork for each score."""
    connection = Redis.from_url(redis_url)
    queue = Queue("bench", connection=connection, serializer=JSONSerializer)
    for _ in range(scores):
        # By name, since a worker imports it; the function is httpx's own.
        queue.enqueue("httpx.post", f"{url}/items/1/scores", json={"scoreGiven": 1}, result_ttl=0)
    worker = Worker([queue], connection=connection, serializer=JSONSerializer)
    started = time.perf_counter()
    worker.work(burst=True, logging_level="ERROR")
    return time.perf_counter() - started


def main() -> None:
    """Print both, with the CPU time of the sending processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=64)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        servers.running(Path(home)) as running,
        listening() as url,
    ):
        owner = make_url(running.database)
        application = owner.set(username=APP_ROLE, password="bench")  # noqa: S106 - for minutes
        app_url = application.render_as_string(hide_password=False)
        schema.upgrade(running.database, app_url)
        settings = Settings(
            base_url="http://localhost",
            issuer_url="http://localhost",
            database=Database(url=app_url),
            redis_url=running.redis,
            secret_keys=(b"k" * 32,),
            storage_dir=Path(home),
            mode="demo",
            http=Http(allowed_hosts=("127.0.0.1",)),
        )
        create_app(settings)
        keys.current("lti")
        institution, registration = seed(url, chosen.scores)
        quirks._PRODUCTS["bench"] = quirks.Quirks(in_flight=chosen.in_flight)  # noqa: SLF001
        rates, cpus = [], []
        for number in range(chosen.rounds):
            before = cpu_seconds()
            seconds = send_all(institution, registration, chosen.scores)
            rates.append(chosen.scores / seconds)
            cpus.append((cpu_seconds() - before) / chosen.scores * 1000)
            print(f"round {number + 1}: {rates[-1]:7.0f} scores/s, {cpus[-1]:.2f} ms CPU each")
        few = max(chosen.scores // 100, 20)
        before = cpu_seconds(resource.RUSAGE_CHILDREN) + cpu_seconds()
        usual = few / job_per_score(running.redis, url, few)
        usual_cpu = (cpu_seconds(resource.RUSAGE_CHILDREN) + cpu_seconds() - before) / few * 1000
        median = statistics.median(rates)
        print(f"desired state, {chosen.in_flight} in flight, every score acknowledged durably:")
        print(f"  median {median:.0f} scores/s, {statistics.median(cpus):.2f} ms CPU each")
        print(f"a job per score, forking worker ({few} scores):")
        print(f"  {usual:.1f} scores/s, {usual_cpu:.0f} ms CPU each; ratio {median / usual:.0f}")


if __name__ == "__main__":
    main()
