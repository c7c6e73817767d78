import html
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import pytest
from flask import Flask, Response, jsonify, redirect, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from lti_tool.campus import store
from lti_tool.core import clock
from lti_tool.core.audit import CLI, AuditEntry
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId
from lti_tool.launch import dynamic_registration
from lti_tool.launch.dynamic_registration import CANVAS, SCOPES, TOOL_CONFIGURATION
from lti_tool.platforms import invitations, services
from lti_tool.platforms.errors import InvitationTakenError
from lti_tool.platforms.models import Deployment, Registration, RegistrationInvitation
from lti_tool.platforms.rules import belongs
from tests.campus.site import Site
from tests.helpers import serving
from tests.launch.moodle import running_moodle
from tests.launch.platform import error_code


@pytest.fixture
def university(app: Flask) -> InstitutionId:  # noqa: ARG001 - binds the database
    return services.add_institution(f"i-{uuid4().hex[:8]}", "Northgate University")


@pytest.fixture
def path(university: InstitutionId) -> str:
    return f"/lti/register/{invitations.invite(university, actor=CLI)}"


def begun_at(site: Site) -> str:
    """Return the query that Campus adds to a registration address."""
    token = store.issue_registration_token(site.campus.engine)
    return urlencode(
        {
            "openid_configuration": f"{site.url}/.well-known/openid-configuration",
            "registration_token": token,
        }
    )


def fields(page: TestResponse) -> dict[str, str]:
    assert page.status_code == 200, page.text
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    return {name: html.unescape(value) for name, value in found}


def agree(client: FlaskClient, path: str, query: str) -> TestResponse:
    """Look at what is asked for, and agree."""
    return client.post(path, data=fields(client.get(f"{path}?{query}")))


def registrations() -> list[Registration]:
    with system_transaction() as session:
        return list(session.scalars(select(Registration)))


def deployments() -> list[Deployment]:
    with system_transaction() as session:
        return list(session.scalars(select(Deployment)))


