"""Assignment and Grade Services: line items, scores, results.

AGS 2.0: https://www.imsglobal.org/spec/lti-ags/v2p0. A line item's URL carries a query,
as Moodle's does, so that `/scores` has to go before it.
"""

import json
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, text

from lti_tool.campus import adding, queries, store
from lti_tool.campus.claims import line_items_path
from lti_tool.campus.database import find_one, log_message
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.gradebook import (
    PostedLineItem,
    PostedScore,
    decide_score,
    parse_object,
    read_line_item,
    read_score,
    to_number,
)
from lti_tool.campus.lists import answer, check_accept, check_content, cut_page
from lti_tool.campus.records import LineItem, Person, Score, Tool
from lti_tool.campus.reviewing import read_review
from lti_tool.campus.runtime import campus
from lti_tool.campus.tokens import check_bearer

blueprint = Blueprint("ags", __name__, url_prefix="/lti/courses/<int:course_id>/lineitems")

LINE_ITEM: Final = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS: Final = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE: Final = "application/vnd.ims.lis.v1.score+json"
RESULTS: Final = "application/vnd.ims.lis.v2.resultcontainer+json"
_CHANGE = text(
    "UPDATE line_items SET label = :label, score_maximum = :maximum, resource_id = :resource_id,"
    " tag = :tag, starts_at = :starts_at, ends_at = :ends_at,"
    " submission_review = CAST(:review AS jsonb) WHERE id = :id RETURNING *"
)
_REMOVE = text("DELETE FROM line_items WHERE id = :id")
_LOCK_COLUMN = text("SELECT id FROM line_items WHERE id = :id FOR SHARE")
_LOCK_CELL = text("SELECT pg_advisory_xact_lock(:line_item, :person)")
_CELL = text("SELECT * FROM scores WHERE line_item_id = :line_item AND person_id = :person")
_STORE = text(
    "INSERT INTO scores (line_item_id, person_id, given, maximum, comment, activity_progress,"
    " grading_progress, scored_at, submissions) VALUES (:line_item, :person, :given, :maximum,"
    " :comment, :activity, :grading, :at, :submits)"
    " ON CONFLICT (line_item_id, person_id) DO UPDATE SET"
    " given = excluded.given, maximum = excluded.maximum, comment = excluded.comment,"
    " activity_progress = excluded.activity_progress,"
    " grading_progress = excluded.grading_progress, scored_at = excluded.scored_at,"
    " submissions = scores.submissions + excluded.submissions,"
    " override = CASE WHEN :yields THEN scores.override END"
)


@blueprint.get("")
def list_line_items(course_id: int) -> ResponseReturnValue:
    """Return the tool's columns of the course (AGS 2.0 §3.2.4)."""
    with campus().engine.begin() as connection:
        tool = _get_tool(connection, store.LINE_ITEM_SCOPE, store.LINE_ITEM_READ_SCOPE)
        check_accept(LINE_ITEMS)
        queries.get_course(connection, course_id)
        line_items = queries.list_line_items(connection, course_id)
    matching = [line_item for line_item in line_items if _is_wanted(line_item, tool)]
    page, headers = cut_page(matching, curly=campus().settings.personality.curly_links)
    return answer([_shown(line_item) for line_item in page], LINE_ITEMS, headers=headers)


@blueprint.post("")
def create_line_item(course_id: int) -> ResponseReturnValue:
    """Add a column (AGS 2.0 §3.2.4, POST)."""
    with campus().engine.begin() as connection:
        tool = _get_tool(connection, store.LINE_ITEM_SCOPE)
        check_content(LINE_ITEM)
        queries.get_course(connection, course_id)
        body = parse_object(request.get_data())
        posted, review = read_line_item(body), _read_review(body, tool)
        activity_id = _find_activity(connection, course_id, tool, posted)
        _check_columns(connection, course_id, activity_id)
        line_item = adding.add_line_item(
            connection,
            course_id=course_id,
            tool_id=tool.id,
            activity_id=activity_id,
            label=posted.label,
            score_maximum=posted.score_maximum,
            resource_id=posted.resource_id,
            tag=posted.tag,
            starts_at=posted.starts_at,
            ends_at=posted.ends_at,
            submission_review=review,
        )
        line_item = queries.get_line_item(connection, course_id, line_item.id)
    _log(tool, "line item added", {"label": line_item.label, "id": line_item.id})
    shown = _shown(line_item)
    return answer(shown, LINE_ITEM, 201, {"Location": str(shown["id"])})


@blueprint.get("/<int:line_item_id>")
def show_line_item(course_id: int, line_item_id: int) -> ResponseReturnValue:
    """Return one column."""
    with campus().engine.begin() as connection:
        tool = _get_tool(connection, store.LINE_ITEM_SCOPE, store.LINE_ITEM_READ_SCOPE)
        check_accept(LINE_ITEM)
        line_item = _get_line_item(connection, course_id, line_item_id, tool)
    return answer(_shown(line_item), LINE_ITEM)


