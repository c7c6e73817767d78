"""Blackboard, Brightspace and Schoology: one service for many customers, like Canvas.

Blackboard: its developers' pages on
LTI 1.3, launch and deep linking samples (2024-09). Brightspace: community.d2l.com article 23764
(security settings, sample launch), docs.valence.desire2learn.com. Schoology:
developers.schoology.com, and a launch of 2024-09 in a tool's tests.
"""

from typing import Final

from lti_tool.campus.claims import ENDPOINT, LTI, NAMES_AND_ROLES
from tests.conformance.lti.products.product import (
    COURSE,
    INSTITUTION,
    OFFERING,
    SETTINGS,
    SYSTEM,
    Kept,
    Product,
    Taken,
    scopes,
)

_LEARN: Final = "https://learn.blackboard.com"
_LEARN_COURSE: Final = f"{_LEARN}/learn/api/v1/lti/courses/_4_1"

BLACKBOARD: Final = Product(
    code="blackboard",
    issuer="https://blackboard.com",
    auth_url="https://developer.blackboard.com/api/v1/gateway/oidcauth",
    token_url="https://developer.blackboard.com/api/v1/gateway/oauth2/jwttoken",
    jwks_url="https://developer.blackboard.com/api/v1/management/applications/{client_id}/jwks.json",
    client_id="baaf7da8-f99a-42ca-a72f-292cfd0eb27d",
    deployment_id="86e8b331-a6cd-486c-b006-9893c749e242",
    login_by="GET",
    login={
        "login_hint": f"{_LEARN}/webapps/bb-social-learning,7,1",
        "client_id": "baaf7da8-f99a-42ca-a72f-292cfd0eb27d",
        "lti_message_hint": "eyJyZXNvdXJjZSI6Il80N18xIn0",
        "lti_deployment_id": "86e8b331-a6cd-486c-b006-9893c749e242",
        "lti_storage_target": "lti_storage_frame",
    },
    lifetime_s=3600,
    key_members={"alg": "RS256", "use": "sig"},
    common={
        "sub": "561ac4762b5142a0b1d3ed1aa40789c1",
        "name": "Amara Okafor",
        "given_name": "Amara",
        "family_name": "Okafor",
        "email": "amara@school.example",
        "locale": "en-US",
        f"{LTI}context": {
            "id": "ad83286ea6494b799bd1a5d57436d7d8",
            "label": "BIO2",
            "title": "Biostatistics 2",
            "type": [OFFERING],
        },
        f"{LTI}tool_platform": {
            "name": "Blackboard, Inc.",
            "description": "Blackboard, Inc.",
            "guid": "83656022865f4f47a898b986399a01a8",
            "product_family_code": "BlackboardLearn",
            "version": "3900.93.0-rel.59+7d3ba1c",
            "url": f"{_LEARN}/",
            "contact_email": "admin@school.example",
        },
        f"{LTI}lis": {"person_sourcedid": "amara.okafor", "course_section_sourcedid": "bio2-26"},
        "https://blackboard.com/lti/claim/one_time_session_token": (
            "cf4bc4efdfb54e24840c9b5a144749bd"
        ),
        "https://blackboard.com/webapps/foundations-connector/foundations-ids": {
            "site-id": "c97ad917-97a9-4bc4-9610-687f355647e3",
            "tenant-id": "92446862-2bdc-443d-88e8-2054de750557",
        },
        "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice": {
            "context_groups_url": f"{_LEARN_COURSE}/groups",
            "scope": ["https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"],
            "service_versions": ["1.0"],
        },
        NAMES_AND_ROLES: {
            "context_memberships_url": f"{_LEARN}/learn/api/v1/lti/external/namesandroles/_4_1",
            "scope": ["https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"],
            "service_versions": ["2.0"],
        },
        ENDPOINT: {
            "lineitems": f"{_LEARN_COURSE}/lineItems",
            "scope": scopes("lineitem", "result.readonly", "score", "lineitem.readonly"),
        },
    },
    link={
        f"{LTI}resource_link": {
            "id": "_47_1",
            "title": 'Reading & judging "statistics"',
            "description": 'A & description with quotes "',
        },
        f"{LTI}launch_presentation": {
            "return_url": (
                f"{_LEARN}/webapps/blackboard/execute/blti/launchReturn?course_id=_4_1&toGC=false"
            ),
            "locale": "en-US",
        },
        ENDPOINT: {
            "lineitems": f"{_LEARN_COURSE}/lineItems",
            "lineitem": f"{_LEARN_COURSE}/lineItems/_40_1",
            "scope": scopes("lineitem", "result.readonly", "score", "lineitem.readonly"),
        },
        f"{LTI}custom": {
            "placement": "p1.of-this-link",
            "groupId": "$CourseGroup.id",
            "context_id_history": "",
            "resource_link_id_history": "_31_1,_12_1",
        },
    },
    # No launch_presentation and no custom; but a resource link: the placement's handle.
    placing={
        f"{LTI}resource_link": {"id": "_47_1"},
        SETTINGS: {
            "accept_copy_advice": False,
            "data": "_4_1::_14_1::2::false::true::_13_1::e7a75af804fd4d9fb76812c7cde8ca70::false",
            "accept_types": ["ltiResourceLink", "link"],
            "accept_multiple": True,
            "accept_presentation_document_targets": ["iframe", "window"],
            "accept_media_types": "*/*",
            "auto_create": True,
            "deep_link_return_url": f"{_LEARN}/webapps/blackboard/controller/lti/v2/deeplinking",
        },
    },
    people={
        "student": ([f"{COURSE}#Learner", f"{INSTITUTION}#Student"], ["learner"]),
        "teacher": ([f"{COURSE}#Instructor", f"{INSTITUTION}#Faculty"], ["instructor"]),
        "system administrator in a course": (
            [
                f"{COURSE}#Instructor",
                f"{SYSTEM}#Administrator",
                f"{COURSE}#Administrator",
                f"{INSTITUTION}#Staff",
            ],
            ["administrator", "instructor"],
        ),
        "system administrator": ([f"{INSTITUTION}#Administrator"], ["administrator"]),
    },
    kept=Kept(
        subject="561ac4762b5142a0b1d3ed1aa40789c1",
        name="Amara Okafor",
        email="amara@school.example",
        sis_id="amara.okafor",
        course=("ad83286ea6494b799bd1a5d57436d7d8", "Biostatistics 2", "BIO2"),
        link=("_47_1", 'Reading & judging "statistics"'),
        line_item=f"{_LEARN_COURSE}/lineItems/_40_1",
        line_items=f"{_LEARN_COURSE}/lineItems",
        members=f"{_LEARN}/learn/api/v1/lti/external/namesandroles/_4_1",
        settings={
            "return_url": (
                f"{_LEARN}/webapps/blackboard/execute/blti/launchReturn?course_id=_4_1&toGC=false"
            ),
            "locale": "en-US",
            "link_history": ["_31_1", "_12_1"],
        },
    ),
    taken=Taken(several=True, windows=True, columns=True),
    data="_4_1::_14_1::2::false::true::_13_1::e7a75af804fd4d9fb76812c7cde8ca70::false",
    return_url=f"{_LEARN}/webapps/blackboard/controller/lti/v2/deeplinking",
)

