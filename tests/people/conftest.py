"""A desk whose staff sign in at Campus, and a provider that lies."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from lti_tool.people import openid_connect
from tests.campus.site import Site
from tests.people.sign_in import Desk, Liar, lying, open_desk


@pytest.fixture(autouse=True)
def _forget_providers() -> Iterator[None]:
    yield
    openid_connect.forget_all()


@pytest.fixture
def desk(client: FlaskClient, campus: Site) -> Desk:  # noqa: ARG001 - binds the database
    return open_desk(campus)


@pytest.fixture
def liar(campus: Site) -> Iterator[Liar]:
    with lying(campus) as liar:
        yield liar


@pytest.fixture
def lied_to(client: FlaskClient, campus: Site, liar: Liar) -> Desk:  # noqa: ARG001
    return open_desk(campus, issuer=liar.url)
