"""The issuers' desk: achievements and their editions, awards by hand, withdrawals."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.badges import artwork, awarding, queries, reviewing, services, uploads
from lti_tool.badges.artwork import Outline
from lti_tool.badges.awarding import Outcome
from lti_tool.badges.details import PLAIN, WORDS, Participation, Stackability, Supervision
from lti_tool.badges.errors import (
    AchievementExistsError,
    AmbiguousPersonError,
    UnknownPersonError,
    UnreadableTableError,
    UnusablePictureError,
)
from lti_tool.badges.forms import (
    AchievementForm,
    AwardForm,
    ReplacementForm,
    ReviewForm,
    TableForm,
    WithdrawalForm,
)
from lti_tool.badges.issuer import image_path
from lti_tool.badges.rules import KIND_WORDS, AchievementDraft, AchievementType
from lti_tool.core.db import transaction
from lti_tool.core.errors import InvalidRequestError, ToolError
from lti_tool.core.ids import AchievementId, AssessmentId, AwardId, new_id
from lti_tool.core.language import phrase
from lti_tool.core.web import read_form, takes_up_to
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page

blueprint = Blueprint("issuing", __name__, url_prefix="/desk/<slug>/achievements")

MOST_TABLE_BYTES = 500_000
_LARGEST_REQUEST = uploads.MOST_BYTES + 500_000  # a picture, and what a form puts around it

_CHOICES = {
    "kinds": [(kind.value, words) for kind, words in KIND_WORDS.items()],
    "outlines": [(one.value, artwork.WORDS[one]) for one in Outline],
    "signs": [(one.value, artwork.WORDS[one]) for one in artwork.Field],
    "participations": [(one.value, WORDS[one]) for one in Participation],
    "supervisions": [(one.value, WORDS[one]) for one in Supervision],
    "stackabilities": [(one.value, WORDS[one]) for one in Stackability],
}
_NEW = {
    **dict.fromkeys(AchievementForm.model_fields, ""),
    "kind": AchievementType.MICRO_CREDENTIAL,
    "outline": Outline.STONE,
    "sign": artwork.Field.METHOD,
    "stones": "1",
    "participation": PLAIN.participation,
    "assessment": PLAIN.assessment,
    "quality": PLAIN.quality,
    "supervision": PLAIN.supervision,
    "stackability": PLAIN.stackability,
}


@blueprint.get("")
@staff_page(Act.ISSUE)
def list_achievements(here: CurrentStaff) -> ResponseReturnValue:
    """Show what can be earned here."""
    with transaction(here.institution_id) as session:
        rows = queries.list_achievements_with_holders(session)
        reviews = reviewing.list_reviews(session)
    return render_template(
        "badges/desk/list_achievements.html",
        here=here,
        rows=rows,
        kinds=KIND_WORDS,
        to_review=len(reviews),
    )


@blueprint.get("/reviews")
@staff_page(Act.ISSUE)
def list_reviews(here: CurrentStaff) -> ResponseReturnValue:
    """Show the badges whose reason has fallen away."""
    return _reviews(here, {})


@blueprint.post("/reviews/<uuid:award_review_id>")
@staff_page(Act.ISSUE)
def decide_review(here: CurrentStaff, award_review_id: UUID) -> ResponseReturnValue:
    """Keep such a badge or withdraw it."""
    try:
        form = read_form(ReviewForm, _sent())
    except InvalidRequestError:
        return _reviews(here, {award_review_id: phrase("Say why, in a few words.")}), 400
    reviewing.decide_review(
        here.institution_id,
        award_review_id,
        keeps=form.decision == "keep",
        reason=form.reason,
        actor=here.actor,
    )
    return redirect(url_for(".list_reviews", slug=here.institution_slug), 303)


def _reviews(here: CurrentStaff, problems: dict[UUID, str]) -> str:
    with transaction(here.institution_id) as session:
        reviews = reviewing.list_reviews(session)
    return render_template(
        "badges/desk/list_reviews.html", here=here, reviews=reviews, problems=problems
    )


@blueprint.get("/new")
@staff_page(Act.ISSUE)
def new_achievement(here: CurrentStaff) -> ResponseReturnValue:
    """Ask for a new achievement."""
    return _editor(here, _NEW, None, None)


@blueprint.post("/new")
@takes_up_to(_LARGEST_REQUEST)
@staff_page(Act.ISSUE)
def publish_achievement(here: CurrentStaff) -> ResponseReturnValue:
    """Publish a new achievement."""
    sent = _sent()
    try:
        draft = _draft(here, sent)
        achievement_id = services.publish_achievement(here.institution_id, draft, actor=here.actor)
    except (InvalidRequestError, AchievementExistsError) as error:
        return _editor(here, {**_NEW, **sent}, None, error), 400
    return _back(here, achievement_id)


def _unearned(here: CurrentStaff) -> dict[AssessmentId, str]:
    """Return the titles of the assessments whose pass earns nothing yet."""
    with transaction(here.institution_id) as session:
        return {one.id: one.title for one in queries.list_unearned_assessments(session)}


@blueprint.get("/<uuid:achievement_id>")
@staff_page(Act.ISSUE)
def show_achievement(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    """Show an achievement, its editions and who holds it; award and withdraw from here."""
    return _achievement_page(here, achievement_id)


def _achievement_page(
    here: CurrentStaff,
    achievement_id: UUID,
    *,
    sent: dict[str, str] | None = None,
    problem: ToolError | None = None,
    table_problem: ToolError | None = None,
) -> str:
    """Return the page of an achievement.

    Args:
        here: who looks.
        achievement_id: what at.
        sent: what was filled in and refused; it stays in its fields.
        problem: why nobody was awarded it.
        table_problem: why nobody in a table was.
    """
    with transaction(here.institution_id) as session:
        achievement = queries.get_achievement(session, AchievementId(achievement_id))
        editions = queries.list_editions(session, achievement.id)
        awards = queries.list_awards(session, achievement.id)
        others = [
            (str(one.id), one.name)
            for one in queries.list_achievements(session)
            if one.id != achievement.id
        ]
    return render_template(
        "badges/desk/show_achievement.html",
        here=here,
        achievement=achievement,
        art_url=image_path(here.institution_slug, achievement.id, achievement.edition),
        editions=editions,
        awards=awards,
        others=[("", phrase("Nothing: it is current")), *others],
        decision_id=new_id(),
        batch_id=new_id(),
        sent=sent or {},
        problem=problem,
        problem_in="" if problem is None else _field_of(problem),
        table_problem=table_problem,
    )


def _field_of(problem: ToolError) -> str:
    """Return which field of an award by hand is to be corrected; nothing if it is not known."""
    return "who" if isinstance(problem, UnknownPersonError | AmbiguousPersonError) else ""


@blueprint.get("/<uuid:achievement_id>/edit")
@staff_page(Act.ISSUE)
def edit_achievement(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    """Ask for a new edition, beginning with what the newest says."""
    with transaction(here.institution_id) as session:
        achievement = queries.get_achievement(session, AchievementId(achievement_id))
        content = queries.edition_content(session, achievement, achievement.edition)
    return _editor(here, AchievementForm.filled_in(content), achievement.id, None)


@blueprint.post("/<uuid:achievement_id>/edit")
@takes_up_to(_LARGEST_REQUEST)
@staff_page(Act.ISSUE)
def publish_edition(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    """Publish a new edition."""
    sent = _sent()
    try:
        draft = _draft(here, sent)
    except InvalidRequestError as error:
        return _editor(here, {**_NEW, **sent}, AchievementId(achievement_id), error), 400
    services.revise_achievement(
        here.institution_id, AchievementId(achievement_id), draft, actor=here.actor
    )
    return _back(here, achievement_id)


@blueprint.post("/<uuid:achievement_id>/replacement")
@staff_page(Act.ISSUE)
def replace_achievement(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    """Say what comes after an achievement."""
    form = read_form(ReplacementForm, _sent())
    services.replace_achievement(
        here.institution_id,
        AchievementId(achievement_id),
        replaced_by=AchievementId(form.replaced_by) if isinstance(form.replaced_by, UUID) else None,
        actor=here.actor,
    )
    return _back(here, achievement_id)


@blueprint.post("/<uuid:achievement_id>/awards")
@staff_page(Act.ISSUE)
def award(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    """Award an achievement to one person."""
    sent = _sent()
    try:
        form = read_form(AwardForm, sent)
        awarding.award_by_hand(
            here.institution_id,
            AchievementId(achievement_id),
            who=form.who,
            reason=form.reason,
            evidence=form.pieces(),
            decision_id=form.decision_id,
            actor=here.actor,
        )
    except (UnknownPersonError, AmbiguousPersonError, InvalidRequestError) as problem:
        return _achievement_page(here, achievement_id, sent=sent, problem=problem), 400
    return _back(here, achievement_id)


@blueprint.post("/<uuid:achievement_id>/awards/table")
@staff_page(Act.ISSUE)
def award_table(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    """Award an achievement to everybody in a table, and report each row."""
    sent = _sent()
    with transaction(here.institution_id) as session:
        achievement = queries.get_achievement(session, AchievementId(achievement_id))
    try:
        form = read_form(TableForm, sent)
        told = awarding.award_table(
            here.institution_id,
            achievement.id,
            _table(),
            reason=form.reason,
            batch_id=form.batch_id,
            actor=here.actor,
        )
    except InvalidRequestError as problem:
        sent = {"table_reason": sent.get("reason", "")}
        page = _achievement_page(here, achievement_id, sent=sent, table_problem=problem)
        return page, 400
    counts = {outcome: sum(row.outcome is outcome for row in told) for outcome in Outcome}
    return render_template(
        "badges/desk/show_report.html", here=here, achievement=achievement, told=told, counts=counts
    )


def _table() -> bytes:
    """Return the table that was uploaded.

    Raises:
        UnreadableTableError: none was, or it is too long.
    """
    upload = request.files.get("table")
    data = upload.stream.read(MOST_TABLE_BYTES + 1) if upload else b""
    if not data or len(data) > MOST_TABLE_BYTES:
        raise UnreadableTableError(phrase("Choose a CSV file of up to 500 KB."))
    return data


@blueprint.post("/<uuid:achievement_id>/awards/<uuid:award_id>/withdraw")
@staff_page(Act.ISSUE)
def withdraw(here: CurrentStaff, achievement_id: UUID, award_id: UUID) -> ResponseReturnValue:
    """Take an award back."""
    form = read_form(WithdrawalForm, _sent())
    services.withdraw_award(
        here.institution_id, AwardId(award_id), reason=form.reason, actor=here.actor
    )
    return _back(here, achievement_id)


def _draft(here: CurrentStaff, sent: dict[str, str]) -> AchievementDraft:
    """Return what was filled in; a picture that came along is kept, and named in `sent`.

    So it need not be chosen again when something else is wrong.

    Raises:
        InvalidRequestError: something is wrong with it.
    """
    upload = request.files.get("picture")
    if upload and upload.filename:
        data = upload.stream.read(uploads.MOST_BYTES + 1)
        picture = uploads.keep(here.institution_id, data, words=sent.get("picture_words", ""))
        sent.update(AchievementForm.named_picture(picture))
        sent.pop("drawn", None)
    draft = read_form(AchievementForm, sent).draft()
    if draft.picture is not None and not uploads.is_kept(here.institution_id, draft.picture):
        raise UnusablePictureError(phrase("It is no longer here. Choose the file again."))
    if draft.assessment_id not in {None, *_unearned(here)}:
        raise InvalidRequestError(
            phrase("That assessment earns a badge already. Choose another one.")
        )
    return draft


def _editor(
    here: CurrentStaff,
    values: dict[str, str],
    achievement_id: AchievementId | None,
    problem: InvalidRequestError | AchievementExistsError | None,
) -> str:
    art_url = None
    if achievement_id is not None:
        with transaction(here.institution_id) as session:
            newest = queries.get_achievement(session, achievement_id)
            picture = queries.edition_content(session, newest, newest.edition).picture
        if picture is not None and picture.id == values["picture_id"]:
            art_url = image_path(here.institution_slug, achievement_id, newest.edition)
    return render_template(
        "badges/desk/edit_achievement.html",
        art_url=art_url,
        here=here,
        values=values,
        achievement_id=achievement_id,
        problem=problem,
        sources=[
            ("", phrase("Only by hand, from a table or by a pathway")),
            *((str(id_), title) for id_, title in _unearned(here).items()),
        ],
        picture_problem=problem if isinstance(problem, UnusablePictureError) else None,
        **_CHOICES,
    )


def _back(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    return redirect(
        url_for(".show_achievement", slug=here.institution_slug, achievement_id=achievement_id), 303
    )


def _sent() -> dict[str, str]:
    """Return the form's own fields; the token that came with them has been checked."""
    return {name: value for name, value in request.form.items() if name != "csrf_token"}
