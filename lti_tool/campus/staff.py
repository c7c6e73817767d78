"""Staff sign-in: Campus as an OpenID provider, issuer `<base_url>/oidc`.

OpenID Connect Core 1.0, authorization code flow; PKCE by RFC 7636, S256 only.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final
from urllib.parse import unquote_plus, urlencode, urlsplit

from flask import Blueprint, jsonify, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, Row, text

from lti_tool.campus import clock, queries
from lti_tool.campus.database import digest, log_message
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.records import Person
from lti_tool.campus.runtime import campus
from lti_tool.campus.web import find_persona

blueprint = Blueprint("staff", __name__, url_prefix="/oidc")
api = Blueprint("staff_api", __name__, url_prefix="/oidc")

_CODE_LIFETIME: Final = timedelta(seconds=60)
_TOKEN_LIFETIME_S: Final = 600
_CLIENT = text(
    "SELECT client_id, secret_digest, redirect_uri FROM staff_clients WHERE client_id = :id"
)
_KEEP_CODE = text(
    "INSERT INTO staff_codes (digest, client_id, person_id, redirect_uri, nonce, code_challenge,"
    " expires_at) VALUES (:digest, :client_id, :person, :redirect_uri, :nonce, :challenge,"
    " :expires_at)"
)
_CODE = text("SELECT * FROM staff_codes WHERE digest = :digest FOR UPDATE")
_SPEND_CODE = text("UPDATE staff_codes SET used_at = :now WHERE digest = :digest")
_KEEP_TOKEN = text(
    "INSERT INTO staff_tokens (digest, code_digest, person_id, expires_at)"
    " VALUES (:digest, :code_digest, :person, :expires_at)"
)
_REVOKE = text("DELETE FROM staff_tokens WHERE code_digest = :digest")
_TOKEN = text("SELECT person_id FROM staff_tokens WHERE digest = :digest AND expires_at > :now")


@api.get("/.well-known/openid-configuration")
def show_configuration() -> ResponseReturnValue:
    """Describe the provider (OpenID Connect Discovery 1.0 §4)."""
    issuer = _issuer()
    return jsonify(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": f"{issuer}/jwks",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": ["sub", "name", "given_name", "family_name", "email", "roles"],
        }
    )


@api.get("/jwks")
def show_keys() -> ResponseReturnValue:
    """Publish the keys that verify staff id_tokens; others than those for launches."""
    return jsonify(campus().keys.public("staff"))


@blueprint.route("/authorize", methods=["GET", "POST"])
def authorize() -> ResponseReturnValue:
    """Send a code back for who is signed in, or let them choose who to sign in as.

    Who has a desk (registrar, administrator) goes straight through; anybody else is asked,
    since in the demo one person plays them all.
    """
    asked = request.args
    redirect_uri = asked.get("redirect_uri", "")
    chosen = request.form.get("as", type=int) if request.method == "POST" else None
    with campus().engine.begin() as connection:
        client = connection.execute(_CLIENT, {"id": asked.get("client_id", "")}).one_or_none()
        if client is None or client.redirect_uri != redirect_uri:
            message = "No relying party is registered with this client_id and redirect_uri."
            raise RefusalError(400, "invalid_request", message)
        try:
            _check_request()
            person = _choose(connection, chosen)
        except RefusalError as refusal:
            return _send_back(redirect_uri, error=refusal.code, error_description=refusal.message)
        if person is None:
            staff = [one for one in queries.list_people(connection) if one.kind != "student"]
            staff.sort(key=lambda one: one.kind != "registrar")
            persona = find_persona(connection)
            return render_template("sign_in.html", staff=staff, persona=persona)
        code = secrets.token_urlsafe(24)
        values = {
            "digest": digest(code),
            "client_id": client.client_id,
            "person": person.id,
            "redirect_uri": redirect_uri,
            "nonce": asked.get("nonce"),
            "challenge": asked.get("code_challenge"),
            "expires_at": clock.now() + _CODE_LIFETIME,
        }
        connection.execute(_KEEP_CODE, values)
    _log("signed in", {"name": person.name, "roles": [person.kind]})
    return _send_back(redirect_uri, code=code)


@api.post("/token")
def issue_tokens() -> ResponseReturnValue:
    """Exchange a code, once, for an id_token and an access token."""
    if request.form.get("grant_type") != "authorization_code":
        message = "grant_type must be authorization_code"
        raise RefusalError(400, "unsupported_grant_type", message)
    code = digest(request.form.get("code", ""))
    access_token, now = secrets.token_urlsafe(32), clock.now()
    with campus().engine.begin() as connection:
        client_id = _authenticate(connection)
        grant = connection.execute(_CODE, {"digest": code}).one_or_none()
        reused = grant is not None and grant.used_at is not None
        if reused:  # RFC 6749 §4.1.2: somebody else may have had it first
            connection.execute(_REVOKE, {"digest": code})
        person = None if reused else _redeem(connection, grant, client_id)
        if grant is not None and person is not None:
            connection.execute(_SPEND_CODE, {"digest": code, "now": now})
            values = {
                "digest": digest(access_token),
                "code_digest": code,
                "person": person.id,
                "expires_at": now + timedelta(seconds=_TOKEN_LIFETIME_S),
            }
            connection.execute(_KEEP_TOKEN, values)
    if grant is None or person is None:
        raise RefusalError(400, "invalid_grant", "the code is unknown, used, expired or not yours")
    issued_at = int(now.timestamp()) + campus().faults.clock_skew_s
    claims: dict[str, object] = {
        "iss": _issuer(),
        "aud": client_id,
        "iat": issued_at,
        "exp": issued_at + _TOKEN_LIFETIME_S,
        "auth_time": issued_at,
        **_claims(person),
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    return jsonify(
        {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": _TOKEN_LIFETIME_S,
            "scope": "openid profile email",
            "id_token": campus().keys.sign("staff", claims),
        }
    )


@api.get("/userinfo")
def show_user() -> ResponseReturnValue:
    """Return the claims of who the access token was issued for."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    values = {"digest": digest(token), "now": clock.now()}
    with campus().engine.begin() as connection:
        person_id = connection.execute(_TOKEN, values).scalar_one_or_none()
        person = None if person_id is None else queries.find_person(connection, person_id)
    if scheme.lower() != "bearer" or person is None:
        raise RefusalError(401, "invalid_token", "the access token is unknown or has expired")
    return jsonify(_claims(person))


