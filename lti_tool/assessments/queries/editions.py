"""Reading editions and what they ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from lti_tool.assessments.conditions import Limits
from lti_tool.assessments.drafts import EditionDetails
from lti_tool.assessments.models import Edition, EditionItem, ItemVersion
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AssessmentId, EditionId, ItemVersionId
from lti_tool.core.language import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionSummary:
    """An edition, as somebody choosing one sees it.

    Attributes:
        pass_mark: share of the points, 0 to 1.
        minutes: time allowed; None without a limit.
        questions: how many there are.
        points: what they are worth together.
        limits: what a placement of it may tighten.
        language: in which it is written; empty where nobody said.
    """

    edition_id: EditionId
    assessment_id: AssessmentId
    number: int
    published_at: datetime | None
    title: str
    summary: str
    competencies: tuple[str, ...]
    pass_mark: Decimal
    minutes: int | None
    questions: int
    points: Decimal
    limits: Limits
    language: str


_WORTH = (
    select(
        EditionItem.edition_id,
        func.count().label("questions"),
        func.sum(EditionItem.points).label("points"),
    )
    .group_by(EditionItem.edition_id)
    .subquery()
)
_SUMMARIES = (
    select(Edition, _WORTH.c.questions, _WORTH.c.points)
    .join(_WORTH, _WORTH.c.edition_id == Edition.id)
    .where(Edition.published_at.is_not(None))
)


def list_published_editions(session: Session, *, words: str | None = None) -> list[EditionSummary]:
    """Return the newest published edition of each assessment, by title.

    Args:
        session: of the institution.
        words: only those whose title or summary contains this, in any case.
    """
    newest = (
        select(Edition.id)
        .where(Edition.published_at.is_not(None))
        .order_by(Edition.assessment_id, Edition.number.desc())
        .ext(distinct_on(Edition.assessment_id))
    )
    query = _SUMMARIES.where(Edition.id.in_(newest)).order_by(Edition.title, Edition.id)
    if words:
        query = query.where(
            Edition.title.icontains(words, autoescape=True)
            | Edition.summary.icontains(words, autoescape=True)
        )
    return [_summary(row) for row in session.execute(query)]


def get_edition(session: Session, edition_id: EditionId) -> EditionSummary:
    """Return a published edition.

    Raises:
        NotFoundError: there is none of this id.
    """
    row = session.execute(_SUMMARIES.where(Edition.id == edition_id)).one_or_none()
    if row is None:
        raise NotFoundError(phrase("There is no such assessment."))
    return _summary(row)


def get_details(session: Session, edition_id: EditionId) -> EditionDetails:
    """Return what an edition says of itself besides its rules.

    Raises:
        NotFoundError: there is none of this id.
    """
    stored = session.scalar(select(Edition.details).where(Edition.id == edition_id))
    if stored is None:
        raise NotFoundError(phrase("There is no such assessment."))
    return EditionDetails.stored(stored)


def _summary(row: Row[Edition, int, Decimal]) -> EditionSummary:
    edition, questions, points = row
    return EditionSummary(
        edition_id=edition.id,
        assessment_id=edition.assessment_id,
        number=edition.number,
        published_at=edition.published_at,
        title=edition.title,
        summary=edition.summary,
        competencies=tuple(edition.competencies),
        pass_mark=edition.pass_mark,
        minutes=edition.minutes,
        questions=questions,
        points=points,
        limits=Limits.read(edition),
        language=edition.details.get("language", ""),
    )


def list_newer_editions(session: Session, edition_id: EditionId) -> list[EditionSummary]:
    """Return the later editions of the same assessment, newest first."""
    own = select(Edition.assessment_id, Edition.number).where(Edition.id == edition_id).subquery()
    query = _SUMMARIES.where(
        Edition.assessment_id == own.c.assessment_id, Edition.number > own.c.number
    )
    return [_summary(row) for row in session.execute(query.order_by(Edition.number.desc()))]


def list_edition_content(
    session: Session, edition_id: EditionId
) -> Sequence[tuple[ItemVersionId, Any]]:
    """Return the questions of an edition in its order: version and content as stored."""
    return session.execute(
        select(EditionItem.item_version_id, ItemVersion.content)
        .join(ItemVersion, ItemVersion.id == EditionItem.item_version_id)
        .where(EditionItem.edition_id == edition_id)
        .order_by(EditionItem.position)
    ).all()
