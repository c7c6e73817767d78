"""Moodle, Sakai and Open edX: every customer's own site is the issuer.

Moodle: what a 4.5.6 posted, claim by claim. Sakai: sakaiproject/sakai, lti-common (launch and deep
linking), lti/docs/CUSTOM.md. Open edX: openedx/xblock-lti-consumer 11.4 (2026).
"""

from typing import Final

from lti_tool.campus.claims import ENDPOINT, LTI, NAMES_AND_ROLES
from tests.conformance.lti.products.product import (
    COURSE,
    INSTITUTION,
    SETTINGS,
    SYSTEM,
    Kept,
    Product,
    Taken,
    scopes,
)

_MOODLE: Final = "https://moodle.school.example"
_MOODLE_SERVICES: Final = f"{_MOODLE}/mod/lti/services.php"
_MOODLE_SCOPES: Final = scopes("lineitem", "lineitem.readonly", "result.readonly", "score")
_MOODLE_RETURN: Final = (
    f"{_MOODLE}/mod/lti/return.php?course=2&launch_container=3&instanceid=4&sesskey=kV2vYQsPB7"
)

MOODLE: Final = Product(
    code="moodle",
    issuer=_MOODLE,
    auth_url=f"{_MOODLE}/mod/lti/auth.php",
    token_url=f"{_MOODLE}/mod/lti/token.php",
    jwks_url=f"{_MOODLE}/mod/lti/certs.php",
    client_id="FJoaAFPczKHzDlP",
    deployment_id="2",
    login_by="POST",
    login={
        "login_hint": "4",
        "lti_message_hint": '{"cmid":5,"launchid":"ltilaunch4_1012547112"}',
        "client_id": "FJoaAFPczKHzDlP",
        "lti_deployment_id": "2",
    },
    lifetime_s=60,
    key_members={"alg": "RS256", "use": "sig"},
    common={
        "sub": "4",
        f"{LTI}lis": {
            "person_sourcedid": "SIS-student1",
            "course_section_sourcedid": "SIS-MC101",
        },
        f"{LTI}context": {
            "id": "2",
            "label": "MC101",
            "title": "Multiple Choice 101",
            "type": ["CourseSection"],
        },
        "given_name": "Ada",
        "family_name": "Lovelace",
        "name": "Ada Lovelace",
        f"{LTI}ext": {"user_username": "student1", "lms": "moodle-2"},
        "email": "student1@example.com",
        f"{LTI}tool_platform": {
            "product_family_code": "moodle",
            "version": "2024100706",
            "guid": "27d223964ed1329ddf61eaaf167b60c8",
            "name": "rig",
            "description": "LTI Rig",
        },
        ENDPOINT: {
            "scope": _MOODLE_SCOPES,
            "lineitems": f"{_MOODLE_SERVICES}/2/lineitems?type_id=2",
        },
    },
    link={
        f"{LTI}resource_link": {
            "title": "Ref quiz",
            "description": "Intro text\r\nBOLD",
            "id": "4",
        },
        "https://purl.imsglobal.org/spec/lti-bo/claim/basicoutcome": {
            "lis_result_sourcedid": '{"data":{"instanceid":"4","userid":"4"},"hash":"e387655616"}',
            "lis_outcome_service_url": f"{_MOODLE}/mod/lti/service.php",
        },
        f"{LTI}launch_presentation": {
            "locale": "en",
            "document_target": "iframe",
            "return_url": _MOODLE_RETURN,
        },
        # Arrives twice where it has capitals or signs; and variables that Moodle does not know.
        f"{LTI}custom": {
            "placement": "p1.of-this-link",
            "context_id_history": "",
            "resource_link_id_history": "$ResourceLink.id.history",
            "QuizId": "7",
            "quizid": "7",
            "context_memberships_url": (
                f"{_MOODLE_SERVICES}/CourseSection/2/bindings/2/memberships"
            ),
        },
        ENDPOINT: {
            "scope": _MOODLE_SCOPES,
            "lineitems": f"{_MOODLE_SERVICES}/2/lineitems?type_id=2",
            "lineitem": f"{_MOODLE_SERVICES}/2/lineitems/9/lineitem?type_id=2",
        },
        NAMES_AND_ROLES: {
            "context_memberships_url": (
                f"{_MOODLE_SERVICES}/CourseSection/2/bindings/2/memberships"
            ),
            "service_versions": ["1.0", "2.0"],
        },
    },
    # No data, no way back to the course, no accept_lineitem.
    placing={
        f"{LTI}launch_presentation": {"locale": "en"},
        f"{LTI}custom": {"ctx_history": "", "username": "teacher1"},
        SETTINGS: {
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["frame", "iframe", "window"],
            "accept_copy_advice": False,
            "accept_multiple": True,
            "accept_unsigned": False,
            "auto_create": False,
            "can_confirm": False,
            "deep_link_return_url": (
                f"{_MOODLE}/mod/lti/contentitem_return.php?course=2&id=1&sesskey=mjROoRs1qI"
            ),
            "title": "Cairn",
            "text": "",
        },
    },
    people={
        "student": ([f"{COURSE}#Learner"], ["learner"]),
        "teacher": ([f"{COURSE}#Instructor"], ["instructor"]),
        "site administrator": (
            [f"{COURSE}#Instructor", f"{SYSTEM}#Administrator", f"{INSTITUTION}#Administrator"],
            ["instructor"],
        ),
        "site administrator outside the course": (
            [f"{SYSTEM}#Administrator", f"{INSTITUTION}#Administrator"],
            ["administrator"],
        ),
    },
    kept=Kept(
        subject="4",
        name="Ada Lovelace",
        email="student1@example.com",
        sis_id="SIS-student1",
        course=("2", "Multiple Choice 101", "MC101"),
        link=("4", "Ref quiz"),
        line_item=f"{_MOODLE_SERVICES}/2/lineitems/9/lineitem?type_id=2",
        line_items=f"{_MOODLE_SERVICES}/2/lineitems?type_id=2",
        members=f"{_MOODLE_SERVICES}/CourseSection/2/bindings/2/memberships",
        settings={"return_url": _MOODLE_RETURN, "locale": "en", "document_target": "iframe"},
    ),
    taken=Taken(several=True, windows=True, columns=True),
    data=None,
    return_url=f"{_MOODLE}/mod/lti/contentitem_return.php?course=2&id=1&sesskey=mjROoRs1qI",
)

