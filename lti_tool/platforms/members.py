"""Names and Role Provisioning: who is in a course.

NRPS 2.0: https://www.imsglobal.org/spec/lti-nrps/v2p0
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from lti_tool.core import http
from lti_tool.core.ids import RegistrationId
from lti_tool.core.language import phrase
from lti_tool.platforms import paging

SCOPE: Final = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
MEDIA_TYPE: Final = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
_ACTIVE: Final = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One person of a course, as the platform tells.

    Attributes:
        subject: the `sub` of their launches.
        role_names: as sent, URIs or short names; `launch.rules.roles_of` reads them.
        active: False for who has left or was suspended. Some platforms write it in capitals.
    """

    subject: str
    role_names: tuple[str, ...]
    active: bool
    name: str | None
    email: str | None


def list_members(
    registration_id: RegistrationId, memberships_url: str, *, resource_link_id: str | None = None
) -> list[Member]:
    """Read all members of a course, or those who see one activity (`rlid`, NRPS 2.0 §3).

    Calls the platform, so never inside a transaction. A list that breaks off is no list: then
    this raises, and nobody is taken for gone.

    Raises:
        ListGoneError, PartialListError, ServiceRefusedError, TokenRefusedError,
        OutboundFailedError: see `paging.pages`; the last one also for a page without members.
    """
    url = memberships_url
    if resource_link_id is not None:
        parts = urlsplit(url)
        query = [*parse_qsl(parts.query, keep_blank_values=True), ("rlid", resource_link_id)]
        url = parts._replace(query=urlencode(query)).geturl()
    found: dict[str, Member] = {}
    for page in paging.pages(registration_id, [SCOPE], url, accept=MEDIA_TYPE):
        members = page.get("members") if isinstance(page, dict) else None
        if not isinstance(members, list):
            raise http.OutboundFailedError(
                phrase("The course site answered with no list of members.")
            )
        for each in members:
            member = _read(each)
            if member is not None:
                found[member.subject] = member
    return list(found.values())


def _read(each: object) -> Member | None:
    """Read one member; None for an entry without an id, which no launch could belong to."""
    if not isinstance(each, dict):
        return None
    values: dict[str, Any] = each
    subject, roles = values.get("user_id"), values.get("roles")
    if not isinstance(subject, str) or not subject:
        return None
    return Member(
        subject=subject,
        role_names=tuple(role for role in roles if isinstance(role, str))
        if isinstance(roles, list)
        else (),
        active=str(values.get("status") or _ACTIVE).lower() == _ACTIVE,
        name=_text(values.get("name")),
        email=_text(values.get("email")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
