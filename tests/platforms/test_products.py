import pytest

from lti_tool.platforms.products import PRODUCTS, filled
from lti_tool.platforms.rules import origin_of


def test_a_site_fills_the_addresses_of_its_product() -> None:
    moodle = filled("moodle", site=" https://moodle.example.edu/lms/ ")

    assert moodle.issuer == "https://moodle.example.edu/lms"
    assert moodle.token_url == "https://moodle.example.edu/lms/mod/lti/token.php"


def test_a_client_id_fills_the_one_that_has_it() -> None:
    assert filled("blackboard").jwks_url == ""
    assert filled("blackboard", client_id="abc").jwks_url.endswith("/applications/abc/jwks.json")


@pytest.mark.parametrize("product", sorted(PRODUCTS))
def test_what_is_filled_is_an_address_and_what_is_not_is_empty(product: str) -> None:
    known = filled(product, site="https://lms.example.edu", client_id="1")

    for url in (known.issuer, known.auth_url, known.token_url, known.jwks_url):
        assert not url or origin_of(url) is not None
    empty = filled(product)
    assert "{" not in empty.issuer + empty.auth_url + empty.token_url + empty.jwks_url


def test_an_unknown_product_knows_nothing() -> None:
    assert filled("papyrus", site="https://x.example").issuer == ""
