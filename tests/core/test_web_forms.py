"""Our own forms, sent by a real browser: what tests without one cannot see."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import expect

from lti_tool.core import settings as settings_module
from lti_tool.core import web
from lti_tool.core.settings import Settings
from tests.browser import OpenPage
from tests.helpers import serving


@pytest.fixture
def form_url(live_app: Flask, live_settings: Settings) -> Iterator[str]:
    def show() -> str:
        web.bind_csrf("secret")
        return (
            '<form method="post"><button>Send</button>'
            f'<input name="csrf_token" value="{web.csrf_token()}"></form>'
        )

    def take() -> str:
        web.bind_csrf("secret")
        web.check_csrf()
        return "taken"

    live_app.add_url_rule("/form", "show", show)
    live_app.add_url_rule("/form", "take", take, methods=["POST"])
    with serving(live_app) as url:
        settings_module.install(replace(live_settings, base_url=url))
        yield f"{url}/form"


def test_a_form_of_ours_is_taken_from_a_browser(form_url: str, open_page: OpenPage) -> None:
    page = open_page(form_url)

    page.get_by_role("button").click()

    expect(page.get_by_text("taken")).to_be_visible()
