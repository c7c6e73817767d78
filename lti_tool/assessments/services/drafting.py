"""Drafts of editions: begun, typed at by several people, checked, published."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.assessments import authoring, editing, items
from lti_tool.assessments.authoring import Form
from lti_tool.assessments.conditions import Shown
from lti_tool.assessments.drafts import DraftItem as TypedDraftItem
from lti_tool.assessments.drafts import EditionDetails, EditionDraft
from lti_tool.assessments.editing import DraftQuestion, Fault
from lti_tool.assessments.errors import DraftChangedError, UnfitDraftError
from lti_tool.assessments.models import (
    Assessment,
    DraftItem,
    Edition,
    EditionItem,
    ItemVersion,
    Placement,
    RulesDraft,
)
from lti_tool.assessments.services.publishing import publish_in
from lti_tool.core import audit, clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AssessmentId, EditionId, InstitutionId
from lti_tool.core.language import phrase
from lti_tool.platforms.models import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDraft:
    """A draft with its questions in order."""

    draft: RulesDraft
    questions: tuple[DraftItem, ...]

    @property
    def rules(self) -> dict[str, str]:
        """Return its rules as typed."""
        return {**editing.empty_rules(""), **self.draft.form}

    def read(self) -> tuple[EditionDraft | None, tuple[Fault, ...]]:
        """Return the edition it comes to, or what keeps it from being one."""
        asked = [
            DraftQuestion(id=one.id, form=one.form, item_id=one.item_id) for one in self.questions
        ]
        return editing.read(self.draft.assessment_id, self.rules, asked)


def get_assessment(session: Session, assessment_id: AssessmentId) -> Assessment:
    """Return an assessment.

    Raises:
        NotFoundError: there is none of this id.
    """
    found = session.scalar(select(Assessment).where(Assessment.id == assessment_id))
    if found is None:
        raise NotFoundError(phrase("There is no such assessment."))
    return found


def find_draft(
    session: Session, assessment_id: AssessmentId, *, lock: bool = False
) -> OpenDraft | None:
    """Return the draft of an assessment's next edition."""
    query = select(RulesDraft).where(RulesDraft.assessment_id == assessment_id)
    draft = session.scalar(query.with_for_update() if lock else query)
    if draft is None:
        return None
    rows = session.scalars(
        select(DraftItem)
        .where(DraftItem.draft_id == draft.id)
        .order_by(DraftItem.position, DraftItem.id)
    )
    return OpenDraft(draft=draft, questions=tuple(rows))


def get_draft(session: Session, assessment_id: AssessmentId, *, lock: bool = False) -> OpenDraft:
    """Return the draft of an assessment's next edition.

    Raises:
        NotFoundError: there is none.
    """
    found = find_draft(session, assessment_id, lock=lock)
    if found is None:
        raise NotFoundError(
            phrase("There is no draft of this assessment: it was published or never begun.")
        )
    return found


