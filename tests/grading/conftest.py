"""A product that listens, connected to a Campus that listens, with a placed assessment."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from tests.campus.site import Site, running_campus
from tests.grading.course import Course, placed_course
from tests.grading.working import Later
from tests.helpers import serving


@pytest.fixture(scope="session")
def campus_site(new_database: Callable[[str], str]) -> Iterator[Site]:
    with running_campus(new_database("campus")) as site:
        yield site


@pytest.fixture
def site(campus_site: Site) -> Iterator[Site]:
    yield campus_site
    campus_site.campus.faults.clear()


@pytest.fixture
def course(live_app: Flask, site: Site) -> Iterator[Course]:
    with serving(live_app) as url:
        yield placed_course(site, tool_url=url)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    return Later(monkeypatch)
