"""Launch and attempt in the engine of Safari, over https: no cookies in a frame of another site."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask

from lti_tool.core.settings import Settings
from tests.campus.site import Site, running_campus
from tests.door import door
from tests.launch.platform import connect
from tests.launch.two_sites import RIGHT, Browsers, listening, place_assessment
from tests.webkit import WebKit, running_webkit

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def webkit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebKit]:
    with running_webkit(tmp_path_factory.mktemp("webkit")) as running:
        yield running


@pytest.fixture(scope="module")
def secure_site(
    new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Campus at an https address."""
    way_in = partial(door, "127.0.0.1", tmp_path_factory.mktemp("door"))
    with running_campus(new_database("campus_behind_tls"), door=way_in) as site:
        yield site


@pytest.fixture
def tool(
    live_app: Flask, live_settings: Settings, secure_site: Site, tmp_path: Path
) -> Iterator[Browsers]:
    """The product at an https address of another site."""
    tool = Browsers(live_app)
    with listening(tool, live_settings, partial(door, "localhost", tmp_path)) as base_url:
        tool.connected = connect(secure_site, base_url=base_url)
        yield tool


def be_a_student(webkit: WebKit, site: Site) -> None:
    webkit.goto(site.url)
    webkit.press_at("button[name=as][value='2']")
    webkit.see("You are Amara Nwosu")


def test_an_attempt_is_taken_in_the_window_that_is_offered(
    webkit: WebKit, tool: Browsers, secure_site: Site
) -> None:
    assert tool.connected is not None
    be_a_student(webkit, secure_site)
    webkit.goto(secure_site.url + place_assessment(tool.connected))
    webkit.enter_frame("tool")
    webkit.see("One more step: open it in a new window")

    webkit.open_window("Open in a new window")
    webkit.press("Start")
    for number, words in enumerate(RIGHT, 1):
        webkit.see(f"Question {number} of 3")
        webkit.press(words)
        webkit.see(f"{number} of 3 answered", "Saved")
        if number < 3:
            webkit.press("Next")
    webkit.press("Review and hand in")
    webkit.press("Hand in")

    webkit.see("You have 3 of 3 points")
    assert webkit.url().startswith(f"{tool.connected.base_url}/l/")


def test_the_check_of_the_browser_tells_what_it_keeps(
    webkit: WebKit, tool: Browsers, secure_site: Site
) -> None:
    assert tool.connected is not None
    be_a_student(webkit, secure_site)
    webkit.frame_page(f"{tool.connected.base_url}/lti/check", "tool")
    webkit.see("Not like this, but there is a way", "Inside another page, as in a course.")
    webkit.see("This page may not use what it stores outside of this frame.")

    webkit.open_window("Try a new window")

    webkit.see("Yes, Cairn works here", "It opened, and cookies work in it")


def test_over_plain_http_it_keeps_no_cookie_and_is_told_so(
    webkit: WebKit, tool: Browsers, secure_site: Site
) -> None:
    """What `make demo` says of Safari."""
    webkit.goto(f"{tool.wire_url}/lti/check")
    webkit.see("Not like this, but there is a way", "The one we set did not come back.")

    webkit.goto(f"{secure_site.wire_url}/courses/1")
    webkit.see("over plain http Safari keeps none")
