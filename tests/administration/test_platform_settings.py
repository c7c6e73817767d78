"""What an administrator decides about a platform, and that it holds from the next launch."""

import re
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.core import audit
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId
from lti_tool.launch import refusals
from lti_tool.launch.models import Launch, LaunchRefusal
from lti_tool.people.matching import declare_authority
from lti_tool.people.queries import list_authorities
from lti_tool.platforms import services
from lti_tool.platforms.models import Deployment, Institution, Registration
from tests.administration.staff import Office, office
from tests.administration.test_routes import add_platform, another_institution, text_of
from tests.campus.site import Site
from tests.launch.platform import Connected, browsing, connect, error_code

INSTRUCTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"


@pytest.fixture
def connected(app: Flask, site: Site) -> Connected:  # noqa: ARG001 - binds the database
    return connect(site)


@pytest.fixture
def desk(client: FlaskClient, connected: Connected) -> Office:
    """The desk of the institution that is connected with Campus, and whose that is alone."""
    with system_transaction() as session:
        registration = session.get_one(Registration, connected.registration_id)
        registration.registered_for = connected.institution_id
        slug = session.get_one(Institution, connected.institution_id).slug
    return office(client, "tool_administrator", institution_id=connected.institution_id, slug=slug)


def send(desk: Office, connected: Connected, path: str, **values: str | list[str]) -> TestResponse:
    """Send a form of the page of settings."""
    page = f"platforms/{connected.registration_id}/settings"
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', desk.get(page).text)
    assert found is not None
    data = {"csrf_token": found[1], **values}
    return desk.client.post(f"/desk/{desk.slug}/{page}/{path}", data=data)


def roles_of_last_launch(institution_id: InstitutionId) -> list[str]:
    with transaction(institution_id) as session:
        found = session.scalars(select(Launch.roles).order_by(Launch.id.desc()).limit(1)).one()
    return list(found)


class TestRoles:
    def test_a_role_counts_as_what_was_decided_from_the_next_launch(
        self, app: Flask, desk: Office, connected: Connected
    ) -> None:
        with browsing(app, connected, 1) as mirela:
            mirela.open(connected.course_path)
            before = roles_of_last_launch(connected.institution_id)

            answer = send(desk, connected, "roles", name=[INSTRUCTOR, ""], role=["learner"] * 2)
            mirela.open(connected.course_path)

        assert answer.status_code == 303
        assert before == ["instructor"]
        assert roles_of_last_launch(connected.institution_id) == ["learner"]
        with transaction(connected.institution_id) as session:
            acts = [entry.act for entry in audit.list_entries(session)]
        assert "change_platform_roles" in acts
        page = desk.get(f"platforms/{connected.registration_id}/settings")
        assert f'name="name" value="{INSTRUCTOR}"' in page.text  # it is suggested in any case

    def test_a_rule_without_a_name_ends(self, desk: Office, connected: Connected) -> None:
        send(desk, connected, "roles", name=[INSTRUCTOR], role=["learner"])
        send(desk, connected, "roles", name=[""], role=["learner"])

        page = desk.get(f"platforms/{connected.registration_id}/settings")
        assert 'name="name" value=""' in page.text
        assert f'name="name" value="{INSTRUCTOR}"' not in page.text

    @pytest.mark.parametrize(
        ("names", "roles"),
        [
            (["a", "a"], ["learner", "instructor"]),
            (["a"], ["registrar"]),
            (["a"], ["test_user"]),
            (["a" * 256], ["learner"]),
            ([f"role {number}" for number in range(101)], ["learner"] * 101),
        ],
    )
    def test_what_cannot_be_is_asked_for_again_as_it_was_written(
        self, desk: Office, connected: Connected, names: list[str], roles: list[str]
    ) -> None:
        answer = send(desk, connected, "roles", name=names, role=roles)

        assert answer.status_code == 400
        assert "Nothing was changed" in answer.text
        assert f'value="{names[0]}"' in answer.text

    def test_a_new_deployment_of_the_institution_takes_what_was_decided(
        self, desk: Office, connected: Connected
    ) -> None:
        send(desk, connected, "roles", name=[INSTRUCTOR], role=["none"])
        new = services.add_deployment(connected.registration_id, "second")

        services.approve_deployment(new, connected.institution_id, actor=audit.SYSTEM)

        with system_transaction() as session:
            assert session.get_one(Deployment, new).role_map == {INSTRUCTOR: "none"}

    def test_it_does_not_hold_for_others_on_the_same_registration(
        self, desk: Office, connected: Connected
    ) -> None:
        other = services.add_deployment(connected.registration_id, "theirs", another_institution())

        send(desk, connected, "roles", name=[INSTRUCTOR], role=["none"])

        with system_transaction() as session:
            assert session.get_one(Deployment, other).role_map == {}


