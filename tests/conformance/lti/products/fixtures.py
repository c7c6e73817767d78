"""What tests of the products ask for: one customer's installation, and a browser."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conformance.lti.products.wire import Wire, connected


@pytest.fixture
def wire(request: pytest.FixtureRequest, product: Flask) -> Iterator[Wire]:  # noqa: ARG001 - binds the database
    with connected(request.param) as connection:
        yield connection


@pytest.fixture
def client(product: Flask) -> FlaskClient:
    return product.test_client()
