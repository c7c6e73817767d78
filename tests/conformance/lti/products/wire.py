"""A product that plays itself: it checks what we ask, signs what it says, and may go wrong."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from flask import Flask, Response, jsonify, request
from flask.testing import FlaskClient
from jwt.algorithms import RSAAlgorithm
from werkzeug.test import TestResponse

from lti_tool.campus.claims import LTI
from lti_tool.core.ids import DeploymentId, InstitutionId, RegistrationId
from lti_tool.platforms import services
from tests.conformance.lti.products.product import Claims, Product
from tests.helpers import serving
from tests.launch.platform import told

TOOL: Final = "http://localhost"
LAUNCH: Final = f"{TOOL}/lti/launch"


@cache
def _made(number: int) -> RSAPrivateKey:
    """Return one of a few keys: to make one takes a quarter of a second."""
    del number
    return generate_private_key(65537, 2048)


@dataclass(slots=True)
class SigningKey:
    """A key of the product's, in its set or not."""

    private: RSAPrivateKey
    kid: str = field(default_factory=lambda: uuid.uuid4().hex)
    published: bool = True


@dataclass(slots=True, kw_only=True)
class Wire:
    """One customer's installation of a product, connected to us.

    Attributes:
        url: where its key set is served, in place of the product's own address.
        skew_s: how far its clock is ahead.
        html: its key set answers with a page for people, as behind a lost session.
        status: of its key set's answers.
        slow_s: how long its key set takes.
        for_agents_only: its key set refuses clients that do not name themselves.
        asked: how often its key set was asked for.
        hints: message hints that were spent.
    """

    product: Product
    url: str
    institution_id: InstitutionId
    registration_id: RegistrationId
    deployment_id: DeploymentId
    keys: list[SigningKey]
    skew_s: int = 0
    html: bool = False
    status: int = 200
    slow_s: float = 0
    for_agents_only: bool = False
    asked: int = 0
    hints: set[str] = field(default_factory=set)

    def rotate(self, *, keep_old: bool = False, publish: bool = True) -> None:
        """Sign with another key from now on."""
        if not keep_old:
            for key in self.keys:
                key.published = False
        self.keys.append(SigningKey(_made(len(self.keys) % 3), published=publish))

    def key_set(self) -> Response:
        """Answer as its key set does, on a good day or a bad one."""
        self.asked += 1
        time.sleep(self.slow_s)
        agent = request.headers.get("User-Agent", "")
        if self.for_agents_only and not agent:
            return Response("Forbidden", 403)
        if self.html:
            return Response("<html><title>Log in to the site</title></html>", 200)
        if self.status != 200:
            return Response('{"error":"down"}', self.status, mimetype="application/json")
        shown = [self._public(key) for key in self.keys if key.published]
        return jsonify(keys=shown)

    def _public(self, key: SigningKey) -> dict[str, Any]:
        public = RSAAlgorithm.to_jwk(key.private.public_key(), as_dict=True)
        members = {name: public[name] for name in ("kty", "n", "e")}
        return {**members, "kid": key.kid, **self.product.key_members}

    def login(
        self, client: FlaskClient, *, hint: str | None = None, target: object = LAUNCH
    ) -> TestResponse:
        """Send the browser to our login in the product's way; return what leads back to it."""
        said = {"iss": self.product.issuer, "target_link_uri": target, **self.product.login}
        if hint is not None:
            said["lti_message_hint"] = hint
        if self.product.login_by == "GET":
            answer = client.get("/lti/login", query_string=said)
        else:
            answer = client.post("/lti/login", data=said)
        return client.get(answer.location) if answer.status_code == 303 else answer

    def answer(self, login: TestResponse, claims: Claims) -> dict[str, str]:
        """Answer our question as the product does: refuse what it would refuse, else sign."""
        assert login.status_code == 302, login.text
        assert login.location.startswith(f"{self.product.auth_url}?")
        asked = dict(parse_qsl(urlsplit(login.location).query, keep_blank_values=True))
        must = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": self.product.client_id,
            "redirect_uri": LAUNCH,
            "login_hint": self.product.login["login_hint"],
        }
        assert {name: asked.get(name) for name in must} == must
        assert asked.keys() == {*must, "state", "nonce", "lti_message_hint"}
        hint = asked["lti_message_hint"]
        form = {"state": asked["state"], **self.product.answer}
        if hint in self.hints:
            return {**form, "error": "launch_no_longer_valid"}
        self.hints.add(hint)
        return {**form, "id_token": self.sign(claims, nonce=asked["nonce"])}

    def sign(self, claims: Claims, *, nonce: str) -> str:
        """Return a message with the product's own form of a token."""
        key, issued = self.keys[-1], int(time.time()) + self.skew_s
        token: dict[str, Any] = {
            "iss": self.product.issuer,
            "aud": self.product.client_id,
            "iat": issued,
            "exp": issued + self.product.lifetime_s,
            "nonce": nonce,
        }
        if self.product.audience_is_list:
            token["aud"] = [self.product.client_id]
        if self.product.names_party:
            token["azp"] = self.product.client_id
        if self.product.names_begin:
            token["nbf"] = issued
        kept = {name: value for name, value in {**token, **claims}.items() if value is not None}
        return jwt.encode(kept, key.private, algorithm="RS256", headers={"kid": key.kid})

    def _message(self, kind: str, more: Claims, person: str, changes: Claims) -> Claims:
        """Return the claims of a message; `changes` by the last part of a claim's name."""
        claims = {
            f"{LTI}message_type": kind,
            f"{LTI}version": "1.3.0",
            f"{LTI}deployment_id": self.product.deployment_id,
            f"{LTI}target_link_uri": LAUNCH,
            f"{LTI}roles": self.product.people[person][0],
            **self.product.common,
            **more,
        }
        for name, value in changes.items():
            long = next((known for known in claims if known.rpartition("/")[2] == name), LTI + name)
            claims[long] = value
        return claims

    def launch(self, *, person: str = "student", **changes: object) -> Claims:
        """Return the claims of a launch from an activity."""
        return self._message("LtiResourceLinkRequest", self.product.link, person, changes)

    def placing(self, **changes: object) -> Claims:
        """Return the claims of a request for something to place."""
        return self._message("LtiDeepLinkingRequest", self.product.placing, "teacher", changes)

    def send(self, client: FlaskClient, claims: Claims) -> TestResponse:
        """Go the whole way with this message; return our answer to it."""
        hint = f"{self.product.login['lti_message_hint']}{len(self.hints)}"
        target = claims[f"{LTI}target_link_uri"]
        form = self.answer(self.login(client, hint=hint, target=target), claims)
        return client.post("/lti/launch", data=form, headers={"Origin": self.product.issuer})


