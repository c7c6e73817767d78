"""The issuers' desk over HTTP: achievements and editions, awards by hand, withdrawals."""

import re
from dataclasses import replace
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from lti_tool.badges import issuing, queries
from lti_tool.badges.details import PLAIN
from lti_tool.badges.models import Achievement, Award, AwardCause, Credential
from lti_tool.core import clock
from lti_tool.core.audit import AuditEntry
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId, UserId, new_id
from lti_tool.people.services import add_identity_provider, person_of, sign_in
from lti_tool.people.staff_session import COOKIE
from lti_tool.platforms.models import User
from tests.badges.factories import Place, assessment, grant, held_badges, issue, place
from tests.conftest import Worker

DESK = "/desk/northfell/achievements"
EDITION = {
    "name": "Reading Figures",
    "description": "Reads figures.",
    "criteria": "Pass.",
    "kind": "MicroCredential",
    "outline": "stone",
    "sign": "data",
    "stones": "3",
    "credits": "2.5",
    "level": "EQF 6",
    "valid_months": "24",
    "outcomes": "Reads tables\nReads plots\n",
    "workload_hours": "60",
    "country": "ie",
    "participation": "blended",
    "assessment": "Test and talk",
    "quality": "Programme board",
    "supervision": "supervised on site, identity verified",
    "stackability": "stand-alone",
    "prerequisites": "",
    "alignments": "ESCO | statistics | http://data.europa.eu/esco/skill/1 | S1\n",
}


@pytest.fixture
def at(client: FlaskClient) -> Place:
    """Return an institution at which an issuer is signed in."""
    at = place()
    enter(client, at, "issuer")
    with transaction(at.institution_id) as session:
        user = session.get_one(User, (at.user_id, at.institution_id))
        user.sis_id, user.email = "s-1001", "Amara@northfell.example"
    return at


def enter(client: FlaskClient, at: Place, role: str) -> None:
    roles = {role: [role]}
    provider_id = add_identity_provider(
        at.institution_id, "Campus", f"https://{role}.example", "cairn", "secret", roles
    )
    opened = sign_in(at.institution_id, provider_id, {"sub": role, "name": role, "roles": [role]})
    client.set_cookie(COOKIE, f"{at.institution_id}.{opened.id}.{opened.secret}")


