"""Copying a course, as teachers do each term: its parts and activities, no scores.

A tool's custom parameters come along as they were; ids are new.
"""

from sqlalchemy import Connection, text

from lti_tool.campus import adding, queries
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.personality import Personality
from lti_tool.campus.records import Course

_ADD = text(
    "INSERT INTO courses (label, title, sis_id, public_id, copied_from)"
    " SELECT label || :mark, title || :words, sis_id || :mark, :public_id, id"
    " FROM courses WHERE id = :course RETURNING id"
)
_COPIES = text("SELECT count(*) FROM courses WHERE copied_from = :course")
_LOCK = text("SELECT id FROM courses WHERE id = :course FOR UPDATE")
_ENROL = text(
    "INSERT INTO enrolments (course_id, person_id, role)"
    " SELECT :copy, person_id, role FROM enrolments WHERE course_id = :course"
)
_SECTION = text(
    "INSERT INTO sections (course_id, title) SELECT :copy, title FROM sections WHERE id = :section"
    " RETURNING id"
)
_NOTES = text(
    "INSERT INTO notes (section_id, title, body) SELECT :copy, title, body FROM notes"
    " WHERE section_id = :section ORDER BY id"
)


def copy_course(connection: Connection, course_id: int, habits: Personality) -> Course:
    """Copy a course with its people, and return the copy."""
    connection.execute(_LOCK, {"course": course_id})
    copies: int = connection.execute(_COPIES, {"course": course_id}).scalar_one()
    mark = f"-C{copies + 1}"
    words = " (copy)" if copies == 0 else f" (copy {copies + 1})"
    values = {
        "course": course_id,
        "mark": mark,
        "words": words,
        "public_id": adding.public_id(habits),
    }
    copy_id = connection.execute(_ADD, values).scalar_one_or_none()
    if copy_id is None:
        raise RefusalError(404, "not_found", "There is no such course.")
    connection.execute(_ENROL, {"copy": copy_id, "course": course_id})
    sections = {
        section.id: _copy_section(connection, section.id, copy_id)
        for section in queries.list_sections(connection, course_id)
    }
    columns = queries.list_line_items(connection, course_id)
    for activity in queries.list_activities(connection, course_id):
        copied = adding.add_activity(
            connection,
            course_id=copy_id,
            section_id=sections[activity.section_id],
            tool_id=activity.tool_id,
            title=activity.title,
            description=activity.description,
            url=activity.url,
            custom=activity.custom,
            opens_at=activity.opens_at,
            closes_at=activity.closes_at,
            public_id=adding.public_id(habits),
            in_window=activity.in_window,
        )
        for column in columns:
            if column.activity_id == activity.id:
                adding.add_line_item(
                    connection,
                    course_id=copy_id,
                    tool_id=column.tool_id,
                    activity_id=copied.id,
                    label=column.label,
                    score_maximum=column.score_maximum,
                    resource_id=column.resource_id,
                    tag=column.tag,
                    starts_at=column.starts_at,
                    ends_at=column.ends_at,
                    submission_review=column.submission_review,
                )
    return queries.get_course(connection, copy_id)


def _copy_section(connection: Connection, section_id: int, copy_id: int) -> int:
    values = {"copy": copy_id, "section": section_id}
    section: int = connection.execute(_SECTION, values).scalar_one()
    connection.execute(_NOTES, {"copy": section, "section": section_id})
    return section
