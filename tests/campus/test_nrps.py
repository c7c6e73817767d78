import re

import httpx
import pytest

from lti_tool.campus import nrps, store
from lti_tool.campus.claims import LTI
from tests.campus.site import WIRE, Site, Tool, connected_tool
from tests.campus.test_launches import add_activity

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


def ask(
    tool: Tool, query: str = "", accept: str = nrps.MEMBERS, scope: str = store.MEMBERS_SCOPE
) -> httpx.Response:
    url = f"{tool.site.url}/lti/courses/1/memberships?type_id={tool.connected.tool_id}{query}"
    return WIRE.get(url, headers=tool.bearer(scope) | {"Accept": accept}, timeout=10)


def test_the_members_of_a_course(site: Site, tool: Tool) -> None:
    answer = ask(tool)

    assert answer.headers["Content-Type"] == nrps.MEMBERS
    body = answer.json()
    assert body["context"] == {"id": "1", "label": "BIO2", "title": "Biostatistics 2, Spring"}
    assert body["id"].startswith(f"{site.url}/lti/courses/1/memberships?")
    assert len(body["members"]) == 11
    assert body["members"][1] == {
        "status": "Active",
        "user_id": "campus-1002",
        "roles": [f"{MEMBERSHIP}Learner"],
        "lis_person_sourcedid": "S20260002",
        "name": "Amara Nwosu",
        "given_name": "Amara",
        "family_name": "Nwosu",
        "email": "person2@campus.example",
    }


@pytest.mark.parametrize("role", ["Instructor", f"{MEMBERSHIP}Instructor".replace("#", "%23")])
def test_members_are_filtered_by_role(tool: Tool, role: str) -> None:
    members = ask(tool, f"&role={role}").json()["members"]

    assert [member["name"] for member in members] == ["Mirela Dragomir"]
    assert ask(tool, "&role=Mentor").json()["members"] == []


def test_all_pages_together_are_everybody_once(tool: Tool) -> None:
    seen, pages = [], 1
    answer = ask(tool, "&limit=3&role=Learner")
    while True:
        seen += [member["user_id"] for member in answer.json()["members"]]
        link = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        if link is None:
            break
        pages += 1
        headers = tool.bearer(store.MEMBERS_SCOPE) | {"Accept": nrps.MEMBERS}
        answer = WIRE.get(link[1], headers=headers)

    assert pages == 4
    assert len(seen) == len(set(seen)) == 10


def test_a_resource_link_brings_its_message(
    site: Site, tool: Tool, instructor: httpx.Client
) -> None:
    activity = add_activity(tool, instructor, custom={"placement": "p-1", "who": "$User.id"})

    member = ask(tool, f"&rlid={activity}").json()["members"][1]

    (message,) = member["message"]
    assert message[f"{LTI}custom"] == {"placement": "p-1", "who": "campus-1002"}
    with connected_tool(site) as other:
        assert ask(other, f"&rlid={activity}").status_code == 404


def test_what_the_registration_does_not_allow_is_not_told(site: Site) -> None:
    with connected_tool(site, claims=["name"]) as tool:
        member = ask(tool).json()["members"][0]

    assert member["name"] == "Mirela Dragomir"
    assert "email" not in member


def test_the_wrong_token_or_media_type_is_refused(site: Site, tool: Tool) -> None:
    assert ask(tool, scope=store.SCORE_SCOPE).status_code == 403
    assert ask(tool, accept="application/json").status_code == 406
    with connected_tool(site) as other:
        url = f"{site.url}/lti/courses/1/memberships?type_id={tool.connected.tool_id}"
        headers = other.bearer(store.MEMBERS_SCOPE) | {"Accept": nrps.MEMBERS}
        assert WIRE.get(url, headers=headers).status_code == 403
        assert WIRE.get(url, headers={"Accept": nrps.MEMBERS}).status_code == 401
