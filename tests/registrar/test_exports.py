"""Tables to download: for whom and why is asked and noted, they are whole, and run nothing."""

import csv
import io
import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from lti_tool.badges import queries as badges
from lti_tool.badges.models import Award
from lti_tool.badges.services import withdraw_award
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.people import matching
from lti_tool.registrar import tables
from lti_tool.registrar.exports import Kind
from tests.registrar.desk import STONES, Desk, open_desk
from tests.registrar.test_routes import rows_of


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    desk = open_desk()
    desk.enter(client, "registrar")
    return desk


def take(
    client: FlaskClient, address: str, *, recipient: str = "Examination office", **more: str
) -> tuple[int, str, bytes]:
    """Fill in the form that an address shows; return status, file name and file."""
    page = client.get(address)
    form = page.text.partition('<form class="flow" method="post"')[2]
    sent = {
        **dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', form)),
        "format": "csv",
        "recipient": recipient,
        "purpose": "Report of the term",
        **more,
    }
    answer = client.post(address.partition("?")[0], data=sent)
    name = answer.headers.get("Content-Disposition", "").partition("filename=")[2].strip('"')
    return answer.status_code, name, answer.data


def rows(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def newest_entry(desk: Desk) -> audit.AuditEntry:
    with transaction(desk.university.id) as session:
        return audit.list_entries(session, limit=1)[0]


def test_everybody_on_a_pathway_is_in_the_table_and_nothing_runs(
    client: FlaskClient, desk: Desk
) -> None:
    amara = desk.learner("=cmd|' /C calc'!A0", *STONES, email="@x", sis_id="-1+2")
    desk.learner("Linh Đặng", *STONES[:2])

    status, name, file = take(client, f"{desk.pathway_path}/export")

    assert status == 200
    assert re.fullmatch(r"data-literacy-\d{4}-\d\d-\d\d\.csv", name)
    found = {row["Person"]: row for row in rows(file)}
    assert len(found) == 2
    first = found[str(amara)]
    assert first["Name"] == "'=cmd|' /C calc'!A0"
    assert (first["Student number"], first["E-mail"]) == ("'-1+2", "'@x")
    assert (first["Stones"], first["Stones needed"], first["Complete"]) == ("3", "3", "yes")
    other = next(row for row in found.values() if row["Name"] == "Linh Đặng")
    assert (other["Stones missing"], other["Missing"]) == ("1", "Consent")
    assert (other["Complete"], other["Completed on (UTC)"]) == ("no", "")


def test_a_table_tells_times_in_the_zone_of_whoever_takes_it_and_names_it(
    client: FlaskClient, desk: Desk
) -> None:
    desk.learner("Amara", *STONES[:1])
    with transaction(desk.university.id) as session:
        awarded_at = session.scalars(select(Award.awarded_at)).one()
    client.get(f"{desk.path}/exports?zone=Asia/Kathmandu")

    [there] = rows(take(client, f"{desk.path}/exports/awards")[2])
    _, _, file = take(client, f"{desk.path}/exports/awards", format="xlsx")

    clock = awarded_at.astimezone(ZoneInfo("Asia/Kathmandu"))
    assert there["Awarded (Asia/Kathmandu)"] == f"{clock:%Y-%m-%d %H:%M:%S}"
    [header, row] = (
        CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()
    )
    at = dict(zip(map(str, header), row, strict=True))["Awarded (Asia/Kathmandu)"]
    assert isinstance(at, datetime)
    assert abs(at - clock.replace(tzinfo=None)) < timedelta(seconds=1)


def test_an_excel_workbook_holds_the_same_as_text_numbers_and_days(
    client: FlaskClient, desk: Desk
) -> None:
    desk.learner("=1+1", *STONES, sis_id="0042")

    _, name, file = take(client, f"{desk.pathway_path}/export", format="xlsx")

    assert name.endswith(".xlsx")
    [header, row] = (
        CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()
    )
    read = dict(zip(map(str, header), row, strict=True))
    assert (read["Name"], read["Student number"]) == ("=1+1", "0042")
    assert (read["Stones"], read["Complete"]) == (3.0, "yes")
    assert isinstance(read["Completed on (UTC)"], (date, datetime))


def test_a_table_is_as_its_page_was_filtered(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Amara", *STONES)
    desk.learner("Linh", *STONES[:2])

    _, _, file = take(client, f"{desk.pathway_path}/export?state=one_away")
    _, _, found = take(client, f"{desk.path}/exports/people?q=ama")

    assert [row["Name"] for row in rows(file)] == ["Linh"]
    assert [row["Name"] for row in rows(found)] == ["Amara"]
    assert newest_entry(desk).facts == {
        "format": "csv",
        "recipient": "Examination office",
        "searched": True,
    }


def test_for_whom_and_why_is_kept_and_reads_as_a_sentence(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Amara", STONES[0])

    take(client, f"{desk.pathway_path}/export?state=under_way", recipient="The ministry")

    entry = newest_entry(desk)
    assert (entry.act, entry.reason) == ("export_learners", "Report of the term")
    assert entry.facts == {
        "format": "csv",
        "recipient": "The ministry",
        "only_state": "under_way",
    }
    words = "Downloaded the learners of Data literacy, for The ministry Ruth "
    assert rows_of(client.get(f"{desk.path}/audit").text)[0].startswith(words)
    last = rows_of(client.get(f"{desk.path}/exports").text)[0]
    assert last.startswith(words)
    assert last.endswith("Report of the term")


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"recipient": " "}, "Enter who gets the table."),
        ({"recipient": "ruth@northfell.example"}, "not an e-mail address"),
        ({"purpose": ""}, "Enter what it is for."),
    ],
)
def test_nothing_leaves_unless_it_is_said_for_whom_and_why(
    client: FlaskClient, desk: Desk, missing: dict[str, str], words: str
) -> None:
    desk.learner("Amara", STONES[0])

    status, name, page = take(client, f"{desk.path}/exports/people", **missing)

    assert (status, name) == (400, "")
    assert words in page.decode()
    assert newest_entry(desk).act == "sign_in"


