import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from lti_tool.badges import multikey, vc_jwt
from lti_tool.badges.data_integrity import ProofOutcome
from lti_tool.core.jwk import public_jwk
from tests.badges.samples import BADGE, changed, published

KEY = generate_private_key(65537, 2048)
OTHER = generate_private_key(65537, 2048)
PUBLISHED = [public_jwk(KEY)]
DOCUMENT = BADGE.to_json()


class Roomy(JWSRegistry):
    max_header_length = 4096


def forged(header: dict[str, Any], payload: dict[str, Any] | None = None) -> str:
    """Sign anything at all, with the right key."""
    good = vc_jwt.sign(DOCUMENT, key=KEY)
    payload = payload or json.loads(multikey.from_base64url(good.split(".")[1]))
    return jwt.encode(header, payload, RSAKey.import_key(KEY), registry=Roomy(algorithms=["RS256"]))


def outcome(compact: str) -> ProofOutcome:
    return vc_jwt.verify(compact, published=PUBLISHED).outcome


def test_what_was_signed_verifies_and_reads_as_it_was() -> None:
    compact = vc_jwt.sign(DOCUMENT, key=KEY)

    check = vc_jwt.verify(compact, published=[public_jwk(OTHER), *PUBLISHED])

    assert check.verified
    assert check.method_id == public_jwk(KEY)["kid"]
    assert vc_jwt.read(compact) == DOCUMENT


def test_another_library_verifies_it_and_finds_the_claims() -> None:
    until = datetime(2999, 1, 1, tzinfo=UTC)
    document = {**DOCUMENT, "validUntil": "2999-01-01T00:00:00Z"}

    token = jwt.decode(
        vc_jwt.sign(document, key=KEY),
        RSAKey.import_key(KEY),
        registry=Roomy(algorithms=["RS256"]),
    )

    assert token.header == {
        "alg": "RS256",
        "typ": "JWT",
        "jwk": {name: public_jwk(KEY)[name] for name in ("kty", "n", "e")},
    }
    assert token.claims["iss"] == document["issuer"]["id"]
    assert token.claims["jti"] == document["id"]
    assert token.claims["sub"] == document["credentialSubject"]["id"]
    assert token.claims["nbf"] == int(BADGE.valid_from.timestamp())
    assert token.claims["exp"] == int(until.timestamp())


def test_a_changed_payload_is_wrong() -> None:
    header, _, signature = vc_jwt.sign(DOCUMENT, key=KEY).split(".")
    document = changed(DOCUMENT, "credentialSubject.achievement.name", "PhD")
    payload = vc_jwt.sign(document, key=OTHER).split(".")[1]

    assert outcome(f"{header}.{payload}.{signature}") is ProofOutcome.WRONG


def test_a_key_in_the_header_that_nobody_publishes_proves_nothing() -> None:
    assert outcome(vc_jwt.sign(DOCUMENT, key=OTHER)) is ProofOutcome.KEY_UNKNOWN


def test_a_key_may_be_named_instead_of_brought() -> None:
    kid = f"{DOCUMENT['issuer']['id']}#{public_jwk(KEY)['kid']}"

    assert outcome(forged({"alg": "RS256", "kid": kid})) is ProofOutcome.VERIFIED


@pytest.mark.parametrize(
    ("claim", "value"),
    [("iss", "did:web:evil.example"), ("jti", "urn:x:1"), ("sub", ...), ("nbf", 0), ("exp", 1)],
    ids=str,
)
def test_a_claim_that_is_not_the_credentials_is_refused(claim: str, value: object) -> None:
    good = vc_jwt.sign(DOCUMENT, key=KEY)
    payload = json.loads(multikey.from_base64url(good.split(".")[1]))
    payload[claim] = value
    payload = {name: said for name, said in payload.items() if said is not ...}

    jwk = {name: public_jwk(KEY)[name] for name in ("kty", "n", "e")}

    check = vc_jwt.verify(forged({"alg": "RS256", "jwk": jwk}, payload), published=PUBLISHED)

    assert check.outcome is ProofOutcome.MALFORMED
    assert check.detail.endswith(f"['{claim}']")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"alg": "none"}, ProofOutcome.UNSUPPORTED),
        ({"alg": "HS256"}, ProofOutcome.UNSUPPORTED),
        ({"alg": "RS256", "jku": "https://evil.example/keys"}, ProofOutcome.UNSUPPORTED),
        ({"alg": "RS256"}, ProofOutcome.MALFORMED),
        ({"alg": "RS256", "jwk": {"kty": "RSA"}}, ProofOutcome.MALFORMED),
        ({"alg": "RS256", "jwk": {"kty": "oct", "k": "eA"}}, ProofOutcome.MALFORMED),
        ({"alg": "RS256", "jwk": {**PUBLISHED[0], "d": "AQAB"}}, ProofOutcome.MALFORMED),
        ({"alg": "RS256", "jwk": {"kty": "RSA", "n": "AQAB"}}, ProofOutcome.MALFORMED),
        ({"alg": "RS256", "jwk": {**PUBLISHED[0], "e": 3}}, ProofOutcome.MALFORMED),
        ({"alg": "RS256", "jwk": {**PUBLISHED[0], "kty": "EC"}}, ProofOutcome.MALFORMED),
        ({"alg": "RS256", "kid": ""}, ProofOutcome.MALFORMED),
        ({"alg": "RS256", "kid": 7}, ProofOutcome.MALFORMED),
        ({"alg": "RS256", "kid": "other"}, ProofOutcome.KEY_UNKNOWN),
    ],
    ids=[
        "none",
        "symmetric",
        "jku",
        "no key",
        "nothing of a key",
        "secret",
        "private",
        "half a key",
        "a number as it is",
        "of another kind",
        "no name",
        "a number for a name",
        "unknown",
    ],
)
def test_a_strange_header_is_refused(header: dict[str, Any], expected: ProofOutcome) -> None:
    _, payload, signature = vc_jwt.sign(DOCUMENT, key=KEY).split(".")
    first = multikey.to_base64url(json.dumps(header).encode())

    assert outcome(f"{first}.{payload}.{signature}") is expected


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "....", "e30.W10.AA", "e30.e30.é"])
def test_what_is_no_token_is_malformed(text: str) -> None:
    assert outcome(text) is ProofOutcome.MALFORMED
    with pytest.raises(vc_jwt.NotACompactCredentialError):
        vc_jwt.read(text if text != "e30.e30.é" else "é")


def test_the_two_forms_are_not_mixed() -> None:
    with pytest.raises(ValueError, match="other form"):
        vc_jwt.sign(published().credential, key=KEY)
    with pytest.raises(ValueError, match="sub"):
        vc_jwt.sign(changed(DOCUMENT, "credentialSubject.id", ...), key=KEY)
    with pytest.raises(ValueError, match="sub"):
        vc_jwt.sign(changed(DOCUMENT, "credentialSubject", ["did:key:z"]), key=KEY)


def test_a_small_key_is_not_believed_even_if_published() -> None:
    small = generate_private_key(65537, 1024)  # noqa: S505 - that is the point

    check = vc_jwt.verify(vc_jwt.sign(DOCUMENT, key=small), published=[public_jwk(small)])

    assert check.outcome is ProofOutcome.UNSUPPORTED
