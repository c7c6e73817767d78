"""What the gradebook should hold: written down here, sent by whoever holds the lane."""

from collections.abc import Collection, Sequence

from sqlalchemy import case, select, text, update
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Placement, PlacementResult
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import (
    ContextId,
    DesiredScoreId,
    InstitutionId,
    PlacementId,
    UserId,
    new_id,
)
from lti_tool.core.language import phrase
from lti_tool.grading import ags
from lti_tool.grading.models import ERASED_SUBJECT, DesiredScore
from lti_tool.grading.rules import Outcome, comment_on
from lti_tool.grading.services.lanes import wake

ERASED = phrase("The learner was erased before it was sent.")
NOT_GRANTED = phrase("Cairn was not given the right to write grades in this course.")


# Of every result that is asked for: what its gradebook should hold, unless that is written down
# already. Without the right to send it is kept, and sent once a launch brings the right. A score
# that was refused, or put off, is due again: its result is another one, or its column is. While a
# person has yet to mark a part, there is no grade: one without that part would be a wrong one. A
# result that was withdrawn clears the cell, if something was wanted in it.
_DESIRE = text("""
    INSERT INTO desired_scores AS score (institution_id, id, registration_id, placement_id, user_id,
        subject, line_item_url, given, maximum, comment, over_teacher, result_version, version,
        changed_at, timestamp_version, acknowledged_version, restored_version, tries,
        due_at, refused_at, last_outcome, last_error)
    SELECT result.institution_id, wanted.id, deployment.registration_id, result.placement_id,
        result.user_id, users.subject, address.url,
        CASE WHEN result.withdrawn_at IS NULL THEN result.points_earned END, result.points_possible,
        CASE WHEN result.withdrawn_at IS NOT NULL THEN NULL
            WHEN result.passed THEN :passed ELSE :not_passed END, false, result.version, 1,
        :now, 0, 0, 0, 0,
        CASE WHEN may.score THEN CAST(:now AS timestamptz) END,
        CASE WHEN NOT may.score THEN CAST(:now AS timestamptz) END,
        CASE WHEN NOT may.score THEN :not_granted END, CASE WHEN NOT may.score THEN :reason END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:placements AS uuid[]), CAST(:users AS uuid[]))
            AS wanted (id, placement_id, user_id)
        JOIN placement_results AS result USING (placement_id, user_id)
        JOIN placements ON placements.id = result.placement_id
        JOIN resource_links AS link ON link.id = placements.resource_link_id
        JOIN deployments AS deployment ON deployment.id = link.deployment_id
        JOIN users ON users.id = result.user_id
        LEFT JOIN contexts ON contexts.id = link.context_id
        LEFT JOIN gradebook_columns AS made ON made.placement_id = result.placement_id
        CROSS JOIN LATERAL (SELECT coalesce(nullif(link.line_item_url, ''), made.made_url))
            AS address (url)
        CROSS JOIN LATERAL (SELECT coalesce(contexts.service_scopes, '[]') = '[]'
            OR contexts.service_scopes @> jsonb_build_array(CAST(:scope AS text))) AS may (score)
    WHERE address.url IS NOT NULL AND NOT users.is_visitor
        AND NOT EXISTS (SELECT FROM attempts WHERE attempts.placement_id = result.placement_id
            AND attempts.user_id = result.user_id AND attempts.awaits_marking)
        AND (result.withdrawn_at IS NULL OR EXISTS (SELECT FROM desired_scores AS before
            WHERE before.placement_id = result.placement_id AND before.user_id = result.user_id))
    ON CONFLICT (institution_id, placement_id, user_id) DO UPDATE SET
        given = excluded.given, maximum = excluded.maximum, comment = excluded.comment,
        over_teacher = false, result_version = excluded.result_version,
        version = score.version + 1, changed_at = excluded.changed_at, tries = 0,
        registration_id = excluded.registration_id, subject = excluded.subject,
        line_item_url = excluded.line_item_url, due_at = excluded.due_at,
        refused_at = excluded.refused_at, last_outcome = excluded.last_outcome,
        last_error = excluded.last_error, last_status = NULL, held_at = NULL
    WHERE score.result_version < excluded.result_version
        OR score.result_version = excluded.result_version
            AND (score.line_item_url <> excluded.line_item_url
                OR score.last_outcome = :not_granted AND excluded.last_outcome IS NULL)
    RETURNING score.id, score.registration_id, score.due_at
""")


def desire_score(
    institution_id: InstitutionId, placement_id: PlacementId, user_id: UserId
) -> DesiredScoreId | None:
    """Write down what the gradebook should hold for a user, from their current result.

    Runs at least once and in any order: it reads the present, and an older result never
    replaces a newer one.

    Returns:
        The row; None when there is nothing new to send, no result, or no gradebook column.
    """
    with transaction(institution_id) as session:
        found = _desire(session, institution_id, [(placement_id, user_id)])
    return found[0] if found else None


