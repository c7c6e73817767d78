"""The instructor's pages served for a browser, and launches that lead to them."""

from collections.abc import Iterator

import pytest
from flask import Flask

from lti_tool.core.ids import EditionId
from lti_tool.core.settings import Settings
from tests.assessments.factories import published
from tests.campus.site import Site
from tests.doors import with_doors
from tests.instructor.course import INSTRUCTOR, Placed, placed_course, university_of
from tests.launch.platform import Browser, Connected, browsing, connect, published_keys


@pytest.fixture
def base_url(live_app: Flask, live_settings: Settings) -> Iterator[str]:
    with with_doors(live_app, live_settings) as url:
        yield url


@pytest.fixture
def product(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The product; an activity leads to the instructor's page of it."""
    pages = {**app.config["CAIRN_PAGES"], "LtiResourceLinkRequest": "instructor.show_placement"}
    monkeypatch.setitem(app.config, "CAIRN_PAGES", pages)
    return app


@pytest.fixture
def connected(product: Flask, campus: Site) -> Iterator[Connected]:  # noqa: ARG001 - binds the database
    with published_keys() as url:
        yield connect(campus, jwks_url=url)


@pytest.fixture
def teacher(product: Flask, connected: Connected) -> Iterator[Browser]:
    with browsing(product, connected, INSTRUCTOR) as browser:
        yield browser


@pytest.fixture
def shelf(connected: Connected) -> dict[str, EditionId]:
    university = university_of(connected)
    titles = ("Reading statistics critically", "Research data management", "Ethics & <consent>")
    return {title.split()[0]: published(university, title=title) for title in titles}


@pytest.fixture
def placed(product: Flask, campus: Site) -> Iterator[Placed]:
    with placed_course(product, campus) as placed:
        yield placed
