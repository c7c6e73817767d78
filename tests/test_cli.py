"""The commands as an operator types them: processes of their own, on a real installation."""

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from redis import Redis
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from lti_tool.cli import main
from lti_tool.core import clock, keys, outbox, queue
from lti_tool.core import settings as settings_module
from lti_tool.core.db import system_transaction
from lti_tool.core.ids import new_id
from lti_tool.core.settings import Settings
from lti_tool.demo.programs import cairn
from tests.conftest import another_product
from tests.helpers import serving

ISSUER = "https://lms.northgate.example"
ADD = [
    *("registration", "add", "--issuer", ISSUER, "--client-id", "10000001"),
    *("--auth-url", f"{ISSUER}/auth", "--token-url", f"{ISSUER}/token"),
    *("--jwks-url", f"{ISSUER}/jwks", "--json"),
]


def environment(settings: Settings, **changes: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "CAIRN_BASE_URL": settings.base_url,
        "CAIRN_ISSUER_URL": settings.issuer_url,
        "CAIRN_DATABASE_URL": settings.database.url,
        "CAIRN_OWNER_DATABASE_URL": settings.database.owner_url or "",
        "CAIRN_REDIS_URL": settings.redis_url,
        "CAIRN_SECRET_KEY": base64.urlsafe_b64encode(settings.secret_keys[0]).decode(),
        "CAIRN_STORAGE_DIR": str(settings.storage_dir),
        "CAIRN_MODE": "demo",
        **changes,
    }


def run(settings: Settings, *arguments: str, **changes: str) -> Result:
    """Run a command in this process, as if it were one of its own."""
    with another_product():
        result = CliRunner().invoke(main, arguments, env=environment(settings, **changes))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@contextmanager
