"""The registrar's desk: who sees what, in which order, and what is noted."""

import re

import pytest
from flask.testing import FlaskClient

from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.pathways.jobs import count_award, uncount_award
from lti_tool.people.rules import Act
from tests.registrar.desk import STONES, Desk, add_person, open_desk


@pytest.fixture
def desk(client: FlaskClient) -> Desk:  # noqa: ARG001 - binds the database
    return open_desk()


def rows_of(page: str) -> list[str]:
    """Return the texts of the rows of the last table."""
    body = page.rpartition("<tbody")[2].partition("</tbody>")[0]
    texts = (re.sub(r"<[^>]+>", " ", row) for row in body.split("<tr")[1:])
    return [" ".join(text.partition(">")[2].split()) for text in texts]


def learners_of(page: str) -> list[str]:
    """Return the texts of the rows of the learners, none where the table is missing."""
    return rows_of(page.partition("table cards")[2])


def acts_of(desk: Desk) -> list[tuple[str, str, object]]:
    with transaction(desk.university.id) as session:
        return [(one.act, one.actor_kind, one.facts) for one in audit.list_entries(session)]


def test_the_desk_lists_every_pathway_with_its_numbers(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Amara", *STONES)
    desk.learner("Linh", *STONES[:2])
    desk.learner("Jonas", STONES[0])
    desk.enter(client, "registrar")

    page = client.get(f"{desk.path}/").text

    assert rows_of(page) == [
        (
            "Data literacy 3 stones 3 learners, Data literacy"
            " 1 one stone away, Data literacy 1 complete, Data literacy"
        )
    ]


def test_a_desk_without_pathways_says_what_will_be_there(client: FlaskClient, desk: Desk) -> None:
    empty = open_desk(stones=STONES[:1], title="Other")
    desk.enter(client, "registrar")

    page = client.get(desk.pathway_path).text

    assert "Nobody is on this pathway yet" in page
    assert "Other" not in client.get(f"{desk.path}/").text
    assert empty.slug != desk.slug


def test_learners_come_furthest_first_with_what_they_miss(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Jonas", STONES[0], sis_id="2611-0427")
    desk.learner(None, *STONES[:2])
    desk.learner("Amara <b>", *STONES)
    desk.enter(client, "registrar")

    first, second, third = rows_of(client.get(desk.pathway_path).text)

    assert first.startswith("Amara &lt;b&gt; 3 of 3 Complete")
    assert second.startswith("Name not given 2 of 3 One stone away Consent")
    assert third.startswith("Jonas 2611-0427 1 of 3 Under way Nearest: Research data, Consent")


def test_the_funnel_counts_from_complete_down_to_everybody(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Amara", *STONES)
    desk.learner("Linh", *STONES[:2])
    desk.learner("Jonas", STONES[0])
    desk.learner("Mele", STONES[2])
    desk.enter(client, "registrar")

    page = client.get(desk.pathway_path).text

    table = page.partition("table funnel")[2].partition("</table>")[0]
    assert rows_of(table) == [
        "Complete 1 lack at most 0 50%",
        "All but one stone 2 lack at most 1 50%",
        "On this pathway 4 lack at most 2",
    ]
    assert 'class="done" x="37.5%" width="25.0%"' in table


def test_a_withdrawn_badge_is_told_of_and_the_completion_stays(
    client: FlaskClient, desk: Desk
) -> None:
    person = add_person(desk.university, "Amara")
    granted = [desk.university.grant(person, stone) for stone in STONES]
    for one in granted:
        count_award(one)
    uncount_award(desk.university.withdraw(granted[2]))
    desk.enter(client, "registrar")

    page = client.get(desk.pathway_path).text

    assert "no longer complete" in page
    [row] = rows_of(page)
    assert "No longer complete Completed" in row
    assert "a part fell away since: Consent" in row
    assert rows_of(client.get(f"{desk.pathway_path}?state=lapsed").text) == [row]


def test_pages_follow_each_other_without_gap_or_repetition(client: FlaskClient, desk: Desk) -> None:
    for number in range(53):
        desk.learner(f"Learner {number:02}", *STONES[: 1 + number % 3])
    desk.enter(client, "registrar")

    seen: list[str] = []
    url: str | None = desk.pathway_path
    page, sizes = "", []
    while url:
        page = client.get(url).text
        rows = rows_of(page)
        sizes.append(len(rows))
        seen += [row[:10] for row in rows]
        found = re.search(r'href="([^"]+)" rel="next"', page)
        url = found and found[1].replace("&amp;", "&")

    assert sizes == [25, 25, 3]
    assert sorted(seen) == [f"Learner {number:02}" for number in range(53)]
    assert "Back to the first" in page


def test_learners_are_found_by_part_of_a_name_in_any_case(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Linh Đặng", STONES[0])
    desk.learner("Amara Nwosu", STONES[0])
    desk.learner("100% sure", STONES[0])
    desk.learner("Jonas Lund", STONES[0], sis_id="2611-0427")
    desk.enter(client, "registrar")

    def found(words: str, state: str = "") -> list[str]:
        query = {"q": words, "state": state}
        return [
            row[:4] for row in learners_of(client.get(desk.pathway_path, query_string=query).text)
        ]

    assert found(" đẶng ") == ["Linh"]
    assert found("%") == ["100%"]
    assert found("2611 04") == ["Jona"]
    assert found("a", "one_away") == []
    assert "No learner on this pathway fits." in client.get(f"{desk.pathway_path}?q=zzz").text
    assert "Remove filter: " in client.get(f"{desk.pathway_path}?q=%3Cb%3E").text
    assert "Name: &lt;b&gt;" in client.get(f"{desk.pathway_path}?q=%3Cb%3E").text


@pytest.mark.parametrize(
    "query",
    [
        "state=other",
        "after=x",
        "after=1.x",
        f"after=1.{'-' * 36}",
        "after=9999999999.a",
        f"q={'x' * 201}",
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(
    client: FlaskClient, desk: Desk, query: str
) -> None:
    desk.enter(client, "registrar")

    assert client.get(f"{desk.pathway_path}?{query}").status_code == 400
    assert client.get(f"{desk.pathway_path}/decide?what=waive.{'-' * 36}").status_code == 400


def test_a_record_shows_pathways_and_badges_and_notes_that_it_was_read(
    client: FlaskClient, desk: Desk
) -> None:
    person = desk.learner("Amara", *STONES[:2], email="amara@x.example", sis_id="2611-0427")
    desk.enter(client, "registrar")

    page = client.get(f"{desk.path}/people/{person}").text

    assert "2 of 3" in page
    assert "Missing: Consent." in page
    assert [row.split()[0] for row in rows_of(page)] == ["Research", "Reading"]
    assert "2611-0427" in page
    assert "amara@<wbr>x.example" in page
    assert acts_of(desk)[0] == ("read_record", "staff", {})


def test_who_may_see_progress_may_not_for_that_read_records_or_export(
    client: FlaskClient, desk: Desk
) -> None:
    person = desk.learner("Amara", STONES[0])
    pages = [desk.pathway_path, f"{desk.path}/people/{person}", f"{desk.pathway_path}/export"]
    may = {"registrar": [200, 200, 200], "auditor": [200, 200, 403], "issuer": [200, 403, 403]}

    for role, statuses in may.items():
        desk.enter(client, role)
        assert [client.get(page).status_code for page in pages] == statuses, role
        table = client.get(desk.pathway_path).text
        assert ("Export all learners" in table) == (statuses[2] == 200)
        assert (f"/people/{person}" in table) == (statuses[1] == 200)


def test_what_another_institution_has_is_not_found(client: FlaskClient, desk: Desk) -> None:
    other = open_desk()
    person = other.learner("Amara", STONES[0])
    desk.enter(client, "registrar")

    for page in (
        f"{desk.path}/pathways/{other.pathway_id}",
        f"{desk.path}/pathways/{other.pathway_id}/export",
        f"{desk.path}/people/{person}",
    ):
        assert client.get(page).status_code == 404
    assert client.get(other.pathway_path).status_code == 303
    assert [act for act, _, _ in acts_of(desk)] == [
        "sign_in",
        "connect_sign_in",
        "publish_pathway",
    ]


def test_the_acts_of_the_desk_are_none_of_a_course(client: FlaskClient, desk: Desk) -> None:
    desk.enter(client, "registrar")
    views = {
        name: view
        for name, view in client.application.view_functions.items()
        if name.startswith(("registrar.", "decisions."))
    }

    assert {getattr(view, "act", None) for view in views.values()} == {
        Act.SEE_PROGRESS,
        Act.SEE_RECORD,
        Act.DECIDE,
    }


@pytest.mark.parametrize("page", ["transcripts", "pathways/{pathway}"])
def test_pages_that_show_a_record_note_that_it_was_read(
    client: FlaskClient, desk: Desk, page: str
) -> None:
    person = desk.learner("Amara", *STONES[:2])
    desk.enter(client, "registrar")

    path = f"{desk.path}/people/{person}/{page.format(pathway=desk.pathway_id)}"

    assert client.get(path).status_code == 200
    assert acts_of(desk)[0] == ("read_record", "staff", {})
