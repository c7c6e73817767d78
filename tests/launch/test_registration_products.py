"""Registering by an invitation: Canvas and other products, as their makers describe it."""

import pytest
from flask.testing import FlaskClient

from lti_tool.core.ids import InstitutionId
from lti_tool.launch import dynamic_registration
from lti_tool.launch.dynamic_registration import CANVAS, SCOPES, TOOL_CONFIGURATION
from lti_tool.platforms.rules import belongs
from tests.launch.registering import Lms, agree, deployments, registrations, text_of

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
CANVAS_DETAILS = {
    "product_family_code": "canvas",
    "messages_supported": [
        {"type": "LtiResourceLinkRequest", "placements": [f"{CANVAS}course_navigation"]},
        {
            "type": "LtiDeepLinkingRequest",
            "placements": [
                f"{CANVAS}assignment_selection",
                f"{CANVAS}link_selection",
                f"{CANVAS}editor_button",
            ],
        },
    ],
    f"{CANVAS}account_name": "Northgate",
}


class TestCanvas:
    def test_it_is_asked_in_its_own_words(self, client: FlaskClient, path: str, lms: Lms) -> None:
        lms.describe(**{PLATFORM: CANVAS_DETAILS})

        page = agree(client, path, lms.begun)

        assert page.status_code == 200, page.text
        tool = lms.asked[0][TOOL_CONFIGURATION]
        assert tool[f"{CANVAS}privacy_level"] == "public"
        assert tool["messages"][1]["placements"] == [
            f"{CANVAS}assignment_selection",
            f"{CANVAS}link_selection",
        ]
        # A link beside the course's own pages, and no message without a place.
        assert tool["messages"][0]["placements"] == [f"{CANVAS}course_navigation"]
        [registration] = registrations()
        assert (registration.name, registration.product) == ("Northgate", "canvas")

    def test_its_configuration_is_asked_for_with_the_token(
        self, client: FlaskClient, path: str, lms: Lms
    ) -> None:
        agree(client, path, lms.begun)

        assert lms.bearers == ["Bearer tok.en"] * 3

    def test_its_shared_issuer_is_believed_from_its_own_hosts_only(self) -> None:
        """`canvas.instructure.com` describes itself at other hosts of the same company."""
        allowed = dynamic_registration._SHARED_ISSUERS["https://canvas.instructure.com"]

        assert belongs("https://sso.canvaslms.com/api/lti/x", allowed)
        assert not belongs("https://canvaslms.com.evil.example", allowed)

    def test_a_deployment_it_does_not_tell_yet_needs_no_approval(
        self, client: FlaskClient, path: str, lms: Lms
    ) -> None:
        page = agree(client, path, lms.begun)

        assert deployments() == []  # `test_first_launch.py` goes on
        assert "One approval is left" not in text_of(page)


@pytest.mark.parametrize("offers", [True, False], ids=["offered", "not offered"])
def test_the_way_from_the_gradebook_is_asked_for_where_there_is_one(
    client: FlaskClient,
    path: str,
    lms: Lms,
    offers: bool,  # noqa: FBT001 - one of two platforms
) -> None:
    review = {"type": "LtiSubmissionReviewRequest"}
    messages = [{"type": "LtiResourceLinkRequest"}, *([review] if offers else [])]
    lms.describe(**{PLATFORM: {"product_family_code": "x", "messages_supported": messages}})

    agree(client, path, lms.begun)

    asked = [one["type"] for one in lms.asked[0][TOOL_CONFIGURATION]["messages"]]
    assert ("LtiSubmissionReviewRequest" in asked) == offers


OTHERS: dict[str, tuple[dict[str, object], str, str | None]] = {
    # As their documentation and what tools met there say (2026): what differs from the usual.
    "brightspace": (
        {
            "authorization_server": "https://api.brightspace.com/auth/token",
            "scopes_supported": ["openid", *SCOPES],
            PLATFORM: {"product_family_code": "desire2learn", "version": "10.8"},
        },
        "brightspace",
        "https://api.brightspace.com/auth/token",
    ),
    "sakai, which lists nothing of LTI": (
        {"scopes_supported": ["openid"], PLATFORM: {"product_family_code": "sakailms.org"}},
        "sakai",
        None,
    ),
    "blackboard, whose scopes are garbled": (
        {
            "scopes_supported": ["URL/spec/lti-ags/scope/score"],
            "id_token_signing_alg_values_supported": ["RS256", "RS512"],
            PLATFORM: {"product_family_code": "BlackboardLearn", "version": "3900.0"},
        },
        "blackboard",
        None,
    ),
    "one that says nothing of itself": ({}, "generic", None),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_products_register_us_too(
    client: FlaskClient, path: str, lms: Lms, university: InstitutionId, name: str
) -> None:
    details, product, audience = OTHERS[name]
    lms.describe(**details)
    tool = {"deployment_id": "d-1"}
    lms.answer = ({"client_id": "c-1", TOOL_CONFIGURATION: tool}, 201)

    page = agree(client, path, lms.begun)

    assert page.status_code == 200, page.text
    assert "Cairn is connected" in text_of(page)
    assert lms.asked[0]["scope"].split() == list(SCOPES)
    [message] = [
        message
        for message in lms.asked[0][TOOL_CONFIGURATION]["messages"]
        if message["type"] == "LtiDeepLinkingRequest"
    ]
    assert message["placements"] == ["ContentArea"]
    [registration], [deployment] = registrations(), deployments()
    assert (registration.product, registration.token_audience) == (product, audience)
    assert (deployment.platform_id, deployment.institution_id) == ("d-1", university)
