"""Keys of ours: signing keys, encrypted at rest, and what the operator's secrets derive.

A signing key belongs to one institution or to the whole tool, and to one purpose. One is
current; those before it stay published, because what they signed is still read. Private
keys lie in the database under AES-256-GCM; the operator's secrets never sign or encrypt
themselves, each use has a key of its own by HKDF (RFC 5869).
"""

import hashlib
import hmac
import os
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from sqlalchemy import ForeignKey, Index, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from lti_tool.core import clock, db, settings
from lti_tool.core.db import Base
from lti_tool.core.errors import ConflictError, NotFoundError, TemporaryError
from lti_tool.core.ids import InstitutionId, new_id
from lti_tool.core.jwk import PrivateKey, public_jwk
from lti_tool.core.language import phrase

Purpose = Literal["lti", "credential", "credential_jwt"]

ALGORITHM_OF: dict[Purpose, Literal["RS256", "Ed25519"]] = {
    "lti": "RS256",  # 1EdTech Security Framework 1.0 §6.1
    "credential": "Ed25519",
    "credential_jwt": "RS256",  # Open Badges 3.0 §8.2
}
RSA_BITS = 2048
RECHECK_SECONDS = 60.0
MAX_RINGS = 10_000  # institutions remembered by one process before it starts anew

_SEALED_V1 = b"\x01"
_NONCE_BYTES = 12


class SealBrokenError(TemporaryError):
    """Stored ciphertext that none of the operator's secrets opens.

    Temporary, because the operator can put the missing secret back.
    """

    code = "seal_broken"
    title = phrase("A key of ours cannot be opened")
    steps = (phrase("Tell the people who run Cairn: a secret is missing from CAIRN_SECRET_KEY."),)


class CurrentKeyError(ConflictError):
    """The key that signs now cannot be removed: make another one current first."""

    code = "key_is_current"
    title = phrase("This key is in use")


