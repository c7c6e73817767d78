"""Logins under way: what the browser brings back, and that it does so once.

A login leaves no row behind, so strangers fill no table. Its state says until when it is good; its
cookie what it was for, with a keyed MAC over both: state and cookie come from one login of ours, in
the browser that has the cookie, or they are nothing (Security Framework 1.0 §5.1.1.5). That a
state is used once is a row, written by whoever uses it first: by a launch, or by what the platform
signed and we refused. What it did not sign opens nothing and uses nothing up.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from lti_tool.core import clock, keys, settings
from lti_tool.core.db import run_alone
from lti_tool.core.driver import statement
from lti_tool.core.ids import RegistrationId
from lti_tool.core.language import phrase
from lti_tool.core.secret import hash_of, new_secret
from lti_tool.launch.errors import (
    AmbiguousPlatformError,
    LaunchUsedError,
    LoginIncompleteError,
    OtherBrowserError,
    UnknownPlatformError,
)
from lti_tool.launch.session import PREFIX
from lti_tool.platforms import known
from lti_tool.platforms.rules import origin_of

LIFETIME: Final = timedelta(minutes=10)
LAUNCH_PATH: Final = "/lti/launch"
_PURPOSE: Final = "login"
_ID_BYTES, _HASH_BYTES, _TIME_BYTES, _RANDOM_BYTES = 16, 32, 4, 28

# Neither waits for the disk: a database that is killed may forget that somebody just came in, and
# that they did by this login.
_IS_USED = statement("SELECT 1 FROM used_logins WHERE state_hash = :state_hash")
_USE = statement("""
    INSERT INTO used_logins (state_hash, expires_at) VALUES (:state_hash, :expires_at)
    ON CONFLICT DO NOTHING
    RETURNING set_config('synchronous_commit', 'off', true)
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a platform asked for; the fields are those of the specification.

    Attributes:
        registration_id: when the login address was one registration's own.
    """

    issuer: str
    client_id: str | None
    registration_id: RegistrationId | None
    login_hint: str
    message_hint: str | None
    target_link_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedLogin:
    """Where to send the browser, and the cookie it has to bring back with the answer."""

    auth_url: str
    cookie_name: str
    cookie_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredLogin:
    """A login whose state and cookie came back together and in time. Whether again is not told.

    Attributes:
        state_hash: by which its use is remembered, until `expires_at`.
        nonce_hash: SHA-256 of the nonce sent along.
        target_link_hash: SHA-256 of the address the platform wanted opened.
    """

    registration_id: RegistrationId
    state_hash: bytes
    nonce_hash: bytes
    target_link_hash: bytes
    expires_at: datetime


def begin(login: Login) -> StartedLogin:
    """Say where to send the browser for the answer, and what it has to keep until then.

    Raises:
        LoginIncompleteError: the link asked for is not one of ours.
        UnknownPlatformError: no registration for this issuer and client id.
        AmbiguousPlatformError: several, and the login does not say which.
    """
    current = settings.current()
    if origin_of(login.target_link_url) != origin_of(current.base_url):
        raise LoginIncompleteError(
            phrase("It asked for an address that is not Cairn's (target_link_uri).")
        )
    found = known.clients(login.issuer, login.client_id, login.registration_id)
    if not found:
        raise UnknownPlatformError
    if len(found) > 1:
        raise AmbiguousPlatformError
    (client,) = found
    state, nonce = _new_state(clock.now() + LIFETIME), new_secret()
    query = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": client.client_id,
        "redirect_uri": current.base_url + LAUNCH_PATH,
        "login_hint": login.login_hint,
        "state": state,
        "nonce": nonce,
    }
    if login.message_hint is not None:
        query["lti_message_hint"] = login.message_hint
    kept = client.registration_id.bytes + hash_of(nonce) + hash_of(login.target_link_url)
    tag = keys.mac(_PURPOSE, state.encode(), kept)
    return StartedLogin(
        auth_url=_with_query(client.auth_url, query),
        cookie_name=cookie_name(state),
        cookie_value=_encoded(kept + tag),
    )


def cookie_name(state: str) -> str:
    """Return the name of a login's cookie: one each, for several may be under way at once."""
    return f"{PREFIX}login-{hash_of(state).hex()[:16]}"


def answered(state: str, cookie: str | None) -> AnsweredLogin:
    """Read back what a login was for.

    Raises:
        LaunchUsedError: no state of ours, older than 10 minutes, or used; which is not told.
        OtherBrowserError: the login's cookie did not come back.
    """
    expires_at = _expiry_of(state)
    if expires_at is None or expires_at <= clock.now():
        raise LaunchUsedError
    raw = _decoded(cookie or "", 2 * _HASH_BYTES + _ID_BYTES + _HASH_BYTES)
    kept, tag = raw[:-_HASH_BYTES], raw[-_HASH_BYTES:]
    if not raw or not keys.mac_matches(tag, _PURPOSE, state.encode(), kept):
        # Its cookie is gone once a login was used: somebody came back by their history.
        if run_alone(_IS_USED, {"state_hash": hash_of(state)}):
            raise LaunchUsedError
        raise OtherBrowserError
    return AnsweredLogin(
        registration_id=RegistrationId(UUID(bytes=kept[:_ID_BYTES])),
        state_hash=hash_of(state),
        nonce_hash=kept[_ID_BYTES:-_HASH_BYTES],
        target_link_hash=kept[-_HASH_BYTES:],
        expires_at=expires_at,
    )


def use_up(login: AnsweredLogin) -> None:
    """End a login whose answer the platform signed, and which opens nothing.

    Raises:
        LaunchUsedError: it was used before.
    """
    values = {"state_hash": login.state_hash, "expires_at": login.expires_at}
    if not run_alone(_USE, values):
        raise LaunchUsedError


def _new_state(expires_at: datetime) -> str:
    until = int(expires_at.timestamp()).to_bytes(_TIME_BYTES)
    return _encoded(until + secrets.token_bytes(_RANDOM_BYTES))


def _expiry_of(state: str) -> datetime | None:
    raw = _decoded(state, _TIME_BYTES + _RANDOM_BYTES)
    return datetime.fromtimestamp(int.from_bytes(raw[:_TIME_BYTES]), UTC) if raw else None


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str, size: int) -> bytes:
    """Return the bytes `_encoded` made `text` of; nothing for any other text."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
    # Also padding, blanks and bits beyond the last byte: of each value there is one text.
    same = len(raw) == size and hmac.compare_digest(_encoded(raw).encode(), text.encode())
    return raw if same else b""


def _with_query(url: str, query: dict[str, str]) -> str:
    parts = urlsplit(url)
    merged = [*parse_qsl(parts.query, keep_blank_values=True), *query.items()]
    return parts._replace(query=urlencode(merged)).geturl()
