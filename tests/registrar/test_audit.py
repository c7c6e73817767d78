"""The audit trail: sentences, filters, pages, and the table of it."""

import ast
import re
from pathlib import Path
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, select

import lti_tool
from lti_tool.assessments.models import Attempt
from lti_tool.assessments.services import Why, delete_attempt, try_deletion
from lti_tool.badges import queries as badges
from lti_tool.badges.services import withdraw_award
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.people.queries import list_users
from lti_tool.people.services import person_of
from lti_tool.registrar.filters import Entries
from lti_tool.registrar.sentences import known_acts
from lti_tool.registrar.trail import list_lines
from tests.learner import story
from tests.registrar.desk import STONES, Desk, open_desk
from tests.registrar.test_routes import rows_of


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    desk = open_desk()
    desk.enter(client, "registrar")
    return desk


def withdrawn(desk: Desk, reason: str) -> None:
    """Let an operator withdraw the only badge of Amara."""
    person = desk.learner("Amara <b>", STONES[0])
    with transaction(desk.university.id) as session:
        [badge] = badges.list_held(session, person)
    withdraw_award(desk.university.id, badge.award_id, reason=reason, actor=audit.CLI)


def test_the_trail_reads_as_sentences(client: FlaskClient, desk: Desk) -> None:
    withdrawn(desk, "=Wrong person")

    withdrawal, entry, *_ = rows_of(client.get(f"{desk.path}/audit").text)

    assert withdrawal.startswith(
        "Withdrew Reading statistics (Amara &lt;b&gt;) an operator at the server "
    )
    assert withdrawal.endswith("=Wrong person")
    assert entry.startswith("Signed in to the desk Ruth ")


def test_who_acted_in_a_course_is_named_as_long_as_a_name_is_known(
    client: FlaskClient, desk: Desk
) -> None:
    teacher = desk.learner("Mirela Dragomir")
    with transaction(desk.university.id) as session:
        [user] = list_users(session, teacher)
        for actor_id in (user.id, uuid4()):
            audit.record(
                session,
                actor=audit.Actor("user", actor_id),
                act="mark_answer",
                object_kind="attempt",
                object_id=uuid4(),
            )

    forgotten, named, *_ = rows_of(client.get(f"{desk.path}/audit").text)

    assert named.startswith("Marked an answer of a learner Mirela Dragomir ")
    assert forgotten.startswith("Marked an answer of a learner somebody in a course ")


def test_what_was_done_to_an_attempt_is_told_with_whose_it_was(
    database: Connection,  # noqa: ARG001 - the test is one transaction
) -> None:
    here = story.open_university()
    user_id = story.enrol(here)
    attempt_id = story.take(here, story.add_activity(here, "Counting"), user_id, "right", "right")
    with transaction(here.institution_id) as session:
        person_id = person_of(session, user_id)
        audit.record(
            session,
            actor=audit.CLI,
            act="mark_answer",
            object_kind="attempt",
            object_id=attempt_id,
        )

    with transaction(here.institution_id) as session:
        [line] = list_lines(session, wanted=Entries(person=person_id), limit=9)

    assert line.text == "Marked an answer of Amara Nwosu"
    assert line.person_id == person_id


def test_what_was_done_to_an_attempt_is_told_after_it_was_deleted_too(
    database: Connection,  # noqa: ARG001 - the test is one transaction
) -> None:
    here = story.open_university()
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    attempt_id = story.take(here, activity, user_id, "right", "right")
    whole = (here.institution_id, activity.placement_id, attempt_id)
    with transaction(here.institution_id) as session:
        person_id = person_of(session, user_id)
        digest = try_deletion(session, activity.placement_id, attempt_id).digest

    delete_attempt(*whole, Why(actor=audit.CLI, reason="A test run"), digest=digest)

    with transaction(here.institution_id) as session:
        [line] = list_lines(session, wanted=Entries(person=person_id), limit=9)
        hidden = session.scalar(select(Attempt.id).where(Attempt.id == attempt_id))
    assert line.text == "Deleted an attempt of Amara Nwosu"
    assert line.person_id == person_id
    assert hidden is None, "to read the trail shows deleted attempts to nobody else"