_SAKAI: Final = "https://sakai.school.example"
_SAKAI_BLIS: Final = f"{_SAKAI}/imsblis/lti13"

SAKAI: Final = Product(
    code="sakai",
    issuer=_SAKAI,
    auth_url=f"{_SAKAI}/imsoidc/lti13/oidc_auth",
    token_url=f"{_SAKAI_BLIS}/token/43",
    jwks_url=f"{_SAKAI_BLIS}/keyset",
    client_id="0f2d8b3c-7a5e-4d0d-9c5b-0f6a7b1c2d3e",
    deployment_id="1",
    login_by="POST",
    login={
        "login_hint": "/access/lti/site/f3b2a1c0-1d2e-4f5a-9b8c-7d6e5f4a3b2c/content:6",
        "client_id": "0f2d8b3c-7a5e-4d0d-9c5b-0f6a7b1c2d3e",
        "lti_message_hint": "content:6,f3b2a1c0-1d2e-4f5a-9b8c-7d6e5f4a3b2c",
        "lti_deployment_id": "1",
    },
    lifetime_s=3600,
    key_members={"alg": "RS256", "use": "sig"},
    common={
        "sub": "0b0bbd1b-a1ba-42c2-bdb0-ffe44e5abec6",
        "name": "Amara Okafor",
        "given_name": "Amara",
        "family_name": "Okafor",
        "email": "amara@school.example",
        "locale": "en_US",
        f"{LTI}context": {
            "id": "f3b2a1c0-1d2e-4f5a-9b8c-7d6e5f4a3b2c",
            "label": "BIO2",
            "title": "Biostatistics 2",
            "type": ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"],
        },
        f"{LTI}tool_platform": {
            "guid": "sakai.school.example",
            "name": "Sakai",
            "version": "25-SNAPSHOT",
            "product_family_code": "sakai",
            "url": _SAKAI,
        },
        f"{LTI}lis": {"person_sourcedid": "amara", "course_offering_sourcedid": "bio2"},
        f"{LTI}launch_presentation": {
            "css_url": f"{_SAKAI}/library/skin/tool_base.css",
            "return_url": f"{_SAKAI}/imsblis/service/return-url/site/f3b2a1c0",
        },
        "https://www.sakailms.org/spec/lti/claim/extension": {"sakai_serverid": "sakai-1"},
        "https://purl.sakailms.org/spec/lti/claim/origin": _SAKAI,
        "https://purl.sakailms.org/spec/lti/claim/postverify": f"{_SAKAI_BLIS}/postverify/x",
        ENDPOINT: {
            "scope": scopes("lineitem", "score", "result.readonly"),
            "lineitems": f"{_SAKAI_BLIS}/lineitems/2e1:43",
        },
        NAMES_AND_ROLES: {
            "context_memberships_url": f"{_SAKAI_BLIS}/namesandroles/2e1:43",
            "service_versions": ["2.0"],
        },
    },
    link={
        f"{LTI}resource_link": {"id": "content:6", "title": "Reading statistics"},
        ENDPOINT: {
            "scope": scopes("lineitem", "score", "result.readonly"),
            "lineitems": f"{_SAKAI_BLIS}/lineitems/2e1:43",
            "lineitem": f"{_SAKAI_BLIS}/lineitem/2e1:43",
        },
        f"{LTI}custom": {
            "placement": "p1.of-this-link",
            "context_id_history": "e0e0,d0d0",
            "resource_link_id_history": "content:3",
            "due": "$ResourceLink.submission.endDateTime",
        },
    },
    # In its assignments: one item, with a column of the assignment's own.
    placing={
        SETTINGS: {
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe"],
            "accept_multiple": False,
            "accept_lineitem": True,
            "https://www.sakailms.org/spec/lti-dl/accept_lineitem": True,
            "https://www.sakailms.org/spec/lti-dl/accept_available": True,
            "https://www.sakailms.org/spec/lti-dl/accept_submission": True,
            "https://www.sakailms.org/spec/lti-dl/placement": "assignment",
            "auto_create": True,
            "data": '{"remember":"always bring a towel"}',
            "deep_link_return_url": f"{_SAKAI}/portal/tool/a1b2/sakai.basiclti.admin.helper?x=1",
        },
    },
    people={
        "student": ([f"{COURSE}#Learner"], ["learner"]),
        "teacher": ([f"{COURSE}#Instructor"], ["instructor"]),
        "administrator": (
            [
                f"{SYSTEM}#Administrator",
                f"{COURSE}#Instructor",
                f"{INSTITUTION}#Administrator",
                f"{COURSE}#Administrator",
            ],
            ["administrator", "instructor"],
        ),
    },
    kept=Kept(
        subject="0b0bbd1b-a1ba-42c2-bdb0-ffe44e5abec6",
        name="Amara Okafor",
        email="amara@school.example",
        sis_id="amara",
        course=("f3b2a1c0-1d2e-4f5a-9b8c-7d6e5f4a3b2c", "Biostatistics 2", "BIO2"),
        link=("content:6", "Reading statistics"),
        line_item=f"{_SAKAI_BLIS}/lineitem/2e1:43",
        line_items=f"{_SAKAI_BLIS}/lineitems/2e1:43",
        members=f"{_SAKAI_BLIS}/namesandroles/2e1:43",
        settings={
            "return_url": f"{_SAKAI}/imsblis/service/return-url/site/f3b2a1c0",
            "course_history": ["e0e0", "d0d0"],
            "link_history": ["content:3"],
        },
    ),
    taken=Taken(several=False, windows=False, columns=True),
    data='{"remember":"always bring a towel"}',
    return_url=f"{_SAKAI}/portal/tool/a1b2/sakai.basiclti.admin.helper?x=1",
)

