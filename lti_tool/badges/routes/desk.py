"""The issuers' desk: achievements and their editions, awards by hand, withdrawals."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.badges import awarding, queries, reviewing, services
from lti_tool.badges.awarding import Outcome
from lti_tool.badges.errors import (
    AmbiguousPersonError,
    UnknownPersonError,
    UnreadableTableError,
)
from lti_tool.badges.forms import (
    AwardForm,
    ReplacementForm,
    ReviewForm,
    TableForm,
    WithdrawalForm,
)
from lti_tool.badges.issuer import image_path
from lti_tool.badges.rules import KIND_WORDS
from lti_tool.core.db import transaction
from lti_tool.core.errors import InvalidRequestError, ToolError
from lti_tool.core.ids import AchievementId, AwardId, new_id
from lti_tool.core.language import phrase
from lti_tool.core.web import read_form
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page

blueprint = Blueprint("issuing", __name__, url_prefix="/desk/<slug>/achievements")

MOST_TABLE_BYTES = 500_000


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
        form = read_form(ReviewForm, sent_fields())
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


@blueprint.post("/<uuid:achievement_id>/replacement")
@staff_page(Act.ISSUE)
def replace_achievement(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    """Say what comes after an achievement."""
    form = read_form(ReplacementForm, sent_fields())
    services.replace_achievement(
        here.institution_id,
        AchievementId(achievement_id),
        replaced_by=AchievementId(form.replaced_by) if isinstance(form.replaced_by, UUID) else None,
        actor=here.actor,
    )
    return back_to(here, achievement_id)


@blueprint.post("/<uuid:achievement_id>/awards")
@staff_page(Act.ISSUE)
def award(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    """Award an achievement to one person."""
    sent = sent_fields()
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
    return back_to(here, achievement_id)


@blueprint.post("/<uuid:achievement_id>/awards/table")
@staff_page(Act.ISSUE)
def award_table(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    """Award an achievement to everybody in a table, and report each row."""
    sent = sent_fields()
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
    form = read_form(WithdrawalForm, sent_fields())
    services.withdraw_award(
        here.institution_id, AwardId(award_id), reason=form.reason, actor=here.actor
    )
    return back_to(here, achievement_id)


def back_to(here: CurrentStaff, achievement_id: UUID) -> ResponseReturnValue:
    """Lead to the page of an achievement."""
    return redirect(
        url_for(".show_achievement", slug=here.institution_slug, achievement_id=achievement_id), 303
    )


def sent_fields() -> dict[str, str]:
    """Return the form's own fields; the token that came with them has been checked."""
    return {name: value for name, value in request.form.items() if name != "csrf_token"}
