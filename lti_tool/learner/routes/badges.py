"""Pages about what somebody holds: to see, take along, share and take back.

The same for those who come from an LMS and those who come by a link in an e-mail (`doors`).
"""

from functools import partial
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.badges import detailing, exporting
from lti_tool.badges import queries as badges
from lti_tool.badges import services as badge_services
from lti_tool.badges import showing as shown
from lti_tool.badges.exporting import FileKind
from lti_tool.badges.rules import Shows
from lti_tool.badges.verifying import links
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import CredentialId, ShareId
from lti_tool.core.language import phrase
from lti_tool.core.web import read_form
from lti_tool.learner import showing
from lti_tool.learner.forms import CertificateForm, DetailsForm, ShareForm
from lti_tool.learner.holder import Holder
from lti_tool.learner.queries.badges import get_badge, list_badges
from lti_tool.learner.queries.decisions import list_decisions
from lti_tool.learner.routes.doors import Pages
from lti_tool.pathways.leading import list_larger
from lti_tool.pathways.notices import list_warnings
from lti_tool.people.queries import display_names
from lti_tool.people.rules import Act


def badges_page(here: Holder, *, activity: str | None = None) -> str:
    """Return the page of what the person holds, and of what they have shared.

    Args:
        here: who looks.
        activity: what their launch was for, to lead back to it; None for nothing.
    """
    with transaction(here.institution_id) as session:
        held = list_badges(session, here.person_id)
        withdrawn = badges.list_withdrawn(session, here.person_id) if here.person_id else []
        awards = [*(one.award_id for one in held), *(one.award_id for one in withdrawn)]
        courses = badges.list_courses(session, awards)
        larger = list_larger(session, {one.achievement_id for one in held}, here.person_id)
        issuer = badges.get_issuer_of(session, here.institution_id)
        warnings = list_warnings(session, here.person_id) if here.person_id else []
        decisions = list_decisions(session, here.person_id) if here.person_id else []
    return render_template(
        "learner/badges.html",
        here=here,
        warnings=warnings,
        decisions=decisions,
        issuer=issuer,
        held=held,
        withdrawn=withdrawn,
        courses=courses,
        larger=larger,
        activity=activity,
        now=clock.now(),
    )


def download_badge(here: Holder, credential_id: UUID, kind: str) -> ResponseReturnValue:
    """Hand the person their signed credential as a file, for a wallet or for safe keeping."""
    with transaction(here.institution_id) as session:
        get_badge(session, here.person_id, CredentialId(credential_id))
    return attachment(
        exporting.credential_file(here.institution_id, CredentialId(credential_id), FileKind(kind))
    )


def ask_download(here: Holder, credential_id: UUID) -> ResponseReturnValue:
    """Offer every form of a badge, and say what each is good for."""
    with transaction(here.institution_id) as session:
        badge = get_badge(session, here.person_id, CredentialId(credential_id))
    return render_template("learner/ask_download.html", here=here, badge=badge)


def print_certificate(here: Holder, credential_id: UUID) -> ResponseReturnValue:
    """Make a certificate. Its QR code is a link like any other: listed, and can be taken back."""
    form = read_form(CertificateForm, sent_fields())
    with transaction(here.institution_id) as session:
        badge = get_badge(session, here.person_id, CredentialId(credential_id))
        issuer = badges.get_issuer_of(session, here.institution_id)
        names = display_names(session, [badge.person_id]) if form.show_name else {}
    print_with = partial(
        exporting.certificate_file,
        here.institution_id,
        CredentialId(credential_id),
        verify_url=f"{issuer.host_url}{url_for('badges.show_verify')}",
        holder=names.get(badge.person_id),
    )
    print_with(link=None)  # a name that cannot be printed leaves no link behind
    token = badge_services.share(
        here.institution_id,
        CredentialId(credential_id),
        person_id=badge.person_id,
        shows=Shows(name=form.show_name, label=phrase("QR code on a certificate")),
    )
    return attachment(print_with(link=issuer.share_url(token)))


def ask_details(here: Holder, credential_id: UUID) -> ResponseReturnValue:
    """Ask what a detailed form of a badge shall say."""
    with transaction(here.institution_id) as session:
        badge = get_badge(session, here.person_id, CredentialId(credential_id))
        offer = detailing.offer(session, badge.person_id, badge.award_id)
    return render_template("learner/ask_details.html", here=here, badge=badge, offer=offer)


