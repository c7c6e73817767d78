"""The session of somebody who came by a link in an e-mail: a cookie, and who it stands for.

Their pages live under `/my/<slug>/…`, in a window of their own; they may do what concerns
themselves, as in a launch as a learner. The cookie is Lax, so that no other site's page sends it
along with a change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast
from uuid import UUID

from flask import redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from lti_tool.core import clock, speaking, web
from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId, PersonId
from lti_tool.people import mail_access, own_reading
from lti_tool.people.errors import NotForYourStaffRoleError, SignedOutError
from lti_tool.people.mail_access import OpenedSession
from lti_tool.people.rules import Act, Role, may
from lti_tool.people.window_cookies import Claimed, end_cookie, keep_session, read_session

View = Callable[..., ResponseReturnValue]

COOKIE = "__Host-cairn-learner"
ROLES = frozenset({Role.LEARNER})


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentLearner:
    """Who is here, by an address they confirmed."""

    session_id: UUID
    institution_id: InstitutionId
    institution_slug: str
    institution_name: str
    person_id: PersonId
    address: str


def learner_page(act: Act) -> Callable[[View], View]:
    """Guard a view of a learner without an LMS: `view(here, **url_args)`, at `/my/<slug>/…`.

    Somebody is signed in at this institution, a changing request comes from one of our own pages,
    and learners may do `act`, which the view then carries as its attribute `act`. Who is not
    signed in is led to where a link can be asked for.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(slug: str, **url_args: Any) -> ResponseReturnValue:  # noqa: ANN401 - whatever the address has
            found = _find(slug)
            if found is None:
                if request.method not in {"GET", "HEAD"}:
                    raise SignedOutError
                return redirect(f"/my/{slug}/sign-in", 303)
            here, secret = found
            web.bind_csrf(secret)
            web.check_csrf()
            chosen = speaking.take_choice(
                lambda kept: own_reading.keep_of_person(here.institution_id, here.person_id, kept)
            )
            if chosen is not None:
                return chosen
            if not may(ROLES, act):
                raise NotForYourStaffRoleError
            return view(here, **url_args)

        cast("Any", guarded).act = act
        speaking.leave_choice_to(guarded)
        return guarded

    return decorate


def _find(slug: str) -> tuple[CurrentLearner, str] | None:
    claimed = read_session(COOKIE)
    if claimed is None:
        return None
    institution_id, session_id, secret = claimed
    with transaction(institution_id) as session:
        found = mail_access.find_session(session, session_id, secret, clock.now())
        if found is None or found[1].slug != slug:
            return None
        opened, place, language = found
        zones = own_reading.zones_of(session, opened.person_id)
    speaking.prefer(language, known=zones)
    here = CurrentLearner(
        session_id=opened.id,
        institution_id=place.id,
        institution_slug=place.slug,
        institution_name=place.name,
        person_id=opened.person_id,
        address=opened.address,
    )
    return here, secret


def remember(response: Response, institution_id: InstitutionId, opened: OpenedSession) -> None:
    """Sign this browser in until it is closed, or the session ends."""
    keep_session(response, COOKIE, Claimed(institution_id, opened.id, opened.secret))


def forget(response: Response) -> None:
    """Have this browser forget who was signed in."""
    end_cookie(response, COOKIE)
