"""Flask glue that no feature should repeat: errors, forms, CSRF, headers, static files."""

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from functools import cache, lru_cache, wraps
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import jinja2
from flask import (
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect

from lti_tool.core import exchange, keys, logs, metrics, settings, speaking
from lti_tool.core.errors import (
    ConflictError,
    DeniedError,
    InvalidRequestError,
    NotFoundError,
    TemporaryError,
    ToolError,
)
from lti_tool.core.exchange import refuse_nul, words_of
from lti_tool.core.language import phrase
from lti_tool.core.templating import Environment

STATUS_OF: dict[type[ToolError], int] = {
    InvalidRequestError: 400,
    DeniedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    TemporaryError: 503,
}
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_METHODS = _SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
_HEX = re.compile(r"(?:[0-9a-f]{2})+")
# What a source in a Content-Security-Policy may be made of: anything more could begin another
# directive, and some of these words are a platform's.
_SOURCE = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?|\*")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_NOBODY = "'none'"
_ANY_LAUNCH = "ffffffff-ffff-ffff-ffff-ffffffffffff"
STATIC = Path(__file__).parents[1] / "static"

log = logs.get(__name__)

Form = TypeVar("Form", bound=BaseModel)


class CrossSiteRequestError(DeniedError):
    """A form that one of our own pages did not send."""

    code = "cross_site_request"
    title = phrase("We could not be sure that you sent this")
    steps = (phrase("Go back to the page, reload it, and send it again."),)


def status_of(error: ToolError) -> int:
    """Return the HTTP status of the error's family, 500 for an unplaced one."""
    return next((s for f, s in STATUS_OF.items() if isinstance(error, f)), 500)


def read_form(form: type[Form], values: Any) -> Form:  # noqa: ANN401 - checked here
    """Check what a browser or platform sent.

    Raises:
        InvalidRequestError: naming every field that is wrong, not its value.
    """
    try:
        return form.model_validate(values)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, e["loc"])) or e["msg"] for e in error.errors())
        refused = InvalidRequestError(phrase("Please check: %(wrong)s.", wrong=wrong))
        refused.fields = list(dict.fromkeys(str(e["loc"][0]) for e in error.errors() if e["loc"]))
        raise refused from error


def bind_csrf(session_secret: str) -> None:
    """Tie this request's forms to a session. Called by whoever established the session."""
    g.csrf_binding = session_secret


def csrf_token() -> str:
    """Return the token for forms of this page; empty where there is no session."""
    binding = g.get("csrf_binding")
    return keys.mac("csrf", binding.encode()).hex() if binding else ""


def check_csrf() -> None:
    """Refuse a change that one of our own pages did not send.

    Called by the session guards once the session is known, so that the token can
    be compared.

    Raises:
        CrossSiteRequestError: foreign Origin, or no token of this session.
    """
    if request.method in _SAFE_METHODS:
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin != settings.current().origin:
        raise CrossSiteRequestError(phrase("The request came from another site."))
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    binding = g.get("csrf_binding")
    if not binding or not _HEX.fullmatch(sent):
        raise CrossSiteRequestError(phrase("The form had expired or was not ours."))
    # Under any secret that is kept: a page that was open when keys were rotated is still ours.
    if not keys.mac_matches(bytes.fromhex(sent), "csrf", binding.encode()):
        raise CrossSiteRequestError(phrase("The form had expired or was not ours."))


def frame_ancestors(origins: Sequence[str]) -> None:
    """Allow this response to be framed by these origins only. Default: nobody.

    What is no origin is left out.
    """
    g.frame_ancestors = tuple(filter(_SOURCE.fullmatch, origins))


def static_url(path: str) -> str:
    """Return the address of a static file, which changes with its content."""
    return f"/static/{path}?v={_fingerprint(path)}"


_fingerprints: dict[str, str] = {}


def _fingerprint(path: str) -> str:
    if path not in _fingerprints:
        digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()
        _fingerprints[path] = digest[:12]
    return _fingerprints[path]


