"""Registering by an invitation: Canvas and other products, as their makers describe it."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from lti_tool.core.audit import CLI
from lti_tool.core.ids import InstitutionId
from lti_tool.launch.dynamic_registration import TOOL_CONFIGURATION
from lti_tool.launch.platform_description import CANVAS, SCOPES, SHARED_ISSUERS, Platform
from lti_tool.platforms import invitations, quirks, services
from lti_tool.platforms.invitations import Granted
from lti_tool.platforms.rules import belongs
from lti_tool.platforms.services import Endpoints
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


def use(whose: InstitutionId | None, granted: Granted) -> None:
    """Store what a platform granted upon an invitation."""
    invitations.use(invitations.look_at(invitations.invite(whose, actor=CLI)), granted)


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

    def test_tokens_are_asked_for_their_own_address(
        self, client: FlaskClient, path: str, lms: Lms
    ) -> None:
        """Its authorization server is the name of a host, which it does not take as audience."""
        lms.describe(authorization_server="sso.canvaslms.com", **{PLATFORM: CANVAS_DETAILS})

        agree(client, path, lms.begun)

        [registration] = registrations()
        told = (registration.product, registration.token_audience, registration.token_url)
        assert quirks.audience(*told) == f"{lms.url}/token"

    def test_its_places_are_known_by_either_name(
        self, client: FlaskClient, path: str, lms: Lms
    ) -> None:
        messages = [
            {"type": "LtiResourceLinkRequest", "placements": ["course_navigation"]},
            {"type": "LtiDeepLinkingRequest", "placements": ["link_selection", "ContentArea"]},
            {"type": "LtiEulaRequest"},
        ]
        lms.describe(**{PLATFORM: {**CANVAS_DETAILS, "messages_supported": messages}})

        agree(client, path, lms.begun)

        asked = [one["placements"] for one in lms.asked[0][TOOL_CONFIGURATION]["messages"]]
        assert asked == [[f"{CANVAS}course_navigation"], [f"{CANVAS}link_selection"]]

    def test_no_message_goes_without_a_place(
        self, client: FlaskClient, path: str, lms: Lms
    ) -> None:
        """It would make the picker's place one of links, which are not picked."""
        lms.describe(**{PLATFORM: {"product_family_code": "canvas"}})

        agree(client, path, lms.begun)

        [message] = lms.asked[0][TOOL_CONFIGURATION]["messages"]
        assert message["type"] == "LtiDeepLinkingRequest"

    def test_a_customer_with_a_host_of_its_own_registers_us_there(self) -> None:
        told = {
            "issuer": "https://canvas.instructure.com",
            "authorization_endpoint": "https://sso.canvaslms.com/api/lti/authorize_redirect",
            "token_endpoint": "https://sso.canvaslms.com/login/oauth2/token",
            "jwks_uri": "https://sso.canvaslms.com/api/lti/security/jwks",
            "registration_endpoint": "https://canvas.northgate.edu/api/lti/registrations",
            PLATFORM: {**CANVAS_DETAILS, f"{CANVAS}account_domain": "canvas.northgate.edu"},
        }

        shared = Platform.model_validate(told)
        alone = Platform.model_validate({**told, "issuer": "https://canvas.example"})

        assert belongs(shared.registration_endpoint, shared.hosts)
        assert not belongs("https://collector.example/register", shared.hosts)
        assert not belongs(alone.registration_endpoint, alone.hosts), "nobody else has its issuer"

    def test_it_may_tell_its_deployment_beside_the_configuration(
        self, client: FlaskClient, path: str, lms: Lms, university: InstitutionId
    ) -> None:
        lms.describe(**{PLATFORM: CANVAS_DETAILS})
        lms.answer = ({"client_id": "10000000000005", "deployment_id": "9:8865aa"}, 200)

        agree(client, path, lms.begun)

        [deployment] = deployments()
        assert (deployment.platform_id, deployment.institution_id) == ("9:8865aa", university)

    @pytest.mark.parametrize(
        ("host", "shared", "kept"),
        [
            ("canvas.northgate.edu", False, ["https://canvas.northgate.edu"]),
            ("n.instructure.com", False, []),
            ("canvas.northgate.edu", True, []),
        ],
    )
    def test_grades_may_go_to_the_host_of_its_customer(
        self, university: InstitutionId, host: str, *, shared: bool, kept: list[str]
    ) -> None:
        """Not where the registration serves others too: whoever speaks for it may not be one."""
        urls = {"auth_url": "https://a.example", "token_url": "https://b.example"}
        granted = Granted(
            issuer="https://canvas.instructure.com",
            client_id="10000000000006",
            name="Northgate",
            product="canvas",
            endpoints=Endpoints(**urls, jwks_url="https://c.example"),
            deployment_id="9:8865aa",
            scopes=(),
            origins=(f"https://{host}",),
        )
        if shared:
            other = services.add_institution("another", "Another")
            use(other, replace(granted, deployment_id="1:first", origins=()))

        use(None if shared else university, granted)

        deployment = next(one for one in deployments() if one.platform_id == "9:8865aa")
        assert deployment.frame_origins == kept

    def test_its_configuration_is_asked_for_with_the_token(
        self, client: FlaskClient, path: str, lms: Lms
    ) -> None:
        agree(client, path, lms.begun)

        assert lms.bearers == ["Bearer tok.en"] * 3

    def test_its_shared_issuer_is_believed_from_its_own_hosts_only(self) -> None:
        """`canvas.instructure.com` describes itself at other hosts of the same company."""
        allowed = SHARED_ISSUERS["https://canvas.instructure.com"]

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
