"""The administrator's desk: whose platforms one sees, and what one may do with them."""

import html
import re
from decimal import Decimal
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from lti_tool.campus import store
from lti_tool.core import audit, clock
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId
from lti_tool.grading.models import DesiredScore
from lti_tool.launch.platform_description import SCOPES
from lti_tool.platforms import queries as platforms
from lti_tool.platforms import services
from lti_tool.platforms.models import Deployment, Registration, User
from lti_tool.platforms.services import Endpoints
from tests.administration.staff import Office, office
from tests.campus.site import Site
from tests.instructor.course import placed_course
from tests.launch.platform import connect, published_keys

ENDPOINTS = Endpoints(
    auth_url="https://lms.example/auth",
    token_url="https://lms.example/token",
    jwks_url="https://lms.example/jwks",
)


@pytest.fixture
def desk(client: FlaskClient) -> Office:
    return office(client, "tool_administrator")


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def add_platform(name: str = "Moodle", *, of: InstitutionId | None = None) -> Registration:
    registration_id = services.add_registration(
        issuer=f"https://{uuid4().hex[:8]}.example",
        client_id="1",
        name=name,
        endpoints=ENDPOINTS,
        registered_for=of,
    )
    with system_transaction() as session:
        return platforms.get_registration(session, registration_id)


def note(registration: Registration, platform_id: str) -> None:
    """Have somebody launch from an unknown deployment."""
    with system_transaction() as session:
        services.note_deployment(
            session,
            registration.id,
            platform_id,
            platform_name="Northgate test site",
            platform_guid="guid-1",
        )


def acts_of(place: Office) -> list[str]:
    with transaction(place.institution_id) as session:
        acts = [entry.act for entry in audit.list_entries(session)]
    return [act for act in acts if act not in {"connect_sign_in", "sign_in"}]


def another_institution() -> InstitutionId:
    return services.add_institution(f"i-{uuid4().hex[:8]}", "Another")


@pytest.mark.parametrize("role", ["registrar", "issuer", "auditor"])
@pytest.mark.parametrize("path", ["platforms", "platforms/add", "keys", "roles"])
def test_other_staff_do_not_get_in(client: FlaskClient, role: str, path: str) -> None:
    assert office(client, role).get(path).status_code == 403


def test_whoever_only_administers_is_led_from_the_desk_to_the_platforms(desk: Office) -> None:
    answer = desk.get("")

    assert answer.status_code == 303
    assert answer.location == f"/desk/{desk.slug}/platforms"


class TestPlatforms:
    def test_one_sees_the_platforms_of_ones_institution_only(self, desk: Office) -> None:
        add_platform("Ours", of=desk.institution_id)
        shared = add_platform("Shared")
        services.add_deployment(shared.id, "1", desk.institution_id)
        theirs = add_platform("Theirs", of=another_institution())

        words = text_of(desk.get("platforms").text)

        assert "Ours" in words
        assert "Shared" in words
        assert "Theirs" not in words
        assert desk.get(f"platforms/{theirs.id}").status_code == 404
        assert desk.post(f"platforms/{theirs.id}/test").status_code == 404

    def test_without_any_it_says_how_to_begin(self, desk: Office) -> None:
        assert "No platform is connected yet" in desk.get("platforms").text

    def test_an_invitation_is_shown_once_and_connects(self, desk: Office, site: Site) -> None:
        page = desk.post("platforms/invitations").text
        found = re.search(r'value="http://localhost(/lti/register/[^"]+)"', page)
        assert found is not None
        query = {
            "openid_configuration": f"{site.url}/.well-known/openid-configuration",
            "registration_token": store.issue_registration_token(site.campus.engine),
        }

        asked = desk.client.get(f"{found[1]}?{urlencode(query)}")

        assert "Connect Cairn" in asked.text
        assert found[1] not in desk.get("platforms").text
        assert "Open invitations" in desk.get("platforms").text

    def test_an_invitation_can_be_withdrawn(self, desk: Office) -> None:
        desk.post("platforms/invitations")
        found = re.search(
            r"/platforms/invitations/([0-9a-f-]+)/withdraw", desk.get("platforms").text
        )
        assert found is not None

        assert desk.post(f"platforms/invitations/{found[1]}/withdraw").status_code == 303

        assert "Open invitations" not in desk.get("platforms").text
        assert set(acts_of(desk)) == {"invite_platform", "withdraw_invitation"}


