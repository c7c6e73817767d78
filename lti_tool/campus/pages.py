"""The pages of Campus: who to be, courses, activities, tools, the log of messages."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, text

from lti_tool.campus import copying, queries, store
from lti_tool.campus.database import find_all
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.records import (
    Activity,
    Course,
    LineItem,
    Message,
    Note,
    Person,
    Score,
    Section,
)
from lti_tool.campus.registration import registration_link
from lti_tool.campus.reviewing import get_reviewable, is_reviewable, words_of
from lti_tool.campus.runtime import campus
from lti_tool.campus.web import find_persona, get_instructor, get_persona, get_role

blueprint = Blueprint("pages", __name__)

_MESSAGES = text("SELECT * FROM messages ORDER BY id DESC LIMIT 100")
_SWITCH_ON = text("UPDATE tools SET is_on = true WHERE id = :id")
_MY_COURSES = text(
    "SELECT c.* FROM courses c JOIN enrolments e ON e.course_id = c.id"
    " WHERE e.person_id = :person ORDER BY c.id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A section with what is in it, for the course page."""

    section: Section
    notes: list[Note]
    activities: list[Activity]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A grade as text: "83.33 / 100", or "none"."""

    person: Person
    line_item: LineItem
    score: Score | None

    @property
    def words(self) -> str:
        """The points of the maximum, to at most two decimals."""
        grade = self.score.grade(self.line_item) if self.score else None
        if grade is None:
            return "none"
        return f"{plain(grade)} / {plain(self.line_item.score_maximum)}"

    @property
    def is_changed(self) -> bool:
        """A teacher has put a grade over the tool's."""
        return self.score is not None and self.score.override is not None

    @property
    def review(self) -> str | None:
        """What leads to the work, if its tool shows it at this state."""
        habits = campus().settings.personality
        offers = is_reviewable(self.line_item, self.score, habits)
        return words_of(self.line_item) if offers else None


def plain(points: Decimal) -> str:
    """Return points for people: at most two decimals, no trailing zeros."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


@blueprint.get("/")
def choose_persona() -> ResponseReturnValue:
    """Ask who one would like to be; list the courses of who one is."""
    with campus().engine.begin() as connection:
        people = queries.list_people(connection)
        persona = find_persona(connection)
        courses = _list_courses(connection, persona)
        homes = queries.list_staff_homes(connection)
    return render_template(
        "picker.html", people=people, persona=persona, courses=courses, homes=homes
    )


@blueprint.post("/")
def be_persona() -> ResponseReturnValue:
    """Sign in as the chosen person; there are no passwords here."""
    with campus().engine.begin() as connection:
        person = queries.find_person(connection, request.form.get("as", default=0, type=int))
        if person is None:
            raise RefusalError(404, "not_found", "There is no such person.")
        courses = _list_courses(connection, person)
    session.clear()
    session["person_id"] = person.id
    if courses:
        return redirect(url_for(".show_course", course_id=courses[0].id), 303)
    return redirect(url_for(".choose_persona"), 303)


@blueprint.get("/courses/<int:course_id>")
def show_course(course_id: int) -> ResponseReturnValue:
    """Show the course as its member sees it."""
    with campus().engine.begin() as connection:
        course = queries.get_course(connection, course_id)
        person = get_persona(connection)
        role = get_role(connection, course_id, person)
        notes = queries.list_notes(connection, course_id)
        activities = queries.list_activities(connection, course_id)
        parts = [
            Part(
                section=section,
                notes=[note for note in notes if note.section_id == section.id],
                activities=[one for one in activities if one.section_id == section.id],
            )
            for section in queries.list_sections(connection, course_id)
        ]
        tools = queries.list_tools(connection)
        names = {tool.id: tool.name for tool in tools}
        line_items = queries.list_line_items(connection, course_id)
        rows = _read_gradebook(connection, course_id, person, role, line_items)
        courses = _list_courses(connection, person)
    return render_template(
        "course.html",
        course=course,
        courses=courses,
        person=person,
        role=role,
        parts=parts,
        tool_names=names,
        usable=[tool for tool in tools if tool.is_on],
        line_items=line_items,
        rows=rows,
    )


@blueprint.get("/courses/<int:course_id>/notes/<int:note_id>")
def show_note(course_id: int, note_id: int) -> ResponseReturnValue:
    """Show a page of the course's own."""
    with campus().engine.begin() as connection:
        course = queries.get_course(connection, course_id)
        get_role(connection, course_id, get_persona(connection))
        notes = [note for note in queries.list_notes(connection, course_id) if note.id == note_id]
    if not notes:
        raise RefusalError(404, "not_found", "There is no such page in this course.")
    return render_template("note.html", course=course, note=notes[0])


