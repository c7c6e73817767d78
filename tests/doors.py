"""The product served for a browser, with doors of the tests' own past launch and sign-in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlencode
from uuid import UUID

from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue
from playwright.sync_api import Page

from lti_tool.core import settings as settings_module
from lti_tool.core.ids import InstitutionId, LaunchId
from lti_tool.core.settings import Settings
from lti_tool.launch.session import remember
from lti_tool.people.staff_session import COOKIE
from lti_tool.people.window_cookies import set_cookie
from tests.helpers import serving
from tests.learner.story import Visit


@contextmanager
def with_doors(app: Flask, settings: Settings) -> Iterator[str]:
    """Serve `app`, and give a browser what a launch or a sign-in would have. Yields its URL."""
    app.add_url_rule("/launched/<uuid:launch_id>/<uuid:institution_id>", view_func=_launched)
    app.add_url_rule("/entered", view_func=_entered)
    with serving(app) as url:
        settings_module.install(replace(settings, base_url=url, issuer_url=url))
        yield url


def _launched(launch_id: UUID, institution_id: UUID) -> ResponseReturnValue:
    response = redirect(request.args["then"])
    ours = LaunchId(launch_id), InstitutionId(institution_id)
    remember(response, *ours, request.args["secret"])
    return response


def _entered() -> ResponseReturnValue:
    response = redirect(request.args["then"])
    set_cookie(response, COOKIE, request.args["cookie"])
    return response


def enter(page: Page, base_url: str, visit: Visit, path: str) -> None:
    """Open a page of a launch, as if the launch had just taken place in this browser."""
    institution_id, _, secret = visit.cookie[1].partition(".")
    query = urlencode({"secret": secret, "then": f"{visit.url}{path}"})
    page.goto(f"{base_url}/launched/{visit.url.removeprefix('/l/')}/{institution_id}?{query}")


def enter_desk(page: Page, base_url: str, cookie: str, path: str) -> None:
    """Open a page of the desk, as if somebody had just signed in with this browser."""
    page.goto(f"{base_url}/entered?{urlencode({'cookie': cookie, 'then': path})}")
