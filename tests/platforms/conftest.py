"""The same Campus and product as the tests of `launch`."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.campus.site import Site
from tests.launch.conftest import campus_site, product, site  # noqa: F401 - found by name
from tests.launch.platform import Connected, connect, published_keys


@pytest.fixture
def connected(product: Flask, site: Site) -> Iterator[Connected]:  # noqa: ARG001, F811 - binds the database; fixtures
    with published_keys() as url:
        yield connect(site, jwks_url=url)
