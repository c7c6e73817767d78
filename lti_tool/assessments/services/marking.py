"""A person's marks: for long texts and files, one answer at a time."""

from dataclasses import replace

from sqlalchemy import select

from lti_tool.assessments import marking, queries
from lti_tool.assessments.errors import (
    ImpossibleConditionsError,
    MarkedMeanwhileError,
    MarkingBegunError,
    NothingToMarkError,
)
from lti_tool.assessments.items import is_blank
from lti_tool.assessments.marking import Decision, Scheme, settle
from lti_tool.assessments.models import Attempt, ItemMark
from lti_tool.assessments.services.scoring import score_attempt
from lti_tool.core import audit, clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, InstitutionId, ItemVersionId, PlacementId, UserId
from lti_tool.core.language import phrase


def mark_answer(  # noqa: PLR0913 - whose answer to what, and who decided
    institution_id: InstitutionId,
    placement_id: PlacementId,
    attempt_id: AttemptId,
    item_version_id: ItemVersionId,
    decision: Decision,
    *,
    marked_by: UserId,
) -> None:
    """Give points for an answer; with the last one of an attempt, its result is whole.

    What was given before stays on record. The same decision sent twice is one mark.

    Raises:
        NotFoundError: there is no such ended attempt at this placement.
        NothingToMarkError: it has no answer there that a person marks.
        UnfitMarkError: the question cannot give these points.
        MarkedMeanwhileError: somebody else was quicker; nothing is changed.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        # Before the attempt, as whoever regrades locks them.
        scheme = queries.scheme_of(queries.get_placement(session, placement_id, keep=True))
        attempt = queries.get_attempt_at(session, placement_id, attempt_id, lock=True)
        asked = {one.id: one for one in queries.list_form(session, attempt)}.get(item_version_id)
        rubric = marking.rubric_of(asked.item) if asked is not None else None
        answer = queries.list_responses(session, attempt_id, of_items=[item_version_id])
        given = answer.get(item_version_id)
        if asked is None or rubric is None or given is None or is_blank(given.value):
            raise NothingToMarkError(
                phrase("The learner gave no answer there that a person marks.")
            )
        points = marking.points_of(rubric, decision, asked.points)
        key = (attempt_id, item_version_id)
        standing = queries.standings(session, [attempt_id]).get(key) or settle((), scheme)
        if not standing.takes(marked_by, scheme):
            raise NothingToMarkError(phrase("Two others have marked this answer."))
        marks = queries.list_marks_of_answer(session, attempt_id, item_version_id)
        # What the page showed is its marker's own as long as two do not see each other's.
        seen = next(
            (one for one in marks if standing.shows(one.marked_by, marked_by, scheme)), None
        )
        said = (points, dict(decision.levels), decision.comment, given.save_id)
        if seen is not None:
            is_same = (seen.points, seen.levels, seen.comment, seen.save_id) == said
            if is_same and seen.marked_by == marked_by:
                return
            if seen.number != decision.seen:
                raise MarkedMeanwhileError
        newest = marks[0] if marks else None
        number = newest.number + 1 if newest else 1
        session.add(
            ItemMark(
                attempt_id=attempt_id,
                item_version_id=item_version_id,
                number=number,
                save_id=given.save_id,
                points=points,
                out_of=asked.points,
                levels=dict(decision.levels),
                comment=decision.comment,
                marked_by=marked_by,
                marked_at=now,
            )
        )
        audit.record(
            session,
            actor=Actor("user", marked_by),
            act="mark_answer",
            object_kind="attempt",
            object_id=attempt_id,
            facts={
                "item_version": str(item_version_id),
                "number": number,
                "points": str(points),
                "points_before": str(seen.points) if seen else None,
            },
        )
        session.flush()  # the scoring reads it
        score_attempt(session, institution_id, attempt, now)


def set_scheme(
    institution_id: InstitutionId, placement_id: PlacementId, scheme: Scheme, *, actor: Actor
) -> None:
    """Say how many people mark an answer, when two agree, and who decides where they do not.

    Raises:
        NotFoundError: no such placement.
        ImpossibleConditionsError: the edition asks for more.
        MarkingBegunError: somebody has marked there: what counts would be another. Only who leads
            can be changed then, to anybody who has not marked there.
    """
    with transaction(institution_id) as session:
        placement = queries.get_placement(session, placement_id, lock=True)
        asked = queries.get_details(session, placement.edition_id).scheme
        if wrong := marking.problems(asked, scheme):
            raise ImpossibleConditionsError(wrong)
        scheme = replace(marking.strictest(asked, scheme), asks_lead=asked.asks_lead)
        before = queries.scheme_of(placement)
        if before == scheme:
            return
        markers = set(
            session.scalars(
                select(ItemMark.marked_by)
                .join(Attempt, Attempt.id == ItemMark.attempt_id)
                .where(Attempt.placement_id == placement_id)
                .distinct()
            )
        )
        if markers and (before.markers, before.tolerance) != (scheme.markers, scheme.tolerance):
            raise MarkingBegunError
        if scheme.lead in markers and scheme.lead != before.lead:
            raise ImpossibleConditionsError(
                {"lead": phrase("Choose somebody who has not marked here: a lead sees both marks.")}
            )
        placement.markers, placement.mark_tolerance = scheme.markers, scheme.tolerance
        placement.lead_id, placement.asks_lead = scheme.lead, scheme.asks_lead
        audit.record(
            session,
            actor=actor,
            act="set_marking",
            object_kind="placement",
            object_id=placement_id,
            facts={
                "markers": scheme.markers,
                "tolerance": str(scheme.tolerance),
                "lead": str(scheme.lead) if scheme.lead else None,
            },
        )
