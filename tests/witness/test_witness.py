"""Our credentials before verifiers that share no code with us."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.badges.samples import AT, DID, LIST_URL, Published, changed, published, signed
from tests.witness.fixture import Verdict, Witness, witness

__all__ = ["witness"]

pytestmark = pytest.mark.xdist_group("witness")


def ask(witness: Witness, what: Published, credential: dict[str, Any] | None = None) -> Verdict:
    documents = {DID: what.did_document, LIST_URL: what.status_list}
    return witness(credential or what.credential, documents)


def test_a_signed_credential_is_accepted(witness: Witness) -> None:
    verdict = ask(witness, published())

    assert verdict.accepted, verdict
    assert verdict.dcc["log"]["revocation_status"] is True


def test_one_that_ends_later_is_accepted(witness: Witness) -> None:
    verdict = ask(witness, published(valid_until=datetime(2999, 1, 1, tzinfo=UTC)))

    assert verdict.accepted, verdict


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("credentialSubject.achievement.name", "PhD"),
        ("credentialStatus", ...),
        ("validFrom", "2020-01-01T00:00:00Z"),
        ("proof.created", "2020-01-01T00:00:00Z"),
    ],
    ids=str,
)
def test_a_changed_credential_is_refused_by_both(
    witness: Witness, path: str, value: object
) -> None:
    what = published()

    verdict = ask(witness, what, changed(what.credential, path, value))

    assert not verdict.digital_bazaar["verified"]
    assert verdict.dcc["log"].get("valid_signature") is not True


def test_a_revoked_credential_is_seen_as_such_by_both(witness: Witness) -> None:
    verdict = ask(witness, published(revoked=True))

    assert not verdict.accepted
    assert verdict.digital_bazaar["revoked"]
    assert verdict.dcc["log"]["revocation_status"] is False


def test_an_expired_credential_is_refused_by_both(witness: Witness) -> None:
    verdict = ask(witness, published(valid_until=AT))

    assert not verdict.digital_bazaar["verified"]
    assert verdict.dcc["log"]["expiration"] is False


def test_a_key_that_is_no_longer_published_is_refused(witness: Witness) -> None:
    what = published()
    what.did_document["verificationMethod"] = []
    what.did_document["assertionMethod"] = []

    verdict = ask(witness, what)

    assert not verdict.digital_bazaar["verified"]
    assert verdict.dcc["log"].get("valid_signature") is not True


def test_a_forged_status_list_is_not_believed(witness: Witness) -> None:
    what = published(revoked=True)
    empty = published().status_list["credentialSubject"]["encodedList"]
    what.status_list["credentialSubject"]["encodedList"] = empty

    verdict = ask(witness, what)

    assert not verdict.digital_bazaar["verified"]
    assert verdict.dcc["log"].get("revocation_status") is not True


def test_an_achievement_type_the_specification_does_not_know_still_verifies(
    witness: Witness,
) -> None:
    """Signature and schema are different questions: this one is only about the first."""
    document = published().credential
    del document["proof"]
    document["credentialSubject"]["achievement"]["achievementType"] = "ext:Stone"

    verdict = ask(witness, published(), signed(document))

    assert verdict.accepted, verdict
