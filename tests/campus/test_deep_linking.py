import time
from decimal import Decimal
from typing import cast

import httpx
import pytest
from sqlalchemy import text

from lti_tool.campus import queries
from lti_tool.campus.claims import DEEP_LINKING, LTI
from lti_tool.campus.records import Activity, LineItem
from tests.campus.site import Site, Tool, connected_tool

QUIZ = {"type": "ltiResourceLink", "title": "Quiz"}


def added(tool: Tool) -> tuple[list[Activity], list[LineItem]]:
    with tool.site.campus.engine.begin() as connection:
        activities = queries.list_activities(connection, 1)
        line_items = queries.list_line_items(connection, 1)
    mine = tool.connected.tool_id
    return (
        [one for one in activities if one.tool_id == mine],
        [one for one in line_items if one.tool_id == mine],
    )


def test_the_request_says_what_campus_accepts(
    site: Site, tool: Tool, instructor: httpx.Client
) -> None:
    path = f"/courses/1/add/{tool.connected.tool_id}/launch?section=2"

    claims = tool.launch(instructor, path)

    settings = cast("dict[str, object]", claims[f"{DEEP_LINKING}deep_linking_settings"])
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingRequest"
    assert claims[f"{LTI}target_link_uri"] == f"{tool.url}/deep-link"
    assert f"{LTI}resource_link" not in claims
    assert settings["accept_types"] == ["ltiResourceLink"]
    assert settings["accept_multiple"] is True
    assert settings["accept_lineitem"] is True
    assert str(settings["deep_link_return_url"]).startswith(f"{site.url}/lti/deep-linking/")
    assert settings["data"]


def test_items_become_activities_and_columns(tool: Tool, instructor: httpx.Client) -> None:
    first = QUIZ | {
        "text": "Read first.",
        "url": f"{tool.url}/launch?x=1",
        "custom": {"placement": "p-1"},
        "lineItem": {
            "scoreMaximum": 7.5,
            "label": "Quiz column",
            "resourceId": "r-1",
            "tag": "grade",
        },
        "submission": {"endDateTime": "2027-03-19T23:59:00Z"},
    }
    second = {"type": "ltiResourceLink"}

    answer = tool.choose(instructor, first, second, msg="Two picked")

    assert answer.status_code == 200
    assert 'target="_top"' in answer.text
    course = instructor.get("/courses/1").text
    assert "2 activities added." in course
    activities, line_items = added(tool)
    assert [one.title for one in activities] == ["Quiz", "Test tool"]
    assert [one.url for one in activities] == [f"{tool.url}/launch?x=1", f"{tool.url}/launch"]
    assert activities[0].custom == {"placement": "p-1"}
    assert activities[0].section_id == 1
    assert activities[0].closes_at is not None
    assert [
        (one.label, one.score_maximum, one.resource_id, one.tag, one.activity_id)
        for one in line_items
    ] == [("Quiz column", Decimal("7.5"), "r-1", "grade", activities[0].id)]


def test_the_tools_message_is_shown(tool: Tool, instructor: httpx.Client) -> None:
    changes = {f"{DEEP_LINKING}msg": "One <b>picked</b>", f"{DEEP_LINKING}errormsg": "Not all"}

    tool.choose(instructor, QUIZ, **changes)

    course = instructor.get("/courses/1").text
    assert "Test tool: One &lt;b&gt;picked&lt;/b&gt;" in course
    assert "Test tool: Not all" in course


def test_no_items_are_fine(tool: Tool, instructor: httpx.Client) -> None:
    assert tool.choose(instructor).status_code == 200
    assert added(tool) == ([], [])


WRONG_CLAIMS: dict[str, tuple[dict[str, object], str]] = {
    "other issuer": ({"iss": "somebody"}, "iss"),
    "other audience": ({"aud": "https://elsewhere.example"}, "aud"),
    "no audience": ({"aud": None}, "aud"),
    "no nonce": ({"nonce": None}, "nonce"),
    "no iat": ({"iat": None}, "iat"),
    "no exp": ({"exp": None}, "exp"),
    "expired": ({"iat": time.time() - 900, "exp": time.time() - 600}, "exp"),
    "other deployment": ({"deployment_id": "9"}, "deployment_id"),
    "no deployment": ({"deployment_id": None}, "deployment_id"),
    "other version": ({"version": "1.1"}, "version"),
    "other message": ({"message_type": "LtiResourceLinkRequest"}, "message_type"),
    "data lost": ({"data": None}, "data"),
    "other data": ({"data": "mine"}, "data"),
    "no list": ({"content_items": "quiz"}, "content_items"),
}


@pytest.mark.parametrize("case", WRONG_CLAIMS)
def test_a_wrong_claim_is_refused_in_words(tool: Tool, instructor: httpx.Client, case: str) -> None:
    changes, word = WRONG_CLAIMS[case]

    answer = tool.choose(instructor, QUIZ, **changes)

    assert answer.status_code == 400
    assert word in answer.text
    assert added(tool) == ([], [])


