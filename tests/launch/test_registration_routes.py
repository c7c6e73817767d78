"""Registering by an invitation: Campus, Moodle, and what an invitation is."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from lti_tool.core import clock
from lti_tool.core.audit import CLI, AuditEntry
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId
from lti_tool.launch.dynamic_registration import TOOL_CONFIGURATION
from lti_tool.launch.platform_description import SCOPES
from lti_tool.platforms import invitations, services
from lti_tool.platforms.errors import InvitationTakenError
from lti_tool.platforms.models import Registration, RegistrationInvitation
from tests.campus.site import Site
from tests.launch.moodle import running_moodle
from tests.launch.platform import error_code
from tests.launch.registering import (
    Lms,
    agree,
    begun_at,
    deployments,
    fields,
    registrations,
    text_of,
)

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"


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


class TestShared:
    """One registration, two customers of a hosted LMS: neither speaks for the other."""

    @pytest.fixture
    def neighbour(self, client: FlaskClient, lms: Lms, path: str) -> InstitutionId:
        """Another institution that has a deployment of the same registration."""
        agree(client, path, lms.begun)
        [registration] = registrations()
        other = services.add_institution(f"i-{uuid4().hex[:8]}", "Another")
        services.add_deployment(registration.id, "theirs", other)
        return other

    @pytest.mark.parametrize("invited", ["neighbour", "nobody"])
    @pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
    def test_no_customer_moves_the_addresses_of_all(
        self,
        client: FlaskClient,
        lms: Lms,
        neighbour: InstitutionId,
        invited: str,
        endpoint: str,
    ) -> None:
        [before], had = registrations(), len(deployments())
        lms.describe(**{endpoint: f"{lms.url}/another"})
        whose = neighbour if invited == "neighbour" else None

        page = agree(client, f"/lti/register/{invitations.invite(whose, actor=CLI)}", lms.begun)

        assert error_code(page) == "registered_elsewhere"
        [after] = registrations()
        assert (after.auth_url, after.token_url, after.jwks_url, after.name) == (
            before.auth_url,
            before.token_url,
            before.jwks_url,
            before.name,
        )
        assert len(deployments()) == had

    def test_a_customer_claims_no_deployment_of_another(
        self, client: FlaskClient, lms: Lms, neighbour: InstitutionId
    ) -> None:
        """The platform's word for it comes by the customer's browser; an operator looks at it."""
        lms.answer = (
            {"client_id": "10000000000001", TOOL_CONFIGURATION: {"deployment_id": "9"}},
            201,
        )
        lms.describe(**{PLATFORM: {"product_family_code": "canvas"}})

        page = agree(client, f"/lti/register/{invitations.invite(neighbour, actor=CLI)}", lms.begun)

        assert "One approval is left" in text_of(page)
        claimed = next(one for one in deployments() if one.platform_id == "9")
        assert claimed.institution_id is None
        [registration] = registrations()
        assert registration.product == "generic"


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
