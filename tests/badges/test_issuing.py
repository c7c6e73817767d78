from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from lti_tool.badges import (
    data_integrity,
    did_web,
    issuing,
    open_badges,
    services,
    signing,
    status_list,
)
from lti_tool.badges.canonical import UnsafeDocumentError
from lti_tool.badges.errors import UnknownAwardError
from lti_tool.badges.models import Achievement, Credential, StatusList
from lti_tool.core import audit, clock, keys
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AwardId, new_id
from tests.badges.factories import Place, grant, held_badges, issue, issuer, passed, place
from tests.witness.fixture import INSTALLING_SECONDS, Verdict, Witness

pytestmark = pytest.mark.usefixtures("database")

Json = dict[str, Any]


def credentials(at: Place) -> list[Credential]:
    with transaction(at.institution_id) as session:
        return list(session.scalars(select(Credential).order_by(Credential.id)))


def signed_document(at: Place) -> Json:
    (credential,) = credentials(at)
    assert credential.document is not None
    return credential.document


def revoked_bits(at: Place, number: int = 1) -> set[int]:
    document = issuing.published_status_list(at.institution_id, number)
    bits = status_list.decode(document["credentialSubject"]["encodedList"])
    return {index for index in range(status_list.LENGTH) if status_list.is_set(bits, index)}


def withdraw(at: Place) -> None:
    services.withdraw_award(
        at.institution_id, held_badges(at)[0].award_id, reason="Mistake", actor=audit.SYSTEM
    )


def test_an_award_becomes_a_credential_that_says_no_more_than_it_must() -> None:
    at = place()
    given = clock.now() - timedelta(hours=1)
    issuing.issue_credential(at.institution_id, grant(at, passed(at=given)))

    document = signed_document(at)

    badge = open_badges.read(document)
    assert badge.achievement.id == issuer(at).achievement_url(at.achievement_id)
    assert badge.issuer.id == "did:web:localhost:i:northfell"
    assert badge.valid_from == given.replace(microsecond=0)
    assert "Amara" not in str(document)
    assert str(at.person_id) not in str(document)
    assert str(at.user_id) not in str(document)


def test_signing_again_changes_nothing() -> None:
    at = place()
    issue(at)
    before = signed_document(at)

    issuing.issue_credential(at.institution_id, held_badges(at)[0].award_id)

    assert signed_document(at) == before


def test_after_a_crash_what_was_reserved_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    at = place()
    award_id = grant(at)
    with monkeypatch.context() as patch:
        patch.setattr(signing, "sign", interrupt)
        with pytest.raises(KeyboardInterrupt):
            issuing.issue_credential(at.institution_id, award_id)
    (reserved,) = credentials(at)
    assert reserved.document is None

    issuing.issue_credential(at.institution_id, award_id)

    assert signed_document(at)["id"].endswith(str(reserved.id))
    assert credentials(at)[0].status_index == reserved.status_index


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_withdrawn_award_is_not_signed() -> None:
    at = place()
    award_id = grant(at)
    withdraw(at)

    issuing.issue_credential(at.institution_id, award_id)

    assert credentials(at) == []


def test_an_unknown_award_is_refused() -> None:
    with pytest.raises(UnknownAwardError):
        issuing.issue_credential(place().institution_id, AwardId(new_id()))


def test_a_signature_that_outsiders_could_not_verify_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at, elsewhere = place(), place("southmoor")
    award_id = grant(at)
    monkeypatch.setattr(signing, "methods", lambda _: signing_methods_of(elsewhere))

    with pytest.raises(signing.SelfCheckError, match="key_unknown"):
        issuing.issue_credential(at.institution_id, award_id)

    assert credentials(at)[0].document is None


def test_a_document_that_says_something_else_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    at = place()
    award_id = grant(at)
    really_sign = signing.sign
    monkeypatch.setattr(
        signing, "sign", lambda by, document: really_sign(by, {**document, "id": "urn:x:other"})
    )

    with pytest.raises(signing.SelfCheckError, match="does not read"):
        issuing.issue_credential(at.institution_id, award_id)

    assert credentials(at)[0].document is None


def signing_methods_of(at: Place) -> list[data_integrity.VerificationMethod]:
    keys_of = signing.public_keys(issuer(at))
    return [did_web.verification_method(issuer(at).did, key) for key in keys_of]


