"""`cairn verify` and `cairn credential export`, run on an installation of their own."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from lti_tool.badges import (
    data_integrity,
    issuing,
    services,
    status_list,
    vc_jwt,
)
from lti_tool.badges.details import Details
from lti_tool.badges.exporting import FileKind
from lti_tool.badges.rules import Shows
from lti_tool.badges.transcripts import links, making
from lti_tool.badges.transcripts.contents import Asked, Contents
from lti_tool.core import audit, clock
from lti_tool.core.settings import Settings
from tests.badges.did_documents import read_document
from tests.badges.factories import (
    DRAFT,
    Place,
    grant,
    held_badges,
    issue,
    issuer,
    passed,
    place,
)
from tests.test_cli import run


def withdraw(at: Place) -> None:
    services.withdraw_award(
        at.institution_id, held_badges(at)[0].award_id, reason="Mistake", actor=audit.SYSTEM
    )


@pytest.mark.usefixtures("live_app")
def test_what_is_exported_is_checked_by_the_command_and_without_it(
    live_app: Flask, live_settings: Settings, tmp_path: Path
) -> None:
    assert live_app.testing
    at = place()
    credential_id = issue(at)
    export = ["credential", "export", "--institution", "northfell", "--out", str(tmp_path)]

    assert run(live_settings, *export).output == "1\n"

    folder = tmp_path / str(credential_id)
    for kind in (*FileKind, "pdf"):
        result = run(live_settings, "verify", "--json", str(folder / f"credential.{kind}"))
        assert result.exit_code == 0, result.output
        assert json.loads(result.output)["verdict"] == "valid"
    document = json.loads((folder / "credential.json").read_text())
    did = document["issuer"]["id"]
    methods = read_document(json.loads((tmp_path / "did.json").read_text()), did=did)
    assert data_integrity.verify(document, methods=methods, at=clock.now()).verified
    assert json.loads((tmp_path / "micro-credential-1.json").read_text())["@context"]
    keys = json.loads((tmp_path / "jwks.json").read_text())["keys"]
    assert vc_jwt.verify((folder / "credential.jwt").read_text(), published=keys).verified
    listed = json.loads((tmp_path / "status-1.json").read_text())
    bits = status_list.decode(listed["credentialSubject"]["encodedList"])
    assert not status_list.is_set(bits, int(document["credentialStatus"]["statusListIndex"]))

    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps({**document, "name": "PhD"}))
    result = run(live_settings, "verify", "--json", str(forged))
    assert (result.exit_code, json.loads(result.output)["verdict"]) == (1, "altered")

    link = issuer(at).share_url(
        services.share(
            at.institution_id, credential_id, person_id=at.person_id, shows=Shows(name=False)
        )
    )
    assert run(live_settings, "verify", link).exit_code == 0
    withdraw(at)
    assert run(live_settings, "verify", link).output.startswith("revoked")
    assert run(live_settings, "verify", str(folder / "credential.jwt")).exit_code == 1


@pytest.mark.usefixtures("live_app")
def test_without_a_name_every_institutions_are_exported_each_in_its_folder(
    live_settings: Settings, tmp_path: Path
) -> None:
    issue(place())
    one = run(live_settings, "credential", "export", "--out", str(tmp_path / "one"))
    issue(place("southmoor"))
    two = run(live_settings, "credential", "export", "--out", str(tmp_path / "two"))

    assert (one.output, two.output) == ("1\n", "2\n")
    assert (tmp_path / "one/did.json").exists()
    for slug in ("northfell", "southmoor"):
        assert slug in (tmp_path / "two" / slug / "did.json").read_text()
        assert len(list((tmp_path / "two" / slug).glob("*/credential.pdf"))) == 1


@pytest.mark.usefixtures("live_app")
def test_an_expired_one_exits_1(live_settings: Settings, tmp_path: Path) -> None:
    at = place()
    long_ago = clock.now() - timedelta(days=400)
    details = replace(DRAFT, details=Details(valid_months=12))
    services.revise_achievement(at.institution_id, at.achievement_id, details, actor=audit.SYSTEM)
    award_id = grant(at, passed(at=long_ago))
    issuing.issue_credential(at.institution_id, award_id)
    run(live_settings, "credential", "export", "--out", str(tmp_path))
    [file] = tmp_path.glob("*/credential.json")

    result = run(live_settings, "verify", str(file))

    assert (result.exit_code, result.output.split(":")[0]) == (1, "expired")


@pytest.mark.usefixtures("live_app")
def test_a_transcript_is_exported_and_checked_with_all_that_is_in_it(
    live_settings: Settings, tmp_path: Path
) -> None:
    at = place()
    issue(at)
    award_id = held_badges(at)[0].award_id
    transcript_id = making.new_transcript_id()
    making.sign_transcript(
        at.institution_id,
        transcript_id,
        at.person_id,
        Contents(awards=(award_id,)),
        Asked(says_name=True),
    )
    export = ["credential", "export", "--institution", "northfell", "--out", str(tmp_path)]

    assert run(live_settings, *export).output == "2\n"

    folder = tmp_path / "transcripts" / str(transcript_id)
    for kind in ("json", "jwt"):
        result = run(live_settings, "verify", "--json", str(folder / f"transcript.{kind}"))
        assert result.exit_code == 0, result.output
        told = json.loads(result.output)
        assert (told["type"], told["verdict"], told["holder"]) == (
            "transcript",
            "valid",
            "Amara Nwosu",
        )
        assert [one["verdict"] for one in told["contained"]] == ["valid"]
    document = json.loads((folder / "transcript.json").read_text())
    methods = read_document(
        json.loads((tmp_path / "did.json").read_text()), did=document["issuer"]["id"]
    )
    assert data_integrity.verify(document, methods=methods, at=clock.now()).verified

    link = issuer(at).transcript_url(links.link_to(at.institution_id, transcript_id))
    assert run(live_settings, "verify", link).exit_code == 0
    withdraw(at)
    told = json.loads(run(live_settings, "verify", "--json", link).output)
    assert told["verdict"] == "revoked"
    result = run(live_settings, "verify", str(folder / "transcript.json"))
    assert (result.exit_code, result.output.splitlines()) == (
        1,
        [
            "revoked: Transcript, Northfell University",
            "  revoked: Reading Statistics Critically",
        ],
    )
    assert run(live_settings, "verify", link).exit_code == 1
    link = issuer(at).transcript_url("A" * 22)
    assert run(live_settings, "verify", link).exit_code == 2


@pytest.mark.usefixtures("live_app")
@pytest.mark.parametrize("what", ["missing.json", "https://elsewhere.example/badge", "nothing"])
def test_what_cannot_be_read_exits_2(live_settings: Settings, tmp_path: Path, what: str) -> None:
    (tmp_path / "nothing").write_text("hello")

    result = run(live_settings, "verify", "--json", what if "//" in what else str(tmp_path / what))

    assert result.exit_code == 2
    assert json.loads(result.output)["verdict"] == "unreadable"