class TestAddresses:
    def test_pages_are_framed_at_a_further_address_from_then_on(
        self, app: Flask, desk: Office, connected: Connected
    ) -> None:
        written = "https://courses.example.edu/some/page\nhttps://courses.example.edu"

        path = f"deployments/{connected.deployment_id}/addresses"
        answer = send(desk, connected, path, addresses=written)

        assert answer.status_code == 303
        with browsing(app, connected, 2) as amara:
            page = amara.open(connected.course_path)
        policy = page.headers["Content-Security-Policy"]
        assert "frame-ancestors" in policy
        assert policy.count("https://courses.example.edu") == 1

    @pytest.mark.parametrize(
        "written", ["javascript:alert(1)", "https://a.example;script-src", "courses", "https://*"]
    )
    def test_what_is_no_address_is_said_and_changes_nothing(
        self, desk: Office, connected: Connected, written: str
    ) -> None:
        path = f"deployments/{connected.deployment_id}/addresses"
        answer = send(desk, connected, path, addresses=f"https://good.example\n{written}")

        assert answer.status_code == 400
        assert "https://good.example" in answer.text
        with system_transaction() as session:
            deployment = session.get_one(Deployment, connected.deployment_id)
            assert deployment.frame_origins == []

    def test_another_institutions_deployment_is_not_found(
        self, desk: Office, connected: Connected
    ) -> None:
        other = services.add_deployment(connected.registration_id, "theirs", another_institution())

        path = f"deployments/{other}/addresses"
        answer = send(desk, connected, path, addresses="https://evil.example")

        assert answer.status_code == 404


class TestLearntAddresses:
    SCHOOL = "https://lms.school.example"

    def teach(self, app: Flask, connected: Connected) -> None:
        with browsing(app, connected, 2) as amara:
            arrival = amara.arrive(connected.course_path)
            arrival.change(launch_presentation={"return_url": f"{self.SCHOOL}/courses/7"})
            assert amara.post(arrival).status_code == 303

    def test_they_are_shown_removed_and_allowed_again_and_the_trail_says_so(
        self, app: Flask, desk: Office, connected: Connected
    ) -> None:
        page = f"platforms/{connected.registration_id}/settings"
        path = f"deployments/{connected.deployment_id}/learnt"
        assert "has learnt none yet" in text_of(desk.get(page).text)
        self.teach(app, connected)
        assert f"{self.SCHOOL} Learnt " in text_of(desk.get(page).text)

        send(desk, connected, path, origin=self.SCHOOL, removed="1")
        answer = send(desk, connected, path, origin=self.SCHOOL, removed="1")
        self.teach(app, connected)

        assert f"{self.SCHOOL} Removed " in text_of(desk.get(page).text)
        assert "It holds from the next page" in desk.client.get(answer.location).text
        with browsing(app, connected, 2) as amara:
            shown = amara.open(connected.course_path)
        assert self.SCHOOL not in shown.headers["Content-Security-Policy"]
        send(desk, connected, path, origin=self.SCHOOL)
        assert "has learnt none yet" in text_of(desk.get(page).text)
        with transaction(connected.institution_id) as session:
            acts = [entry.act for entry in audit.list_entries(session)]
        assert acts.count("remove_learnt_address") == 1
        assert acts.count("allow_learnt_address") == 1

    def test_only_what_is_there_can_be_removed(
        self, app: Flask, desk: Office, connected: Connected
    ) -> None:
        self.teach(app, connected)
        other = services.add_deployment(connected.registration_id, "theirs", another_institution())

        for deployment_id, origin, status in (
            (other, self.SCHOOL, 404),
            (uuid4(), self.SCHOOL, 404),
            (connected.deployment_id, "https://evil.example", 409),
            (connected.deployment_id, "", 409),
        ):
            path = f"deployments/{deployment_id}/learnt"
            assert send(desk, connected, path, origin=origin, removed="1").status_code == status


