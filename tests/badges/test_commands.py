"""`cairn verify` and `cairn credential export`, run on an installation of their own."""

import json
from pathlib import Path

import pytest
from flask import Flask

from lti_tool.badges import data_integrity, did_web, services, status_list, vc_jwt
from lti_tool.badges.exporting import FileKind
from lti_tool.badges.rules import Shows
from lti_tool.core import audit, clock
from lti_tool.core.settings import Settings
from tests.badges.factories import Place, held_badges, issue, issuer, place
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
    for kind in FileKind:
        result = run(live_settings, "verify", "--json", str(folder / f"credential.{kind}"))
        assert result.exit_code == 0, result.output
        assert json.loads(result.output)["verdict"] == "valid"
    document = json.loads((folder / "credential.json").read_text())
    did = document["issuer"]["id"]
    methods = did_web.read_document(json.loads((tmp_path / "did.json").read_text()), did=did)
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
@pytest.mark.parametrize("what", ["missing.json", "https://elsewhere.example/badge", "nothing"])
def test_what_cannot_be_read_exits_2(live_settings: Settings, tmp_path: Path, what: str) -> None:
    (tmp_path / "nothing").write_text("hello")

    result = run(live_settings, "verify", "--json", what if "//" in what else str(tmp_path / what))

    assert result.exit_code == 2
    assert json.loads(result.output)["verdict"] == "unreadable"