def sign_details(here: Holder, credential_id: UUID) -> ResponseReturnValue:
    """Sign a detailed form of a badge, then offer it like any other."""
    form = read_form(DetailsForm, sent_fields())
    with transaction(here.institution_id) as session:
        badge = get_badge(session, here.person_id, CredentialId(credential_id))
    detailed_id = detailing.sign_detailed(
        here.institution_id, badge.award_id, person_id=badge.person_id, asked=form.asked()
    )
    return redirect(here.to("ask_download", credential_id=detailed_id), 303)


def ask_share(here: Holder, credential_id: UUID) -> ResponseReturnValue:
    """Ask what a new link shall show."""
    with transaction(here.institution_id) as session:
        badge = get_badge(session, here.person_id, CredentialId(credential_id))
    return render_template("learner/ask_share.html", here=here, badge=badge)


def preview_share(here: Holder, credential_id: UUID) -> ResponseReturnValue:
    """Show what a link's reader would see; or, asked to, lead back to what was chosen."""
    sent = sent_fields()
    changes = sent.pop("change", None) is not None
    shows = read_form(ShareForm, sent).shows(clock.now())
    with transaction(here.institution_id) as session:
        badge = get_badge(session, here.person_id, CredentialId(credential_id))
    if changes:
        return render_template("learner/ask_share.html", here=here, badge=badge, sent=sent)
    opened = links.preview_share(here.institution_id, CredentialId(credential_id), shows=shows)
    return render_template(
        "learner/preview_share.html",
        here=here,
        held=badge,
        sent=sent,
        ends_at=shows.until,
        **shown.page_of(opened),
    )


def share_badge(here: Holder, credential_id: UUID) -> ResponseReturnValue:
    """Make a link and show it, once: what is stored only recognises it."""
    form = read_form(ShareForm, sent_fields())
    with transaction(here.institution_id) as session:
        badge = get_badge(session, here.person_id, CredentialId(credential_id))
        issuer = badges.get_issuer_of(session, here.institution_id)
    token = badge_services.share(
        here.institution_id,
        CredentialId(credential_id),
        person_id=badge.person_id,
        shows=form.shows(clock.now()),
    )
    link = issuer.share_url(token)
    return render_template(
        "learner/shared.html",
        here=here,
        badge=badge,
        link=link,
        snippets=showing.snippets(badge, issuer, link),
        profile_url=showing.add_to_profile_url(badge, issuer, link),
        profile_fields=showing.profile_fields(badge, issuer, link),
    )


def end_share(here: Holder, share_id: UUID) -> ResponseReturnValue:
    """Take a link back."""
    if here.person_id is None:
        raise NotFoundError(phrase("You have shared no such link."))
    badge_services.end_share(here.institution_id, ShareId(share_id), person_id=here.person_id)
    return redirect(here.to("show_badges"), 303)


_ONE = "/badges/<uuid:credential_id>"
PAGES: Pages = (
    ("GET", f"{_ONE}.<any(json, jwt, svg, png):kind>", Act.SEE_OWN, download_badge),
    ("GET", f"{_ONE}/download", Act.SEE_OWN, ask_download),
    ("POST", f"{_ONE}/certificate", Act.SHARE_BADGE, print_certificate),
    ("GET", f"{_ONE}/details", Act.SHARE_BADGE, ask_details),
    ("POST", f"{_ONE}/details", Act.SHARE_BADGE, sign_details),
    ("GET", f"{_ONE}/share", Act.SHARE_BADGE, ask_share),
    ("POST", f"{_ONE}/share", Act.SHARE_BADGE, share_badge),
    ("POST", f"{_ONE}/share/preview", Act.SHARE_BADGE, preview_share),
    ("POST", "/shares/<uuid:share_id>/end", Act.SHARE_BADGE, end_share),
)


def attachment(file: exporting.File) -> Response:
    """Return an answer with a file to save."""
    response = Response(file.data, content_type=file.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response


def sent_fields() -> dict[str, str]:
    """Return the form's own fields; the token that came with them has been checked."""
    return {name: value for name, value in request.form.items() if name != "csrf_token"}