class TestOtherSites:
    def come(self, app: Flask, connected: Connected, guid: str) -> TestResponse:
        with browsing(app, connected, 2) as amara:
            arrival = amara.arrive(connected.course_path)
            return amara.post(arrival.change(tool_platform={"guid": guid}))

    def test_they_are_told_and_decided_about_and_the_trail_says_so(
        self, app: Flask, desk: Office, connected: Connected
    ) -> None:
        platform = f"platforms/{connected.registration_id}"
        path = f"deployments/{connected.deployment_id}/sites"
        self.come(app, connected, "production")
        assert "another site" not in text_of(desk.get(platform).text)
        assert "Other sites" not in text_of(desk.get(f"{platform}/settings").text)

        self.come(app, connected, "staging")
        assert "Launches come from another site" in text_of(desk.get(platform).text)
        page = text_of(desk.get(f"{platform}/settings").text)
        assert "was connected as production" in page
        assert "staging First " in page

        answer = send(desk, connected, path, guid="staging", verdict="keep_out")
        assert answer.status_code == 303
        assert error_code(self.come(app, connected, "staging")) == "copy_refused"
        assert "staging Kept out since " in text_of(desk.get(f"{platform}/settings").text)
        assert "another site" not in text_of(desk.get(platform).text)

        send(desk, connected, path, guid="staging", verdict="let_in")
        self.come(app, connected, "staging")
        send(desk, connected, path, guid="staging", verdict="same")
        assert "Other sites" not in text_of(desk.get(f"{platform}/settings").text)
        with transaction(connected.institution_id) as session:
            acts = [entry.act for entry in audit.list_entries(session)]
        assert {"accept_site", "admit_site", "refuse_site"} <= set(acts)

    def test_only_what_is_there_can_be_decided_about(
        self, app: Flask, desk: Office, connected: Connected
    ) -> None:
        self.come(app, connected, "production")
        self.come(app, connected, "staging")
        other = services.add_deployment(connected.registration_id, "theirs", another_institution())

        for deployment_id, guid, verdict, status in (
            (other, "staging", "same", 404),
            (uuid4(), "staging", "same", 404),
            (connected.deployment_id, "evil", "same", 409),
            (connected.deployment_id, "", "keep_out", 409),
            (connected.deployment_id, "staging", "burn", 400),
        ):
            path = f"deployments/{deployment_id}/sites"
            answer = send(desk, connected, path, guid=guid, verdict=verdict)
            assert answer.status_code == status


class TestVisitsWithoutAName:
    def test_they_are_let_in_while_it_is_allowed(
        self, app: Flask, desk: Office, connected: Connected
    ) -> None:
        def visit() -> TestResponse:
            with browsing(app, connected, 2) as amara:
                arrival = amara.arrive(connected.place())
                return amara.post(arrival.change(sub=None))

        assert error_code(visit()) == "message_subject"
        send(desk, connected, "anonymous", allowed="1")
        assert visit().status_code == 303
        send(desk, connected, "anonymous")
        assert error_code(visit()) == "message_subject"

    def test_on_a_shared_registration_an_operator_decides(
        self, desk: Office, connected: Connected
    ) -> None:
        services.add_deployment(connected.registration_id, "theirs", another_institution())

        answer = send(desk, connected, "anonymous", allowed="1")

        assert answer.status_code == 403
        page = text_of(desk.get(f"platforms/{connected.registration_id}/settings").text)
        assert "an operator decides" in page
        with system_transaction() as session:
            registration = session.get_one(Registration, connected.registration_id)
            assert not registration.allows_anonymous


@pytest.mark.parametrize("role", ["registrar", "issuer", "auditor"])
def test_other_staff_decide_nothing(client: FlaskClient, role: str) -> None:
    place = office(client, role)
    registration = add_platform(of=place.institution_id)

    assert place.get(f"platforms/{registration.id}/settings").status_code == 403


def test_an_unknown_platform_is_not_found(desk: Office) -> None:
    assert desk.get(f"platforms/{uuid4()}/settings").status_code == 404


