"""Looking what the gradebook holds: at night, and when somebody asks."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.core import clock, queue
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.errors import DeniedError, InvalidRequestError, TemporaryError
from lti_tool.core.ids import InstitutionId, PlacementId, RegistrationId
from lti_tool.core.language import phrase
from lti_tool.grading import ags, platform, queries
from lti_tool.grading.ags import Result
from lti_tool.grading.errors import ColumnGoneError
from lti_tool.grading.models import (
    ERASED_SUBJECT,
    DesiredScore,
    GradebookColumn,
    SenderLane,
)
from lti_tool.grading.rules import Outcome, grants
from lti_tool.grading.services.lanes import wake
from lti_tool.platforms.rosters import refresh_roster

COMPARE = "lti_tool.grading.jobs.compare_column"
EVERY = timedelta(hours=22)
# A score that was taken this short a time before may not be shown yet: platforms grade in jobs.
SETTLES = timedelta(minutes=2)


def ask_comparison(institution_id: InstitutionId, placement_id: PlacementId) -> None:
    """Have a worker read a placement's column, and its course's members, soon."""
    queue.enqueue(COMPARE, [str(institution_id), str(placement_id)])


def compare_column(institution_id: InstitutionId, placement_id: PlacementId) -> None:
    """Read what a placement's column holds and note it beside what we want.

    A grade that differs is shown, never overwritten. One that the platform acknowledged and
    has lost is sent once more. Why the column cannot be read is noted for the page.

    Who is in the course is read with it: that says whose grade is missing.

    Calls the platform, so never inside a transaction.
    """
    begun_at = clock.now()
    with transaction(institution_id) as session:
        place = queries.get_place(session, placement_id)
        urls = queries.list_line_item_urls(session, placement_id)
    if place.context_id is not None and place.memberships_url:
        refresh_roster(institution_id, place.context_id)
    error: str | None = None
    if not grants(place.scopes, ags.RESULT_SCOPE):
        urls, error = [], phrase("Cairn was not given the right to read grades in this course.")
    for url in urls:
        try:
            held = platform.read_column(place.registration_id, url)
        except ColumnGoneError:
            _mark_gone(institution_id, placement_id, url, begun_at)
        except (TemporaryError, DeniedError, InvalidRequestError) as problem:
            error = str(problem)
        else:
            _note(institution_id, placement_id, url, held, begun_at)
    with transaction(institution_id) as session:
        values = {"compare_error": error} | ({} if error else {"compared_at": begun_at})
        session.execute(
            insert(GradebookColumn)
            .values(institution_id=institution_id, placement_id=placement_id, **values)
            .on_conflict_do_update(index_elements=["placement_id", "institution_id"], set_=values)
        )


_NOTE = text("""
    UPDATE desired_scores AS score
    SET held_points = held.points, held_maximum = held.maximum, held_at = :at
    FROM unnest(CAST(:subjects AS text[]), CAST(:points AS numeric[]), CAST(:maxima AS numeric[]))
        AS held (subject, points, maximum)
    WHERE score.placement_id = :placement_id AND score.line_item_url = :url
        AND score.subject = held.subject
        AND (score.acknowledged_at IS NULL OR score.acknowledged_at <= :at)
""")


def _note(
    institution_id: InstitutionId,
    placement_id: PlacementId,
    url: str,
    held: Mapping[str, Result],
    at: datetime,
) -> None:
    here = [
        DesiredScore.placement_id == placement_id,
        DesiredScore.line_item_url == url,
        # What was taken since may not have been there when it was read.
        or_(DesiredScore.acknowledged_at.is_(None), DesiredScore.acknowledged_at <= at),
    ]
    with transaction(institution_id) as session:
        # Whoever is not in the platform's list has no grade there.
        session.execute(
            update(DesiredScore)
            .where(*here)
            .values(held_points=None, held_maximum=None, held_at=at)
        )
        parameters = {
            "placement_id": placement_id,
            "url": url,
            "at": at,
            "subjects": list(held),
            "points": [result.score for result in held.values()],
            "maxima": [result.maximum for result in held.values()],
        }
        session.execute(_NOTE, parameters)
        _accept(session, placement_id, url, at)
        _restore(session, institution_id, placement_id, url, at)


def _accept(session: Session, placement_id: PlacementId, url: str, at: datetime) -> None:
    """Take a refused score that the gradebook holds all the same as acknowledged.

    A try whose answer was lost may have been stored, and a later one been refused for that.
    """
    refused = session.scalars(
        select(DesiredScore)
        .where(
            DesiredScore.placement_id == placement_id,
            DesiredScore.line_item_url == url,
            DesiredScore.refused_at.is_not(None),
            DesiredScore.held_points.is_not(None),
            DesiredScore.held_at == at,  # this reading's, not an older one's
        )
        .with_for_update()
    )
    for score in refused:
        if Result(score=score.held_points, maximum=score.held_maximum).equals(
            score.given, score.maximum
        ):
            score.acknowledged_version, score.acknowledged_at = score.version, at
            score.refused_at, score.tries = None, 0
            score.last_outcome = score.last_status = score.last_error = None


def _restore(
    session: Session,
    institution_id: InstitutionId,
    placement_id: PlacementId,
    url: str,
    at: datetime,
) -> None:
    """Send again, once, what the platform acknowledged and no longer has: an older backup."""
    registrations = session.scalars(
        update(DesiredScore)
        .where(
            DesiredScore.placement_id == placement_id,
            DesiredScore.line_item_url == url,
            DesiredScore.held_points.is_(None),
            DesiredScore.given.is_not(None),
            DesiredScore.subject != ERASED_SUBJECT,
            DesiredScore.acknowledged_version == DesiredScore.version,
            DesiredScore.acknowledged_at < at - SETTLES,
            DesiredScore.restored_version < DesiredScore.version,
        )
        .values(
            version=DesiredScore.version + 1,
            restored_version=DesiredScore.version + 1,
            due_at=at,
            tries=0,
            last_outcome=None,
        )
        .returning(DesiredScore.registration_id)
    ).all()
    for registration_id in set(registrations):
        wake(session, registration_id, institution_id, at)


def _mark_gone(
    institution_id: InstitutionId, placement_id: PlacementId, url: str, at: datetime
) -> None:
    with transaction(institution_id) as session:
        session.execute(
            update(DesiredScore)
            .where(DesiredScore.placement_id == placement_id, DesiredScore.line_item_url == url)
            .values(
                refused_at=at,
                due_at=None,
                last_outcome=Outcome.COLUMN_GONE.value,
                last_status=404,
                last_error="",
                held_points=None,
                held_maximum=None,
                held_at=at,
            )
        )


def take_lanes_to_compare(*, limit: int = 20) -> list[tuple[RegistrationId, InstitutionId]]:
    """Return lanes not looked through since yesterday, each once a day; the longest ago first."""
    now = clock.now()
    with system_transaction() as session:
        rows = session.scalars(
            select(SenderLane)
            .where(
                or_(SenderLane.compared_at.is_(None), SenderLane.compared_at <= now - EVERY),
                or_(SenderLane.paused_until.is_(None), SenderLane.paused_until <= now),
            )
            .order_by(SenderLane.compared_at.asc().nulls_first())
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.compared_at = now
        return [(row.registration_id, row.institution_id) for row in rows]


def list_compared(
    institution_id: InstitutionId, registration_id: RegistrationId
) -> list[PlacementId]:
    """Return the placements with scores to look after, those longest unseen first."""
    with transaction(institution_id) as session:
        return queries.list_placements_with_scores(session, registration_id)
