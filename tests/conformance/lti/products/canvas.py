"""Canvas: one service for many customers (instructure/canvas-lms, doc/api, lib/lti/messages)."""

from typing import Any, Final

from lti_tool.campus.claims import ENDPOINT, LTI, NAMES_AND_ROLES
from tests.conformance.lti.products.product import (
    COURSE,
    INSTITUTION,
    OFFERING,
    SETTINGS,
    SYSTEM,
    TEST_USER,
    Kept,
    Product,
    Taken,
    scopes,
)

# What Canvas' serializer leaves in every claim that is an object.
_RAILS: Final[dict[str, Any]] = {"validation_context": None, "errors": {"errors": {}}}
_CANVAS: Final = "https://school.instructure.com"
_CANVAS_COURSE: Final = "4dde05e8ca1973bcca9bffc13e1548820eee93a3"

CANVAS: Final = Product(
    code="canvas",
    issuer="https://canvas.instructure.com",
    auth_url="https://sso.canvaslms.com/api/lti/authorize_redirect",
    token_url="https://sso.canvaslms.com/login/oauth2/token",
    jwks_url="https://sso.canvaslms.com/api/lti/security/jwks",
    client_id="10000000000004",
    deployment_id=f"1:{_CANVAS_COURSE}",
    login_by="POST",
    login={
        "login_hint": "535fa085f22b4655f48cd5a36a9215f64c062838",
        "client_id": "10000000000004",
        # A signed token of its own.
        "lti_message_hint": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9." + "eyJ2ZXJpZmllciI6ImYw" * 60,
        "lti_deployment_id": f"1:{_CANVAS_COURSE}",
        "canvas_region": "us-east-1",
        "canvas_environment": "prod",
        "lti_storage_target": "post_message_forwarding",
    },
    answer={"utf8": "✓", "authenticity_token": "VGhpcw==", "lti_storage_target": "_parent"},
    lifetime_s=3600,
    key_members={"alg": "RS256", "use": "sig"},
    common={
        "sub": "535fa085-f22b-4655-f48c-d5a36a9215f6",
        "name": "Amara Okafor",
        "given_name": "Amara",
        "family_name": "Okafor",
        "email": "amara@school.example",
        "picture": "https://canvas.instructure.com/images/messages/avatar-50.png",
        "locale": "en",
        f"{LTI}context": {
            "id": _CANVAS_COURSE,
            "label": "BIO2",
            "title": "Biostatistics 2",
            "type": [OFFERING],
            **_RAILS,
        },
        f"{LTI}tool_platform": {
            "guid": "KnQbfmlz:canvas-lms",
            "name": "School",
            "version": "cloud",
            "product_family_code": "canvas",
            **_RAILS,
        },
        f"{LTI}launch_presentation": {
            "document_target": "iframe",
            "return_url": f"{_CANVAS}/courses/1/external_content/success/external_tool_redirect",
            "locale": "en",
            "height": None,
            "width": None,
            **_RAILS,
        },
        # Nobody is in the student information system: the variable stays as it was written.
        f"{LTI}lis": {
            "person_sourcedid": "$Person.sourcedId",
            "course_offering_sourcedid": "$CourseSection.sourcedId",
            **_RAILS,
        },
        f"{LTI}lti11_legacy_user_id": "1b3f0a6c5f0c3a1b",
        f"{LTI}lti1p1": {"user_id": "1b3f0a6c5f0c3a1b", **_RAILS},
        "errors": {"errors": {}},
        ENDPOINT: {
            "scope": scopes("lineitem", "lineitem.readonly", "result.readonly", "score"),
            "lineitems": f"{_CANVAS}/api/lti/courses/1/line_items",
            **_RAILS,
        },
        NAMES_AND_ROLES: {
            "context_memberships_url": f"{_CANVAS}/api/lti/courses/1/names_and_roles",
            "service_versions": ["2.0"],
            **_RAILS,
        },
    },
    link={
        "https://www.instructure.com/placement": "assignment_selection",
        f"{LTI}resource_link": {
            "id": "b2ec8a7e-9f4b-4b3e-9f5a-1d2c3b4a5f60",
            "title": "Reading statistics",
            "description": None,
            **_RAILS,
        },
        ENDPOINT: {
            "scope": scopes("lineitem", "lineitem.readonly", "result.readonly", "score"),
            "lineitems": f"{_CANVAS}/api/lti/courses/1/line_items",
            "lineitem": f"{_CANVAS}/api/lti/courses/1/line_items/7",
            **_RAILS,
        },
        # Numbers on some installations, names of variables where nothing is to be said.
        f"{LTI}custom": {
            "placement": "p1.of-this-link",
            "canvas_course_id": 319,
            "canvas_assignment_id": "$Canvas.assignment.id",
            "context_id_history": "9a3ce0a4,timed out",
            "resource_link_id_history": "$ResourceLink.id.history",
        },
    },
    placing={
        "https://www.instructure.com/placement": "assignment_selection",
        f"{LTI}custom": {},
        SETTINGS: {
            "deep_link_return_url": f"{_CANVAS}/courses/1/deep_linking_response?data=eyJ0eXAi.e30",
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe", "window"],
            "accept_media_types": "application/vnd.ims.lti.v1.ltilink",
            "accept_multiple": False,
            "auto_create": False,
            **_RAILS,
        },
    },
    people={
        "student": (
            [f"{INSTITUTION}#Student", f"{COURSE}#Learner", f"{SYSTEM}#User"],
            ["learner"],
        ),
        "student who teaches elsewhere": (
            [
                f"{INSTITUTION}#Instructor",
                f"{INSTITUTION}#Student",
                f"{COURSE}#Learner",
                f"{SYSTEM}#User",
            ],
            ["learner"],
        ),
        "teacher": (
            [f"{INSTITUTION}#Instructor", f"{COURSE}#Instructor", f"{SYSTEM}#User"],
            ["instructor"],
        ),
        "teaching assistant": (
            [
                f"{INSTITUTION}#Instructor",
                f"{INSTITUTION}#Student",
                f"{COURSE}#Instructor",
                f"{COURSE}/Instructor#TeachingAssistant",
                f"{SYSTEM}#User",
            ],
            ["instructor"],
        ),
        "designer": ([f"{COURSE}#ContentDeveloper"], ["content_developer"]),
        "observer": ([f"{COURSE}#Mentor"], []),
        "admin": ([f"{INSTITUTION}#Administrator"], ["administrator"]),
        "student view": ([f"{COURSE}#Learner", TEST_USER], ["learner", "test_user"]),
        "group leader": ([f"{COURSE}#Member", f"{COURSE}#Manager"], []),
    },
    kept=Kept(
        subject="535fa085-f22b-4655-f48c-d5a36a9215f6",
        name="Amara Okafor",
        email="amara@school.example",
        sis_id=None,
        course=(_CANVAS_COURSE, "Biostatistics 2", "BIO2"),
        link=("b2ec8a7e-9f4b-4b3e-9f5a-1d2c3b4a5f60", "Reading statistics"),
        line_item=f"{_CANVAS}/api/lti/courses/1/line_items/7",
        line_items=f"{_CANVAS}/api/lti/courses/1/line_items",
        members=f"{_CANVAS}/api/lti/courses/1/names_and_roles",
        settings={
            "return_url": f"{_CANVAS}/courses/1/external_content/success/external_tool_redirect",
            "locale": "en",
            "document_target": "iframe",
            "course_history": ["9a3ce0a4", "timed out"],
        },
    ),
    taken=Taken(several=False, windows=True, columns=True),
    data=None,
    return_url=f"{_CANVAS}/courses/1/deep_linking_response?data=eyJ0eXAi.e30",
)
