"""Access tokens for a platform's services (Security Framework 1.0 §4.1, RFC 7523).

One token per registration and set of scopes, kept in the database for all processes and in each
process for speed: a platform throttles those who ask for one per call.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from lti_tool.core import clock, http, keys, logs
from lti_tool.core.db import system_transaction
from lti_tool.core.ids import RegistrationId
from lti_tool.core.language import phrase
from lti_tool.core.quoting import quoted
from lti_tool.platforms import queries, quirks, tool_keys
from lti_tool.platforms.errors import TokenRefusedError
from lti_tool.platforms.models import AccessToken, Registration
from lti_tool.platforms.rules import measure_lead

REFRESH_BEFORE = timedelta(seconds=60)
# Platforms whose clock is behind ours refuse an assertion from their future.
BACK_DATED = timedelta(seconds=5)
ASSERTION_LIFETIME = timedelta(seconds=60)
DEFAULT_LIFETIME = timedelta(hours=1)
# Whoever asks has this long; then somebody else may, as if it had died.
LEASE = timedelta(seconds=12)
_SECONDS = 10.0  # whatever the operator's are: within the lease
_POLL_SECONDS = 0.1
_REFUSALS = frozenset({400, 401, 403})
_MAX_BYTES = 64_000
_MOST_OF_ERROR = 80
# Of a token that is said to live for longer nobody relies on that.
_LONGEST_LIFETIME = timedelta(days=1)

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str
    usable_until: datetime


_kept: dict[tuple[RegistrationId, str], _Kept] = {}


def access_token(registration_id: RegistrationId, scopes: Sequence[str]) -> str:
    """Return a token that holds for another while, asking the platform if there is none.

    Calls the platform, so never inside a transaction. Of many that ask at once, in whatever
    process, one does; the others wait for it.

    Raises:
        TokenRefusedError: the platform says no, or grants less than these scopes.
        OutboundFailedError: it does not answer, or not with a token. Temporary.
        OutboundRefusedError: its address is not one we may call.
        NotFoundError: there is no such registration.
    """
    words = " ".join(sorted(set(scopes)))
    deadline = time.monotonic() + LEASE.total_seconds()
    while True:
        found = _find(registration_id, words)
        if found is not None:
            return found
        if _take_lease(registration_id, words):
            return _ask(registration_id, words)
        if time.monotonic() > deadline:
            raise http.OutboundFailedError(
                phrase("Another process waits for this token, too long.")
            )
        time.sleep(_POLL_SECONDS)


def probe(registration_id: RegistrationId, scopes: Sequence[str]) -> str:
    """Ask for a token past what is kept, to see how the platform answers; return it.

    Raises:
        TokenRefusedError: the platform says no, or grants less than these scopes.
        OutboundFailedError: it does not answer, or not with a token. Temporary.
        OutboundRefusedError: its address is not one we may call.
    """
    with system_transaction() as session:
        registration = queries.get_registration(session, registration_id)
    token, _ = _request(registration, " ".join(sorted(set(scopes))))
    return token


def forget_token(registration_id: RegistrationId, scopes: Sequence[str], token: str) -> None:
    """Drop a token that the platform no longer takes; one fetched meanwhile stays."""
    words = " ".join(sorted(set(scopes)))
    kept = _kept.get((registration_id, words))
    if kept is not None and kept.token == token:
        del _kept[registration_id, words]
    with system_transaction() as session:
        row = session.get(AccessToken, (registration_id, words), with_for_update=True)
        if row is not None and row.token_encrypted is not None:
            stored = keys.unseal(row.token_encrypted, bound_to=_place(registration_id, words))
            if stored.decode() == token:
                session.delete(row)


def forget_all() -> None:
    """Forget what this process keeps; the database still remembers. For tests."""
    _kept.clear()


def _find(registration_id: RegistrationId, words: str) -> str | None:
    now = clock.now()
    kept = _kept.get((registration_id, words))
    if kept is not None and kept.usable_until > now:
        return kept.token
    with system_transaction() as session:
        row = session.execute(
            select(AccessToken.token_encrypted, AccessToken.usable_until).where(
                *_row(registration_id, words), AccessToken.usable_until > now
            )
        ).one_or_none()
    if row is None or row.token_encrypted is None or row.usable_until is None:
        return None
    token = keys.unseal(row.token_encrypted, bound_to=_place(registration_id, words)).decode()
    _kept[registration_id, words] = _Kept(token, row.usable_until)
    return token


def _take_lease(registration_id: RegistrationId, words: str) -> bool:
    """Become the one who asks, unless somebody else is, or already got a token."""
    now = clock.now()
    lease = insert(AccessToken).values(registration_id=registration_id, scopes=words, asked_at=now)
    with system_transaction() as session:
        queries.get_registration(session, registration_id)
        taken = session.execute(
            lease.on_conflict_do_update(
                index_elements=["registration_id", "scopes"],
                set_={"asked_at": now, "token_encrypted": None, "usable_until": None},
                where=or_(
                    AccessToken.usable_until <= now,
                    AccessToken.usable_until.is_(None) & (AccessToken.asked_at <= now - LEASE),
                ),
            ).returning(AccessToken.scopes)
        ).one_or_none()
    return taken is not None


def _ask(registration_id: RegistrationId, words: str) -> str:
    answer: tuple[str, timedelta] | None = None
    try:
        with system_transaction() as session:
            registration = queries.get_registration(session, registration_id)
        began = time.monotonic()
        answer = _request(registration, words)
        took = time.monotonic() - began
    finally:
        if answer is None:  # so that the next one need not wait for the lease to end
            with system_transaction() as session:
                session.execute(delete(AccessToken).where(*_row(registration_id, words)))
    token, lifetime = answer
    usable_until = clock.now() + max(lifetime - REFRESH_BEFORE, lifetime / 2)
    sealed = keys.seal(token.encode(), bound_to=_place(registration_id, words))
    with system_transaction() as session:
        session.execute(
            update(AccessToken)
            .where(*_row(registration_id, words))
            .values(token_encrypted=sealed, usable_until=usable_until, took_seconds=took)
        )
    _kept[registration_id, words] = _Kept(token, usable_until)
    return token


def _request(registration: Registration, words: str) -> tuple[str, timedelta]:
    with http.client(max_bytes=_MAX_BYTES, timeout_seconds=_SECONDS) as client:
        response = _post(client, registration, words, clock.now())
        if response.status_code in _REFUSALS:
            lead = measure_lead(response.headers, clock.now())
            if lead is not None and abs(lead) > BACK_DATED:
                # Our clock is wrong, or theirs: the assertion was of tomorrow, or over.
                log.warning("clocks_differ", registration_id=str(registration.id), lead=str(lead))
                response = _post(client, registration, words, clock.now() - lead)
    document = _json_of(response)
    if response.status_code in _REFUSALS:
        error = quoted(str(document.get("error", response.status_code)), _MOST_OF_ERROR)
        log.warning("token_refused", registration_id=str(registration.id), error=error)
        raise TokenRefusedError(f"{registration.name}: “{error}”")
    token, lifetime = document.get("access_token"), document.get("expires_in")
    if not response.is_success or not isinstance(token, str) or not token.isascii() or not token:
        raise http.OutboundFailedError(
            phrase(
                "%(name)s gave no token.",
                name=registration.name,
            ),
            status=response.status_code,
        )
    granted = document.get("scope")
    if isinstance(granted, str) and granted and not set(words.split()) <= set(granted.split()):
        raise TokenRefusedError(
            phrase(
                "%(name)s does not grant all of: %(words)s",
                name=registration.name,
                words=words,
            )
        )
    if not isinstance(lifetime, int) or lifetime <= 0:
        return token, DEFAULT_LIFETIME
    return token, timedelta(seconds=min(lifetime, int(_LONGEST_LIFETIME.total_seconds())))


def _post(
    client: httpx.Client, registration: Registration, words: str, now: datetime
) -> httpx.Response:
    """Ask for a token with an assertion of `now`, the platform's as far as we know it."""
    audience = quirks.audience(
        registration.product, registration.token_audience, registration.token_url
    )
    issued_at = int((now - BACK_DATED).timestamp())
    assertion = tool_keys.sign(
        {
            "iss": registration.client_id,
            "sub": registration.client_id,
            "aud": audience,
            "iat": issued_at,
            "exp": issued_at + int((BACK_DATED + ASSERTION_LIFETIME).total_seconds()),
            "jti": str(uuid4()),
        }
    )
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
        "scope": words,
    }
    return client.post(registration.token_url, data=form, headers={"Accept": "application/json"})


def _json_of(response: httpx.Response) -> dict[str, Any]:
    try:
        document = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _row(registration_id: RegistrationId, words: str) -> tuple[ColumnElement[bool], ...]:
    return AccessToken.registration_id == registration_id, AccessToken.scopes == words


def _place(registration_id: RegistrationId, words: str) -> bytes:
    return b"access_tokens" + registration_id.bytes + words.encode()
