"""CPU of a login and a launch that store everything: context, link, user and session.

In process, without a web server: granian adds about 0.1 ms a request. Beside it, in the same run,
what cannot be avoided: one RS256 verification, and two of the smallest durable transactions.

    .venv/bin/python benchmarks/launches.py [--flows 1000] [--rounds 5]
"""

import argparse
import logging
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import insert, make_url, text
from werkzeug.test import EnvironBuilder

sys.path.insert(0, str(Path(__file__).parents[1]))

from lti_tool.app import create_app
from lti_tool.core import clock, schema, servers
from lti_tool.core.db import system_transaction
from lti_tool.core.settings import Database, Settings
from lti_tool.launch.claims import LTI
from lti_tool.launch.routes import PROBE
from lti_tool.launch.session import launch_page
from lti_tool.people.rules import Act
from lti_tool.platforms.models import KeySet
from lti_tool.platforms.services import Endpoints, add_deployment, add_institution, add_registration

ISSUER, CLIENT, DEPLOYMENT = "https://lms.example", "client", "deployment"
JWKS_URL = f"{ISSUER}/jwks"
BASE = "http://localhost"
APP_ROLE = "cairn_app"
COURSE_OF = 500


@dataclass
class Flow:
    """One browser that logs in and launches; `cpu` holds seconds of process time per step."""

    app: Flask
    key: RSAKey
    cpu: defaultdict[str, float]

    def run(self, number: int) -> None:
        """Go from the platform's login to a session."""
        login = self._ask(
            "login",
            "/lti/login",
            {
                "iss": ISSUER,
                "client_id": CLIENT,
                "login_hint": f"user-{number}",
                "lti_message_hint": "x" * 200,
                "target_link_uri": f"{BASE}/lti/launch",
            },
            {PROBE: "1"},
        )
        asked = dict(parse_qsl(urlsplit(login.location).query))
        form = {"state": asked["state"], "id_token": self._token(number, asked["nonce"])}
        launch = self._ask("launch", "/lti/launch", form, login.cookies)
        if not launch.location.startswith("/l/"):
            raise SystemExit(f"the launch was refused: {launch.body.decode()}")
        page = self._ask("page", launch.location, None, launch.cookies)
        if page.status != "200 OK":
            raise SystemExit(f"the page was refused: {page.body.decode()}")

    def _token(self, number: int, nonce: str) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": f"user-{number % COURSE_OF}",
            "iat": now,
            "exp": now + 60,
            "nonce": nonce,
            "name": f"Learner {number % COURSE_OF}",
            "email": f"learner{number % COURSE_OF}@lms.example",
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}version": "1.3.0",
            f"{LTI}deployment_id": DEPLOYMENT,
            f"{LTI}target_link_uri": f"{BASE}/lti/launch",
            f"{LTI}roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
            f"{LTI}context": {"id": "course-1", "title": "Biostatistics 2", "label": "BIO2"},
            f"{LTI}resource_link": {"id": "link-1", "title": "Reading statistics critically"},
            f"{LTI}custom": {"placement": "p1." + "A" * 86},
            f"{LTI}launch_presentation": {"return_url": f"{ISSUER}/back", "locale": "en"},
            f"{LTI}tool_platform": {"guid": "lms", "name": "LMS"},
            "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
                "scope": ["https://purl.imsglobal.org/spec/lti-ags/scope/score"],
                "lineitems": f"{ISSUER}/lineitems",
                "lineitem": f"{ISSUER}/lineitems/1",
            },
            "x": "filler, so that the token is as long as Canvas' " * 20,
        }
        return jwt.encode({"alg": "RS256", "kid": "k"}, claims, self.key, algorithms=["RS256"])

    def _ask(
        self, step: str, path: str, form: dict[str, str] | None, cookies: dict[str, str]
    ) -> "Answer":
        body = urlencode(form or {}).encode()
        environ = EnvironBuilder(
            path,
            base_url=BASE,
            method="GET" if form is None else "POST",
            input_stream=BytesIO(body),
            content_type="application/x-www-form-urlencoded",
            content_length=len(body),
        ).get_environ()
        environ["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        answer = Answer()
        begun = time.process_time()
        answer.body = b"".join(self.app(environ, answer.start))
        self.cpu[step] += time.process_time() - begun
        return answer


class Answer:
    """What an application told the server."""

    body = b""

    def start(
        self, status: str, headers: list[tuple[str, str]], *_rest: object
    ) -> Callable[[bytes], object]:
        """Keep status and headers."""
        self.status = status
        self.headers = headers
        return lambda _data: None

    @property
    def location(self) -> str:
        """Where it leads."""
        return dict(self.headers).get("Location", "")

    @property
    def cookies(self) -> dict[str, str]:
        """What was set."""
        lines = [value for name, value in self.headers if name == "Set-Cookie"]
        return dict(line.partition(";")[0].split("=", 1) for line in lines)


def database_cpu() -> float:
    """Return CPU seconds of all connections' PostgreSQL processes."""
    with system_transaction() as session:
        pids = session.scalars(
            text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
        ).all()
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def unavoidable(key: RSAKey, flows: int) -> float:
    """Return CPU milliseconds per flow of a verification and two of the smallest commits."""
    token = jwt.encode({"alg": "RS256"}, {"sub": "x" * 2000}, key, algorithms=["RS256"])
    begun = time.process_time()
    for _ in range(flows):
        jwt.decode(token, key, algorithms=["RS256"])
        for _transaction in range(2):
            with system_transaction() as session:
                session.connection().execute(SMALLEST)
    return (time.process_time() - begun) / flows * 1000


SMALLEST = text("SELECT 1")


def prepare(running: servers.Servers, home: Path) -> Flask:
    """Migrate, connect a platform whose keys are known, and return the product."""
    application = make_url(running.database).set(username=APP_ROLE, password="bench")  # noqa: S106 - for minutes
    url = application.render_as_string(hide_password=False)
    schema.upgrade(running.database, url)
    app = create_app(
        Settings(
            base_url=BASE,
            issuer_url=BASE,
            database=Database(url=url),
            redis_url=running.redis,
            secret_keys=(b"k" * 32,),
            storage_dir=home,
            mode="demo",
        )
    )
    app.add_url_rule(
        "/l/<uuid:launch_id>/bench",
        "bench",
        launch_page(Act.SEE_OWN)(lambda here: here.message_type),
    )
    app.config["CAIRN_PAGES"] = {"LtiResourceLinkRequest": "bench"}
    listens = Endpoints(auth_url=f"{ISSUER}/auth", token_url=f"{ISSUER}/token", jwks_url=JWKS_URL)
    registration_id = add_registration(
        issuer=ISSUER, client_id=CLIENT, name="LMS", endpoints=listens
    )
    add_deployment(registration_id, DEPLOYMENT, add_institution("bench", "Bench"))
    return app


def publish(key: RSAKey) -> None:
    """Have the platform's key known, as if another process had fetched it."""
    document = {"keys": [{**key.as_dict(private=False), "kid": "k"}]}
    with system_transaction() as session:
        session.execute(
            insert(KeySet).values(url=JWKS_URL, document=document, fetched_at=clock.now())
        )


def main() -> None:
    """Run the rounds and print what each cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flows", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory() as home, servers.running(Path(home)) as running:
        app, key = prepare(running, Path(home)), RSAKey.generate_key(2048)
        publish(key)
        for number in range(50):
            Flow(app, key, defaultdict(float)).run(number)
        totals = []
        for round_ in range(1, chosen.rounds + 1):
            cpu: defaultdict[str, float] = defaultdict(float)
            database = database_cpu()
            for number in range(chosen.flows):
                Flow(app, key, cpu).run(number)
            cpu["database"] = database_cpu() - database
            per_flow = {step: seconds / chosen.flows * 1000 for step, seconds in cpu.items()}
            total = sum(per_flow.values()) - per_flow["page"]
            totals.append(total)
            shown = ", ".join(f"{step} {ms:.2f}" for step, ms in per_flow.items())
            least = unavoidable(key, chosen.flows)
            print(f"round {round_}: {total:.2f} ms (least {least:.2f}) - {shown}")
        print(f"login + launch: {statistics.median(totals):.2f} ms CPU with the database")


if __name__ == "__main__":
    main()
