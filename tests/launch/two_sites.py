"""The product listening for a real browser, with something to open in Campus, another site."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from threading import Thread
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from lti_tool.assessments.services import create_placement
from lti_tool.core import settings as settings_module
from lti_tool.core.settings import Settings
from lti_tool.launch import placement_token
from tests.assessments.factories import published
from tests.door import Door
from tests.helpers import Served
from tests.instructor.course import TITLE, university_of
from tests.launch.platform import Connected

# What is right in the assessment of `place_assessment`, question by question.
RIGHT = ("Answer A", "Answer B", "Answer C")


@dataclass
class Browsers:
    """WSGI around the product that takes away what some browsers do not send.

    Attributes:
        wire_url: where it listens, http without a door before it.
        without_cookies: of requests for these (`iframe`, `document`) the cookies are dropped.
    """

    app: Flask
    connected: Connected | None = None
    wire_url: str = ""
    without_cookies: set[str] = field(default_factory=set)

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        """Answer one request."""
        if environ.get("HTTP_SEC_FETCH_DEST") in self.without_cookies:
            environ.pop("HTTP_COOKIE", None)
        return self.app.wsgi_app(environ, start)


@contextmanager
def listening(browsers: Browsers, settings: Settings, door: Door | None = None) -> Iterator[str]:
    """Serve the product, behind a door if there is one. Yields where browsers find it."""
    served = Served(browsers)
    server = make_server("127.0.0.1", 0, served, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    with ExitStack() as way_in:
        try:
            browsers.wire_url = url = f"http://localhost:{server.server_port}"
            if door is not None:
                url = way_in.enter_context(door(server.server_port))
            settings_module.install(replace(settings, base_url=url, issuer_url=url))
            yield url
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            served.end()


def place_assessment(connected: Connected) -> str:
    """Place an assessment of three questions, A, B and C right; return its page's path."""
    university = university_of(connected)
    edition_id = published(university, title=TITLE)
    placement_id = create_placement(
        university.id, edition_id, context_id=None, created_by=None, title=TITLE
    )
    token = placement_token.make(placement_id, university.id, edition_id)
    return connected.place(TITLE, placement=token).removesuffix("/launch")
