"""Transcripts as documents, and the published test vector."""

import copy
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lti_tool.badges import clr, data_integrity
from lti_tool.badges.canonical import UnsafeDocumentError, canonicalize
from lti_tool.badges.data_integrity import ProofOutcome, VerificationMethod
from tests.badges.samples import AT, BADGE, METHOD, TRANSCRIPT, changed, other, signed

EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
SCHEMAS = "https://purl.imsglobal.org/spec"
HOLDER = "did:example:ebfeb1f712ebc6f1c276e12ec21"
FIRST = "urn:uuid:a7467ef6-56cb-11ec-bf63-0242ac130002"
SECOND = "urn:uuid:dd887f0a-56cb-11ec-bf63-0242ac130002"


def test_what_is_written_reads_as_what_was_meant() -> None:
    document = signed(TRANSCRIPT.to_json())

    read = clr.read(document)

    assert read == TRANSCRIPT
    assert [badge.achievement.name for badge in read.badges][:2] == ["Data Literacy", "Reading"]
    assert read.names[TRANSCRIPT.associations[-1].target] == "Writing, as it is earned now"
    assert data_integrity.verify(document, methods=[METHOD], at=AT).verified


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "Degree"),
        ("partial", False),
        ("credentialStatus", ...),
        ("credentialSubject.identifier", []),
        ("credentialSubject.association", []),
        ("credentialSubject.achievement", ...),
        ("credentialSubject.verifiableCredential", list(TRANSCRIPT.credentials[:1])),
    ],
    ids=str,
)
def test_nothing_of_it_can_be_changed(path: str, value: object) -> None:
    document = changed(signed(TRANSCRIPT.to_json()), path, value)

    check = data_integrity.verify(document, methods=[METHOD], at=AT)

    assert check.outcome is ProofOutcome.WRONG


def test_each_way_in_which_a_credential_inside_can_be_changed_breaks_the_whole() -> None:
    document = signed(TRANSCRIPT.to_json())
    inside = copy.deepcopy(document["credentialSubject"]["verifiableCredential"])
    inside[1]["credentialSubject"]["achievement"]["name"] = "PhD"
    forged = changed(document, "credentialSubject.verifiableCredential", inside)

    assert clr.read(forged).badges[1].achievement.name == "PhD"
    assert not data_integrity.verify(forged, methods=[METHOD], at=AT).verified


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("@context", clr.CONTEXT[:2], "contexts"),
        ("type", ["VerifiableCredential"], "type"),
        ("validUntil", "2030-01-01T00:00:00Z", "end"),
        ("validFrom", "yesterday", "date and time"),
        ("credentialSubject.@context", {"name": "https://evil.example"}, "context inside"),
        ("issuer.@context", {"name": "https://evil.example"}, "context inside"),
        ("credentialSubject.verifiableCredential", [], "credentials"),
        ("credentialSubject.verifiableCredential", "eyJ", "no list"),
        ("credentialSubject.verifiableCredential", ["eyJ"], "no object"),
        ("credentialSubject.verifiableCredential", [{}], "a context|contexts|type"),
        ("credentialSubject.association", [{"sourceId": "x", "targetId": "y"}], "associationType"),
        (
            "credentialSubject.association",
            [{"associationType": "isParentOf", "sourceId": "urn:x", "targetId": "urn:y"}],
            "not in it",
        ),
        (
            "credentialSubject.association",
            [{"associationType": "isOlderThan", "sourceId": "urn:x", "targetId": "urn:y"}],
            "isOlderThan",
        ),
        (
            "credentialSubject.identifier",
            [{"hashed": False, "identityType": "sisSourcedId", "identityHash": "S-1048"}],
            "anybody can read",
        ),
    ],
    ids=str,
)
def test_what_we_do_not_write_is_not_read(path: str, value: object, says: str) -> None:
    document = changed(TRANSCRIPT.to_json(), path, value)

    with pytest.raises(clr.NotATranscriptError, match=says):
        clr.read(document)


@pytest.mark.parametrize("document", [None, [], "text", {}, {"type": "ClrCredential"}], ids=str)
def test_what_is_no_transcript_at_all_is_not_read(document: object) -> None:
    with pytest.raises(clr.NotATranscriptError):
        clr.read(document)


def test_as_many_credentials_as_are_taken_are_signed_and_one_more_is_not_read() -> None:
    most = tuple(
        signed(other(number, f"Part {number}").to_json()) for number in range(clr.MOST_CREDENTIALS)
    )
    large = replace(TRANSCRIPT, credentials=most, associations=(), beside=())

    assert data_integrity.verify(signed(large.to_json()), methods=[METHOD], at=AT).verified
    with pytest.raises(clr.NotATranscriptError, match="80"):
        clr.read(replace(large, credentials=(*most, signed(BADGE.to_json()))).to_json())


