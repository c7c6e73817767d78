"""What was chosen arrives in the course, as Deep Linking 2.0 has it."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import jwt
import pytest
from flask import Flask
from sqlalchemy import text

from lti_tool.campus.claims import DEEP_LINKING, LTI
from lti_tool.core import clock, keys
from lti_tool.core.ids import DeploymentId, InstitutionId, LaunchId, RegistrationId, UserId
from lti_tool.launch import deep_linking
from lti_tool.launch.deep_linking import ContentItem, OnlyOneItemError
from lti_tool.launch.errors import LaunchEndedError
from lti_tool.launch.session import CurrentLaunch
from lti_tool.people.rules import Role
from tests.campus.site import Site
from tests.launch.platform import (
    BASE_URL,
    Browser,
    browsing,
    connect,
    published_keys,
    told,
)

STATISTICS = ContentItem(
    title="Reading statistics <critically>",
    text="Five questions",
    placement_token="p1.abc",
    points=Decimal("12.50"),
    resource_id="edition-1",
    tag="final",
    icon_url=f"{BASE_URL}/static/logo.svg",
)
REVIEW = ContentItem(
    title="Review", text="", placement_token="p1.def", points=None, resource_id="edition-2"
)


def request_of(browser: Browser) -> CurrentLaunch:
    """Launch the picker and return what its page has in hand."""
    here = told(browser.open(browser.connected.deep_linking_path))
    deployment_id = browser.connected.deployment_id
    assert deployment_id is not None
    return current_launch(here, deployment_id)


def current_launch(here: Mapping[str, Any], deployment_id: DeploymentId) -> CurrentLaunch:
    """Return what a page of the launch has in hand, by what the probe told of it."""
    return CurrentLaunch(
        launch_id=LaunchId(UUID(here["launch_id"])),
        institution_id=InstitutionId(UUID(here["institution_id"])),
        registration_id=RegistrationId(UUID(here["registration_id"])),
        deployment_id=deployment_id,
        user_id=UserId(UUID(here["user_id"])),
        context_id=None,
        resource_link_id=None,
        message_type=here["message_type"],
        roles=frozenset(map(Role, here["roles"])),
        placement_token=None,
        settings=here["settings"],
        expires_at=clock.now(),
    )


def changed(here: CurrentLaunch, **settings: object) -> CurrentLaunch:
    """Return the request with other settings; None drops one."""
    merged = {**here.settings["deep_linking"], **settings}
    kept = {name: value for name, value in merged.items() if value is not None}
    return replace(here, settings={**here.settings, "deep_linking": kept})


def claims_of(token: str) -> dict[str, Any]:
    """Verify by what `/lti/jwks.json` would show, with another library."""
    key = jwt.PyJWK(keys.published("lti")[0].public_jwk)
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["RS256"], options={"verify_aud": False}
    )
    return claims


def test_the_answer_is_signed_and_says_what_was_chosen(instructor: Browser) -> None:
    here = request_of(instructor)

    return_url, token = deep_linking.response_form(here, [STATISTICS], message="Added.")

    claims = claims_of(token)
    assert return_url == here.settings["deep_linking"]["deep_link_return_url"]
    assert jwt.get_unverified_header(token)["kid"] == keys.current("lti").kid
    assert claims["iss"] == instructor.connected.tool.client_id
    assert claims["aud"] == [instructor.connected.site.url]
    assert 0 < claims["exp"] - claims["iat"] <= 600
    assert claims["nonce"]
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse"
    assert claims[f"{LTI}version"] == "1.3.0"
    assert claims[f"{LTI}deployment_id"] == instructor.connected.tool.deployment_id
    assert claims[f"{DEEP_LINKING}data"] == here.settings["deep_linking"]["data"]
    assert claims[f"{DEEP_LINKING}msg"] == "Added."
    assert claims[f"{DEEP_LINKING}content_items"] == [
        {
            "type": "ltiResourceLink",
            "title": "Reading statistics <critically>",
            "text": "Five questions",
            "url": f"{BASE_URL}/lti/launch",
            "custom": {
                "placement": "p1.abc",
                "context_id_history": "$Context.id.history",
                "resource_link_id_history": "$ResourceLink.id.history",
            },
            "icon": {"url": f"{BASE_URL}/static/logo.svg"},
            "lineItem": {
                "scoreMaximum": 12.5,
                "label": "Reading statistics <critically>",
                "resourceId": "edition-1",
                "tag": "final",
                "submissionReview": {"reviewableStatus": ["Submitted", "Completed"]},
            },
        }
    ]


def test_data_is_echoed_if_and_only_if_it_was_sent(instructor: Browser) -> None:
    here = request_of(instructor)

    def data(here: CurrentLaunch) -> object:
        _, token = deep_linking.response_form(here, [])
        return claims_of(token).get(f"{DEEP_LINKING}data", "absent")

    assert data(changed(here, data="")) == ""
    assert data(changed(here, data='a"<&é')) == 'a"<&é'
    assert data(changed(here, data=None)) == "absent"


def test_a_column_is_made_only_for_points_and_only_where_it_is_taken(instructor: Browser) -> None:
    here = request_of(instructor)

    def columns(here: CurrentLaunch, item: ContentItem) -> list[object]:
        _, token = deep_linking.response_form(here, [item])
        return [i.get("lineItem") for i in claims_of(token)[f"{DEEP_LINKING}content_items"]]

    assert columns(here, REVIEW) == [None]
    assert columns(changed(here, accept_lineitem=False), STATISTICS) == [None]
    assert columns(changed(here, accept_lineitem=None), STATISTICS) != [None]
    (whole,) = columns(here, replace(STATISTICS, points=Decimal("10.0000"), tag=None))
    assert whole == {
        "scoreMaximum": 10,
        "label": "Reading statistics <critically>",
        "resourceId": "edition-1",
        "submissionReview": {"reviewableStatus": ["Submitted", "Completed"]},
    }


def test_several_are_sent_only_where_several_are_taken(instructor: Browser) -> None:
    here = request_of(instructor)

    for yes in (True, "true"):
        several = changed(here, accept_multiple=yes)
        assert deep_linking.takes_several(several)
        deep_linking.response_form(several, [STATISTICS, REVIEW])
    refusals: tuple[object, ...] = (False, "false", None, [], {"a": 1})
    for no in refusals:
        one = changed(here, accept_multiple=no)
        assert not deep_linking.takes_several(one)
        deep_linking.response_form(one, [STATISTICS])
        with pytest.raises(OnlyOneItemError):
            deep_linking.response_form(one, [STATISTICS, REVIEW])


def test_another_launch_has_nothing_to_answer(instructor: Browser) -> None:
    here = request_of(instructor)

    with pytest.raises(LaunchEndedError):
        deep_linking.response_form(replace(here, settings={}), [STATISTICS])
    with pytest.raises(LaunchEndedError):
        deep_linking.response_form(changed(here, deep_link_return_url="javascript:x()"), [])


def test_what_was_chosen_becomes_activities_that_launch(product: Flask, site: Site) -> None:
    with published_keys() as url:
        connected = connect(site, jwks_url=url)
        with browsing(product, connected, 1) as teacher:
            here = request_of(teacher)
            return_url, token = deep_linking.response_form(here, [STATISTICS, REVIEW])
            answer = teacher.campus.post(return_url, data={"JWT": token})
    assert answer.status_code in {200, 303}, answer.text

    with site.campus.engine.begin() as connection:
        placed = connection.execute(
            text("SELECT id, title FROM activities WHERE tool_id = :tool ORDER BY id"),
            {"tool": connected.tool.tool_id},
        ).all()
    assert [row.title for row in placed] == ["Reading statistics <critically>", "Review"]
    with browsing(product, connected, 2) as learner:
        arrival = learner.arrive(f"/courses/1/activities/{placed[0].id}/launch")
        assert (
            "lineitem" in arrival.claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]
        )
        there = told(learner.client.get(learner.post(arrival).location))
    assert there["placement_token"] == "p1.abc"
