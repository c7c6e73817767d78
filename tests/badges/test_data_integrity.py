from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lti_tool.badges import canonical, data_integrity, multikey
from lti_tool.badges.canonical import Canonicalizer, UnsafeDocumentError, bundled_contexts
from lti_tool.badges.data_integrity import ProofOutcome, VerificationMethod
from tests.badges.samples import AT, BADGE, KEY, METHOD, changed, published, signed

Json = dict[str, Any]

# W3C Data Integrity EdDSA Cryptosuites 1.0, appendix B.1 (examples 7 to 16).
W3C_SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"  # gitleaks:allow - published
W3C_PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
W3C_DID = f"did:key:{W3C_PUBLIC}"
W3C_CREDENTIAL: Json = {
    "@context": [
        "https://www.w3.org/ns/credentials/v2",
        "https://www.w3.org/ns/credentials/examples/v2",
    ],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
W3C_DOCUMENT_HASH = "517744132ae165a5349155bef0bb0cf2258fff99dfe1dbd914b938d775a36017"
W3C_PROOF_HASH = "bea7b7acfbad0126b135104024a5f1733e705108f42d59668b05c0c50004c6b0"
W3C_PROOF_VALUE = (
    "z2YwC8z3ap7yx1nZYCg4L3j3ApHsF8kgPdSb5xoS1VR7vPG3F561B52hYnQF9iseabecm3ijx4K1FBTQsCZahKZme"
)
# The examples' own context defines every term as this.
W3C_EXAMPLES = {"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}


@pytest.fixture
def w3c_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the context that the W3C's examples use, which no real credential does."""
    contexts = {
        **bundled_contexts(),
        "https://www.w3.org/ns/credentials/examples/v2": W3C_EXAMPLES,
    }
    canonicalizer = Canonicalizer(contexts)
    monkeypatch.setattr(canonical, "_canonicalizer", lambda: canonicalizer)


def w3c_key() -> Ed25519PrivateKey:
    secret = multikey.from_base58btc(W3C_SECRET)
    assert secret[:2] == b"\x80\x26"  # multicodec ed25519-priv
    return Ed25519PrivateKey.from_private_bytes(secret[2:])


@pytest.mark.usefixtures("w3c_examples")
def test_the_signature_is_the_one_the_w3c_publishes() -> None:
    document = data_integrity.sign(
        W3C_CREDENTIAL,
        key=w3c_key(),
        method_id=f"{W3C_DID}#{W3C_PUBLIC}",
        created_at=datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC),
    )

    assert (
        data_integrity.hash_data(W3C_CREDENTIAL, document["proof"]).hex()
        == W3C_PROOF_HASH + W3C_DOCUMENT_HASH
    )
    assert document["proof"]["proofValue"] == W3C_PROOF_VALUE


def test_what_was_signed_is_verified() -> None:
    check = data_integrity.verify(published().credential, methods=[METHOD], at=AT)

    assert check.outcome is ProofOutcome.VERIFIED
    assert (check.method_id, check.created_at, check.detail) == (METHOD.id, AT, "")


@pytest.mark.parametrize(
    ("path", "value", "outcome"),
    [
        ("credentialSubject.achievement.name", "PhD", ProofOutcome.WRONG),
        ("credentialSubject.id", "urn:uuid:0", ProofOutcome.WRONG),
        ("validFrom", "2023-03-16T10:00:00Z", ProofOutcome.WRONG),
        ("credentialStatus", ..., ProofOutcome.WRONG),
        ("description", "more", ProofOutcome.WRONG),
        ("proof.created", "2020-01-01T00:00:00Z", ProofOutcome.WRONG),
        ("proof.expires", "2099-01-01T00:00:00Z", ProofOutcome.WRONG),
        ("proof.expires", "2020-01-01T00:00:00Z", ProofOutcome.EXPIRED),
        ("proof.proofValue", "z" + "1" * 64, ProofOutcome.WRONG),
        ("grade", "A", ProofOutcome.UNSAFE),
        ("proof.grade", "A", ProofOutcome.UNSAFE),
        ("proof.domain", ["x.example", "y.example"], ProofOutcome.WRONG),
        ("proof.nonce", 7, ProofOutcome.WRONG),
        ("proof.domain", "x" * 10_000, ProofOutcome.WRONG),
        ("proof", ..., ProofOutcome.MISSING),
        ("proof", [], ProofOutcome.MISSING),
        ("proof", "z123", ProofOutcome.MISSING),
        ("proof", ["z123"], ProofOutcome.MALFORMED),
        ("proof.proofValue", ..., ProofOutcome.MALFORMED),
        ("proof.proofValue", "uAAAA", ProofOutcome.MALFORMED),
        ("proof.created", "yesterday", ProofOutcome.MALFORMED),
        ("proof.created", "2024-04-02T07:14:00", ProofOutcome.MALFORMED),
        ("proof.verificationMethod", [METHOD.id], ProofOutcome.MALFORMED),
        ("proof.cryptosuite", "eddsa-jcs-2022", ProofOutcome.UNSUPPORTED),
        ("proof.proofPurpose", "authentication", ProofOutcome.UNSUPPORTED),
        ("proof.verificationMethod", "did:web:x#1", ProofOutcome.KEY_UNKNOWN),
        ("issuer.id", "did:web:other.example", ProofOutcome.KEY_OF_ANOTHER),
        ("issuer", "did:web:other.example", ProofOutcome.KEY_OF_ANOTHER),
        ("issuer", ..., ProofOutcome.KEY_OF_ANOTHER),
    ],
    ids=str,
)
def test_a_changed_document_is_not_verified(
    path: str, value: object, outcome: ProofOutcome
) -> None:
    document = changed(published().credential, path, value)

    check = data_integrity.verify(document, methods=[METHOD], at=AT)

    assert check.outcome is outcome
    assert not check.verified


def test_a_key_of_the_same_name_that_is_another_does_not_verify() -> None:
    other = Ed25519PrivateKey.generate().public_key()
    method = VerificationMethod(id=METHOD.id, controller=METHOD.controller, public_key=other)

    check = data_integrity.verify(published().credential, methods=[method], at=AT)

    assert check.outcome is ProofOutcome.WRONG


def test_one_good_proof_of_several_suffices() -> None:
    document = published().credential
    document["proof"] = [{**document["proof"], "cryptosuite": "other-2030"}, document["proof"]]

    assert data_integrity.verify(document, methods=[METHOD], at=AT).verified


def test_a_proof_with_an_end_holds_until_then() -> None:
    options = {
        "type": data_integrity.PROOF_TYPE,
        "cryptosuite": data_integrity.CRYPTOSUITE,
        "created": "2024-04-02T07:14:00Z",
        "expires": "2024-04-03T00:00:00Z",
        "verificationMethod": METHOD.id,
        "proofPurpose": data_integrity.PURPOSE,
    }
    value = multikey.to_base58btc(KEY.sign(data_integrity.hash_data(BADGE.to_json(), options)))
    document = {**BADGE.to_json(), "proof": {**options, "proofValue": value}}

    assert data_integrity.verify(document, methods=[METHOD], at=AT).verified
    end = data_integrity.parse_xml_datetime(options["expires"])
    before = data_integrity.verify(document, methods=[METHOD], at=end - timedelta(seconds=1))
    assert before.verified
    assert data_integrity.verify(document, methods=[METHOD], at=end).outcome is ProofOutcome.EXPIRED


def test_what_a_signature_would_not_cover_is_not_signed() -> None:
    with pytest.raises(UnsafeDocumentError, match="grade"):
        signed({**BADGE.to_json(), "grade": "A"})


def test_a_signed_document_is_not_signed_again() -> None:
    with pytest.raises(ValueError, match="has a proof"):
        signed(published().credential)


def test_the_proof_is_hashed_in_the_contexts_of_its_document() -> None:
    """Else a proof could be moved under contexts that give its terms another meaning."""
    proof = published().credential["proof"]
    knows_no_proofs = {"@context": "https://www.w3.org/ns/did/v1", "id": "did:web:a.example"}

    with pytest.raises(UnsafeDocumentError, match="DataIntegrityProof"):
        data_integrity.hash_data(knows_no_proofs, proof)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"])
def test_an_instant_has_a_day_in_every_zone(text: str) -> None:
    with pytest.raises(ValueError, match="no day in every zone"):
        data_integrity.parse_xml_datetime(text)


@pytest.mark.parametrize("text", ["2024-04-02", "2024-04-02T07:14:00", "soon", 5, None])
def test_an_instant_needs_its_time_and_zone(text: object) -> None:
    with pytest.raises(ValueError, match=r"not a date and time|zone|isoformat"):
        data_integrity.parse_xml_datetime(text)


def test_an_instant_is_written_in_utc() -> None:
    instant = datetime.fromisoformat("2024-04-02T09:14:05.9+02:00")

    assert data_integrity.xml_datetime(instant) == "2024-04-02T07:14:05Z"
