"""The instructor's pages served for a browser."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode
from uuid import UUID

import pytest
from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue
from playwright.sync_api import Page

from lti_tool.core import settings as settings_module
from lti_tool.core.ids import InstitutionId, LaunchId
from lti_tool.core.settings import Settings
from lti_tool.launch.session import remember
from tests.helpers import serving
from tests.learner.story import Visit


@pytest.fixture
def base_url(live_app: Flask, live_settings: Settings) -> Iterator[str]:
    def set_cookie(launch_id: UUID, institution_id: UUID) -> ResponseReturnValue:
        """Give the browser what its launch would have given it, and lead to the page asked for."""
        response = redirect(request.args["then"])
        ours = LaunchId(launch_id), InstitutionId(institution_id)
        remember(response, *ours, request.args["secret"])
        return response

    live_app.add_url_rule("/launched/<uuid:launch_id>/<uuid:institution_id>", view_func=set_cookie)
    with serving(live_app) as url:
        settings_module.install(replace(live_settings, base_url=url, issuer_url=url))
        yield url


def enter(page: Page, base_url: str, visit: Visit, path: str) -> None:
    """Open a page of a launch, as if the launch had just taken place in this browser."""
    institution_id, _, secret = visit.cookie[1].partition(".")
    query = urlencode({"secret": secret, "then": f"{visit.url}{path}"})
    page.goto(f"{base_url}/launched/{visit.url.removeprefix('/l/')}/{institution_id}?{query}")
