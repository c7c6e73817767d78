"""Staff sign in and out: `/staff/<slug>/…`.

What an answer of the identity provider has to match lies, encrypted, in a cookie of the browser
that began; it is let go of with the first answer.
"""

import json
from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.core import clock, keys, logs, settings, web
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.errors import NotFoundError, ToolError
from lti_tool.people import queries, services
from lti_tool.people.errors import Reason, SignInRefusedError
from lti_tool.people.openid_connect import Pending
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, forget, remember, staff_page
from lti_tool.people.window_cookies import end_cookie, set_cookie
from lti_tool.platforms.models import Institution
from lti_tool.platforms.queries import get_institution_by_slug

PENDING_COOKIE = "__Host-cairn-sign-in"
PENDING_SECONDS = 600
MAX_ADDRESS = 1000

blueprint = Blueprint("people", __name__, url_prefix="/staff/<slug>")
log = logs.get(__name__)


@blueprint.get("/sign-in")
def choose_provider(slug: str) -> ResponseReturnValue:
    """Offer the institution's ways to sign in."""
    place = _institution(slug)
    with transaction(place.id) as session:
        providers = queries.list_identity_providers(session)
    return render_template(
        "people/choose_provider.html",
        institution_name=place.name,
        slug=slug,
        providers=providers,
        signed_out="out" in request.args,
        back=_back(slug),
    )


@blueprint.get("/sign-in/<uuid:provider_id>")
def sign_in(slug: str, provider_id: UUID) -> ResponseReturnValue:
    """Send the browser to the identity provider."""
    place = _institution(slug)
    url, pending = services.begin_sign_in(place.id, provider_id, redirect_uri=_redirect_uri(slug))
    response = redirect(url, 303)
    kept = {
        **asdict(pending),
        "provider_id": str(provider_id),
        "back": _back(slug),
        "until": int(clock.now().timestamp()) + PENDING_SECONDS,
    }
    sealed = keys.seal(json.dumps(kept).encode(), bound_to=_bound_to(place))
    set_cookie(response, PENDING_COOKIE, sealed.hex(), max_age=PENDING_SECONDS)
    return response


@blueprint.get("/callback")
def finish_sign_in(slug: str) -> ResponseReturnValue:
    """Take the identity provider's answer and open a session."""
    place = _institution(slug)
    kept = _kept(place)
    opened = services.finish_sign_in(
        place.id,
        UUID(kept["provider_id"]),
        Pending(state=kept["state"], nonce=kept["nonce"], code_verifier=kept["code_verifier"]),
        request.args,
        redirect_uri=_redirect_uri(slug),
    )
    log.info("staff_signed_in", institution=slug)
    response = redirect(kept["back"], 303)
    remember(response, place.id, opened)
    end_cookie(response, PENDING_COOKIE)
    return response


@blueprint.post("/sign-out")
@staff_page(Act.SEE_OWN)
def sign_out(here: CurrentStaff) -> ResponseReturnValue:
    """End this browser's session."""
    services.end_session(here.institution_id, here.session_id)
    response = redirect(url_for(".choose_provider", slug=here.institution_slug, out=1), 303)
    forget(response)
    return response


@blueprint.errorhandler(ToolError)
def explain(error: ToolError) -> ResponseReturnValue:
    """Say why nobody was signed in, and offer to begin again."""
    slug = (request.view_args or {}).get("slug", "")
    if isinstance(error, NotFoundError) or web.wants_json():
        return web.error_response(error)
    status = web.status_of(error)
    log.info("refused", code=error.code, status=status)
    page = render_template(
        "people/explain.html", error=error, slug=slug, request_id=g.get("request_id", "")
    )
    response = make_response(page, status)
    end_cookie(response, PENDING_COOKIE)
    return response


def _institution(slug: str) -> Institution:
    with system_transaction() as session:
        return get_institution_by_slug(session, slug)


def _redirect_uri(slug: str) -> str:
    return settings.current().base_url + url_for(".finish_sign_in", slug=slug)


def _back(slug: str) -> str:
    """Return where to go after signing in: an address of this desk and of no other site."""
    desk = url_for(web.page("desk"), slug=slug)
    asked = request.args.get("next", "")
    fits = asked.startswith(desk) and asked.isprintable() and len(asked) <= MAX_ADDRESS
    return asked if fits else desk


def _bound_to(place: Institution) -> bytes:
    return place.id.bytes + PENDING_COOKIE.encode()


def _kept(place: Institution) -> dict[str, Any]:
    try:
        sealed = bytes.fromhex(request.cookies.get(PENDING_COOKIE, ""))
        kept: dict[str, Any] = json.loads(keys.unseal(sealed, bound_to=_bound_to(place)))
    except (ValueError, keys.SealBrokenError) as error:
        raise SignInRefusedError(Reason.NO_PENDING) from error
    if kept["until"] < clock.now().timestamp():
        raise SignInRefusedError(Reason.NO_PENDING)
    return kept