def get_question(session: Session, assessment_id: AssessmentId, question_id: UUID) -> DraftItem:
    """Return a question of an assessment's draft.

    Raises:
        NotFoundError: there is none of this id.
    """
    for question in get_draft(session, assessment_id).questions:
        if question.id == question_id:
            return question
    raise NotFoundError(phrase("There is no such question in the draft."))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedIn:
    """A placement, and the course it is in, as the platform calls it."""

    title: str
    course: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedEdition:
    """An edition of an assessment, and in which courses it is in use."""

    edition: Edition
    questions: int
    placements: tuple[PlacedIn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentRow:
    """An assessment in the list: how many editions it has, and whether a draft is begun."""

    assessment: Assessment
    editions: int
    has_draft: bool
    placements: int


def list_assessments(session: Session) -> list[AssessmentRow]:
    """Return every assessment, by title."""
    editions = dict(_counts(session, Edition.assessment_id, select(Edition.assessment_id)))
    placed = select(Edition.assessment_id).join(Placement, Placement.edition_id == Edition.id)
    placements = dict(_counts(session, Edition.assessment_id, placed.where(_IN_USE)))
    drafted = set(session.scalars(select(RulesDraft.assessment_id)))
    return [
        AssessmentRow(
            assessment=one,
            editions=editions.get(one.id, 0),
            has_draft=one.id in drafted,
            placements=placements.get(one.id, 0),
        )
        for one in session.scalars(select(Assessment).order_by(Assessment.title, Assessment.id))
    ]


def list_editions(session: Session, assessment_id: AssessmentId) -> list[PlacedEdition]:
    """Return an assessment's editions with where they are placed, newest first."""
    own = select(Edition.id).where(Edition.assessment_id == assessment_id)
    placed: dict[EditionId, list[PlacedIn]] = defaultdict(list)
    rows = session.execute(
        select(Placement.edition_id, Placement.title, Context.title.label("course"))
        .outerjoin(Context, Context.id == Placement.context_id)
        .where(Placement.edition_id.in_(own), _IN_USE)
        .order_by(Placement.created_at, Placement.id)
    )
    for row in rows:
        placed[row.edition_id].append(PlacedIn(title=row.title, course=row.course))
    asked = select(EditionItem.edition_id).where(EditionItem.edition_id.in_(own))
    questions = dict(_counts(session, EditionItem.edition_id, asked))
    editions = session.scalars(
        select(Edition)
        .where(Edition.assessment_id == assessment_id)
        .order_by(Edition.number.desc())
    )
    return [
        PlacedEdition(
            edition=one,
            questions=questions.get(one.id, 0),
            placements=tuple(placed[one.id]),
        )
        for one in editions
    ]


# A placement without a link was chosen in a picker and given up, or never opened.
_IN_USE = Placement.resource_link_id.is_not(None)


def _counts(session: Session, column: Any, rows: Any) -> list[tuple[Any, int]]:  # noqa: ANN401 - SQLAlchemy's
    counted = rows.with_only_columns(column, func.count()).group_by(column)
    return [(row[0], row[1]) for row in session.execute(counted)]


def begin_draft(
    institution_id: InstitutionId, assessment_id: AssessmentId, edition_id: EditionId | None = None
) -> None:
    """Begin the next edition: from an earlier one, or from nothing. One that is begun stays.

    Raises:
        NotFoundError: no such assessment, or no such edition of it.
    """
    with transaction(institution_id) as session:
        # Locked, so that two who begin at once find one draft.
        assessment = session.scalar(
            select(Assessment).where(Assessment.id == assessment_id).with_for_update()
        )
        if assessment is None:
            raise NotFoundError(phrase("There is no such assessment."))
        if find_draft(session, assessment_id) is not None:
            return
        draft = RulesDraft(
            assessment_id=assessment_id,
            form=editing.empty_rules(assessment.title),
            changed_at=clock.now(),
        )
        session.add(draft)
        session.flush()  # the questions point at it
        if edition_id is not None:
            _copy_edition(session, draft, edition_id)


def _copy_edition(session: Session, draft: RulesDraft, edition_id: EditionId) -> None:
    edition = session.scalar(
        select(Edition).where(
            Edition.id == edition_id, Edition.assessment_id == draft.assessment_id
        )
    )
    if edition is None:
        raise NotFoundError(phrase("There is no such edition of this assessment."))
    rows = session.execute(
        select(EditionItem, ItemVersion)
        .join(ItemVersion, ItemVersion.id == EditionItem.item_version_id)
        .where(EditionItem.edition_id == edition_id)
        .order_by(EditionItem.position)
    ).all()
    entries = [
        (
            TypedDraftItem(
                item=items.read_item(version.content),
                points=entry.points,
                competency=entry.competency,
            ),
            version.item_id,
        )
        for entry, version in rows
    ]
    draft.form = editing.rules_of(
        EditionDraft(
            assessment_id=draft.assessment_id,
            title=edition.title,
            summary=edition.summary,
            competencies=tuple(edition.competencies),
            pass_mark=edition.pass_mark,
            minutes=edition.minutes,
            max_attempts=edition.max_attempts,
            cooldown_minutes=edition.cooldown_minutes,
            answers_shown=Shown(edition.answers_shown),
            feedback_shown=Shown(edition.feedback_shown),
            key_shown=Shown(edition.key_shown),
            items=tuple(entry for entry, _ in entries),
            details=EditionDetails.stored(edition.details),
        )
    )
    session.add_all(
        DraftItem(
            draft_id=draft.id,
            position=position,
            item_id=item_id,
            form={
                **authoring.form_of(entry.item),
                "points": f"{entry.points.normalize():f}",
                "competency": entry.competency or "",
            },
        )
        for position, (entry, item_id) in enumerate(entries, 1)
    )


def save_rules(
    institution_id: InstitutionId, assessment_id: AssessmentId, form: dict[str, str], *, seen: int
) -> None:
    """Keep the rules of a draft as they were typed.

    Raises:
        NotFoundError: there is no draft.
        DraftChangedError: somebody else has changed them since they were shown.
    """
    with transaction(institution_id) as session:
        draft = get_draft(session, assessment_id, lock=True).draft
        if draft.form == form:
            return
        if draft.version != seen:
            raise DraftChangedError
        draft.form, draft.version, draft.changed_at = form, draft.version + 1, clock.now()


def add_question(institution_id: InstitutionId, assessment_id: AssessmentId, type_: str) -> UUID:
    """Add an empty question of a type at the end of a draft.

    Raises:
        NotFoundError: there is no draft.
    """
    with transaction(institution_id) as session:
        found = get_draft(session, assessment_id, lock=True)
        question = DraftItem(
            draft_id=found.draft.id,
            position=max((one.position for one in found.questions), default=0) + 1,
            item_id=None,
            form=authoring.empty_form(type_),
        )
        session.add(question)
        session.flush()  # fills the id in
        return question.id


def arrange_questions(
    institution_id: InstitutionId, assessment_id: AssessmentId, action: str
) -> None:
    """Move a question of a draft, or take it out: `up-<id>`, `down-<id>`, `remove-<id>`.

    Raises:
        NotFoundError: there is no draft.
    """
    act, _, id_ = action.partition("-")
    with transaction(institution_id) as session:
        found = get_draft(session, assessment_id, lock=True)
        order = list(found.questions)
        at = next((n for n, one in enumerate(order) if str(one.id) == id_), None)
        if at is None:
            return
        if act == "remove":
            session.delete(order.pop(at))
        elif act == "up" and at > 0:
            order[at - 1], order[at] = order[at], order[at - 1]
        elif act == "down" and at < len(order) - 1:
            order[at + 1], order[at] = order[at], order[at + 1]
        for position, one in enumerate(order, 1):
            one.position = position


def save_question(
    institution_id: InstitutionId,
    assessment_id: AssessmentId,
    question_id: UUID,
    form: Form,
    *,
    seen: int,
) -> None:
    """Keep a question as it was typed, finished or not.

    Raises:
        NotFoundError: there is no such question in the draft.
        DraftChangedError: somebody else has changed it since it was shown.
    """
    with transaction(institution_id) as session:
        get_draft(session, assessment_id, lock=True)
        question = get_question(session, assessment_id, question_id)
        if question.form == form:
            return
        if question.version != seen:
            raise DraftChangedError
        question.form, question.version = form, question.version + 1


def publish_draft(
    institution_id: InstitutionId, assessment_id: AssessmentId, *, actor: Actor
) -> EditionId:
    """Publish a draft as the newest edition; it never changes from then on.

    Raises:
        NotFoundError: there is no draft; a second press of the button finds none.
        UnfitDraftError: something is missing.
    """
    with transaction(institution_id) as session:
        found = get_draft(session, assessment_id, lock=True)
        edition, faults = found.read()
        if edition is None:
            raise UnfitDraftError(len(faults))
        edition_id = publish_in(session, edition)
        assessment = get_assessment(session, assessment_id)
        assessment.title = edition.title
        number = session.scalar(select(Edition.number).where(Edition.id == edition_id))
        audit.record(
            session,
            actor=actor,
            act="publish_edition",
            object_kind="assessment",
            object_id=assessment_id,
            facts={"edition": str(edition_id), "number": number, "questions": len(edition.items)},
        )
        session.delete(found.draft)
    return edition_id
