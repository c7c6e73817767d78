"""Taking a deep linking response: its proof, its items, the activities they become.

Deep Linking 2.0: https://www.imsglobal.org/spec/lti-dl/v2p0/
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, text

from lti_tool.campus import adding, clock, queries
from lti_tool.campus.claims import DEEP_LINKING, LTI
from lti_tool.campus.database import digest, find_one, log_message
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.gradebook import parse_instant
from lti_tool.campus.records import DeepLinking, Tool
from lti_tool.campus.reviewing import read_review
from lti_tool.campus.runtime import campus
from lti_tool.campus.tokens import check_times, use_once
from lti_tool.campus.web import find_persona

blueprint = Blueprint("deep_linking", __name__)

_WAITING = text(
    "SELECT person_id, tool_id, course_id, section_id, data, expires_at, used_at, place, claims"
    " FROM deep_linkings WHERE return_digest = :digest FOR UPDATE"
)
_KEEP = text(
    "UPDATE deep_linkings SET claims = CAST(:claims AS jsonb) WHERE return_digest = :digest"
)
_DONE = text("UPDATE deep_linkings SET used_at = :now WHERE return_digest = :digest")
_LONGEST_TITLE: Final = 255
_MESSAGES: Final = ("msg", "errormsg", "log", "errorlog")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The `lineItem` of a content item."""

    label: str
    score_maximum: Decimal
    resource_id: str | None
    tag: str | None
    submission_review: dict[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentItem:
    """An `ltiResourceLink` that may become an activity (Deep Linking 2.0 §4.5)."""

    title: str
    text: str
    url: str
    custom: dict[str, str]
    opens_at: datetime | None
    closes_at: datetime | None
    column: Column | None
    in_window: bool


@blueprint.post("/lti/deep-linking/<handle>")
def take_response(handle: str) -> ResponseReturnValue:
    """Check the tool's message and add its activities, all of them or none."""
    engine, token = campus().engine, request.form.get("JWT", "")
    with engine.begin() as connection:
        waiting = _get_waiting(connection, handle, lock=False)
        tool = queries.get_tool(connection, waiting.tool_id)
    try:
        _, claims = campus().tool_keys.verify(tool, token)
        with engine.begin() as connection:
            _check_claims(connection, claims, tool)
        with engine.begin() as connection:
            waiting = _get_waiting(connection, handle, lock=True)
            items = read_items(claims, tool, waiting)
            if campus().settings.personality.confirms_items:
                kept = {"digest": digest(handle), "claims": json.dumps(claims)}
                connection.execute(_KEEP, kept)
                return render_template("confirm_items.html", items=items, handle=handle)
            _add(connection, items, waiting)
            connection.execute(_DONE, {"digest": digest(handle), "now": clock.now()})
    except RefusalError as refusal:
        _log(tool, f"refused: {refusal.message}", {})
        raise
    return _tell(claims, tool, len(items), waiting)


@blueprint.post("/lti/deep-linking/<handle>/save")
def save_items(handle: str) -> ResponseReturnValue:
    """Add what the instructor has seen, as Moodle does after its form."""
    with campus().engine.begin() as connection:
        _get_waiting(connection, handle, lock=False)
        waiting = _get_waiting(connection, handle, lock=True)
        if waiting.claims is None:
            raise RefusalError(409, "nothing_chosen", "Nothing was chosen yet.")
        tool = queries.get_tool(connection, waiting.tool_id)
        items = read_items(waiting.claims, tool, waiting)
        _add(connection, items, waiting)
        connection.execute(_DONE, {"digest": digest(handle), "now": clock.now()})
    return _tell(waiting.claims, tool, len(items), waiting)


def _tell(
    claims: Mapping[str, object], tool: Tool, added: int, waiting: DeepLinking
) -> ResponseReturnValue:
    """Log the answer and lead back to the course, with what the tool says."""
    _log(tool, f"{added} added", dict(claims))
    words = {name: claims.get(DEEP_LINKING + name) for name in _MESSAGES}
    for name in ("msg", "errormsg"):
        if isinstance(words[name], str):
            flash(f"{tool.name}: {words[name]}")
    flash(f"{added} {'activity' if added == 1 else 'activities'} added.")
    return render_template(
        "leave_frame.html", to=url_for("pages.show_course", course_id=waiting.course_id)
    )


def read_items(claims: Mapping[str, object], tool: Tool, waiting: DeepLinking) -> list[ContentItem]:
    """Return the content items of a verified response.

    Raises:
        RefusalError: a claim or an item is not as the specification and the request say.
    """
    habits = campus().settings.personality
    if claims.get(f"{DEEP_LINKING}data") != (waiting.data if habits.sends_data else None):
        raise _refused("the data of the request did not come back")
    items = claims.get(f"{DEEP_LINKING}content_items", [])
    if not isinstance(items, list):
        raise _refused("content_items is not a list")
    if len(items) > 1 and not habits.find_place(waiting.place).accept_multiple:
        raise _refused("several items came where one was asked for")
    # Moodle puts one item into a form that has to be right; several are set right unseen.
    percent = habits.deep_link_maximum_is_percent and len(items) == 1
    return [
        _read_item(item, tool, f"item {number}", percent=percent)
        for number, item in enumerate(items, start=1)
    ]


def _get_waiting(connection: Connection, handle: str, *, lock: bool) -> DeepLinking:
    waiting = find_one(connection, DeepLinking, _WAITING, digest=digest(handle))
    if waiting is None:
        raise RefusalError(404, "not_found", "Nothing waits for this answer of a tool.")
    if waiting.used_at is not None:
        raise RefusalError(409, "used", "This choice was already taken over into the course.")
    if waiting.expires_at < clock.now():
        raise RefusalError(410, "expired", "This choice took too long. Please begin again.")
    person = None if lock else find_persona(connection)
    if not lock and (person is None or person.id != waiting.person_id):
        raise RefusalError(403, "access_denied", "This choice was begun by another person.")
    return waiting


def _check_claims(connection: Connection, claims: Mapping[str, object], tool: Tool) -> None:
    """Check the message as Security Framework 1.0 §5.2 and Deep Linking 2.0 §4.6 say."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != tool.client_id:
        raise _refused("iss is not the tool's client_id")
    if campus().settings.base_url not in audiences:
        raise _refused("aud does not name this platform's issuer")
    check_times(claims)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not nonce:
        raise _refused("nonce is missing")
    expected = {
        "deployment_id": tool.deployment_id,
        "message_type": "LtiDeepLinkingResponse",
        "version": "1.3.0",
    }
    for name, value in expected.items():
        if claims.get(LTI + name) != value:
            raise _refused(f"{name} is {claims.get(LTI + name)!r}, not {value!r}")
    expires_at = clock.now() + timedelta(hours=1)
    if not use_once(connection, tool.client_id, "nonce", nonce, until=expires_at):
        raise _refused("the nonce was used before")


def _read_item(item: object, tool: Tool, where: str, *, percent: bool) -> ContentItem:
    if not isinstance(item, dict):
        raise _refused(f"{where} is not an object")
    if item.get("type") != "ltiResourceLink":
        raise _refused(f"{where} is a {item.get('type')!r}; only ltiResourceLink was asked for")
    title = _words(item, "title", where) or tool.name
    url = _words(item, "url", where) or tool.launch_url
    if not tool.has(url):
        raise _refused(f"{where} leads to {url}, which is not the tool's own site")
    parameters = item.get("custom", {})
    if not isinstance(parameters, dict) or not all(
        isinstance(value, str) for value in parameters.values()
    ):
        raise _refused(f"{where}: the values of custom have to be strings")
    habits = campus().settings.personality
    opens_at = _moment(item, "available", "startDateTime", where)
    closes_at = _moment(item, "submission", "endDateTime", where)
    closes_at = closes_at or _moment(item, "available", "endDateTime", where)
    return ContentItem(
        title=title,
        text=_words(item, "text", where) or "",
        url=url,
        custom=parameters,
        opens_at=opens_at if habits.takes_times else None,
        closes_at=closes_at if habits.takes_times else None,
        column=_read_column(item.get("lineItem"), title, where, tool, percent=percent),
        in_window=habits.takes_windows and isinstance(item.get("window"), dict),
    )


def _read_column(
    value: object, title: str, where: str, tool: Tool, *, percent: bool
) -> Column | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _refused(f"{where}: lineItem is not an object")
    maximum = value.get("scoreMaximum")
    if isinstance(maximum, bool) or not isinstance(maximum, int | float) or maximum <= 0:
        raise _refused(f"{where}: lineItem.scoreMaximum has to be a number above 0")
    if percent and maximum not in range(1, 101):
        raise _refused(f"{where}: lineItem.scoreMaximum has to be a whole number from 1 to 100")
    habits = campus().settings.personality
    if habits.deep_link_maximum_is_percent and maximum not in range(1, 101):
        maximum = 100
    what = f"{where}: lineItem.submissionReview"
    review = read_review(value.get("submissionReview"), tool, habits, what)
    return Column(
        label=_words(value, "label", where) or title,
        score_maximum=Decimal(str(maximum)),
        resource_id=_words(value, "resourceId", where),
        tag=_words(value, "tag", where),
        submission_review=review,
    )


def _words(item: Mapping[str, object], name: str, where: str) -> str | None:
    value = item.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _refused(f"{where}: {name} is not a string")
    if name != "text" and len(value) > (_LONGEST_TITLE if name != "url" else 2000):
        raise _refused(f"{where}: {name} is too long")
    return value


def _moment(item: Mapping[str, object], group: str, name: str, where: str) -> datetime | None:
    times = item.get(group)
    if not isinstance(times, dict) or times.get(name) is None:
        return None
    moment = parse_instant(times[name])
    if moment is None:
        raise _refused(f"{where}: {group}.{name} is not a time with a zone")
    return moment


def _add(connection: Connection, items: Sequence[ContentItem], waiting: DeepLinking) -> None:
    habits = campus().settings.personality
    section_id = waiting.section_id
    if items and habits.find_place(waiting.place).makes_section:
        section_id = adding.add_section(connection, waiting.course_id, "New content")
    for item in items:
        activity = adding.add_activity(
            connection,
            course_id=waiting.course_id,
            section_id=section_id,
            tool_id=waiting.tool_id,
            title=item.title,
            description=item.text,
            url=item.url,
            custom=item.custom,
            opens_at=item.opens_at,
            closes_at=item.closes_at,
            public_id=adding.public_id(habits),
            in_window=item.in_window,
        )
        if item.column is not None:
            adding.add_line_item(
                connection,
                course_id=waiting.course_id,
                tool_id=waiting.tool_id,
                activity_id=activity.id,
                label=item.column.label,
                score_maximum=item.column.score_maximum,
                resource_id=item.column.resource_id,
                tag=item.column.tag,
                starts_at=item.opens_at,
                ends_at=item.closes_at,
                submission_review=item.column.submission_review,
            )


def _refused(reason: str) -> RefusalError:
    return RefusalError(400, "invalid_request", f"The tool's answer was refused: {reason}.")


def _log(tool: Tool, outcome: str, claims: dict[str, object]) -> None:
    shown = {name: value for name, value in claims.items() if not name.endswith(("nonce", "data"))}
    log_message(
        campus().engine,
        direction="received",
        kind="LtiDeepLinkingResponse",
        outcome=outcome,
        detail={"tool": tool.name, **shown},
    )
