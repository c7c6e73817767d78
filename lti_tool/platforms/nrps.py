"""Names and Role Provisioning Services 2.0: who is in a course, by the platform's word.

Spec: https://www.imsglobal.org/spec/lti-nrps/v2p0
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lti_tool.core.errors import InvalidRequestError
from lti_tool.core.ids import RegistrationId
from lti_tool.core.language import phrase
from lti_tool.core.quoting import quoted
from lti_tool.platforms import paging
from lti_tool.platforms.errors import PartialListError

SCOPE: Final = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
MEDIA_TYPE: Final = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
_MAX_TEXT: Final = 500
_MAX_IDENTIFIER: Final = 255  # LTI Core 1.3 §5.3: those of launches
_MAX_ROLES: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One person in a course.

    Attributes:
        subject: the platform's `sub` for the person.
        roles: as sent: URIs, or short names (Moodle 4.5).
        is_active: False for who is suspended, or has left.
    """

    subject: str
    name: str | None
    roles: tuple[str, ...]
    is_active: bool


def read_members(body: object) -> list[Member]:
    """Return the members of one page.

    Raises:
        InvalidRequestError: the body is no membership container.
    """
    members = body.get("members") if isinstance(body, Mapping) else None
    if not isinstance(members, list):
        raise InvalidRequestError(phrase("the platform's members are not a list"))
    entries = [(_subject(entry), entry) for entry in members if isinstance(entry, Mapping)]
    return [_member(subject, entry) for subject, entry in entries if subject is not None]


def _subject(entry: Mapping[str, object]) -> str | None:
    """Return an id as launches have it, or None: nobody can have come by another."""
    value = entry.get("user_id")
    subject = str(value) if isinstance(value, str | int) else ""
    return subject if subject.isprintable() and 0 < len(subject) <= _MAX_IDENTIFIER else None


def _member(subject: str, entry: Mapping[str, object]) -> Member:
    roles, status = entry.get("roles"), entry.get("status")
    parts = (entry.get("given_name"), entry.get("family_name"))
    name = entry.get("name") or " ".join(part for part in parts if isinstance(part, str))
    shown = quoted(name, _MAX_TEXT) if isinstance(name, str) else ""
    return Member(
        subject=subject,
        name=shown or None,
        roles=tuple(filter(_is_role, roles))[:_MAX_ROLES] if isinstance(roles, list) else (),
        # Left out means Active (NRPS 2.0 §3.2); some write it in capitals.
        is_active=not isinstance(status, str) or status.casefold() == "active",
    )


def _is_role(role: object) -> bool:
    return isinstance(role, str) and len(role) <= _MAX_TEXT and role.isprintable()


def read_course(registration_id: RegistrationId, memberships_url: str) -> list[Member]:
    """Return everybody in a course, each once; calls the platform.

    Raises:
        PartialListError: not everybody could be read, or nobody is there.
        ListGoneError: there is no such course any more.
        ServiceRefusedError: the platform does not let us read it, or not so many.
        InvalidRequestError: the answer is no list of members.
        TokenRefusedError: it gives no token for it.
        OutboundFailedError: it does not answer, or not with JSON. Temporary.
    """
    found: dict[str, Member] = {}
    for page in paging.pages(registration_id, (SCOPE,), memberships_url, accept=MEDIA_TYPE):
        members = read_members(page)
        if found and members and all(member.subject in found for member in members):
            raise PartialListError(phrase("The course site's list of members repeats itself."))
        found |= {member.subject: member for member in members}
    if not found:  # a course has a teacher at least
        raise PartialListError(phrase("The course site's list of members is empty."))
    return list(found.values())