def sent(page: TestResponse, **fields: str) -> dict[str, str]:
    """Return fields with what the page hides in its forms."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    return {"csrf_token": hidden["csrf_token"], **fields}


def hidden(page: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def test_an_issuer_publishes_an_achievement_with_all_its_elements(
    client: FlaskClient, at: Place
) -> None:
    page = client.get(f"{DESK}/new")

    answer = client.post(f"{DESK}/new", data=sent(page, **EDITION))

    assert answer.status_code == 303
    shown = client.get(answer.location.replace("/desk/northfell", "/i/northfell"), headers=HTML)
    for words in (
        "Reads tables; Reads plots",
        "60 hours",
        "Programme board",
        "EQF 6",
        "statistics",
    ):
        assert words in shown.text
    with transaction(at.institution_id) as session:
        names = [one.name for one in queries.list_achievements(session)]
        acts = session.scalars(select(AuditEntry.act)).all()
    assert "Reading Figures" in names
    assert "publish_achievement" in acts


HTML = {"Accept": "text/html"}


def test_a_badge_is_earned_by_the_assessment_that_was_chosen_and_by_no_other(
    client: FlaskClient, at: Place
) -> None:
    assessment_id = assessment(at)
    elsewhere = assessment(place("southfell"))
    page = client.get(f"{DESK}/new")
    assert f'<option value="{assessment_id}">Statistics</option>' in page.text
    assert str(elsewhere) not in page.text

    foreign = client.post(f"{DESK}/new", data=sent(page, **EDITION, earned_by=str(elsewhere)))
    answer = client.post(f"{DESK}/new", data=sent(page, **EDITION, earned_by=str(assessment_id)))
    again = client.post(f"{DESK}/new", data=sent(page, **EDITION, earned_by=str(assessment_id)))

    assert (foreign.status_code, answer.status_code, again.status_code) == (400, 303, 400)
    assert "earns a badge already" in again.text
    assert "Programme board" in again.text, "what was typed stays"
    with transaction(at.institution_id) as session:
        earned = queries.find_achievement_of_assessment(session, assessment_id)
        assert earned is not None
        assert answer.location.endswith(str(earned.id))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("stones", "9"),
        ("credits", "-1"),
        ("valid_months", "0"),
        ("country", "Eire"),
        ("alignments", "ESCO | statistics | javascript:alert(1)"),
        ("alignments", "Mine | x | https://x.example"),
        ("kind", "PhD"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_typed_is_lost(
    client: FlaskClient, at: Place, field: str, value: str
) -> None:
    page = client.get(f"{DESK}/new")

    answer = client.post(f"{DESK}/new", data=sent(page, **{**EDITION, field: value}))

    assert answer.status_code == 400
    assert "It was not published" in answer.text
    assert "Programme board" in answer.text
    with transaction(at.institution_id) as session:
        assert len(queries.list_achievements(session)) == 1


@pytest.mark.usefixtures("at")
def test_fields_that_are_wrong_are_named_as_the_page_names_them(client: FlaskClient) -> None:
    page = client.get(f"{DESK}/new")
    wrong = {**EDITION, "criteria": " ", "workload_hours": "a week", "prerequisites": "A course"}

    answer = client.post(f"{DESK}/new", data=sent(page, **wrong))

    summary, _, form = answer.text.partition('enctype="multipart/form-data"')
    links = re.findall(r'<li><a href="#(\w+)">(.*?)</a></li>', summary)
    assert dict(links) == {
        "criteria": "Please check “How it is earned”.",
        "workload_hours": "Please check “Workload in hours”.",
    }
    assert re.findall(r'aria-describedby="([\w -]+)" aria-invalid="true"', form) == [
        "criteria-error",
        "workload_hours-hint workload_hours-error",
    ]


def test_letters_stand_in_the_picture_and_those_that_cannot_be_drawn_are_told(
    client: FlaskClient, at: Place
) -> None:
    page = client.get(f"{DESK}/new")
    refused = client.post(f"{DESK}/new", data=sent(page, **EDITION, letters="Prüfung"))
    kept = client.post(f"{DESK}/new", data=sent(page, **EDITION, letters=" sql "))

    assert refused.status_code == 400
    assert "only up to four of the letters A to Z" in refused.text
    assert 'value="Prüfung"' in refused.text
    shown = re.search(rf'src="({DESK}/look\.svg[^"]*)"', refused.text)
    assert shown is not None
    assert client.get(shown[1].replace("&amp;", "&")).status_code == 200
    assert kept.status_code == 303
    with transaction(at.institution_id) as session:
        made = {one.name: one for one in queries.list_achievements(session)}
        achievement = made["Reading Figures"]
        assert queries.edition_content(session, achievement, 1).artwork.letters == "SQL"


def test_a_new_edition_keeps_the_address_and_what_was_earned_before(
    client: FlaskClient, at: Place
) -> None:
    issue(at)
    edit = f"{DESK}/{at.achievement_id}/edit"
    page = client.get(edit)
    assert "Reading Statistics Critically" in page.text

    client.post(edit, data=sent(page, **EDITION))
    again = client.post(edit, data=sent(page, **EDITION))

    assert again.status_code == 303
    grant(at)  # of the new edition
    with transaction(at.institution_id) as session:
        editions = [one.edition for one in queries.list_editions(session, at.achievement_id)]
        awards = session.scalars(select(Award).order_by(Award.edition)).all()
        document = session.scalars(select(Credential.document)).one()
    assert editions == [2, 1]
    assert [award.edition for award in awards] == [1, 2]
    assert awards[0].valid_until is None
    assert awards[1].valid_until is not None
    issuing.issue_credential(at.institution_id, awards[1].id)
    with transaction(at.institution_id) as session:
        newer = session.scalars(
            select(Credential.document).where(Credential.award_id == awards[1].id)
        ).one()
    assert document is not None
    assert newer is not None
    old, new = (one["credentialSubject"]["achievement"] for one in (document, newer))
    assert (old["id"], old["version"], old["name"]) == (
        new["id"],
        "1",
        "Reading Statistics Critically",
    )
    assert (new["version"], new["name"]) == ("2", "Reading Figures")
    assert newer["validUntil"]


def test_an_award_by_hand_keeps_its_reason_and_evidence_and_counts_once(
    client: FlaskClient, at: Place, worker: Worker
) -> None:
    page = client.get(f"{DESK}/{at.achievement_id}")
    fields = sent(
        page,
        who="amara@NORTHFELL.example",
        reason="Shown in a talk",
        evidence="Recording",
        evidence_url="https://northfell.example/talk",
        decision_id=hidden(page, "decision_id"),
    )

    for _ in range(2):
        answer = client.post(f"{DESK}/{at.achievement_id}/awards", data=fields)
        assert answer.status_code == 303
    worker.run()

    with transaction(at.institution_id) as session:
        [cause] = session.scalars(select(AwardCause)).all()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "award_by_hand")).one()
    assert (cause.kind, cause.reason) == ("decision", "Shown in a talk")
    assert cause.evidence == [
        {"name": "Evidence", "narrative": "Recording", "url": "https://northfell.example/talk"}
    ]
    assert entry.actor_kind == "staff"
    [badge] = held_badges(at)
    assert badge.credential_id is not None


@pytest.mark.parametrize(
    ("who", "evidence_url", "told"),
    [
        ("s-9", "", "Nobody here is known as s-9"),
        ("s-1001", "not an address", "evidence lies at a web address"),
    ],
)
def test_a_refused_award_is_explained_and_what_was_typed_stays(
    client: FlaskClient, at: Place, who: str, evidence_url: str, told: str
) -> None:
    page = client.get(f"{DESK}/{at.achievement_id}")
    fields = sent(
        page,
        who=who,
        reason="Shown in a talk",
        evidence="Recording",
        evidence_url=evidence_url,
        decision_id=hidden(page, "decision_id"),
    )

    answer = client.post(f"{DESK}/{at.achievement_id}/awards", data=fields)

    assert answer.status_code == 400
    assert told in answer.text
    assert f'value="{who}"' in answer.text
    assert ">Shown in a talk</textarea>" in answer.text
    assert ">Recording</textarea>" in answer.text
    assert held_badges(at) == []


def upload(client: FlaskClient, at: Place, table: bytes) -> TestResponse:
    page = client.get(f"{DESK}/{at.achievement_id}")
    fields = sent(page, reason="Moved over", batch_id=hidden(page, "batch_id"))
    return client.post(
        f"{DESK}/{at.achievement_id}/awards/table",
        data={**fields, "table": (BytesIO(table), "t.csv")},
    )


def test_a_table_awards_row_by_row_and_reports_each(client: FlaskClient, at: Place) -> None:
    table = (
        "\ufeffperson;reason;evidence url\r\n"
        "s-1001;Portfolio;https://northfell.example/p\r\n"
        "amara@northfell.example;;\r\n"
        "nobody@northfell.example;;\r\n"
        ";;\r\n"
        "s-1001;;not an address\r\n"
    )

    report = upload(client, at, table.encode())

    assert report.status_code == 200
    assert "1 person was awarded" in report.text
    assert "1 had it already" in report.text
    assert "2 rows were refused" in report.text
    assert "Nobody here is known as nobody@northfell.example" in report.text
    assert "evidence lies at a web address" in report.text
    with transaction(at.institution_id) as session:
        reasons = session.scalars(select(AwardCause.reason).order_by(AwardCause.id)).all()
    assert reasons == ["Portfolio", "Moved over"]
    assert "was renewed" not in report.text

    # The same table when the badge has ended: the first row of the person renews it, no other.
    with transaction(at.institution_id) as session:
        details = replace(PLAIN, valid_months=12).to_json()
        session.execute(update(Achievement).values(details=details))
        session.execute(update(Award).values(valid_until=clock.now()))
    again = upload(client, at, table.encode())

    assert "0 people were awarded" in again.text
    assert "1 had it already" in again.text
    assert "1 badge that had ended was renewed." in again.text


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"name\nx\n",
        b"person,grade\nx,1\n",
        b"\xff\xfe",
        b'person\n"x',
        b"person\n" * 1003,
        b"person\ns-1001\ns-\x00\n",
    ],
    ids=["empty", "no person", "unknown column", "not text", "unclosed", "too long", "null"],
)
def test_a_table_of_another_kind_awards_nobody(
    client: FlaskClient, at: Place, table: bytes
) -> None:
    answer = upload(client, at, table)

    assert answer.status_code == 400
    assert "We could not read that table" in answer.text
    assert ">Moved over</textarea>" in answer.text
    assert held_badges(at) == []


def test_an_award_is_withdrawn_with_a_reason(client: FlaskClient, at: Place) -> None:
    issue(at)
    page = client.get(f"{DESK}/{at.achievement_id}")
    [path] = set(re.findall(r'action="([^"]+/withdraw)"', page.text))

    assert client.post(path, data=sent(page, reason=" ")).status_code == 400
    assert client.post(path, data=sent(page, reason="Copied")).status_code == 303

    assert held_badges(at) == []
    assert "Copied" in client.get(f"{DESK}/{at.achievement_id}").text


def test_what_replaces_an_achievement_is_told_and_never_goes_in_a_circle(
    client: FlaskClient, at: Place
) -> None:
    page = client.get(f"{DESK}/new")
    newer = client.post(f"{DESK}/new", data=sent(page, **EDITION)).location.rpartition("/")[2]
    replace = f"{DESK}/{at.achievement_id}/replacement"

    assert client.post(replace, data=sent(page, replaced_by=newer)).status_code == 303
    backwards = client.post(
        f"{DESK}/{newer}/replacement", data=sent(page, replaced_by=str(at.achievement_id))
    )

    assert backwards.status_code == 409
    public = client.get(f"/i/northfell/achievements/{at.achievement_id}", headers=HTML)
    assert "Reading Figures" in public.text


@pytest.mark.parametrize("role", ["registrar", "auditor"])
@pytest.mark.parametrize("path", ["", "/new", "/{id}", "/{id}/edit"])
def test_only_issuers_see_the_desk(client: FlaskClient, at: Place, role: str, path: str) -> None:
    enter(client, at, role)

    answer = client.get(DESK + path.format(id=at.achievement_id))

    assert answer.status_code == 403


def test_two_holders_of_one_name_are_told_apart(client: FlaskClient, at: Place) -> None:
    namesake = another_person(at, name="Amara Nwosu", sis_id="s-2002")
    grant(at)
    grant(replace(at, person_id=namesake))

    page = client.get(f"{DESK}/{at.achievement_id}").text

    assert page.count("Amara Nwosu<span") == 2
    assert '<span class="sub">s-1001</span>' in page
    assert '<span class="sub">s-2002</span>' in page


def another_person(at: Place, *, name: str, sis_id: str) -> PersonId:
    with transaction(at.institution_id) as session:
        user_id = UserId(new_id())
        session.add(
            User(id=user_id, issuer="https://lms.example", subject=sis_id, name=name, sis_id=sis_id)
        )
        session.flush()  # the person refers to the user
        return person_of(session, user_id)
