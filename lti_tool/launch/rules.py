"""What an id_token must say to be believed, and what its roles mean. Pure.

OpenID Connect Core 1.0 §3.1.3.7, 1EdTech Security Framework 1.0 §5.1.3, LTI Core 1.3 §5.3.
"""

import hmac
import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from lti_tool.core.secret import hash_of
from lti_tool.launch.errors import MessageRefusedError, Reason
from lti_tool.people.rules import Role

# Clocks of platforms are off by seconds; one that is off by minutes should be mended.
LEEWAY = timedelta(seconds=60)
# A platform signs when it sends: minutes are plenty, and a stolen token is old.
MAX_AGE = timedelta(minutes=5)

_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
_INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
_SYSTEM = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"
_TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"

_IN_COURSE = {
    "Learner": Role.LEARNER,
    "Instructor": Role.INSTRUCTOR,
    "ContentDeveloper": Role.CONTENT_DEVELOPER,
    "Administrator": Role.ADMINISTRATOR,
}
# Who teaches somewhere does not teach here: outside the course only these say anything.
_ELSEWHERE = {
    f"{_INSTITUTION}Learner": Role.LEARNER,
    f"{_INSTITUTION}Student": Role.LEARNER,
    f"{_INSTITUTION}Administrator": Role.ADMINISTRATOR,
    f"{_SYSTEM}Administrator": Role.ADMINISTRATOR,
    f"{_SYSTEM}SysAdmin": Role.ADMINISTRATOR,
}
_OUTSIDE = (_INSTITUTION, _SYSTEM)
# What an institution may decide that a role counts as. Never a test user's: that is the
# platform's to say, and never staff's: see people.rules.
NO_ROLE = "none"
_MAPPED = {role.value: role for role in _IN_COURSE.values()}
GIVEN_ROLES = (*_MAPPED, NO_ROLE)
_NO_MAP: Mapping[str, str] = MappingProxyType({})


def check_issuer(claims: Mapping[str, Any], issuer: str, client_id: str) -> None:
    """Refuse a token by another platform, or for another tool than the login was for.

    Raises:
        MessageRefusedError: ISSUER, AUDIENCE or AUTHORIZED_PARTY.
    """
    if claims.get("iss") != issuer:
        raise MessageRefusedError(Reason.ISSUER)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise MessageRefusedError(Reason.AUDIENCE)
    party = claims.get("azp")
    if party is None and len(audiences) > 1:
        raise MessageRefusedError(Reason.AUTHORIZED_PARTY)
    if party is not None and party != client_id:
        raise MessageRefusedError(Reason.AUTHORIZED_PARTY)


def check_times(claims: Mapping[str, Any], now: datetime) -> None:
    """Refuse a token that has expired, is from the future, or was made long ago.

    Raises:
        MessageRefusedError: NO_TIMES, EXPIRED, NOT_YET_VALID or TOO_OLD.
    """
    instant, leeway = now.timestamp(), LEEWAY.total_seconds()
    issued, expires = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
    if issued is None or expires is None:
        raise MessageRefusedError(Reason.NO_TIMES)
    if expires + leeway <= instant:
        raise MessageRefusedError(Reason.EXPIRED)
    named = claims.get("nbf")
    begins = issued if named is None else _seconds(named)
    if begins is None:
        raise MessageRefusedError(Reason.NO_TIMES, "nbf")
    begins = max(begins, issued)
    if begins - leeway > instant:
        raise MessageRefusedError(Reason.NOT_YET_VALID)
    if issued + MAX_AGE.total_seconds() + leeway < instant:
        raise MessageRefusedError(Reason.TOO_OLD)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None


def check_nonce(claims: Mapping[str, Any], nonce_hash: bytes) -> None:
    """Refuse a token that does not answer this very login.

    Raises:
        MessageRefusedError: NONCE.
    """
    nonce = claims.get("nonce")
    if not isinstance(nonce, str):
        raise MessageRefusedError(Reason.NONCE)
    if not hmac.compare_digest(hash_of(nonce), nonce_hash):
        raise MessageRefusedError(Reason.NONCE)


def check_target_link(claim: object, target_link_hash: bytes) -> None:
    """Refuse a token for another address than the login's: the very value (LTI Core 1.3 §5.3.4).

    Raises:
        MessageRefusedError: TARGET_LINK.
    """
    if not isinstance(claim, str) or not hmac.compare_digest(hash_of(claim), target_link_hash):
        raise MessageRefusedError(Reason.TARGET_LINK)


def roles_of(names: Iterable[str], role_map: Mapping[str, str] = _NO_MAP) -> frozenset[Role]:
    """Read the roles of a message (LTI Core 1.3 §5.3.7 and appendix A).

    A role in the course decides alone: platforms send the roles at the institution along, and a
    lecturer may be somebody's student. Only without one counts what somebody is elsewhere.
    A sub-role counts as its principal role; an unknown role as nothing.

    Args:
        names: as the platform sent them.
        role_map: for a name, exactly as sent, the role of ours that the institution decided on;
            NO_ROLE gives none. Roles of the specification keep their place, in the course or
            elsewhere; a platform's own roles count as roles in the course.
    """
    inside: set[Role] = set()
    elsewhere: set[Role] = set()
    for name in (names := tuple(names)):
        place = elsewhere if name.startswith(_OUTSIDE) else inside
        role = _MAPPED.get(role_map[name]) if name in role_map else _meaning_of(name)
        place |= {role} if role is not None else set()
    return frozenset((inside or elsewhere) | ({Role.TEST_USER} if _TEST_USER in names else set()))


def _meaning_of(name: str) -> Role | None:
    return _ELSEWHERE.get(name) or _IN_COURSE.get(_course_role(name))


def roles_of_nobody(roles: frozenset[Role]) -> frozenset[Role]:
    """Return what somebody without a name may be: at most a visitor who tries things.

    Results, grades and placing are for people who can be asked about it afterwards.
    """
    trying = {Role.LEARNER, Role.TEST_USER}
    return frozenset({Role.TEST_USER}) if roles & trying else frozenset()


def return_address(url: str, *, message: str, code: str) -> str:
    """Return where to go back to, with what went wrong (LTI Core 1.3 §5.4.4).

    Args:
        url: the platform's return address, with or without a query of its own.
        message: for the person.
        code: for the platform's log.
    """
    parts = urlsplit(url)
    told = [("lti_errormsg", message), ("lti_errorlog", code)]
    query = [*parse_qsl(parts.query, keep_blank_values=True), *told]
    return parts._replace(query=urlencode(query)).geturl()


def _course_role(name: str) -> str:
    """Return "Instructor" for its URI, its sub-roles' URIs and its short name."""
    if not name.startswith(_MEMBERSHIP):
        return name
    rest = name.removeprefix(_MEMBERSHIP)
    if rest.startswith("#"):
        return rest[1:]
    return rest[1:].partition("#")[0] if rest.startswith("/") and "#" in rest else ""
