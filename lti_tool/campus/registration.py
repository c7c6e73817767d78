"""Dynamic registration: a tool connects itself with a token it was given.

LTI Dynamic Registration 1.0: https://www.imsglobal.org/spec/lti-dr/v1p0
"""

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import text

from lti_tool.campus import clock, queries, store
from lti_tool.campus.claims import DEEP_LINK, RESOURCE_LINK, REVIEW
from lti_tool.campus.database import digest, log_message
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.gradebook import parse_object
from lti_tool.campus.runtime import campus

blueprint = Blueprint("registration", __name__)

TOOL_CONFIGURATION: Final = "https://purl.imsglobal.org/spec/lti-tool-configuration"
PLATFORM_CONFIGURATION: Final = "https://purl.imsglobal.org/spec/lti-platform-configuration"
CONFIGURATION_PATH: Final = "/.well-known/openid-configuration"
_TOKEN = text(
    "SELECT tool_id FROM registration_tokens WHERE digest = :digest AND used_at IS NULL"
    " AND expires_at > :now"
)
_SPEND = text(
    "UPDATE registration_tokens SET used_at = :now WHERE digest = :digest AND used_at IS NULL"
    " AND expires_at > :now"
)


@blueprint.get(CONFIGURATION_PATH)
def show_configuration() -> ResponseReturnValue:
    """Describe the platform (Dynamic Registration 1.0 §2.1)."""
    url, habits = campus().url, campus().settings.personality
    if habits.configuration_needs_token:
        _find_token()
    host = urlsplit(campus().settings.base_url).netloc
    server = habits.authorization_server.format(host=host)
    return jsonify(
        {
            "issuer": campus().settings.base_url,
            **({"authorization_server": server} if server else {}),
            "authorization_endpoint": url("/lti/auth"),
            "token_endpoint": url("/lti/token"),
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "jwks_uri": url("/lti/jwks"),
            "registration_endpoint": url("/lti/register"),
            "scopes_supported": ["openid", *store.SCOPES],
            "response_types_supported": ["id_token"],
            "response_modes_supported": ["form_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["sub", "iss", *store.PERSONAL_CLAIMS],
            PLATFORM_CONFIGURATION: {
                "product_family_code": habits.product_family_code,
                "version": "1",
                "messages_supported": [
                    {"type": RESOURCE_LINK},
                    {"type": DEEP_LINK, "placements": [place.name for place in habits.places]},
                    *([{"type": REVIEW}] if habits.reviews and habits.tells_reviews else []),
                ],
                "variables": ["Context.id", "ResourceLink.id", "User.id", "Person.sourcedId"],
            },
        }
    )


@blueprint.post("/lti/register")
def register() -> ResponseReturnValue:
    """Connect the tool that the body describes, and spend the token."""
    values, renews = _find_token()
    habits = campus().settings.personality
    if request.mimetype != "application/json":
        raise RefusalError(400, "invalid_client_metadata", "send application/json")
    asked = parse_object(request.get_data())
    details = _read(asked)
    with campus().engine.begin() as connection:
        if connection.execute(_SPEND, values).rowcount != 1:
            raise RefusalError(401, "invalid_token", "the registration token was used")
    if renews is None:
        details = replace(details, name=_distinct(details.name))
        is_on = not habits.switch_on
        tool = store.connect_tool(campus().engine, **asdict(details), is_on=is_on, habits=habits)
    else:
        tool = store.renew_tool(campus().engine, renews, **asdict(details))
    log_message(
        campus().engine,
        direction="received",
        kind="registration",
        outcome="connected" if renews is None else "renewed",
        detail={"tool": details.name, "scopes": details.scopes, "claims": details.claims},
    )
    configuration = asked[TOOL_CONFIGURATION]
    shown = dict(configuration) if isinstance(configuration, Mapping) else {}
    shown |= {"version": "1.3.0", "claims": ["iss", "sub", *details.claims]}
    if habits.registration_tells_deployment:
        shown["deployment_id"] = tool.deployment_id
    body = {
        **asked,
        "client_id": tool.client_id,
        "scope": " ".join(details.scopes),
        TOOL_CONFIGURATION: shown,
    }
    return jsonify(body), 201


def _distinct(name: str) -> str:
    """Return a name that no other tool here has: instructors choose by it."""
    with campus().engine.begin() as connection:
        taken = {tool.name for tool in queries.list_tools(connection)}
    others = (f"{name} ({number})" for number in itertools.count(2))
    return name if name not in taken else next(each for each in others if each not in taken)


def registration_link(tool_url: str, *, renews: int | None = None) -> str:
    """Return the address that begins a registration, with a fresh token in it.

    Args:
        tool_url: where the tool registers.
        renews: the tool that is to be renewed; None for a new one.
    """
    token = store.issue_registration_token(campus().engine, renews=renews)
    query = {
        "openid_configuration": campus().url(CONFIGURATION_PATH),
        "registration_token": token,
    }
    joint = "&" if urlsplit(tool_url).query else "?"
    return tool_url + joint + urlencode(query)


def _find_token() -> tuple[dict[str, object], int | None]:
    """Return the request's registration token as values of a query, and the tool it renews.

    Raises:
        RefusalError: it is none.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    values: dict[str, object] = {"digest": digest(token), "now": clock.now()}
    with campus().engine.begin() as connection:
        row = connection.execute(_TOKEN, values).one_or_none()
    if scheme.lower() != "bearer" or row is None:
        message = "the registration token is missing, unknown, used or expired"
        raise RefusalError(401, "invalid_token", message)
    return values, row.tool_id


class _Message(BaseModel):
    type: str
    target_link_uri: str | None = None
    placements: list[str] = []


class _Configuration(BaseModel):
    domain: str = Field(min_length=1)
    target_link_uri: str
    claims: list[str] = []
    custom_parameters: dict[str, str] = {}
    messages: list[_Message]


class _Registration(BaseModel):
    """The part of a client registration that Campus needs; the rest is echoed."""

    application_type: Literal["web"]
    response_types: list[str]
    grant_types: list[str]
    initiate_login_uri: str
    redirect_uris: list[str] = Field(min_length=1)
    client_name: str = Field(min_length=1, max_length=255)
    jwks_uri: str
    token_endpoint_auth_method: Literal["private_key_jwt"]
    scope: str = ""
    configuration: _Configuration = Field(alias=TOOL_CONFIGURATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Details:
    name: str
    login_url: str
    launch_url: str
    deep_link_url: str
    jwks_url: str
    redirect_uris: list[str]
    scopes: list[str]
    claims: list[str]
    custom: dict[str, str]
    places: list[str]


def _read(body: Mapping[str, object]) -> _Details:
    """Return what a registration asks for, cut down to what Campus grants."""
    try:
        asked = _Registration.model_validate(body)
    except ValidationError as problem:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in problem.errors()
        )
        raise RefusalError(400, "invalid_client_metadata", wrong) from problem
    if "id_token" not in asked.response_types:
        raise RefusalError(400, "invalid_client_metadata", "response_types lacks id_token")
    if not {"implicit", "client_credentials"} <= set(asked.grant_types):
        message = "grant_types lacks implicit or client_credentials"
        raise RefusalError(400, "invalid_client_metadata", message)
    settings = asked.configuration
    targets = {item.type: item.target_link_uri for item in settings.messages}
    asked_places = {name for item in settings.messages for name in item.placements}
    deep_link_url = targets.get(DEEP_LINK) or settings.target_link_uri
    addresses = [
        asked.initiate_login_uri,
        asked.jwks_uri,
        settings.target_link_uri,
        deep_link_url,
        *asked.redirect_uris,
    ]
    for address in addresses:
        # As Moodle: the domain has its port, and everything lies under it.
        if urlsplit(address).netloc != settings.domain:
            message = f"{address} is not under the domain {settings.domain}"
            raise RefusalError(400, "invalid_redirect_uri", message)
    return _Details(
        name=asked.client_name,
        login_url=asked.initiate_login_uri,
        launch_url=settings.target_link_uri,
        deep_link_url=deep_link_url,
        jwks_url=asked.jwks_uri,
        redirect_uris=asked.redirect_uris,
        scopes=[scope for scope in store.SCOPES if scope in asked.scope.split()],
        claims=[claim for claim in store.PERSONAL_CLAIMS if claim in settings.claims],
        custom=settings.custom_parameters,
        places=[
            place.name
            for place in campus().settings.personality.places
            if place.name in asked_places
        ],
    )
