"""Signing and checking a document with a Data Integrity proof, cryptosuite `eddsa-rdfc-2022`.

Data Integrity EdDSA Cryptosuites 1.0 §3.2, https://www.w3.org/TR/vc-di-eddsa/, on Verifiable
Credential Data Integrity 1.0, https://www.w3.org/TR/vc-data-integrity/
"""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lti_tool.badges import multikey
from lti_tool.badges.canonical import UnsafeDocumentError, canonicalize

PROOF_TYPE = "DataIntegrityProof"
CRYPTOSUITE = "eddsa-rdfc-2022"
PURPOSE = "assertionMethod"
_A_ZONE = timedelta(days=2)  # more than lies between any two
_LONGEST_KEPT, _MOST_WORDS_KEPT = 500, 16
_last = threading.local()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationMethod:
    """A public key and whose it is, as the controller's own document states it.

    Attributes:
        id: absolute, such as `did:web:cairn.example:i:northfell#z6Mk…`.
        controller: the id of who may sign with it.
    """

    id: str
    controller: str
    public_key: Ed25519PublicKey


class ProofOutcome(StrEnum):
    """What checking a proof came to."""

    VERIFIED = "verified"
    MISSING = "missing"  # there is no proof
    UNSUPPORTED = "unsupported"  # another suite or purpose than ours
    MALFORMED = "malformed"  # ours by name, but lacks or garbles a part
    KEY_UNKNOWN = "key_unknown"  # names a key that no one we asked publishes
    KEY_OF_ANOTHER = "key_of_another"  # a key of somebody else than the issuer
    EXPIRED = "expired"  # the proof itself has an end, and it has passed
    UNSAFE = "unsafe"  # says something that no signature can cover
    WRONG = "wrong"  # not what was signed, or not by this key


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofCheck:
    """The outcome for one document.

    Attributes:
        method_id: the key the proof names, if it names one.
        created_at: when it was signed, by the signer's own word.
        detail: for technical readers; empty when verified.
    """

    outcome: ProofOutcome
    method_id: str | None = None
    created_at: datetime | None = None
    detail: str = ""

    @property
    def verified(self) -> bool:
        """Whether the document is exactly what the issuer signed."""
        return self.outcome is ProofOutcome.VERIFIED


def sign(
    document: Mapping[str, Any], *, key: Ed25519PrivateKey, method_id: str, created_at: datetime
) -> dict[str, Any]:
    """Return a copy of the document with its proof.

    Args:
        document: JSON-LD without a proof.
        key: the private half of the key that `method_id` names.
        method_id: an entry of the issuer's did document.
        created_at: aware.

    Raises:
        UnsafeDocumentError: the signature would not cover all that the document says.
    """
    if "proof" in document:
        raise ValueError("the document has a proof already")
    proof = {
        "type": PROOF_TYPE,
        "cryptosuite": CRYPTOSUITE,
        "created": xml_datetime(created_at),
        "verificationMethod": method_id,
        "proofPurpose": PURPOSE,
    }
    signature = key.sign(hash_data(document, proof))
    return {**document, "proof": {**proof, "proofValue": multikey.to_base58btc(signature)}}


def verify(
    document: Mapping[str, Any], *, methods: Iterable[VerificationMethod], at: datetime
) -> ProofCheck:
    """Check that the document is what its issuer signed. Status and dates are other questions.

    Args:
        document: from anybody, parsed.
        methods: the keys that the document's issuer publishes.
        at: the instant to judge by, aware.

    Returns:
        The check of the proof that verifies; else that of the first.
    """
    proofs = document.get("proof", [])
    if isinstance(proofs, Mapping):
        proofs = [proofs]
    if not isinstance(proofs, list) or not proofs:
        return ProofCheck(outcome=ProofOutcome.MISSING)
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    known = {method.id: method for method in methods}
    # A proof set: any one suffices (Open Badges 3.0 §8.1). Few, as each costs a canonicalisation.
    checks = [_verify_one(unsecured, proof, known, at) for proof in proofs[:4]]
    return next((check for check in checks if check.verified), checks[0])


def hash_data(unsecured: Mapping[str, Any], proof: Mapping[str, Any]) -> bytes:
    """Return the 64 bytes to sign: the proof's hash, then the document's (§3.2.4).

    Raises:
        UnsafeDocumentError: as `canonicalize`, of the document or of the proof.
    """
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    return _hash_options(options, unsecured.get("@context")) + _hash_document(unsecured)


def _hash_document(unsecured: Mapping[str, Any]) -> bytes:
    """Return the hash of a document's meaning: two thirds of what signing costs.

    The last of each thread is kept, for whoever signs checks what was signed.
    """
    text = json.dumps(unsecured, sort_keys=True)
    known: tuple[str, bytes] | None = getattr(_last, "document", None)
    if known is None or known[0] != text:
        known = _last.document = (text, sha256(canonicalize(unsecured)).digest())
    return known[1]


