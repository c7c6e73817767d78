"""What the demo and the tests do to Campus from within the process.

Every function here is one transaction on the engine of `open_database`.
"""

import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Connection, Engine, text

from lti_tool.campus import adding, clock, queries
from lti_tool.campus.database import digest
from lti_tool.campus.personality import STRICT, Personality
from lti_tool.campus.records import Person, Score
from lti_tool.campus.seed_data import COURSES, IN_SECOND_COURSE, PEOPLE

LINE_ITEM_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
LINE_ITEM_READ_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
RESULT_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
MEMBERS_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
SCOPES = (LINE_ITEM_SCOPE, LINE_ITEM_READ_SCOPE, RESULT_SCOPE, SCORE_SCOPE, MEMBERS_SCOPE)
PERSONAL_CLAIMS = ("name", "given_name", "family_name", "email")

_ADD_TOOL = text(
    "INSERT INTO tools (client_id, deployment_id, name, login_url, launch_url, deep_link_url,"
    " jwks_url, redirect_uris, scopes, claims, custom, is_on, places) VALUES (:client_id,"
    " :deployment_id, :name, :login_url, :launch_url, :deep_link_url, :jwks_url, :redirect_uris,"
    " :scopes, :claims, CAST(:custom AS jsonb), :is_on, :places) RETURNING id"
)
_NAME_DEPLOYMENT = text("UPDATE tools SET deployment_id = :deployment_id WHERE id = :id")
_RENEW_TOOL = text(
    "UPDATE tools SET name = :name, login_url = :login_url, launch_url = :launch_url,"
    " deep_link_url = :deep_link_url, jwks_url = :jwks_url, redirect_uris = :redirect_uris,"
    " scopes = :scopes, claims = :claims, custom = CAST(:custom AS jsonb), places = :places"
    " WHERE id = :id RETURNING client_id, deployment_id"
)
_ADD_STAFF_CLIENT = text(
    "INSERT INTO staff_clients (client_id, secret_digest, redirect_uri, name, home_url)"
    " VALUES (:client_id, :secret_digest, :redirect_uri, :name, :home_url)"
)
_ADD_PERSON = text(
    "INSERT INTO people (subject, given_name, family_name, email, sis_id, kind, note, featured)"
    " VALUES (:subject, :given, :family, :email, :sis_id, :kind, :note, :featured) RETURNING id"
)
_ADD_COURSE = text(
    "INSERT INTO courses (label, title, sis_id, public_id)"
    " VALUES (:label, :title, :sis_id, :public_id) RETURNING id"
)
_ENROL = text(
    "INSERT INTO enrolments (course_id, person_id, role) VALUES (:course, :person, :role)"
    " ON CONFLICT (course_id, person_id) DO UPDATE SET role = excluded.role"
)
_UNENROL = text("DELETE FROM enrolments WHERE course_id = :course AND person_id = :person")
_LOCK = text("LOCK TABLE people IN EXCLUSIVE MODE")
_ADD_REGISTRATION_TOKEN = text(
    "INSERT INTO registration_tokens (digest, expires_at, tool_id)"
    " VALUES (:digest, :expires_at, :tool)"
)
_OVERRIDE = text(
    "INSERT INTO scores (line_item_id, person_id, override, activity_progress, grading_progress)"
    " VALUES (:line_item, :person, :points, 'Initialized', 'NotReady')"
    " ON CONFLICT (line_item_id, person_id) DO UPDATE SET override = excluded.override"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedTool:
    """What the tool has to know of its registration. `tool_id` is Campus' own."""

    tool_id: int
    client_id: str
    deployment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffClient:
    """The credentials of an OIDC relying party. The secret is not kept in clear."""

    client_id: str
    client_secret: str


def connect_tool(  # noqa: PLR0913 - the fields of a registration
    engine: Engine,
    *,
    name: str,
    login_url: str,
    launch_url: str,
    deep_link_url: str,
    jwks_url: str,
    redirect_uris: Sequence[str],
    scopes: Sequence[str] = SCOPES,
    claims: Sequence[str] = PERSONAL_CLAIMS,
    custom: Mapping[str, str] | None = None,
    client_id: str | None = None,
    is_on: bool = True,
    places: Sequence[str] = (),
    habits: Personality = STRICT,
) -> ConnectedTool:
    """Register a tool for the whole site, as an administrator would by hand.

    Args:
        engine: Campus' database.
        name: shown in the activity chooser.
        login_url: where OIDC logins are initiated.
        launch_url: the default target link, and the origin other links must have.
        deep_link_url: target of deep linking requests.
        jwks_url: the tool's public keys.
        redirect_uris: compared exactly.
        scopes: of services the tool may use; none means no services at all.
        claims: personal claims it may see, of `PERSONAL_CLAIMS`.
        custom: parameters sent with every message; `$Variables` are substituted.
        client_id: an existing one makes a further deployment of that registration.
        is_on: it can be used; else the administrator has to switch it on first.
        places: where instructors choose in it, of the personality's; none means all.
        habits: what ids look like.
    """
    fresh = secrets.token_hex(8)
    if habits.numeric_client_ids:
        fresh = str(10_000_000_000_000 + secrets.randbelow(10**12))
    with engine.begin() as connection:
        values = {
            "client_id": client_id or fresh,
            "deployment_id": secrets.token_hex(4),
            "name": name,
            "login_url": login_url,
            "launch_url": launch_url,
            "deep_link_url": deep_link_url,
            "jwks_url": jwks_url,
            "redirect_uris": list(redirect_uris),
            "scopes": list(scopes),
            "claims": list(claims),
            "custom": json.dumps(dict(custom or {})),
            "is_on": is_on,
            "places": list(places),
        }
        tool_id = connection.execute(_ADD_TOOL, values).scalar_one()
        if habits.deployment:
            named = habits.deployment.format(tool=tool_id, hex=secrets.token_hex(20))
            values["deployment_id"] = named
            connection.execute(_NAME_DEPLOYMENT, {"id": tool_id, "deployment_id": named})
    return ConnectedTool(
        tool_id=tool_id,
        client_id=str(values["client_id"]),
        deployment_id=str(values["deployment_id"]),
    )


def renew_tool(engine: Engine, tool_id: int, **details: object) -> ConnectedTool:
    """Replace what a tool says of itself; its ids and whether it is on stay.

    `details` are as for `connect_tool`, all of them.
    """
    values = {**details, "id": tool_id, "custom": json.dumps(details["custom"])}
    with engine.begin() as connection:
        client_id, deployment_id = connection.execute(_RENEW_TOOL, values).one()
    return ConnectedTool(tool_id=tool_id, client_id=client_id, deployment_id=deployment_id)


def connect_staff_client(
    engine: Engine, *, redirect_uri: str, name: str = "Staff", home_url: str | None = None
) -> StaffClient:
    """Register a relying party for staff sign-in. The secret is told only here.

    Args:
        engine: Campus' database.
        redirect_uri: compared exactly.
        name: of the relying party, for people.
        home_url: where its staff begin; shown to the registrar.
    """
    client = StaffClient(
        client_id=f"staff-{secrets.token_hex(6)}", client_secret=secrets.token_urlsafe(32)
    )
    with engine.begin() as connection:
        connection.execute(
            _ADD_STAFF_CLIENT,
            {
                "client_id": client.client_id,
                "secret_digest": digest(client.client_secret),
                "redirect_uri": redirect_uri,
                "name": name,
                "home_url": home_url,
            },
        )
    return client


def issue_registration_token(engine: Engine, *, renews: int | None = None) -> str:
    """Return a token that lets one tool register itself within an hour.

    Args:
        engine: Campus' database.
        renews: the tool whose registration is renewed; None for a new one.
    """
    token = secrets.token_urlsafe(32)
    with engine.begin() as connection:
        connection.execute(
            _ADD_REGISTRATION_TOKEN,
            {
                "digest": digest(token),
                "expires_at": clock.now() + timedelta(hours=1),
                "tool": renews,
            },
        )
    return token


def seed(engine: Engine, habits: Personality = STRICT) -> None:
    """Put the demo's people and courses in, unless there are people already.

    Ids follow from the order in `seed_data`: the first course is 1, Mirela Dragomir
    (instructor) is person 1, Amara Nwosu (student) is person 2.
    """
    with engine.begin() as connection:
        connection.execute(_LOCK)
        if queries.list_people(connection):
            return
        people = {
            given: (_add_person(connection, index, row, habits), row[2])
            for index, row in enumerate(PEOPLE, start=1)
            for given in row[:1]
        }
        for place, (label, title, sections) in enumerate(COURSES):
            values = {
                "label": label,
                "title": title,
                "sis_id": f"SIS-{label}",
                "public_id": adding.public_id(habits),
            }
            course = connection.execute(_ADD_COURSE, values).scalar_one()
            for section_title, notes in sections:
                adding.add_section(connection, course, section_title, notes)
            for given, (person, kind) in people.items():
                if place == 0 or given in IN_SECOND_COURSE:
                    _enrol_kind(connection, course, person, kind)


def add_students(engine: Engine, rows: Sequence[tuple[str, str, str, bool]]) -> list[Person]:
    """Add students: given name, family name, note for the picker, shown among the first.

    Ids and addresses follow from how many people there are already.
    """
    with engine.begin() as connection:
        connection.execute(_LOCK)
        known = len(queries.list_people(connection))
        for index, (given, family, note, featured) in enumerate(rows, start=known + 1):
            _add_person(connection, index, (given, family, "student", note, featured))
        return queries.list_people(connection)[known:]


def add_person(
    engine: Engine, number: int, row: tuple[str, str, str, str, bool], habits: Personality = STRICT
) -> Person:
    """Add one person, whose number at the university and address follow from `number`.

    Args:
        engine: Campus' database.
        number: the same at two LMSs is the same human.
        row: as in `seed_data.PEOPLE`.
        habits: what subjects look like.
    """
    with engine.begin() as connection:
        connection.execute(_LOCK)
        person_id = _add_person(connection, number, row, habits)
        return next(one for one in queries.list_people(connection) if one.id == person_id)


def add_course(
    engine: Engine,
    *,
    label: str,
    title: str,
    sections: Sequence[str],
    members: Mapping[int, str],
) -> tuple[int, dict[str, int]]:
    """Add a course.

    Args:
        engine: Campus' database.
        label: short, also in its SIS id.
        title: for people.
        sections: titles, from the top.
        members: "Instructor" or "Learner" by person id.

    Returns:
        Its id, and the sections' by title.
    """
    with engine.begin() as connection:
        values = {"label": label, "title": title, "sis_id": f"SIS-{label}", "public_id": None}
        course: int = connection.execute(_ADD_COURSE, values).scalar_one()
        found = {section: adding.add_section(connection, course, section) for section in sections}
        for person, role in members.items():
            connection.execute(_ENROL, {"course": course, "person": person, "role": role})
    return course, found


def enrol(engine: Engine, *, course_id: int, person_id: int, role: str) -> None:
    """Put a person in a course as "Instructor" or "Learner"."""
    with engine.begin() as connection:
        connection.execute(_ENROL, {"course": course_id, "person": person_id, "role": role})


def unenrol(engine: Engine, *, course_id: int, person_id: int) -> None:
    """Take a person out of a course. Their scores stay."""
    with engine.begin() as connection:
        connection.execute(_UNENROL, {"course": course_id, "person": person_id})


def override_grade(
    engine: Engine, *, line_item_id: int, person_id: int, points: Decimal | None
) -> None:
    """Set a grade by a teacher's hand; None gives the column back to the tool."""
    values = {"line_item": line_item_id, "person": person_id, "points": points}
    with engine.begin() as connection:
        connection.execute(_OVERRIDE, values)


def people(engine: Engine) -> list[Person]:
    """Return everybody."""
    with engine.begin() as connection:
        return queries.list_people(connection)


def gradebook(engine: Engine, course_id: int) -> dict[tuple[int, str], Score]:
    """Return what is stored per line item id and the learner's `sub`."""
    with engine.begin() as connection:
        subjects = {person.id: person.subject for person in queries.list_people(connection)}
        scores = queries.list_scores(connection, course_id)
    return {(line_item, subjects[person]): score for (line_item, person), score in scores.items()}


def _add_person(
    connection: Connection,
    index: int,
    row: tuple[str, str, str, str, bool],
    habits: Personality = STRICT,
) -> int:
    given, family, kind, note, featured = row
    values = {
        "subject": habits.subject.format(number=1000 + index, uuid=uuid.uuid4()),
        "given": given,
        "family": family,
        "email": f"person{index}@campus.example",
        "sis_id": f"S{20260000 + index}",
        "kind": kind,
        "note": note,
        "featured": featured,
    }
    person_id: int = connection.execute(_ADD_PERSON, values).scalar_one()
    return person_id


def _enrol_kind(connection: Connection, course: int, person: int, kind: str) -> None:
    roles = {"instructor": "Instructor", "student": "Learner"}
    if kind in roles:
        connection.execute(_ENROL, {"course": course, "person": person, "role": roles[kind]})
