"""Giving out transcripts at the desk: what is asked, what is kept, and who may not."""

import json
import re
from io import BytesIO
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.badges import clr
from lti_tool.badges.issuing import issue_credential
from lti_tool.badges.models import Award
from lti_tool.badges.services import withdraw_award
from lti_tool.badges.verifying.checking import CheckedTranscript
from lti_tool.badges.verifying.handed_in import check_data
from lti_tool.core import audit
from lti_tool.core.audit import AuditEntry
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId
from tests.registrar.desk import Desk, open_desk


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    desk = open_desk()
    desk.enter(client, "registrar")
    return desk


def learner(desk: Desk, *stones: str, signed: bool = True) -> PersonId:
    person_id = desk.learner("Amara Nwosu", *stones, sis_id="S-1048")
    with transaction(desk.university.id) as session:
        awards = session.scalars(select(Award.id).where(Award.person_id == person_id)).all()
    if signed:
        for award_id in awards:
            issue_credential(desk.university.id, award_id)
    return person_id


def page_of(desk: Desk, person_id: PersonId) -> str:
    return f"{desk.path}/people/{person_id}/transcripts"


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found
    return found[1]


def send(client: FlaskClient, path: str, page: str, **fields: object) -> TestResponse:
    data = {"csrf_token": hidden(page, "csrf_token"), "form": hidden(page, "form"), **fields}
    return client.post(path, data=data)


def withdraw_all(desk: Desk, person_id: PersonId) -> None:
    with transaction(desk.university.id) as session:
        awards = session.scalars(select(Award.id).where(Award.person_id == person_id)).all()
    for award_id in awards:
        withdraw_award(desk.university.id, award_id, reason="Mistake", actor=audit.SYSTEM)


def acts(desk: Desk) -> list[tuple[str, str | None]]:
    with transaction(desk.university.id) as session:
        rows = session.execute(
            select(AuditEntry.act, AuditEntry.reason)
            .where(AuditEntry.act.like("%_transcript"))
            .order_by(AuditEntry.id)
        )
        return [(act, reason) for act, reason in rows]


def test_a_transcript_of_one_pathway_is_given_out_taken_along_and_taken_back(
    client: FlaskClient, desk: Desk
) -> None:
    person_id = learner(desk, "Reading statistics", "Consent")
    path = page_of(desk, person_id)
    page = client.get(path).text
    assert "Everything: 2 badges" in page
    assert "Data literacy: 2 badges" in page

    given = send(
        client,
        path,
        page,
        scope="chosen",
        pathway=str(desk.pathway_id),
        recipient="Acme Ltd",
        reason="She asked by post.",
    )
    assert given.status_code == 303

    page = client.get(path).text
    assert "Acme Ltd" in page
    action = re.search(r'action="([^"]+/file)"', page)
    assert action
    files = {kind: send(client, action[1], page, kind=kind).data for kind in ("json", "jwt", "pdf")}
    for data in files.values():
        checked = check_data(data)
        assert isinstance(checked, CheckedTranscript)
        assert checked.is_sound
        assert checked.transcript.holder.name == "Amara Nwosu"
        assert checked.transcript.holder.identity is not None
        assert len(checked.transcript.associations) == 2
    printed = "".join(one.extract_text() for one in PdfReader(BytesIO(files["pdf"])).pages)
    assert "Data literacy" in printed
    assert "Not completed yet" in printed

    back = re.search(r'href="([^"]+/revoke)"', page)
    assert back
    asked = client.get(back[1]).text
    assert "That cannot be undone" in asked
    assert client.post(back[1], data={"csrf_token": hidden(asked, "csrf_token")}).status_code == 400
    done = client.post(
        back[1], data={"csrf_token": hidden(asked, "csrf_token"), "reason": "Wrong address"}
    )
    assert done.status_code == 303
    assert "Taken back" in client.get(path).text
    assert not check_data(files["json"]).is_sound  # type: ignore[union-attr]  # seen above
    assert acts(desk) == [
        ("issue_transcript", "She asked by post."),
        *[("take_transcript", None)] * 3,
        ("revoke_transcript", "Wrong address"),
    ]


def test_without_recipient_or_reason_nothing_is_signed_and_what_was_chosen_stays(
    client: FlaskClient, desk: Desk
) -> None:
    person_id = learner(desk, "Consent")
    path = page_of(desk, person_id)

    refused = send(
        client, path, client.get(path).text, scope="chosen", pathway=str(desk.pathway_id)
    )

    assert refused.status_code == 400
    assert "Enter who gets it" in refused.text
    assert re.search(rf'value="{desk.pathway_id}" checked', refused.text)
    assert acts(desk) == []


