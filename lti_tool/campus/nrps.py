"""Names and Role Provisioning: who is in a course.

NRPS 2.0: https://www.imsglobal.org/spec/lti-nrps/v2p0
"""

from typing import Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from lti_tool.campus import queries, store
from lti_tool.campus.claims import LTI, MEMBERSHIP, RESOURCE_LINK, custom, personal
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.lists import answer, check_accept, cut_page
from lti_tool.campus.records import Activity, Person, Tool
from lti_tool.campus.runtime import campus
from lti_tool.campus.tokens import check_bearer

blueprint = Blueprint("nrps", __name__)

MEMBERS: Final = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"


@blueprint.get("/lti/courses/<int:course_id>/memberships")
def list_members(course_id: int) -> ResponseReturnValue:
    """Return the members, by role and page; with `rlid` also their view of an activity."""
    tool_id = request.args.get("type_id", default=0, type=int)
    with campus().engine.begin() as connection:
        tool = queries.get_tool(connection, tool_id)
        check_bearer(connection, tool, store.MEMBERS_SCOPE)
        check_accept(MEMBERS)
        course = queries.get_course(connection, course_id)
        activity = _find_activity(connection, course_id, tool)
        asked = request.args.get("role", "").removeprefix(MEMBERSHIP)
        members = [
            _shown(person, role, tool, activity)
            for role in ("Instructor", "Learner")
            if asked in {"", role}
            for person in queries.list_members(connection, course_id, role)
        ]
    habits = campus().settings.personality
    if habits.most_members is not None and len(members) > habits.most_members:
        raise RefusalError(403, "above_response_limit", "above_response_limit")
    page, headers = cut_page(members, stuck=habits.stuck_members_link)
    body = {
        "id": campus().url(request.full_path.removesuffix("?")),
        "context": {"id": course.context_id, "label": course.label, "title": course.title},
        "members": list(page),
    }
    return answer(body, MEMBERS, headers=headers)


def _find_activity(connection: Connection, course_id: int, tool: Tool) -> Activity | None:
    """Return the activity of `rlid` (NRPS 2.0 §3); None if it was not asked for."""
    link_id = request.args.get("rlid")
    if link_id is None:
        return None
    for activity in queries.list_activities(connection, course_id):
        if activity.link_id == link_id and activity.tool_id == tool.id:
            return activity
    raise RefusalError(404, "not_found", "rlid is none of this tool's resource links here")


def _shown(person: Person, role: str, tool: Tool, activity: Activity | None) -> dict[str, object]:
    habits = campus().settings.personality
    short = habits.short_roles_in_members
    member: dict[str, object] = {
        "status": "Active",
        "user_id": person.subject,
        "roles": [role if short else MEMBERSHIP + role],
        "lis_person_sourcedid": person.sis_id,
        **personal(person, tool.claims),
    }
    if activity is not None:
        variables = {"User.id": person.subject, "Person.sourcedId": person.sis_id}
        message = {
            f"{LTI}message_type": RESOURCE_LINK,
            f"{LTI}custom": custom(tool, activity, variables),
        }
        member["message"] = message if habits.message_is_object else [message]
    return member
