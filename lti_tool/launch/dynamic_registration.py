"""What a platform and we tell each other when it registers us (LTI Dynamic Registration 1.0).

https://www.imsglobal.org/spec/lti-dr/v1p0
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, ValidationError

from lti_tool.core import http
from lti_tool.core.language import phrase
from lti_tool.core.quoting import quoted
from lti_tool.launch import history
from lti_tool.launch.claims import MAX_TEXT, SUBMISSION_REVIEW_REQUEST
from lti_tool.launch.errors import (
    ForeignConfigurationError,
    PlatformDescriptionError,
    RegistrationRefusedError,
    RegistrationTokenError,
)
from lti_tool.launch.logins import LAUNCH_PATH
from lti_tool.launch.platform_description import CANVAS, SHARED_ISSUERS, Platform, Said
from lti_tool.platforms.rules import belongs, origin_of

TOOL_CONFIGURATION: Final = "https://purl.imsglobal.org/spec/lti-tool-configuration"
DEEP_LINK_LABEL: Final = "Cairn: add an assessment"
CLAIMS: Final = ("iss", "sub", "name", "given_name", "family_name", "email")

_CANVAS_PLACEMENTS: Final = (
    "assignment_selection",
    "link_selection",
    "course_assignments_menu",
    "module_index_menu_modal",
)
# The course's own list of links: results for its instructors, one's badges for learners.
_CANVAS_NAVIGATION: Final = "course_navigation"
_MAX_BYTES: Final = 256_000
_CREATED: Final = frozenset({200, 201})


class _ToolDetails(Said):
    deployment_id: str | int | None = None


class Registered(Said):
    """A platform's answer (Dynamic Registration 1.0 §3.6).

    Attributes:
        beside: where Canvas tells its deployment (2026): beside the tool's configuration.
    """

    client_id: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    scope: str | None = None
    beside: str | int | None = Field(None, alias="deployment_id")
    tool: _ToolDetails = Field(
        default_factory=_ToolDetails, alias="https://purl.imsglobal.org/spec/lti-tool-configuration"
    )

    @property
    def deployment_id(self) -> str | None:
        """Return the first deployment's id, if the platform tells it already."""
        said = self.beside if self.tool.deployment_id in {None, ""} else self.tool.deployment_id
        return str(said)[:255] if said not in {None, ""} else None

    def granted(self, asked: Sequence[str]) -> tuple[str, ...]:
        """Return which of the services we asked for it grants. Silence grants all (RFC 7591)."""
        if self.scope is None:
            return tuple(asked)
        words = self.scope.split()
        return tuple(scope for scope in asked if scope in words)


def fetch_platform(url: str, token: str | None) -> Platform:
    """Ask a platform to describe itself. Canvas shows that to the bearer of the token only.

    Raises:
        ForeignConfigurationError: it lies elsewhere than the issuer it names (§3.5.1), or asks
            us to send the token elsewhere.
        PlatformDescriptionError: it is no configuration.
        RegistrationTokenError: the token is not good (any more).
        OutboundRefusedError: the address is not one we may call.
        OutboundFailedError: no answer.
    """
    answer = http.get(
        url,
        max_bytes=_MAX_BYTES,
        accept="application/json",
        headers=_bearer(token),
        follow=2,
    )
    if answer.status_code in {401, 403}:
        raise RegistrationTokenError(_quoted(answer.content, answer.headers))
    try:
        if not answer.is_success:
            raise PlatformDescriptionError(
                _host(url),
                phrase(
                    "answered %(status_code)s",
                    status_code=answer.status_code,
                ),
            )
        platform = Platform.model_validate(_json(answer.content))
    except ValidationError as error:
        missing = ", ".join(sorted({str(each["loc"][0]) for each in error.errors() if each["loc"]}))
        what = f"left out or garbled: {missing}" if missing else "did not send a configuration"
        raise PlatformDescriptionError(_host(url), what) from error
    except ValueError as error:
        raise PlatformDescriptionError(
            _host(url), phrase("answered with a page, not with data")
        ) from error
    _check_hosts(str(answer.url), platform)
    return platform


def _check_hosts(url: str, platform: Platform) -> None:
    """Refuse a description by somebody else than the issuer, and a token sent astray."""
    issuer = platform.issuer
    own = origin_of(issuer)
    shared = SHARED_ISSUERS.get(issuer.rstrip("/"), ())
    if own is None or not (origin_of(url) == own or belongs(url, shared)):
        raise ForeignConfigurationError(issuer=_host(issuer), host=_host(url))
    if not belongs(platform.registration_endpoint, platform.hosts):
        raise ForeignConfigurationError(
            issuer=_host(issuer), host=_host(platform.registration_endpoint)
        )
    for address in (platform.token_endpoint, platform.jwks_uri):
        http.check_url(address)
    scheme = urlsplit(url).scheme
    if origin_of(platform.authorization_endpoint) is None or (
        scheme == "https" and urlsplit(platform.authorization_endpoint).scheme != "https"
    ):
        raise PlatformDescriptionError(
            _host(url), phrase("has no sign-in address that begins with https")
        )


