"""Decisions about a person on a pathway: what they will do, made once, told, taken back."""

import re
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from lti_tool.badges import queries as badges
from lti_tool.core.db import transaction
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.pathways import deciding, services
from lti_tool.pathways.expression import AllOf, from_json, stones
from lti_tool.pathways.jobs import count_award
from lti_tool.pathways.models import Completion, Pathway
from lti_tool.pathways.queries import get_newest_version
from lti_tool.registrar import waiting_routes
from tests.conftest import Worker
from tests.registrar.desk import STONES, Desk, open_desk


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    desk = open_desk()
    desk.enter(client, "registrar")
    return desk


def page_of(desk: Desk, person: PersonId, pathway: PathwayId | None = None) -> str:
    return f"{desk.path}/people/{person}/pathways/{pathway or desk.pathway_id}"


def ask(client: FlaskClient, page: str, words: str) -> str:
    """Follow a link of a page that begins with these words; return where it leads."""
    found = re.search(rf'href="([^"]+)">{words}', client.get(page).text)
    assert found, words
    return client.get(found[1].replace("&amp;", "&")).text


def send(client: FlaskClient, page: str, reason: str, **changes: str) -> int:
    """Send the form of a page that asks for a decision; return the status."""
    action = re.search(r'<form class="flow" method="post" action="([^"]+)"', page)
    assert action
    fields = dict(re.findall(r'name="(csrf_token|decision|act|target)" value="([^"]+)"', page))
    return client.post(action[1], data={**fields, "reason": reason, **changes}).status_code


