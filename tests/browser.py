"""Chromium and axe for tests of pages: `open_page` and `axe_violations`."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet

import axe_playwright_python  # type: ignore[import-untyped]  # read for axe.min.js only
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Frame,
    Page,
    sync_playwright,
)

from tests.helpers import no_running_loop, require

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
# Every rule of WCAG 2.0 to 2.2, A and AA (target-size among them), and axe's own good practice.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Those to which colours matter; the others find the same in all.
AXE_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}

_looked_at: WeakSet[BrowserContext] = WeakSet()


class OpenPage(Protocol):
    """The fixture `open_page`: a page of its own context, closed after the test."""

    def __call__(  # noqa: PLR0913 - the ways in which people look at one page
        self,
        url: str,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        forced_colours: bool = False,
        javascript: bool = True,
        touch: bool = False,
        zone: str = "UTC",
    ) -> Page: ...


@contextmanager
def running(program: str) -> Iterator[Browser]:
    """Run a build of Chromium, headless."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield chromium
        chromium.close()


# Not for the session: while Playwright runs, its event loop is this thread's, and no test of
# another module could run one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; skips where it is missing, unless everything is required.

    Where it is installed, the build that has no windows: a new page takes 0.05 s of CPU time
    instead of 0.25 s. Cookies of two sites need `browser_of_people`.
    """
    with running(shutil.which("chromium-headless-shell") or require("chromium")) as chromium:
        yield chromium


@contextmanager
def browser_of_people() -> Iterator[Browser]:
    """Run Chromium as people have it: third-party cookies are kept apart or refused."""
    with running(require("chromium")) as chromium:
        yield chromium


@pytest.fixture(autouse=True)
def _without_loop_of_others(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep the browser of tests before from tests that use none."""
    if "browser" in request.fixturenames:
        yield
        return
    with no_running_loop():
        yield


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open pages; at the end of the test, no script may have failed or been refused by the CSP."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        # An answer of 4xx is logged as an error too; tests of error pages want those.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            troubles.append(message.text)

    def on_error(error: Error) -> None:
        troubles.append(str(error))

    def open_one(  # noqa: PLR0913 - see OpenPage
        url: str,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        forced_colours: bool = False,
        javascript: bool = True,
        touch: bool = False,
        zone: str = "UTC",
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            forced_colors="active" if forced_colours else "none",
            reduced_motion="reduce",
            java_script_enabled=javascript,
            has_touch=touch,
            timezone_id=zone,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", on_console)
        page.on("pageerror", on_error)
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert troubles == []


def axe_violations(page: Page) -> list[str]:
    """Return what axe finds in the page and all its frames, a line per element. Needs scripts."""
    return [line for frame in page.frames for line in frame_violations(frame)]


def frame_violations(frame: Frame | Page, rules: object = AXE_TAGS) -> list[str]:
    """Return what axe finds in one frame, a line per element. Needs scripts."""
    if not frame.evaluate("typeof axe === 'object'"):  # else this document was looked at before
        _bring_axe(frame)
    # What passes is not told one by one: half of what a look would cost.
    outcome: list[dict[str, Any]] = frame.evaluate(
        "runOnly => axe.run(document, {runOnly, resultTypes: ['violations']})"
        ".then(found => found.violations)",
        rules,
    )
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))} ({rule['help']})"
        for rule in outcome
        for node in rule["nodes"]
    ]


def _bring_axe(frame: Frame | Page) -> None:
    # To the second page and all after it the browser brings it by itself: half of the time.
    page = frame if isinstance(frame, Page) else frame.page
    if page.context in _looked_at and frame in {page, page.main_frame}:
        page.context.add_init_script(f"if (window === window.top) {{{AXE}}}")
    _looked_at.add(page.context)
    frame.evaluate(AXE)


def unfit_for(page: Page, *, dark: bool) -> list[str]:
    """Return what of a page is not for everybody, a line per element. Needs scripts.

    By all rules as it is open, `dark` or light, and whether it runs over its window. In light
    after the dark, or in forced colours after the light, by the rules about colours.
    """
    found = axe_violations(page)
    if width := overflow_px(page):
        found.append(f"{width} pixels wider than its window")
    if dark:
        page.emulate_media(color_scheme="light")
    else:
        page.emulate_media(forced_colors="active")
    for frame in page.frames:
        found += [f"in other colours: {line}" for line in frame_violations(frame, AXE_COLOURS)]
    page.emulate_media(color_scheme="dark" if dark else "light", forced_colors="none")
    return found


def overflow_px(page: Frame | Page) -> int:
    """Return by how many pixels the page is wider than its window: 0, or people scroll sideways."""
    width: int = page.evaluate(
        "document.scrollingElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width