def _check_request() -> None:
    asked = request.args
    if asked.get("response_type") != "code":
        raise RefusalError(400, "unsupported_response_type", "response_type must be code")
    if "openid" not in asked.get("scope", "").split():
        raise RefusalError(400, "invalid_scope", "scope must contain openid")
    if "code_challenge" in asked and asked.get("code_challenge_method") != "S256":
        raise RefusalError(400, "invalid_request", "code_challenge_method must be S256")


def _choose(connection: Connection, chosen: int | None) -> Person | None:
    """Return who signs in; None if they have to be asked."""
    if chosen is not None:
        person = queries.find_person(connection, chosen)
        if person is None:
            raise RefusalError(400, "access_denied", "there is no such person")
        session["person_id"] = person.id
        return person
    prompts = request.args.get("prompt", "").split()
    persona = find_persona(connection)
    ready = persona is not None and persona.kind in {"registrar", "administrator"}
    if ready and not {"login", "select_account"} & set(prompts):
        return persona
    if "none" in prompts:
        raise RefusalError(400, "login_required", "nobody of the staff is signed in")
    return None


def _authenticate(connection: Connection) -> str:
    """Return the client that proved itself: by HTTP Basic or in the form, not both."""
    client_id = request.form.get("client_id", "")
    secret = request.form.get("client_secret", "")
    header = request.headers.get("Authorization", "")
    if header:
        if secret:
            raise RefusalError(400, "invalid_request", "authenticate in one way only")
        client_id, secret = _basic(header)
    client = connection.execute(_CLIENT, {"id": client_id}).one_or_none()
    if client is None or not hmac.compare_digest(client.secret_digest, digest(secret)):
        raise RefusalError(401, "invalid_client", "client_id or client_secret is wrong")
    return client_id


def _basic(header: str) -> tuple[str, str]:
    try:
        decoded = base64.b64decode(header.removeprefix("Basic "), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as problem:
        raise RefusalError(
            401, "invalid_client", "the Basic credentials cannot be read"
        ) from problem
    client_id, _, secret = decoded.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)  # RFC 6749 §2.3.1


def _redeem(
    connection: Connection, grant: Row[tuple[object, ...]] | None, client_id: str
) -> Person | None:
    if grant is None or grant.expires_at < clock.now() or grant.client_id != client_id:
        return None
    if grant.redirect_uri != request.form.get("redirect_uri"):
        return None
    verifier = request.form.get("code_verifier", "")
    if grant.code_challenge is None:
        return None if verifier else queries.find_person(connection, grant.person_id)
    hashed = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
    if not hmac.compare_digest(challenge, grant.code_challenge):
        return None
    return queries.find_person(connection, grant.person_id)


def _send_back(redirect_uri: str, **answer: str) -> ResponseReturnValue:
    if "state" in request.args:
        answer["state"] = request.args["state"]
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return redirect(redirect_uri + joint + urlencode(answer), 303)


def _claims(person: Person) -> dict[str, object]:
    return {
        "sub": person.subject,
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "email": person.email,
        "email_verified": True,
        "roles": [person.kind],
    }


def _issuer() -> str:
    return campus().url("/oidc")


def _log(outcome: str, detail: dict[str, object]) -> None:
    log_message(
        campus().engine, direction="sent", kind="staff sign-in", outcome=outcome, detail=detail
    )
