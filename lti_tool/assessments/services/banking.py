"""What people decide about questions of the bank, and taking one into a draft."""

from uuid import UUID

from sqlalchemy import select

from lti_tool.assessments import authoring, items
from lti_tool.assessments.bank import ItemStatus
from lti_tool.assessments.errors import NotTakeableError
from lti_tool.assessments.models import DraftItem, Item, ItemVersion
from lti_tool.assessments.services.drafting import get_draft
from lti_tool.core import audit
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AssessmentId, InstitutionId, ItemId
from lti_tool.core.language import phrase


def set_item_status(
    institution_id: InstitutionId, item_id: ItemId, status: ItemStatus, *, reason: str, actor: Actor
) -> None:
    """Say what is held of a question. It stays in the editions that ask it.

    Raises:
        NotFoundError: the bank has none of this id.
    """
    with transaction(institution_id) as session:
        item = session.scalar(select(Item).where(Item.id == item_id).with_for_update())
        if item is None:
            raise NotFoundError(phrase("There is no such question in the bank."))
        if item.status == status:
            return
        before, item.status = item.status, status.value
        audit.record(
            session,
            actor=actor,
            act="set_item_status",
            object_kind="item",
            object_id=item_id,
            reason=reason or None,
            facts={"status": status.value, "status_before": before},
        )


def take_item(
    institution_id: InstitutionId, item_id: ItemId, assessment_id: AssessmentId, *, as_new: bool
) -> UUID:
    """Take a question of the bank, in its newest version, to the end of a draft.

    Args:
        institution_id: whose.
        item_id: of the question.
        assessment_id: whose draft.
        as_new: as another question that begins with the same words: what becomes of one is
            nothing to the other. Else it is the same one, and its answers tell of it together.

    Returns:
        The question of the draft.

    Raises:
        NotFoundError: no such question, or no draft.
        NotTakeableError: it is retired, or the draft has it.
    """
    with transaction(institution_id) as session:
        found = get_draft(session, assessment_id, lock=True)
        item = session.scalar(select(Item).where(Item.id == item_id))
        newest = session.scalar(
            select(ItemVersion)
            .where(ItemVersion.item_id == item_id)
            .order_by(ItemVersion.number.desc())
            .limit(1)
        )
        if item is None or newest is None:
            raise NotFoundError(phrase("There is no such question in the bank."))
        if item.status == ItemStatus.RETIRED:
            raise NotTakeableError(phrase("It is retired. Say first that it is to be used again."))
        if not as_new and any(one.item_id == item_id for one in found.questions):
            raise NotTakeableError(phrase("The draft asks it already."))
        question = DraftItem(
            draft_id=found.draft.id,
            position=max((one.position for one in found.questions), default=0) + 1,
            item_id=None if as_new else item_id,
            form={
                **authoring.form_of(items.read_item(newest.content)),
                "points": "1",
                "competency": "",
            },
        )
        session.add(question)
        session.flush()  # fills the id in
        return question.id
