"""One installation for all journeys of a worker; each has people of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import browser_of_people
from tests.journeys.installation import Installation, running_installation
from tests.journeys.visitor import Visitor

# Two browsers, two installations and their workers share what may be two busy cores.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as people have it: Campus and Cairn are two sites."""
    with browser_of_people() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Cairn on localhost, Campus on 127.0.0.1; real worker, relay, PostgreSQL and Valkey."""
    with running_installation(tmp_path_factory.mktemp("journeys") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def placed(installation: Installation, browser: Browser) -> None:
    """Put fresh activities of both assessments into the course."""
    with browser.new_context() as context:
        instructor = Visitor(page=context.new_page(), campus_url=installation.campus_url)
        instructor.be("Mirela")
        instructor.add_both()
