"""Who is who: pairs put forward, compared, merged with what that does, and split again."""

import re
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId
from lti_tool.people import matching
from lti_tool.people.models import PersonMatch, PersonMerge
from tests.conftest import Worker
from tests.registrar.desk import STONES, Desk, open_desk

ADDRESS = "nwosu@northfell.example"


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    desk = open_desk()
    desk.enter(client, "registrar")
    return desk


@pytest.fixture
def pair(desk: Desk) -> tuple[PersonId, PersonId]:
    """Two records of one address, put forward."""
    first = desk.learner("Amara Nwosu", STONES[0], email=ADDRESS, sis_id="2611-1")
    second = desk.learner("A. Nwosu", *STONES[:2], email=ADDRESS)
    matching.match_person(desk.university.id, second)
    return first, second


def send(client: FlaskClient, page: str, meant: str, reason: str) -> tuple[int, str]:
    """Press a button of a page's form; return the status, and the page or where it leads."""
    action = re.search(r'<form class="flow" method="post" action="([^"]+)"', page)
    assert action
    fields = dict(re.findall(r'name="(csrf_token|decision)" value="([^"]+)"', page))
    answer = client.post(action[1], data={**fields, "meant": meant, "reason": reason})
    return answer.status_code, answer.location or answer.text


def says(page: str) -> str:
    """Return what a page says will be done."""
    text = page.partition("What this does")[2].partition("</div>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def compare(desk: Desk, pair: tuple[PersonId, PersonId]) -> str:
    return f"{desk.path}/people/{pair[1]}/same/{pair[0]}"


def acts(desk: Desk) -> list[tuple[str, str | None]]:
    """Return what was decided, the newest first."""
    with transaction(desk.university.id) as session:
        return [
            (one.act, one.reason)
            for one in audit.list_entries(session)
            if one.act in {"merge_people", "split_people", "keep_people_apart"}
        ]


def test_a_pair_is_told_of_wherever_one_of_them_is_met(
    client: FlaskClient, desk: Desk, pair: tuple[PersonId, PersonId]
) -> None:
    learners = client.get(f"{desk.path}/people").text
    record = client.get(f"{desk.path}/people/{pair[0]}").text
    listed = client.get(f"{desk.path}/people/matches").text

    assert "1 pair of people may be one person" in learners
    assert "May be the same person as A. Nwosu" in record
    assert "The same e-mail address" in listed
    assert ADDRESS in listed
    assert "Amara Nwosu" in listed


def test_two_are_compared_merged_with_what_that_does_and_split_again(
    client: FlaskClient, desk: Desk, pair: tuple[PersonId, PersonId], worker: Worker
) -> None:
    page = client.get(compare(desk, pair)).text

    assert page.index("Amara Nwosu") < page.index("A. Nwosu")
    assert "2 badges of the other record come along." in says(page)
    assert "One badge both have: it counts once" in says(page)
    assert "Data literacy: 2 of 3 stones instead of 1." in says(page)
    status, place = send(client, page, "merge", "Shown by her student card.")
    worker.run()

    assert (status, place) == (303, f"{desk.path}/people/{pair[0]}")
    record = client.get(f"{desk.path}/people/{pair[1]}").text  # an old link leads there, too
    assert "Known from 2 accounts." in record
    assert "2 of 3" in record
    assert "By Ruth: “Shown by her student card.”" in record
    assert "Nobody waits to be told apart" in client.get(f"{desk.path}/people/matches").text

    link = re.search(r'href="([^"]+/merges/[^"]+)"', record)
    assert link
    asked = client.get(link[1]).text
    assert f"These badges go with it: {', '.join(sorted(STONES[:2]))}." in says(asked)
    status, place = send(client, asked, "split", "It was her sister.")
    worker.run()

    assert (status, place) == (303, f"{desk.path}/people/{pair[1]}")
    assert "Known from 1 account." in client.get(place).text
    assert acts(desk) == [
        ("split_people", "It was her sister."),
        ("merge_people", "Shown by her student card."),
    ]
    trail = client.get(f"{desk.path}/audit").text
    assert "Merged two persons into Amara Nwosu" in trail
    assert "Undid a merge with Amara Nwosu" in trail


def test_a_pair_that_is_kept_apart_is_not_put_forward_again(
    client: FlaskClient, desk: Desk, pair: tuple[PersonId, PersonId]
) -> None:
    page = client.get(compare(desk, pair)).text

    assert send(client, page, "apart", "Twins.")[0] == 303
    matching.match_person(desk.university.id, pair[0])

    assert "Nobody waits to be told apart" in client.get(f"{desk.path}/people/matches").text
    assert acts(desk) == [("keep_people_apart", "Twins.")]


def test_nothing_is_decided_without_a_reason(
    client: FlaskClient, desk: Desk, pair: tuple[PersonId, PersonId]
) -> None:
    status, page = send(client, client.get(compare(desk, pair)).text, "merge", "  ")

    assert status == 400
    assert "Nothing was decided yet" in page
    with transaction(desk.university.id) as session:
        assert session.scalars(select(PersonMerge)).all() == []


def test_the_same_form_twice_merges_once_and_does_not_merge_again_after_a_split(
    client: FlaskClient, desk: Desk, pair: tuple[PersonId, PersonId]
) -> None:
    page = client.get(compare(desk, pair)).text
    assert [send(client, page, "merge", "One.")[0] for _ in range(2)] == [303, 303]
    record = client.get(f"{desk.path}/people/{pair[0]}").text
    link = re.search(r'href="([^"]+/merges/[^"]+)"', record)
    assert link
    asked = client.get(link[1]).text
    assert [send(client, asked, "split", "Two.")[0] for _ in range(2)] == [303, 303]

    send(client, page, "merge", "One.")

    assert [act for act, _ in acts(desk)] == ["split_people", "merge_people"]


def test_another_record_is_found_by_a_search_and_a_person_is_not_compared_with_themselves(
    client: FlaskClient, desk: Desk
) -> None:
    amara, other = desk.learner("Amara"), desk.learner("Amara too")

    page = client.get(f"{desk.path}/people/{amara}/same?q=amara").text

    assert f"/people/{amara}/same/{other}" in page
    assert f"/people/{amara}/same/{amara}" not in page
    assert client.get(f"{desk.path}/people/{amara}/same/{amara}").status_code == 400


def test_people_of_another_institution_are_not_found(
    client: FlaskClient, desk: Desk, pair: tuple[PersonId, PersonId]
) -> None:
    elsewhere = open_desk()
    stranger = elsewhere.learner("Somebody else", email=ADDRESS)

    assert client.get(f"{desk.path}/people/{pair[0]}/same/{stranger}").status_code == 404
    assert client.get(f"{desk.path}/people/{stranger}/same").status_code == 404
    assert client.get(f"{desk.path}/people/merges/{uuid4()}").status_code == 404
    assert "Somebody else" not in client.get(f"{desk.path}/people/matches").text


def test_only_a_registrar_decides_who_is_who(
    client: FlaskClient, desk: Desk, pair: tuple[PersonId, PersonId]
) -> None:
    desk.enter(client, "auditor")

    assert client.get(f"{desk.path}/people/matches").status_code == 403
    assert client.get(compare(desk, pair)).status_code == 403
    assert "May be the same person" not in client.get(f"{desk.path}/people/{pair[0]}").text
    with transaction(desk.university.id) as session:
        assert session.scalars(select(PersonMatch.state)).all() == ["open"]