def desire_scores_of_context(institution_id: InstitutionId, context_id: ContextId) -> int:
    """Want every result of a course in its gradebook, as a launch has just described it.

    A link that gets its column only later, a column at another address, a right that was
    given: the results that exist already are sent then.

    Returns:
        How many scores are new or different.
    """
    with transaction(institution_id) as session:
        results = session.execute(
            select(PlacementResult.placement_id, PlacementResult.user_id)
            .join(Placement, Placement.id == PlacementResult.placement_id)
            .where(Placement.context_id == context_id)
        ).all()
        found = _desire(session, institution_id, [(row[0], row[1]) for row in results])
    return len(found)


def desire_scores_of_placement(institution_id: InstitutionId, placement_id: PlacementId) -> int:
    """Want every result of a placement in its gradebook; returns how many are new or different."""
    with transaction(institution_id) as session:
        users = session.scalars(
            select(PlacementResult.user_id).where(PlacementResult.placement_id == placement_id)
        ).all()
        found = _desire(session, institution_id, [(placement_id, user_id) for user_id in users])
    return len(found)


def _desire(
    session: Session,
    institution_id: InstitutionId,
    results: Sequence[tuple[PlacementId, UserId]],
) -> list[DesiredScoreId]:
    now = clock.now()
    parameters = {
        "ids": [new_id() for _ in results],
        "placements": [placement_id for placement_id, _ in results],
        "users": [user_id for _, user_id in results],
        "now": now,
        "passed": comment_on(passed=True),
        "not_passed": comment_on(passed=False),
        "scope": ags.SCORE_SCOPE,
        "not_granted": Outcome.NOT_GRANTED.value,
        "reason": NOT_GRANTED,
    }
    rows = session.execute(_DESIRE, parameters).all()
    for registration_id in {row.registration_id for row in rows if row.due_at is not None}:
        wake(session, registration_id, institution_id, now)
    return [DesiredScoreId(row.id) for row in rows]


def send_again(
    institution_id: InstitutionId,
    placement_id: PlacementId,
    user_id: UserId | None = None,
    *,
    actor: audit.Actor,
    over_teacher: bool = False,
) -> int:
    """Make a placement's scores due now, refused ones included; one user's or all.

    A score that was acknowledged is sent anew under a new timestamp. Those of erased learners stay.

    Args:
        institution_id: whose placement it is.
        placement_id: all its scores, or
        user_id: one user's.
        actor: who asks for it.
        over_teacher: take the place of a grade that was given by hand, where a platform
            lets us (Canvas).

    Returns:
        How many will be sent.
    """
    now = clock.now()
    with transaction(institution_id) as session:
        query = (
            update(DesiredScore)
            .where(
                DesiredScore.placement_id == placement_id,
                DesiredScore.last_outcome.is_distinct_from(Outcome.NOT_GRANTED.value),
                DesiredScore.subject != ERASED_SUBJECT,
            )
            .values(
                due_at=now,
                tries=0,
                refused_at=None,
                last_outcome=None,
                over_teacher=over_teacher,
                version=case(
                    (
                        DesiredScore.acknowledged_version == DesiredScore.version,
                        DesiredScore.version + 1,
                    ),
                    else_=DesiredScore.version,
                ),
            )
            .returning(DesiredScore.registration_id)
        )
        if user_id is not None:
            query = query.where(DesiredScore.user_id == user_id)
        registrations = session.scalars(query).all()
        for registration_id in set(registrations):
            wake(session, registration_id, institution_id, now, at_once=True)
        audit.record(
            session,
            actor=actor,
            act="resend_scores",
            object_kind="placement",
            object_id=placement_id,
            facts={"scores": len(registrations)},
        )
    return len(registrations)


def erase_scores(institution_id: InstitutionId, user_ids: Collection[UserId]) -> None:
    """Send nothing more for these users, and forget what platforms call them."""
    waiting = DesiredScore.due_at.is_not(None)
    with transaction(institution_id) as session:
        session.execute(
            update(DesiredScore)
            .where(DesiredScore.user_id.in_(user_ids))
            .values(
                subject=ERASED_SUBJECT,
                due_at=None,
                refused_at=case((waiting, clock.now()), else_=DesiredScore.refused_at),
                last_outcome=case(
                    (waiting, Outcome.REFUSED.value), else_=DesiredScore.last_outcome
                ),
                last_status=case((waiting, None), else_=DesiredScore.last_status),
                last_error=case((waiting, ERASED), else_=None),
            )
        )
