"""A platform nobody here wrote: lti1p3platform (OpenLearning), in an environment of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from flask import Flask, Response, jsonify, request
from sqlalchemy import select

from lti_tool.assessments.services import (
    bind_placement,
    create_placement,
    open_attempt,
    save_response,
    submit_attempt,
)
from lti_tool.core import keys
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId, RegistrationId
from lti_tool.grading import ags
from lti_tool.grading.platform import read_column
from lti_tool.grading.services import make_column
from lti_tool.launch.deep_linking import response_form
from lti_tool.launch.models import Launch
from lti_tool.launch.session import CurrentLaunch
from lti_tool.people.rules import Role
from lti_tool.platforms import service_client, services
from tests.assessments.factories import Page, University, form_of, published
from tests.conftest import Worker
from tests.helpers import serving
from tests.launch.conftest import product  # noqa: F401 - a fixture
from tests.launch.platform import BASE_URL, told
from tests.launch.test_deep_linking import STATISTICS

WORKER = Path(__file__).with_name("platform_worker.py")
PACKAGE = "lti1p3platform==0.1.8"
Ask = Callable[..., Any]


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the environment; without a package registry the tests are skipped, and say so."""
    folder = tmp_path_factory.mktemp("platform") / "venv"
    pip = folder / "bin" / "python"
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
        subprocess.run(
            [pip, "-m", "pip", "install", "--quiet", PACKAGE],
            check=True,
            capture_output=True,
            timeout=300,
        )
    except (subprocess.SubprocessError, OSError) as error:
        reason = f"{PACKAGE} could not be installed: {type(error).__name__}"
        if os.environ.get("CAIRN_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return pip


@dataclass
class Platform:
    """The witness as a platform that listens."""

    ask: Ask
    url: str = ""
    registration_id: RegistrationId | None = None
    columns: dict[str, Any] = field(default_factory=dict)
    served: list[tuple[str, int]] = field(default_factory=list)

    def serve(self, handler: str, line_item: str | None = None) -> Response:
        """Have the witness answer a call of its gradebook, which it keeps with us."""
        told = self.ask(
            "gradebook",
            handler=handler,
            line_item=line_item,
            state=self.columns,
            request={
                "method": request.method,
                "headers": {"Authorization": request.headers.get("Authorization", "")},
                "get_data": request.args.to_dict(),
                "json": json.loads(request.data) if request.data else None,
            },
        )
        self.columns = told["state"]
        self.served.append((handler, told["status"]))
        return Response(
            # It has lists with their page beside; AGS has them alone (3.2.4, 3.3.5).
            json.dumps(
                told["result"]["content"] if "content" in (told["result"] or {}) else told["result"]
            ),
            told["status"],
            content_type=told["media_type"],
        )


@pytest.fixture
def platform(python: Path, product: Flask) -> Iterator[Platform]:  # noqa: F811, ARG001 - binds the database
    key = generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    public = (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    tool_keys = {"keys": [dict(one.public_jwk) for one in keys.published("lti")]}
    app = Flask("witness")

    def ask(what: str, **more: object) -> Any:  # noqa: ANN401 - JSON
        asked = {
            "what": what,
            "issuer": here.url,
            "client_id": "cairn",
            "launch_url": f"{BASE_URL}/lti/launch",
            "login_url": f"{BASE_URL}/lti/login",
            "public_key": public,
            "private_key": private,
            "tool_keys": tool_keys,
            **more,
        }
        done = subprocess.run(
            [python, WORKER], input=json.dumps(asked), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    here = Platform(ask)
    app.add_url_rule("/keys", view_func=lambda: jsonify(ask("keys")))
    app.add_url_rule(
        "/token",
        methods=["POST"],
        endpoint="token",
        view_func=lambda: jsonify(ask("token", form=request.form.to_dict())),
    )
    for methods, path, handler in (
        ("GET", "/lineitems", "get_lineitems"),
        ("POST", "/lineitems", "create_lineitem"),
        ("GET", "/lineitems/<line_item>", "get_lineitem"),
        ("POST", "/lineitems/<line_item>/scores", "update_score"),
        ("GET", "/lineitems/<line_item>/results", "get_results"),
    ):
        view = partial(here.serve, handler)
        app.add_url_rule(path, methods=[methods], endpoint=handler, view_func=view)
    with serving(app) as here.url:
        institution_id = services.add_institution("witnessed", "Witnessed")
        here.registration_id = services.add_registration(
            issuer=here.url,
            client_id="cairn",
            name="Witness",
            endpoints=services.Endpoints(
                auth_url=f"{here.url}/auth",
                token_url=f"{here.url}/token",
                jwks_url=f"{here.url}/keys",
            ),
        )
        services.add_deployment(here.registration_id, "1", institution_id)
        yield here
    service_client.forget_all()


def launched(platform: Platform, product: Flask, what: str) -> dict[str, Any]:  # noqa: F811
    """Go the whole way of a browser: its login, our answer to it, its message, our page."""
    browser = product.test_client()
    login = browser.get(platform.ask("login").removeprefix(BASE_URL))
    login = browser.get(login.location) if login.status_code == 303 else login
    assert login.status_code == 302, login.text
    query = dict(parse_qsl(urlsplit(login.location).query))
    form = platform.ask(what, query=query)
    assert form.pop("launch_url") == f"{BASE_URL}/lti/launch"
    opened = browser.post("/lti/launch", data=form)
    assert opened.status_code == 303, opened.text
    return told(browser.get(opened.location))


def test_it_launches_us(platform: Platform, product: Flask) -> None:  # noqa: F811
    here = launched(platform, product, "launch")

    assert here["message_type"] == "LtiResourceLinkRequest"
    assert here["roles"] == ["learner"]


def test_its_tokens_are_given_to_us_and_taken_by_it(platform: Platform) -> None:
    assert platform.registration_id is not None

    token = service_client.access_token(platform.registration_id, [ags.SCORE_SCOPE])

    assert platform.ask("check", token=token, scopes=[ags.SCORE_SCOPE])
    assert not platform.ask("check", token=token, scopes=[ags.LINE_ITEM_SCOPE])


def test_it_takes_what_we_place(platform: Platform, product: Flask) -> None:  # noqa: F811
    here = launched(platform, product, "deep link")
    assert here["message_type"] == "LtiDeepLinkingRequest"
    with product.app_context():
        current = _current(here)
        return_url, jwt = response_form(current, [STATISTICS])

    items = platform.ask("deep link response", jwt=jwt)

    assert return_url == f"{platform.url}/deep-link-return"
    assert [item["title"] for item in items] == [STATISTICS.title]
    assert items[0]["lineItem"]["scoreMaximum"] == 12.5


def test_it_makes_our_column_and_takes_a_score(
    platform: Platform,
    product: Flask,  # noqa: F811
    worker: Worker,
) -> None:
    here = launched(platform, product, "launch")
    current = _current(here)
    place = University(
        id=current.institution_id, slug="witnessed", deployment_id=current.deployment_id
    )
    placement_id = create_placement(
        place.id, published(place), context_id=None, created_by=None, title="Statistics"
    )
    assert current.resource_link_id is not None
    assert platform.registration_id is not None
    with transaction(place.id) as session:
        bind_placement(session, placement_id, current.resource_link_id, current.context_id)

    make_column(place.id, placement_id, actor=SYSTEM)
    attempt_id = open_attempt(place.id, placement_id, current.user_id)
    page = Page()
    for item, letter in zip(form_of(place, attempt_id), "abd", strict=True):
        save_response(place.id, attempt_id, page.save(item, letter), user_id=current.user_id)
    submit_attempt(place.id, attempt_id, user_id=current.user_id)
    worker.run()

    [column] = platform.columns.values()
    assert column["item"]["label"] == "Statistics"
    assert column["item"]["resourceLinkId"] == "link-1"
    [score] = column["scores"].values()
    assert score["userId"] == "learner-1"
    assert score["gradingProgress"] == "FullyGraded"
    assert score["scoreGiven"] / score["scoreMaximum"] == pytest.approx(2 / 3, abs=0.001)
    # That it was asked for its column without a token is our look at its clock.
    assert platform.served == [
        ("create_lineitem", 201),
        ("get_lineitem", 401),
        ("update_score", 200),
    ]
    held = read_column(platform.registration_id, column["item"]["id"])
    assert [one.score for one in held.values()] == [Decimal(str(score["scoreGiven"]))]


def _current(here: dict[str, Any]) -> CurrentLaunch:
    with transaction(InstitutionId(UUID(here["institution_id"]))) as session:
        row = session.scalars(select(Launch).where(Launch.id == UUID(here["launch_id"]))).one()
        return CurrentLaunch(
            launch_id=row.id,
            institution_id=row.institution_id,
            registration_id=row.registration_id,
            deployment_id=row.deployment_id,
            user_id=row.user_id,
            context_id=row.context_id,
            resource_link_id=row.resource_link_id,
            message_type=row.message_type,
            roles=frozenset(map(Role, row.roles)),
            placement_token=row.placement_token,
            settings=row.settings,
            expires_at=row.expires_at,
        )
