"""The claims of the messages Campus sends: LTI Core 1.3 and Deep Linking 2.0. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from lti_tool.campus import reviewing, store
from lti_tool.campus.personality import DeepLinkPlace, Personality
from lti_tool.campus.records import Activity, Course, LineItem, Person, Tool

LTI: Final = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINKING: Final = "https://purl.imsglobal.org/spec/lti-dl/claim/"
ENDPOINT: Final = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NAMES_AND_ROLES: Final = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
RESOURCE_LINK: Final = "LtiResourceLinkRequest"
DEEP_LINK: Final = "LtiDeepLinkingRequest"
REVIEW: Final = "LtiSubmissionReviewRequest"
MEMBERSHIP: Final = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that a message speaks of.

    Attributes:
        role: "Instructor" or "Learner".
        activity: None for a launch of the course as a whole, and for deep linking.
        line_item: the activity's only column, if it has exactly one.
        ancestors: the courses this one was copied from, the latest first.
    """

    base_url: str
    guid: str
    personality: Personality
    person: Person
    role: str
    course: Course
    tool: Tool
    activity: Activity | None
    line_item: LineItem | None
    document_target: str
    ancestors: tuple[Course, ...] = ()


def resource_link_claims(scene: Scene) -> dict[str, object]:
    """Return the claims of a resource link launch, without those of the token itself.

    A launch of the whole course has the course's own id as resource link id, as Canvas'
    course navigation does (2026).
    """
    course, activity = scene.course, scene.activity
    link: dict[str, object] = {"id": course.context_id, "title": course.title}
    target = scene.tool.launch_url
    if activity is not None:
        link, target = _link(activity), activity.url
    return {
        **_common(scene, RESOURCE_LINK, target),
        f"{LTI}resource_link": link,
        **_services(scene),
    }


def review_claims(scene: Scene, column: LineItem, whose: Person) -> dict[str, object]:
    """Return the claims of a submission review (Submission Review 1.0 §3.1).

    A column of no activity has no resource link to name.
    """
    activity = scene.activity
    target = reviewing.target_of(column, activity.url if activity else scene.tool.launch_url)
    claims = _common(scene, REVIEW, target) | _services(replace(scene, line_item=column))
    parameters = custom(scene.tool, activity, variables(scene), reviewing.custom_of(column))
    if parameters:
        claims[f"{LTI}custom"] = parameters
    if activity is not None:
        claims[f"{LTI}resource_link"] = _link(activity)
    named: dict[str, object] = {}
    if scene.personality.names_reviewed:
        named = {
            **personal(whose, scene.tool.claims),
            "person_sourcedid": whose.sis_id,
            "roles": list(scene.personality.roles["Learner"]),
        }
    claims[f"{LTI}for_user"] = {"user_id": whose.subject, **named}
    return claims


def deep_linking_claims(
    scene: Scene, place: DeepLinkPlace, *, return_url: str, data: str
) -> dict[str, object]:
    """Return the claims of a deep linking request (Deep Linking 2.0 §4.4)."""
    settings: dict[str, object] = {
        "deep_link_return_url": return_url,
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": list(place.targets),
        "accept_multiple": place.accept_multiple,
        "auto_create": place.auto_create,
    }
    if place.accept_lineitem is not None:
        settings["accept_lineitem"] = place.accept_lineitem
    if scene.personality.sends_data:
        settings["data"] = data
    return {
        **_common(scene, DEEP_LINK, scene.tool.deep_link_url),
        f"{DEEP_LINKING}deep_linking_settings": settings,
        **_services(scene),
    }


def line_items_path(course_id: int) -> str:
    """Return the path of a course's line items; a query has to follow."""
    return f"/lti/courses/{course_id}/lineitems"


def personal(person: Person, allowed: list[str]) -> dict[str, str]:
    """Return the personal claims that the registration allows."""
    known = {
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "email": person.email,
    }
    return {name: value for name, value in known.items() if name in allowed}


