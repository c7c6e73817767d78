"""Regrading a placement by a later edition of its assessment: looked at first, then done."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.assessments import conditions, marking, queries, regrading, rule_changes, rules
from lti_tool.assessments.errors import RegradeOutdatedError, UnfitRegradeError
from lti_tool.assessments.marking import Scheme
from lti_tool.assessments.models import Attempt, ItemMark, Placement
from lti_tool.assessments.queries import EditionSummary
from lti_tool.assessments.regrading import Change, Regrade
from lti_tool.assessments.rule_changes import Rules
from lti_tool.assessments.rules import FormItem, Mark, Outcome, Policy
from lti_tool.assessments.services.scoring import score_attempt
from lti_tool.core import audit, clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import tenant, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import EditionId, InstitutionId, PlacementId, UserId
from lti_tool.core.language import joined, phrase


def try_regrade(
    session: Session, placement: Placement, edition_id: EditionId, *, holds_back: bool = False
) -> Regrade:
    """Return what scoring all ended attempts at a placement by a later edition would change.

    Those whose answers are no longer kept keep their points. Those that run have none yet, but
    what they were asked has to fit, too.

    Args:
        session: of the institution.
        placement: which.
        edition_id: the later edition.
        holds_back: nothing is to be shown to learners earlier than now.

    Raises:
        NotFoundError: the edition is no later one of the placement's assessment.
    """
    later = {
        one.edition_id: one for one in queries.list_newer_editions(session, placement.edition_id)
    }
    if edition_id not in later:
        raise NotFoundError(phrase("There is no such newer edition of this assessment."))
    attempts_here = queries.list_attempts(session, placement.id)
    ended = [attempt for attempt in attempts_here if attempt.submitted_at is not None]
    changes, problems = [], set[str]()
    for attempt in attempts_here:
        if attempt.submitted_at is None:  # it will be scored by that edition, too
            problems |= set(find_problems(session, attempt, edition_id))
    by_user: dict[UserId, list[Attempt]] = defaultdict(list)
    for attempt in ended:
        by_user[attempt.user_id].append(attempt)
    for attempts in by_user.values():
        after = []
        for attempt in attempts:
            if attempt.answers_gone_at is not None:
                after.append(_outcome(attempt))
                continue
            asked = queries.form_by(session, attempt, attempt.edition_id)
            form = queries.form_by(session, attempt, edition_id)
            problems |= set(_problems(asked, form))
            if not problems:
                mark = _mark(session, attempt, form)
                passed = mark.passes(later[edition_id].pass_mark)
                after.append(Outcome(earned=mark.earned, possible=mark.possible, passed=passed))
        if len(after) == len(attempts):
            change = _change(session, placement, attempts, after, later[edition_id])
            changes += [change] if change is not None else []
    return Regrade(
        edition_id=edition_id,
        attempts=len(ended),
        changes=() if problems else tuple(changes),
        problems=tuple(sorted(problems)),
        also=_also(session, placement, later[edition_id], holds_back=holds_back),
    )


def _also(
    session: Session, placement: Placement, later: EditionSummary, *, holds_back: bool
) -> tuple[str, ...]:
    """Return in sentences what of a placement's rules a later edition changes."""
    held = Rules(
        pass_mark=queries.get_edition(session, placement.edition_id).pass_mark,
        conditions=queries.conditions_of(session, placement),
        scheme=queries.scheme_of(placement),
    )
    then = Rules(
        pass_mark=later.pass_mark,
        conditions=conditions.strictest(later.limits, queries.own_conditions(placement)),
        scheme=_scheme_by(session, placement, later.edition_id),
    )
    return rule_changes.differences(held, then, holds_back=holds_back)


def _hold_back(session: Session, placement: Placement, edition_id: EditionId) -> None:
    """Make it the placement's own rule that a later edition shows nothing earlier."""
    own = rule_changes.holding_back(
        queries.conditions_of(session, placement),
        queries.get_edition(session, edition_id).limits,
        queries.own_conditions(placement),
    )
    placement.answers_shown = own.answers_shown
    placement.feedback_shown = own.feedback_shown
    placement.key_shown = own.key_shown


def _scheme_by(session: Session, placement: Placement, edition_id: EditionId) -> Scheme:
    """Return how an edition asks for answers to be marked, unless marking has begun otherwise."""
    held = queries.scheme_of(placement)
    marked = (
        select(ItemMark.id)
        .join(Attempt, Attempt.id == ItemMark.attempt_id)
        .where(Attempt.placement_id == placement.id)
    )
    if session.scalar(select(marked.exists())):
        return held
    asked = queries.get_details(session, edition_id).scheme
    return replace(marking.strictest(asked, held), asks_lead=asked.asks_lead)


def _problems(asked: Sequence[FormItem], later: Sequence[FormItem]) -> list[str]:
    if not later:
        return [phrase("The newer edition asks none of the questions that were answered here.")]
    by_id = {one.id: one for one in asked}
    return [
        phrase(
            "Question %(value)s offers other answers in the newer edition.",
            value=one.number,
        )
        for one in later
        if not regrading.can_score(by_id[one.id].item, one.item)
    ]