def test_entries_are_found_by_act_and_day(client: FlaskClient, desk: Desk) -> None:
    withdrawn(desk, "Wrong person")

    def found(**query: str) -> int:
        page = client.get(f"{desk.path}/audit", query_string=query).text
        return len(rows_of(page)) if "<tbody" in page else 0

    assert found(act="withdraw_award") == 1
    # With the pathway that was published, the way to sign in, and the sign-in.
    assert found(act="", since="", until="") == 4
    assert found(since="2000-01-01", until="2000-01-02") == 0
    assert found(since="2000-01-01") == 4


def test_entries_are_found_by_who_did_it_and_about_whom(client: FlaskClient, desk: Desk) -> None:
    withdrawn(desk, "Wrong person")
    linh = desk.learner("Linh", STONES[0])
    client.get(f"{desk.path}/people/{linh}")
    client.set_cookie("__Host-cairn-staff", desk.session("registrar", name="Rosa"))
    client.get(f"{desk.path}/people/{linh}")
    page = client.get(f"{desk.path}/audit").text
    ruth, rosa = (
        re.findall(rf'<option value="([0-9a-f-]{{36}})">{name}</option>', page)[0]
        for name in ("Ruth", "Rosa")
    )

    def found(**query: str) -> list[str]:
        rows = rows_of(client.get(f"{desk.path}/audit", query_string=query).text)
        return [row.partition(" R")[0] for row in rows]

    assert found(who=rosa) == ["Read the record of Linh", "Signed in to the desk"]
    assert found(who=ruth, person=str(linh)) == ["Read the record of Linh"]
    assert len(found(person=str(linh))) == 2
    assert "About Linh" in client.get(f"{desk.path}/audit?person={linh}").text


def test_older_entries_follow_without_gap_or_repetition(client: FlaskClient, desk: Desk) -> None:
    person = desk.learner("Amara")
    with transaction(desk.university.id) as session:
        for number in range(120):
            audit.record(
                session,
                actor=audit.SYSTEM,
                act="withdraw_award",
                object_kind="person",
                object_id=person,
                reason=f"No {number:03}.",
            )

    seen: list[str] = []
    url: str | None = f"{desk.path}/audit?act=withdraw_award"
    while url:
        page = client.get(url).text
        seen += [row[-7:] for row in rows_of(page)]
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = following and following[1].replace("&amp;", "&")

    assert seen == [f"No {number:03}." for number in reversed(range(120))]


def test_what_another_institution_did_is_not_shown(client: FlaskClient, desk: Desk) -> None:
    withdrawn(open_desk(), "Elsewhere")
    withdrawn(desk, "Of ours")

    page = client.get(f"{desk.path}/audit").text
    assert "Of ours" in page
    assert "Elsewhere" not in page


@pytest.mark.parametrize("query", ["act=x", "since=yesterday", "before=1"])
def test_a_filter_that_makes_no_sense_is_refused(
    client: FlaskClient, desk: Desk, query: str
) -> None:
    assert client.get(f"{desk.path}/audit?{query}").status_code == 400


def test_every_act_that_is_recorded_has_words_and_can_be_searched_for() -> None:
    known = {act for act, _ in known_acts()}

    assert recorded_acts() <= known
    assert len(recorded_acts()) > len(known) / 2, "the source is read"


def recorded_acts() -> set[str]:
    """Return the acts that the source names, as `act=...`, or to a function that notes them."""
    found: set[str] = set()
    for path in Path(lti_tool.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            told: list[ast.AST] = []
            if isinstance(node, ast.Call):
                told = [one.value for one in node.keywords if one.arg == "act"]
                is_note = isinstance(node.func, ast.Name) and node.func.id in {"note", "_note"}
                told += node.args[1:2] if is_note else []
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "act":
                told = [node.value]
            found |= {
                leaf.value
                for one in told
                for leaf in ([one.body, one.orelse] if isinstance(one, ast.IfExp) else [one])
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
            }
    return found
