"""`cairn person` and `cairn retention` as an operator types them."""

import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from lti_tool.assessments.models import Attempt
from lti_tool.core import clock
from lti_tool.core import settings as settings_module
from lti_tool.core.audit import AuditEntry
from lti_tool.core.db import transaction
from lti_tool.core.settings import Settings
from lti_tool.platforms.models import Registration, User
from lti_tool.worker import run_worker
from tests.learner import story
from tests.test_cli import run


@pytest.fixture
def here(live_app: Flask) -> story.University:
    assert live_app.testing
    here = story.open_university()
    user_id = story.enrol(here, "Zuleika Quendel")
    story.take(here, story.add_activity(here, "Counting"), user_id, "right", "right")
    return here


@pytest.fixture
def operated(here: story.University) -> Settings:
    assert here.slug
    return settings_module.current()


def names(here: story.University) -> list[str | None]:
    with transaction(here.institution_id) as session:
        return list(session.scalars(select(User.name)))


def acts(here: story.University) -> list[str]:
    with transaction(here.institution_id) as session:
        return list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def test_a_person_is_found_given_out_and_erased(
    here: story.University, operated: Settings, tmp_path: Path
) -> None:
    whose = ("--institution", here.slug)
    found = run(operated, "person", "find", *whose, "zuleika", "quen")
    assert found.exit_code == 0, found.stderr
    person = found.stdout.split("\t")[0]

    archive = tmp_path / "zuleika.zip"
    given = run(operated, "person", "export", *whose, person, "-o", str(archive))
    assert given.exit_code == 0, given.stderr
    assert archive.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(archive) as content:
        told = json.loads(content.read("data.json"))
    assert told["accounts"][0]["name"] == "Zuleika Quendel"
    assert told["attempts"][0]["activity"] == "Counting"

    erase = ("person", "erase", *whose, person, "--reason", "Asked for in writing.")
    tried = run(operated, *erase, "--dry-run")
    assert tried.stdout.splitlines()[:2] == [
        "    1  accounts that lose their names",
        "    1  attempts that lose their answers",
    ]
    assert names(here) == ["Zuleika Quendel"]
    done = run(operated, *erase, "--yes")
    assert done.exit_code == 0, done.stderr
    run_worker(burst=True)

    assert names(here) == [None]
    assert "erased before" in run(operated, *erase, "--yes").stdout
    assert run(operated, "person", "find", *whose, "zuleika").exit_code == 1
    noted = [act for act in acts(here) if act.endswith("_person")]
    assert noted == ["find_person", "export_person", "erase_person"]


def test_erasing_asks_and_takes_no_for_an_answer(
    here: story.University, operated: Settings
) -> None:
    whose = ("--institution", here.slug)
    person = run(operated, "person", "find", *whose, "zuleika").stdout.split("\t")[0]

    done = run(operated, "person", "erase", *whose, person, "--reason", "x")

    assert done.exit_code == 1
    assert names(here) == ["Zuleika Quendel"]


def test_nobody_of_another_institution_is_found_or_erased(
    here: story.University, operated: Settings
) -> None:
    elsewhere = ("--institution", story.open_university("Elsewhere").slug)
    whose = ("--institution", here.slug)
    person = run(operated, "person", "find", *whose, "zuleika").stdout.split("\t")[0]

    assert run(operated, "person", "find", *elsewhere, "zuleika").exit_code == 1
    done = run(operated, "person", "erase", *elsewhere, person, "--reason", "x", "--yes")
    assert (done.exit_code, "There is no such person" in done.stderr) == (1, True)
    assert names(here) == ["Zuleika Quendel"]


def test_an_institution_vouches_for_the_numbers_of_its_own_platforms(
    here: story.University, operated: Settings
) -> None:
    vouch = ("person", "vouch", "--institution", here.slug)
    with transaction(here.institution_id) as session:
        issuer = session.scalars(select(Registration.issuer)).one()

    nobody = run(operated, *vouch)
    unknown = run(operated, *vouch, "--issuer", "https://elsewhere.example", "--register", "sis")
    unclear = run(operated, *vouch, "--issuer", issuer)
    done = run(operated, *vouch, "--issuer", issuer, "--register", "sis")
    undone = run(operated, *vouch, "--issuer", issuer, "--withdraw")

    assert "nobody is matched by them" in nobody.stdout
    assert (unknown.exit_code, issuer in unknown.stderr) == (1, True)
    assert (unclear.exit_code, done.stdout) == (2, f"sis\t{issuer}\n")
    assert "nobody is matched by them" in undone.stdout
    assert acts(here)[-2:] == ["declare_authority"] * 2


def test_retention_says_what_went(
    here: story.University, operated: Settings, tmp_path: Path
) -> None:
    config = tmp_path / "cairn.toml"
    config.write_text("[keep]\nanswers_days = 30\n")
    with transaction(here.institution_id) as session:
        session.execute(update(Attempt).values(submitted_at=clock.now() - timedelta(days=31)))

    kept = run(operated, "retention", "run")
    assert "attempts emptied of their answers\t0\n" in kept.stdout

    tried = run(operated, "retention", "run", "--dry-run", CAIRN_CONFIG=str(config))
    done = run(operated, "retention", "run", CAIRN_CONFIG=str(config))

    assert tried.stdout == "attempts to be emptied of their answers\t1\n"
    assert "attempts emptied of their answers\t1\n" in done.stdout
