"""A platform that registers us by an invitation: what its browser does, and what it answers."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from flask import Flask, jsonify, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.campus import store
from lti_tool.core.db import system_transaction
from lti_tool.platforms.models import Deployment, Registration
from tests.campus.site import Site
from tests.helpers import serving


def begun_at(site: Site) -> str:
    """Return the query that Campus adds to a registration address."""
    token = store.issue_registration_token(site.campus.engine)
    return urlencode(
        {
            "openid_configuration": f"{site.url}/.well-known/openid-configuration",
            "registration_token": token,
        }
    )


def fields(page: TestResponse) -> dict[str, str]:
    assert page.status_code == 200, page.text
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    return {name: html.unescape(value) for name, value in found}


def agree(client: FlaskClient, path: str, query: str) -> TestResponse:
    """Look at what is asked for, and agree."""
    return client.post(path, data=fields(client.get(f"{path}?{query}")))


def registrations() -> list[Registration]:
    with system_transaction() as session:
        return list(session.scalars(select(Registration)))


def deployments() -> list[Deployment]:
    with system_transaction() as session:
        return list(session.scalars(select(Deployment)))


def text_of(page: TestResponse) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


class Lms:
    """A platform whose configuration and answer a test chooses."""

    def __init__(self) -> None:
        self.url = ""
        self.configuration: dict[str, Any] = {}
        self.answer: ResponseReturnValue = ({"client_id": "10000000000001"}, 201)
        self.asked: list[dict[str, Any]] = []
        self.bearers: list[str | None] = []
        self.page: ResponseReturnValue | None = None

    @property
    def begun(self) -> str:
        return urlencode(
            {"openid_configuration": f"{self.url}/config", "registration_token": "tok.en"}
        )

    def describe(self, **changes: object) -> None:
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "registration_endpoint": f"{self.url}/register",
            **changes,
        }
        self.configuration = {name: value for name, value in document.items() if value is not None}


@contextmanager
def running_lms() -> Iterator[Lms]:
    """Serve it."""
    lms, app = Lms(), Flask("lms")

    @app.get("/config")
    def config() -> ResponseReturnValue:
        lms.bearers.append(request.headers.get("Authorization"))
        return lms.page or jsonify(lms.configuration)

    @app.post("/register")
    def register() -> ResponseReturnValue:
        lms.bearers.append(request.headers.get("Authorization"))
        lms.asked.append(request.get_json())
        return lms.answer

    with serving(app) as lms.url:
        lms.describe()
        yield lms