@contextmanager
def connected(product: Product, *, registration_id: RegistrationId | None = None) -> Iterator[Wire]:
    """Connect an installation of a product; `registration_id`: to one that is there already."""
    app = Flask(product.code)
    wires: list[Wire] = []

    @app.get("/keys")
    def keys() -> Response:
        return wires[0].key_set()

    with serving(app) as url:
        institution_id = services.add_institution(f"p-{uuid.uuid4().hex[:8]}", "A university")
        known_id = registration_id or services.add_registration(
            issuer=product.issuer,
            client_id=product.client_id,
            name=product.code,
            product=product.code,
            endpoints=services.Endpoints(
                auth_url=product.auth_url, token_url=product.token_url, jwks_url=f"{url}/keys"
            ),
        )
        wires.append(
            Wire(
                product=product,
                url=url,
                institution_id=institution_id,
                registration_id=known_id,
                deployment_id=services.add_deployment(
                    known_id, product.deployment_id, institution_id
                ),
                keys=[SigningKey(_made(0))],
            )
        )
        yield wires[0]


def opened(wire: Wire, client: FlaskClient, claims: Claims) -> dict[str, Any]:
    """Launch, and return what the page tells; the page may be framed by the product."""
    answer = wire.send(client, claims)
    assert answer.status_code == 303, answer.text
    page = client.get(f"/l/{answer.location.split('/')[2]}/probe")
    policy = page.headers["Content-Security-Policy"].partition("frame-ancestors ")[2]
    origins = policy.split()
    assert "*" not in origins
    assert wire.product.auth_url.startswith(origins[0])
    return told(page)
