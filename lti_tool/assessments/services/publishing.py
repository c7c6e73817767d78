"""From a draft to an edition that never changes."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.models import Assessment, Edition, EditionItem, Item, ItemVersion
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AssessmentId, EditionId, InstitutionId, ItemVersionId


def create_assessment(institution_id: InstitutionId, title: str) -> AssessmentId:
    """Begin an assessment; it can be placed once an edition is published."""
    with transaction(institution_id) as session:
        assessment = Assessment(title=title, created_at=clock.now())
        session.add(assessment)
        session.flush()  # fills the id in
        return assessment.id


def publish_edition(institution_id: InstitutionId, draft: EditionDraft) -> EditionId:
    """Publish `draft` as the newest edition of its assessment, each question a new bank item.

    Raises:
        NotFoundError: the institution has no such assessment.
    """
    with transaction(institution_id) as session:
        # Locked, so that two editions published at once get different numbers.
        assessment = session.scalar(
            select(Assessment).where(Assessment.id == draft.assessment_id).with_for_update()
        )
        if assessment is None:
            raise NotFoundError("There is no such assessment.")
        newest = session.scalar(
            select(func.max(Edition.number)).where(Edition.assessment_id == assessment.id)
        )
        edition = Edition(
            assessment_id=assessment.id,
            number=(newest or 0) + 1,
            title=draft.title,
            summary=draft.summary,
            competencies=list(draft.competencies),
            pass_mark=draft.pass_mark,
            minutes=draft.minutes,
            published_at=clock.now(),
        )
        session.add(edition)
        versions = _bank(session, draft.items)
        session.flush()  # the entries below point at the edition and the versions
        session.add_all(
            EditionItem(
                edition_id=edition.id,
                item_version_id=version_id,
                position=position,
                points=entry.points,
                competency=entry.competency,
            )
            for position, (version_id, entry) in enumerate(
                zip(versions, draft.items, strict=True), 1
            )
        )
        return edition.id


def _bank(session: Session, entries: tuple[DraftItem, ...]) -> list[ItemVersionId]:
    """Put each question into the bank as its first version."""
    now = clock.now()
    banked = [Item(created_at=now) for _ in entries]
    session.add_all(banked)
    session.flush()  # the versions point at the items
    versions = [
        ItemVersion(
            item_id=item.id,
            number=1,
            content=entry.item.model_dump(mode="json", exclude_none=True),
            created_at=now,
        )
        for item, entry in zip(banked, entries, strict=True)
    ]
    session.add_all(versions)
    session.flush()  # fills the ids in
    return [version.id for version in versions]