def custom(
    tool: Tool,
    activity: Activity | None,
    variables: Mapping[str, str],
    further: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Return the custom parameters; a known `$Variable` is replaced as a whole value.

    An unknown one arrives as it was written (LTI Core 1.3 §6.1).
    """
    merged = {**tool.custom, **(activity.custom if activity else {}), **further}
    return {
        name: variables.get(value.removeprefix("$"), value) if value.startswith("$") else value
        for name, value in merged.items()
    }


def variables(scene: Scene) -> dict[str, str]:
    """Return the values of the substitution variables that Campus knows."""
    activity = scene.activity
    known = {
        "Context.id": scene.course.context_id,
        "Context.title": scene.course.title,
        "Context.label": scene.course.label,
        "Context.id.history": ",".join(course.context_id for course in scene.ancestors),
        "CourseSection.sourcedId": scene.course.sis_id,
        "User.id": scene.person.subject,
        "Person.sourcedId": scene.person.sis_id,
    }
    names = {"name": "Person.name.full", "email": "Person.email.primary"}
    for claim, value in personal(scene.person, scene.tool.claims).items():
        if claim in names:  # a variable tells no more than the registration allows
            known[names[claim]] = value
    if activity is not None:
        ends = activity.closes_at.isoformat() if activity.closes_at else ""
        known |= {
            "ResourceLink.id": activity.link_id,
            "ResourceLink.title": activity.title,
            "ResourceLink.submission.endDateTime": ends,
        }
        if scene.personality.link_history:
            known["ResourceLink.id.history"] = ""
    return known


def _link(activity: Activity) -> dict[str, object]:
    link: dict[str, object] = {"id": activity.link_id, "title": activity.title}
    if activity.description:
        link["description"] = activity.description
    return link


def _common(scene: Scene, message_type: str, target_link_uri: str) -> dict[str, object]:
    course, tool, person = scene.course, scene.tool, scene.person
    parameters = custom(tool, scene.activity, variables(scene))
    family = scene.personality.product_family_code
    product = {} if family is None else {"product_family_code": family}
    claims: dict[str, object] = {
        "sub": person.subject,
        "locale": "en",
        **personal(person, tool.claims),
        f"{LTI}message_type": message_type,
        f"{LTI}version": "1.3.0",
        f"{LTI}deployment_id": tool.deployment_id,
        f"{LTI}target_link_uri": target_link_uri,
        f"{LTI}roles": list(scene.personality.roles[scene.role]),
        f"{LTI}context": {
            "id": course.context_id,
            "label": course.label,
            "title": course.title,
            "type": [scene.personality.context_type],
        },
        f"{LTI}lis": {
            "person_sourcedid": person.sis_id,
            "course_section_sourcedid": course.sis_id,
        },
        f"{LTI}launch_presentation": {
            "document_target": scene.document_target,
            "return_url": f"{scene.base_url}/courses/{course.id}/return",
            "locale": "en",
        },
        f"{LTI}tool_platform": {"guid": scene.guid, "name": "Campus", "version": "1"} | product,
        **scene.personality.claims,
    }
    if parameters:
        claims[f"{LTI}custom"] = parameters
    return claims


def _services(scene: Scene) -> dict[str, object]:
    """Name the services that the registration may use (AGS 2.0 §3.1, NRPS 2.0 §2.2)."""
    tool, query = scene.tool, f"?type_id={scene.tool.id}"
    scopes = [scope for scope in tool.scopes if scope != store.MEMBERS_SCOPE]
    claims: dict[str, object] = {}
    if scopes:
        line_items = scene.base_url + line_items_path(scene.course.id)
        endpoint: dict[str, object] = {"scope": scopes, "lineitems": line_items + query}
        if scene.line_item is not None:
            endpoint["lineitem"] = f"{line_items}/{scene.line_item.id}{query}"
        claims[ENDPOINT] = endpoint
    if store.MEMBERS_SCOPE in tool.scopes:
        members = f"{scene.base_url}/lti/courses/{scene.course.id}/memberships{query}"
        claims[NAMES_AND_ROLES] = {
            "context_memberships_url": members,
            "service_versions": ["2.0"],
        }
    return claims
