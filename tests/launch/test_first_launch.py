"""A deployment that a platform names with its first launch only, as Canvas does."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from lti_tool.campus import queries, store
from lti_tool.campus.personality import CANVAS
from lti_tool.core import clock
from lti_tool.core.audit import CLI, AuditEntry
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import DeploymentId, InstitutionId
from lti_tool.platforms import invitations, services
from lti_tool.platforms.models import RegistrationInvitation
from tests.campus.site import Site, running_campus
from tests.launch.platform import Connected, browsing, endpoints, error_code
from tests.launch.registering import (
    agree,
    begun_at,
    deployments,
    registrations,
    text_of,
)


@pytest.fixture(scope="module")
def canvas(new_database: Callable[[str], str]) -> Iterator[Site]:
    with running_campus(new_database("canvas"), personality=CANVAS) as site:
        yield site


def registered(
    client: FlaskClient, canvas: Site, invited: InstitutionId | None, institution: InstitutionId
) -> Connected:
    """Connect by an invitation, and switch the tool on there."""
    path = f"/lti/register/{invitations.invite(invited, actor=CLI)}"
    page = agree(client, path, begun_at(canvas))
    [registration] = registrations()
    with canvas.campus.engine.begin() as connection:
        tool = queries.find_client(connection, registration.client_id)
    assert tool is not None
    with canvas.sign_in(5) as administrator:
        assert administrator.post(f"/tools/{tool.id}/on").status_code == 303
    assert ("One approval is left" in text_of(page)) == (invited is None)
    assert ("data-at-once" in page.text) == (invited is not None)
    return Connected(
        site=canvas,
        tool=store.ConnectedTool(
            tool_id=tool.id, client_id=tool.client_id, deployment_id=tool.deployment_id
        ),
        institution_id=institution,
        registration_id=registration.id,
        deployment_id=None,
    )


@pytest.fixture
def university(app: Flask) -> InstitutionId:  # noqa: ARG001 - binds the database
    return services.add_institution("northgate", "Northgate University")


def test_the_first_one_of_an_invitation_is_the_institutions(
    app: Flask, client: FlaskClient, canvas: Site, university: InstitutionId
) -> None:
    connected = registered(client, canvas, university, university)
    assert deployments() == []

    with browsing(app, connected, 1) as instructor:
        assert instructor.post(instructor.arrive(connected.course_path)).status_code == 303

    [deployment] = deployments()
    assert deployment.institution_id == university
    assert deployment.platform_id == connected.tool.deployment_id
    assert deployment.platform_name == "Campus"
    with transaction(university) as session:
        acts = list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))
    assert acts[-1] == "approve_deployment"


def test_all_others_wait(
    app: Flask, client: FlaskClient, canvas: Site, university: InstitutionId
) -> None:
    connected = registered(client, canvas, university, university)
    with browsing(app, connected, 1) as instructor:
        instructor.post(instructor.arrive(connected.course_path))
    with canvas.campus.engine.begin() as connection:
        tool = queries.get_tool(connection, connected.tool.tool_id)
    second = store.connect_tool(
        canvas.campus.engine,
        name=tool.name,
        login_url=tool.login_url,
        launch_url=tool.launch_url,
        deep_link_url=tool.deep_link_url,
        jwks_url=tool.jwks_url,
        redirect_uris=tool.redirect_uris,
        client_id=tool.client_id,
        habits=CANVAS,
    )

    with browsing(app, connected, 1) as instructor:
        path = f"/courses/1/tools/{second.tool_id}/launch"
        answer = instructor.post(instructor.arrive(path))
        again = instructor.post(instructor.arrive(path))

    assert (answer.status_code, error_code(answer)) == (403, "deployment_pending")
    assert (again.status_code, error_code(again)) == (403, "deployment_pending")
    waiting = [one for one in deployments() if one.institution_id is None]
    assert [one.platform_id for one in waiting] == [second.deployment_id]


def test_an_invitation_of_nobody_gives_nothing_away(
    app: Flask, client: FlaskClient, canvas: Site, university: InstitutionId
) -> None:
    connected = registered(client, canvas, None, university)

    with browsing(app, connected, 1) as instructor:
        answer = instructor.post(instructor.arrive(connected.course_path))

    assert error_code(answer) == "deployment_pending"
    [deployment] = deployments()
    assert deployment.institution_id is None


def test_of_two_that_come_first_at_once_one_is_taken(live_app: Flask) -> None:  # noqa: ARG001 - a real database
    institution_id = services.add_institution("northgate", "Northgate University")
    registration_id = services.add_registration(
        issuer="https://lms.example.edu",
        client_id="1",
        name="Canvas",
        endpoints=endpoints("https://lms.example.edu"),
    )
    invitations.invite(institution_id, actor=CLI)
    with system_transaction() as session:
        session.execute(
            update(RegistrationInvitation).values(
                used_at=clock.now(), registration_id=registration_id
            )
        )
    start = threading.Barrier(6)

    def come(number: int) -> tuple[DeploymentId | None, InstitutionId | None]:
        start.wait()
        return invitations.adopt(
            registration_id, f"d-{number % 2}", platform_name=None, platform_guid=None
        )

    with ThreadPoolExecutor(6) as threads:
        came = set(threads.map(come, range(6)))

    assert len(came) == 2
    assert sorted(str(owner) for _, owner in came) == sorted([str(institution_id), "None"])
    assert {one.institution_id for one in deployments()} == {institution_id, None}
