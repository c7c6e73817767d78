"""Proofs of kept documents: judged once, and again when anything about them differs."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lti_tool.badges import data_integrity, kept_proofs, multikey
from lti_tool.badges.data_integrity import ProofCheck, ProofOutcome
from lti_tool.badges.did_web import verification_method
from tests.badges.samples import AT, BADGE, DID, KEY, METHOD, changed, signed

DOCUMENT = signed(BADGE.to_json())


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what became of the costly checks; none is kept when a test begins."""
    outcomes: list[str] = []
    verify = data_integrity.verify

    def noted(document: Mapping[str, Any], **rest: Any) -> ProofCheck:  # noqa: ANN401 - passed on
        check = verify(document, **rest)
        outcomes.append(check.outcome)
        return check

    monkeypatch.setattr(data_integrity, "verify", noted)
    monkeypatch.setattr(kept_proofs, "_kept", OrderedDict())
    return outcomes


def test_a_right_proof_is_judged_once(judged: list[str]) -> None:
    first = kept_proofs.verify(DOCUMENT, methods=[METHOD], at=AT)

    assert kept_proofs.verify(DOCUMENT, methods=[METHOD], at=AT) == first
    assert judged == [ProofOutcome.VERIFIED]


def test_whatever_differs_is_judged_anew_also_where_the_proof_is_the_same(
    judged: list[str],
) -> None:
    kept_proofs.verify(DOCUMENT, methods=[METHOD], at=AT)
    forged = changed(DOCUMENT, "name", "Degree")
    other = verification_method(DID, Ed25519PrivateKey.generate().public_key())

    for _ in range(2):
        assert not kept_proofs.verify(forged, methods=[METHOD], at=AT).verified
    assert not kept_proofs.verify(DOCUMENT, methods=[other], at=AT).verified
    assert not kept_proofs.verify(DOCUMENT, methods=[], at=AT).verified
    assert len(judged) == 5


def test_a_proof_with_an_end_is_judged_each_time(judged: list[str]) -> None:
    proof = {**DOCUMENT["proof"], "expires": data_integrity.xml_datetime(AT + timedelta(days=1))}
    del proof["proofValue"]
    unsecured = {name: value for name, value in DOCUMENT.items() if name != "proof"}
    signature = KEY.sign(data_integrity.hash_data(unsecured, proof))
    ending = {**unsecured, "proof": {**proof, "proofValue": multikey.to_base58btc(signature)}}

    for days in (0, 2):
        kept_proofs.verify(ending, methods=[METHOD], at=AT + timedelta(days=days))

    assert judged == [ProofOutcome.VERIFIED, ProofOutcome.EXPIRED]


def test_the_oldest_of_many_is_forgotten(
    judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_proofs, "MOST_KEPT", 1)
    another = signed({**BADGE.to_json(), "id": "urn:uuid:00000000-0000-4000-8000-000000000001"})

    for document in (DOCUMENT, another, another, DOCUMENT):
        assert kept_proofs.verify(document, methods=[METHOD], at=AT).verified

    assert len(judged) == 3