def tool_registration(platform: Platform, base_url: str) -> dict[str, Any]:
    """Return what we ask of a platform (Dynamic Registration 1.0 §3.3)."""
    launch_url = f"{base_url}{LAUNCH_PATH}"
    configuration: dict[str, Any] = {
        # With its port: Moodle compares it with the target link's.
        "domain": urlsplit(base_url).netloc,
        "description": "Assessments that lead to badges, certificates and degrees.",
        "target_link_uri": launch_url,
        # With every message, so that also a link that was pasted by hand tells what it was.
        "custom_parameters": dict(history.PARAMETERS),
        "claims": list(CLAIMS),
        "messages": [
            *_navigation(platform, launch_url),
            {
                "type": "LtiDeepLinkingRequest",
                "target_link_uri": launch_url,
                "label": DEEP_LINK_LABEL,
                "supported_types": ["ltiResourceLink"],
                "placements": _placements(platform),
            },
        ],
    }
    if any(one.type == SUBMISSION_REVIEW_REQUEST for one in platform.details.messages_supported):
        configuration["messages"].append(
            {"type": SUBMISSION_REVIEW_REQUEST, "target_link_uri": launch_url}
        )
    if platform.product == "canvas":
        configuration |= {
            f"{CANVAS}privacy_level": "public",
            f"{CANVAS}tool_id": "cairn",
            f"{CANVAS}vendor": "Cairn",
        }
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": f"{base_url}/lti/login",
        "redirect_uris": [launch_url],
        "client_name": "Cairn",
        "client_uri": base_url,
        "logo_uri": f"{base_url}/static/logo.svg",
        "jwks_uri": f"{base_url}/lti/jwks.json",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(platform.scopes),
        TOOL_CONFIGURATION: configuration,
    }


def _navigation(platform: Platform, launch_url: str) -> list[dict[str, Any]]:
    """Return the message of links, in Canvas of the one beside a course's own pages.

    Canvas makes one without a place its picker's (instructure/canvas-lms, IMS::Registration, 2024),
    and links that were picked need none.
    """
    message = {"type": "LtiResourceLinkRequest", "target_link_uri": launch_url}
    if platform.product != "canvas":
        return [message]
    if _CANVAS_NAVIGATION not in platform.offered("LtiResourceLinkRequest"):
        return []
    return [{**message, "label": "Cairn", "placements": [CANVAS + _CANVAS_NAVIGATION]}]


def _placements(platform: Platform) -> list[str]:
    """Return where the picker should be offered: all that Canvas lists of ours, else the usual."""
    if platform.product != "canvas":
        return ["ContentArea"]
    offered = platform.offered("LtiDeepLinkingRequest")
    names = [name for name in _CANVAS_PLACEMENTS if name in offered] or _CANVAS_PLACEMENTS[:2]
    return [CANVAS + name for name in names]


def register(platform: Platform, token: str | None, base_url: str) -> Registered:
    """Ask a platform to register us.

    Raises:
        RegistrationTokenError: the token was used or has expired.
        RegistrationRefusedError: it says no, or answers what is no registration.
        OutboundRefusedError: its address is not one we may call.
        OutboundFailedError: no answer.
    """
    headers = {"Accept": "application/json", **_bearer(token)}
    with http.client(max_bytes=_MAX_BYTES) as client:
        answer = client.post(
            platform.registration_endpoint,
            json=tool_registration(platform, base_url),
            headers=headers,
        )
    if answer.status_code in {401, 403}:
        raise RegistrationTokenError(_quoted(answer.content, answer.headers))
    if answer.status_code not in _CREATED:
        said = _quoted(answer.content, answer.headers)
        raise RegistrationRefusedError(
            platform.host,
            said
            or phrase(
                "status %(status_code)s",
                status_code=answer.status_code,
            ),
        )
    try:
        return Registered.model_validate(_json(answer.content))
    except ValueError as error:
        raise RegistrationRefusedError(
            platform.host, phrase("an answer without a client id")
        ) from error


def _bearer(token: str | None) -> dict[str, str]:
    if not token:
        return {}
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise RegistrationTokenError("")
    return {"Authorization": f"Bearer {token}"}


def _json(content: bytes) -> Any:  # noqa: ANN401 - what a stranger sent; its caller checks it
    try:
        document = json.loads(content)
        # Neither a null nor half a character could be stored.
        if b"\\u0000" in json.dumps(document, ensure_ascii=False).encode():
            raise ValueError("a null in a text")
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return document


def _quoted(content: bytes, headers: Mapping[str, str]) -> str:
    """Return the reason in a platform's refusal, for people; empty for a page of HTML."""
    text = content.decode(errors="replace")
    if "json" in headers.get("content-type", ""):
        try:
            said = _json(content)
        except ValueError:
            said = None
        if isinstance(said, Mapping):
            parts = [said.get(name) for name in ("error", "error_description", "message")]
            text = ": ".join(part for part in parts if isinstance(part, str)) or text
    text = quoted(text, MAX_TEXT)
    return "" if text.startswith("<") else text


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url[:MAX_TEXT]
    except ValueError:
        return url[:MAX_TEXT]
