"""Reading what became of a newer edition in all courses, and which courses use an earlier one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from lti_tool.assessments.models import Edition, Placement, RegradePlace, RegradeRun
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AssessmentId, EditionId
from lti_tool.core.language import phrase, recalled
from lti_tool.platforms.models import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class RegradedPlace:
    """One placement of a run, as people know it."""

    place: RegradePlace
    title: str
    course: str | None
    gives_badge: bool
    number_before: int

    @property
    def why(self) -> list[str]:
        """Return why it cannot be done, or was not; empty if neither."""
        return [] if self._fits else [recalled(sentence) for sentence in self.place.note]

    @property
    def also(self) -> list[str]:
        """Return what of the rules changes besides scores, or has changed."""
        return [recalled(sentence) for sentence in self.place.note] if self._fits else []

    @property
    def _fits(self) -> bool:
        return self.place.outcome in {"fits", "done"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredByInstitution:
    """That a placement was scored by a newer edition because the institution said so.

    Attributes:
        also: what of its rules changed with it.
    """

    number: int
    reason: str
    results_changed: int
    done_at: datetime
    also: tuple[str, ...]


def list_behind(
    session: Session, assessment_id: AssessmentId
) -> tuple[EditionId | None, Sequence[Placement]]:
    """Return an assessment's newest edition, and the placements in use of an earlier one."""
    newest = session.scalar(
        select(Edition.id)
        .where(Edition.assessment_id == assessment_id, Edition.published_at.is_not(None))
        .order_by(Edition.number.desc())
        .limit(1)
    )
    behind = session.scalars(
        select(Placement)
        .join(Edition, Edition.id == Placement.edition_id)
        .where(
            Edition.assessment_id == assessment_id,
            Placement.edition_id != newest,
            # One without a link was given up in a picker, or never opened.
            Placement.resource_link_id.is_not(None),
            Placement.is_trial.is_(False),
        )
        .order_by(Placement.id)
    ).all()
    return newest, behind


def get_run(
    session: Session, assessment_id: AssessmentId, run_id: UUID, *, lock: bool = False
) -> RegradeRun:
    """Return a run over an assessment's courses.

    Raises:
        NotFoundError: the assessment has none of this id.
    """
    query = select(RegradeRun).where(
        RegradeRun.id == run_id, RegradeRun.assessment_id == assessment_id
    )
    run = session.scalar(query.with_for_update() if lock else query)
    if run is None:
        raise NotFoundError(phrase("There is no such look at all courses."))
    return run


def list_runs(
    session: Session, assessment_id: AssessmentId, *, limit: int = 10
) -> list[RegradeRun]:
    """Return the runs over an assessment's courses that were decided on, the newest first."""
    return list(
        session.scalars(
            select(RegradeRun)
            .where(
                RegradeRun.assessment_id == assessment_id,
                RegradeRun.state.in_(["scoring", "done"]),
            )
            .order_by(RegradeRun.asked_at.desc(), RegradeRun.id)
            .limit(limit)
        )
    )


def list_places(session: Session, run_id: UUID) -> list[RegradedPlace]:
    """Return a run's placements by course and title."""
    before = aliased(Edition)
    rows = session.execute(
        select(RegradePlace, Placement.title, Context.title, Placement.gives_badge, before.number)
        .join(Placement, Placement.id == RegradePlace.placement_id)
        .join(before, before.id == RegradePlace.edition_before_id)
        .outerjoin(Context, Context.id == Placement.context_id)
        .where(RegradePlace.run_id == run_id)
        .order_by(Context.title, Placement.title, Placement.id)
    )
    return [
        RegradedPlace(
            place=place, title=title, course=course, gives_badge=gives, number_before=number
        )
        for place, title, course, gives, number in rows
    ]


def find_scored_by_institution(
    session: Session, placement: Placement, *, since: datetime
) -> ScoredByInstitution | None:
    """Return the institution's newest decision by which a placement is scored now, if recent."""
    row = session.execute(
        select(
            RegradePlace.results_changed,
            RegradePlace.done_at,
            RegradePlace.note,
            RegradeRun.reason,
            Edition.number,
        )
        .join(RegradeRun, RegradeRun.id == RegradePlace.run_id)
        .join(Edition, Edition.id == RegradeRun.edition_id)
        .where(
            RegradePlace.placement_id == placement.id,
            RegradePlace.outcome == "done",
            RegradePlace.done_at >= since,
            RegradeRun.edition_id == placement.edition_id,
        )
        .order_by(RegradePlace.done_at.desc())
        .limit(1)
    ).one_or_none()
    if row is None or row.done_at is None:
        return None
    return ScoredByInstitution(
        number=row.number,
        reason=row.reason or "",
        results_changed=row.results_changed,
        done_at=row.done_at,
        also=tuple(map(recalled, row.note)),
    )
