import time
from datetime import timedelta

import httpx
import jwt
import pytest
from sqlalchemy import text

from lti_tool.campus import store
from lti_tool.campus.claims import ENDPOINT, LTI, NAMES_AND_ROLES
from tests.campus.site import Site, Tool, connected_tool, new_browser, read_form

ITEM = {"type": "ltiResourceLink", "title": "Quiz", "lineItem": {"scoreMaximum": 10}}


def add_activity(tool: Tool, instructor: httpx.Client, **changes: object) -> int:
    answer = tool.choose(instructor, ITEM | changes)
    assert answer.status_code == 200, answer.text
    with tool.site.campus.engine.begin() as connection:
        newest = text("SELECT max(id) FROM activities WHERE tool_id = :tool")
        return int(connection.execute(newest, {"tool": tool.connected.tool_id}).scalar_one())


def test_a_launch_verifies_with_an_independent_library(
    site: Site, tool: Tool, instructor: httpx.Client, student: httpx.Client
) -> None:
    activity = add_activity(tool, instructor, custom={"placement": "p-1", "who": "$User.id"})
    login = read_form(student.get(f"/courses/1/activities/{activity}/launch"))
    request = tool.request(login)

    answer = read_form(student.get("/lti/auth", params=request))

    assert login.action == f"{tool.url}/login"
    assert login.fields["iss"] == site.url
    assert login.fields["lti_deployment_id"] == tool.connected.deployment_id
    assert answer.action == tool.redirect_uri
    assert answer.fields["state"] == request["state"]
    token = answer.fields["id_token"]
    keys = jwt.PyJWKClient(f"{site.url}/lti/jwks")
    claims = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=["RS256"],
        audience=tool.connected.client_id,
        issuer=site.url,
        options={"require": ["exp", "iat", "nonce", "sub"]},
    )
    assert claims["nonce"] == request["nonce"]
    assert claims["aud"] == tool.connected.client_id
    assert claims["exp"] - claims["iat"] == 60
    assert abs(claims["iat"] - time.time()) < 5
    assert claims["sub"] == "campus-1002"
    assert (claims["name"], claims["email"]) == ("Amara Nwosu", "person2@campus.example")
    assert claims[f"{LTI}message_type"] == "LtiResourceLinkRequest"
    assert claims[f"{LTI}version"] == "1.3.0"
    assert claims[f"{LTI}deployment_id"] == tool.connected.deployment_id
    assert claims[f"{LTI}target_link_uri"] == f"{tool.url}/launch"
    assert claims[f"{LTI}resource_link"] == {"id": str(activity), "title": "Quiz"}
    assert claims[f"{LTI}custom"] == {"placement": "p-1", "who": "campus-1002"}
    assert claims[f"{LTI}lis"]["person_sourcedid"] == "S20260002"
    assert claims[f"{LTI}roles"] == [
        "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",
        "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student",
    ]
    assert claims[f"{LTI}context"]["title"] == "Biostatistics 2, Spring"
    presentation = claims[f"{LTI}launch_presentation"]
    assert presentation["document_target"] == "iframe"
    assert presentation["return_url"] == f"{site.url}/courses/1/return"
    assert len(claims[f"{LTI}tool_platform"]["guid"]) == 32
    type_id = f"?type_id={tool.connected.tool_id}"
    assert claims[ENDPOINT]["lineitems"] == f"{site.url}/lti/courses/1/lineitems{type_id}"
    assert claims[ENDPOINT]["lineitem"].endswith(type_id)
    assert claims[NAMES_AND_ROLES]["service_versions"] == ["2.0"]


def test_a_launch_of_the_course_has_the_courses_own_id(
    tool: Tool, instructor: httpx.Client
) -> None:
    path = f"/courses/1/tools/{tool.connected.tool_id}/launch?target=window"

    claims = tool.launch(instructor, path)

    assert claims[f"{LTI}resource_link"] == {"id": "1", "title": "Biostatistics 2, Spring"}
    assert f"{LTI}custom" not in claims
    assert claims[f"{LTI}launch_presentation"]["document_target"] == "window"  # type: ignore[index]  # JSON
    assert claims[f"{LTI}roles"][0].endswith("membership#Instructor")  # type: ignore[index]  # JSON
    assert "lineitem" not in claims[ENDPOINT]  # type: ignore[operator]  # JSON


def test_a_registration_without_scopes_and_claims_gets_neither(
    site: Site, student: httpx.Client
) -> None:
    with connected_tool(site, scopes=[], claims=[]) as tool:
        claims = tool.launch(student, f"/courses/1/tools/{tool.connected.tool_id}/launch")

    assert not {"name", "email", "given_name", "family_name", ENDPOINT, NAMES_AND_ROLES} & set(
        claims
    )


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("scope", "openid profile", "invalid_scope"),
        ("response_type", "code", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("prompt", "login", "invalid_request"),
        ("nonce", "", "invalid_request"),
        ("state", "", "invalid_request"),
        ("login_hint", "", "invalid_request"),
        ("login_hint", "campus-1003", "access_denied"),
        ("lti_message_hint", "", "invalid_request"),
        ("lti_message_hint", "guessed", "access_denied"),
    ],
)
def test_a_wrong_authentication_request_is_refused_at_the_redirect_uri(
    tool: Tool, student: httpx.Client, name: str, value: str, error: str
) -> None:
    login = read_form(student.get(f"/courses/1/tools/{tool.connected.tool_id}/launch"))

    answer = read_form(student.get("/lti/auth", params=tool.request(login, **{name: value})))

    assert answer.action == tool.redirect_uri
    assert answer.fields["error"] == error
    assert "id_token" not in answer.fields
    # The refused request has not spent the hint.
    assert "id_token" in read_form(student.get("/lti/auth", params=tool.request(login))).fields