def text_of(page: TestResponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


class TestCampus:
    def test_what_is_asked_for_is_told_before_anything_happens(
        self, client: FlaskClient, site: Site, path: str
    ) -> None:
        page = client.get(f"{path}?{begun_at(site)}")

        words = text_of(page)
        assert "badges of Northgate University" in words
        for service in SCOPES.values():
            assert service in words
        assert "name, e-mail address and role" in words
        assert registrations() == []
        assert "frame-ancestors *" in page.headers["Content-Security-Policy"]

    def test_agreeing_registers_and_gives_the_deployment_to_the_institution(
        self, client: FlaskClient, site: Site, path: str, university: InstitutionId
    ) -> None:
        page = agree(client, path, begun_at(site))

        assert page.status_code == 200, page.text
        [registration], [deployment] = registrations(), deployments()
        assert registration.issuer == site.url
        assert registration.jwks_url == f"{site.url}/lti/jwks"
        assert sorted(registration.scopes) == sorted(SCOPES)
        assert (deployment.registration_id, deployment.institution_id) == (
            registration.id,
            university,
        )
        assert "data-at-once" in page.text

    def test_an_invitation_of_nobody_leaves_the_deployment_to_approval(
        self, client: FlaskClient, site: Site
    ) -> None:
        page = agree(client, f"/lti/register/{invitations.invite(None, actor=CLI)}", begun_at(site))

        [deployment] = deployments()
        assert deployment.institution_id is None
        assert "One approval is left" in text_of(page)
        assert "data-at-once" not in page.text

    def test_an_invitation_connects_once(self, client: FlaskClient, site: Site, path: str) -> None:
        agree(client, path, begun_at(site))

        again = client.get(f"{path}?{begun_at(site)}")

        assert again.status_code == 409
        assert error_code(again) == "invitation_used"
        assert len(registrations()) == 1

    def test_a_form_kept_open_does_not_use_an_invitation_twice(
        self, client: FlaskClient, site: Site, path: str
    ) -> None:
        kept = fields(client.get(f"{path}?{begun_at(site)}"))
        agree(client, path, begun_at(site))

        assert error_code(client.post(path, data=kept)) == "invitation_used"
        assert len(registrations()) == 1

    def test_a_token_replayed_is_refused_and_the_invitation_kept(
        self, client: FlaskClient, site: Site, path: str
    ) -> None:
        query = begun_at(site)
        other = f"/lti/register/{invitations.invite(None, actor=CLI)}"
        agree(client, other, query)

        replayed = agree(client, path, query)

        assert error_code(replayed) == "registration_token"
        assert "was used before" in text_of(replayed)
        assert agree(client, path, begun_at(site)).status_code == 200

    def test_a_second_press_at_the_same_time_is_told_so(
        self, client: FlaskClient, site: Site, path: str
    ) -> None:
        form = fields(client.get(f"{path}?{begun_at(site)}"))
        invited = invitations.look_at(path.rpartition("/")[2])
        invitations.take(invited.id)

        assert error_code(client.post(path, data=form)) == "invitation_taken"
        assert registrations() == []

    def test_one_that_died_half_way_is_given_up(
        self, client: FlaskClient, site: Site, path: str
    ) -> None:
        invited = invitations.look_at(path.rpartition("/")[2])
        invitations.take(invited.id)
        with system_transaction() as session:
            session.execute(
                update(RegistrationInvitation).values(taken_at=clock.now() - invitations.TAKEN_FOR)
            )

        assert agree(client, path, begun_at(site)).status_code == 200

    def test_a_form_of_another_site_is_refused(
        self, client: FlaskClient, site: Site, path: str
    ) -> None:
        form = fields(client.get(f"{path}?{begun_at(site)}"))

        foreign = client.post(path, data=form, headers={"Origin": "https://evil.example"})
        without = client.post(path, data={**form, "csrf_token": ""})

        assert error_code(foreign) == error_code(without) == "cross_site_request"
        assert registrations() == []


class TestInvitation:
    @pytest.mark.parametrize("secret", ["x", "A" * 43])
    def test_nobody_registers_without_one(
        self, client: FlaskClient, site: Site, secret: str
    ) -> None:
        answer = client.get(f"/lti/register/{secret}?{begun_at(site)}")

        assert answer.status_code == 404
        assert error_code(answer) == "invitation_ended"
        assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]

    def test_it_ends_after_seven_days(
        self, client: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        later = clock.now() + timedelta(days=7, seconds=1)
        monkeypatch.setattr(clock, "now", lambda: later)

        assert error_code(client.get(path)) == "invitation_ended"

    def test_it_can_be_withdrawn_by_its_own_institution_only(
        self, client: FlaskClient, path: str, university: InstitutionId
    ) -> None:
        invited = invitations.look_at(path.rpartition("/")[2])
        other = services.add_institution(f"i-{uuid4().hex[:8]}", "Another")

        with pytest.raises(Exception, match="no such invitation"):
            invitations.withdraw(other, invited.id, actor=CLI)
        assert client.get(path).status_code == 200
        invitations.withdraw(university, invited.id, actor=CLI)

        assert error_code(client.get(path)) == "invitation_ended"

    def test_opened_outside_an_lms_it_says_where_it_belongs(
        self, client: FlaskClient, path: str
    ) -> None:
        page = client.get(path)

        assert page.status_code == 200
        assert f'value="http://localhost{path}"' in page.text
        assert "Moodle" in page.text


class TestMoodle:
    def test_it_takes_our_registration_and_says_it_is_pending(
        self, client: FlaskClient, path: str, university: InstitutionId
    ) -> None:
        with running_moodle() as moodle:
            page = agree(client, path, moodle.begin())

        assert page.status_code == 200, page.text
        [registration], [deployment] = registrations(), deployments()
        assert (registration.issuer, registration.product) == (moodle.url, "moodle")
        assert registration.client_id == "TEmnSN5h2EMenHW"
        assert registration.token_url == f"{moodle.url}/mod/lti/token.php"
        assert (deployment.platform_id, deployment.institution_id) == ("1", university)
        assert "press Activate" in text_of(page)
        [asked] = moodle.asked
        assert asked["redirect_uris"] == ["http://localhost/lti/launch"]
        assert asked["scope"].split() == list(SCOPES)
        assert asked[TOOL_CONFIGURATION]["claims"][2:] == [
            "name",
            "given_name",
            "family_name",
            "email",
        ]

    def test_an_update_renews_what_we_had(
        self, client: FlaskClient, path: str, university: InstitutionId
    ) -> None:
        """Moodle, asked to update, gives the same client id and a fresh token."""
        again = f"/lti/register/{invitations.invite(university, actor=CLI)}"
        with running_moodle() as moodle:
            agree(client, path, moodle.begin())
            with system_transaction() as session:
                session.execute(update(Registration).values(jwks_url="https://old.example/"))
            moodle.asked.clear()
            page = agree(client, again, moodle.begin())

        [registration], [_] = registrations(), deployments()
        assert registration.jwks_url == f"{moodle.url}/mod/lti/certs.php"
        assert "The connection is renewed" in text_of(page)

    def test_an_update_by_another_institution_changes_nothing(
        self, client: FlaskClient, path: str
    ) -> None:
        other = services.add_institution(f"i-{uuid4().hex[:8]}", "Another")
        again = f"/lti/register/{invitations.invite(other, actor=CLI)}"
        with running_moodle() as moodle:
            agree(client, path, moodle.begin())
            with system_transaction() as session:
                session.execute(update(Registration).values(jwks_url="https://old.example/"))
            moodle.asked.clear()
            page = agree(client, again, moodle.begin())

        assert error_code(page) == "registered_elsewhere"
        [registration] = registrations()
        assert registration.jwks_url == "https://old.example/"

    def test_its_refusals_are_told_in_words(self, client: FlaskClient, path: str) -> None:
        with running_moodle() as moodle:
            garbage = agree(client, path, moodle.begin(token="garbage"))
            moodle.asked.append({})
            used = agree(client, path, moodle.begin())

        assert error_code(garbage) == "registration_refused"
        assert "“status 404”" in text_of(garbage)  # its page of HTML is not quoted
        assert error_code(used) == "registration_token"
        assert "“token_already_used”" in text_of(used)
        assert registrations() == []


class Lms:
    """A platform whose configuration and answer a test chooses."""

    def __init__(self) -> None:
        self.url = ""
        self.configuration: dict[str, Any] = {}
        self.answer: ResponseReturnValue = ({"client_id": "10000000000001"}, 201)
        self.asked: list[dict[str, Any]] = []
        self.bearers: list[str | None] = []
        self.page: ResponseReturnValue | None = None

    @property
    def begun(self) -> str:
        return urlencode(
            {"openid_configuration": f"{self.url}/config", "registration_token": "tok.en"}
        )

    def describe(self, **changes: object) -> None:
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "registration_endpoint": f"{self.url}/register",
            **changes,
        }
        self.configuration = {name: value for name, value in document.items() if value is not None}


@pytest.fixture
def lms() -> Iterator[Lms]:
    lms, app = Lms(), Flask("lms")

    @app.get("/config")
    def config() -> ResponseReturnValue:
        lms.bearers.append(request.headers.get("Authorization"))
        return lms.page or jsonify(lms.configuration)

    @app.post("/register")
    def register() -> ResponseReturnValue:
        lms.bearers.append(request.headers.get("Authorization"))
        lms.asked.append(request.get_json())
        return lms.answer

    with serving(app) as lms.url:
        lms.describe()
        yield lms


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


def test_of_many_at_once_one_registers(live_app: Flask) -> None:  # noqa: ARG001 - a real database
    secret = invitations.invite(None, actor=CLI)
    invited, taken = invitations.look_at(secret), []
    barrier = threading.Barrier(6)

    def press() -> None:
        barrier.wait()
        try:
            invitations.take(invited.id)
        except InvitationTakenError:
            return
        taken.append(1)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert taken == [1]


def test_who_invited_is_on_record(path: str, university: InstitutionId) -> None:
    assert path
    with transaction(university) as session:
        acts = session.scalars(select(AuditEntry.act)).all()
    assert acts == ["invite_platform"]
