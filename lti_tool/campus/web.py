"""What all pages and endpoints share: who is signed in, refusals, headers, faults."""

import time

from flask import Flask, Response, jsonify, render_template, request, session
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from lti_tool.campus import queries
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.records import Person
from lti_tool.campus.runtime import campus

SERVICES = frozenset({"ags", "nrps"})
OAUTH = frozenset({"tokens", "registration", "staff_api"})
# Frames and forms go to whatever tools are connected, which a header cannot list.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
    " frame-src http: https:; form-action http: https:; base-uri 'none'; frame-ancestors 'self'"
)
NOBODY = (
    "Choose first who you would like to be. If you have just done so, this browser keeps no cookie"
    " here: over plain http Safari keeps none; Chrome, Edge and Firefox do."
)
_CROSS_SITE_POSTS = frozenset({"launches.authorize", "deep_linking.take_response", "faults.change"})


def set_up(app: Flask) -> None:
    """Connect the shared behaviour to the application."""
    app.before_request(_suffer)
    app.before_request(_refuse_foreign_forms)
    app.after_request(_protect)
    app.register_error_handler(RefusalError, _answer_refusal)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(DataError, _answer_data_error)
    app.context_processor(_shared_values)


def find_persona(connection: Connection) -> Person | None:
    """Return who is signed in in this browser, or None."""
    person_id = session.get("person_id")
    return queries.find_person(connection, person_id) if isinstance(person_id, int) else None


def get_persona(connection: Connection, *kinds: str) -> Person:
    """Return who is signed in; with `kinds`, only if they are one of these.

    Raises:
        RefusalError: nobody is, or somebody else.
    """
    person = find_persona(connection)
    if person is None:
        raise RefusalError(403, "login_required", NOBODY)
    if kinds and person.kind not in kinds:
        message = f"This page is for an {' or '.join(kinds)}; you are {person.name}, {person.kind}."
        raise RefusalError(403, "access_denied", message)
    return person


def get_role(connection: Connection, course_id: int, person: Person) -> str:
    """Return the person's role in the course.

    Raises:
        RefusalError: they are not in it.
    """
    role = queries.find_role(connection, course_id, person.id)
    if role is None:
        raise RefusalError(403, "access_denied", f"{person.name} is not in this course.")
    return role


def get_instructor(connection: Connection, course_id: int) -> Person:
    """Return who is signed in, if they teach the course."""
    person = get_persona(connection)
    if get_role(connection, course_id, person) != "Instructor":
        raise RefusalError(403, "access_denied", "Only instructors of the course may do this.")
    return person


def _shared_values() -> dict[str, object]:
    settings = campus().settings
    return {"campus_name": settings.title, "sibling": settings.sibling}


def _suffer() -> ResponseReturnValue | None:
    """Let the faults in force have their way."""
    faults = campus().faults
    if not request.path.startswith("/lti/"):
        return None
    if faults.latency_ms:
        time.sleep(faults.latency_ms / 1000)
    if faults.html and request.blueprint in SERVICES | {"tokens"}:
        page = "<!doctype html><title>Campus: log in</title><p>Your session has ended.</p>"
        return Response(page, 200, mimetype="text/html")
    return None


def _refuse_foreign_forms() -> None:
    """Take forms of Campus' own pages only from Campus' own pages.

    The persona cookie is SameSite=None, since tools send the browser back by a
    cross-site form.
    """
    origin = request.headers.get("Origin")
    if request.method != "POST" or origin in {None, campus().settings.origin}:
        return
    if request.endpoint in _CROSS_SITE_POSTS or request.blueprint in SERVICES | OAUTH:
        return
    raise RefusalError(403, "foreign_form", f"A form of another site ({origin}) was refused.")


def _protect(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


def _answer_refusal(refusal: RefusalError) -> ResponseReturnValue:
    if request.blueprint in SERVICES:
        body = {"status": refusal.status, "reason": refusal.message}
    elif request.blueprint in OAUTH:
        body = {"error": refusal.code, "error_description": refusal.message}
    else:
        return render_template("refused.html", refusal=refusal), refusal.status
    answer = jsonify(body)
    if refusal.status == 401:  # noqa: PLR2004 - RFC 9110 §11.6.1 wants the header with it
        answer.headers["WWW-Authenticate"] = f'Bearer error="{refusal.code}"'
    return answer, refusal.status


def _answer_data_error(_error: DataError) -> ResponseReturnValue:
    """Refuse what PostgreSQL cannot hold, such as a null character."""
    message = "Something that was sent cannot be stored: a null character, or too large a number."
    return _answer_refusal(RefusalError(400, "bad_request", message))


def _answer_http(problem: HTTPException) -> ResponseReturnValue:
    status = problem.code or 500
    if status < 400:  # noqa: PLR2004 - a redirect is no refusal
        return problem
    return _answer_refusal(RefusalError(status, "http", str(problem.description)))
