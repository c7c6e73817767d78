"""Coming back without an LMS: `/my/<slug>/…`, by a link in an e-mail.

What is asked for here by strangers tells them nothing: whether an address is known is decided
where the letter is written (`people.mail_access`).
"""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.core import mail, speaking
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.errors import ToolError
from lti_tool.core.language import phrase
from lti_tool.core.web import read_form
from lti_tool.learner.forms import AddressForm
from lti_tool.learner.holder import Holder
from lti_tool.learner.routes import access, badges, doors, transcripts
from lti_tool.people import mail_access
from lti_tool.people.errors import MailLinkUsedError, NotAnAddressError
from lti_tool.people.learner_session import CurrentLearner, forget, learner_page, remember
from lti_tool.people.rules import Act
from lti_tool.platforms.models import Institution
from lti_tool.platforms.queries import get_institution_by_slug

blueprint = Blueprint("own", __name__, url_prefix="/my/<slug>")


@blueprint.get("/sign-in")
def ask_link(slug: str) -> ResponseReturnValue:
    """Ask for the address to which a link shall be mailed."""
    return _ask(slug)


@blueprint.post("/sign-in")
def send_link(slug: str) -> ResponseReturnValue:
    """Have a link mailed, if the address is known; say the same if it is not."""
    place = _institution(slug)
    _require_mail()
    try:
        address = read_form(AddressForm, request.form.to_dict()).address
        mail_access.ask_sign_in(place.id, address, language=speaking.current().name)
    except NotAnAddressError as problem:
        return _ask(slug, problem=problem), 400
    return render_template(
        "learner/own/link_asked.html", slug=slug, institution_name=place.name, address=address
    )


def _ask(slug: str, *, problem: ToolError | None = None) -> str:
    place = _institution(slug)
    return render_template(
        "learner/own/ask_link.html",
        slug=slug,
        institution_name=place.name,
        problem=problem,
        address=request.form.get("address", ""),
        signed_out="out" in request.args,
        can_send=mail.is_set_up(),
    )


@blueprint.get("/enter/<token>")
def open_link(slug: str, token: str) -> ResponseReturnValue:
    """Ask for one more click: programs that look into mailboxes open links, people press."""
    return _open(slug, token, mail_access.SIGN_IN, "learner/own/enter.html")


@blueprint.post("/enter/<token>")
def enter(slug: str, token: str) -> ResponseReturnValue:
    """Let in whom the link was mailed to, once."""
    place = _institution(slug)
    opened = mail_access.enter(place.id, token)
    response = redirect(url_for(".show_badges", slug=slug), 303)
    remember(response, place.id, opened)
    return response


@blueprint.get("/confirm/<token>")
def open_confirmation(slug: str, token: str) -> ResponseReturnValue:
    """Ask for one more click, as for signing in."""
    return _open(slug, token, mail_access.CONFIRM, "learner/own/confirm.html")


@blueprint.post("/confirm/<token>")
def confirm(slug: str, token: str) -> ResponseReturnValue:
    """Take an address as confirmed."""
    place = _institution(slug)
    address = mail_access.confirm(place.id, token)
    return _private(
        render_template(
            "learner/own/confirmed.html", slug=slug, institution_name=place.name, address=address
        )
    )


def _open(slug: str, token: str, purpose: str, template: str) -> ResponseReturnValue:
    place = _institution(slug)
    with transaction(place.id) as session:
        link = mail_access.find_link(session, purpose, token)
    if link is None:
        raise MailLinkUsedError
    return _private(
        render_template(
            template, slug=slug, token=token, institution_name=place.name, address=link.address
        )
    )


@blueprint.get("/badges")
@learner_page(Act.SEE_OWN)
def show_badges(here: CurrentLearner) -> ResponseReturnValue:
    """Show what the person holds, and what they have shared."""
    return badges.badges_page(_holder(here))


@blueprint.post("/sign-out")
@learner_page(Act.SEE_OWN)
def sign_out(here: CurrentLearner) -> ResponseReturnValue:
    """End this browser's session, or all of the person's."""
    if request.form.get("everywhere"):
        mail_access.end_sessions(here.institution_id, here.person_id)
    else:
        mail_access.end_session(here.institution_id, here.session_id)
    response = redirect(url_for(".ask_link", slug=here.institution_slug, out=1), 303)
    forget(response)
    return response


def _holder(here: CurrentLearner) -> Holder:
    return Holder(
        institution_id=here.institution_id,
        institution_name=here.institution_name,
        person_id=here.person_id,
        may_share=True,
        door=blueprint.name,
        address={"slug": here.institution_slug},
        signed_in_as=here.address,
    )


for pages in (badges.PAGES, access.PAGES, transcripts.PAGES):
    doors.connect(blueprint, pages, guard=learner_page, holder=_holder)


def _institution(slug: str) -> Institution:
    with system_transaction() as session:
        return get_institution_by_slug(session, slug)


def _require_mail() -> None:
    if not mail.is_set_up():
        raise mail.NoMailError(phrase("No link can be mailed."))


def _private(page: str) -> Response:
    """Answer with a page at an address that is a secret."""
    response = make_response(page)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
