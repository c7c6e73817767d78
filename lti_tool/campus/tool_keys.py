"""Tools' public keys, and the check of what tools sign with them."""

import json
import threading
import time
from collections.abc import Mapping

import httpx
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from lti_tool.campus.errors import RefusalError
from lti_tool.campus.records import Tool

_MAX_AGE_S = 300.0
_COOL_DOWN_S = 1.0


class _Roomy(JWSRegistry):
    """Deep linking responses may be long, headers may hold a whole key."""

    max_header_length = 8192
    max_payload_length = 1_000_000


_REGISTRY = _Roomy(algorithms=["RS256"])


class ToolKeys:
    """Key sets by URL: kept for minutes, fetched again for a `kid` they do not have."""

    def __init__(self) -> None:
        """Begin with no key."""
        self._guard = threading.Lock()
        self._sets: dict[str, tuple[float, KeySet]] = {}
        # Kept, as making a client reads all of TLS' certificates; its connections are not.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.Client(timeout=5, limits=limits)

    def verify(self, tool: Tool, token: str) -> tuple[dict[str, object], Mapping[str, object]]:
        """Return header and claims of a JWT that the tool signed.

        Only the signature is checked: RS256, with a `kid` of the tool's key set.

        Raises:
            RefusalError: it is no JWT, or the tool did not sign it.
        """
        try:
            header = dict(jws.extract_compact(token.encode(), registry=_REGISTRY).headers())
        except (JoseError, ValueError) as problem:
            raise RefusalError(400, "invalid_request", f"not a JWT: {problem}") from problem
        if header.get("alg") != "RS256":
            raise RefusalError(
                400, "invalid_request", f"signed with {header.get('alg')}, not RS256"
            )
        kid = header.get("kid")
        if not isinstance(kid, str) or not kid:
            raise RefusalError(400, "invalid_request", "the JWT names no key (kid)")
        keys = self._find(tool.jwks_url, kid)
        try:
            signed = jws.deserialize_compact(token.encode(), keys, registry=_REGISTRY)
            claims = _object(signed.payload)
        except (JoseError, ValueError) as problem:
            raise RefusalError(400, "invalid_request", f"wrong signature: {problem}") from problem
        return header, claims

    def _find(self, url: str, kid: str) -> KeySet:
        with self._guard:
            fetched_at, keys = self._sets.get(url, (-_MAX_AGE_S, None))
        age_s = time.monotonic() - fetched_at
        known = keys is not None and any(key.kid == kid for key in keys)
        if keys is None or age_s > _MAX_AGE_S or (not known and age_s > _COOL_DOWN_S):
            keys = self._fetch(url)
            with self._guard:
                self._sets[url] = (time.monotonic(), keys)
        if not any(key.kid == kid for key in keys):
            raise RefusalError(400, "invalid_request", f"the tool's key set has no key {kid!r}")
        return keys

    def _fetch(self, url: str) -> KeySet:
        try:
            answer = self._client.get(url, headers={"Accept": "application/json"})
            answer.raise_for_status()
            return KeySet.import_key_set(answer.json())
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as problem:
            message = f"the tool's key set at {url} could not be read: {problem}"
            raise RefusalError(400, "invalid_client", message) from problem


def _object(payload: bytes) -> dict[str, object]:
    claims = json.loads(payload)
    if not isinstance(claims, dict):
        raise ValueError("the payload is no object")  # noqa: TRY004 - a bad value from outside
    return claims