@blueprint.put("/<int:line_item_id>")
def change_line_item(course_id: int, line_item_id: int) -> ResponseReturnValue:
    """Replace a column's description; what is left out is emptied. Scores stay."""
    with campus().engine.begin() as connection:
        tool = _get_tool(connection, store.LINE_ITEM_SCOPE)
        check_content(LINE_ITEM)
        line_item = _get_line_item(connection, course_id, line_item_id, tool)
        body = parse_object(request.get_data())
        posted, review = read_line_item(body), _read_review(body, tool)
        moved = posted.resource_link_id not in {None, line_item.link_id or ""}
        if moved:
            raise RefusalError(400, "bad_request", "resourceLinkId cannot be changed")
        changed = find_one(
            connection,
            LineItem,
            _CHANGE,
            id=line_item.id,
            label=posted.label,
            maximum=posted.score_maximum,
            resource_id=posted.resource_id,
            tag=posted.tag,
            starts_at=posted.starts_at,
            ends_at=posted.ends_at,
            review=None if review is None else json.dumps(review),
        )
    if changed is None:
        raise RefusalError(404, "not_found", "The line item was deleted meanwhile.")
    _log(tool, "line item changed", {"label": changed.label, "id": changed.id})
    return answer(_shown(replace(changed, link_id=line_item.link_id)), LINE_ITEM)


@blueprint.delete("/<int:line_item_id>")
def remove_line_item(course_id: int, line_item_id: int) -> ResponseReturnValue:
    """Delete a column and its scores."""
    with campus().engine.begin() as connection:
        tool = _get_tool(connection, store.LINE_ITEM_SCOPE)
        line_item = _get_line_item(connection, course_id, line_item_id, tool)
        connection.execute(_REMOVE, {"id": line_item.id})
    _log(tool, "line item deleted", {"label": line_item.label, "id": line_item.id})
    return Response(status=204)


@blueprint.post("/<int:line_item_id>/scores")
def take_score(course_id: int, line_item_id: int) -> ResponseReturnValue:
    """Store a score, if it is newer than what is there (AGS 2.0 §3.4)."""
    habits = campus().settings.personality
    with campus().posting as at_once:
        if habits.at_once is not None and at_once > habits.at_once:
            status, reason = habits.throttled
            return Response(reason, status)
        return _take_score(course_id, line_item_id)


def _take_score(course_id: int, line_item_id: int) -> ResponseReturnValue:
    faults = campus().faults
    affected = faults.takes_score(line_item_id)
    if affected and faults.scores_hang_s:
        time.sleep(faults.scores_hang_s)
    if affected and faults.scores_status is not None:
        wait_s = faults.scores_retry_after_s
        headers = {"Retry-After": str(wait_s)} if wait_s is not None else {}
        return Response("out of order", faults.scores_status, headers)
    with campus().engine.begin() as connection:
        tool = _get_tool(connection, store.SCORE_SCOPE)
        check_content(SCORE)
        line_item = _get_line_item(connection, course_id, line_item_id, tool)
        posted = read_score(parse_object(request.get_data()))
        person = _get_learner(connection, course_id, posted.user_id)
        _store(connection, line_item, person, posted)
    _log(tool, "score stored", _told(line_item, person, posted))
    if affected and faults.scores_reset:
        return _break_connection()
    status, words = campus().settings.personality.score_taken
    return Response(words, status, mimetype=SCORE)


@blueprint.get("/<int:line_item_id>/results")
def list_results(course_id: int, line_item_id: int) -> ResponseReturnValue:
    """Return what the gradebook holds, a teacher's changes included (AGS 2.0 §3.3)."""
    broken = campus().faults.results_status
    if broken is not None:
        busy, words = campus().settings.personality.throttled
        return Response(words if broken == busy else "out of order", broken)
    with campus().engine.begin() as connection:
        tool = _get_tool(connection, store.RESULT_SCOPE)
        check_accept(RESULTS)
        line_item = _get_line_item(connection, course_id, line_item_id, tool)
        people = queries.list_members(connection, course_id, "Learner")
        scores = queries.list_scores(connection, course_id)
    if "limit" in request.args and not campus().settings.personality.limits_results:
        raise RefusalError(404, "not_found", "Results have no pages here.")
    asked = request.args.get("user_id")
    results = [
        _result(line_item, person, scores[line_item.id, person.id])
        for person in people
        if (line_item.id, person.id) in scores and asked in {None, person.subject}
    ]
    page, headers = cut_page(results, curly=campus().settings.personality.curly_links)
    return answer(list(page), RESULTS, headers=headers)


def _get_tool(connection: Connection, *scopes: str) -> Tool:
    """Return the deployment that the URL's `type_id` names, if the token is its own."""
    tool_id = request.args.get("type_id", type=int)
    if tool_id is None:
        raise RefusalError(404, "not_found", "The URL has lost its type_id.")
    tool = queries.get_tool(connection, tool_id)
    check_bearer(connection, tool, *scopes)
    return tool


def _get_line_item(
    connection: Connection, course_id: int, line_item_id: int, tool: Tool
) -> LineItem:
    line_item = queries.get_line_item(connection, course_id, line_item_id)
    if line_item.tool_id != tool.id:
        raise RefusalError(404, "not_found", "There is no such line item in this course.")
    return line_item


