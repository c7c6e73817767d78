"""Transcripts that the registrar gives out of a learner's record: to whom and why is kept."""

from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.badges.transcripts import files, kept, making, revoking
from lti_tool.badges.transcripts.contents import Asked
from lti_tool.badges.transcripts.files import TranscriptKind
from lti_tool.core import web
from lti_tool.core.db import transaction
from lti_tool.core.errors import ToolError
from lti_tool.core.ids import PersonId, TranscriptId
from lti_tool.core.language import phrase
from lti_tool.pathways.transcripts import contents_of, list_choices
from lti_tool.people import queries as people
from lti_tool.people.rules import Act
from lti_tool.people.services import note_reading
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.registrar.forms import TranscriptForm, TranscriptRevocation

blueprint = Blueprint(
    "issued_transcripts", __name__, url_prefix="/desk/<slug>/people/<uuid:person_id>/transcripts"
)


@blueprint.get("")
@staff_page(Act.EXPORT)
def show_transcripts(here: CurrentStaff, person_id: UUID) -> ResponseReturnValue:
    """Show a learner's transcripts, and offer to give one out; that it was read is noted."""
    with transaction(here.institution_id) as session:
        own = people.current_person(session, people.get_person(session, PersonId(person_id)).id)
    note_reading(
        here.institution_id,
        actor=here.actor,
        act="read_record",
        object_kind="person",
        object_id=own,
    )
    return _page(here, person_id)


@blueprint.post("")
@staff_page(Act.EXPORT)
def issue_transcript(here: CurrentStaff, person_id: UUID) -> ResponseReturnValue:
    """Sign a transcript of a learner's record, if it is said for whom and why."""
    sent = request.form.to_dict(flat=False)
    form = web.read_form(
        TranscriptForm,
        {
            "form": request.form.get("form"),
            "scope": request.form.get("scope"),
            "pathway": sent.get("pathway", []),
            "show_results": "show_results" in sent,
            "recipient": request.form.get("recipient", ""),
            "reason": request.form.get("reason", ""),
        },
    )
    wrong = form.wrong()
    if wrong:
        return _page(here, person_id, form=form, wrong=wrong), 400
    with transaction(here.institution_id) as session:
        own = people.current_person(session, people.get_person(session, PersonId(person_id)).id)
        contents = contents_of(session, own, form.chosen())
    try:
        making.sign_transcript(
            here.institution_id,
            TranscriptId(form.form),
            own,
            contents,
            Asked(
                says_name=True,
                says_number=True,
                says_results=form.show_results,
                actor=here.actor,
                reason=form.reason,
                recipient=form.recipient,
            ),
        )
    except ToolError as error:
        return _page(here, person_id, form=form, error=error), web.status_of(error)
    return redirect(_url(here, own) + "#made", 303)


@blueprint.post("/<uuid:transcript_id>/file")
@staff_page(Act.EXPORT)
def take_transcript(
    here: CurrentStaff, person_id: UUID, transcript_id: UUID
) -> ResponseReturnValue:
    """Hand out a transcript as a file; noted before it leaves."""
    kind = request.form.get("kind", "")
    own = _own(here, person_id, transcript_id)
    if kind == "pdf":
        file = files.transcript_pdf(
            here.institution_id, own, verify_path=url_for("badges.show_verify")
        )
    else:
        known = TranscriptKind.JWT if kind == "jwt" else TranscriptKind.JSON
        file = files.transcript_file(here.institution_id, own, known)
    note_reading(
        here.institution_id,
        actor=here.actor,
        act="take_transcript",
        object_kind="person",
        object_id=person_id,
        facts={"transcript": str(own)},
    )
    response = Response(file.data, content_type=file.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response


@blueprint.route("/<uuid:transcript_id>/revoke", methods=["GET", "POST"])
@staff_page(Act.DECIDE)
def revoke_transcript(
    here: CurrentStaff, person_id: UUID, transcript_id: UUID
) -> ResponseReturnValue:
    """Take a transcript back; ask first, and why."""
    own = _own(here, person_id, transcript_id)
    error = None
    if request.method == "POST":
        form = web.read_form(TranscriptRevocation, request.form.to_dict())
        if form.reason:
            revoking.revoke_transcript(
                here.institution_id, own, reason=form.reason, actor=here.actor
            )
            return redirect(_url(here, person_id) + "#made", 303)
        error = phrase("Enter why: whoever reads this record later has only these words.")
    with transaction(here.institution_id) as session:
        owner = kept.get_transcript(session, own).person_id
        made = next(one for one in kept.list_transcripts(session, owner) if one.id == own)
        names = people.display_names(session, [owner])
    page = render_template(
        "registrar/revoke_transcript.html",
        here=here,
        person_id=owner,
        name=names.get(owner) or phrase("Name not given"),
        made=made,
        error=error,
    )
    return (page, 400) if error else page


def _page(
    here: CurrentStaff,
    person_id: UUID,
    *,
    form: TranscriptForm | None = None,
    wrong: dict[str, str] | None = None,
    error: ToolError | None = None,
) -> str:
    with transaction(here.institution_id) as session:
        own = people.current_person(session, people.get_person(session, PersonId(person_id)).id)
        names = people.display_names(session, [own])
        choices = list_choices(session, own)
        made = kept.list_transcripts(session, own)
    return render_template(
        "registrar/show_transcripts.html",
        here=here,
        person_id=own,
        name=names.get(own) or phrase("Name not given"),
        choices=choices,
        made=made,
        form=form,
        form_id=form.form if form else making.new_transcript_id(),
        chosen=[str(one) for one in form.pathway] if form else [],
        wrong=wrong or {},
        error=error,
    )


def _own(here: CurrentStaff, person_id: UUID, transcript_id: UUID) -> TranscriptId:
    with transaction(here.institution_id) as session:
        own = people.current_person(session, people.get_person(session, PersonId(person_id)).id)
        return kept.get_transcript(session, TranscriptId(transcript_id), of_person=own).id


def _url(here: CurrentStaff, person_id: UUID) -> str:
    return url_for(".show_transcripts", slug=here.institution_slug, person_id=person_id)
