"""Decisions about awards: asked for first, made once, undone, and always noted."""

import re
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from lti_tool.badges import queries as badges
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId
from lti_tool.pathways.services import recount
from tests.registrar.desk import STONES, Desk, open_desk


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    desk = open_desk()
    desk.enter(client, "registrar")
    return desk


def noted(desk: Desk) -> list[tuple[str, str | None]]:
    """Return the decisions in the audit trail, the newest first."""
    with transaction(desk.university.id) as session:
        return [
            (one.act, one.reason)
            for one in audit.list_entries(session)
            if one.object_kind == "award" and one.actor_kind == "staff"
        ]


def held(desk: Desk, person: PersonId) -> set[str]:
    with transaction(desk.university.id) as session:
        return {badge.name for badge in badges.list_held(session, person)}


def send(client: FlaskClient, page: str, reason: str, **changes: str) -> int:
    """Send the form of a page that asks for a decision; return the status."""
    action = re.search(r'<form class="flow" method="post" action="([^"]+)"', page)
    assert action
    fields = dict(re.findall(r'name="(csrf_token|decision|meant)" value="([^"]+)"', page))
    data = {**fields, "reason": reason, **changes}
    return client.post(action[1].replace("&amp;", "&"), data=data).status_code


def says(page: str) -> str:
    """Return what a page says will be done."""
    text = page.partition("What this does")[2].partition("</div>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def ask_to_give(client: FlaskClient, desk: Desk, person: PersonId, stone: str) -> str:
    achievement = desk.university.achievements[stone]
    return client.get(f"{desk.path}/people/{person}/awards?achievement={achievement}").text


def link_of(client: FlaskClient, desk: Desk, person: PersonId, words: str) -> str:
    """Follow a link of the record, by what it says."""
    record = client.get(f"{desk.path}/people/{person}").text
    found = re.search(rf'href="([^"]+)">{words}<', record)
    assert found
    return client.get(found[1]).text


def test_a_badge_is_given_after_its_consequence_was_named(client: FlaskClient, desk: Desk) -> None:
    person = desk.learner("Amara", *STONES[:2])
    choice = client.get(f"{desk.path}/people/{person}/awards").text

    page = ask_to_give(client, desk, person, "Consent")

    assert re.findall(r'<option value="[^"]+">([^<]+)', choice) == ["Consent", "Data literacy"]
    assert "Amara gets the badge Consent" in says(page)
    assert "Data literacy is then complete, and Data literacy is awarded by itself." in says(page)
    assert held(desk, person) == set(STONES[:2])
    assert send(client, page, "Letter of the Halden Institute, on file.") == 303
    assert held(desk, person) == set(STONES)
    assert noted(desk) == [("award_by_hand", "Letter of the Halden Institute, on file.")]
    record = client.get(f"{desk.path}/people/{person}").text
    assert "By Ruth: “Letter of the Halden Institute, on file.”" in record
    assert "Gave Consent by a decision" in record


def test_the_same_form_twice_decides_once(client: FlaskClient, desk: Desk) -> None:
    person = desk.learner("Amara", STONES[0])
    page = ask_to_give(client, desk, person, "Consent")

    assert [send(client, page, "Appeal upheld."), send(client, page, "Appeal upheld.")] == [303] * 2

    assert len(noted(desk)) == 1


def test_a_badge_is_withdrawn_and_given_back(client: FlaskClient, desk: Desk) -> None:
    person = desk.learner("Amara", *STONES)
    page = link_of(client, desk, person, "Withdraw")
    name = re.search(r"<h1>Withdraw (.+)\?</h1>", page)
    assert name

    assert "Data literacy is then no longer complete: 2 of 3 stones." in says(page)
    assert "If you withdraw the badge, whoever held it reads it." in page
    assert send(client, page, "Issued to the wrong person.") == 303
    recount(desk.university.id, desk.pathway_id, person)

    assert held(desk, person) == set(STONES) - {name[1]}
    record = client.get(f"{desk.path}/people/{person}").text
    assert ": Issued to the wrong person." in record
    back = link_of(client, desk, person, "Give back")
    assert "Data literacy is then complete" in says(back)
    assert send(client, back, "It was the right one.") == 303
    assert held(desk, person) == set(STONES)
    assert noted(desk) == [
        ("restore_award", "It was the right one."),
        ("withdraw_award", "Issued to the wrong person."),
    ]
    # The form once more: at once, and after the next withdrawal, which it does not undo.
    assert send(client, back, "It was the right one.") == 303
    assert len(noted(desk)) == 2
    send(client, link_of(client, desk, person, "Withdraw"), "It was not.")
    assert send(client, back, "It was the right one.") == 303
    assert held(desk, person) == set(STONES) - {name[1]}


def test_giving_back_keeps_the_day_of_the_award(client: FlaskClient, desk: Desk) -> None:
    person = desk.learner("Amara", STONES[0])
    send(client, link_of(client, desk, person, "Withdraw"), "A mistake.")

    send(client, link_of(client, desk, person, "Give back"), "No mistake.")

    with transaction(desk.university.id) as session:
        [badge] = badges.list_held(session, person)
    assert badge.awarded_at.year == 2026
    assert badge.awarded_at.month == 3


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_nothing_is_decided(client: FlaskClient, desk: Desk, reason: str) -> None:
    person = desk.learner("Amara", STONES[0])

    for page in (
        ask_to_give(client, desk, person, "Consent"),
        link_of(client, desk, person, "Withdraw"),
    ):
        assert send(client, page, reason) == 400

    assert held(desk, person) == {STONES[0]}
    assert noted(desk) == []


def test_a_form_of_another_site_decides_nothing(client: FlaskClient, desk: Desk) -> None:
    person = desk.learner("Amara", STONES[0])
    page = link_of(client, desk, person, "Withdraw")

    assert send(client, page, "Because.", csrf_token="00") == 403
    assert held(desk, person) == {STONES[0]}


def test_only_the_registrar_decides(client: FlaskClient, desk: Desk) -> None:
    person = desk.learner("Amara", STONES[0])
    page = link_of(client, desk, person, "Withdraw")

    desk.enter(client, "auditor", "issuer")

    assert send(client, page, "Because.") == 403
    assert client.get(f"{desk.path}/people/{person}/awards").status_code == 403
    record = client.get(f"{desk.path}/people/{person}").text
    assert "Withdraw" not in record
    assert "Give a badge" not in record


def test_what_is_another_persons_or_institutions_is_not_found(
    client: FlaskClient, desk: Desk
) -> None:
    amara, linh = desk.learner("Amara", STONES[0]), desk.learner("Linh")
    other = open_desk()
    stranger = other.learner("Jonas", STONES[0])
    with transaction(desk.university.id) as session:
        [badge] = badges.list_held(session, amara)

    for path in (
        f"people/{linh}/awards/{badge.award_id}/decide",
        f"people/{stranger}/awards/{badge.award_id}/decide",
        f"people/{stranger}/awards",
        f"people/{amara}/awards?achievement={other.university.achievements[STONES[0]]}",
        f"people/{amara}/awards/{uuid4()}/decide",
    ):
        assert client.get(f"{desk.path}/{path}").status_code == 404, path
