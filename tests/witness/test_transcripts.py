"""Our transcripts before verifiers that share no code with us."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lti_tool.badges import clr, did_web, vc_jwt
from lti_tool.badges.canonical import bundled_contexts
from lti_tool.badges.particulars import Particulars, Result
from tests.badges.samples import (
    BADGE,
    DID,
    INDEX,
    KEY,
    LIST_URL,
    TRANSCRIPT,
    TRANSCRIPT_LIST_URL,
    changed,
    listed,
    signed,
)
from tests.witness.fixture import (
    INSTALLING_SECONDS,
    OpenBadgesLib,
    Verdict,
    Witness,
    openbadgeslib,
    witness,
)
from tests.witness.test_witness import KEY_PAIR, PUBLISHED_KEYS, altered

__all__ = ["openbadgeslib", "witness"]

pytestmark = pytest.mark.timeout(INSTALLING_SECONDS)  # whoever comes first installs a witness


def ask(
    witness: Witness,
    document: dict[str, Any],
    *,
    revoked: tuple[int, ...] = (),
) -> Verdict:
    documents = {
        DID: did_web.document(DID, [KEY.public_key()]),
        LIST_URL: listed(LIST_URL),
        TRANSCRIPT_LIST_URL: listed(TRANSCRIPT_LIST_URL, *revoked),
    }
    return witness(document, documents)


def test_a_transcript_is_accepted_by_both_and_asks_for_nothing_it_has_not(
    witness: Witness,
) -> None:
    verdict = ask(witness, signed(TRANSCRIPT.to_json()))

    assert verdict.accepted, verdict
    assert verdict.dcc["log"]["revocation_status"] is True


def test_each_credential_in_it_is_accepted_by_itself(witness: Witness) -> None:
    inside = signed(TRANSCRIPT.to_json())["credentialSubject"]["verifiableCredential"]

    verdict = ask(witness, inside[1])

    assert verdict.accepted, verdict


def with_results() -> dict[str, Any]:
    result = Result(
        id=f"{BADGE.achievement.id}#edition-1-result-0",
        name="Reading",
        value="13",
        most="15",
        required="9",
    )
    told = signed(replace(BADGE, particulars=Particulars(results=(result,))).to_json())
    credentials = (*TRANSCRIPT.credentials[:3], told)
    return signed(replace(TRANSCRIPT, credentials=credentials).to_json())


def test_a_transcript_with_results_is_accepted_by_both_and_with_others_by_neither(
    witness: Witness,
) -> None:
    document = with_results()
    forged = copy.deepcopy(document)
    [result] = forged["credentialSubject"]["verifiableCredential"][3]["credentialSubject"]["result"]
    result["value"] = "15"

    assert ask(witness, document).accepted
    refused = ask(witness, forged)
    assert not refused.digital_bazaar["verified"]
    assert refused.dcc["log"].get("valid_signature") is not True


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "Degree"),
        ("partial", False),
        ("credentialStatus", ...),
        ("credentialSubject.identifier", []),
        ("credentialSubject.association", []),
        ("credentialSubject.achievement", ...),
        ("credentialSubject.verifiableCredential", list(TRANSCRIPT.credentials[:2])),
    ],
    ids=str,
)
def test_a_changed_transcript_is_refused_by_both(
    witness: Witness, path: str, value: object
) -> None:
    verdict = ask(witness, changed(signed(TRANSCRIPT.to_json()), path, value))

    assert not verdict.digital_bazaar["verified"]
    assert verdict.dcc["log"].get("valid_signature") is not True


def test_a_grade_that_is_put_into_a_credential_inside_is_refused_by_both(
    witness: Witness,
) -> None:
    forged = copy.deepcopy(signed(TRANSCRIPT.to_json()))
    inside = forged["credentialSubject"]["verifiableCredential"][1]
    inside["credentialSubject"]["achievement"]["name"] = "PhD"

    verdict = ask(witness, forged)

    assert not verdict.digital_bazaar["verified"]
    assert verdict.dcc["log"].get("valid_signature") is not True


def test_a_transcript_that_was_taken_back_is_told_by_both(witness: Witness) -> None:
    verdict = ask(witness, signed(TRANSCRIPT.to_json()), revoked=(INDEX,))

    assert verdict.digital_bazaar["revoked"]
    assert verdict.dcc["log"]["revocation_status"] is False


def test_jose_takes_a_compact_transcript_and_refuses_a_changed_one(witness: Witness) -> None:
    token = vc_jwt.sign(TRANSCRIPT.to_json(), key=KEY_PAIR)

    assert clr.read(vc_jwt.read(token)) == TRANSCRIPT
    assert witness.of_compact(token, PUBLISHED_KEYS) == {"verified": True, "problems": []}
    assert not witness.of_compact(altered(token), PUBLISHED_KEYS)["verified"]


def test_openbadgeslib_takes_the_proof_when_it_is_given_the_context(
    openbadgeslib: OpenBadgesLib,
) -> None:
    """Its verifier of badges takes no transcripts; its check of a proof takes any document."""
    document = signed(TRANSCRIPT.to_json())
    public = KEY.public_key()
    key = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    contexts = {clr.CONTEXT[1]: bundled_contexts()[clr.CONTEXT[1]]}

    good = openbadgeslib(credential=document, key=key, contexts=contexts)
    forged = openbadgeslib(
        credential=changed(document, "name", "Degree"), key=key, contexts=contexts
    )

    assert good == {"accepted": True, "problem": ""}
    assert not forged["accepted"]