def find_problems(session: Session, attempt: Attempt, edition_id: EditionId) -> list[str]:
    """Return why a later edition cannot score an attempt; empty if it can."""
    asked = queries.form_by(session, attempt, attempt.edition_id)
    return _problems(asked, queries.form_by(session, attempt, edition_id))


def _mark(session: Session, attempt: Attempt, form: Sequence[FormItem]) -> Mark:
    answers = queries.list_responses(session, attempt.id)
    return rules.mark(
        form,
        {item_id: stored.value for item_id, stored in answers.items()},
        queries.list_given(session, attempt.id),
    )


def _outcome(attempt: Attempt) -> Outcome:
    """Return what an ended attempt comes to now."""
    return Outcome(
        earned=attempt.points_earned or Decimal(),
        possible=attempt.points_possible or Decimal(),
        passed=bool(attempt.passed),
    )


def _change(
    session: Session,
    placement: Placement,
    attempts: Sequence[Attempt],
    after: Sequence[Outcome],
    edition: EditionSummary,
) -> Change | None:
    """Return what changes for one learner, None for nothing; `attempts` are all that ended."""
    if all(attempt.answers_gone_at is not None for attempt in attempts):
        return None  # nothing is scored anew
    user_id = attempts[0].user_id
    result = queries.find_result(session, placement.id, user_id)
    then = rules.reduce_attempts(Policy(placement.policy), after, edition.pass_mark)
    now = then
    if result is not None:
        now = Outcome(
            earned=result.points_earned, possible=result.points_possible, passed=result.passed
        )
    both = list(zip(attempts, after, strict=True))
    won = tuple(one.id for one, new in both if new.passed and not one.passed)
    lost = tuple(one.id for one, new in both if one.passed and not new.passed)
    if now == then and not won and not lost:
        return None
    return Change(user_id=user_id, before=now, after=then, won=won, lost=lost)


def regrade(  # noqa: PLR0913 - what a decision consists of
    institution_id: InstitutionId,
    placement_id: PlacementId,
    edition_id: EditionId,
    *,
    digest: str,
    reason: str,
    actor: Actor,
) -> int:
    """Score a placement by a later edition from now on, and all attempts made there anew.

    Grades and badges follow by the events that scoring records. A badge that would fall away is
    put before a person.

    Args:
        institution_id: whose.
        placement_id: of the placement.
        edition_id: the later edition.
        digest: of the dry run that whoever decides has seen.
        reason: in words; kept in the audit trail.
        actor: who decides.

    Returns:
        How many learners' results changed.

    Raises:
        NotFoundError: no such placement, or no such later edition.
        UnfitRegradeError: a question asks something else now.
        RegradeOutdatedError: it would come out differently from what was seen.
    """
    with transaction(institution_id) as session:
        return regrade_in(
            session, placement_id, edition_id, digest=digest, reason=reason, actor=actor
        )


def regrade_in(  # noqa: PLR0913 - what a decision consists of
    session: Session,
    placement_id: PlacementId,
    edition_id: EditionId,
    *,
    digest: str,
    reason: str,
    actor: Actor,
    holds_back: bool = False,
) -> int:
    """Score a placement by a later edition as part of somebody's transaction; see `regrade`.

    With `holds_back` nothing is shown to learners earlier than before: whoever decided that of all
    courses has not looked at each, and what somebody has seen cannot be taken back.
    """
    now = clock.now()
    placement = queries.get_placement(session, placement_id, lock=True)
    # In one order, so that two who lock several never wait for each other.
    attempts = session.scalars(
        select(Attempt)
        .where(Attempt.placement_id == placement_id)
        .order_by(Attempt.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    dry_run = try_regrade(session, placement, edition_id, holds_back=holds_back)
    if dry_run.problems:
        raise UnfitRegradeError(joined(dry_run.problems))
    if dry_run.digest != digest:
        raise RegradeOutdatedError
    before = placement.edition_id
    scheme = _scheme_by(session, placement, edition_id)
    if holds_back:
        _hold_back(session, placement, edition_id)
    placement.edition_id = edition_id
    placement.markers, placement.mark_tolerance = scheme.markers, scheme.tolerance
    placement.asks_lead = scheme.asks_lead
    # Whose answers are no longer kept keeps its points: there is nothing to score.
    kept = [attempt for attempt in attempts if attempt.answers_gone_at is None]
    for attempt in kept:
        attempt.scored_by_id = edition_id
    session.flush()  # the scoring reads it
    for attempt in kept:
        if attempt.submitted_at is not None:
            score_attempt(session, tenant(), attempt, now)
    audit.record(
        session,
        actor=actor,
        act="regrade",
        object_kind="placement",
        object_id=placement_id,
        reason=reason,
        facts={
            "edition": str(edition_id),
            "edition_before": str(before),
            "attempts": dry_run.attempts,
            "rules_changed": len(dry_run.also),
            "results_changed": dry_run.results_changed,
            "passes_won": sum(len(change.won) for change in dry_run.changes),
            "passes_lost": sum(len(change.lost) for change in dry_run.changes),
        },
    )
    return dry_run.results_changed
