"""A credential as a compact JWS: the second form, for verifiers that read no embedded proof.

Open Badges 3.0 §8.2 (the VC-JWT proof format): the payload is the credential itself, with the
registered claims that repeat some of its properties; RS256; the public key travels in the header.
Travelling there it proves nothing yet: it counts only when the issuer publishes it as well.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from lti_tool.badges import multikey, plain_json
from lti_tool.badges.data_integrity import (
    ProofCheck,
    ProofOutcome,
    issuer_id,
    parse_xml_datetime,
)
from lti_tool.core.jwk import public_jwk, thumbprint

ALGORITHM = "RS256"
MEDIA_TYPE = "application/vc+jwt"

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})
_HEADER_MEMBERS = frozenset({"alg", "typ", "jwk", "kid"})  # others could ask for anything
_CLAIMS = ("iss", "jti", "sub", "nbf", "exp")
_LEAST_BITS, _MOST_BITS = 2048, 4096


class NotACompactCredentialError(ValueError):
    """The text is no compact JWS with a JSON object in it."""


def looks_compact(text: str) -> bool:
    """Tell whether a text has the outer form of a compact JWS."""
    return _COMPACT.fullmatch(text) is not None


def sign(document: Mapping[str, Any], *, key: RSAPrivateKey) -> str:
    """Return the compact JWS of a credential.

    Args:
        document: the credential, without proof and without claims.
        key: the issuer's.

    Raises:
        ValueError: it has a proof, or lacks what the claims repeat.
    """
    if "proof" in document:
        raise ValueError("the embedded proof is the other form")
    public = {name: value for name, value in public_jwk(key).items() if name in {"kty", "n", "e"}}
    header = {"alg": ALGORITHM, "typ": "JWT", "jwk": public}
    signing_input = f"{_part(header)}.{_part({**document, **_claims(document)})}"
    signature = key.sign(signing_input.encode(), PKCS1v15(), SHA256())
    return f"{signing_input}.{multikey.to_base64url(signature)}"


def read(compact: str) -> dict[str, Any]:
    """Return the credential inside, without the claims. Nothing has been verified by this.

    Raises:
        NotACompactCredentialError: not a JWS, or no object in it.
    """
    payload = _payload(compact)
    return {name: value for name, value in payload.items() if name not in _CLAIMS}


def verify(compact: str, *, published: Iterable[Mapping[str, Any]]) -> ProofCheck:
    """Check the signature, whose key it is, and that the claims say what the credential says.

    Args:
        compact: as it was shown.
        published: the issuer's public keys as JWKs, those that were retired too.
    """
    try:
        header, payload = _header(compact), _payload(compact)
    except NotACompactCredentialError as error:
        return ProofCheck(outcome=ProofOutcome.MALFORMED, detail=str(error))
    if header.get("alg") != ALGORITHM or not set(header) <= _HEADER_MEMBERS:
        return ProofCheck(
            outcome=ProofOutcome.UNSUPPORTED,
            detail=f"alg {header.get('alg')!r}, members {', '.join(sorted(map(str, header)))}",
        )
    known = {thumbprint(jwk): jwk for jwk in published if jwk.get("kty") == "RSA"}
    named = _named_key(header)
    if named is None:
        return ProofCheck(outcome=ProofOutcome.MALFORMED, detail="the header names no key")
    if named not in known:
        return ProofCheck(
            outcome=ProofOutcome.KEY_UNKNOWN, method_id=named, detail=f"no key {named}"
        )
    outcome, detail = _judge(compact, payload, known[named])
    return ProofCheck(outcome=outcome, method_id=named, detail=detail)


def _judge(
    compact: str, payload: Mapping[str, Any], jwk: Mapping[str, Any]
) -> tuple[ProofOutcome, str]:
    signing_input, _, signature = compact.rpartition(".")
    numbers = RSAPublicNumbers(e=_number(jwk["e"]), n=_number(jwk["n"]))
    if not _LEAST_BITS <= numbers.n.bit_length() <= _MOST_BITS:
        return ProofOutcome.UNSUPPORTED, f"an RSA key of {numbers.n.bit_length()} bits"
    try:
        numbers.public_key().verify(
            multikey.from_base64url(signature), signing_input.encode(), PKCS1v15(), SHA256()
        )
    except (InvalidSignature, ValueError):
        return ProofOutcome.WRONG, "the signature is not of this text by this key"
    document = {name: value for name, value in payload.items() if name not in _CLAIMS}
    try:
        expected = _claims(document)
    except ValueError as error:
        return ProofOutcome.MALFORMED, str(error)
    told = {name: payload[name] for name in _CLAIMS if name in payload}
    if told != expected:
        differing = sorted(n for n in _CLAIMS if told.get(n) != expected.get(n))
        return ProofOutcome.MALFORMED, f"claims that are not the credential's: {differing}"
    return ProofOutcome.VERIFIED, ""


def _claims(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims that repeat properties of the credential (§8.2.2.3)."""
    subject = document.get("credentialSubject")
    names = {
        "iss": issuer_id(document),
        "jti": document.get("id"),
        "sub": subject.get("id") if isinstance(subject, Mapping) else None,
    }
    for name, value in names.items():
        if not isinstance(value, str) or not value:
            raise ValueError(f"nothing to say as {name}")
    claims: dict[str, Any] = {**names, "nbf": _seconds(document.get("validFrom"))}
    if "validUntil" in document:
        claims["exp"] = _seconds(document["validUntil"])
    return claims


def _seconds(text: object) -> int:
    return int(parse_xml_datetime(text).timestamp())


def _named_key(header: Mapping[str, Any]) -> str | None:
    """Return the thumbprint of the key that the header brings or names, or None."""
    jwk = header.get("jwk")
    if isinstance(jwk, Mapping):
        if _PRIVATE_MEMBERS & set(jwk) or jwk.get("kty") != "RSA":
            return None
        if not isinstance(jwk.get("n"), str) or not isinstance(jwk.get("e"), str):
            return None
        return thumbprint(jwk)
    kid = header.get("kid")
    return kid.rpartition("#")[2] if isinstance(kid, str) and kid else None


def _header(compact: str) -> dict[str, Any]:
    header, _payload_part, _signature = _parts(compact)
    return _object(header)


def _payload(compact: str) -> dict[str, Any]:
    _header_part, payload, _signature = _parts(compact)
    return _object(payload)


def _parts(compact: str) -> list[str]:
    if not looks_compact(compact):
        raise NotACompactCredentialError("not a JWS")
    return compact.split(".")


def _object(part: str) -> dict[str, Any]:
    try:
        value = plain_json.read(multikey.from_base64url(part))
    except ValueError as error:
        raise NotACompactCredentialError("a part that is not base64url of JSON") from error
    if not isinstance(value, dict):
        raise NotACompactCredentialError("a part that is no object")
    return value


def _part(value: Mapping[str, Any]) -> str:
    return multikey.to_base64url(
        json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    )


def _number(text: str) -> int:
    return int.from_bytes(multikey.from_base64url(text))