@blueprint.get("/courses/<int:course_id>/activities/<int:activity_id>")
def show_activity(course_id: int, activity_id: int) -> ResponseReturnValue:
    """Show a tool's activity in a frame, with a way to a window of its own."""
    with campus().engine.begin() as connection:
        course = queries.get_course(connection, course_id)
        get_role(connection, course_id, get_persona(connection))
        activity = queries.get_activity(connection, course_id, activity_id)
    launch_url = url_for("launches.launch_activity", course_id=course_id, activity_id=activity_id)
    return _frame(course, activity.title, launch_url, in_window=activity.in_window)


@blueprint.get("/courses/<int:course_id>/tools/<int:tool_id>")
def show_tool(course_id: int, tool_id: int) -> ResponseReturnValue:
    """Show a tool's view of the whole course in a frame."""
    with campus().engine.begin() as connection:
        course = queries.get_course(connection, course_id)
        role = get_role(connection, course_id, get_persona(connection))
        tool = queries.get_tool(connection, tool_id)
    title = f"{tool.name} dashboard" if role == "Instructor" else "My badges"
    launch_url = url_for("launches.launch_course", course_id=course_id, tool_id=tool_id)
    return _frame(course, title, launch_url)


@blueprint.get("/courses/<int:course_id>/add")
def choose_tool(course_id: int) -> ResponseReturnValue:
    """Ask what kind of activity to add, and where."""
    with campus().engine.begin() as connection:
        course = queries.get_course(connection, course_id)
        get_instructor(connection, course_id)
        sections = queries.list_sections(connection, course_id)
        tools = [tool for tool in queries.list_tools(connection) if tool.is_on]
    places = campus().settings.personality.places
    offers = [
        (tool, [place for place in places if not tool.places or place.name in tool.places])
        for tool in tools
    ]
    chosen = request.args.get("section", type=int)
    return render_template(
        "add.html", course=course, sections=sections, offers=offers, chosen=chosen
    )


@blueprint.post("/courses/<int:course_id>/copy")
def copy(course_id: int) -> ResponseReturnValue:
    """Copy the course with its people and activities, and go there."""
    habits = campus().settings.personality
    with campus().engine.begin() as connection:
        get_instructor(connection, course_id)
        made = copying.copy_course(connection, course_id, habits)
    flash(f"This is {made.title}. Its people and activities are the same, its gradebook is empty.")
    return redirect(url_for(".show_course", course_id=made.id), 303)


@blueprint.get("/courses/<int:course_id>/add/<int:tool_id>")
def choose_content(course_id: int, tool_id: int) -> ResponseReturnValue:
    """Let the instructor choose inside the tool (Deep Linking 2.0)."""
    with campus().engine.begin() as connection:
        course = queries.get_course(connection, course_id)
        get_instructor(connection, course_id)
        tool = queries.get_tool(connection, tool_id)
    launch_url = url_for(
        "launches.launch_deep_linking",
        course_id=course_id,
        tool_id=tool_id,
        section=request.args.get("section"),
        place=request.args.get("place"),
    )
    return _frame(course, f"Add an activity: {tool.name}", launch_url)


@blueprint.get("/courses/<int:course_id>/return")
def come_back(course_id: int) -> ResponseReturnValue:
    """Take the browser back from a tool, with what the tool has to say (LTI Core §5.4.4)."""
    for name in ("lti_msg", "lti_errormsg"):
        if request.args.get(name):
            flash(f"The tool says: {request.args[name]}")
    return render_template("leave_frame.html", to=url_for(".show_course", course_id=course_id))


@blueprint.route(
    "/courses/<int:course_id>/gradebook/<int:line_item_id>/<int:person_id>",
    methods=["GET", "POST"],
)
def change_grade(course_id: int, line_item_id: int, person_id: int) -> ResponseReturnValue:
    """Put a teacher's grade over the tool's, or take it away again."""
    with campus().engine.begin() as connection:
        course = queries.get_course(connection, course_id)
        get_instructor(connection, course_id)
        line_item = queries.get_line_item(connection, course_id, line_item_id)
        student = queries.get_student(connection, course_id, person_id)
        score = queries.list_scores(connection, course_id).get((line_item_id, person_id))
    cell = Cell(person=student, line_item=line_item, score=score)
    problem = None
    if request.method == "POST":
        try:
            points = _read_points(request.form.get("points", ""))
        except RefusalError as refusal:
            problem = refusal.message
        else:
            store.override_grade(
                campus().engine, line_item_id=line_item_id, person_id=person_id, points=points
            )
            return redirect(url_for(".show_course", course_id=course_id), 303)
    return render_template("grade.html", course=course, cell=cell, problem=problem)