def says(page: str) -> str:
    """Return what a page says will be done."""
    text = page.partition("What this does")[2].partition("</div>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def held(desk: Desk, person: PersonId) -> set[str]:
    with transaction(desk.university.id) as session:
        return {badge.name for badge in badges.list_held(session, person)}


def set_pathway(desk: Desk, **values: object) -> None:
    with transaction(desk.university.id) as session:
        session.execute(update(Pathway).where(Pathway.id == desk.pathway_id).values(**values))


def test_a_requirement_is_waived_told_with_who_and_why_and_taken_back(
    client: FlaskClient, desk: Desk, worker: Worker
) -> None:
    amara = desk.learner("Amara", *STONES[:2])
    page = page_of(desk, amara)

    asked = ask(client, page, 'Waive<span class="visually-hidden">: Consent')

    assert "Amara need not meet this on Data literacy: Consent." in says(asked)
    assert "Data literacy is then complete" in says(asked)
    assert [send(client, asked, "Shown at work."), send(client, asked, "Shown at work.")] == [
        303,
        303,
    ]
    worker.run()
    shown = plain(client.get(page).text)
    assert "Consent: waived by a decision." in shown
    assert "Ruth: “Shown at work.”" in shown
    assert held(desk, amara) >= {"Data literacy"}

    back = ask(client, page, "Take back")
    assert "Data literacy is then no longer complete: 2 of 3 stones." in says(back)
    assert send(client, back, "A mistake.") == 303
    assert "Consent: not held yet." in plain(client.get(page).text)
    trail = plain(client.get(f"{desk.path}/audit").text)
    assert "Waived a part of a pathway for Amara" in trail
    assert "Took back a decision about Amara on a pathway" in trail


def test_another_badge_counts_in_a_requirements_place(client: FlaskClient, desk: Desk) -> None:
    desk.university.achievement("Learnt elsewhere")
    amara = desk.learner("Amara", *STONES[:2])
    award = desk.university.grant(amara, "Learnt elsewhere").award_id
    page = page_of(desk, amara)

    asked = ask(client, page, 'Let another badge count<span class="visually-hidden">: Consent')

    assert "Learnt elsewhere" in asked
    assert send(client, asked, "The same.", award="") == 400
    assert send(client, asked, "The same.", award=str(award)) == 303
    assert "Learnt elsewhere counts in its place by a decision" in plain(client.get(page).text)


def test_a_completion_waits_until_it_is_confirmed(
    client: FlaskClient, desk: Desk, worker: Worker
) -> None:
    set_pathway(desk, confirms_completion=True)
    amara = desk.learner("Amara", *STONES)
    worker.run()

    assert "Data literacy" not in held(desk, amara)
    asked = ask(client, f"{desk.path}/decisions", "Confirm<span")
    assert "Data literacy is awarded to Amara, and signed." in says(asked)
    assert send(client, asked, "") == 400
    assert [send(client, asked, "Checked."), send(client, asked, "Checked.")] == [303, 303]
    worker.run()

    assert "Data literacy" in held(desk, amara)
    assert "Nothing waits for a decision" in client.get(f"{desk.path}/decisions").text


def test_what_waits_is_read_a_page_at_a_time(
    client: FlaskClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_routes, "PAGE", 1)
    set_pathway(desk, confirms_completion=True)
    for name in ("Amara", "Linh"):
        desk.learner(name, *STONES)

    first = client.get(f"{desk.path}/decisions").text
    onward = re.search(r'href="([^"]+)" rel="next"', first)
    assert onward
    second = client.get(onward[1]).text

    assert [name in first for name in ("Amara", "Linh")] == [True, False]
    assert [name in second for name in ("Amara", "Linh")] == [False, True]
    assert "Show the next" not in second
    assert "Show the previous" in second
    strange = client.get(f"{desk.path}/decisions?confirm_after={uuid4()}").text
    assert "Amara" in strange
    assert "Show the previous" not in strange
    # The last page is the first when all that stood on it was decided.
    with transaction(desk.university.id) as session:
        last = session.scalars(
            select(Completion.id).order_by(Completion.completed_at.desc(), Completion.id.desc())
        ).first()
    emptied = client.get(f"{desk.path}/decisions?confirm_after={last}").text
    assert "Amara" in emptied
    assert "Show the previous" not in emptied
    assert "Show the next" in emptied
    assert client.get(f"{desk.path}/decisions?confirm_after=x").status_code == 400


@pytest.mark.parametrize(
    ("words", "stands"), [("Let it stand", True), ("Withdraw it", False)], ids=["keep", "withdraw"]
)
def test_a_certificate_of_which_a_part_fell_away_is_reviewed(
    client: FlaskClient, desk: Desk, worker: Worker, words: str, *, stands: bool
) -> None:
    set_pathway(desk, lapse_policy="review")
    amara = desk.learner("Amara", *STONES[:2])
    granted = desk.university.grant(amara, STONES[2])
    count_award(granted)
    worker.run()
    desk.university.withdraw(granted)
    services.recount(desk.university.id, desk.pathway_id, amara)

    waiting = client.get(f"{desk.path}/decisions").text
    assert "To review" in waiting
    asked = ask(client, page_of(desk, amara), words)
    assert send(client, asked, "Looked at.") == 303

    # Who loses a badge reads why, and whoever decides is told so.
    assert ("Amara reads your reason" in says(asked)) is not stands
    assert ("your name and reason are for staff" in says(asked)) is stands
    assert ("Data literacy" in held(desk, amara)) is stands
    assert "Nothing waits for a decision" in client.get(f"{desk.path}/decisions").text


def test_somebody_is_moved_to_another_version_with_what_that_changes(
    client: FlaskClient, desk: Desk
) -> None:
    amara = desk.learner("Amara", *STONES[:2])
    with transaction(desk.university.id) as session:
        newest = get_newest_version(session, desk.pathway_id)
    parts = tuple(list(stones(from_json(newest.expression)))[:2])
    services.publish_version(desk.university.id, desk.pathway_id, AllOf(parts=parts))

    asked = ask(client, page_of(desk, amara), "Move to version 2")

    assert "From now on Amara is on version 2 of Data literacy." in says(asked)
    assert "Data literacy is then complete" in says(asked)
    assert send(client, asked, "The new rules are kinder.") == 303
    assert "version 2" in client.get(page_of(desk, amara)).text


def test_a_shared_badge_is_said_where_to_count(client: FlaskClient, desk: Desk) -> None:
    second = desk.university.pathway("Research practice", list(STONES[:2]))
    with transaction(desk.university.id) as session:
        session.execute(update(Pathway).values(sharing="data"))
    amara = desk.learner("Amara", STONES[0])
    page = page_of(desk, amara, second)

    asked = ask(client, page, "let it count here")

    assert "Reading statistics of Amara counts in Research practice, and no more in Data" in says(
        asked
    )
    assert send(client, asked, "She asked for it.") == 303
    assert "1 of 2 stones" in client.get(page).text


def test_nothing_of_somebody_else_is_decided_through_a_page(
    client: FlaskClient, desk: Desk
) -> None:
    amara, other = desk.learner("Amara", STONES[0]), desk.learner("Other", STONES[0])
    asked = ask(client, page_of(desk, other), 'Waive<span class="visually-hidden">: Consent')
    assert send(client, asked, "For the other one.") == 303
    with transaction(desk.university.id) as session:
        [ruling] = deciding.list_rulings(session, other)
    mine = ask(client, page_of(desk, amara), 'Waive<span class="visually-hidden">: Consent')

    assert send(client, mine, "x", act="undo", target=str(ruling.id)) == 404
    for act in ("waive", "undo", "confirm", "keep", "move", "allocate"):
        asked_for = f"{page_of(desk, amara)}/decide?act={act}&target={uuid4()}"
        assert client.get(asked_for).status_code == 404, act
    assert client.get(f"{page_of(desk, amara)}/decide?act=waive&target=x").status_code == 400
    stranger = open_desk().learner("Stranger", STONES[0])
    assert client.get(page_of(desk, stranger)).status_code == 404
    assert isinstance(ruling.id, UUID)


def test_only_a_registrar_decides(client: FlaskClient, desk: Desk) -> None:
    amara = desk.learner("Amara", STONES[0])
    desk.enter(client, "auditor")

    for path in (
        page_of(desk, amara),
        f"{desk.path}/decisions",
    ):
        assert client.get(path).status_code == 403