@pytest.mark.parametrize("end", ["/", "?x=1", "/../launch", "#"])
def test_an_inexact_redirect_uri_is_never_answered(
    tool: Tool, student: httpx.Client, end: str
) -> None:
    login = read_form(student.get(f"/courses/1/tools/{tool.connected.tool_id}/launch"))
    request = tool.request(login, redirect_uri=tool.redirect_uri + end)

    answer = student.get("/lti/auth", params=request)

    assert answer.status_code == 400
    assert "redirect_uri" in answer.text
    assert "id_token" not in answer.text


def test_an_unknown_client_is_never_answered(tool: Tool, student: httpx.Client) -> None:
    login = read_form(student.get(f"/courses/1/tools/{tool.connected.tool_id}/launch"))

    answer = student.get("/lti/auth", params=tool.request(login, client_id="nobody"))

    assert answer.status_code == 400


def test_a_hint_works_once(tool: Tool, student: httpx.Client) -> None:
    login = read_form(student.get(f"/courses/1/tools/{tool.connected.tool_id}/launch"))
    student.get("/lti/auth", params=tool.request(login))

    again = read_form(student.post("/lti/auth", data=tool.request(login)))

    assert again.fields["error"] == "access_denied"
    assert "used or has expired" in again.fields["error_description"]


def test_a_hint_expires(tool: Tool, student: httpx.Client) -> None:
    login = read_form(student.get(f"/courses/1/tools/{tool.connected.tool_id}/launch"))
    with tool.site.campus.engine.begin() as connection:
        older = text("UPDATE launches SET expires_at = expires_at - CAST(:by AS interval)")
        connection.execute(older, {"by": timedelta(minutes=11)})

    answer = read_form(student.get("/lti/auth", params=tool.request(login)))

    assert answer.fields["error"] == "access_denied"


def test_a_hint_of_another_person_is_denied(
    tool: Tool, student: httpx.Client, instructor: httpx.Client
) -> None:
    login = read_form(student.get(f"/courses/1/tools/{tool.connected.tool_id}/launch"))

    answer = read_form(instructor.get("/lti/auth", params=tool.request(login)))

    assert answer.fields["error"] == "access_denied"


def test_a_stolen_message_hint_is_denied_with_ones_own_login_hint(
    tool: Tool, student: httpx.Client, instructor: httpx.Client
) -> None:
    login = read_form(student.get(f"/courses/1/tools/{tool.connected.tool_id}/launch"))
    request = tool.request(login, login_hint="campus-1001")

    answer = read_form(instructor.get("/lti/auth", params=request))

    assert answer.fields["error"] == "access_denied"


def test_a_browser_in_which_nobody_is_signed_in_is_told_so(
    site: Site, tool: Tool, student: httpx.Client
) -> None:
    login = read_form(student.get(f"/courses/1/tools/{tool.connected.tool_id}/launch"))

    with new_browser(site.url) as stranger:
        answer = read_form(stranger.get("/lti/auth", params=tool.request(login)))

    assert answer.fields["error"] == "login_required"


def test_a_hint_for_another_tool_is_denied(site: Site, tool: Tool, student: httpx.Client) -> None:
    login = read_form(student.get(f"/courses/1/tools/{tool.connected.tool_id}/launch"))

    with connected_tool(site) as other:
        answer = read_form(student.get("/lti/auth", params=other.request(login)))

    assert answer.fields["error"] == "access_denied"


def test_somebody_who_left_the_course_is_denied(site: Site, tool: Tool) -> None:
    with site.sign_in(7) as browser:
        login = read_form(browser.get(f"/courses/1/tools/{tool.connected.tool_id}/launch"))
        store.unenrol(site.campus.engine, course_id=1, person_id=7)
        answer = read_form(browser.get("/lti/auth", params=tool.request(login)))
    store.enrol(site.campus.engine, course_id=1, person_id=7, role="Learner")

    assert answer.fields["error"] == "access_denied"
    assert "no longer in the course" in answer.fields["error_description"]


def test_only_members_launch(site: Site, tool: Tool) -> None:
    with site.sign_in(4) as registrar:
        answer = registrar.get(f"/courses/1/tools/{tool.connected.tool_id}/launch")

    assert answer.status_code == 403


def test_two_deployments_of_one_client_share_context_and_link_ids(
    site: Site, tool: Tool, student: httpx.Client
) -> None:
    client_id = tool.connected.client_id
    first = tool.launch(student, f"/courses/1/tools/{tool.connected.tool_id}/launch")
    second = store.connect_tool(
        site.campus.engine,
        name="Again",
        login_url=f"{tool.url}/login",
        launch_url=f"{tool.url}/launch",
        deep_link_url=f"{tool.url}/deep-link",
        jwks_url=f"{tool.url}/jwks/{tool.kid}",
        redirect_uris=[f"{tool.url}/launch"],
        client_id=client_id,
    )

    again = tool.launch(student, f"/courses/1/tools/{second.tool_id}/launch")

    assert second.client_id == client_id
    assert again[f"{LTI}deployment_id"] == second.deployment_id
    assert again[f"{LTI}deployment_id"] != first[f"{LTI}deployment_id"]
    assert again[f"{LTI}resource_link"] == first[f"{LTI}resource_link"]
    assert again["aud"] == first["aud"] == client_id
