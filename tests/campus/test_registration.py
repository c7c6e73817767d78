import html
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from lti_tool.campus import store
from lti_tool.campus.registration import TOOL_CONFIGURATION
from tests.campus.site import WIRE, Site

Body = dict[str, object]
CONFIGURATION: Body = {
    "domain": "tool.example:8443",
    "target_link_uri": "https://tool.example:8443/launch",
    "claims": ["iss", "sub", "name"],
    "custom_parameters": {"user": "$User.id"},
    "messages": [
        {"type": "LtiResourceLinkRequest"},
        {
            "type": "LtiDeepLinkingRequest",
            "target_link_uri": "https://tool.example:8443/deep-link",
        },
    ],
}
BODY: Body = {
    "application_type": "web",
    "response_types": ["id_token"],
    "grant_types": ["implicit", "client_credentials"],
    "initiate_login_uri": "https://tool.example:8443/login",
    "redirect_uris": ["https://tool.example:8443/launch"],
    "client_name": "Registered by itself",
    "jwks_uri": "https://tool.example:8443/jwks",
    "token_endpoint_auth_method": "private_key_jwt",
    "scope": f"{store.SCORE_SCOPE} https://elsewhere.example/all",
    TOOL_CONFIGURATION: CONFIGURATION,
}


def register(site: Site, token: str, body: Mapping[str, object] = BODY) -> httpx.Response:
    configuration = WIRE.get(f"{site.url}/.well-known/openid-configuration").json()
    headers = {"Authorization": f"Bearer {token}"}
    return WIRE.post(configuration["registration_endpoint"], json=body, headers=headers)


def count_tools(site: Site) -> int:
    with site.campus.engine.begin() as connection:
        return int(connection.execute(text("SELECT count(*) FROM tools")).scalar_one())


def test_the_configuration_leads_to_what_is_there(site: Site) -> None:
    configuration = WIRE.get(f"{site.url}/.well-known/openid-configuration").json()

    assert configuration["issuer"] == site.url
    assert configuration["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert WIRE.get(configuration["jwks_uri"]).json()["keys"]
    assert WIRE.post(configuration["token_endpoint"]).status_code == 400
    assert WIRE.get(configuration["authorization_endpoint"]).status_code == 400
    platform = configuration["https://purl.imsglobal.org/spec/lti-platform-configuration"]
    assert {"type": "LtiResourceLinkRequest"} in platform["messages_supported"]


def test_a_tool_registers_itself_once(site: Site) -> None:
    token = store.issue_registration_token(site.campus.engine)

    answer = register(site, token)

    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["client_name"] == "Registered by itself"
    assert body["scope"] == store.SCORE_SCOPE
    assert body[TOOL_CONFIGURATION]["deployment_id"]
    assert body[TOOL_CONFIGURATION]["claims"] == ["iss", "sub", "name"]
    with site.campus.engine.begin() as connection:
        query = text("SELECT * FROM tools WHERE client_id = :id")
        row = connection.execute(query, {"id": body["client_id"]}).one()
    assert row.deployment_id == body[TOOL_CONFIGURATION]["deployment_id"]
    assert row.deep_link_url == "https://tool.example:8443/deep-link"
    assert row.claims == ["name"]
    assert row.custom == {"user": "$User.id"}
    again = register(site, token)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_token")


def test_a_token_is_needed(site: Site) -> None:
    before = count_tools(site)

    assert register(site, "guessed").status_code == 401
    assert WIRE.post(f"{site.url}/lti/register", json=BODY).status_code == 401
    assert count_tools(site) == before


WRONG: dict[str, tuple[Body, Body, str]] = {
    "native": ({"application_type": "native"}, {}, "invalid_client_metadata"),
    "code": ({"response_types": ["code"]}, {}, "invalid_client_metadata"),
    "no implicit": ({"grant_types": ["client_credentials"]}, {}, "invalid_client_metadata"),
    "secret": (
        {"token_endpoint_auth_method": "client_secret_basic"},
        {},
        "invalid_client_metadata",
    ),
    "no name": ({"client_name": ""}, {}, "invalid_client_metadata"),
    "no redirect": ({"redirect_uris": []}, {}, "invalid_client_metadata"),
    "no keys": ({"jwks_uri": None}, {}, "invalid_client_metadata"),
    "other site": (
        {"redirect_uris": ["https://elsewhere.example/launch"]},
        {},
        "invalid_redirect_uri",
    ),
    "domain without port": ({}, {"domain": "tool.example"}, "invalid_redirect_uri"),
    "no domain": ({}, {"domain": None}, "invalid_client_metadata"),
    "no messages": ({}, {"messages": None}, "invalid_client_metadata"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_registration_is_refused_and_the_token_kept(site: Site, case: str) -> None:
    changes, settings, error = WRONG[case]
    token = store.issue_registration_token(site.campus.engine)
    body = {**BODY, TOOL_CONFIGURATION: CONFIGURATION | settings, **changes}
    before = count_tools(site)

    answer = register(site, token, body)

    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert count_tools(site) == before
    assert register(site, token).status_code == 201


def test_the_administrator_starts_a_registration(site: Site) -> None:
    with site.sign_in(5) as administrator:
        page = administrator.post("/tools", data={"url": "https://tool.example:8443/register?a=1"})

    frame = re.search(r'<iframe[^>]*src="([^"]+)"', page.text)
    assert frame is not None
    link = urlsplit(html.unescape(frame[1]))
    query = parse_qs(link.query)
    assert (link.netloc, query["a"]) == ("tool.example:8443", ["1"])
    assert query["openid_configuration"] == [f"{site.url}/.well-known/openid-configuration"]
    assert register(site, query["registration_token"][0]).status_code == 201


def test_nobody_else_does(instructor: httpx.Client) -> None:
    answer = instructor.post("/tools", data={"url": "https://tool.example:8443/register"})

    assert answer.status_code == 403