class TestApproval:
    def test_what_waits_is_shown_with_what_it_says_and_can_be_approved(self, desk: Office) -> None:
        note(add_platform(of=desk.institution_id), "7")
        words = text_of(desk.get("platforms").text)
        assert "deployment 7" in words
        assert "Northgate test site guid-1" in words

        with system_transaction() as session:
            [waiting] = session.scalars(select(Deployment)).all()
        answer = desk.post(f"platforms/waiting/{waiting.id}/approve")

        assert answer.status_code == 303
        with system_transaction() as session:
            [approved] = session.scalars(select(Deployment)).all()
        assert approved.institution_id == desk.institution_id
        assert "approve_deployment" in acts_of(desk)
        assert "Waiting for you" not in desk.get("platforms").text

    def test_what_could_be_somebody_elses_is_an_operators_to_decide(self, desk: Office) -> None:
        shared = add_platform("Shared")
        services.add_deployment(shared.id, "1", desk.institution_id)
        services.add_deployment(shared.id, "2", another_institution())
        note(shared, "3")
        note(add_platform("Theirs", of=another_institution()), "4")
        note(add_platform("Nobody's"), "5")
        hosted = add_platform("Hosted for all, and we are the first")
        services.add_deployment(hosted.id, "1", desk.institution_id)
        note(hosted, "6")
        with system_transaction() as session:
            waiting = session.scalars(
                select(Deployment).where(Deployment.institution_id.is_(None))
            ).all()

        assert "Waiting for you" not in desk.get("platforms").text
        assert len(waiting) == 4
        for one in waiting:
            answer = desk.post(f"platforms/waiting/{one.id}/approve")
            assert answer.status_code == 404


class TestByHand:
    VALUES = {  # noqa: RUF012 - read only
        "product": "moodle",
        "name": "Our Moodle",
        "issuer": "https://moodle.example",
        "client_id": "abc",
        "auth_url": "http://127.0.0.1/mod/lti/auth.php",
        "token_url": "http://127.0.0.1/mod/lti/token.php",
        "jwks_url": "http://127.0.0.1/mod/lti/certs.php",
        "deployment_id": "2",
    }

    def test_the_name_of_the_lms_fills_in_its_addresses(self, desk: Office) -> None:
        page = desk.get("platforms/add", product="moodle", site="https://moodle.example.edu/")

        assert 'value="https://moodle.example.edu/mod/lti/certs.php"' in page.text
        assert 'name="issuer" value="https://moodle.example.edu"' in page.text

    def test_an_lms_of_no_name_is_asked_for_again(self, desk: Office) -> None:
        answer = desk.post(
            "platforms/add", page="platforms/add", **{**self.VALUES, "product": "Moodle 4!"}
        )

        assert answer.status_code == 400
        assert "Please check: product." in text_of(answer.text)

    def test_a_platform_is_added_with_its_deployment(self, desk: Office) -> None:
        answer = desk.post("platforms/add", page="platforms/add", **self.VALUES)

        assert answer.status_code == 303, text_of(answer.text)
        page = text_of(desk.client.get(answer.location).text)
        assert "Our Moodle" in page
        assert "https://moodle.example, client abc" in page
        assert {"register_platform", "approve_deployment"} <= set(acts_of(desk))

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"jwks_url": "https://10.1.2.3/keys"}, "public internet"),
            ({"auth_url": "nonsense"}, "is not an address"),
            ({"client_id": ""}, "client_id"),
        ],
    )
    def test_what_cannot_be_is_said_and_what_was_entered_stays(
        self, desk: Office, change: dict[str, str], words: str
    ) -> None:
        answer = desk.post("platforms/add", page="platforms/add", **{**self.VALUES, **change})

        assert answer.status_code == 400
        assert words in text_of(answer.text)
        assert 'value="Our Moodle"' in answer.text

    def test_one_that_is_there_is_not_taken_over(self, desk: Office) -> None:
        services.add_registration(
            issuer="https://moodle.example", client_id="abc", name="Theirs", endpoints=ENDPOINTS
        )

        answer = desk.post("platforms/add", page="platforms/add", **self.VALUES)

        assert answer.status_code == 409
        assert "No platform is connected yet" in desk.get("platforms").text


