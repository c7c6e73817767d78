"""Access tokens for services, and the platform's public keys.

Security Framework 1.0 §4.1: client credentials with a JWT assertion (RFC 7523).
"""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from sqlalchemy import Connection, text

from lti_tool.campus import clock, queries
from lti_tool.campus.database import digest, log_message
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.records import Tool
from lti_tool.campus.runtime import campus

blueprint = Blueprint("tokens", __name__)

_LIFETIME_S: Final = 3600
_LONGEST_ASSERTION_S: Final = 3600
_OLDEST_S: Final = 3600
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_KEEP = text(
    "INSERT INTO access_tokens (digest, client_id, scopes, expires_at)"
    " VALUES (:digest, :client_id, :scopes, :expires_at)"
)
_FORGET = text(
    "WITH tokens AS (DELETE FROM access_tokens WHERE expires_at < :now)"
    " DELETE FROM used_values WHERE expires_at < :now"
)
_TOKEN = text("SELECT client_id, scopes, expires_at FROM access_tokens WHERE digest = :digest")
_USE = text(
    "INSERT INTO used_values (client_id, kind, digest, expires_at)"
    " VALUES (:client_id, :kind, :digest, :expires_at) ON CONFLICT DO NOTHING"
)


@blueprint.get("/lti/jwks")
def show_keys() -> ResponseReturnValue:
    """Publish the keys that verify launches."""
    status = campus().faults.jwks_status
    if status is not None:
        raise RefusalError(status, "unavailable", "The key set cannot be had at the moment.")
    return jsonify(campus().keys.public("lti", but_newest=campus().faults.missing_key))


@blueprint.post("/lti/token")
def issue_token() -> ResponseReturnValue:
    """Exchange a signed assertion for a token of an hour."""
    status = campus().faults.token_status
    if status is not None:
        raise RefusalError(status, "server_error", "Tokens cannot be had at the moment.")
    if request.mimetype != "application/x-www-form-urlencoded":
        raise RefusalError(400, "invalid_request", "send a form (x-www-form-urlencoded)")
    if request.form.get("grant_type") != "client_credentials":
        message = "grant_type must be client_credentials"
        raise RefusalError(400, "unsupported_grant_type", message)
    if request.form.get("client_assertion_type") != _ASSERTION_TYPE:
        message = f"client_assertion_type must be {_ASSERTION_TYPE}"
        raise RefusalError(400, "invalid_request", message)
    tool = _authenticate(request.form.get("client_assertion", ""))
    scopes = _grant(tool, request.form.get("scope", "").split())
    token = secrets.token_urlsafe(32)
    now = clock.now()
    values = {
        "digest": digest(token),
        "client_id": tool.client_id,
        "scopes": scopes,
        "expires_at": now + timedelta(seconds=_LIFETIME_S),
    }
    with campus().engine.begin() as connection:
        connection.execute(_FORGET, {"now": now})
        connection.execute(_KEEP, values)
    _log(tool, "granted", scopes)
    body = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": _LIFETIME_S,
        "scope": " ".join(scopes),
    }
    return jsonify(body)


def check_bearer(connection: Connection, tool: Tool, *scopes: str) -> None:
    """Let the request pass if its token is the tool's and has one of `scopes`.

    Raises:
        RefusalError: 401 for a token that is none, 403 for one that does not reach.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RefusalError(401, "invalid_token", "there is no bearer token")
    row = connection.execute(_TOKEN, {"digest": digest(token)}).one_or_none()
    if row is None or row.expires_at < clock.now():
        raise RefusalError(401, "invalid_token", "the access token is unknown or has expired")
    if row.client_id != tool.client_id:
        raise RefusalError(403, "insufficient_scope", "the token is of another tool")
    if not set(scopes) & set(row.scopes):
        message = f"the token lacks the scope {' or '.join(scopes)}"
        raise RefusalError(403, "insufficient_scope", message)


def check_times(claims: Mapping[str, object]) -> None:
    """Check `iat` and `exp` of a message a tool signed.

    Raises:
        RefusalError: one is missing, the token is from the future, old or expired.
    """
    now = clock.now().timestamp()
    leeway_s = campus().settings.personality.assertion_leeway_s
    issued_at, expires_at = _seconds(claims, "iat"), _seconds(claims, "exp")
    if issued_at > now + leeway_s:
        ahead = round(issued_at - now)
        raise RefusalError(400, "invalid_client", f"iat lies {ahead} s in the future")
    if issued_at < now - _OLDEST_S:
        raise RefusalError(400, "invalid_client", "iat is more than an hour ago")
    if expires_at <= now:
        raise RefusalError(400, "invalid_client", "exp has passed")
    if expires_at - issued_at > _LONGEST_ASSERTION_S:
        raise RefusalError(400, "invalid_client", "exp is more than an hour after iat")


def use_once(
    connection: Connection, client_id: str, kind: str, value: str, *, until: datetime
) -> bool:
    """Note that a client used a value; False if it had before."""
    values = {
        "client_id": client_id,
        "kind": kind,
        "digest": digest(value),
        "expires_at": until,
    }
    return connection.execute(_USE, values).rowcount == 1


def _authenticate(assertion: str) -> Tool:
    claimed = _claimed_issuer(assertion)
    with campus().engine.begin() as connection:
        tool = queries.find_client(connection, claimed)
    if tool is None:
        raise RefusalError(400, "invalid_client", "no tool is registered with this iss")
    _, claims = campus().tool_keys.verify(tool, assertion)
    if claims.get("sub") != tool.client_id:
        raise RefusalError(400, "invalid_client", "sub is not the client_id")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    wanted = campus().settings.personality.token_audience or campus().url("/lti/token")
    if wanted not in audiences:
        message = f"aud must be {wanted}"
        raise RefusalError(400, "invalid_client", message)
    check_times(claims)
    identifier = claims.get("jti")
    if not isinstance(identifier, str) or not identifier:
        raise RefusalError(400, "invalid_client", "jti is missing")
    until = datetime.fromtimestamp(_seconds(claims, "exp"), UTC)
    with campus().engine.begin() as connection:
        if not use_once(connection, tool.client_id, "jti", identifier, until=until):
            raise RefusalError(400, "invalid_client", "the jti was used before")
    return tool


def _claimed_issuer(assertion: str) -> str:
    """Read who the assertion says it is from, before its signature can be checked."""
    registry = JWSRegistry(algorithms=["RS256"])
    registry.max_header_length = 8192
    try:
        payload = jws.extract_compact(assertion.encode(), registry=registry).payload
        claims = json.loads(payload)
    except (JoseError, ValueError) as problem:
        message = f"client_assertion is no JWT: {problem}"
        raise RefusalError(400, "invalid_client", message) from problem
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else ""


def _grant(tool: Tool, asked: list[str]) -> list[str]:
    granted = [scope for scope in asked if scope in tool.scopes]
    strict = not campus().settings.personality.drops_unknown_scopes
    refused = sorted(set(asked) - set(granted))
    if not granted or (refused and strict):
        message = f"not granted to this tool: {' '.join(refused) or '(no scope was asked for)'}"
        raise RefusalError(400, "invalid_scope", message)
    return granted


def _seconds(claims: Mapping[str, object], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusalError(400, "invalid_client", f"{name} is missing or no number")
    return value


def _log(tool: Tool, outcome: str, scopes: list[str]) -> None:
    log_message(
        campus().engine,
        direction="received",
        kind="token request",
        outcome=outcome,
        detail={"tool": tool.name, "scopes": scopes},
    )