def _hash_options(options: Mapping[str, Any], context: object) -> bytes:
    """Return the hash of a proof's options under the document's context.

    Those of one key and second are the same for every document, and are kept; what is written in
    another way than ours is not.
    """
    is_plain = isinstance(context, list) and all(
        isinstance(word, str) and len(word) <= _LONGEST_KEPT
        for word in (*options, *options.values(), *context)
    )
    if is_plain and isinstance(context, list) and len(options) + len(context) <= _MOST_WORDS_KEPT:
        return _hash_plain_options(tuple(sorted(options.items())), tuple(context))
    return sha256(canonicalize({**options, "@context": context})).digest()


@lru_cache(maxsize=128)
def _hash_plain_options(options: tuple[tuple[str, str], ...], context: tuple[str, ...]) -> bytes:
    return sha256(canonicalize({**dict(options), "@context": list(context)})).digest()


def xml_datetime(instant: datetime) -> str:
    """Return an aware instant as `xsd:dateTime` in UTC, whole seconds, with Z."""
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_xml_datetime(text: object) -> datetime:
    """Return an aware instant.

    Raises:
        ValueError: not a date and time with its zone, or at an end of the calendar.
    """
    if not isinstance(text, str) or "T" not in text:
        raise ValueError(f"not a date and time: {text!r}")
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"a time without its zone: {text!r}")
    if not date.min + _A_ZONE <= instant.date() <= date.max - _A_ZONE:
        raise ValueError(f"a time that has no day in every zone: {text!r}")
    return instant


def _verify_one(
    unsecured: Mapping[str, Any],
    proof: object,
    known: Mapping[str, VerificationMethod],
    at: datetime,
) -> ProofCheck:
    try:
        parts = _read_proof(proof)
    except _UnusableProofError as error:
        return ProofCheck(outcome=error.outcome, detail=str(error))
    outcome, detail = _judge(unsecured, parts, known.get(parts.method_id), at)
    return ProofCheck(
        outcome=outcome, method_id=parts.method_id, created_at=parts.created_at, detail=detail
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proof:
    """The parts of a proof of our kind."""

    options: Mapping[str, Any]
    method_id: str
    signature: bytes
    created_at: datetime | None
    expires_at: datetime | None


class _UnusableProofError(ValueError):
    def __init__(self, outcome: ProofOutcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome


def _read_proof(proof: object) -> _Proof:
    if not isinstance(proof, Mapping):
        raise _UnusableProofError(ProofOutcome.MALFORMED, "the proof is not an object")
    kind = (proof.get("type"), proof.get("cryptosuite"), proof.get("proofPurpose"))
    if kind != (PROOF_TYPE, CRYPTOSUITE, PURPOSE):
        raise _UnusableProofError(ProofOutcome.UNSUPPORTED, f"type, suite, purpose: {kind}")
    method_id = proof.get("verificationMethod")
    if not isinstance(method_id, str):
        raise _UnusableProofError(ProofOutcome.MALFORMED, "the proof names no key")
    try:
        return _Proof(
            options=proof,
            method_id=method_id,
            signature=multikey.from_base58btc(str(proof.get("proofValue"))),
            created_at=parse_xml_datetime(proof["created"]) if "created" in proof else None,
            expires_at=parse_xml_datetime(proof["expires"]) if "expires" in proof else None,
        )
    except ValueError as error:
        raise _UnusableProofError(ProofOutcome.MALFORMED, str(error)) from error


def _judge(
    unsecured: Mapping[str, Any], proof: _Proof, method: VerificationMethod | None, at: datetime
) -> tuple[ProofOutcome, str]:
    if method is None:
        return ProofOutcome.KEY_UNKNOWN, f"no key {proof.method_id}"
    if method.controller != issuer_id(unsecured):
        return ProofOutcome.KEY_OF_ANOTHER, f"the key is {method.controller}'s"
    if proof.expires_at is not None and at >= proof.expires_at:
        return ProofOutcome.EXPIRED, f"the proof ended {xml_datetime(proof.expires_at)}"
    try:
        method.public_key.verify(proof.signature, hash_data(unsecured, proof.options))
    except UnsafeDocumentError as error:
        return ProofOutcome.UNSAFE, str(error)
    except InvalidSignature:
        return ProofOutcome.WRONG, "the signature is not of this document by this key"
    return ProofOutcome.VERIFIED, ""


def issuer_id(document: Mapping[str, Any]) -> str | None:
    """Return the id of a credential's issuer, written as text or as an object."""
    issuer = document.get("issuer")
    if isinstance(issuer, Mapping):
        issuer = issuer.get("id")
    return issuer if isinstance(issuer, str) else None
