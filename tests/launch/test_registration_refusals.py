"""Registering by an invitation: what is refused, and in which words."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Response, redirect
from flask.testing import FlaskClient

from lti_tool.launch.platform_description import SCOPES
from tests.launch.platform import error_code
from tests.launch.registering import Lms, agree, text_of


class TestRefusals:
    def test_less_than_asked_for_is_told(self, client: FlaskClient, path: str, lms: Lms) -> None:
        score = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
        lms.answer = ({"client_id": "1", "scope": score}, 200)

        page = agree(client, path, lms.begun)

        words = text_of(page)
        assert "did not grant everything" in words
        assert SCOPES[score] not in words
        assert "Read who is in a course that uses it" in words
        assert "data-at-once" not in page.text

    def test_a_configuration_of_somebody_else_is_refused(
        self, client: FlaskClient, path: str, lms: Lms
    ) -> None:
        lms.describe(issuer="https://lms.example.edu")

        page = client.get(f"{path}?{lms.begun}")

        assert error_code(page) == "registration_foreign"
        assert "calls itself lms.example.edu" in text_of(page)

    def test_the_token_is_not_sent_elsewhere(
        self, client: FlaskClient, path: str, lms: Lms
    ) -> None:
        lms.describe(registration_endpoint="https://collector.example/register")

        page = client.get(f"{path}?{lms.begun}")

        assert error_code(page) == "registration_foreign"
        assert lms.asked == []

    @pytest.mark.parametrize(
        "address",
        [
            "http://169.254.169.254/latest/meta-data",
            "https://10.0.0.8/config",
            "https://[::1]/config",
            "file:///etc/passwd",
            "https://user:word@lms.example/",
        ],
    )
    def test_a_private_address_is_not_called(
        self, client: FlaskClient, path: str, address: str
    ) -> None:
        page = client.get(path, query_string={"openid_configuration": address})

        assert page.status_code == 400
        assert error_code(page) == "registration_address"
        assert "ask the people who run Cairn to allow its host" in text_of(page)

    @pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri"])
    def test_an_endpoint_in_a_private_network_is_refused(
        self, client: FlaskClient, path: str, lms: Lms, name: str
    ) -> None:
        lms.describe(**{name: "https://192.168.1.1/x"})

        assert error_code(client.get(f"{path}?{lms.begun}")) == "registration_address"

    @pytest.mark.parametrize("odd", ["1\x00", "1\ud800"], ids=["null", "half a letter"])
    def test_what_could_not_be_stored_is_refused(
        self, client: FlaskClient, path: str, lms: Lms, odd: str
    ) -> None:
        lms.answer = ({"client_id": odd}, 201)
        assert error_code(agree(client, path, lms.begun)) == "registration_refused"

        lms.describe(authorization_server=odd)
        assert error_code(client.get(f"{path}?{lms.begun}")) == "registration_unreadable"

    def test_a_page_instead_of_data_is_told(self, client: FlaskClient, path: str, lms: Lms) -> None:
        lms.page = Response("<!doctype html><h1>Welcome</h1>", mimetype="text/html")

        page = client.get(f"{path}?{lms.begun}")

        assert error_code(page) == "registration_unreadable"
        assert "answered with a page, not with data" in text_of(page)

    def test_what_is_left_out_is_named(self, client: FlaskClient, path: str, lms: Lms) -> None:
        lms.describe(jwks_uri=None, token_endpoint=7)

        page = client.get(f"{path}?{lms.begun}")

        assert "jwks_uri, token_endpoint" in text_of(page)

    def test_a_redirect_to_another_host_does_not_describe_this_one(
        self, client: FlaskClient, path: str, lms: Lms
    ) -> None:
        other = f"http://localhost:{urlsplit(lms.url).port}/config"
        lms.page = redirect(other)

        page = client.get(path, query_string=parse_qs(lms.begun))

        assert error_code(page) in {"registration_foreign", "registration_address"}
        assert lms.bearers[1:] in ([], [None] * (len(lms.bearers) - 1))

    def test_an_answer_without_a_client_id_is_refused_and_can_be_tried_again(
        self, client: FlaskClient, path: str, lms: Lms
    ) -> None:
        lms.answer = ({"client": "?"}, 200)

        page = agree(client, path, lms.begun)

        assert error_code(page) == "registration_refused"
        lms.answer = ({"client_id": "1"}, 200)
        assert agree(client, path, lms.begun).status_code == 200

    def test_its_reason_is_quoted_and_never_markup(
        self, client: FlaskClient, path: str, lms: Lms
    ) -> None:
        lms.answer = ({"error": "invalid", "error_description": "<b>no</b> \u202eroom"}, 400)

        page = agree(client, path, lms.begun)

        assert "&lt;b&gt;no&lt;/b&gt; room" in page.text

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_an_outage_is_told_as_one(
        self, client: FlaskClient, path: str, lms: Lms, status: int
    ) -> None:
        lms.page = Response("later", status)

        page = client.get(f"{path}?{lms.begun}")

        assert page.status_code == 503
        assert error_code(page) == "outbound_failed"

    def test_without_an_address_of_the_configuration_it_cannot_begin(
        self, client: FlaskClient, path: str
    ) -> None:
        page = client.get(f"{path}?registration_token=x")

        assert error_code(page) == "registration_incomplete"
        assert "openid_configuration" in text_of(page)
