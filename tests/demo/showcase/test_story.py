"""The showcase's past: what it says of everybody is what the product holds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, Row, text

from lti_tool.assessments import services as assessments
from lti_tool.campus import store
from lti_tool.campus.app import CampusSettings, create_campus
from lti_tool.campus.personality import MOODLE, STRICT
from lti_tool.core.settings import Settings
from lti_tool.demo.seed import seed_demo
from lti_tool.demo.showcase.answering import right, wrong
from lti_tool.demo.showcase.learners import plan, read_cast
from lti_tool.demo.showcase.modules import FOUNDATIONS, SOFT_SKILLS
from lti_tool.demo.showcase.publishing import CERTIFICATE, COLLABORATION, DEGREE
from tests.demo.showcase.test_modules import ITEMS, item, module

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CAST = read_cast()

_ATTEMPTS = text("""
    SELECT users.name, editions.title, attempts.number, attempts.passed, attempts.awaits_marking,
        attempts.submitted_at, attempts.ended_by,
        EXISTS (SELECT FROM late_responses WHERE attempt_id = attempts.id) AS has_late
    FROM attempts JOIN users ON users.id = attempts.user_id
        JOIN editions ON editions.id = attempts.edition_id
    ORDER BY users.name, editions.title, attempts.number
""")
_AWARDS = text("""
    SELECT users.name, achievements.name AS badge, awards.withdrawn_at IS NULL AS stands
    FROM awards JOIN achievements ON achievements.id = awards.achievement_id
        JOIN person_users USING (person_id) JOIN users ON users.id = person_users.id
""")
_PROGRESS = text("""
    SELECT users.name, pathways.title, missing FROM pathway_progress
        JOIN pathways ON pathways.id = pathway_id
        JOIN person_users USING (person_id) JOIN users ON users.id = person_users.id
""")


@pytest.mark.parametrize("title", ITEMS)
def test_right_answers_are_right_and_wrong_ones_cost_points(title: str) -> None:
    asked = item(title)

    best, worst = (asked.score(answer(asked, "Words.")) for answer in (right, wrong))

    assert best.share == 1 or best.needs_marking or asked.type == "file_upload"
    assert worst.share < Decimal("0.5")


def test_everything_happened_before_now_and_in_its_order() -> None:
    sittings = plan(CAST.learners, NOON)

    assert sittings == plan(CAST.learners, NOON)
    assert len(sittings) > 60
    for sitting in sittings:
        ends = [at for at in (sitting.ends_at, sitting.marked_at) if at is not None]
        assert sitting.begins_at < NOON
        assert all(sitting.begins_at < at < NOON for at in ends)
        before = [
            (other.marked_at or other.ends_at or other.begins_at)
            for other in sittings
            if (other.learner, other.module) == (sitting.learner, sitting.module)
            and other.tries < sitting.tries
        ]
        assert all(at < sitting.begins_at for at in before)
    running = [sitting for sitting in sittings if sitting.fate == "open"]
    assert {NOON - sitting.begins_at for sitting in running} == {timedelta(minutes=4)}


def test_every_stage_is_there() -> None:
    fates = {
        fate
        for learner in CAST.learners
        for module in (*FOUNDATIONS, *SOFT_SKILLS)
        for fate in learner.fates(module)
    }

    assert fates == {"pass", "fail", "open", "late", "sent", "marked", "low"}
    assert any(learner.left for learner in CAST.learners)
    assert any(learner.withdrawn for learner in CAST.learners)
    assert len({learner.name[0] for learner in CAST.learners}) == len(CAST.learners) >= 24


@dataclass(frozen=True, slots=True)
class Told:
    """What the database holds after the story."""

    attempts: dict[tuple[str, str], list[str]]
    badges: dict[str, dict[str, bool]]
    missing: dict[tuple[str, str], int]


@pytest.fixture
def told(database: Connection, settings: Settings, new_database: Callable[[str], str]) -> Told:
    campus, evening = (
        create_campus(
            CampusSettings(
                database_url=new_database(f"{name}_showcase"),
                base_url=f"http://127.0.0.1:9{path}",
                secret_key="only for tests",
                personality=personality,
            )
        ).extensions["campus"]
        for name, path, personality in (("campus", "", STRICT), ("evening", "/evening", MOODLE))
    )
    seed_demo(settings, campus, evening)
    assert store.gradebook(campus.engine, 3) == {}  # it does not run: grades come later
    campus.engine.dispose()
    evening.engine.dispose()
    institution_id = database.scalar(text("SELECT id FROM institutions"))
    database.execute(
        text("SELECT set_config('app.institution_id', :id, true)"), {"id": str(institution_id)}
    )
    attempts: dict[tuple[str, str], list[str]] = {}
    for row in database.execute(_ATTEMPTS):
        attempts.setdefault((row.name, row.title), []).append(_fate(row))
    badges: dict[str, dict[str, bool]] = {}
    for row in database.execute(_AWARDS):
        badges.setdefault(row.name, {})[row.badge] = row.stands
    missing = {(row.name, row.title): row.missing for row in database.execute(_PROGRESS)}
    return Told(attempts, badges, missing)


def _fate(row: Row[Any]) -> str:
    if row.submitted_at is None:
        return "open"
    if row.ended_by == "clock":
        return "late" if row.has_late else "cut"
    if row.awaits_marking:
        return "sent"
    return "pass" if row.passed else "fail"


@pytest.mark.timeout(180)  # two terms of two courses, played in full
def test_what_is_said_of_everybody_is_so(told: Told) -> None:
    titles = {name: module(name).title for name in (*FOUNDATIONS, *SOFT_SKILLS)}
    same = {"marked": "pass", "low": "fail"}
    said = {
        (" ".join(learner.name), title): [same.get(fate, fate) for fate in learner.fates(name)]
        for learner in (*CAST.learners, *CAST.evening)
        for name, title in titles.items()
        if learner.fates(name)
    }

    assert told.attempts == said
    assert told.missing[("Noor Haddad", CERTIFICATE)] == 1
    assert told.badges["Marta Kowalczyk"][CERTIFICATE], "all of it at the other LMS"
    esther = told.badges["Esther Lindqvist"]
    assert {CERTIFICATE, COLLABORATION, DEGREE} <= {
        name for name, stands in esther.items() if stands
    }
    assert told.badges["Quentin Abara"][COLLABORATION]
    lars = told.badges["Lars Mikkelsen"]
    assert lars == {titles["describing"]: True, titles["relationships"]: False}
    assert told.missing[("Lars Mikkelsen", CERTIFICATE)] == 3
    assert assessments.close_overdue() == 0