_EDX: Final = "https://courses.school.example"
_EDX_API: Final = f"{_EDX}/api/lti_consumer/v1"
_EDX_COURSE: Final = "course-v1:School+BIO2+2026"
_EDX_BLOCK: Final = "block-v1:School+BIO2+2026+type@lti_consumer+block@5a1f"

OPEN_EDX: Final = Product(
    code="openedx",
    issuer=_EDX,
    auth_url=f"{_EDX_API}/launch/",
    token_url=f"{_EDX_API}/token/8d3e6a10-5f4c-4f7e-9a35-1b2c3d4e5f60",
    jwks_url=f"{_EDX_API}/public_keysets/8d3e6a10-5f4c-4f7e-9a35-1b2c3d4e5f60",
    client_id="8d3e6a10-5f4c-4f7e-9a35-1b2c3d4e5f60",
    deployment_id="1",
    login_by="GET",
    login={
        "client_id": "8d3e6a10-5f4c-4f7e-9a35-1b2c3d4e5f60",
        "lti_deployment_id": "1",
        "login_hint": "7c1c7f1e-4d0f-4f5b-8c33-2f2f3a4b5c6d",
        "lti_message_hint": "3e6a105f4c4f7e9a351b2c3d4e5f60718d",
    },
    lifetime_s=3600,
    key_members={"key_ops": ["verify"]},
    names_party=True,
    common={
        "sub": "7c1c7f1e-4d0f-4f5b-8c33-2f2f3a4b5c6d",
        "name": "Amara Okafor",
        "email": "amara@school.example",
        "preferred_username": "amara",
        f"{LTI}context": {
            "id": _EDX_COURSE,
            "label": _EDX_COURSE,
            "title": "Biostatistics 2 - School",
            "type": ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"],
        },
    },
    link={
        f"{LTI}tool_platform": {"guid": "3f1f1c3e-8e4d-5f0b-9e0f-0d8b6a4c2e10", "name": "School"},
        f"{LTI}resource_link": {"id": _EDX_BLOCK},
        f"{LTI}launch_presentation": {"document_target": "iframe"},
        # Its scopes are those of one of two ways: never lineitem and lineitem.readonly.
        ENDPOINT: {
            "scope": scopes("lineitem.readonly", "result.readonly", "score"),
            "lineitems": f"{_EDX_API}/lti/1/lti-ags",
            "lineitem": f"{_EDX_API}/lti/1/lti-ags/1",
        },
        NAMES_AND_ROLES: {
            "context_memberships_url": f"{_EDX_API}/lti/1/memberships",
            "service_versions": ["2.0"],
        },
        f"{LTI}custom": {"placement": "p1.of-this-link"},
    },
    # Neither custom nor presentation, nor what it is called.
    placing={
        SETTINGS: {
            "accept_types": ["ltiResourceLink", "link", "html", "image"],
            "accept_presentation_document_targets": ["iframe", "window", "embed"],
            "accept_multiple": True,
            "auto_create": True,
            "title": "",
            "text": "",
            "deep_link_return_url": f"{_EDX_API}/lti/1/lti-dl/response",
        },
    },
    people={
        "student": (
            [f"{SYSTEM}#None", f"{INSTITUTION}#None", f"{COURSE}#Learner"],
            ["learner"],
        ),
        "teacher": (
            [f"{SYSTEM}#None", f"{INSTITUTION}#None", f"{COURSE}#Instructor"],
            ["instructor"],
        ),
        "course team": (
            [
                f"{SYSTEM}#None",
                f"{INSTITUTION}#None",
                f"{COURSE}#Administrator",
                f"{COURSE}#Instructor",
            ],
            ["administrator", "instructor"],
        ),
        "global staff": (
            [
                f"{SYSTEM}#Administrator",
                f"{INSTITUTION}#Administrator",
                f"{INSTITUTION}#Staff",
                f"{INSTITUTION}#Faculty",
                f"{INSTITUTION}#Instructor",
                f"{COURSE}#Administrator",
                f"{COURSE}#Instructor",
            ],
            ["administrator", "instructor"],
        ),
        "community teaching assistant": (
            [f"{COURSE}#Learner", f"{COURSE}/Instructor#TeachingAssistant"],
            ["instructor", "learner"],
        ),
    },
    kept=Kept(
        subject="7c1c7f1e-4d0f-4f5b-8c33-2f2f3a4b5c6d",
        name="Amara Okafor",
        email="amara@school.example",
        sis_id=None,
        course=(_EDX_COURSE, "Biostatistics 2 - School", _EDX_COURSE),
        link=(_EDX_BLOCK, None),
        line_item=f"{_EDX_API}/lti/1/lti-ags/1",
        line_items=f"{_EDX_API}/lti/1/lti-ags",
        members=f"{_EDX_API}/lti/1/memberships",
        settings={"document_target": "iframe"},
    ),
    # By what it does with an answer, not by what it says.
    taken=Taken(several=False, windows=False, columns=True),
    data=None,
    return_url=f"{_EDX_API}/lti/1/lti-dl/response",
)
