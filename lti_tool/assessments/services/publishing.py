"""From a draft to an edition that never changes."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.items import Item as TypedItem
from lti_tool.assessments.models import Assessment, Edition, EditionItem, Item, ItemVersion
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AssessmentId, EditionId, InstitutionId, ItemId, ItemVersionId
from lti_tool.core.language import phrase


def create_assessment(institution_id: InstitutionId, title: str) -> AssessmentId:
    """Begin an assessment; it can be placed once an edition is published."""
    with transaction(institution_id) as session:
        assessment = Assessment(title=title, created_at=clock.now())
        session.add(assessment)
        session.flush()  # fills the id in
        return assessment.id


def publish_edition(institution_id: InstitutionId, draft: EditionDraft) -> EditionId:
    """Publish `draft` as the newest edition of its assessment.

    Each question becomes a new one of the bank, or a new version of the one that it names; a
    version that says just the same is taken again.

    Raises:
        NotFoundError: the institution has no such assessment, or no such question.
    """
    with transaction(institution_id) as session:
        return publish_in(session, draft)


def publish_in(session: Session, draft: EditionDraft) -> EditionId:
    """Publish as part of somebody's transaction; see `publish_edition`."""
    # Locked, so that two editions published at once get different numbers.
    assessment = session.scalar(
        select(Assessment).where(Assessment.id == draft.assessment_id).with_for_update()
    )
    if assessment is None:
        raise NotFoundError(phrase("There is no such assessment."))
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
        max_attempts=draft.max_attempts,
        cooldown_minutes=draft.cooldown_minutes,
        answers_shown=draft.answers_shown,
        feedback_shown=draft.feedback_shown,
        key_shown=draft.key_shown,
        details=draft.details.to_store(),
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
        for position, (version_id, entry) in enumerate(zip(versions, draft.items, strict=True), 1)
    )
    return edition.id


def _bank(session: Session, entries: tuple[DraftItem, ...]) -> list[ItemVersionId]:
    """Put each question into the bank, and return its version."""
    now = clock.now()
    made = [Item(created_at=now) if entry.item_id is None else None for entry in entries]
    session.add_all(item for item in made if item is not None)
    session.flush()  # the versions point at the items
    return [
        _version(session, item.id if item else entry.item_id, entry.item, now)
        for item, entry in zip(made, entries, strict=True)
    ]


def _version(
    session: Session, item_id: ItemId | None, item: TypedItem, at: datetime
) -> ItemVersionId:
    """Return the newest version of a question that says just this, a new one if none does.

    A question that several assessments share is taken as each has it.
    """
    # Locked, so that two versions made at once get different numbers.
    if session.scalar(select(Item.id).where(Item.id == item_id).with_for_update()) is None:
        raise NotFoundError(phrase("There is no such question."))
    content = item.model_dump(mode="json", exclude_none=True)
    same = session.scalar(
        select(ItemVersion)
        .where(ItemVersion.item_id == item_id, ItemVersion.content == content)
        .order_by(ItemVersion.number.desc())
        .limit(1)
    )
    if same is not None:
        return same.id
    newest = session.scalar(
        select(func.max(ItemVersion.number)).where(ItemVersion.item_id == item_id)
    )
    version = ItemVersion(item_id=item_id, number=(newest or 0) + 1, content=content, created_at=at)
    session.add(version)
    session.flush()  # fills the id in
    return version.id
