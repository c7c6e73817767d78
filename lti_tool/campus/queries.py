"""Reads of Campus' database. `find_` may answer None; `get_` refuses with 404."""

from sqlalchemy import Connection, text

from lti_tool.campus.database import find_all, find_one
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.records import (
    Activity,
    Course,
    LineItem,
    Note,
    Person,
    Score,
    Section,
    StaffHome,
    Tool,
)

_PERSON = text("SELECT * FROM people WHERE id = :id")
_SUBJECT = text("SELECT * FROM people WHERE subject = :subject")
_PEOPLE = text("SELECT * FROM people ORDER BY id")
_STAFF_HOMES = text(
    "SELECT name, home_url FROM staff_clients WHERE home_url IS NOT NULL ORDER BY name"
)
_COURSE = text("SELECT * FROM courses WHERE id = :id")
_COURSES = text("SELECT * FROM courses ORDER BY id")
_ANCESTORS = text(
    "WITH RECURSIVE line AS (SELECT c.*, 0 AS far FROM courses c WHERE id = :id"
    " UNION ALL SELECT c.*, line.far + 1 FROM courses c JOIN line ON c.id = line.copied_from)"
    " SELECT id, label, title, sis_id, public_id, copied_from FROM line WHERE far > 0 ORDER BY far"
)
_ROLE = text("SELECT role FROM enrolments WHERE course_id = :course AND person_id = :person")
_MEMBERS = text(
    "SELECT p.* FROM people p JOIN enrolments e ON e.person_id = p.id"
    " WHERE e.course_id = :course AND e.role = :role ORDER BY p.id"
)
_SECTIONS = text("SELECT * FROM sections WHERE course_id = :course ORDER BY id")
_NOTES = text(
    "SELECT n.* FROM notes n JOIN sections s ON s.id = n.section_id"
    " WHERE s.course_id = :course ORDER BY n.id"
)
_TOOL = text("SELECT * FROM tools WHERE id = :id")
_TOOLS = text("SELECT * FROM tools ORDER BY id")
_CLIENT = text("SELECT * FROM tools WHERE client_id = :client ORDER BY id")
_ACTIVITY = text("SELECT * FROM activities WHERE id = :id AND course_id = :course")
_ACTIVITIES = text("SELECT * FROM activities WHERE course_id = :course ORDER BY id")
_COLUMNS = (
    "SELECT l.*, coalesce(a.public_id, a.id::text) AS link_id FROM line_items l"
    " LEFT JOIN activities a ON a.id = l.activity_id WHERE l.course_id = :course"
)
_LINE_ITEM = text(f"{_COLUMNS} AND l.id = :id")
_LINE_ITEMS = text(f"{_COLUMNS} ORDER BY l.id")
_SCORES = text(
    "SELECT s.* FROM scores s JOIN line_items l ON l.id = s.line_item_id"
    " WHERE l.course_id = :course"
)
_GUID = text("SELECT guid FROM site")


def find_person(connection: Connection, person_id: int) -> Person | None:
    """Return the person, or None."""
    return find_one(connection, Person, _PERSON, id=person_id)


def find_subject(connection: Connection, subject: str) -> Person | None:
    """Return the person with this `sub`, or None."""
    return find_one(connection, Person, _SUBJECT, subject=subject)


def list_people(connection: Connection) -> list[Person]:
    """Return everybody, in the order they were added."""
    return find_all(connection, Person, _PEOPLE)


def list_staff_homes(connection: Connection) -> list[StaffHome]:
    """Return where staff may go with their account here."""
    return find_all(connection, StaffHome, _STAFF_HOMES)


def list_courses(connection: Connection) -> list[Course]:
    """Return all courses."""
    return find_all(connection, Course, _COURSES)


def get_course(connection: Connection, course_id: int) -> Course:
    """Return the course."""
    course = find_one(connection, Course, _COURSE, id=course_id)
    if course is None:
        raise RefusalError(404, "not_found", "There is no such course.")
    return course


def list_ancestors(connection: Connection, course_id: int) -> list[Course]:
    """Return what the course was copied from, and that from, the latest first."""
    return find_all(connection, Course, _ANCESTORS, id=course_id)


def find_role(connection: Connection, course_id: int, person_id: int) -> str | None:
    """Return "Instructor" or "Learner", or None for somebody who is not in the course."""
    values = {"course": course_id, "person": person_id}
    role: str | None = connection.execute(_ROLE, values).scalar_one_or_none()
    return role


def list_members(connection: Connection, course_id: int, role: str) -> list[Person]:
    """Return the people of a course with this role."""
    return find_all(connection, Person, _MEMBERS, course=course_id, role=role)


def get_student(connection: Connection, course_id: int, person_id: int) -> Person:
    """Return the course's student."""
    person = find_person(connection, person_id)
    if person is None or find_role(connection, course_id, person_id) != "Learner":
        raise RefusalError(404, "not_found", "There is no such student in this course.")
    return person


def list_sections(connection: Connection, course_id: int) -> list[Section]:
    """Return the parts of a course page, from the top."""
    return find_all(connection, Section, _SECTIONS, course=course_id)


def list_notes(connection: Connection, course_id: int) -> list[Note]:
    """Return the course's own pages."""
    return find_all(connection, Note, _NOTES, course=course_id)


def get_tool(connection: Connection, tool_id: int) -> Tool:
    """Return the deployment."""
    tool = find_one(connection, Tool, _TOOL, id=tool_id)
    if tool is None:
        raise RefusalError(404, "not_found", "There is no such tool.")
    return tool


def list_tools(connection: Connection) -> list[Tool]:
    """Return all deployments of all tools."""
    return find_all(connection, Tool, _TOOLS)


def find_client(connection: Connection, client_id: str) -> Tool | None:
    """Return the first deployment of a client; keys and addresses are the same in all."""
    tools = find_all(connection, Tool, _CLIENT, client=client_id)
    return tools[0] if tools else None


def get_activity(connection: Connection, course_id: int, activity_id: int) -> Activity:
    """Return the course's activity."""
    activity = find_one(connection, Activity, _ACTIVITY, id=activity_id, course=course_id)
    if activity is None:
        raise RefusalError(404, "not_found", "There is no such activity in this course.")
    return activity


def list_activities(connection: Connection, course_id: int) -> list[Activity]:
    """Return the course's activities."""
    return find_all(connection, Activity, _ACTIVITIES, course=course_id)


def get_line_item(connection: Connection, course_id: int, line_item_id: int) -> LineItem:
    """Return the column of the course's gradebook."""
    line_item = find_one(connection, LineItem, _LINE_ITEM, id=line_item_id, course=course_id)
    if line_item is None:
        raise RefusalError(404, "not_found", "There is no such line item in this course.")
    return line_item


def list_line_items(connection: Connection, course_id: int) -> list[LineItem]:
    """Return the columns of the gradebook."""
    return find_all(connection, LineItem, _LINE_ITEMS, course=course_id)


def list_scores(connection: Connection, course_id: int) -> dict[tuple[int, int], Score]:
    """Return the cells of the gradebook by line item id and person id."""
    scores = find_all(connection, Score, _SCORES, course=course_id)
    return {(score.line_item_id, score.person_id): score for score in scores}


def get_guid(connection: Connection) -> str:
    """Return the platform's own id, the same for the life of its database."""
    guid: str = connection.execute(_GUID).scalar_one()
    return guid
