"""A running Campus, a browser for it and a tool of the test's own. Other tests may use it too."""

import itertools
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, cast

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from jwt.algorithms import RSAAlgorithm
from werkzeug.http import http_date
from werkzeug.serving import WSGIRequestHandler, make_server

from lti_tool.campus import clock as campus_clock
from lti_tool.campus import store
from lti_tool.campus.app import Campus, CampusSettings, create_campus
from lti_tool.campus.claims import DEEP_LINKING, LTI
from lti_tool.campus.personality import STRICT, Personality
from tests.door import Door
from tests.helpers import Served, serving

# Making a key takes a quarter of a second; neighbours in a test never have the same.
_keys = itertools.cycle([generate_private_key(65537, 2048) for _ in range(3)])


# Everything here is http, yet each client would read all certificates: 36 ms.
_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# For requests that are no browser's: no cookie over http, no connection kept.
WIRE = httpx.Client(timeout=10, verify=_TLS, limits=httpx.Limits(max_keepalive_connections=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The first form of a page."""

    action: str
    fields: dict[str, str]


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = values.get("action") or ""
        if tag == "input" and values.get("type") == "hidden":
            self.fields[values["name"] or ""] = values.get("value") or ""


def read_form(page: httpx.Response) -> Form:
    """Return the first form of an HTML page with its hidden fields."""
    assert page.status_code == 200, page.text
    reader = _FormReader()
    reader.feed(page.text)
    assert reader.action is not None, page.text
    return Form(action=reader.action, fields=reader.fields)


def new_browser(url: str) -> httpx.Client:
    """Return a client for one site that, as browsers do, takes loopback for secure.

    httpx itself never sends a `Secure` cookie over http.
    """
    kept: dict[str, str] = {}

    def send(request: httpx.Request) -> None:
        if kept:
            request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in kept.items())

    def keep(response: httpx.Response) -> None:
        for line in response.headers.get_list("Set-Cookie"):
            # Not by SimpleCookie, which before Python 3.14 takes nothing from what is Partitioned.
            name, _, value = line.partition(";")[0].partition("=")
            kept[name] = value

    return httpx.Client(
        base_url=url, timeout=10, verify=_TLS, event_hooks={"request": [send], "response": [keep]}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A Campus that listens, seeded: course 1, Mirela (1, instructor), Amara (2, student).

    Attributes:
        url: its name, where browsers find it.
        wire_url: where servers do, http without a door before it.
    """

    url: str
    wire_url: str
    campus: Campus

    @contextmanager
    def sign_in(self, person_id: int) -> Iterator[httpx.Client]:
        """Yield a browser in which Campus knows this person."""
        with new_browser(self.url) as browser:
            answer = browser.post("/", data={"as": str(person_id)})
            assert answer.status_code == 303, answer.text
            yield browser


class _Handler(WSGIRequestHandler):
    """Says in `Date` what time it is by Campus' clock, which tests set."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return http_date(campus_clock.now() if timestamp is None else timestamp)


@contextmanager
def running_campus(
    database_url: str, *, personality: Personality = STRICT, door: Door | None = None
) -> Iterator[Site]:
    """Serve a seeded Campus on a free port of 127.0.0.1, behind a door, until the block ends."""
    # The server listens before the application exists, which has to know its port.
    server = make_server("127.0.0.1", 0, Flask("not yet"), threaded=True, request_handler=_Handler)
    url = wire_url = f"http://127.0.0.1:{server.server_port}"
    way_in = ExitStack()
    if door is not None:
        url = way_in.enter_context(door(server.server_port))
    app = create_campus(
        CampusSettings(
            database_url=database_url,
            base_url=url,
            secret_key="only for tests",
            faults=True,
            personality=personality,
        )
    )
    campus = cast("Campus", app.extensions["campus"])
    store.seed(campus.engine, personality)
    server.app = served = Served(app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Site(url=url, wire_url=wire_url, campus=campus)
    finally:
        way_in.close()
        server.shutdown()
        thread.join()
        server.server_close()
        served.end()
        campus.engine.dispose()


@dataclass(slots=True, kw_only=True)
class Tool:
    """A tool that Campus knows; its key set is served for real."""

    site: Site
    url: str
    keys: dict[str, RSAPrivateKey]
    connected: store.ConnectedTool
    kid: str

    @property
    def redirect_uri(self) -> str:
        return f"{self.url}/launch"

    def sign(self, claims: dict[str, object], **header: object) -> str:
        """Return a JWT of the tool's; `header` overrides."""
        headers = {"kid": self.kid, **header}
        return jwt.encode(claims, self.keys[self.kid], algorithm="RS256", headers=headers)

    def assertion_claims(self) -> dict[str, object]:
        """Return good claims for the token endpoint."""
        now = int(time.time())
        return {
            "iss": self.connected.client_id,
            "sub": self.connected.client_id,
            "aud": f"{self.site.url}/lti/token",
            "iat": now,
            "exp": now + 60,
            "jti": uuid.uuid4().hex,
        }

    def ask_token(self, assertion: str, scope: str, **changes: str) -> httpx.Response:
        """Ask for an access token."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
            "scope": scope,
            **changes,
        }
        return WIRE.post(f"{self.site.url}/lti/token", data=form, timeout=10)

    def bearer(self, *scopes: str) -> dict[str, str]:
        """Return the header that carries a token with these scopes."""
        answer = self.ask_token(self.sign(self.assertion_claims()), " ".join(scopes))
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def request(self, login: Form, **changes: str) -> dict[str, str]:
        """Return the authentication request that answers a login initiation."""
        return {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": self.connected.client_id,
            "redirect_uri": self.redirect_uri,
            "login_hint": login.fields["login_hint"],
            "lti_message_hint": login.fields["lti_message_hint"],
            "nonce": uuid.uuid4().hex,
            "state": uuid.uuid4().hex,
            **changes,
        }

    def launch(self, browser: httpx.Client, path: str) -> dict[str, object]:
        """Go through the launch at `path`; return the claims, unverified."""
        login = read_form(browser.get(path))
        answer = read_form(browser.get("/lti/auth", params=self.request(login)))
        assert "id_token" in answer.fields, answer.fields
        claims: dict[str, object] = jwt.decode(
            answer.fields["id_token"], options={"verify_signature": False}
        )
        return claims

    def choose(self, browser: httpx.Client, *items: object, **changes: object) -> httpx.Response:
        """Deep link `items` into course 1; `changes` override claims, None drops one."""
        path = f"/courses/1/add/{self.connected.tool_id}/launch?section=1"
        claims = self.launch(browser, path)
        settings = cast("dict[str, str]", claims[f"{DEEP_LINKING}deep_linking_settings"])
        response = self.response_claims(settings.get("data"), *items)
        for name, value in changes.items():
            long = next((key for key in response if key.rpartition("/")[2] == name), name)
            response[long] = value
        kept = {name: value for name, value in response.items() if value is not None}
        return browser.post(settings["deep_link_return_url"], data={"JWT": self.sign(kept)})

    def response_claims(self, data: str | None, *items: object) -> dict[str, object]:
        """Return good claims of a deep linking response."""
        now = int(time.time())
        return {
            "iss": self.connected.client_id,
            "aud": self.site.url,
            "iat": now,
            "exp": now + 60,
            "nonce": uuid.uuid4().hex,
            f"{LTI}deployment_id": self.connected.deployment_id,
            f"{LTI}message_type": "LtiDeepLinkingResponse",
            f"{LTI}version": "1.3.0",
            f"{DEEP_LINKING}data": data,
            f"{DEEP_LINKING}content_items": list(items),
        }


@contextmanager
def connected_tool(site: Site, **changes: object) -> Iterator[Tool]:
    """Connect a fresh tool whose key set is served until the block ends."""
    # Ports come back, so neither the key's id nor the address of the key set may: Campus keeps
    # sets by their addresses, and asks for one again only a while after it last did.
    kid = uuid.uuid4().hex
    keys = {kid: next(_keys)}
    app = Flask("tool")

    @app.get(f"/jwks/{kid}")
    def jwks() -> ResponseReturnValue:
        shown = [
            {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid}
            for kid, key in keys.items()
        ]
        return jsonify(keys=shown)

    with serving(app) as url:
        registration: dict[str, Any] = {
            "name": "Test tool",
            "login_url": f"{url}/login",
            "launch_url": f"{url}/launch",
            "deep_link_url": f"{url}/deep-link",
            "jwks_url": f"{url}/jwks/{kid}",
            "redirect_uris": [f"{url}/launch", f"{url}/deep-link"],
            **changes,
        }
        connected = store.connect_tool(site.campus.engine, **registration)
        yield Tool(site=site, url=url, keys=keys, connected=connected, kid=kid)
