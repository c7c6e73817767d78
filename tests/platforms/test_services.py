"""Connecting institutions and platforms."""

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import StatementError

from lti_tool.core import audit
from lti_tool.core.audit import CLI
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.errors import InvalidRequestError, NotFoundError
from lti_tool.core.ids import DeploymentId, InstitutionId, RegistrationId, new_id
from lti_tool.platforms import queries, services
from lti_tool.platforms.errors import AlreadyKnownError, NotAWebAddressError
from lti_tool.platforms.services import Endpoints

pytestmark = pytest.mark.usefixtures("database")

LISTENS = Endpoints(
    auth_url="https://lms.example/auth",
    token_url="https://lms.example/token",
    jwks_url="https://lms.example/jwks",
)


def register(client_id: str = "c") -> RegistrationId:
    return services.add_registration(
        issuer="https://lms.example", client_id=client_id, name="LMS", endpoints=LISTENS
    )


def test_an_institution_is_found_by_its_address() -> None:
    institution_id = services.add_institution("northgate", "Northgate University")

    with system_transaction() as session:
        found = queries.get_institution_by_slug(session, "northgate")
        assert (found.id, found.name) == (institution_id, "Northgate University")
        with pytest.raises(NotFoundError):
            queries.get_institution_by_slug(session, "southgate")


def test_an_address_belongs_to_one_institution() -> None:
    services.add_institution("northgate", "Northgate University")

    with pytest.raises(AlreadyKnownError):
        services.add_institution("northgate", "Another")


@pytest.mark.parametrize("slug", ["", "a", "North", "a b", "-a", "a/b", "é" * 3, "a" * 64])
def test_a_slug_is_fit_for_an_address(slug: str) -> None:
    with pytest.raises(InvalidRequestError):
        services.add_institution(slug, "x")


def test_a_client_id_is_registered_once_per_issuer() -> None:
    register()

    with pytest.raises(AlreadyKnownError):
        register()


def test_a_platform_added_by_hand_is_there_whole_or_not_at_all() -> None:
    here = services.add_institution("northgate", "Northgate University")

    def add(deployment: str) -> RegistrationId:
        return services.add_by_hand(
            here,
            issuer="https://lms.example",
            client_id="c",
            name="LMS",
            product="moodle",
            endpoints=LISTENS,
            platform_deployment_id=deployment,
            actor=CLI,
        )

    with pytest.raises(StatementError):
        add("\0")  # no database holds it

    with transaction(here) as session:
        assert queries.find_registration(session, "https://lms.example", "c") == []
        assert audit.list_entries(session, object_kind="registration") == []
    registration_id = add("1")
    with transaction(here) as session:
        noted = audit.list_entries(session, object_kind="registration", object_id=registration_id)
    assert [one.act for one in noted] == ["register_platform"]


def test_registrations_are_found_with_and_without_client_id() -> None:
    first, second = register("one"), register("two")

    with system_transaction() as session:

        def found(client_id: str | None) -> list[RegistrationId]:
            issuer = "https://lms.example"
            return [r.id for r in queries.find_registration(session, issuer, client_id)]

        assert found(None) == [first, second]
        assert found("two") == [second]
        assert found("three") == []


@pytest.mark.parametrize("url", ["", "lms.example", "ftp://lms.example/x", "javascript:alert(1)"])
def test_an_endpoint_is_a_web_address(url: str) -> None:
    with pytest.raises(NotAWebAddressError):
        services.add_registration(
            issuer="i",
            client_id="c",
            name="LMS",
            endpoints=Endpoints(auth_url=url, token_url=LISTENS.token_url, jwks_url=url),
        )


def test_a_deployment_waits_until_it_is_approved_and_that_is_on_record(
    database: Connection,  # noqa: ARG001
) -> None:
    institution_id = services.add_institution("northgate", "Northgate University")
    deployment_id = services.add_deployment(register(), "d-1")

    with system_transaction() as session:
        (waiting,) = queries.list_deployments(session, pending_only=True)
    assert waiting.deployment.approved_at is None
    assert (waiting.registration_name, waiting.institution_name) == ("LMS", None)

    services.approve_deployment(deployment_id, institution_id, actor=CLI)

    with transaction(institution_id) as session:
        assert queries.list_deployments(session, pending_only=True) == []
        (approved,) = queries.list_deployments(session)
        (entry,) = audit.list_entries(session)
    assert approved.institution_name == "Northgate University"
    assert approved.deployment.approved_at is not None
    assert (entry.act, entry.object_id) == ("approve_deployment", deployment_id)


def test_a_deployment_is_added_once_and_to_what_exists() -> None:
    registration_id = register()
    institution_id = services.add_institution("northgate", "Northgate University")
    services.add_deployment(registration_id, "d-1", institution_id)

    with pytest.raises(AlreadyKnownError):
        services.add_deployment(registration_id, "d-1")
    with pytest.raises(NotFoundError):
        services.add_deployment(RegistrationId(new_id()), "d-1")
    with pytest.raises(NotFoundError):
        services.approve_deployment(DeploymentId(new_id()), institution_id, actor=CLI)
    with pytest.raises(NotFoundError):
        services.approve_deployment(
            services.add_deployment(registration_id, "d-2"), InstitutionId(new_id()), actor=CLI
        )