_TENANT: Final = "https://school.brightspace.com"
_D2L: Final = f"{_TENANT}/d2l/api/lti"

BRIGHTSPACE: Final = Product(
    code="brightspace",
    issuer=_TENANT,
    auth_url=f"{_TENANT}/d2l/lti/authenticate",
    token_url="https://auth.brightspace.com/core/connect/token",
    jwks_url=f"{_TENANT}/d2l/.well-known/jwks",
    client_id="811b8625-b463-4a94-b745-ce3f6408ec83",
    deployment_id="2f7a9c3e-0a6b-4f0e-8a5d-6f3f6f1f2a10",
    login_by="POST",
    login={
        "login_hint": "15495cdc-4a00-43e0-b28c-042523bad957_169",
        "client_id": "811b8625-b463-4a94-b745-ce3f6408ec83",
        "lti_message_hint": "ltiLink=7;ou=6606;é",
        "lti_deployment_id": "2f7a9c3e-0a6b-4f0e-8a5d-6f3f6f1f2a10",
    },
    lifetime_s=1800,
    key_members={"alg": "RS256", "use": "sig"},
    names_begin=True,
    common={
        "sub": "15495cdc-4a00-43e0-b28c-042523bad957_169",
        f"{LTI}lti11_legacy_user_id": "15495cdc-4a00-43e0-b28c-042523bad957_169",
        "name": "Amara Okafor",
        "given_name": "Amara",
        "family_name": "Okafor",
        "email": "",
        f"{LTI}context": {
            "id": "6606",
            "label": "BIO2",
            "title": "Biostatistics 2",
            "type": [OFFERING],
        },
        f"{LTI}tool_platform": {
            "guid": "0f1bd0d2-5ae0-4cf4-9b9a-3d6a3b6c0d5e",
            "name": "School",
            "product_family_code": "desire2learn",
        },
        f"{LTI}lis": {"course_offering_sourcedid": "bio2", "course_section_sourcedid": "bio2-26"},
        "http://www.brightspace.com": {
            "tenant_id": "15495cdc-4a00-43e0-b28c-042523bad957",
            "org_defined_id": "S1002",
            "user_id": 169,
            "username": "amara",
            "Context.id.history": "",
            "ResourceLink.id.history": "",
        },
        ENDPOINT: {
            "scope": scopes("lineitem", "result.readonly", "score"),
            "lineitems": f"{_D2L}/ags/2.0/deployment/2f7a/orgunit/6606/lineitems",
        },
        NAMES_AND_ROLES: {
            "context_memberships_url": f"{_D2L}/nrps/2.0/deployment/2f7a/orgunit/6606/memberships",
            "service_versions": ["2.0"],
        },
    },
    link={
        f"{LTI}resource_link": {"id": "_7", "title": "Reading statistics", "description": ""},
        f"{LTI}launch_presentation": {
            "return_url": f"{_TENANT}/d2l/lms/remoteplugins/lti/return?ou=6606",
            "locale": "EN-US__",
        },
        ENDPOINT: {
            "scope": scopes("lineitem", "result.readonly", "score"),
            "lineitems": f"{_D2L}/ags/2.0/deployment/2f7a/orgunit/6606/lineitems",
            "lineitem": f"{_D2L}/ags/2.0/deployment/2f7a/orgunit/6606/lineitems/11",
        },
        f"{LTI}custom": {
            "placement": "p1.of-this-link",
            "user_id": "$User.Id",
            "context_id_history": "5501, 4400",
            "resource_link_id_history": "_3",
        },
    },
    placing={
        SETTINGS: {
            "accept_types": ["ltiResourceLink", "link", "file", "html", "image"],
            "accept_presentation_document_targets": ["embed", "iframe", "window"],
            "accept_multiple": True,
            "auto_create": True,
            "data": "6606",
            "deep_link_return_url": f"{_TENANT}/d2l/le/lti/6606/deeplinking/return",
        },
    },
    people={
        "student": ([f"{COURSE}#Learner", f"{INSTITUTION}#Student"], ["learner"]),
        "teacher": ([f"{COURSE}#Instructor", f"{INSTITUTION}#Instructor"], ["instructor"]),
        # Which roles are sent, its administrators map; this is nobody in this course.
        "teacher by institution role alone": ([f"{INSTITUTION}#Instructor"], []),
        "administrator": ([f"{INSTITUTION}#Administrator"], ["administrator"]),
    },
    kept=Kept(
        subject="15495cdc-4a00-43e0-b28c-042523bad957_169",
        name="Amara Okafor",
        email=None,
        sis_id=None,
        course=("6606", "Biostatistics 2", "BIO2"),
        link=("_7", "Reading statistics"),
        line_item=f"{_D2L}/ags/2.0/deployment/2f7a/orgunit/6606/lineitems/11",
        line_items=f"{_D2L}/ags/2.0/deployment/2f7a/orgunit/6606/lineitems",
        members=f"{_D2L}/nrps/2.0/deployment/2f7a/orgunit/6606/memberships",
        settings={
            "return_url": f"{_TENANT}/d2l/lms/remoteplugins/lti/return?ou=6606",
            "locale": "EN-US__",
            "course_history": ["5501", "4400"],
            "link_history": ["_3"],
        },
    ),
    taken=Taken(several=True, windows=True, columns=True),
    data="6606",
    return_url=f"{_TENANT}/d2l/le/lti/6606/deeplinking/return",
)