@blueprint.get("/courses/<int:course_id>/gradebook/<int:line_item_id>/<int:person_id>/work")
def show_work(course_id: int, line_item_id: int, person_id: int) -> ResponseReturnValue:
    """Show a student's work in its tool (Submission Review 1.0)."""
    with campus().engine.begin() as connection:
        course = queries.get_course(connection, course_id)
        get_instructor(connection, course_id)
        line_item, student = get_reviewable(
            connection,
            campus().settings.personality,
            course_id=course_id,
            line_item_id=line_item_id,
            person_id=person_id,
        )
    launch_url = url_for(
        "launches.launch_review",
        course_id=course_id,
        line_item_id=line_item_id,
        person_id=person_id,
    )
    return _frame(course, f"{line_item.label}: {student.name}", launch_url)


@blueprint.get("/tools")
def list_tools() -> ResponseReturnValue:
    """Show the connected tools; the administrator may connect another."""
    with campus().engine.begin() as connection:
        persona = find_persona(connection)
        tools = queries.list_tools(connection)
        homes = queries.list_staff_homes(connection)
    words = campus().settings.personality.switch_on
    return render_template("tools.html", tools=tools, persona=persona, homes=homes, switch_on=words)


@blueprint.post("/tools/<int:tool_id>/on")
def switch_on(tool_id: int) -> ResponseReturnValue:
    """Let courses use a tool that has registered itself."""
    with campus().engine.begin() as connection:
        get_persona(connection, "administrator")
        tool = queries.get_tool(connection, tool_id)
        connection.execute(_SWITCH_ON, {"id": tool.id})
    flash(f"{tool.name} can be used in courses now.")
    return redirect(url_for(".list_tools"), 303)


@blueprint.post("/tools")
def begin_registration() -> ResponseReturnValue:
    """Open a tool's registration page with a token that works once."""
    with campus().engine.begin() as connection:
        get_persona(connection, "administrator")
        tools = queries.list_tools(connection)
    tool_url = request.form.get("url", "").strip()
    parts = urlsplit(tool_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise RefusalError(400, "bad_request", "Enter the tool's registration address, with http.")
    origin = f"{parts.scheme}://{parts.netloc}"
    known = [tool for tool in tools if tool.login_url.startswith(f"{origin}/")]
    renews = request.form.get("renews")
    if renews is None and known and campus().settings.personality.asks_update:
        return render_template("renew.html", known=known, url=tool_url)
    chosen = next((tool.id for tool in known if str(tool.id) == renews), None)
    link = registration_link(tool_url, renews=chosen)
    return render_template("register.html", link=link, origin=origin)


@blueprint.get("/log")
def show_log() -> ResponseReturnValue:
    """Show the last hundred messages, newest first. There are no secrets in them."""
    with campus().engine.begin() as connection:
        messages = find_all(connection, Message, _MESSAGES)
    return render_template("log.html", messages=messages)


def _frame(
    course: Course, title: str, launch_url: str, *, in_window: bool = False
) -> ResponseReturnValue:
    joint = "&" if "?" in launch_url else "?"
    window_url = f"{launch_url}{joint}target=window"
    return render_template(
        "frame.html",
        course=course,
        title=title,
        launch_url=None if in_window else launch_url,
        window_url=window_url,
        allows=campus().settings.personality.frame_allows,
    )


def _list_courses(connection: Connection, person: Person | None) -> list[Course]:
    if person is None:
        return []
    return find_all(connection, Course, _MY_COURSES, person=person.id)


def _read_gradebook(
    connection: Connection,
    course_id: int,
    person: Person,
    role: str,
    line_items: list[LineItem],
) -> list[tuple[Person, list[Cell]]]:
    """Return rows of cells: everybody's for an instructor, one's own for a student."""
    students = [person]
    if role == "Instructor":
        students = queries.list_members(connection, course_id, "Learner")
    scores = queries.list_scores(connection, course_id)
    return [
        (
            student,
            [
                Cell(person=student, line_item=item, score=scores.get((item.id, student.id)))
                for item in line_items
            ],
        )
        for student in students
    ]


def _read_points(words: str) -> Decimal | None:
    if not words.strip():
        return None
    try:
        points = Decimal(words.strip())
    except InvalidOperation as problem:
        raise RefusalError(
            400, "bad_request", "Enter points as a number, such as 72.5."
        ) from problem
    if not points.is_finite() or points < 0:
        raise RefusalError(400, "bad_request", "Enter points of 0 or more.")
    return points
