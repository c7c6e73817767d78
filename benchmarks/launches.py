"""CPU of a login, a launch and the page a learner lands on, everything stored.

Against `cairn serve` over a durable PostgreSQL, eight learners at a time: all logins of a round,
then all launches, then all pages (of the activity, as a learner sees it before the first attempt),
so that each has its own count, of the web processes and of the database. Beside it, in the same
run, what cannot be avoided: three of the smallest answers of the same server, one RS256
verification, and two of the smallest transactions.

    .venv/bin/python benchmarks/launches.py [--learners 500] [--rounds 5]
"""

import argparse
import asyncio
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from joserfc import jwt
from joserfc.jwk import RSAKey
from launches_at_once import Crowd, cpu_seconds, database_pids, platform, since
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[1]))

from lti_tool.app import create_app
from lti_tool.core.db import system_transaction
from lti_tool.launch.routes import PROBE
from tests.faults.site import Site, running_site

AT_ONCE = 8
SMALLEST = "/healthz"


@dataclass
class Round:
    """Some learners, step by step; `ms` has CPU of each per learner, web and database."""

    site: Site
    crowd: Crowd
    learners: int
    ms: dict[str, tuple[float, float]] = field(default_factory=dict)

    async def run(self) -> None:
        """Have them log in, launch, look at the page; then ask for the smallest answer."""
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_ONCE), cookie_jar=aiohttp.DummyCookieJar()
        ) as http:
            browsers = [{PROBE: "1"} for _ in range(self.learners)]
            asked = await self._count(
                "login",
                [
                    self.crowd.step(http, "login", "/lti/login", browser, self.crowd.login(number))
                    for number, browser in enumerate(browsers)
                ],
            )
            forms = [self._form(number, where) for number, where in enumerate(asked)]
            pages = await self._count(
                "launch",
                [
                    self.crowd.step(http, "launch", "/lti/launch", browser, form)
                    for browser, form in zip(browsers, forms, strict=True)
                ],
            )
            await self._count(
                "page",
                [
                    self.crowd.step(http, "page", where, browser)
                    for browser, where in zip(browsers, pages, strict=True)
                ],
            )
            await self._count(
                "smallest", [self.crowd.step(http, "smallest", SMALLEST, {}) for _ in browsers]
            )

    def _form(self, number: int, where: str) -> dict[str, str]:
        query = dict(parse_qsl(urlsplit(where).query))
        return {"state": query["state"], "id_token": self.crowd.message(number, query["nonce"])}

    async def _count(self, name: str, steps: list[Coroutine[None, None, str]]) -> list[str]:
        web, base = cpu_seconds(self.site.worker_pids()), cpu_seconds(database_pids(self.site))
        found = await asyncio.gather(*steps)
        self.ms[name] = (
            since(web, cpu_seconds(self.site.worker_pids())) / self.learners * 1000,
            since(base, cpu_seconds(database_pids(self.site))) / self.learners * 1000,
        )
        return found


def least(key: RSAKey, times: int) -> tuple[float, float]:
    """Return CPU milliseconds of a verification, and of two of the smallest transactions."""
    token = jwt.encode({"alg": "RS256"}, {"sub": "x" * 2000}, key, algorithms=["RS256"])
    begun = time.process_time()
    for _ in range(times):
        jwt.decode(token, key, algorithms=["RS256"])
    verified = time.process_time()
    for _ in range(2 * times):
        with system_transaction() as session:
            session.execute(text("SELECT 1"))
    ended = time.process_time()
    return (verified - begun) / times * 1000, (ended - verified) / times * 1000


def main() -> None:
    """Run the rounds; print what each came to, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    logging.disable()
    with (
        tempfile.TemporaryDirectory() as home,
        running_site(Path(home), workers=1, log="json") as (site, settings),
    ):
        create_app(settings)
        key = RSAKey.generate_key(2048)
        crowd = platform(site.url, key)
        asyncio.run(Round(site, crowd, chosen.learners).run())  # everybody is known, all is warm
        sums, rounds = [], []
        for number in range(1, chosen.rounds + 1):
            counted = Round(site, crowd, chosen.learners)
            asyncio.run(counted.run())
            smallest = sum(counted.ms.pop("smallest"))
            verifying, committing = least(key, chosen.learners)
            sums.append(sum(map(sum, counted.ms.values())))
            rounds.append(counted.ms)
            parts = ", ".join(f"{n} {w:.2f} + {b:.2f}" for n, (w, b) in counted.ms.items())
            print(
                f"round {number}: {sums[-1]:.2f} ms ({parts}); unavoidable"
                f" {3 * smallest + verifying + committing:.2f}: three answers {3 * smallest:.2f},"
                f" verifying {verifying:.2f}, two transactions {committing:.2f};"
                f" load {os.getloadavg()[0]:.1f}"
            )
        for name in rounds[0]:
            web, base = (statistics.median(one[name][part] for one in rounds) for part in (0, 1))
            print(f"{name}: web {web:.2f} ms, database {base:.2f} ms")
        print(f"login + launch + page: {statistics.median(sums):.2f} ms CPU a learner")


if __name__ == "__main__":
    main()
