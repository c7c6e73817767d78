"""Trying what a platform lets us do, for whoever has to tick there what is missing."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.core import clock, http
from lti_tool.core.db import transaction
from lti_tool.core.errors import ToolError
from lti_tool.core.ids import InstitutionId, RegistrationId
from lti_tool.core.language import phrase
from lti_tool.launch.platform_description import SCOPES
from lti_tool.platforms import nrps, queries, quirks, service_client
from lti_tool.platforms.errors import TokenRefusedError
from lti_tool.platforms.models import Context, Deployment, Registration
from lti_tool.platforms.rules import belongs, http_date

LINE_ITEMS: Final = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
_LINE_ITEMS_TYPE: Final = "application/vnd.ims.lis.v2.lineitemcontainer+json"
_MAX_BYTES: Final = 5_000_000
# Messages of a platform whose clock differs by more are refused (Security Framework 1.0 §5.1.3).
SKEW_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one trial showed.

    Attributes:
        kind: `ok`, `warn` (not tried, or to be watched) or `bad`.
        words: what is so, and what to do about it.
    """

    title: str
    kind: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    title: str | None
    roster_url: str | None
    line_items_url: str | None


def examine(institution_id: InstitutionId, registration_id: RegistrationId) -> list[Finding]:
    """Try keys, tokens, roster and line items of a platform. Calls it: not in a transaction.

    Nothing of the answers is kept.

    Raises:
        NotFoundError: no such registration.
    """
    with transaction(institution_id) as session:
        registration = queries.get_registration(session, registration_id)
        course = _find_course(session, registration_id)
    return [
        *_try_keys(registration),
        *_try_tokens(registration),
        *_try_course(registration, course),
    ]


def _find_course(session: Session, registration_id: RegistrationId) -> _Course | None:
    """Return the course seen last of this registration, one with services if there is any."""
    row = session.execute(
        select(Context.title, Context.memberships_url, Context.line_items_url)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .where(Deployment.registration_id == registration_id)
        .order_by(
            Context.memberships_url.is_(None), Context.line_items_url.is_(None), Context.id.desc()
        )
        .limit(1)
    ).one_or_none()
    return row and _Course(title=row[0], roster_url=row[1], line_items_url=row[2])


def _try_keys(registration: Registration) -> list[Finding]:
    try:
        answer = http.get(registration.jwks_url, max_bytes=_MAX_BYTES, accept="application/json")
        found = answer.json()["keys"]
        number = len(found)
    except ToolError as error:
        return [Finding(title=phrase("Keys"), kind="bad", words=error.sentence)]
    except (ValueError, KeyError, TypeError, RecursionError):
        words = phrase("Its address of keys answers with something else. Check it on both sides.")
        return [Finding(title=phrase("Keys"), kind="bad", words=words)]
    return [
        Finding(
            title=phrase("Keys"),
            kind="ok",
            words=phrase(
                "Its address of keys shows %(value)s.",
                value=number,
            ),
        ),
        *_skew(answer),
    ]


def _skew(answer: httpx.Response) -> list[Finding]:
    said = http_date(answer.headers.get("date", ""))
    if said is None:
        return []
    seconds = round((said - clock.now()).total_seconds())
    if abs(seconds) <= SKEW_SECONDS:
        words = phrase(
            "Its clock and ours differ by %(seconds)s seconds.",
            seconds=abs(seconds),
        )
        return [Finding(title=phrase("Clock"), kind="ok", words=words)]
    words = (
        phrase(
            "Its clock is %(seconds)s seconds ahead: its messages will be refused. "
            "One of the two servers needs its time set.",
            seconds=abs(seconds),
        )
        if seconds > 0
        else phrase(
            "Its clock is %(seconds)s seconds behind: its messages will be refused. "
            "One of the two servers needs its time set.",
            seconds=abs(seconds),
        )
    )
    return [Finding(title=phrase("Clock"), kind="bad", words=words)]


