"""Launching: third-party login initiation and the authorization endpoint.

Security Framework 1.0 §5.1.1: https://www.imsglobal.org/spec/security/v1p0/
"""

import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, text

from lti_tool.campus import clock, queries
from lti_tool.campus.claims import (
    DEEP_LINK,
    LTI,
    RESOURCE_LINK,
    REVIEW,
    Scene,
    deep_linking_claims,
    resource_link_claims,
    review_claims,
)
from lti_tool.campus.database import digest, find_one, log_message
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.records import Activity, Launch, LineItem, Person, Tool
from lti_tool.campus.reviewing import get_reviewable, target_of
from lti_tool.campus.runtime import campus
from lti_tool.campus.web import find_persona, get_instructor, get_persona, get_role

blueprint = Blueprint("launches", __name__)

_HINT_LIFETIME: Final = timedelta(minutes=10)
_DEEP_LINKING_LIFETIME: Final = timedelta(hours=2)
_BEGIN = text(
    "INSERT INTO launches (hint_digest, message_type, person_id, tool_id, course_id,"
    " activity_id, section_id, document_target, place, expires_at, line_item_id, for_person_id)"
    " VALUES (:digest, :message_type, :person, :tool, :course, :activity, :section, :target,"
    " :place, :expires_at, :line_item, :whose)"
)
_LAUNCH = text(
    "SELECT message_type, person_id, tool_id, course_id, activity_id, section_id, document_target,"
    " place, line_item_id, for_person_id FROM launches"
    " WHERE hint_digest = :digest AND used_at IS NULL AND expires_at > :now FOR UPDATE"
)
_SPEND = text("UPDATE launches SET used_at = :now WHERE hint_digest = :digest")
_AWAIT_RESPONSE = text(
    "INSERT INTO deep_linkings (return_digest, person_id, tool_id, course_id, section_id, data,"
    " place, expires_at)"
    " VALUES (:digest, :person, :tool, :course, :section, :data, :place, :expires_at)"
)


@blueprint.get("/courses/<int:course_id>/activities/<int:activity_id>/launch")
def launch_activity(course_id: int, activity_id: int) -> ResponseReturnValue:
    """Begin the launch of an activity; the page sends itself to the tool."""
    with campus().engine.begin() as connection:
        person = get_persona(connection)
        get_role(connection, course_id, person)
        activity = queries.get_activity(connection, course_id, activity_id)
        tool = _get_usable(connection, activity.tool_id)
        values = {"activity": activity.id, "section": None}
        hint = _begin(connection, RESOURCE_LINK, person, tool, course=course_id, **values)
    return _send_login(tool, person, hint, activity.url)


@blueprint.get("/courses/<int:course_id>/tools/<int:tool_id>/launch")
def launch_course(course_id: int, tool_id: int) -> ResponseReturnValue:
    """Begin a launch of the whole course, as from its navigation."""
    with campus().engine.begin() as connection:
        person = get_persona(connection)
        get_role(connection, course_id, person)
        tool = _get_usable(connection, tool_id)
        values = {"activity": None, "section": None}
        hint = _begin(connection, RESOURCE_LINK, person, tool, course=course_id, **values)
    return _send_login(tool, person, hint, tool.launch_url)


@blueprint.get("/courses/<int:course_id>/add/<int:tool_id>/launch")
def launch_deep_linking(course_id: int, tool_id: int) -> ResponseReturnValue:
    """Begin the choice of an activity inside the tool."""
    with campus().engine.begin() as connection:
        person = get_instructor(connection, course_id)
        tool = _get_usable(connection, tool_id)
        wanted = request.args.get("section", type=int)
        sections = [section.id for section in queries.list_sections(connection, course_id)]
        section = wanted if wanted in sections else sections[-1]
        values = {"activity": None, "section": section}
        hint = _begin(connection, DEEP_LINK, person, tool, course=course_id, **values)
    return _send_login(tool, person, hint, tool.deep_link_url)


