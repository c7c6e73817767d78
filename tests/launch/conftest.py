"""Campus and the product, connected."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import playwright.sync_api as playwright
import pytest
from flask import Flask

from lti_tool.core.audit import CLI
from lti_tool.core.ids import InstitutionId
from lti_tool.platforms import invitations, services
from tests.browser import browser_of_people
from tests.campus.site import Site, running_campus
from tests.launch.platform import PAGES, Browser, Connected, browsing, connect, install_probe
from tests.launch.registering import Lms, running_lms


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """Chromium as people have it: Campus and the product are two sites."""
    with browser_of_people() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def campus_site(new_database: Callable[[str], str]) -> Iterator[Site]:
    with running_campus(new_database("campus")) as site:
        yield site


@pytest.fixture
def site(campus_site: Site) -> Iterator[Site]:
    yield campus_site
    campus_site.campus.faults.clear()


@pytest.fixture
def product(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The product, with pages that tell what a launch is."""
    install_probe(app)
    monkeypatch.setitem(app.config, "CAIRN_PAGES", PAGES)
    return app


@pytest.fixture
def connected(product: Flask, site: Site) -> Connected:  # noqa: ARG001 - binds the database
    return connect(site)


@pytest.fixture
def student(product: Flask, connected: Connected) -> Iterator[Browser]:
    with browsing(product, connected, 2) as browser:
        yield browser


@pytest.fixture
def instructor(product: Flask, connected: Connected) -> Iterator[Browser]:
    with browsing(product, connected, 1) as browser:
        yield browser


@pytest.fixture
def university(app: Flask) -> InstitutionId:  # noqa: ARG001 - binds the database
    return services.add_institution(f"i-{uuid4().hex[:8]}", "Northgate University")


@pytest.fixture
def path(university: InstitutionId) -> str:
    return f"/lti/register/{invitations.invite(university, actor=CLI)}"


@pytest.fixture
def lms() -> Iterator[Lms]:
    with running_lms() as lms:
        yield lms
