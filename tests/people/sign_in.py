"""Staff sign-in against Campus over HTTP: what a browser does between the two."""

import base64
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import httpx
import jwt
from flask import Flask, jsonify, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from lti_tool.campus import store
from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId
from lti_tool.people.models import StaffMember, StaffSession
from lti_tool.people.services import add_identity_provider
from lti_tool.platforms.services import add_institution
from tests.campus.site import Site
from tests.helpers import serving

REGISTRAR, INSTRUCTOR = 4, 1  # of Campus: Ruth, Mirela
ROLE_MAP = {"registrar": ["registrar"]}


@dataclass(slots=True, kw_only=True)
class Liar:
    """A provider that speaks for Campus, and says what a test wants."""

    site: Site
    url: str = ""
    claims: dict[str, object] = field(default_factory=dict)
    discovery: dict[str, object] = field(default_factory=dict)
    userinfo: dict[str, object] | None = None
    id_token: str | None = None
    tokens: dict[str, object] = field(default_factory=dict)

    def sign(self, claims: dict[str, object]) -> str:
        """Return an id_token by Campus' key; None drops a claim."""
        kept = {name: value for name, value in claims.items() if value is not None}
        return self.site.campus.keys.sign("staff", kept)


@contextmanager
def lying(site: Site) -> Iterator[Liar]:
    """Serve a liar until the block ends."""
    liar, app, oidc = Liar(site=site), Flask("liar"), f"{site.url}/oidc"

    @app.get("/.well-known/openid-configuration")
    def configuration() -> ResponseReturnValue:
        told = {
            "issuer": liar.url,
            "authorization_endpoint": f"{oidc}/authorize",
            "token_endpoint": f"{liar.url}/token",
            "jwks_uri": f"{oidc}/jwks",
            **({"userinfo_endpoint": f"{liar.url}/userinfo"} if liar.userinfo else {}),
        }
        return jsonify({**told, **liar.discovery})

    @app.post("/token")
    def token() -> ResponseReturnValue:
        headers = {"Authorization": request.headers.get("Authorization", "")}
        answer = httpx.post(f"{oidc}/token", data=request.form.to_dict(), headers=headers)
        tokens = answer.json()
        if answer.is_success:
            claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
            tokens["id_token"] = liar.id_token or liar.sign(
                {**claims, "iss": liar.url, **liar.claims}
            )
        return {**tokens, **liar.tokens}, answer.status_code

    @app.get("/userinfo")
    def userinfo() -> ResponseReturnValue:
        return jsonify(liar.userinfo)

    with serving(app) as liar.url:
        yield liar


@dataclass(slots=True, kw_only=True)
class Desk:
    """An institution whose staff sign in at Campus, or at a liar."""

    institution_id: InstitutionId
    slug: str
    provider_id: UUID
    issuer: str
    client: store.StaffClient

    def path(self, page: str) -> str:
        """Return the address of a page of the sign-in."""
        return f"/staff/{self.slug}/{page}"

    @property
    def start(self) -> str:
        """Return where a sign-in starts."""
        return self.path(f"sign-in/{self.provider_id}")


def open_desk(site: Site, *, issuer: str | None = None, secret: str | None = None) -> Desk:
    """Connect a new institution's staff sign-in with Campus."""
    slug = f"d-{uuid.uuid4().hex[:8]}"
    institution_id = add_institution(slug, "Northgate University")
    issuer = issuer or f"{site.url}/oidc"
    redirect_uri = f"http://localhost/staff/{slug}/callback"
    client = store.connect_staff_client(site.campus.engine, redirect_uri=redirect_uri)
    provider_id = add_identity_provider(
        institution_id, "Campus", issuer, client.client_id, secret or client.client_secret, ROLE_MAP
    )
    return Desk(
        institution_id=institution_id,
        slug=slug,
        provider_id=provider_id,
        issuer=issuer,
        client=client,
    )


def change_query(url: str, **changes: str | None) -> str:
    """Return the URL with other parameters; None drops one."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return parts._replace(query=urlencode(kept)).geturl()


def ask_campus(site: Site, url: str, person: int = REGISTRAR) -> str:
    """Have somebody sign in at Campus; return where it sends them back to."""
    with site.sign_in(person) as browser:
        answer = browser.get(url)
        if answer.status_code == 200:  # asked who they are: only the registrar is not
            answer = browser.post(url, data={"as": str(person)})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]


def local(url: str) -> str:
    """Return what the product is asked for: path and query."""
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("http", "localhost"), url
    return f"{parts.path}?{parts.query}"


def begin(client: FlaskClient, desk: Desk, **query: str) -> str:
    """Start to sign in; return where the browser is sent."""
    answer = client.get(desk.start, query_string=query)
    assert answer.status_code == 303, answer.text
    return answer.location


def sign_in(
    client: FlaskClient, desk: Desk, site: Site, person: int = REGISTRAR, **query: str
) -> TestResponse:
    """Go all the way; return the product's answer to Campus'."""
    return client.get(local(ask_campus(site, begin(client, desk, **query), person)))


def error_code(answer: TestResponse) -> str:
    """Return the code that an error page shows."""
    return answer.text.partition("<code>")[2].partition(" ")[0]


def unsigned(claims: dict[str, Any]) -> str:
    """Return a token with alg none."""
    return jwt.encode(claims, key=cast("Any", None), algorithm="none")


def encoded(value: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def count_of(desk: Desk, table: type[StaffMember | StaffSession]) -> int:
    """Return how many rows the desk's institution has."""
    with transaction(desk.institution_id) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0