WRONG_ITEMS: dict[str, tuple[object, str]] = {
    "no object": ("quiz", "not an object"),
    "other type": ({"type": "link", "url": "https://a.example"}, "ltiResourceLink"),
    "other site": (QUIZ | {"url": "https://elsewhere.example/launch"}, "own site"),
    "number in custom": (QUIZ | {"custom": {"n": 1}}, "strings"),
    "custom no object": (QUIZ | {"custom": []}, "strings"),
    "title no string": (QUIZ | {"title": 5}, "title"),
    "title too long": (QUIZ | {"title": "x" * 256}, "too long"),
    "no maximum": (QUIZ | {"lineItem": {}}, "scoreMaximum"),
    "maximum zero": (QUIZ | {"lineItem": {"scoreMaximum": 0}}, "scoreMaximum"),
    "maximum text": (QUIZ | {"lineItem": {"scoreMaximum": "10"}}, "scoreMaximum"),
    "maximum true": (QUIZ | {"lineItem": {"scoreMaximum": True}}, "scoreMaximum"),
    "line item no object": (QUIZ | {"lineItem": 10}, "lineItem"),
    "time without zone": (
        QUIZ | {"submission": {"endDateTime": "2027-03-19T23:59:00"}},
        "endDateTime",
    ),
}


@pytest.mark.parametrize("case", WRONG_ITEMS)
def test_a_wrong_item_refuses_all_items(tool: Tool, instructor: httpx.Client, case: str) -> None:
    item, word = WRONG_ITEMS[case]

    answer = tool.choose(instructor, QUIZ, item)

    assert answer.status_code == 400
    assert "item 2" in answer.text
    assert word in answer.text
    assert added(tool) == ([], [])


def test_a_response_counts_once(tool: Tool, instructor: httpx.Client) -> None:
    path = f"/courses/1/add/{tool.connected.tool_id}/launch"
    claims = tool.launch(instructor, path)
    settings = cast("dict[str, str]", claims[f"{DEEP_LINKING}deep_linking_settings"])
    token = tool.sign(tool.response_claims(settings["data"], QUIZ))
    instructor.post(settings["deep_link_return_url"], data={"JWT": token})

    again = instructor.post(settings["deep_link_return_url"], data={"JWT": token})

    assert again.status_code == 409
    assert len(added(tool)[0]) == 1


def test_a_nonce_counts_once(tool: Tool, instructor: httpx.Client) -> None:
    tool.choose(instructor, QUIZ, nonce="same")

    again = tool.choose(instructor, QUIZ, nonce="same")

    assert again.status_code == 400
    assert "nonce" in again.text
    assert len(added(tool)[0]) == 1


def test_another_tools_signature_is_refused(
    site: Site, tool: Tool, instructor: httpx.Client
) -> None:
    with connected_tool(site) as other:
        genuine = tool.keys[tool.kid]
        claims = tool.launch(instructor, f"/courses/1/add/{tool.connected.tool_id}/launch")
        settings = cast("dict[str, str]", claims[f"{DEEP_LINKING}deep_linking_settings"])
        tool.keys[tool.kid] = other.keys[other.kid]
        forged = tool.sign(tool.response_claims(settings["data"], QUIZ))
        tool.keys[tool.kid] = genuine
        answer = instructor.post(settings["deep_link_return_url"], data={"JWT": forged})

    assert answer.status_code == 400
    assert "wrong signature" in answer.text


def test_another_person_cannot_bring_the_answer(
    tool: Tool, instructor: httpx.Client, student: httpx.Client
) -> None:
    claims = tool.launch(instructor, f"/courses/1/add/{tool.connected.tool_id}/launch")
    settings = cast("dict[str, str]", claims[f"{DEEP_LINKING}deep_linking_settings"])
    token = tool.sign(tool.response_claims(settings["data"], QUIZ))

    answer = student.post(settings["deep_link_return_url"], data={"JWT": token})

    assert answer.status_code == 403
    assert added(tool) == ([], [])


def test_an_answer_nobody_waits_for_is_refused(site: Site, instructor: httpx.Client) -> None:
    answer = instructor.post(f"{site.url}/lti/deep-linking/guessed", data={"JWT": "x"})

    assert answer.status_code == 404


def test_an_answer_that_took_too_long_is_refused(tool: Tool, instructor: httpx.Client) -> None:
    claims = tool.launch(instructor, f"/courses/1/add/{tool.connected.tool_id}/launch")
    settings = cast("dict[str, str]", claims[f"{DEEP_LINKING}deep_linking_settings"])
    with tool.site.campus.engine.begin() as connection:
        connection.execute(text("UPDATE deep_linkings SET expires_at = now() - interval '1 s'"))
    token = tool.sign(tool.response_claims(settings["data"], QUIZ))

    answer = instructor.post(settings["deep_link_return_url"], data={"JWT": token})

    assert answer.status_code == 410


def test_students_add_nothing(tool: Tool, student: httpx.Client) -> None:
    answer = student.get(f"/courses/1/add/{tool.connected.tool_id}/launch")

    assert answer.status_code == 403
