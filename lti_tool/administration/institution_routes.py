"""The institution itself: what it is called, what readers of its badges see, what belongs to it."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.administration import queries
from lti_tool.administration.forms import InstitutionName, InstitutionZone
from lti_tool.badges import queries as badges
from lti_tool.badges.issuing import badge_issuer
from lti_tool.badges.open_badges import profile_document
from lti_tool.core import clock, keys, speaking, web, zones
from lti_tool.core.db import transaction
from lti_tool.core.errors import InvalidRequestError
from lti_tool.core.language import phrase
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.platforms import deciding
from lti_tool.platforms.queries import get_institution

blueprint = Blueprint("institution", __name__, url_prefix="/desk/<slug>/institution")

PURPOSES: tuple[tuple[keys.Purpose, str], ...] = (
    ("credential", phrase("Badges")),
    ("credential_jwt", phrase("Badges as JWT")),
)


@blueprint.get("")
@staff_page(Act.ADMINISTER)
def show_institution(here: CurrentStaff) -> ResponseReturnValue:
    """Show what the institution is called, how it signs, and what belongs to it."""
    return _show(here)


@blueprint.post("/name")
@staff_page(Act.ADMINISTER)
def rename(here: CurrentStaff) -> ResponseReturnValue:
    """Call the institution something else from now on."""
    sent = request.form.get("name", "")
    try:
        wanted = web.read_form(InstitutionName, {"name": sent})
    except InvalidRequestError as error:
        return _show(here, written=sent[:255], refused=True), web.status_of(error)
    deciding.rename_institution(here.institution_id, wanted.name, actor=here.actor)
    return redirect(url_for(".show_institution", slug=here.institution_slug, saved=1), 303)


@blueprint.post("/zone")
@staff_page(Act.ADMINISTER)
def place(here: CurrentStaff) -> ResponseReturnValue:
    """Say in which time zone people are spoken to of whom none is known."""
    wanted = web.read_form(InstitutionZone, request.form.to_dict())
    deciding.place_institution(here.institution_id, wanted.zone, actor=here.actor)
    return redirect(url_for(".show_institution", slug=here.institution_slug, placed=1), 303)


def _show(here: CurrentStaff, *, written: str | None = None, refused: bool = False) -> str:
    rings = [(name, keys.published(purpose, here.institution_id)) for purpose, name in PURPOSES]
    with transaction(here.institution_id) as session:
        institution = get_institution(session, here.institution_id)
        issuer = badges.get_issuer_of(session, here.institution_id)
        installations = queries.list_installations(session, here.institution_id)
        providers = queries.list_sign_ins(session)
    return render_template(
        "administration/show_institution.html",
        here=here,
        institution=institution,
        profile=profile_document(badge_issuer(issuer)),
        rings=rings,
        installations=installations,
        providers=providers,
        written=institution.name if written is None else written,
        refused=refused,
        saved="saved" in request.args,
        placed="placed" in request.args,
        areas=zones.options(speaking.current(), clock.now()),
        zone=speaking.zone_words_of(institution.zone or zones.UNIVERSAL),
    )
