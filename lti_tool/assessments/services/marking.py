"""A person's marks: for long texts and files, one answer at a time."""

from sqlalchemy import select

from lti_tool.assessments import marking, queries
from lti_tool.assessments.errors import MarkedMeanwhileError, NothingToMarkError
from lti_tool.assessments.items import is_blank
from lti_tool.assessments.marking import Decision
from lti_tool.assessments.models import ItemMark
from lti_tool.assessments.services.scoring import score_attempt
from lti_tool.core import audit, clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, InstitutionId, ItemVersionId, PlacementId, UserId


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
        attempt = queries.get_attempt_at(session, placement_id, attempt_id, lock=True)
        asked = {one.id: one for one in queries.list_form(session, attempt)}.get(item_version_id)
        rubric = marking.rubric_of(asked.item) if asked is not None else None
        answer = queries.list_responses(session, attempt_id, of_items=[item_version_id])
        given = answer.get(item_version_id)
        if asked is None or rubric is None or given is None or is_blank(given.value):
            raise NothingToMarkError("The learner gave no answer there that a person marks.")
        points = marking.points_of(rubric, decision, asked.points)
        newest = session.scalar(
            select(ItemMark)
            .where(ItemMark.attempt_id == attempt_id, ItemMark.item_version_id == item_version_id)
            .order_by(ItemMark.number.desc())
            .limit(1)
        )
        said = (points, dict(decision.levels), decision.comment, given.save_id)
        if newest is not None:
            is_same = (newest.points, newest.levels, newest.comment, newest.save_id) == said
            if is_same and newest.marked_by == marked_by:
                return
            if newest.number != decision.seen:
                raise MarkedMeanwhileError
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
                "points_before": str(newest.points) if newest else None,
            },
        )
        session.flush()  # the scoring reads it
        score_attempt(session, institution_id, attempt, now)