def test_the_same_form_sent_twice_signs_one(client: FlaskClient, desk: Desk) -> None:
    person_id = learner(desk, "Consent")
    path = page_of(desk, person_id)
    page = client.get(path).text

    for _ in range(2):
        sent = send(client, path, page, scope="all", recipient="Acme Ltd", reason="Twice")
        assert sent.status_code == 303

    assert [act for act, _ in acts(desk)] == ["issue_transcript"]


def test_nothing_chosen_is_told_in_place(client: FlaskClient, desk: Desk) -> None:
    person_id = learner(desk, "Consent")
    path = page_of(desk, person_id)

    refused = send(
        client, path, client.get(path).text, scope="chosen", recipient="Acme", reason="Why not"
    )

    assert refused.status_code == 400
    assert "There is nothing to put into a transcript" in refused.text
    assert "Why not" in refused.text


def test_a_learner_without_badges_is_told_so(client: FlaskClient, desk: Desk) -> None:
    nobody = desk.learner("Bela", "Consent")

    page = client.get(page_of(desk, nobody)).text

    assert "still being signed" in page
    assert "None yet." in page


@pytest.mark.parametrize("role", ["auditor", "programme_lead", "issuer"])
def test_only_the_registrar_gives_transcripts_out(
    client: FlaskClient, desk: Desk, role: str
) -> None:
    person_id = learner(desk, "Consent")
    desk.enter(client, role)

    assert client.get(page_of(desk, person_id)).status_code == 403


def test_a_transcript_of_another_learner_or_institution_is_not_found(
    client: FlaskClient, desk: Desk
) -> None:
    person_id, other = learner(desk, "Consent"), desk.learner("Bela", "Consent")
    path = page_of(desk, person_id)
    page = client.get(path).text
    send(client, path, page, scope="all", recipient="Acme", reason="Why")
    action = re.search(r'action="([^"]+/file)"', client.get(path).text)
    assert action

    through_other = action[1].replace(str(person_id), str(other))
    assert send(client, through_other, page, kind="json").status_code == 404
    assert send(client, f"{path}/{uuid4()}/file", page, kind="json").status_code == 404
    elsewhere = open_desk()
    elsewhere.enter(client, "registrar")
    assert client.get(page_of(elsewhere, person_id)).status_code == 404
    assert client.get(f"{elsewhere.path}/people/{other}/transcripts").status_code == 404


def test_whoever_has_the_link_or_the_file_sees_what_is_in_it_and_each_check(
    client: FlaskClient, desk: Desk
) -> None:
    person_id = learner(desk, "Reading statistics", "Consent")
    path = page_of(desk, person_id)
    page = client.get(path).text
    send(client, path, page, scope="all", recipient="Acme", reason="Why")
    page = client.get(path).text
    action = re.search(r'action="([^"]+/file)"', page)
    assert action
    pdf = send(client, action[1], page, kind="pdf").data
    document = json.loads(send(client, action[1], page, kind="json").data)
    link = re.search(
        r"/i/[^\s]+/transcripts/[\w-]{22}",
        "".join(one.extract_text() for one in PdfReader(BytesIO(pdf)).pages).replace("\n", ""),
    )
    assert link
    client.delete_cookie("__Host-cairn_staff")

    shown = client.get(link[0])
    assert shown.status_code == 200
    assert shown.headers["X-Robots-Tag"] == "noindex"
    assert "Genuine and valid" in shown.text
    assert "Not completed yet" in shown.text
    assert shown.text.count("Valid</span>") == 2
    for kind in ("json", "jwt"):
        assert clr.TYPE in str(check_data(client.get(f"{link[0]}.{kind}").data).document)

    verified = client.post("/verify", data={"file": (BytesIO(pdf), "transcript.pdf")})
    assert "Genuine and valid" in verified.text
    assert "Reading statistics" in verified.text
    forged = {**document, "name": "Degree"}
    refused = client.post("/verify", data={"text": json.dumps(forged)})
    assert "Not genuine: do not rely on it" in refused.text
    assert "Reading statistics" not in refused.text
    pasted = client.post("/verify", data={"text": f"http://localhost{link[0]}"})
    assert pasted.status_code in {303, 400}

    withdraw_all(desk, person_id)
    closed = client.get(link[0])
    assert closed.status_code == 410
    assert "Revoked: do not rely on it" in closed.text
    assert closed.headers["X-Robots-Tag"] == "noindex"
    for secret in ("Amara", "Reading statistics", "download"):
        assert secret not in closed.text
    for kind in ("json", "jwt"):
        gone = client.get(f"{link[0]}.{kind}")
        assert (gone.status_code, "Reading statistics" in gone.text) == (410, False)