@blueprint.get("/courses/<int:course_id>/gradebook/<int:line_item_id>/<int:person_id>/launch")
def launch_review(course_id: int, line_item_id: int, person_id: int) -> ResponseReturnValue:
    """Begin the review of a student's work, if the column offers it at this state."""
    with campus().engine.begin() as connection:
        person = get_instructor(connection, course_id)
        column, whose = get_reviewable(
            connection,
            campus().settings.personality,
            course_id=course_id,
            line_item_id=line_item_id,
            person_id=person_id,
        )
        tool = _get_usable(connection, column.tool_id)
        values = {"activity": column.activity_id, "section": None}
        review = {"line_item": column.id, "whose": whose.id}
        hint = _begin(connection, REVIEW, person, tool, course=course_id, **values, **review)
        activity = (
            queries.get_activity(connection, course_id, column.activity_id)
            if column.activity_id is not None
            else None
        )
    target = target_of(column, activity.url if activity else tool.launch_url)
    return _send_login(tool, person, hint, target)


@blueprint.route("/lti/auth", methods=["GET", "POST"])
def authorize() -> ResponseReturnValue:
    """Answer an authentication request with an id_token, or with what is wrong with it.

    Nothing is ever sent to an address that is not registered.
    """
    asked = request.form if request.method == "POST" else request.args
    with campus().engine.begin() as connection:
        tool = queries.find_client(connection, asked.get("client_id", ""))
    if tool is None:
        raise RefusalError(400, "unauthorized_client", "No tool is registered with this client_id.")
    redirect_uri = asked.get("redirect_uri", "")
    if redirect_uri not in tool.redirect_uris:
        message = "The redirect_uri is not exactly one of those registered."
        raise RefusalError(400, "invalid_request", message)
    fields = {"state": asked["state"]} if "state" in asked else {}
    try:
        _check_request(asked)
        claims = _answer_hint(tool, asked)
    except RefusalError as refusal:
        _log(tool, "received", "authentication request", f"{refusal.code}: {refusal.message}", {})
        fields |= {"error": refusal.code, "error_description": refusal.message}
    else:
        _log(tool, "sent", str(claims[f"{LTI}message_type"]), "signed", claims)
        fields["id_token"] = _sign(claims, tool, asked["nonce"])
    return render_template("post.html", action=redirect_uri, fields=fields, what=tool.name)


def _get_usable(connection: Connection, tool_id: int) -> Tool:
    """Return the deployment, unless the administrator has still to switch it on."""
    tool = queries.get_tool(connection, tool_id)
    if not tool.is_on:
        raise RefusalError(403, "tool_is_off", f"{tool.name} waits for the administrator.")
    return tool


def _begin(  # noqa: PLR0913 - a row's columns
    connection: Connection,
    message_type: str,
    person: Person,
    tool: Tool,
    *,
    course: int,
    activity: int | None,
    section: int | None,
    line_item: int | None = None,
    whose: int | None = None,
) -> str:
    hint = campus().settings.personality.hint.format(
        token=secrets.token_urlsafe(24), activity=activity or 0
    )
    target = "window" if request.args.get("target") == "window" else "iframe"
    values = {
        "digest": digest(hint),
        "message_type": message_type,
        "person": person.id,
        "tool": tool.id,
        "course": course,
        "activity": activity,
        "section": section,
        "target": target,
        "place": request.args.get("place"),
        "expires_at": clock.now() + _HINT_LIFETIME,
        "line_item": line_item,
        "whose": whose,
    }
    connection.execute(_BEGIN, values)
    return hint


def _send_login(tool: Tool, person: Person, hint: str, target: str) -> ResponseReturnValue:
    fields = {
        "iss": campus().settings.base_url,
        "target_link_uri": target,
        "login_hint": person.subject,
        "client_id": tool.client_id,
        "lti_deployment_id": tool.deployment_id,
    }
    fields |= campus().settings.personality.login_fields
    _log(tool, "sent", "login initiation", "sent", fields)
    fields["lti_message_hint"] = hint
    return render_template("post.html", action=tool.login_url, fields=fields, what=tool.name)


def _check_request(asked: Mapping[str, str]) -> None:
    """Refuse what Security Framework 1.0 §5.1.1.2 does not allow."""
    rules = {
        "scope": ("openid", "invalid_scope"),
        "response_type": ("id_token", "unsupported_response_type"),
        "response_mode": ("form_post", "invalid_request"),
        "prompt": ("none", "invalid_request"),
    }
    for name, (expected, code) in rules.items():
        if asked.get(name) != expected:
            raise RefusalError(400, code, f"{name} must be {expected}")
    for name in ("nonce", "state", "login_hint", "lti_message_hint"):
        if not asked.get(name):
            raise RefusalError(400, "invalid_request", f"{name} is missing")