class KeyRow(Base):
    """One signing key. Without an institution it is the tool's own."""

    __tablename__ = "keys"
    __table_args__ = (
        Index(
            "uq_keys_one_current",
            "institution_id",
            "purpose",
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    institution_id: Mapped[InstitutionId | None] = mapped_column(ForeignKey("institutions.id"))
    purpose: Mapped[str]
    algorithm: Mapped[str]
    kid: Mapped[str]
    public_jwk: Mapped[dict[str, Any]]
    private_encrypted: Mapped[bytes]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """What the world may know of a key.

    Attributes:
        kid: the key's RFC 7638 thumbprint, so that a name never means another key.
        public_jwk: with `kid`, `alg` and `use` (RFC 7517 §4).
        retired_at: None while it signs.
    """

    id: UUID
    kid: str
    purpose: str
    algorithm: str
    public_jwk: dict[str, Any]
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedKey:
    """A key that can sign. `private` is of the type that `algorithm` says."""

    id: UUID
    kid: str
    purpose: str
    algorithm: str
    public_jwk: dict[str, Any]
    private: PrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Ring:
    """The keys of one purpose of one institution, as they were at `seen_at` (monotonic)."""

    seen_at: float
    published: tuple[PublicKey, ...]
    signing: LoadedKey | None


_rings: dict[tuple[str, InstitutionId | None], _Ring] = {}


def current(purpose: Purpose, institution_id: InstitutionId | None = None) -> LoadedKey:
    """Return the key that signs now; the first call for a purpose makes it.

    Kept in the process and looked at again after a minute, so that a rotation is
    followed everywhere by then. Call it outside transactions.

    Raises:
        SealBrokenError: the key was encrypted under a secret we no longer have.
        ConflictError: somebody removed or replaced it in this moment.
    """
    signing = _ring(purpose, institution_id).signing
    if signing is None:
        row = _new_row(purpose, institution_id)
        with _of(institution_id) as session:
            _insert(session, row)
        signing = _look_again(purpose, institution_id).signing
    if signing is None:  # retired by somebody in that instant
        raise ConflictError(phrase("The keys were changed at the same time."))
    return signing


def published(
    purpose: Purpose, institution_id: InstitutionId | None = None
) -> tuple[PublicKey, ...]:
    """Return the keys that readers accept: the one that signs, then older ones, newest first.

    Makes the first one, so that a key set is never empty. Call it outside transactions.
    """
    current(purpose, institution_id)
    return _ring(purpose, institution_id).published


def rotate(purpose: Purpose, institution_id: InstitutionId | None = None) -> LoadedKey:
    """Make a new key current; the one before stays published. Two at once make one.

    This process signs with it at once, every other within a minute.
    """
    row = _new_row(purpose, institution_id)
    with _of(institution_id) as session:
        session.execute(
            update(KeyRow)
            .where(KeyRow.purpose == purpose, KeyRow.retired_at.is_(None))
            .values(retired_at=clock.now())
        )
        _insert(session, row)
    _look_again(purpose, institution_id)
    return current(purpose, institution_id)


def remove(kid: str, purpose: Purpose, institution_id: InstitutionId | None = None) -> None:
    """Forget a retired key: what it signed can no longer be verified by anybody.

    Raises:
        NotFoundError: there is no such key.
        CurrentKeyError: it still signs.
    """
    _refuse_within_transaction()
    with _of(institution_id) as session:
        row = session.scalar(select(KeyRow).where(KeyRow.kid == kid, KeyRow.purpose == purpose))
        if row is None:
            raise NotFoundError(phrase("There is no such key."))
        if row.retired_at is None:
            raise CurrentKeyError(phrase("Make a new key current before removing this one."))
        session.execute(delete(KeyRow).where(KeyRow.id == row.id))
    _rings.pop((purpose, institution_id), None)


def forget() -> None:
    """Forget what this process has loaded."""
    _rings.clear()


def mac(purpose: str, *parts: bytes) -> bytes:
    """Return HMAC-SHA256 over the parts, under a key of this purpose; 32 bytes.

    Each part goes in with its length: ("ab", "c") and ("a", "bc") differ.
    """
    return _mac(settings.current().secret_keys[0], purpose, parts)


def mac_matches(tag: bytes, purpose: str, *parts: bytes) -> bool:
    """Tell whether `mac` made this tag, now or under an earlier secret still kept."""
    secrets = settings.current().secret_keys
    return any(hmac.compare_digest(tag, _mac(secret, purpose, parts)) for secret in secrets)


def seal(plain: bytes, *, bound_to: bytes) -> bytes:
    """Encrypt under the first secret; opens only with the same `bound_to`.

    `bound_to` says where the result lies (a row's id and column), so that it cannot be
    moved to another place.
    """
    nonce = os.urandom(_NONCE_BYTES)
    secret = settings.current().secret_keys[0]
    return _SEALED_V1 + nonce + AESGCM(_derived(secret, b"seal")).encrypt(nonce, plain, bound_to)


def unseal(sealed: bytes, *, bound_to: bytes) -> bytes:
    """Return what was sealed.

    Raises:
        SealBrokenError: changed, moved, or made with a secret that is gone.
    """
    version, nonce = sealed[:1], sealed[1 : 1 + _NONCE_BYTES]
    if version == _SEALED_V1 and len(nonce) == _NONCE_BYTES:
        for secret in settings.current().secret_keys:
            try:
                key = AESGCM(_derived(secret, b"seal"))
                return key.decrypt(nonce, sealed[1 + _NONCE_BYTES :], bound_to)
            except InvalidTag:
                continue
    raise SealBrokenError(phrase("None of our secrets opens it."))


def _of(institution_id: InstitutionId | None) -> AbstractContextManager[Session]:
    if institution_id is None:
        return db.system_transaction()
    return db.transaction(institution_id)


def _refuse_within_transaction() -> None:
    # Also when nothing would be read: else it fails once a minute, in production.
    if db.in_transaction():
        raise RuntimeError("keys are loaded outside transactions")


def _ring(purpose: Purpose, institution_id: InstitutionId | None) -> _Ring:
    _refuse_within_transaction()
    ring = _rings.get((purpose, institution_id))
    if ring is None or time.monotonic() - ring.seen_at >= RECHECK_SECONDS:
        return _look_again(purpose, institution_id)
    return ring


def _look_again(purpose: Purpose, institution_id: InstitutionId | None) -> _Ring:
    seen_at, before = time.monotonic(), _rings.get((purpose, institution_id))
    with _of(institution_id) as session:
        rows = session.scalars(
            select(KeyRow)
            .where(KeyRow.purpose == purpose)
            .order_by(KeyRow.retired_at.is_not(None), KeyRow.created_at.desc(), KeyRow.id.desc())
        ).all()
    signing = None
    if rows and rows[0].retired_at is None:
        known = before.signing if before is not None else None
        signing = known if known is not None and known.id == rows[0].id else _load(rows[0])
    if len(_rings) >= MAX_RINGS:
        _rings.clear()
    ring = _rings[purpose, institution_id] = _Ring(seen_at, tuple(map(_public, rows)), signing)
    return ring


def _public(row: KeyRow) -> PublicKey:
    return PublicKey(
        id=row.id,
        kid=row.kid,
        purpose=row.purpose,
        algorithm=row.algorithm,
        public_jwk=row.public_jwk,
        created_at=row.created_at,
        retired_at=row.retired_at,
    )


def _load(row: KeyRow) -> LoadedKey:
    # Checking the numbers of an RSA key costs 40 ms; GCM has told that they are ours.
    private = load_der_private_key(_open(row), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise TypeError(f"a key of a kind we never made: {type(private).__name__}")
    return LoadedKey(
        id=row.id,
        kid=row.kid,
        purpose=row.purpose,
        algorithm=row.algorithm,
        public_jwk=row.public_jwk,
        private=private,
    )


def _open(row: KeyRow) -> bytes:
    return unseal(row.private_encrypted, bound_to=_binding(row.id, row.purpose))


def _binding(key_id: UUID, purpose: str) -> bytes:
    return key_id.bytes + purpose.encode()


def _new_row(purpose: Purpose, institution_id: InstitutionId | None) -> dict[str, Any]:
    # Called before the transaction: an RSA key takes 0.1 s, too long under a lock.
    _refuse_within_transaction()
    key_id, algorithm = new_id(), ALGORITHM_OF[purpose]
    private: PrivateKey = (
        generate_private_key(65537, RSA_BITS)
        if algorithm == "RS256"
        else Ed25519PrivateKey.generate()
    )
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    jwk = public_jwk(private)
    return {
        "id": key_id,
        "institution_id": institution_id,
        "purpose": purpose,
        "algorithm": algorithm,
        "kid": jwk["kid"],
        "public_jwk": jwk,
        "private_encrypted": seal(der, bound_to=_binding(key_id, purpose)),
        "created_at": clock.now(),
    }


def _insert(session: Session, row: dict[str, Any]) -> None:
    # Somebody else's key made at the same moment is as good: the index lets one in.
    session.execute(insert(KeyRow).values(row).on_conflict_do_nothing())


def _mac(secret: bytes, purpose: str, parts: tuple[bytes, ...]) -> bytes:
    message = b"".join(len(part).to_bytes(8) + part for part in parts)
    return hmac.digest(_derived(secret, b"mac/" + purpose.encode()), message, hashlib.sha256)


@lru_cache(maxsize=256)
def _derived(secret: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"cairn/" + use).derive(secret)