_SERVICE: Final = "https://lti-service.svc.schoology.com/lti-service"
_APP: Final = f"{_SERVICE}/tool/7485393815/services"

SCHOOLOGY: Final = Product(
    code="schoology",
    issuer="https://schoology.schoology.com",
    auth_url=f"{_SERVICE}/authorize-redirect",
    token_url=f"{_SERVICE}/access-token",
    jwks_url=f"{_SERVICE}/.well-known/jwks",
    client_id="7485393815",
    deployment_id="7485393815-1380426679",
    login_by="POST",
    login={
        "login_hint": "63778725",
        "client_id": "7485393815",
        "lti_message_hint": "7318462950",
        "lti_deployment_id": "7485393815-1380426679",
    },
    lifetime_s=600,
    key_members={"alg": "RS256", "use": "sig"},
    audience_is_list=True,
    common={
        "sub": "63778725::92ce97377c58eeeedca66723c4b69496",
        "name": "Amara Okafor",
        "given_name": "Amara",
        "family_name": "Okafor",
        "email": "amara@school.example",
        f"{LTI}context": {"id": "6824471032", "label": "BIO2", "title": "Biostatistics 2"},
        f"{LTI}tool_platform": {"guid": "school", "name": "School"},
        ENDPOINT: {
            "scope": scopes("lineitem", "result.readonly", "score"),
            "lineitems": f"{_APP}/assignment-grades/v2p0/6824471032/lineitems",
        },
        NAMES_AND_ROLES: {
            "context_memberships_url": f"{_APP}/names-roles/v2p0/membership/6824471032",
            "service_versions": ["2.0"],
        },
    },
    link={
        f"{LTI}resource_link": {"id": "7318462950", "title": "Reading statistics"},
        f"{LTI}launch_presentation": {
            "document_target": "iframe",
            "return_url": "https://app.schoology.com/course/6824471032/materials",
        },
        ENDPOINT: {
            "scope": scopes("lineitem", "result.readonly", "score"),
            "lineitems": f"{_APP}/assignment-grades/v2p0/6824471032/lineitems",
            "lineitem": f"{_APP}/assignment-grades/v2p0/6824471032/lineitems/9",
        },
        f"{LTI}custom": {"placement": "p1.of-this-link"},
    },
    placing={
        SETTINGS: {
            "accept_types": ["ltiResourceLink", "link"],
            "accept_presentation_document_targets": ["iframe", "window"],
            "accept_multiple": True,
            "data": "7318462950",
            "deep_link_return_url": f"{_SERVICE}/deep-linking/response",
        },
    },
    people={
        "student": ([f"{COURSE}#Learner"], ["learner"]),
        "teacher": ([f"{COURSE}#Instructor"], ["instructor"]),
        "course administrator": (
            [f"{COURSE}#Administrator", f"{COURSE}#Instructor"],
            ["administrator", "instructor"],
        ),
    },
    kept=Kept(
        subject="63778725::92ce97377c58eeeedca66723c4b69496",
        name="Amara Okafor",
        email="amara@school.example",
        sis_id=None,
        course=("6824471032", "Biostatistics 2", "BIO2"),
        link=("7318462950", "Reading statistics"),
        line_item=f"{_APP}/assignment-grades/v2p0/6824471032/lineitems/9",
        line_items=f"{_APP}/assignment-grades/v2p0/6824471032/lineitems",
        members=f"{_APP}/names-roles/v2p0/membership/6824471032",
        settings={
            "return_url": "https://app.schoology.com/course/6824471032/materials",
            "document_target": "iframe",
        },
    ),
    taken=Taken(several=True, windows=True, columns=True),
    data="7318462950",
    return_url=f"{_SERVICE}/deep-linking/response",
)