def _answer_hint(tool: Tool, asked: Mapping[str, str]) -> dict[str, object]:
    """Return the claims that the hint stands for, and spend the hint.

    A refused request does not spend it.
    """
    now, hint = clock.now(), digest(asked["lti_message_hint"])
    with campus().engine.begin() as connection:
        person = find_persona(connection)
        if person is None:
            raise RefusalError(400, "login_required", "nobody is signed in to Campus")
        launch = find_one(connection, Launch, _LAUNCH, digest=hint, now=now)
        if launch is None:
            message = "this launch was used or has expired; open it again from the course"
            raise RefusalError(400, campus().settings.personality.spent_hint, message)
        deployment = queries.get_tool(connection, launch.tool_id)
        if deployment.client_id != tool.client_id:
            raise RefusalError(400, "access_denied", "the launch was for another tool")
        named = hmac.compare_digest(asked["login_hint"].encode(), person.subject.encode())
        if launch.person_id != person.id or not named:
            raise RefusalError(400, "access_denied", "the launch was begun by another person")
        claims = _message(connection, launch, person, deployment)
        connection.execute(_SPEND, {"digest": hint, "now": now})
    return claims


def _message(
    connection: Connection, launch: Launch, person: Person, tool: Tool
) -> dict[str, object]:
    role = queries.find_role(connection, launch.course_id, person.id)
    if role is None:
        raise RefusalError(400, "access_denied", "the person is no longer in the course")
    activity: Activity | None = None
    columns: list[LineItem] = []
    if launch.activity_id is not None:
        activity = queries.get_activity(connection, launch.course_id, launch.activity_id)
        columns = [
            line_item
            for line_item in queries.list_line_items(connection, launch.course_id)
            if line_item.activity_id == activity.id
        ]
    scene = Scene(
        base_url=campus().settings.base_url,
        guid=queries.get_guid(connection),
        personality=campus().settings.personality,
        person=person,
        role=role,
        course=queries.get_course(connection, launch.course_id),
        tool=tool,
        activity=activity,
        line_item=columns[0] if len(columns) == 1 else None,
        document_target=launch.document_target,
        ancestors=tuple(queries.list_ancestors(connection, launch.course_id)),
    )
    if launch.message_type == RESOURCE_LINK:
        return resource_link_claims(scene)
    if launch.line_item_id is not None and launch.for_person_id is not None:
        reviewed = get_reviewable(
            connection,
            scene.personality,
            course_id=launch.course_id,
            line_item_id=launch.line_item_id,
            person_id=launch.for_person_id,
        )
        return review_claims(scene, *reviewed)
    return _await_response(connection, launch, scene)


def _await_response(connection: Connection, launch: Launch, scene: Scene) -> dict[str, object]:
    handle, data = secrets.token_urlsafe(24), secrets.token_urlsafe(12)
    values = {
        "digest": digest(handle),
        "person": launch.person_id,
        "tool": launch.tool_id,
        "course": launch.course_id,
        "section": launch.section_id,
        "data": data,
        "place": launch.place,
        "expires_at": clock.now() + _DEEP_LINKING_LIFETIME,
    }
    connection.execute(_AWAIT_RESPONSE, values)
    return_url = campus().url(f"/lti/deep-linking/{handle}")
    place = campus().settings.personality.find_place(launch.place)
    return deep_linking_claims(scene, place, return_url=return_url, data=data)


def _sign(claims: Mapping[str, object], tool: Tool, nonce: str) -> str:
    issued_at = int(clock.now().timestamp()) + campus().faults.clock_skew_s
    token = {
        "iss": campus().settings.base_url,
        "aud": tool.client_id,
        "iat": issued_at,
        "exp": issued_at + campus().settings.personality.id_token_lifetime_s,
        "nonce": nonce,
        **claims,
    }
    return campus().keys.sign("lti", token)


def _log(tool: Tool, direction: str, kind: str, outcome: str, detail: Mapping[str, object]) -> None:
    shown = {name: value for name, value in detail.items() if not name.endswith("_settings")}
    log_message(
        campus().engine,
        direction=direction,
        kind=kind,
        outcome=outcome,
        detail={"tool": tool.name, **shown},
    )
