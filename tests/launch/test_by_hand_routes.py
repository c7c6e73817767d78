import re

import pytest
from flask.testing import FlaskClient

from lti_tool.launch.by_hand import GUIDES, addresses
from lti_tool.launch.platform_description import SCOPES
from lti_tool.platforms.products import PRODUCTS


def test_every_product_has_a_guide_and_is_listed(client: FlaskClient) -> None:
    page = client.get("/lti/connect").text

    assert set(GUIDES) == set(PRODUCTS)
    for product, guide in GUIDES.items():
        assert f'href="/lti/connect/{product}">{guide.name}<' in page
        assert guide.name == PRODUCTS[product].name


@pytest.mark.parametrize("product", sorted(GUIDES))
def test_a_guide_gives_exactly_what_to_paste(client: FlaskClient, product: str) -> None:
    page = client.get(f"/lti/connect/{product}")

    values = re.findall(r'<input class="input" id="value-\d+" value="([^"]+)" readonly>', page.text)
    assert {"http://localhost/lti/login", "http://localhost/lti/launch"} <= set(values)
    assert "http://localhost/lti/jwks.json" in values
    assert len(values) == len(GUIDES[product].values)
    assert page.text.count('data-copy="value-') == len(values)


def test_an_lms_without_a_guide_is_not_made_up(client: FlaskClient) -> None:
    assert client.get("/lti/connect/nothing").status_code == 404


def test_canvas_reads_a_developer_key(client: FlaskClient) -> None:
    key = client.get("/lti/connect/canvas.json").get_json()

    assert key["oidc_initiation_url"] == "http://localhost/lti/login"
    assert key["public_jwk_url"] == "http://localhost/lti/jwks.json"
    assert key["scopes"] == list(SCOPES)
    [extension] = key["extensions"]
    assert (extension["platform"], extension["privacy_level"]) == (
        "canvas.instructure.com",
        "public",
    )
    *choosing, navigation = extension["settings"]["placements"]
    for placement in choosing:
        assert placement["message_type"] == "LtiDeepLinkingRequest"
        assert placement["target_link_uri"] == "http://localhost/lti/launch"
    assert navigation["placement"] == "course_navigation"
    assert navigation["message_type"] == "LtiResourceLinkRequest"


def test_every_address_that_is_given_answers(client: FlaskClient) -> None:
    """What people paste is there: login and launch refuse in words, the rest is readable."""
    known = addresses("http://localhost")

    for name in ("keys", "canvas", "icon"):
        with client.get(known[name].removeprefix("http://localhost")) as answer:
            assert answer.status_code == 200
    for name in ("login", "launch"):
        refused = client.get(known[name].removeprefix("http://localhost"))
        assert refused.status_code in {400, 409}
        assert "<code>" in refused.text
