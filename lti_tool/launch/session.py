"""The session of a launch: a public id in the address and a cookie bound to it.

One browser may hold several launches, of several people, each in its own tab. The cookie is
partitioned (CHIPS), so that it comes back inside the LMS's page.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from lti_tool.core import clock, settings, speaking, web
from lti_tool.core.db import look_up_in, run_in, uuid_or_none
from lti_tool.core.driver import Statement, statement
from lti_tool.core.ids import (
    ContextId,
    DeploymentId,
    InstitutionId,
    LaunchId,
    RegistrationId,
    ResourceLinkId,
    UserId,
)
from lti_tool.core.lookup import lookup
from lti_tool.core.secret import hash_of
from lti_tool.launch.errors import LaunchEndedError, NotForYourRoleError
from lti_tool.people import own_reading
from lti_tool.people.rules import Act, Role, may
from lti_tool.platforms import quirks
from lti_tool.platforms.rules import frames, origins_of

View = Callable[..., ResponseReturnValue]

PREFIX = "__Host-cairn-"
# Browsers keep about 10 KB of cookies per site and partition, and drop the oldest unasked; ours
# are 150 bytes each, those of logins under way some 190.
MOST_COOKIES = 20
# An expiry is moved only when this much of it is gone: a page view should not cost a write.
_STEP = timedelta(minutes=15)
# `document_target`; most platforms leave it out (LTI Core 1.3 §5.4.4).
_IN_FRAMES = (None, "iframe", "frame")
_INSIDE = "; Secure; HttpOnly; Path=/; SameSite=None; Partitioned"
_OVER = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"
_LAUNCH_COOKIE = re.compile(re.escape(PREFIX) + "[0-9a-f]{32}")

# Past the ORM: this is on every page view. A deployment that was given to another institution
# takes its sessions along to the end.
_LOAD = """
    SELECT l.institution_id, l.registration_id, l.deployment_id, l.user_id, l.context_id,
        l.resource_link_id, l.message_type, l.roles, l.placement_token, l.settings,
        encode(l.secret_hash, 'hex') AS secret_hash, l.expires_at, r.issuer, r.auth_url,
        r.token_url, r.product, d.frame_origins, d.learnt_origins, u.is_visitor, u.language, u.zone,
        u.reported_zone, i.zone AS place_zone, {also} AS also
    FROM launches AS l
    JOIN institutions AS i ON i.id = l.institution_id
    JOIN users AS u ON u.institution_id = l.institution_id AND u.id = l.user_id
    JOIN registrations AS r ON r.id = l.registration_id
    JOIN deployments AS d ON d.id = l.deployment_id
    WHERE l.id = :id AND d.institution_id = l.institution_id
