"""Adding to a course: parts, pages, activities, columns. Each in the caller's transaction."""

import json
import secrets
from collections.abc import Sequence

from sqlalchemy import Connection, text

from lti_tool.campus.database import find_one
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.personality import Personality
from lti_tool.campus.records import Activity, LineItem

_ADD_SECTION = text("INSERT INTO sections (course_id, title) VALUES (:course, :title) RETURNING id")
_ADD_NOTE = text("INSERT INTO notes (section_id, title, body) VALUES (:section, :title, :body)")
_ADD_ACTIVITY = text(
    "INSERT INTO activities (course_id, section_id, tool_id, title, description, url, custom,"
    " opens_at, closes_at, public_id, in_window) VALUES (:course_id, :section_id, :tool_id, :title,"
    " :description, :url, CAST(:custom AS jsonb), :opens_at, :closes_at, :public_id, :in_window)"
    " RETURNING *"
)
_ADD_LINE_ITEM = text(
    "INSERT INTO line_items (course_id, tool_id, activity_id, label, score_maximum, resource_id,"
    " tag, starts_at, ends_at, submission_review) VALUES (:course_id, :tool_id, :activity_id,"
    " :label, :score_maximum, :resource_id, :tag, :starts_at, :ends_at,"
    " CAST(:submission_review AS jsonb)) RETURNING *"
)


def add_section(
    connection: Connection, course: int, title: str, notes: Sequence[tuple[str, str]] = ()
) -> int:
    """Add a part to a course, below the others. Return its id."""
    section: int = connection.execute(_ADD_SECTION, {"course": course, "title": title}).scalar_one()
    for note_title, body in notes:
        connection.execute(_ADD_NOTE, {"section": section, "title": note_title, "body": body})
    return section


def add_activity(connection: Connection, **values: object) -> Activity:
    """Insert an activity: all columns that have no default, `custom` as a mapping."""
    values = {"public_id": None, "in_window": False, **values}
    values["custom"] = json.dumps(values["custom"])
    activity = find_one(connection, Activity, _ADD_ACTIVITY, **values)
    if activity is None:
        raise RefusalError(500, "not_added", "The activity could not be added.")
    return activity


def add_line_item(connection: Connection, **values: object) -> LineItem:
    """Insert a column of the gradebook: all columns but `id`; that of reviews may be left out."""
    review = values.get("submission_review")
    values["submission_review"] = None if review is None else json.dumps(review)
    line_item = find_one(connection, LineItem, _ADD_LINE_ITEM, **values)
    if line_item is None:
        raise RefusalError(500, "not_added", "The column could not be added.")
    return line_item


def public_id(habits: Personality) -> str | None:
    """Return an id that says nothing, where the personality has such."""
    return secrets.token_hex(20) if habits.opaque_ids else None