def _read_review(body: Mapping[str, object], tool: Tool) -> dict[str, object] | None:
    habits = campus().settings.personality
    return read_review(body.get("submissionReview"), tool, habits, "submissionReview")


def _is_wanted(line_item: LineItem, tool: Tool) -> bool:
    """Tell whether the request's filters let the tool's own line item through."""
    known = {
        "resource_link_id": line_item.link_id or "",
        "resource_id": line_item.resource_id,
        "tag": line_item.tag,
    }
    return line_item.tool_id == tool.id and all(
        request.args.get(name, value) == value for name, value in known.items()
    )


def _find_activity(
    connection: Connection, course_id: int, tool: Tool, posted: PostedLineItem
) -> int | None:
    if posted.resource_link_id is None:
        return None
    for activity in queries.list_activities(connection, course_id):
        if activity.link_id == posted.resource_link_id and activity.tool_id == tool.id:
            return activity.id
    raise RefusalError(400, "bad_request", "resourceLinkId is none of this tool's in the course")


def _check_columns(connection: Connection, course_id: int, activity_id: int | None) -> None:
    """Refuse a column to an activity without one, as Canvas does."""
    if activity_id is None or not campus().settings.personality.columns_follow_columns:
        return
    columns = queries.list_line_items(connection, course_id)
    if all(column.activity_id != activity_id for column in columns):
        raise RefusalError(412, "precondition_failed", "The resource link has no line item.")


def _get_learner(connection: Connection, course_id: int, subject: str) -> Person:
    """Return the student; a teacher or a stranger has no place in a gradebook."""
    habits = campus().settings.personality
    person = queries.find_subject(connection, subject)
    if person is None:
        status, reason = habits.unknown_person
        raise RefusalError(status, "bad_request", reason.replace("{subject}", subject))
    if queries.find_role(connection, course_id, person.id) != "Learner":
        status, reason = habits.not_enrolled
        raise RefusalError(status, "bad_request", reason.replace("{subject}", subject))
    return person


def _store(
    connection: Connection, line_item: LineItem, person: Person, posted: PostedScore
) -> None:
    cell = {"line_item": line_item.id, "person": person.id}
    # Two scores for one cell wait for each other, also when there is no row to lock yet.
    connection.execute(_LOCK_CELL, cell)
    if connection.execute(_LOCK_COLUMN, {"id": line_item.id}).one_or_none() is None:
        raise RefusalError(404, "not_found", "The line item was deleted meanwhile.")
    stored = find_one(connection, Score, _CELL, **cell)
    kept = decide_score(posted, stored, campus().settings.personality)
    values = {
        **cell,
        "given": kept.given,
        "maximum": kept.maximum,
        "comment": kept.comment,
        "activity": kept.activity_progress,
        "grading": kept.grading_progress,
        "at": kept.timestamp,
        "submits": int(kept.submits),
        "yields": kept.yields_to_teacher,
    }
    connection.execute(_STORE, values)


def _shown(line_item: LineItem) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": _address(line_item),
        "label": line_item.label,
        "scoreMaximum": to_number(line_item.score_maximum),
    }
    optional = {
        "resourceId": line_item.resource_id,
        "tag": line_item.tag,
        "resourceLinkId": line_item.link_id,
        "startDateTime": line_item.starts_at.isoformat() if line_item.starts_at else None,
        "endDateTime": line_item.ends_at.isoformat() if line_item.ends_at else None,
        "submissionReview": line_item.submission_review,
    }
    return shown | {name: value for name, value in optional.items() if value is not None}


def _result(line_item: LineItem, person: Person, score: Score) -> dict[str, object]:
    address = _address(line_item, "/results")
    result: dict[str, object] = {
        "id": f"{address}&user_id={person.subject}",
        "scoreOf": _address(line_item),
        "userId": person.subject,
    }
    grade = score.grade(line_item)
    if grade is not None:
        result["resultScore"] = to_number(grade)
        result["resultMaximum"] = to_number(line_item.score_maximum)
    if score.comment is not None:
        result["comment"] = score.comment
    return result


def _address(line_item: LineItem, below: str = "") -> str:
    path = f"{line_items_path(line_item.course_id)}/{line_item.id}{below}"
    return campus().url(f"{path}?type_id={line_item.tool_id}")


def _break_connection() -> Response:
    """Answer nothing: reset the connection under the request, where the server lets us."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.shutdown(socket.SHUT_RDWR)
    return Response("bad gateway", 502)


def _told(line_item: LineItem, person: Person, posted: PostedScore) -> dict[str, object]:
    return {
        "column": line_item.label,
        "userId": person.subject,
        "scoreGiven": posted.given,
        "scoreMaximum": posted.maximum,
        "activityProgress": posted.activity_progress,
        "gradingProgress": posted.grading_progress,
        "timestamp": posted.timestamp,
    }


def _log(tool: Tool, outcome: str, detail: dict[str, object]) -> None:
    log_message(
        campus().engine,
        direction="received",
        kind="gradebook",
        outcome=outcome,
        detail={"tool": tool.name, **detail},
    )
