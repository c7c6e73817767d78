"""Pages where a person says at which address they want to be let in later, without the LMS."""

from uuid import UUID

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from lti_tool.core import mail, speaking
from lti_tool.core.db import transaction
from lti_tool.core.errors import ConflictError, InvalidRequestError, NotFoundError
from lti_tool.core.language import phrase
from lti_tool.core.web import read_form
from lti_tool.learner.forms import AddressForm
from lti_tool.learner.holder import Holder
from lti_tool.learner.routes.badges import sent_fields
from lti_tool.learner.routes.doors import Pages
from lti_tool.people import mail_access
from lti_tool.people.rules import Act


def show_access(here: Holder) -> ResponseReturnValue:
    """Show the addresses that let the person in, and offer to add one."""
    return _page(here)


def add_address(here: Holder) -> ResponseReturnValue:
    """Have a link mailed that shows the address to be theirs."""
    if here.person_id is None:
        raise NotFoundError(phrase("You have nothing here yet that you could come back to."))
    if not mail.is_set_up():
        raise mail.NoMailError(phrase("No link can be mailed."))
    form = sent_fields()
    try:
        address = read_form(AddressForm, form).address
        mail_access.ask_confirmation(
            here.institution_id, here.person_id, address, language=speaking.current().name
        )
    except InvalidRequestError as problem:
        return _page(here, problem=problem, address=form.get("address", "")), 400
    except ConflictError as problem:
        return _page(here, problem=problem, address=form.get("address", "")), 409
    return _page(here, asked=address)


def remove_address(here: Holder, email_id: UUID) -> ResponseReturnValue:
    """Let an address lead here no longer."""
    if here.person_id is None:
        raise NotFoundError(phrase("You have confirmed no such address."))
    mail_access.remove_address(here.institution_id, here.person_id, email_id)
    return redirect(here.to("show_access"), 303)


def set_notices(here: Holder, email_id: UUID) -> ResponseReturnValue:
    """Write to an address about pathways that lapse, or no more."""
    if here.person_id is None:
        raise NotFoundError(phrase("You have confirmed no such address."))
    wanted = request.form.get("wanted") == "1"
    mail_access.set_notices(here.institution_id, here.person_id, email_id, wanted=wanted)
    return redirect(here.to("show_access"), 303)


def _page(
    here: Holder,
    *,
    problem: InvalidRequestError | ConflictError | None = None,
    address: str = "",
    asked: str | None = None,
) -> str:
    with transaction(here.institution_id) as session:
        own = mail_access.list_addresses(session, here.person_id) if here.person_id else []
    return render_template(
        "learner/show_access.html",
        here=here,
        addresses=own,
        problem=problem,
        address=address,
        asked=asked,
        can_send=mail.is_set_up(),
        lasts_minutes=int(mail_access.LASTS.total_seconds() // 60),
    )


PAGES: Pages = (
    ("GET", "/access", Act.SHARE_BADGE, show_access),
    ("POST", "/access", Act.SHARE_BADGE, add_address),
    ("POST", "/access/<uuid:email_id>/remove", Act.SHARE_BADGE, remove_address),
    ("POST", "/access/<uuid:email_id>/notices", Act.SHARE_BADGE, set_notices),
)
