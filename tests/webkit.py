"""WebKitGTK, the engine of Safari, driven by WebDriver (W3C): a small client that waits.

Its "intelligent tracking prevention" is on, as in Safari: a page inside one of another site is
given no cookies and keeps none.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import httpx

from tests.helpers import require

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver §12.1
CSS, XPATH = "css selector", "xpath"
SECONDS = 30.0
MINI_BROWSER = next(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser"), None)

Found = TypeVar("Found")


class NotYetError(Exception):
    """What was looked for is not there, or cannot be used yet."""


class WebKit:
    """One session of a browser: commands go to the window and frame that were entered last."""

    def __init__(self, driver_url: str, program: Path) -> None:
        self._http = httpx.Client(base_url=driver_url, timeout=60)
        options = {"binary": str(program), "args": ["--automation", "--enable-itp"]}
        wanted = {"acceptInsecureCerts": True, "webkitgtk:browserOptions": options}
        begun = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._path = f"/session/{begun['sessionId']}"

    def end(self) -> None:
        """Close the browser."""
        self._ask("DELETE", self._path)
        self._http.close()

    def goto(self, url: str) -> None:
        """Load a page, and wait until it is loaded."""
        self._post("/url", url=url)

    def url(self) -> str:
        """Return the address of the window."""
        return str(self._get("/url"))

    def enter_frame(self, name: str) -> None:
        """Enter a frame of the window's page."""
        self._post("/frame", id=None)
        frame = self._patiently(lambda: self._find(CSS, f"iframe[name={name}]"))
        self._post("/frame", id={ELEMENT: frame})

    def text(self) -> str:
        """Return the text that is shown, a line for each block."""
        return str(self._run("return document.body ? document.body.innerText : ''"))

    def see(self, *words: str) -> None:
        """Wait until the page shows all of this."""

        def look() -> None:
            shown = self.text()
            missing = [one for one in words if one not in shown]
            if missing:
                raise NotYetError(f"{missing} not in: {shown[:2000]}")

        self._patiently(look)

    def press(self, words: str) -> None:
        """Press the button or link that says this and nothing else, or a label that says it."""
        says = f"normalize-space(.)='{words}'"
        path = f"//button[{says}] | //a[{says}] | //label[contains(., '{words}')]"
        self._patiently(lambda: self._click(self._find(XPATH, path)))

    def press_at(self, selector: str) -> None:
        """Press what is at a selector of CSS."""
        self._patiently(lambda: self._click(self._find(CSS, selector)))

    def open_window(self, words: str) -> None:
        """Press what opens a new window, and enter that."""
        before = self._get("/window/handles")
        self.press(words)

        def look() -> str:
            for handle in self._get("/window/handles"):
                if handle not in before:
                    return str(handle)
            raise NotYetError("no new window")

        self._post("/window", handle=self._patiently(look))

    def frame_page(self, url: str, name: str) -> None:
        """Put a page into a frame of the page that is shown, and nothing else, and enter it."""
        self._run(
            "const frame = Object.assign(document.createElement('iframe'),"
            " {name: arguments[1], src: arguments[0], width: 800, height: 600});"
            "document.body.replaceChildren(frame)",
            url,
            name,
        )
        self.enter_frame(name)

    def _find(self, how: str, what: str) -> str:
        for one in self._post("/elements", using=how, value=what):
            if self._get(f"/element/{one[ELEMENT]}/displayed"):
                return str(one[ELEMENT])
        raise NotYetError(f"nothing is shown at {what}: {self.text()[:2000]}")

    def _click(self, element: str) -> None:
        # By itself it comes to lie at the window's edge, under a bar that stays there.
        into_view = "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})"
        self._run(into_view, {ELEMENT: element})
        self._post(f"/element/{element}/click")

    def _run(self, script: str, *values: object) -> object:
        return self._post("/execute/sync", script=script, args=values)

    def _get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return self._ask("GET", self._path + path)

    def _post(self, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        return self._ask("POST", self._path + path, body)

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        answer = self._http.request(method, path, json=body if method == "POST" else None)
        value = answer.json()["value"]
        if answer.is_error:  # most often: the page went away while it was asked about
            raise NotYetError(f"{method} {path}: {value['error']}: {value['message']}")
        return value

    def _patiently(self, look: Callable[[], Found]) -> Found:
        ends_at = time.monotonic() + SECONDS
        while True:
            try:
                return look()
            except NotYetError:
                if time.monotonic() > ends_at:
                    raise
            time.sleep(0.1)


@contextmanager
def running_webkit(home: Path) -> Iterator[WebKit]:
    """Run WebKitGTK on a screen of its own; skip where it is missing, unless all is required."""
    driver, xvfb = require("WebKitWebDriver"), require("Xvfb")
    assert MINI_BROWSER is not None, "MiniBrowser is in the package of WebKitWebDriver"
    with (home / "webkit.log").open("wb") as log, _screen(xvfb, log) as display:
        port = _free_port()
        environment = {
            **os.environ,
            "DISPLAY": display,
            "GDK_BACKEND": "x11",
            "HOME": str(home),
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "NO_AT_BRIDGE": "1",
            "XDG_RUNTIME_DIR": str(home),
        }
        with _program([driver, f"--port={port}"], log, env=environment):
            _wait_for_port(port)
            webkit = WebKit(f"http://127.0.0.1:{port}", MINI_BROWSER)
            yield webkit
            webkit.end()


@contextmanager
def _screen(xvfb: str, log: BinaryIO) -> Iterator[str]:
    """Run an X server that nobody sees. Yields what to call it."""
    reading, writing = os.pipe()
    size = ["-screen", "0", "1280x1000x24"]
    command = [xvfb, "-displayfd", str(writing), *size, "-nolisten", "tcp"]
    with _program(command, log, pass_fds=[writing]), os.fdopen(reading) as told:
        os.close(writing)
        number = told.readline().strip()  # it takes a free one, and says which when it is ready
        assert number, Path(log.name).read_text()
        yield f":{number}"


@contextmanager
def _program(command: list[str], log: BinaryIO, **how: Any) -> Iterator[None]:  # noqa: ANN401 - Popen's
    """Run a program until the block ends, and end it with all that it started."""
    with subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **how) as child:
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_port(port: int) -> None:
    ends_at = time.monotonic() + SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < ends_at, "the driver does not listen"
            time.sleep(0.05)
        else:
            return