def test_a_transcript_is_bounded_too() -> None:
    values = {f"word{number}": number for number in range(9_000)}

    with pytest.raises(UnsafeDocumentError, match="more than 8000 values"):
        canonicalize({**TRANSCRIPT.to_json(), **values})


def _sample_achievement(urn: str, name: str) -> dict[str, Any]:
    number = urn.removeprefix("urn:uuid:")
    return {
        "id": urn,
        "type": "Achievement",
        "creator": {"id": "https://example.edu/issuers/565049", "type": "Profile"},
        "name": name,
        "criteria": {"id": f"https://example.edu/achievements/{number}/criteria"},
        "description": name,
        "image": {"id": "https://example.edu/achievements/sample.png", "type": "Image"},
    }


def _sample_proof(value: str) -> dict[str, str]:
    return {
        "type": "DataIntegrityProof",
        "created": "2010-01-01T19:23:24Z",
        "verificationMethod": (
            "https://example.edu/issuers/565049#z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi"
        ),
        "cryptosuite": "eddsa-rdfc-2022",
        "proofPurpose": "assertionMethod",
        "proofValue": value,
    }


def _sample() -> dict[str, Any]:
    """Return the credential of the test vector for CLR 2.0.

    It is in 1EdTech's implementation guide of Open Badges 3.0, "Linked Data Proof Test Vector".
    """
    issuer = {
        "id": "https://example.edu/issuers/565049",
        "type": "Profile",
        "name": "Example University",
    }
    validator = "1EdTechJsonSchemaValidator2019"
    first = _sample_achievement(FIRST, "Achievement 1")
    inside = {
        "@context": [clr.CONTEXT[0], clr.CONTEXT[2], EXTENSIONS],
        "id": "urn:uuid:91537dba-56cb-11ec-bf63-0242ac130002",
        "type": ["VerifiableCredential", "AchievementCredential"],
        "issuer": issuer,
        "validFrom": "2010-01-01T00:00:00Z",
        "name": "Example University Degree",
        "credentialSubject": {"id": HOLDER, "type": "AchievementSubject", "achievement": first},
        "credentialSchema": [
            {
                "id": f"{SCHEMAS}/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json",
                "type": validator,
            }
        ],
        "proof": [
            _sample_proof(
                "z45QnLySMt2mWuW787G6cf3SLkP97ZkMZxLeXH5yaaTQPCtTup4GCV95tU8HEnQJSyGCokSj3Av"
                "UhmJtvveTmN4Vu"
            )
        ],
    }
    return {
        "@context": [*clr.CONTEXT, EXTENSIONS],
        "id": "http://example.edu/credentials/3732",
        "type": ["VerifiableCredential", "ClrCredential"],
        "issuer": issuer,
        "validFrom": "2010-01-01T00:00:00Z",
        "name": "Sample Transcript",
        "credentialSubject": {
            "id": HOLDER,
            "type": "ClrSubject",
            "verifiableCredential": [inside],
            "achievement": [first, _sample_achievement(SECOND, "Achievement 2")],
            "association": [
                {
                    "type": "Association",
                    "associationType": "isParentOf",
                    "sourceId": FIRST,
                    "targetId": SECOND,
                }
            ],
        },
        "credentialSchema": [
            {
                "id": f"{SCHEMAS}/clr/v2p0/schema/json/clr_v2p0_clrcredential_schema.json",
                "type": validator,
            }
        ],
    }


def test_the_published_vector_comes_out_byte_for_byte() -> None:
    digest = sha256(canonicalize(_sample())).hexdigest()

    assert digest == "768d7015ae69e0210e1c2a45194d9c1d15d7a6022e52b946574a2a27f6fa85fe"


def test_the_published_vectors_signature_verifies_with_the_published_key() -> None:
    key = "4bdeafde2ea8beefadd8c699b5c7e0704cf51154d52e17b20b71337ca04cc5a5"
    proof = _sample_proof(
        "zF52sU1nfPAjcwCqtgxPNSor6SJnAzRBwZW5VNQXPt8xXCHkd39sgqj32DnMjhFCzbyHsLkhQ8HpBqQTkMgXy329"
    )
    method = VerificationMethod(
        id=proof["verificationMethod"],
        controller="https://example.edu/issuers/565049",
        public_key=Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)),
    )
    whole = {**_sample(), "proof": [proof]}

    assert data_integrity.verify(whole, methods=[method], at=AT).verified
    assert not data_integrity.verify({**whole, "name": "x"}, methods=[method], at=AT).verified