"""
_PROLONG = statement("UPDATE launches SET expires_at = :expires_at WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Also:
    """What a page asks the database for along with its session, in the same round trip.

    Attributes:
        query: finds one row at most, of the launch `l`.
        switches: for it, as `core.db.switch` sets them.
    """

    query: str
    switches: Mapping[str, str]


_NOTHING = Also("SELECT NULL WHERE false", MappingProxyType({}))


def _session_and(also: Also) -> Statement:
    query = f"(SELECT to_json(also) FROM ({also.query}) AS also)"  # noqa: S608 - a page's own words
    return lookup(_LOAD.format(also=query))


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentLaunch:
    """Who is here, by which verified message, and in what role.

    Attributes:
        placement_token: as the platform sent it: a claim until `placement_token.read` agrees.
        settings: `deep_linking` (the request's settings, as sent), `return_url`, `locale` and
            `document_target`, each only if the message had it.
        expires_at: aware; a page view moves it.
        also: the row that the page asked for, by names, as a lookup reads it.
    """

    launch_id: LaunchId
    institution_id: InstitutionId
    registration_id: RegistrationId
    deployment_id: DeploymentId
    user_id: UserId
    context_id: ContextId | None
    resource_link_id: ResourceLinkId | None
    message_type: str
    roles: frozenset[Role]
    placement_token: str | None
    settings: dict[str, Any]
    expires_at: datetime
    also: Mapping[str, Any] | None = None


def launch_page(act: Act, also: Also = _NOTHING) -> Callable[[View], View]:
    """Guard a view of a launch: `view(here, **url_args)`, at an address with `<uuid:launch_id>`.

    The session is found and alive, a changing request comes from one of our own pages, and the
    person's roles allow `act`, which the view then carries as its attribute `act`.
    """
    asked = _session_and(also)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(launch_id: UUID, **url_args: Any) -> ResponseReturnValue:  # noqa: ANN401 - whatever the address has
            here = _enter(LaunchId(launch_id), asked, also.switches)
            chosen = speaking.take_choice(
                lambda kept: own_reading.keep_of_user(here.institution_id, here.user_id, kept)
            )
            if chosen is not None:
                return chosen
            if not may(here.roles, act):
                raise NotForYourRoleError(here.settings.get("return_url"))
            return view(here, **url_args)

        cast("Any", guarded).act = act
        speaking.leave_choice_to(guarded)
        return guarded

    return decorate


def _enter(launch_id: LaunchId, asked: Statement, switches: Mapping[str, str]) -> CurrentLaunch:
    # Until the launch is known, so is not whose page this is in. What is shown then is an error
    # page without any authority, and it must be seen.
    web.frame_ancestors(("*",))
    institution, _, secret = request.cookies.get(cookie_name(launch_id), "").partition(".")
    institution_id = uuid_or_none(institution)
    if institution_id is None or not secret:
        raise LaunchEndedError
    row = look_up_in(InstitutionId(institution_id), asked, {"id": launch_id}, switches)
    if row is None or not hmac.compare_digest(row["secret_hash"], hash_of(secret).hex()):
        raise LaunchEndedError
    here = _current(launch_id, row)
    now = clock.now()
    if here.expires_at <= now:
        raise LaunchEndedError(here.settings.get("return_url"))
    _speak_to(row)
    expires_at = expiry(now)
    if expires_at - here.expires_at > _STEP:
        run_in(here.institution_id, _PROLONG, {"id": launch_id, "expires_at": expires_at})
    web.frame_ancestors(_framed_by(row))
    web.bind_csrf(secret)
    web.check_csrf()
    return here


def _current(launch_id: LaunchId, row: Mapping[str, Any]) -> CurrentLaunch:
    context_id, link_id = row["context_id"], row["resource_link_id"]
    return CurrentLaunch(
        launch_id=launch_id,
        institution_id=InstitutionId(UUID(row["institution_id"])),
        registration_id=RegistrationId(UUID(row["registration_id"])),
        deployment_id=DeploymentId(UUID(row["deployment_id"])),
        user_id=UserId(UUID(row["user_id"])),
        context_id=None if context_id is None else ContextId(UUID(context_id)),
        resource_link_id=None if link_id is None else ResourceLinkId(UUID(link_id)),
        message_type=row["message_type"],
        roles=frozenset(map(Role, row["roles"])),
        placement_token=row["placement_token"],
        settings=row["settings"],
        expires_at=datetime.fromisoformat(row["expires_at"]),
        also=row["also"],
    )


def _speak_to(row: Mapping[str, Any]) -> None:
    """Speak as the person of a session reads: a visitor may be anybody, so their browser says."""
    locale = row["settings"].get("locale")
    if row["is_visitor"]:
        speaking.prefer(row["language"] or speaking.remembered(), locale)
    else:
        zones = speaking.Zones(row["zone"], row["reported_zone"], row["place_zone"])
        speaking.prefer(row["language"], locale, zones)


def _framed_by(row: Mapping[str, Any]) -> tuple[str, ...]:
    addresses = (row["auth_url"], row["issuer"], row["token_url"], *row["frame_origins"])
    own = quirks.origins(row["product"], addresses)
    more = frames(row["learnt_origins"], framed_by(row["settings"]))
    return tuple(dict.fromkeys((*own, *more)))


def framed_by(launch_settings: dict[str, Any]) -> tuple[str, ...]:
    """Return the origins a message says its page is at, beyond those of its registration.

    A school's own host name for a hosted LMS is in no registration; the platform signed it.
    """
    return origins_of((launch_settings.get("return_url"), _picked_at(launch_settings)))


def frames_said_by(launch_settings: dict[str, Any]) -> tuple[str, ...]:
    """Return those of them that say where the platform's frames are: not where its windows are."""
    is_framed = launch_settings.get("document_target") in _IN_FRAMES
    return origins_of(
        (launch_settings.get("return_url") if is_framed else None, _picked_at(launch_settings))
    )


def _picked_at(launch_settings: dict[str, Any]) -> str | None:
    url = (launch_settings.get("deep_linking") or {}).get("deep_link_return_url")
    # Read and checked in a message that asks for something to place; kept from others as sent.
    return url if isinstance(url, str) else None


def expiry(now: datetime) -> datetime:
    """Return until when a launch used at `now` stays usable."""
    return now + timedelta(hours=settings.current().session_hours)


def cookie_name(launch_id: LaunchId) -> str:
    """Return the name of the cookie that belongs to a launch."""
    return f"{PREFIX}{launch_id.hex}"


def set_cookie(response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
    """Set a cookie that comes back inside the LMS's page and nowhere else.

    Without `max_age` (seconds) it ends with the browser, as on a computer in a library it should.

    Args:
        response: that carries it.
        name: of the cookie.
        value: ours, of letters that need no quoting.
        max_age: in seconds.
    """
    lasts = "" if max_age is None else f"; Max-Age={max_age}"
    response.headers.add("Set-Cookie", f"{name}={value}{lasts}{_INSIDE}")


def end_cookie(response: Response, name: str) -> None:
    """Have the browser forget a cookie set by `set_cookie`."""
    response.headers.add("Set-Cookie", f"{name}=; {_OVER}{_INSIDE}")


def remember(
    response: Response, launch_id: LaunchId, institution_id: InstitutionId, secret: str
) -> None:
    """Bind a new launch to this browser, and let go of its oldest ones."""
    set_cookie(response, cookie_name(launch_id), f"{institution_id}.{secret}")
    # UUIDv7: the names of launches sort by time.
    held = sorted(name for name in request.cookies if _LAUNCH_COOKIE.fullmatch(name))
    for name in held[: max(0, len(held) + 1 - MOST_COOKIES)]:
        end_cookie(response, name)
