"""The addresses a platform knows: login, launch, our keys.

Whether cookies come back is found out at the login, before the platform's one-time hint is spent:
a first answer sets one and leads to a second address, which sees whether it returned. Where it did
not, the page offers a new window. All of it works without scripts.
"""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from flask import url_for as address_of
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from lti_tool.core import keys, logs, metrics, settings, speaking, web
from lti_tool.core.db import uuid_or_none
from lti_tool.core.errors import ToolError
from lti_tool.core.ids import RegistrationId
from lti_tool.core.language import phrase
from lti_tool.core.quoting import quoted
from lti_tool.launch import logins, services
from lti_tool.launch.claims import MAX_TEXT
from lti_tool.launch.errors import (
    LaunchUsedError,
    LoginIncompleteError,
    MessageRefusedError,
    PlatformRefusedError,
    Reason,
)
from lti_tool.launch.forms import LoginRequest
from lti_tool.launch.refusals import note_refusal
from lti_tool.launch.rules import return_address
from lti_tool.launch.session import PREFIX, end_cookie, remember, set_cookie
from lti_tool.platforms.errors import KeySetUnreachableError

PROBE = f"{PREFIX}probe"
_KEYS_SECONDS = 300
_SPENT = "launch_no_longer_valid"  # Canvas' code; for people it needs a sentence

blueprint = Blueprint("launch", __name__, url_prefix="/lti")
log = logs.get(__name__)


@blueprint.before_request
def _show_errors_in_frames() -> None:
    """Let what these addresses show be seen in whatever page asked: it carries no authority.

    A refusal too, of a message of whatever site: a frame that stays empty tells nobody why. There
    is nothing on such a page to be led by the nose with: no form, no secret, one way back.
    """
    web.frame_ancestors(("*",))


@blueprint.route("/login", methods=["GET", "POST"])
@blueprint.route("/login/<uuid:registration_id>", methods=["GET", "POST"])
def login(registration_id: UUID | None = None) -> ResponseReturnValue:
    """Take a platform's login; send it on at once if this browser is known to return cookies."""
    form = _login_request()
    if any(name.startswith(PREFIX) for name in request.cookies):
        return _to_platform(form, registration_id)
    query = form.parameters()
    if registration_id is not None:
        query["registration"] = str(registration_id)
    if "window" in request.args:
        query["window"] = "new"
    response = redirect(f"{address_of('.check_cookie')}?{urlencode(query)}", 303)
    set_cookie(response, PROBE, "1")
    return response


@blueprint.get("/login/check")
def check_cookie() -> ResponseReturnValue:
    """See whether the cookie came back; without it, offer a window of our own."""
    form = _login_request()
    registration_id = uuid_or_none(request.args.get("registration", ""))
    if PROBE in request.cookies:
        return _to_platform(form, registration_id)
    log.info("cookie_lost", window="window" in request.args)
    again: dict[str, Any] = {**form.parameters(), "window": "new"}
    login_url = address_of(".login", registration_id=registration_id, **again)
    return render_template(
        "launch/new_window.html",
        login_url=login_url,
        address=settings.current().base_url + login_url,
        in_new_window="window" in request.args,
    )


def _login_request() -> LoginRequest:
    # A platform may post to a login address that has a query of its own.
    try:
        return LoginRequest.model_validate(request.args.to_dict() | request.form.to_dict())
    except ValidationError as error:
        missing = ", ".join(str(each["loc"][0]) for each in error.errors())
        raise LoginIncompleteError(
            phrase(
                "Missing or too long: %(missing)s.",
                missing=missing,
            )
        ) from error


def _to_platform(form: LoginRequest, registration_id: UUID | None) -> ResponseReturnValue:
    started = logins.begin(
        logins.Login(
            issuer=form.iss,
            client_id=form.client_id,
            registration_id=RegistrationId(registration_id) if registration_id else None,
            login_hint=form.login_hint,
            message_hint=form.lti_message_hint,
            target_link_url=form.target_link_uri,
        )
    )
    response = Response(status=302, headers={"Location": started.auth_url})
    set_cookie(
        response,
        started.cookie_name,
        started.cookie_value,
        max_age=int(logins.LIFETIME.total_seconds()),
    )
    return response