def test_what_could_not_be_signed_whole_is_not_signed() -> None:
    with pytest.raises(UnsafeDocumentError):
        signing.sign(issuer(place()), {"@context": open_badges.CONTEXT, "grade": "A"})


def test_two_institutions_sign_with_keys_of_their_own() -> None:
    at, elsewhere = place(), place("southmoor")
    issue(at)

    check = data_integrity.verify(
        signed_document(at), methods=signing.methods(issuer(elsewhere)), at=clock.now()
    )

    assert check.outcome is data_integrity.ProofOutcome.KEY_UNKNOWN


def test_after_a_rotation_old_and_new_credentials_verify() -> None:
    at = place()
    issue(at)
    old = signed_document(at)
    keys.rotate(signing.PURPOSE, at.institution_id)
    withdraw(at)
    issue(at)
    new = credentials(at)[1].document
    assert new is not None

    methods = signing.methods(issuer(at))

    assert len(methods) == 2
    assert old["proof"]["verificationMethod"] != new["proof"]["verificationMethod"]
    for document in (old, new):
        assert data_integrity.verify(document, methods=methods, at=clock.now()).verified


def test_a_revoked_credential_sets_its_bit_and_no_other() -> None:
    at = place()
    issue(at)
    assert revoked_bits(at) == set()

    withdraw(at)

    assert revoked_bits(at) == {credentials(at)[0].status_index}


def test_the_list_is_signed_once_until_it_changes() -> None:
    at = place()
    issue(at)
    first = issuing.published_status_list(at.institution_id, 1)
    assert issuing.published_status_list(at.institution_id, 1) == first

    withdraw(at)
    issuing.publish_status_lists(at.institution_id)

    with transaction(at.institution_id) as session:
        kept = session.scalars(select(StatusList.document)).one()
    assert kept is not None
    assert kept != first
    assert issuing.published_status_list(at.institution_id, 1) == kept


def test_a_list_that_changed_while_it_was_signed_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = place()
    issue(at)
    really_sign = signing.sign

    def sign_slowly(*arguments: Any) -> Json:  # noqa: ANN401 - passes them on
        document = really_sign(*arguments)
        monkeypatch.undo()
        withdraw(at)
        return document

    monkeypatch.setattr(signing, "sign", sign_slowly)
    issuing.published_status_list(at.institution_id, 1)

    assert revoked_bits(at) == {credentials(at)[0].status_index}


def test_an_unknown_list_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        issuing.published_status_list(place().institution_id, 7)


def test_when_a_place_is_taken_another_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    at = place()
    places = iter([5, 5, 5, 6])
    monkeypatch.setattr("secrets.randbelow", lambda _: next(places))
    issue(at)
    withdraw(at)

    issue(at)

    assert {row.status_index for row in credentials(at)} == {5, 6}


def test_when_a_list_is_full_the_next_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    at = place()
    monkeypatch.setattr("secrets.randbelow", lambda _: 5)
    issue(at)
    withdraw(at)

    issue(at)

    with transaction(at.institution_id) as session:
        assert session.scalars(select(StatusList.number).order_by(StatusList.number)).all() == [
            1,
            2,
        ]
    assert revoked_bits(at, 1) == {5}
    assert revoked_bits(at, 2) == set()


def ask(witness: Witness, at: Place, document: Json) -> Verdict:
    """Ask the outside verifiers, with what we publish on the web."""
    by = issuer(at)
    documents = {
        by.did: did_web.document(by.did, signing.public_keys(by)),
        by.status_list_url(1): issuing.published_status_list(at.institution_id, 1),
    }
    return witness(document, documents)


@pytest.mark.timeout(INSTALLING_SECONDS)  # whoever comes first installs the witness
def test_outside_verifiers_accept_what_we_issue_until_it_is_revoked(witness: Witness) -> None:
    at = place()
    issue(at)
    document = signed_document(at)

    assert ask(witness, at, document).accepted
    withdraw(at)
    verdict = ask(witness, at, document)

    assert verdict.digital_bazaar["revoked"]
    assert verdict.dcc["log"]["revocation_status"] is False


def test_a_changed_achievement_does_not_change_what_was_signed() -> None:
    at = place()
    issue(at)
    with transaction(at.institution_id) as session:
        session.execute(update(Achievement).values(name="Renamed"))

    issuing.issue_credential(at.institution_id, held_badges(at)[0].award_id)

    assert signed_document(at)["name"] == "Reading Statistics Critically"