def launch_url(endpoint: str, launch_id: object) -> str:
    """Return the address of a page of a launch, whose address has nothing else in it."""
    return _launch_address(endpoint).replace(_ANY_LAUNCH, str(launch_id))


@cache
def _launch_address(endpoint: str) -> str:
    return url_for(endpoint, launch_id=_ANY_LAUNCH)


def page(name: str) -> str:
    """Return the endpoint of a page above the caller's package, as `app` has mapped it.

    Lower packages hand over to pages they may not import: a launch to the page of
    its message type, a submitted attempt to its result.
    """
    pages: dict[str, str] = current_app.config["CAIRN_PAGES"]
    return pages[name]


def attachment(data: bytes, media_type: str, name: str) -> Response:
    """Answer with a file that people sent: saved, never shown, whatever it calls itself."""
    answer = Response(data, mimetype=media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def wants_json() -> bool:
    """Tell whether a script asked, which reads codes rather than pages."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == (
        "application/json"
    )


def refusal_is_logged() -> None:
    """Note that a line of the log tells of this request's refusal, and more than we could."""
    g.refusal_is_logged = True


def error_response(error: ToolError) -> tuple[Response, int]:
    """Show an expected failure: a page for people, a small document for scripts."""
    status = status_of(error)
    if "refusal_is_logged" not in g:
        log.info("refused", code=error.code, status=status)
    if wants_json():
        told = _told(error.code, error.title, error.sentence)
        return jsonify(**error.details, **told), status
    return _error(error.code, error.title, error.sentence, error.steps, status, error.return_url)


def _told(code: str, title: str, message: str) -> dict[str, str]:
    """Return what a script is told of any failure."""
    request_id = g.get("request_id", "")
    return {
        "code": code,
        "title": speaking.say(title),
        "message": speaking.say(message),
        "request_id": request_id,
    }


def _error(  # noqa: PLR0913, PLR0917 - the six things an error page shows
    code: str,
    title: str,
    message: str,
    steps: Sequence[str],
    status: int,
    return_url: str | None = None,
) -> tuple[Response, int]:
    if wants_json():
        return jsonify(_told(code, title, message)), status
    page = render_template(
        "error.html",
        error_title=title,
        error_message=message,
        error_steps=list(steps),
        error_code=code,
        request_id=g.get("request_id", ""),
        return_url=return_url,
        framed=request.path.startswith(("/l/", "/lti/")),
    )
    return Response(page, mimetype="text/html"), status


def install(app: Flask) -> None:
    """Give the application its error pages, headers, request ids and template ground."""
    app.jinja_environment = Environment
    app.jinja_options = {
        "undefined": jinja2.StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    app.jinja_env.globals.update(
        static_url=static_url, csrf_token=csrf_token, launch_url=launch_url
    )
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000
    app.request_class, app.response_class = exchange.Request, exchange.Response
    app.before_request(_begin)
    app.after_request(_finish)
    speaking.install(app)
    app.register_error_handler(ToolError, error_response)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(PoolTimeoutError, _database_away)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(500, _bug)


def takes_up_to(
    largest: int,
) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., ResponseReturnValue]]:
    """Allow a view larger requests than others; to stand above what reads the request.

    Args:
        largest: bytes, of files and all that a form puts around them.
    """

    def decorate(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
        @wraps(view)
        def allowing(**url_args: Any) -> ResponseReturnValue:  # noqa: ANN401 - whatever the address has
            request.max_content_length = largest
            return view(**url_args)

        return allowing

    return decorate


class DatabaseAwayError(TemporaryError):
    """The database is restarting, out of reach, or gave way to somebody else."""

    code = "database_away"
    steps = (phrase("Try again in a minute. What you saved before is safe."),)


def _database_away(error: OperationalError | PoolTimeoutError) -> tuple[Response, int]:
    log.error("database_away", error=type(error).__name__)
    return error_response(
        DatabaseAwayError(phrase("We cannot reach our own records for the moment."))
    )


def _begin() -> ResponseReturnValue | None:
    g.began_at = time.perf_counter()
    sent = request.environ.get("HTTP_X_REQUEST_ID", "")
    g.request_id = sent if _REQUEST_ID.fullmatch(sent) else token_hex(8)
    logs.bind_request_id(g.request_id)
    if "\0" in request.path:
        raise BadRequest
    if request.query_string:
        refuse_nul(words_of(request.args))
    led = request.routing_exception
    return redirect(_here(led.new_url), led.code) if isinstance(led, RequestRedirect) else None


def _here(url: str) -> str:
    """Return the right form of an address without the host, which is whatever the request named."""
    parts = urlsplit(url)
    path = "/" + parts.path.lstrip("/")  # two slashes would begin a host
    return parts._replace(scheme="", netloc="", path=path).geturl()


@lru_cache(maxsize=1024)
def _standing_headers(ancestors: tuple[str, ...], action: str) -> tuple[tuple[str, str], ...]:
    """Return what every answer says that does not say otherwise."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
        f"form-action {action}; frame-ancestors {' '.join(ancestors) or _NOBODY}"
    )
    return (
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        # Not no-referrer: under that browsers send `Origin: null` with our own forms (Fetch §3.1),
        # and `check_csrf` would refuse them all. No path leaves us either way.
        ("Referrer-Policy", "strict-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin-allow-popups"),
        ("Cache-Control", "no-store"),
    )


def _finish(given: Response) -> Response:
    response = cast("exchange.Response", exchange.Response.force_type(given))
    response.standing = _standing_headers(
        g.get("frame_ancestors", ()), g.get("form_action", "'self'")
    )
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if request.path.startswith("/static/"):
        # A script's own imports name no version: those are asked for again, by ETag.
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if request.args.get("v") else "no-cache"
        )
    _measure(response)
    return response


def _measure(response: Response) -> None:
    """Count this answer, by names that are ours: those of strangers would be without end."""
    metrics.observe(
        "cairn_http_request_seconds",
        time.perf_counter() - g.get("began_at", time.perf_counter()),
        page=request.endpoint or "none",
        method=request.method if request.method in _METHODS else "other",
        status=f"{response.status_code // 100}xx",
    )
    if metrics.is_due():
        response.call_on_close(metrics.hand_over)


def form_action(origin_of: str) -> None:
    """Allow this page's form to post to the origin of an absolute URL (deep-link return).

    Raises:
        InvalidRequestError: it has none.
    """
    parts = urlsplit(origin_of)
    origin = f"{parts.scheme}://{parts.netloc}"
    if not _SOURCE.fullmatch(origin):
        raise InvalidRequestError(
            phrase("The platform gave an address that no browser could go to.")
        )
    g.form_action = f"'self' {origin}"


_PHRASES = {
    404: (
        phrase("There is nothing here"),
        phrase("The address may be mistyped, or the page has moved."),
    ),
    405: (
        phrase("That cannot be done at this address"),
        phrase("Please go back and use the page's own buttons."),
    ),
    413: (phrase("That is too large"), phrase("Please send less at once; nothing was stored.")),
}


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:  # noqa: PLR2004 - a redirect, not an error
        return error.get_response()
    title, message = _PHRASES.get(error.code, (phrase("That did not work"), error.name))
    steps = (phrase("Go back to your course and open the activity again."),)
    response, status = _error(f"http_{error.code}", title, message, steps, error.code)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(error.valid_methods)  # RFC 9110 §15.5.6
    return response, status


def _bug(error: Exception) -> ResponseReturnValue:
    log.error("bug", error=type(getattr(error, "original_exception", error)).__name__)
    return _error(
        "internal",
        phrase("Something broke on our side"),
        phrase("It has been recorded. What you saved before is safe."),
        (
            phrase("Try again in a minute."),
            phrase("If it happens again, tell us the number below."),
        ),
        500,
    )