class TestHealth:
    def test_launches_and_refusals_are_counted_with_their_reason(
        self, app: Flask, desk: Office, connected: Connected
    ) -> None:
        with browsing(app, connected, 2) as amara:
            amara.open(connected.course_path)
            for _ in range(2):
                amara.post(amara.arrive(connected.course_path).change(iat=0))

        page = text_of(desk.get(f"platforms/{connected.registration_id}").text)

        assert "They come at once" in page
        assert "The id_token was made long ago (iat). Is the site's clock right? 2" in page
        with system_transaction() as session:
            [refused] = session.scalars(select(LaunchRefusal)).all()
        assert (refused.code, refused.times) == ("token_too_old", 2)

    def test_a_clock_that_is_ahead_is_told(
        self, app: Flask, desk: Office, connected: Connected
    ) -> None:
        with browsing(app, connected, 2) as amara:
            arrival = amara.arrive(connected.course_path)
            arrival.change(iat=arrival.claims["iat"] + 40, exp=arrival.claims["exp"] + 40)
            amara.post(arrival)

        page = text_of(desk.get(f"platforms/{connected.registration_id}").text)

        assert re.search(r"Its clock is (39|40) seconds ahead", page)

    def test_what_others_on_a_shared_registration_were_refused_is_theirs(
        self, app: Flask, desk: Office, connected: Connected, site: Site
    ) -> None:
        other = connect(site, sharing=connected)
        with browsing(app, other, 2) as linh:
            linh.post(linh.arrive(other.course_path).change(iat=0))

        page = text_of(desk.get(f"platforms/{connected.registration_id}").text)

        assert "No launch was refused." in page
        assert "Launches that were refused" not in page

    def test_what_is_different_for_the_product_is_told(
        self, desk: Office, connected: Connected
    ) -> None:
        with system_transaction() as session:
            session.get_one(Registration, connected.registration_id).product = "canvas"

        page = text_of(desk.get(f"platforms/{connected.registration_id}").text)

        assert "one score at a time" in page
        assert "What Cairn does differently for Canvas" in page


def test_old_refusals_are_forgotten(connected: Connected) -> None:
    refusals.note_refusal(connected.registration_id, None, "token_nonce")
    refusals.note_refusal(connected.registration_id, None, "token_nonce")

    assert refusals.forget_refusals() == 0
    with system_transaction() as session:
        [row] = session.scalars(select(LaunchRefusal)).all()
        assert row.times == 2
        row.last_at = row.last_at.replace(year=2020)

    assert refusals.forget_refusals() == 1


class TestRegister:
    def test_numbers_are_of_the_register_that_was_named_and_of_none_again(
        self, desk: Office, connected: Connected
    ) -> None:
        named = send(desk, connected, "register", register_name="  Student records ")
        after = registers_of(connected.institution_id)
        page = desk.get(f"platforms/{connected.registration_id}/settings", saved="register").text
        again = send(desk, connected, "register", register_name="Student records")
        ended = send(desk, connected, "register", register_name="")

        assert [one.status_code for one in (named, again, ended)] == [303, 303, 303]
        assert after == {connected.site.url: "Student records"}
        assert 'value="Student records"' in page
        assert "looked at again within the hour" in page
        assert registers_of(connected.institution_id) == {}
        with transaction(connected.institution_id) as session:
            acts = [entry.act for entry in audit.list_entries(session)]
        assert acts.count("declare_authority") == 2

    def test_a_register_in_other_capitals_is_the_one_that_another_platform_has(
        self, desk: Office, connected: Connected
    ) -> None:
        canvas = "https://canvas.example"
        declare_authority(connected.institution_id, canvas, "SIS", actor=audit.CLI)

        send(desk, connected, "register", register_name="sis")

        found = registers_of(connected.institution_id)
        assert found == {canvas: "SIS", connected.site.url: "SIS"}
        page = desk.get(f"platforms/{connected.registration_id}/settings")
        assert f"Of the same register: {canvas}" in page.text

    @pytest.mark.parametrize("name", ["a" * 101, "<b>", "one\ntwo"], ids=["long", "marks", "lines"])
    def test_what_names_no_register_is_asked_for_again(
        self, desk: Office, connected: Connected, name: str
    ) -> None:
        answer = send(desk, connected, "register", register_name=name)

        assert answer.status_code == 400
        assert "Name the register in up to 100 letters" in answer.text
        assert registers_of(connected.institution_id) == {}

    def test_nobody_vouches_for_a_platform_of_somebody_else(
        self, desk: Office, connected: Connected
    ) -> None:
        theirs = another_institution()
        canvas = add_platform("Canvas", of=theirs)
        services.add_deployment(canvas.id, "1", theirs)
        ours = add_platform("Ours, not opened yet", of=desk.institution_id)
        page = desk.get(f"platforms/{connected.registration_id}/settings").text
        found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
        assert found is not None

        answers = [
            desk.client.post(
                f"/desk/{desk.slug}/platforms/{registration_id}/settings/register",
                data={"csrf_token": found[1], "register_name": "sis"},
            )
            for registration_id in (canvas.id, uuid4(), ours.id)
        ]

        assert [one.status_code for one in answers] == [404, 404, 404]
        assert registers_of(desk.institution_id) == {}
        assert registers_of(theirs) == {}


def registers_of(institution_id: InstitutionId) -> dict[str, str]:
    with transaction(institution_id) as session:
        return {one.issuer: one.namespace for one in list_authorities(session)}