@blueprint.get("/launch")
def explain_launch() -> ResponseReturnValue:
    """Say to somebody who came back here by their history that this address works once."""
    raise LaunchUsedError


@blueprint.post("/launch")
def launch() -> ResponseReturnValue:
    """Take the platform's answer, open a session and show the page for the message."""
    facts: dict[str, Any] = {}
    try:
        response = _launch(facts)
    except HTTPException as error:  # no form that could be read, or one too large
        log.info("launch", outcome="refused", code=f"http_{error.code}", **facts)
        metrics.count("cairn_launches", outcome=f"http_{error.code}")
        raise
    except ToolError as error:
        log.info("launch", outcome="refused", code=error.code, **facts)
        web.refusal_is_logged()
        metrics.count("cairn_launches", outcome=error.code)
        error.return_url = _way_back(error)
        raise
    log.info("launch", outcome="opened", **facts)
    metrics.count("cairn_launches", outcome="opened")
    return response


def _way_back(error: ToolError) -> str | None:
    """Return where the person came from, with what happened, if the platform said where."""
    url = services.web_address(error.return_url)
    return url and return_address(url, message=speaking.say(error.title), code=error.code)


def _launch(facts: dict[str, Any]) -> Response:
    """Do the launch; `facts` collects what its log line says, ids only."""
    # RFC 6749 §3.1: none of them twice, for others might read another one than we do.
    if any(len(request.form.getlist(name)) > 1 for name in ("state", "id_token", "error")):
        raise MessageRefusedError(Reason.INCOMPLETE)
    state, id_token = request.form.get("state", ""), request.form.get("id_token", "")
    refusal = request.form.get("error")
    if not state or not (id_token or refusal):
        raise MessageRefusedError(Reason.INCOMPLETE)
    cookie = logins.cookie_name(state)
    login = logins.answered(state, request.cookies.get(cookie))
    platform = services.known_to(login, id_token)
    facts["registration_id"] = str(platform.registration_id)
    try:
        if refusal:
            facts["platform_error"] = refusal[:80]
            raise PlatformRefusedError(_quoted(platform.name, refusal))
        opened = services.open_launch(login, platform, id_token)
    except LaunchUsedError:
        raise
    except ToolError as error:
        if _is_of_platform(error):
            logins.use_up(login)
        note_refusal(platform.registration_id, services.institution_of(platform), error.code)
        raise
    facts |= {
        "launch_id": str(opened.launch_id),
        "institution_id": str(opened.institution_id),
        "message_type": opened.message_type,
        "age_seconds": round(opened.age_seconds, 1),
    }
    if opened.ignored_claims:
        facts["ignored_claims"] = list(opened.ignored_claims)
    if opened.other_guid is not None:
        facts["other_guid"] = opened.other_guid
    page = web.launch_url(web.page(opened.message_type), opened.launch_id)
    response = Response(status=303, headers={"Location": page})
    end_cookie(response, cookie)
    remember(response, opened.launch_id, opened.institution_id, opened.secret)
    return response


def _is_of_platform(error: ToolError) -> bool:
    """Say whether the answer that failed was the platform's: its use of the login counts.

    Anybody may begin a login and answer it with an `error` or a token of no key of the platform's.
    That opens nothing, however often it is sent; and there should be no row of it.
    """
    if isinstance(error, MessageRefusedError):
        return error.is_signed
    return not isinstance(error, PlatformRefusedError | KeySetUnreachableError)


def _quoted(name: str, refusal: str) -> str:
    """Say what the platform said; the browser is the one that began, so nobody put it there."""
    words = request.form.get("error_description")
    if not words and refusal == _SPENT:
        return phrase(
            "%(name)s says that this way in was used before, or is too old (%(code)s).",
            name=name,
            code=_SPENT,
        )
    words = words or refusal
    return f"{name}: “{quoted(words, MAX_TEXT)}”"


@blueprint.get("/jwks.json")
def show_keys() -> ResponseReturnValue:
    """Publish the keys by which platforms know our messages (RFC 7517)."""
    response = jsonify(keys=[key.public_jwk for key in keys.published("lti")])
    response.cache_control.public = True
    response.cache_control.max_age = _KEYS_SECONDS
    return response