class TestExamination:
    def test_a_platform_in_order_passes(self, app: Flask, site: Site) -> None:
        with placed_course(app, site) as placed:
            place = self.enter(app.test_client(), placed.institution_id)
            page = text_of(place.post(f"platforms/{placed.course.registration_id}/test").text)

        assert "Its address of keys shows" in page
        assert "A token takes" in page
        assert "Roster of Biostatistics 2, Spring It answers, with" in page
        assert "Gradebook of Biostatistics 2, Spring It answers, with" in page
        assert "Not allowed" not in page

    def test_the_scope_that_is_missing_is_named(self, app: Flask, site: Site) -> None:
        score = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
        with published_keys() as url:
            connected = connect(site, jwks_url=url)
            with site.campus.engine.begin() as connection:
                connection.exec_driver_sql(
                    "UPDATE tools SET scopes = array_remove(scopes, %s) WHERE id = %s",
                    (score, connected.tool.tool_id),
                )
            place = self.enter(app.test_client(), connected.institution_id)
            page = text_of(place.post(f"platforms/{connected.registration_id}/test").text)
            with system_transaction() as session:
                session.execute(update(Registration).values(product="canvas"))
            at_canvas = text_of(place.post(f"platforms/{connected.registration_id}/test").text)

        assert f"Not allowed: {SCOPES[score]}" in page
        assert f"has to allow the scope {score}" in page
        tick = "Can create and update submission results for assignments associated with the tool"
        assert f"There it is called “{tick}”." in at_canvas
        assert tick not in page
        assert "Open it once, then test again" in page

    def test_a_platform_that_does_not_answer_is_told(self, desk: Office) -> None:
        registration_id = services.add_registration(
            issuer="http://127.0.0.1:9",
            client_id="1",
            name="Gone",
            endpoints=Endpoints(
                auth_url="http://127.0.0.1:9/a",
                token_url="http://127.0.0.1:9/t",
                jwks_url="http://127.0.0.1:9/k",
            ),
            registered_for=desk.institution_id,
        )

        page = desk.post(f"platforms/{registration_id}/test")

        assert page.status_code == 200
        assert text_of(page.text).count("127.0.0.1 could not be reached") == 2

    def enter(self, client: FlaskClient, institution_id: InstitutionId) -> Office:
        with system_transaction() as session:
            slug = platforms.get_institution(session, institution_id).slug
        return office(client, "tool_administrator", institution_id=institution_id, slug=slug)


def test_scores_that_were_refused_are_told_with_the_platforms_reason(
    app: Flask, site: Site
) -> None:
    with placed_course(app, site) as placed:
        with transaction(placed.institution_id) as session:
            user = session.scalars(select(User)).first()
            assert user is not None
            session.add(
                DesiredScore(
                    registration_id=placed.course.registration_id,
                    placement_id=placed.course.placement_id,
                    user_id=user.id,
                    subject=user.subject,
                    line_item_url="https://lms.example/1",
                    given=Decimal(1),
                    maximum=Decimal(2),
                    result_version=1,
                    changed_at=clock.now(),
                    refused_at=clock.now(),
                    last_error="the column is locked",
                )
            )
            slug = platforms.get_institution(session, placed.institution_id).slug
        place = office(
            app.test_client(),
            "tool_administrator",
            institution_id=placed.institution_id,
            slug=slug,
        )

        listed = text_of(place.get("platforms").text)
        page = text_of(place.get(f"platforms/{placed.course.registration_id}").text)

    assert re.search(r"1 deployment \d+ \w+ 2026, \d\d:\d\d UTC 0 1$", listed.strip())
    assert "Campus: “the column is locked” 1" in page
