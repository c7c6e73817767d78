"""One Campus for all these tests; a tool of its own for each."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.campus.site import Site, Tool, connected_tool, running_campus


@pytest.fixture(scope="session")
def campus_site(new_database: Callable[[str], str]) -> Iterator[Site]:
    with running_campus(new_database("campus")) as site:
        yield site


@pytest.fixture
def site(campus_site: Site) -> Iterator[Site]:
    yield campus_site
    campus_site.campus.faults.clear()


@pytest.fixture
def tool(site: Site) -> Iterator[Tool]:
    with connected_tool(site) as tool:
        yield tool


@pytest.fixture
def instructor(site: Site) -> Iterator[httpx.Client]:
    with site.sign_in(1) as browser:
        yield browser


@pytest.fixture
def student(site: Site) -> Iterator[httpx.Client]:
    with site.sign_in(2) as browser:
        yield browser
