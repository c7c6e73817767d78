"""500 students open one activity at the same moment: p50, p95, CPU, and who waits for whom.

Real processes over a durable PostgreSQL: `cairn serve` with two workers. Each student's browser is
new: the login with its cookie check, the launch, and the page of the activity. Twice: when nobody
was ever there, so that course, link and all users are written; and when all are known. Meanwhile
the database is asked, as often as it answers, which of its connections wait for a lock.

    .venv/bin/python benchmarks/launches_at_once.py [--learners 500]
"""

import argparse
import asyncio
import logging
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).parents[1]))

from lti_tool.app import create_app
from lti_tool.assessments.queries import get_placement
from lti_tool.core import clock
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import PlacementId
from lti_tool.launch import placement_token
from lti_tool.launch.claims import LTI
from lti_tool.platforms.models import KeySet
from tests.assessments.factories import University, placed, university
from tests.faults.site import Site, running_site

TICKS = os.sysconf("SC_CLK_TCK")
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
WAITING = """
    SELECT coalesce(wait_event_type || ': ' || wait_event, 'at work') FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid()
"""


@dataclass
class Crowd:
    """Students of one course, and how long each of their steps took, in seconds."""

    url: str
    place: University
    token: str
    key: RSAKey
    taken: dict[str, list[float]] = field(default_factory=dict)

    async def arrive(self, http: aiohttp.ClientSession, number: int) -> None:
        """Go from the platform's login to the page of the activity."""
        begun = time.perf_counter()
        cookies: dict[str, str] = {}
        where = await self.step(http, "login", "/lti/login", cookies, self.login(number))
        where = await self.step(http, "cookie check", where, cookies)
        query = dict(parse_qsl(urlsplit(where).query))
        form = {"state": query["state"], "id_token": self.message(number, query["nonce"])}
        where = await self.step(http, "launch", "/lti/launch", cookies, form)
        if not where.startswith("/l/"):
            raise SystemExit(f"student {number} was refused: {where}")
        await self.step(http, "page", where, cookies)
        self.taken.setdefault("all of it", []).append(time.perf_counter() - begun)

    def login(self, number: int) -> dict[str, str]:
        """Return what the platform sends a student's browser with."""
        return {
            "iss": f"https://{self.place.slug}.example",
            "client_id": "cairn",
            "login_hint": f"s{number}",
            "lti_message_hint": "x" * 200,
            "target_link_uri": f"{self.url}/lti/launch",
        }

    async def step(
        self,
        http: aiohttp.ClientSession,
        name: str,
        path: str,
        cookies: dict[str, str],
        form: dict[str, str] | None = None,
    ) -> str:
        """Send a request with these cookies, keep those it sets; return where it leads."""
        begun = time.perf_counter()
        async with http.request(
            "GET" if form is None else "POST",
            self.url + path,
            data=form,
            headers={"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())},
            allow_redirects=False,
        ) as answer:
            body = await answer.text()
            if answer.status >= 400:  # noqa: PLR2004 - a refusal
                raise SystemExit(f"{name}: {answer.status} {body}")
            self.taken.setdefault(name, []).append(time.perf_counter() - begun)
            for line in answer.headers.getall("Set-Cookie", ()):
                key, _, value = line.partition(";")[0].partition("=")
                cookies[key] = value
            return answer.headers.get("Location", "")

    def message(self, number: int, nonce: str) -> str:
        """Return what the platform signs for a student."""
        now, issuer = int(time.time()), f"https://{self.place.slug}.example"
        claims: dict[str, Any] = {
            "iss": issuer,
            "aud": "cairn",
            "sub": f"s{number}",
            "iat": now,
            "exp": now + 60,
            "nonce": nonce,
            "name": f"Learner {number}",
            "email": f"learner{number}@lms.example",
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}version": "1.3.0",
            f"{LTI}deployment_id": "1",
            f"{LTI}target_link_uri": f"{self.url}/lti/launch",
            f"{LTI}roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
            f"{LTI}context": {"id": "course-1", "title": "Biostatistics 2", "label": "BIO2"},
            f"{LTI}resource_link": {"id": "link-1", "title": "Reading statistics critically"},
            f"{LTI}custom": {"placement": self.token},
            f"{LTI}launch_presentation": {"return_url": f"{issuer}/back", "locale": "en"},
            AGS: {
                "scope": ["https://purl.imsglobal.org/spec/lti-ags/scope/score"],
                "lineitems": f"{issuer}/lineitems",
                "lineitem": f"{issuer}/lineitems/1",
            },
        }
        return jwt.encode({"alg": "RS256", "kid": "k"}, claims, self.key, algorithms=["RS256"])