def test_every_table_can_be_taken_along(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Amara", *STONES, email="a@northfell.example")
    other = desk.learner("Amara B", STONES[0], email="a@northfell.example")
    matching.match_person(desk.university.id, other)
    with transaction(desk.university.id) as session:
        held = badges.list_held(session, other)[0]
    withdraw_award(desk.university.id, held.award_id, reason="Wrong person", actor=audit.CLI)

    tables = {kind: rows(take(client, f"{desk.path}/exports/{kind}")[2]) for kind in Kind}

    assert [row["Name"] for row in tables[Kind.PEOPLE]] == ["Amara B", "Amara"]
    assert [row["Learners"] for row in tables[Kind.PATHWAYS]] == ["2"]
    assert sorted((row["Name"], row["Badge"]) for row in tables[Kind.AWARDS]) == [
        *(("Amara", stone) for stone in sorted(STONES)),
        ("Amara B", STONES[0]),
    ]
    assert [row["Why withdrawn"] for row in tables[Kind.AWARDS] if row["Withdrawn (UTC)"]] == [
        "Wrong person"
    ]
    assert [(row["Name"], row["Reason"]) for row in tables[Kind.DECISIONS]] == [
        ("Amara B", "Wrong person")
    ]
    assert tables[Kind.WAITING] == []
    assert [row["Because of"] for row in tables[Kind.MATCHES]] == ["a@northfell.example"]
    assert tables[Kind.AUDIT][0]["What"].startswith("Downloaded the audit trail")


def test_a_table_goes_on_past_a_page_of_rows(
    client: FlaskClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PAGE", 2)
    for number in range(5):
        desk.learner(f"Learner {number}", *STONES[: 1 + number % 3])
    expected = [f"Learner {number}" for number in range(5)]

    learners = rows(take(client, f"{desk.pathway_path}/export")[2])
    people = rows(take(client, f"{desk.path}/exports/people")[2])
    found = rows(take(client, f"{desk.path}/exports/people?q=learner")[2])
    awards = rows(take(client, f"{desk.path}/exports/awards")[2])
    entries = rows(take(client, f"{desk.path}/exports/audit")[2])

    assert [row["Name"] for row in learners] == expected
    assert [row["Name"] for row in people] == expected[::-1]
    assert [row["Name"] for row in found] == expected
    assert len({row["Award"] for row in awards}) == len(awards) == 9
    assert [row["Act"] for row in entries].count("export_people") == 2


def test_a_table_is_of_the_days_that_were_asked_for(client: FlaskClient, desk: Desk) -> None:
    desk.learner("Amara", STONES[0])

    def taken(**period: str) -> int:
        return len(rows(take(client, f"{desk.path}/exports/awards", **period)[2]))

    assert taken(since="2000-01-01") == 1
    assert taken(since="2000-01-01", until="2000-01-02") == 0


def test_only_the_registrar_takes_along_and_nothing_of_elsewhere(
    client: FlaskClient, desk: Desk
) -> None:
    other = open_desk()
    pages = [f"{desk.path}/exports", f"{desk.path}/exports/audit", f"{desk.pathway_path}/export"]
    may = {"registrar": 200, "auditor": 403, "issuer": 403, "programme_lead": 403}

    for role, status in may.items():
        desk.enter(client, role)
        assert {client.get(page).status_code for page in pages} == {status}, role
    desk.enter(client, "registrar")
    assert client.get(f"{desk.path}/pathways/{other.pathway_id}/export").status_code == 404
    assert client.get(f"{desk.path}/exports/other").status_code == 404
