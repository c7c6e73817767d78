"""Campus' own signing keys: made at the first start, kept in its database, loaded once."""

import threading
from typing import Literal

from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import Connection, Engine, text

from lti_tool.campus import clock

Purpose = Literal["lti", "staff"]
_LOCK = text("LOCK TABLE signing_keys IN EXCLUSIVE MODE")
_KEYS = text("SELECT * FROM signing_keys ORDER BY created_at")
_ADD = text(
    "INSERT INTO signing_keys (kid, purpose, private_pem, created_at, published)"
    " VALUES (:kid, :purpose, :pem, :at, :published)"
)
_RETIRE = text("DELETE FROM signing_keys WHERE purpose = :purpose")


class SigningKeys:
    """The keys by purpose; the newest signs, all that are published verify.

    Reading an RSA key from PEM takes tens of milliseconds, so this object is kept.
    """

    def __init__(self, engine: Engine) -> None:
        """Load the keys, making the first pair of them where there are none."""
        self._engine = engine
        self._guard = threading.Lock()
        self._live: dict[str, list[tuple[RSAKey, bool]]] = {}
        with engine.begin() as connection:
            connection.execute(_LOCK)
            present = {row.purpose for row in connection.execute(_KEYS)}
            for purpose in {"lti", "staff"} - present:
                _add(connection, purpose, published=True)
        self._load()

    def sign(self, purpose: Purpose, claims: dict[str, object]) -> str:
        """Return a JWT over `claims`, RS256, with `kid`."""
        key, _ = self._live[purpose][-1]
        header = {"alg": "RS256", "typ": "JWT", "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=["RS256"])

    def public(self, purpose: Purpose, *, but_newest: bool = False) -> dict[str, object]:
        """Return the JSON Web Key Set with the published public halves.

        Args:
            purpose: whose keys.
            but_newest: leave out the one that signs.
        """
        live = self._live[purpose]
        keys = [key for key, published in live[: -1 if but_newest else None] if published]
        return {
            "keys": [
                {**key.as_dict(private=False), "alg": "RS256", "use": "sig", "kid": key.kid}
                for key in keys
            ]
        }

    def rotate(self, purpose: Purpose, *, keep_old: bool = True, publish: bool = True) -> None:
        """Make a new key sign from now on.

        Args:
            purpose: whose keys.
            keep_old: leave the earlier keys in the published set.
            publish: put the new key in the set; without, no tool can know it.
        """
        with self._engine.begin() as connection:
            if not keep_old:
                connection.execute(_RETIRE, {"purpose": purpose})
            _add(connection, purpose, published=publish)
        self._load()

    def _load(self) -> None:
        with self._engine.begin() as connection:
            rows = connection.execute(_KEYS).all()
        live: dict[str, list[tuple[RSAKey, bool]]] = {"lti": [], "staff": []}
        for row in rows:
            key = RSAKey.import_key(row.private_pem, {"kid": row.kid})
            live[row.purpose].append((key, row.published))
        with self._guard:
            self._live = live


def _add(connection: Connection, purpose: str, *, published: bool) -> None:
    key = RSAKey.generate_key(2048)
    values = {
        "kid": f"campus-{key.thumbprint()[:16]}",
        "purpose": purpose,
        "pem": key.as_pem(private=True).decode(),
        "at": clock.now(),
        "published": published,
    }
    connection.execute(_ADD, values)
