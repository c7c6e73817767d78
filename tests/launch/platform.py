"""The product and a real platform, connected: what a browser does between the two.

Campus answers over HTTP and publishes its keys there; the product is asked through Flask's client.
`Arrival.change` lets a test alter what Campus says and has it signed by Campus' own key.
"""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
from flask import Flask, jsonify
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from joserfc import jws
from sqlalchemy import Connection, text
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from lti_tool.campus import adding, store
from lti_tool.campus.claims import LTI
from lti_tool.core import keys, web
from lti_tool.core.ids import DeploymentId, InstitutionId, RegistrationId
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act
from lti_tool.platforms import services
from tests.campus.site import Site, read_form
from tests.helpers import serving

BASE_URL = "http://localhost"


def endpoints(url: str, *, wire_url: str | None = None) -> services.Endpoints:
    """Return where Campus listens; `wire_url`: to servers, if that differs."""
    wire_url = wire_url or url
    return services.Endpoints(
        auth_url=f"{url}/lti/auth",
        token_url=f"{wire_url}/lti/token",
        jwks_url=f"{wire_url}/lti/jwks",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A deployment of the product in Campus; without an institution it waits for approval."""

    site: Site
    tool: store.ConnectedTool
    institution_id: InstitutionId
    registration_id: RegistrationId
    deployment_id: DeploymentId | None
    base_url: str = BASE_URL

    def place(self, title: str = "Reading statistics critically", **custom: str) -> str:
        """Add an activity with a column to course 1; return the path that launches it."""
        values = {
            "course_id": 1,
            "section_id": 1,
            "tool_id": self.tool.tool_id,
            "title": title,
            "description": "",
            "url": f"{self.base_url}/lti/launch",
            "custom": custom,
            "opens_at": None,
            "closes_at": None,
        }
        with self.site.campus.engine.begin() as connection:
            activity = adding.add_activity(connection, **values)
            adding.add_line_item(
                connection,
                course_id=1,
                tool_id=self.tool.tool_id,
                activity_id=activity.id,
                label=title,
                score_maximum=10,
                resource_id="r",
                tag="",
                starts_at=None,
                ends_at=None,
                submission_review={"reviewableStatus": ["Submitted", "Completed"]},
            )
        return f"/courses/1/activities/{activity.id}/launch"

    @property
    def course_path(self) -> str:
        """Return the path that launches the course as a whole."""
        return f"/courses/1/tools/{self.tool.tool_id}/launch"

    @property
    def deep_linking_path(self) -> str:
        """Return the path that asks for something to place."""
        return f"/courses/1/add/{self.tool.tool_id}/launch?section=1"


def connect(  # noqa: PLR0913 - what tests differ in
    site: Site,
    *,
    slug: str | None = None,
    sharing: Connected | None = None,
    approved: bool = True,
    base_url: str = BASE_URL,
    jwks_url: str | None = None,
) -> Connected:
    """Connect the product to Campus. `sharing`: as a further deployment of that registration."""
    tool = store.connect_tool(
        site.campus.engine,
        name="Cairn",
        login_url=f"{base_url}/lti/login",
        launch_url=f"{base_url}/lti/launch",
        deep_link_url=f"{base_url}/lti/launch",
        jwks_url=jwks_url or f"{base_url}/lti/jwks.json",
        redirect_uris=[f"{base_url}/lti/launch"],
        client_id=sharing.tool.client_id if sharing else None,
    )
    institution_id = services.add_institution(slug or f"i-{uuid.uuid4().hex[:8]}", "A university")
    registration_id = (
        sharing.registration_id
        if sharing
        else services.add_registration(
            issuer=site.url,
            client_id=tool.client_id,
            name="Campus",
            endpoints=endpoints(site.url, wire_url=site.wire_url),
        )
    )
    deployment_id = (
        services.add_deployment(registration_id, tool.deployment_id, institution_id)
        if approved
        else None
    )
    return Connected(
        site=site,
        tool=tool,
        institution_id=institution_id,
        registration_id=registration_id,
        deployment_id=deployment_id,
        base_url=base_url,
    )


@contextmanager
def published_keys() -> Iterator[str]:
    """Serve the tool's keys over HTTP, as of now, to whom the product itself is out of reach.

    Yields the URL. The product answers within the test's own transaction only.
    """
    shown = [dict(key.public_jwk) for key in keys.published("lti")]
    server = Flask("published keys")
    server.add_url_rule("/jwks.json", view_func=lambda: jsonify(keys=shown))
    with serving(server) as url:
        yield f"{url}/jwks.json"


@dataclass(slots=True)
class Arrival:
    """The form that Campus posts to `/lti/launch`."""

    connected: Connected
    fields: dict[str, str]
    claims: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Read the claims of the token."""
        token = self.fields.get("id_token")
        self.claims = jwt.decode(token, options={"verify_signature": False}) if token else {}

    def change(self, **changes: object) -> "Arrival":
        """Override claims, named by the last part of their URL; None drops one. Signs anew."""
        for name, value in changes.items():
            long = next((key for key in self.claims if key.rpartition("/")[2] == name), name)
            self.claims[long] = value
            if value is None:
                del self.claims[long]
        return self.sign(self.claims)

    def sign(self, claims: Mapping[str, object]) -> "Arrival":
        """Put a token with these claims, signed by Campus."""
        self.fields["id_token"] = self.connected.site.campus.keys.sign("lti", dict(claims))
        return self

    def sign_bytes(self, payload: bytes) -> "Arrival":
        """Put a token with this very payload, signed by Campus."""
        key, _ = self.connected.site.campus.keys._live["lti"][-1]
        header = {"alg": "RS256", "kid": key.kid or ""}
        self.fields["id_token"] = jws.serialize_compact(header, payload, key)
        return self

    def add(self, name: str, value: object) -> "Arrival":
        """Add an LTI claim that Campus does not send."""
        self.claims[LTI + name] = value
        return self.sign(self.claims)


@dataclass(slots=True)
class Browser:
    """One person's browser: a client of the product and one of Campus."""

    client: FlaskClient
    campus: httpx.Client
    connected: Connected

    def login_form(self, path: str) -> dict[str, str]:
        """Return what Campus posts to `/lti/login`."""
        return dict(read_form(self.campus.get(path)).fields)

    def login(self, form: Mapping[str, str], *, path: str = "/lti/login") -> TestResponse:
        """Post a login and follow the cookie check; return the answer that leaves for Campus."""
        answer = self.client.post(path, data=dict(form))
        if answer.status_code == 303:
            answer = self.client.get(answer.location)
        return answer

    def answer(self, login: TestResponse) -> Arrival:
        """Have Campus answer the login."""
        assert login.status_code == 302, login.text
        asked = dict(parse_qsl(urlsplit(login.location).query))
        answer = read_form(self.campus.get("/lti/auth", params=asked))
        assert answer.action == f"{BASE_URL}/lti/launch"
        return Arrival(self.connected, answer.fields)

    def arrive(self, path: str) -> Arrival:
        """Go from Campus' page to the form that opens the launch."""
        return self.answer(self.login(self.login_form(path)))

    def post(self, arrival: Arrival) -> TestResponse:
        """Post the form."""
        return self.client.post("/lti/launch", data=arrival.fields)

    def open(self, path: str) -> TestResponse:
        """Launch, and return the page it leads to."""
        answer = self.post(self.arrive(path))
        assert answer.status_code == 303, answer.text
        return self.client.get(answer.location)


@contextmanager
def browsing(app: Flask, connected: Connected, person_id: int) -> Iterator[Browser]:
    """Open a browser in which Campus knows this person."""
    with connected.site.sign_in(person_id) as campus:
        yield Browser(app.test_client(), campus, connected)


def error_code(answer: TestResponse) -> str:
    """Return the code that an error page shows."""
    return answer.text.partition("<code>")[2].partition(" ")[0]


def told(answer: TestResponse) -> dict[str, Any]:
    """Return what a page of `install_probe` tells."""
    assert answer.status_code == 200, answer.text
    here: dict[str, Any] = answer.get_json()
    return here


def opened(browser: Browser, arrival: Arrival) -> dict[str, Any]:
    """Post a message that must be taken, and return what its page tells."""
    answer = browser.post(arrival)
    assert answer.status_code == 303, answer.text
    return told(browser.client.get(f"/l/{answer.location.split('/')[2]}/probe"))


def stored(database: Connection, browser: Browser) -> dict[str, int]:
    """Count what the institution holds, as row-level security shows it."""
    institution_id = str(browser.connected.institution_id)
    database.execute(
        text("SELECT set_config('app.institution_id', :i, true)"), {"i": institution_id}
    )
    tables = ("launches", "users", "contexts")
    return {t: database.scalar(text(f"SELECT count(*) FROM {t}")) or 0 for t in tables}  # noqa: S608


PAGES = {"LtiResourceLinkRequest": "probe.show", "LtiDeepLinkingRequest": "probe.place"}


def install_probe(app: Flask) -> None:
    """Give the product pages that tell what a launch is, even after it has served others."""
    if "probe.show" in app.view_functions:
        return
    views: dict[str, tuple[str, Act, str]] = {
        "probe.show": ("/l/<uuid:launch_id>/probe", Act.SEE_OWN, "GET"),
        "probe.take": ("/l/<uuid:launch_id>/probe/take", Act.TAKE_ATTEMPT, "POST"),
        "probe.place": ("/l/<uuid:launch_id>/probe/place", Act.PLACE, "GET"),
    }
    for endpoint, (path, act, method) in views.items():
        app.view_functions[endpoint] = launch_page(act)(_tell)
        app.url_map.add(Rule(path, endpoint=endpoint, methods=[method]))


def _tell(here: CurrentLaunch) -> ResponseReturnValue:
    return jsonify(
        launch_id=here.launch_id,
        institution_id=here.institution_id,
        registration_id=here.registration_id,
        user_id=here.user_id,
        context_id=here.context_id,
        resource_link_id=here.resource_link_id,
        message_type=here.message_type,
        roles=sorted(here.roles),
        placement_token=here.placement_token,
        settings=here.settings,
        csrf_token=web.csrf_token(),
    )


def now() -> int:
    """Return the current second."""
    return int(time.time())
