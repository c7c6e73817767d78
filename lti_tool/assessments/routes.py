"""Taking an attempt: begin, answer, look over, hand in. Works without scripts."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from lti_tool.assessments import queries, rules, services, taking
from lti_tool.assessments.attention import Report
from lti_tool.assessments.content import IMAGE_PATH
from lti_tool.assessments.errors import UnwantedFileError
from lti_tool.assessments.forms import AttentionReport, ResponseSave
from lti_tool.assessments.items import FileUpload
from lti_tool.assessments.models import Attempt
from lti_tool.assessments.rules import Verdict
from lti_tool.assessments.services import Saved
from lti_tool.assessments.taking import Sheet
from lti_tool.core import clock, metrics, web
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttachmentId, AttemptId, ItemVersionId
from lti_tool.core.language import phrase
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act

blueprint = Blueprint("assessments", __name__, url_prefix="/l/<uuid:launch_id>/attempts")
images = Blueprint("images", __name__)
# The largest file that a question may ask for, and what a form puts around it.
LARGEST_REQUEST = 51_000_000
# How an address and a form say that all questions are shown, one below the other.
_WHOLE = "all"
_IMAGE_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conflict:
    """An answer of a form that another window's answer stood against."""

    number: int
    sent: Markup | None


@images.get(f"{IMAGE_PATH}<id_>")
def show_image(id_: str) -> ResponseReturnValue:
    """Show an image of a question to whoever knows its name, which nobody can guess."""
    if not _IMAGE_ID.fullmatch(id_):
        raise NotFoundError(phrase("There is no such image."))
    image = services.get_image(id_)
    headers = {
        # Opened by itself an SVG is a page: it may run nothing and reach nobody.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Cache-Control": "private, max-age=86400, immutable",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return Response(image.data, mimetype=image.media_type, headers=headers)


@blueprint.post("/")
@launch_page(Act.TAKE_ATTEMPT)
def open_attempt(here: CurrentLaunch) -> ResponseReturnValue:
    """Begin an attempt at the activity that was launched, or return to the open one."""
    placement = None
    if here.resource_link_id is not None:
        with transaction(here.institution_id) as session:
            placement = queries.find_placement_of_link(session, here.resource_link_id)
    if placement is None:
        raise NotFoundError(phrase("There is no assessment behind this link of your course yet."))
    attempt_id = services.open_attempt(here.institution_id, placement.id, here.user_id)
    return redirect(_url(here, "show_attempt", attempt_id), 303)


@blueprint.get("/<uuid:attempt_id>")
@launch_page(Act.ANSWER)
def show_attempt(here: CurrentLaunch, attempt_id: UUID) -> ResponseReturnValue:
    """Show the questions with what is saved, or the result once the attempt has ended."""
    attempt, sheet = _load(here, AttemptId(attempt_id))
    if _is_over(attempt):
        return _to_result(here, attempt.id)
    sheet = replace(sheet, is_whole=request.args.get("view") == _WHOLE)
    return _page(here, attempt, sheet, sheet.numbered(request.args.get("question", "")))


@blueprint.post("/<uuid:attempt_id>/responses")
@launch_page(Act.ANSWER)
def save_responses(here: CurrentLaunch, attempt_id: UUID) -> ResponseReturnValue:
    """Save one answer a script sends, or all that a form changes."""
    if request.is_json:
        return _save_one(here, AttemptId(attempt_id))
    return _save_form(here, AttemptId(attempt_id))


def _save_one(here: CurrentLaunch, attempt_id: AttemptId) -> ResponseReturnValue:
    save = web.read_form(ResponseSave, request.get_json()).to_save()
    saved = services.save_response(here.institution_id, attempt_id, save, user_id=here.user_id)
    metrics.count("cairn_saves", outcome=saved.verdict.value)
    stored = saved.stored  # None after the end, when there was nothing to keep
    return jsonify(
        verdict=saved.verdict,
        sequence=stored.sequence if stored else 0,
        saved_at=stored.saved_at.isoformat(timespec="milliseconds") if stored else None,
        **_time(saved.closes_at),
    )


@blueprint.post("/<uuid:attempt_id>/time")
@launch_page(Act.ANSWER)
def tell_time(here: CurrentLaunch, attempt_id: UUID) -> ResponseReturnValue:
    """Tell a script how the time stands, and note what it has shown since it last asked.

    That it asked keeps the visit alive.
    """
    sent = request.get_json(silent=True) or {}  # a refusal in words, as for any other bad field
    report = web.read_form(AttentionReport, sent).to_report()
    attempt = services.note_attention(
        here.institution_id, AttemptId(attempt_id), report, user_id=here.user_id
    )
    return jsonify(has_ended=attempt.submitted_at is not None, **_time(attempt.closes_at))


def _time(closes_at: datetime | None) -> dict[str, str | None]:
    """Return the server's clock and the attempt's end as scripts read them."""
    return {
        "now": clock.now().isoformat(timespec="milliseconds"),
        "closes_at": closes_at.isoformat(timespec="milliseconds") if closes_at else None,
    }


def _save_form(here: CurrentLaunch, attempt_id: AttemptId) -> ResponseReturnValue:
    attempt, sheet = _load(here, attempt_id)
    asked = [question.id for question in sheet.questions]
    saves = taking.changed_answers(asked, _fields(), attempt_id)
    saved = services.save_responses(here.institution_id, attempt_id, saves, user_id=here.user_id)
    _note_page(here, attempt_id)
    for one in saved:
        metrics.count("cairn_saves", outcome=one.verdict.value)
    if _is_over(attempt) or any(one.is_late for one in saved):
        return _to_result(here, attempt_id)
    conflicts = _conflicts(
        here, attempt, {s.item_version_id: one for s, one in zip(saves, saved, strict=True)}
    )
    if conflicts:
        attempt, sheet = _load(here, attempt_id)
        sheet = replace(sheet, is_whole=_view() == _WHOLE)
        return _page(here, attempt, sheet, conflicts[0].number, conflicts), 409
    if "review" in request.form:
        return redirect(_url(here, "review_attempt", attempt_id), 303)
    stays = request.form.get("shown", "").partition(".")[0]
    number = sheet.numbered(request.form.get("go", stays))
    url = _url(here, "show_attempt", attempt_id, question=number, view=_view())
    return redirect(url, 303)


def _view() -> str | None:
    """Return how a form wants questions shown: by its button, else as they were."""
    wanted = request.form.getlist("view")
    return _WHOLE if wanted and wanted[-1] == _WHOLE else None


def _note_page(here: CurrentLaunch, attempt_id: AttemptId) -> None:
    """Note how long the question of a page without scripts was in view: until it was sent."""
    shown = taking.read_shown(request.form.get("shown", ""), clock.now())
    if shown is None:
        return
    number, made_at, milliseconds = shown
    services.note_attention(
        here.institution_id,
        attempt_id,
        Report(page_id=None, shown_ms={number: milliseconds}),
        user_id=here.user_id,
        page_made_at=made_at,
    )


def _conflicts(
    here: CurrentLaunch, attempt: Attempt, saved: dict[ItemVersionId, Saved]
) -> list[_Conflict]:
    """Return the answers of a form that were not stored because another window was first."""
    refused = {id_ for id_, one in saved.items() if one.verdict is Verdict.CONFLICT}
    if not refused:
        return []
    with transaction(here.institution_id) as session:
        form = queries.list_form(session, attempt)
    return [
        _Conflict(
            number=asked.number,
            sent=asked.item.told(taking.sent_value(_fields(), asked.id)).given,
        )
        for asked in form
        if asked.id in refused
    ]


def _fields() -> dict[str, list[str]]:
    """Return the form's fields with all values of each."""
    return request.form.to_dict(flat=False)


@blueprint.post("/<uuid:attempt_id>/files/<uuid:item_id>")
@web.takes_up_to(LARGEST_REQUEST)
@launch_page(Act.ANSWER)
def send_file(here: CurrentLaunch, attempt_id: UUID, item_id: UUID) -> ResponseReturnValue:
    """Take a file as part of an answer, and show its question again."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise UnwantedFileError(phrase("No file was chosen."))
    saved = services.answer_by_file(
        here.institution_id,
        AttemptId(attempt_id),
        ItemVersionId(item_id),
        user_id=here.user_id,
        name=file.filename,
        data=file.read(),
    )
    _note_page(here, AttemptId(attempt_id))
    if saved.is_late:
        return _to_result(here, AttemptId(attempt_id))
    _, sheet = _load(here, AttemptId(attempt_id))
    number = next(question.number for question in sheet.questions if question.id == item_id)
    return redirect(_url(here, "show_attempt", AttemptId(attempt_id), question=number), 303)


@blueprint.get("/<uuid:attempt_id>/files/<uuid:file_id>")
@launch_page(Act.ANSWER)
def get_file(here: CurrentLaunch, attempt_id: UUID, file_id: UUID) -> ResponseReturnValue:
    """Give a learner back a file of an own attempt."""
    attachment, stored = services.get_file(
        here.institution_id, AttemptId(attempt_id), AttachmentId(file_id), of_user=here.user_id
    )
    return web.attachment(stored.data, stored.media_type, attachment.name)


@blueprint.get("/<uuid:attempt_id>/submit")
@launch_page(Act.ANSWER)
def review_attempt(here: CurrentLaunch, attempt_id: UUID) -> ResponseReturnValue:
    """Say what is open and ask whether to hand in."""
    attempt, sheet = _load(here, AttemptId(attempt_id))
    if _is_over(attempt):
        return _to_result(here, attempt.id)
    return render_template(
        "assessments/review_attempt.html", here=here, attempt=attempt, sheet=sheet
    )


@blueprint.post("/<uuid:attempt_id>/submit")
@launch_page(Act.ANSWER)
def submit_attempt(here: CurrentLaunch, attempt_id: UUID) -> ResponseReturnValue:
    """Hand in, then show the result by redirect."""
    return _to_result(here, AttemptId(attempt_id))


def _load(here: CurrentLaunch, attempt_id: AttemptId) -> tuple[Attempt, Sheet]:
    with transaction(here.institution_id) as session:
        attempt = queries.get_attempt(session, attempt_id, of_user=here.user_id)
        placement = queries.get_placement(session, attempt.placement_id)
        form = queries.list_form(session, attempt)
        responses = queries.list_responses(session, attempt_id)
        files = {}
        if any(isinstance(asked.item, FileUpload) for asked in form):
            sent = queries.list_attachments(session, attempt_id)
            files = {id_: attachment.name for id_, attachment in sent.items()}
        seen = queries.seen_numbers(session, attempt)
        language = queries.get_details(session, attempt.edition_id).language
    sheet = taking.lay_out(
        placement.title,
        form,
        responses,
        attempt.closes_at,
        clock.now(),
        files=files,
        language=language,
    )
    return attempt, replace(sheet, is_trial=placement.is_trial, seen=seen)


def _is_over(attempt: Attempt) -> bool:
    """Tell whether an attempt has ended, or only waits for the sweeper to end it."""
    return attempt.submitted_at is not None or not rules.accepts(attempt.closes_at, clock.now())


def _to_result(here: CurrentLaunch, attempt_id: AttemptId) -> ResponseReturnValue:
    """End the attempt unless it has ended, and go to its result; show at once what a trial gave."""
    trial = services.end_trial(here.institution_id, attempt_id, user_id=here.user_id)
    if trial is not None:
        back_url = url_for(web.page(here.message_type), launch_id=here.launch_id)
        return render_template(
            "assessments/show_trial.html", here=here, review=trial, back_url=back_url
        )
    services.submit_attempt(here.institution_id, attempt_id, user_id=here.user_id)
    result = web.page("result")
    return redirect(url_for(result, launch_id=here.launch_id, attempt_id=attempt_id), 303)


def _page(
    here: CurrentLaunch,
    attempt: Attempt,
    sheet: Sheet,
    number: int,
    conflicts: list[_Conflict] | None = None,
) -> str:
    return render_template(
        "assessments/show_attempt.html",
        here=here,
        attempt=attempt,
        sheet=sheet,
        number=number,
        conflicts=conflicts or [],
    )


def _url(
    here: CurrentLaunch,
    view_name: str,
    attempt_id: AttemptId,
    *,
    question: int | None = None,
    view: str | None = None,
) -> str:
    anchor = f"question-{question}" if view == _WHOLE else None
    return url_for(
        f".{view_name}",
        launch_id=here.launch_id,
        attempt_id=attempt_id,
        question=question,
        view=view,
        _anchor=anchor,
    )
