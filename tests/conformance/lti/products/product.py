"""The form in which a product's habits are written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lti_tool.campus.claims import DEEP_LINKING

COURSE: Final = "http://purl.imsglobal.org/vocab/lis/v2/membership"
INSTITUTION: Final = "http://purl.imsglobal.org/vocab/lis/v2/institution/person"
SYSTEM: Final = "http://purl.imsglobal.org/vocab/lis/v2/system/person"
TEST_USER: Final = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"
AGS: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/"
SETTINGS: Final = f"{DEEP_LINKING}deep_linking_settings"
OFFERING: Final = "http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"

Claims = Mapping[str, Any]


def scopes(*names: str) -> list[str]:
    """Return the scopes of AGS by their last words."""
    return [AGS + name for name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What has to be known after a student opened the activity."""

    subject: str
    name: str | None
    email: str | None
    sis_id: str | None
    course: tuple[str, str | None, str | None] | None
    link: tuple[str, str | None]
    line_item: str | None
    line_items: str | None
    members: str | None
    settings: Claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the answer to a deep linking request may hold, by the request's settings."""

    several: bool
    windows: bool
    columns: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product's habits.

    Attributes:
        code: as registrations name the product.
        login_by: the method by which the browser comes to our login.
        login: what the login says beside `iss` and `target_link_uri`.
        answer: what the form says beside `state` and `id_token`.
        lifetime_s: `exp` minus `iat`.
        key_members: of a public key, beside `kty`, `n`, `e` and `kid`.
        audience_is_list: `aud` of a message.
        names_party: messages carry `azp`.
        names_begin: messages carry `nbf`.
        common: claims of every message.
        link: those of a launch from an activity.
        placing: those of a deep linking request.
        people: roles as sent, and the roles of ours that they come to.
        data: what the answer to a deep linking request has to echo; None: nothing.
        return_url: where that answer has to be posted.
    """

    code: str
    issuer: str
    auth_url: str
    token_url: str
    jwks_url: str
    client_id: str
    deployment_id: str
    login_by: str
    login: Mapping[str, str]
    answer: Mapping[str, str] = field(default_factory=dict)
    lifetime_s: int
    key_members: Claims
    audience_is_list: bool = False
    names_party: bool = False
    names_begin: bool = False
    common: Claims
    link: Claims
    placing: Claims
    people: Mapping[str, tuple[list[str], list[str]]]
    kept: Kept
    taken: Taken
    data: str | None
    return_url: str