@contextmanager
def watching(site: Site) -> Iterator[Counter[str]]:
    """Count what the database's busy connections are at, as often as it says."""
    seen: Counter[str] = Counter()
    over = threading.Event()

    def look() -> None:
        with site.connect() as connection:
            while not over.wait(0.01):
                seen.update(word for (word,) in connection.execute(WAITING))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def cpu_seconds(pids: list[int]) -> dict[int, float]:
    """Return the CPU time that each of these processes has used."""
    used = {}
    for pid in pids:
        if Path(f"/proc/{pid}").exists():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used[pid] = (int(fields[11]) + int(fields[12])) / TICKS
    return used


def since(before: dict[int, float], after: dict[int, float]) -> float:
    """Return what was used between; a process that was not there before had used nothing."""
    return sum(seconds - before.get(pid, 0) for pid, seconds in after.items())


def database_pids(site: Site) -> list[int]:
    """Return PostgreSQL's processes, those that serve connections among them."""
    with site.connect() as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        return [pid for (pid,) in rows]


async def drive(site: Site, crowd: Crowd, learners: int) -> None:
    """Have everybody arrive at once, and print what it came to."""
    web, base = cpu_seconds(site.worker_pids()), cpu_seconds(database_pids(site))
    begun = time.perf_counter()
    with watching(site) as seen:
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=300),
        ) as http:
            await asyncio.gather(*(crowd.arrive(http, number) for number in range(learners)))
    took = time.perf_counter() - begun
    web_ms = since(web, cpu_seconds(site.worker_pids())) / learners * 1000
    base_ms = since(base, cpu_seconds(database_pids(site))) / learners * 1000
    print(
        f"  {learners} in {took:.1f} s, {learners / took:.0f}/s; CPU of each: web {web_ms:.2f} ms,"
        f" database {base_ms:.2f} ms; load {os.getloadavg()[0]:.1f}"
    )
    for name, seconds in crowd.taken.items():
        p95 = statistics.quantiles(seconds, n=20)[-1]
        print(
            f"  {name}: p50 {statistics.median(seconds) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms,"
            f" most {max(seconds) * 1000:.0f} ms"
        )
    locked = sum(number for word, number in seen.items() if word.startswith("Lock:"))
    print(f"  waiting for a row's or a transaction's lock: {locked} of {seen.total()} looks")
    print(f"  {dict(seen.most_common())}")
    crowd.taken.clear()


def main() -> None:
    """Place an activity, and have everybody come twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=500)
    chosen = parser.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory() as home, running_site(Path(home)) as (site, settings):
        create_app(settings)
        crowd = platform(site.url, RSAKey.generate_key(2048))
        for title in ("nobody was ever there", "everybody is known"):
            print(title)
            asyncio.run(drive(site, crowd, chosen.learners))


def platform(url: str, key: RSAKey) -> Crowd:
    """Connect a platform whose key is known, as if fetched before, and place an activity."""
    place = university()
    document = {"keys": [{**key.as_dict(private=False), "kid": "k"}]}
    with system_transaction() as session:
        session.execute(
            insert(KeySet).values(
                url=f"https://{place.slug}.example/jwks",
                document=document,
                fetched_at=clock.now(),
            )
        )
    return Crowd(url, place, token_of(place, placed(place)), key)


def token_of(place: University, placement_id: PlacementId) -> str:
    """Return what a deep link to this placement carries."""
    with transaction(place.id) as session:
        edition_id = get_placement(session, placement_id).edition_id
    return placement_token.make(placement_id, place.id, edition_id)


if __name__ == "__main__":
    main()
