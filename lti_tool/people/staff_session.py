"""The session of staff who signed in without an LMS: a cookie, and who it stands for.

Pages of staff live under `/desk/<slug>/…`, in a window of their own. The cookie is Lax, so
that no other site's page sends it along with a change.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast
from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from lti_tool.core import clock, speaking, web
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId, StaffId
from lti_tool.core.secret import hash_of
from lti_tool.people import own_reading, queries
from lti_tool.people.errors import NotForYourStaffRoleError, SignedOutError
from lti_tool.people.rules import Act, Role, may
from lti_tool.people.services import OpenedSession
from lti_tool.people.window_cookies import Claimed, end_cookie, keep_session, read_session

View = Callable[..., ResponseReturnValue]

COOKIE = "__Host-cairn-staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentStaff:
    """Who is signed in, where, and in which roles."""

    staff_id: StaffId
    session_id: UUID
    institution_id: InstitutionId
    institution_slug: str
    institution_name: str
    name: str
    roles: frozenset[Role]

    @property
    def actor(self) -> Actor:
        """Return them as the audit trail names them."""
        return Actor("staff", self.staff_id)

    def may(self, act: Act) -> bool:
        """Tell whether to offer `act`; the act's own page asks again."""
        return may(self.roles, act)


def staff_page(act: Act) -> Callable[[View], View]:
    """Guard a view of staff: `view(here, **url_args)`, at an address with `<slug>`.

    Somebody of this institution is signed in, a changing request comes from one of our own
    pages, and their roles allow `act`, which the view then carries as its attribute `act`.
    Who is not signed in is asked to, and comes back.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(slug: str, **url_args: Any) -> ResponseReturnValue:  # noqa: ANN401 - whatever the address has
            found = _find(slug)
            if found is None:
                if request.method not in {"GET", "HEAD"}:
                    raise SignedOutError
                back = request.full_path.rstrip("?")
                return redirect(url_for("people.choose_provider", slug=slug, next=back), 303)
            here, secret = found
            web.bind_csrf(secret)
            web.check_csrf()
            chosen = speaking.take_choice(
                lambda kept: own_reading.keep_of_staff(here.institution_id, here.staff_id, kept)
            )
            if chosen is not None:
                return chosen
            if not may(here.roles, act):
                if request.endpoint == web.page("desk") and may(here.roles, Act.ADMINISTER):
                    # Everybody signs in to the same address; theirs is another first page.
                    return redirect(url_for(web.page("administration"), slug=slug), 303)
                raise NotForYourStaffRoleError
            return view(here, **url_args)

        cast("Any", guarded).act = act
        speaking.leave_choice_to(guarded)
        return guarded

    return decorate


def _find(slug: str) -> tuple[CurrentStaff, str] | None:
    claimed = read_session(COOKIE)
    if claimed is None:
        return None
    institution_id, session_id, secret = claimed
    with transaction(institution_id) as session:
        found = queries.find_signed_in(session, session_id, clock.now())
    if found is None:
        return None
    opened, staff, place = found
    if place.slug != slug or not hmac.compare_digest(opened.secret_hash, hash_of(secret)):
        return None
    zones = speaking.Zones(staff.zone, staff.reported_zone, place.zone)
    speaking.prefer(staff.language, known=zones)
    here = CurrentStaff(
        staff_id=staff.id,
        session_id=opened.id,
        institution_id=place.id,
        institution_slug=place.slug,
        institution_name=place.name,
        name=staff.name or staff.email or "You",
        roles=frozenset(map(Role, staff.roles)),
    )
    return here, secret


def remember(response: Response, institution_id: InstitutionId, opened: OpenedSession) -> None:
    """Sign this browser in until it is closed, or the session ends."""
    keep_session(response, COOKIE, Claimed(institution_id, opened.id, opened.secret))


def forget(response: Response) -> None:
    """Have this browser forget who was signed in."""
    end_cookie(response, COOKIE)
