"""A Moodle as far as dynamic registration goes: what a real one answered, word for word.

The recorded answers are beside some checkouts only; without them its tests are skipped.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, request

from lti_tool.launch.dynamic_registration import TOOL_CONFIGURATION
from tests.helpers import serving, shared_folder

RECORDED_AT = "http://localhost:8090"


@dataclass
class Moodle:
    """One that listens, with a token that works once."""

    url: str
    token: str
    asked: list[dict[str, Any]] = field(default_factory=list)

    def begin(self, token: str | None = None) -> str:
        """Return the query that it adds to a tool's registration address."""
        query = {
            "openid_configuration": f"{self.url}/mod/lti/openid-configuration.php",
            "registration_token": self.token if token is None else token,
        }
        return urlencode(query)


@contextmanager
def running_moodle() -> Iterator[Moodle]:
    """Answer as the recorded Moodle 4.5.6 did, at an address of our own."""
    folder = shared_folder("lti", "moodle_4.5_samples")
    read = {
        name: json.loads((folder / f"{name}.json").read_text())
        for name in (
            "platform_openid_configuration",
            "dynamic_registration_exchange",
            "dynamic_registration_variants",
            "registration_initiation_query",
        )
    }
    variants = read["dynamic_registration_variants"]
    exchange = read["dynamic_registration_exchange"]
    app = Flask("moodle")
    moodle = Moodle(url="", token=read["registration_initiation_query"]["registration_token"])

    @app.get("/mod/lti/openid-configuration.php")
    def configuration() -> Response:
        document = json.dumps(read["platform_openid_configuration"])
        return Response(document.replace(RECORDED_AT, moodle.url), mimetype="application/json")

    def recorded(name: str) -> Response:
        answer = variants[name]
        return Response(
            answer["body"], answer["status"], content_type=answer["headers"]["Content-Type"]
        )

    @app.post("/mod/lti/openid-registration.php")
    def register() -> Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        asked = request.get_json()
        tool = asked[TOOL_CONFIGURATION]
        domain = urlsplit(tool["target_link_uri"]).netloc
        wrong = {
            "no token": scheme != "Bearer",
            "garbage token": token != moodle.token,
            "token used twice": bool(moodle.asked),
            "no domain": "domain" not in tool,
            "domain without port": tool.get("domain") != domain,
            "token_endpoint_auth_method missing": "token_endpoint_auth_method" not in asked,
        }
        for name, applies in wrong.items():
            if applies:
                return recorded(name)
        moodle.asked.append(asked)
        return Response(exchange["body"], exchange["status"], mimetype="application/json")

    with serving(app) as moodle.url:
        yield moodle