def running(
    settings: Settings, *arguments: str, log: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    with ExitStack() as stack:
        errors = None if log is None else stack.enter_context(log.open("wb"))
        process = stack.enter_context(
            subprocess.Popen(cairn(*arguments), env=environment(settings), stderr=errors)
        )
        try:
            yield process
        finally:  # else a failed assertion would wait for it for ever
            process.kill()


def events(log: Path) -> list[dict[str, Any]]:
    """Return what a process logged; each line has to be a document of its own."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 100  # a busy machine takes its time to start them
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_what_is_missing_is_told_all_at_once_and_without_a_traceback() -> None:
    done = subprocess.run(
        cairn("doctor"),
        env={"PATH": os.environ["PATH"], "CAIRN_BASE_URL": "http://cairn.example.edu"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    for word in ("CAIRN_DATABASE_URL", "CAIRN_REDIS_URL", "CAIRN_SECRET_KEY", "over https"):
        assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_explains_itself() -> None:
    done = subprocess.run(
        cairn("--help"), capture_output=True, text=True, check=True, env=os.environ
    )

    for word in (
        "serve",
        "worker",
        "relay",
        "demo",
        "migrate",
        "doctor",
        "backlog",
        "keys",
        "staff",
    ):
        assert word in done.stdout


class TestStaff:
    CONNECT = (
        *("staff", "connect", "--institution", "northgate", "--client-id", "desk"),
        *("--issuer", "https://id.northgate.example", "--role", "staff-registry=registrar"),
    )

    def test_the_desk_asks_to_sign_in_where_it_was_connected(self, live_app: Flask) -> None:
        settings = settings_module.current()
        run(settings, "registration", "invite", "--institution", "northgate")

        done = run(settings, *self.CONNECT, CAIRN_STAFF_CLIENT_SECRET="only for tests")
        again = run(settings, *self.CONNECT, CAIRN_STAFF_CLIENT_SECRET="only for tests")

        assert done.exit_code == 0, done.stderr
        assert f"{settings.base_url}/staff/northgate/callback" in done.stdout
        page = live_app.test_client().get("/staff/northgate/sign-in").text
        assert "Continue with your account" in page
        assert again.exit_code == 1
        assert "Traceback" not in again.stderr

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            (("--role", "registrar"), "is not GROUP=ROLE"),
            (("--role", "all=learner"), "use auditor"),
            (("--institution", "nowhere"), "There is no"),
        ],
        ids=["no-group", "no-role-of-staff", "no-institution"],
    )
    def test_what_cannot_be_is_refused_in_words(
        self, live_settings: Settings, changed: tuple[str, str], said: str
    ) -> None:
        run(live_settings, "registration", "invite", "--institution", "northgate")

        done = run(live_settings, *self.CONNECT, *changed, CAIRN_STAFF_CLIENT_SECRET="secret")

        assert done.exit_code != 0
        assert said in done.stderr


class TestRegistration:
    def test_adding_prints_what_the_platform_needs(self, live_settings: Settings) -> None:
        done = run(live_settings, *ADD, "--deployment", "1", "--approve")

        assert done.exit_code == 0, done.stderr
        printed = json.loads(done.stdout)
        base = live_settings.base_url
        assert printed["login_url"] == f"{base}/lti/login"
        assert printed["launch_url"] == printed["deep_link_url"] == f"{base}/lti/launch"
        assert printed["jwks_url"] == f"{base}/lti/jwks.json"
        assert printed["deployments"] == ["1"]

    def test_inviting_prints_an_address_for_the_institution(self, live_settings: Settings) -> None:
        nobody = run(live_settings, "registration", "invite")
        done = run(live_settings, "registration", "invite", "--institution", "northgate")

        assert nobody.exit_code != 0
        assert "--institution" in nobody.stderr
        assert done.exit_code == 0, done.stderr
        assert done.stdout.startswith(f"{live_settings.base_url}/lti/register/")
        assert len(done.stdout.strip().rpartition("/")[2]) == 43

    def test_adding_again_adds_only_what_is_new(self, live_settings: Settings) -> None:
        first = run(live_settings, *ADD, "--deployment", "1", "--approve")
        again = run(live_settings, *ADD, "--deployment", "1", "--deployment", "2")
        listed = run(live_settings, "registration", "list", "--json")

        assert again.exit_code == 0, again.stderr
        [row] = json.loads(listed.stdout)
        assert row["registration_id"] == json.loads(first.stdout)["registration_id"]
        approved = {one["id"]: one["institution"] for one in row["deployments"]}
        assert approved == {"1": "lms.northgate.example", "2": None}

    def test_a_deployment_that_waits_is_approved_and_one_of_another_is_left_alone(
        self, live_settings: Settings
    ) -> None:
        run(live_settings, *ADD, "--deployment", "1")

        approved = run(
            live_settings, *ADD, "--deployment", "1", "--approve", "--institution", "northgate"
        )
        taken = run(
            live_settings, *ADD, "--deployment", "1", "--approve", "--institution", "southgate"
        )

        assert approved.exit_code == 0, approved.stderr
        assert "belongs to another institution" in taken.stderr
        [row] = json.loads(run(live_settings, "registration", "list", "--json").stdout)
        assert row["deployments"] == [{"id": "1", "institution": "northgate"}]

    def test_other_addresses_for_a_known_client_are_refused(self, live_settings: Settings) -> None:
        run(live_settings, *ADD)

        done = run(live_settings, *ADD, "--jwks-url", "https://elsewhere.example/jwks")

        assert done.exit_code == 1
        assert "Nothing was changed" in done.stderr

    def test_with_several_institutions_one_has_to_be_named(self, live_settings: Settings) -> None:
        for number, slug in (("1", "northgate"), ("2", "southgate")):
            run(live_settings, *ADD, "--deployment", number, "--approve", "--institution", slug)

        done = run(live_settings, *ADD, "--deployment", "3", "--approve")

        assert done.exit_code == 2
        assert "--institution northgate | southgate" in done.stderr


class TestDoctor:
    def look(self, settings: Settings, **changes: str) -> tuple[int, dict[str, tuple[bool, str]]]:
        done = run(settings, "doctor", "--json", **changes)
        assert done.stdout, done.stderr
        findings = {one["about"]: (one["ok"], one["says"]) for one in json.loads(done.stdout)}
        return done.exit_code, findings

    def test_a_whole_installation_is_told_so(
        self, live_app: Flask, live_settings: Settings
    ) -> None:
        with (
            serving(live_app) as url,
            running(live_settings, "worker"),
            running(live_settings, "relay"),
        ):
            settings = replace(live_settings, base_url=url)
            wait_for(lambda: queue.connection().exists(queue.RELAY_SIGN), "a relay")
            wait_for(lambda: queue.connection().scard("rq:workers"), "a worker")
            code, findings = self.look(settings)

        assert [about for about, (ok, _) in findings.items() if not ok] == []
        assert code == 0

    def test_each_trouble_is_told_with_what_to_do(
        self, live_app: Flask, live_settings: Settings
    ) -> None:
        engine = create_engine(live_settings.database.owner_url or "", poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE launches NO FORCE ROW LEVEL SECURITY"))
        assert live_app.testing
        with system_transaction() as session:
            session.add(
                outbox.OutboxDelivery(
                    id=new_id(),
                    event_id=new_id(),
                    event_type="Nothing",
                    subscriber="nobody",
                    payload={},
                    recorded_at=clock.now(),
                    due_at=clock.now() - timedelta(hours=1),
                )
            )
        owner = live_settings.database.owner_url or ""

        code, findings = self.look(live_settings, CAIRN_DATABASE_URL=owner)
        backlog = run(live_settings, "backlog")

        assert code == 1
        assert "row-level security does not bind" in findings["role"][1]
        assert "is off for launches" in findings["tenants"][1]
        assert "cairn worker" in findings["workers"][1]
        assert "cairn relay" in findings["relay"][1]
        assert "1 are late" in findings["deliveries"][1]
        assert "cannot reach ourselves" in findings["base URL"][1]
        assert (backlog.exit_code, backlog.stdout) == (1, "nobody\t1\t0\n")

    def test_servers_that_are_away_are_told(self, live_settings: Settings) -> None:
        nowhere = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"

        code, findings = self.look(
            live_settings, CAIRN_DATABASE_URL=nowhere, CAIRN_REDIS_URL="redis://127.0.0.1:1/0"
        )

        assert code == 1
        assert "PostgreSQL does not answer" in findings["database"][1]
        assert "Redis does not answer" in findings["queue"][1]

    def test_a_lost_secret_key_is_told(self, live_app: Flask, live_settings: Settings) -> None:
        assert live_app.testing
        keys.current("lti")

        _, findings = self.look(
            live_settings, CAIRN_SECRET_KEY="YW5vdGhlcjogMzIgYnl0ZXMgb2YgYW5vdGhlciBrZXk"
        )

        assert "must contain the one they were made with" in findings["keys"][1]


def test_an_empty_database_is_migrated_by_its_owner_only(
    live_settings: Settings, new_database: Callable[[str], str]
) -> None:
    empty = new_database("empty")
    as_owner = {"CAIRN_OWNER_DATABASE_URL": empty}

    without = run(live_settings, "migrate", CAIRN_OWNER_DATABASE_URL="")
    done = run(live_settings, "migrate", **as_owner)
    again = run(live_settings, "migrate", **as_owner)

    assert "CAIRN_OWNER_DATABASE_URL is not set" in without.stderr
    assert done.exit_code == again.exit_code == 0, done.output


def test_rotated_keys_are_signed_with_and_the_old_one_stays_published(
    live_app: Flask, live_settings: Settings
) -> None:
    assert live_app.testing
    old = keys.current("lti").kid

    done = run(live_settings, "keys", "rotate")

    keys.forget()
    new = done.stdout.strip()
    assert new == keys.current("lti").kid != old
    assert {key.kid for key in keys.published("lti")} == {new, old}


@pytest.mark.parametrize("command", ["worker", "relay"])
def test_a_process_outlives_redis_and_ends_on_sigterm(
    live_settings: Settings, command: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with running(live_settings, command, log=log) as process:
        with Redis.from_url(live_settings.redis_url) as redis:
            sign = "rq:workers" if command == "worker" else queue.RELAY_SIGN
            wait_for(lambda: redis.exists(sign), command)
            redis.client_kill_filter(_type="normal", skipme=True)
            time.sleep(1)
            assert process.poll() is None
            redis.flushdb()

        process.send_signal(signal.SIGTERM)

        assert process.wait(20) == 0
        assert events(log)[0]["event"] == "started"
        assert events(log)[0]["process"] == command