def _try_tokens(registration: Registration) -> list[Finding]:
    """Ask for every service by itself: a platform that lacks one may refuse a request for all."""
    missing, began = [], time.monotonic()
    for scope, service in SCOPES.items():
        try:
            service_client.probe(registration.id, [scope])
        except TokenRefusedError as error:
            missing.append((scope, service, error.sentence))
        except ToolError as error:
            return [Finding(title=phrase("Tokens"), kind="bad", words=error.sentence)]
    took = (time.monotonic() - began) / len(SCOPES)
    if len(missing) == len(SCOPES):
        words = phrase(
            "It gives no token for any service. %(missing)s. Look whether Cairn is enabled "
            "there, and whether its key set address is ours.",
            missing=missing[0][2],
        )
        return [Finding(title=phrase("Tokens"), kind="bad", words=words)]
    findings = [
        Finding(
            title=phrase("Tokens"),
            kind="ok",
            words=phrase(
                "A token takes %(f)s seconds on average.",
                f=f"{took:.1f}",
            ),
        )
    ]
    findings += [
        Finding(
            title=phrase(
                "Not allowed: %(service)s",
                service=service,
            ),
            kind="bad",
            words=_what_to_tick(registration, scope),
        )
        for scope, service, _ in missing
    ]
    return findings


def _what_to_tick(registration: Registration, scope: str) -> str:
    """Return what the administrator of the LMS has to do for a service, in its own words."""
    tick = quirks.quirks_of(registration.product).tick_of(scope)
    if tick:
        return phrase(
            "The administrator of %(name)s has to allow the scope %(scope)s. "
            "There it is called “%(tick)s”.",
            name=registration.name,
            scope=scope,
            tick=tick,
        )
    return phrase(
        "The administrator of %(name)s has to allow the scope %(scope)s.",
        name=registration.name,
        scope=scope,
    )


def _try_course(registration: Registration, course: _Course | None) -> list[Finding]:
    if course is None:
        words = phrase("Nobody has opened Cairn from a course yet. Open it once, then test again.")
        return [Finding(title=phrase("Roster and gradebook"), kind="warn", words=words)]
    name = course.title or phrase("the course opened last")
    return [
        _try_list(
            registration,
            course.roster_url,
            nrps.SCOPE,
            nrps.MEDIA_TYPE,
            title=phrase(
                "Roster of %(name)s",
                name=name,
            ),
        ),
        _try_list(
            registration,
            course.line_items_url,
            LINE_ITEMS,
            _LINE_ITEMS_TYPE,
            title=phrase(
                "Gradebook of %(name)s",
                name=name,
            ),
        ),
    ]


def _try_list(
    registration: Registration, url: str | None, scope: str, media_type: str, *, title: str
) -> Finding:
    if url is None:
        words = phrase(
            "Launches from there do not offer this service. It has to be allowed in the LMS."
        )
        return Finding(title=title, kind="bad", words=words)
    own = (registration.issuer, registration.auth_url, registration.token_url)
    if not belongs(url, quirks.origins(registration.product, own)):
        return Finding(
            title=title, kind="bad", words=phrase("Its address is not one of the platform's.")
        )
    try:
        token = service_client.probe(registration.id, [scope])
        with http.client(max_bytes=_MAX_BYTES) as client:
            answer = client.get(
                url,
                headers={
                    "Accept": media_type,
                    "Authorization": f"Bearer {token}",
                },
            )
    except ToolError as error:
        return Finding(title=title, kind="bad", words=error.sentence)
    number = _number(answer)
    if number is None:
        words = phrase(
            "It answers %(status_code)s, without the list. Ask what its log says.",
            status_code=answer.status_code,
        )
        return Finding(title=title, kind="bad", words=words)
    return Finding(
        title=title,
        kind="ok",
        words=phrase(
            "It answers, with %(value)s on the first page.",
            value=number,
        ),
    )


def _number(answer: httpx.Response) -> int | None:
    """Return how many members or columns an answer lists; None if it is no list."""
    if not answer.is_success:
        return None
    try:
        document = answer.json()
    except (ValueError, RecursionError):
        return None
    listed = document.get("members") if isinstance(document, Mapping) else document
    return len(listed) if isinstance(listed, list) else None
