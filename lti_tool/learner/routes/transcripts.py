"""Transcripts that somebody makes of what they hold: to choose, take along and take back.

The same for every door, as the pages about badges.
"""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.badges import queries as badges
from lti_tool.badges.errors import GivenOutTranscriptError, UnknownTranscriptError
from lti_tool.badges.transcripts import files, kept, making, revoking
from lti_tool.badges.transcripts.contents import Asked
from lti_tool.badges.transcripts.files import TranscriptKind
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId, TranscriptId
from lti_tool.core.language import phrase
from lti_tool.core.web import read_form
from lti_tool.learner.forms import TranscriptForm
from lti_tool.learner.holder import Holder
from lti_tool.learner.routes.badges import attachment
from lti_tool.learner.routes.doors import Pages
from lti_tool.pathways.transcripts import contents_of, list_choices
from lti_tool.people.queries import display_names
from lti_tool.people.rules import Act


def show_transcripts(here: Holder) -> ResponseReturnValue:
    """Show the transcripts a person has, and offer to make one."""
    person_id = here.person_id
    with transaction(here.institution_id) as session:
        issuer = badges.get_issuer_of(session, here.institution_id)
        choices = list_choices(session, person_id) if person_id else None
        made = kept.list_transcripts(session, person_id) if person_id else []
        names = display_names(session, [person_id]) if person_id else {}
    return render_template(
        "learner/transcripts.html",
        here=here,
        issuer=issuer,
        choices=choices,
        made=made,
        name=names.get(person_id) if person_id else None,
        form_id=making.new_transcript_id(),
    )


def make_transcript(here: Holder) -> ResponseReturnValue:
    """Sign a transcript of what was chosen."""
    sent = request.form.to_dict(flat=False)
    form = read_form(
        TranscriptForm,
        {
            "form": request.form.get("form"),
            "scope": request.form.get("scope"),
            "show_name": "show_name" in sent,
            "show_results": "show_results" in sent,
            "pathway": sent.get("pathway", []),
        },
    )
    person_id = _person(here)
    with transaction(here.institution_id) as session:
        contents = contents_of(session, person_id, form.chosen())
    making.sign_transcript(
        here.institution_id,
        TranscriptId(form.form),
        person_id,
        contents,
        Asked(says_name=form.show_name, says_results=form.show_results),
    )
    return redirect(here.to("show_transcripts") + "#made", 303)


def download_transcript(here: Holder, transcript_id: UUID, kind: str) -> ResponseReturnValue:
    """Hand the person a transcript of theirs as a signed file."""
    own = _own(here, transcript_id)
    return attachment(files.transcript_file(here.institution_id, own, TranscriptKind(kind)))


def print_transcript(here: Holder, transcript_id: UUID) -> ResponseReturnValue:
    """Make the PDF of a transcript; its QR code is a link to it."""
    own = _own(here, transcript_id)
    return attachment(
        files.transcript_pdf(here.institution_id, own, verify_path=url_for("badges.show_verify"))
    )


def end_transcript(here: Holder, transcript_id: UUID) -> ResponseReturnValue:
    """Take a transcript back that the person made; what the institution gave out stays."""
    own = _own(here, transcript_id)
    with transaction(here.institution_id) as session:
        if kept.get_transcript(session, own).is_official:
            raise GivenOutTranscriptError
    revoking.revoke_transcript(here.institution_id, own, reason=None, actor=audit.SYSTEM)
    return redirect(here.to("show_transcripts") + "#made", 303)


def _person(here: Holder) -> PersonId:
    if here.person_id is None:
        raise UnknownTranscriptError(phrase("You have earned nothing here yet."))
    return here.person_id


def _own(here: Holder, transcript_id: UUID) -> TranscriptId:
    person_id = _person(here)
    with transaction(here.institution_id) as session:
        return kept.get_transcript(session, TranscriptId(transcript_id), of_person=person_id).id


_ONE = "/transcripts/<uuid:transcript_id>"
PAGES: Pages = (
    ("GET", "/transcripts", Act.SEE_OWN, show_transcripts),
    ("POST", "/transcripts", Act.SHARE_BADGE, make_transcript),
    ("GET", f"{_ONE}.<any(json, jwt):kind>", Act.SEE_OWN, download_transcript),
    ("POST", f"{_ONE}/pdf", Act.SHARE_BADGE, print_transcript),
    ("POST", f"{_ONE}/end", Act.SHARE_BADGE, end_transcript),
)
