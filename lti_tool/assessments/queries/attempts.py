"""Reading placements, attempts and what is answered in them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from lti_tool.assessments import items, rules
from lti_tool.assessments.errors import AttemptDeletedError
from lti_tool.assessments.marking import Marked, Scheme, Standing, settle
from lti_tool.assessments.models import (
    Attachment,
    Attempt,
    EditionItem,
    ItemMark,
    ItemVersion,
    Placement,
    Response,
)
from lti_tool.assessments.queries.deleted import was_deleted
from lti_tool.assessments.rules import FormItem, Given, Stored
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    AttachmentId,
    AttemptId,
    EditionId,
    ItemVersionId,
    PlacementId,
    ResourceLinkId,
    UserId,
)
from lti_tool.core.language import phrase


def get_placement(
    session: Session, placement_id: PlacementId, *, lock: bool = False, keep: bool = False
) -> Placement:
    """Return a placement.

    Args:
        session: of the institution.
        placement_id: of the placement.
        lock: until the transaction ends, let nobody else change it or begin there.
        keep: until the transaction ends, let nobody regrade it; many may ask this at once.

    Raises:
        NotFoundError: there is none of this id.
    """
    query = select(Placement).where(Placement.id == placement_id)
    if lock or keep:
        # NO KEY: results that are written meanwhile may still point at it.
        query = query.with_for_update(read=keep, key_share=lock)
        query = query.execution_options(populate_existing=True)
    placement = session.scalar(query)
    if placement is None:
        raise NotFoundError(phrase("There is no such activity."))
    return placement


def find_placement_of_link(session: Session, resource_link_id: ResourceLinkId) -> Placement | None:
    """Return the placement bound to a resource link."""
    return session.scalar(select(Placement).where(Placement.resource_link_id == resource_link_id))


def get_attempt(
    session: Session,
    attempt_id: AttemptId,
    *,
    of_user: UserId | None = None,
    lock: bool = False,
) -> Attempt:
    """Return an attempt.

    Args:
        session: of the institution.
        attempt_id: of the attempt.
        of_user: whose it must be; None for staff and jobs.
        lock: until the transaction ends, let nobody else save to it or end it.

    Raises:
        NotFoundError: no such attempt, or it is someone else's.
        AttemptDeletedError: it is of this user, and was deleted.
    """
    query = select(Attempt).where(Attempt.id == attempt_id)
    if of_user is not None:
        query = query.where(Attempt.user_id == of_user)
    if lock:
        # NO KEY: the foreign keys of its responses may still be checked meanwhile.
        # populate_existing: what this session read before waiting for the lock is stale.
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    attempt = session.scalar(query)
    if attempt is None:
        raise absence_of(session, attempt_id, of_user)
    return attempt


def absence_of(session: Session, attempt_id: AttemptId, of_user: UserId | None) -> NotFoundError:
    """Return the error that says why an attempt is not to be found."""
    if of_user is not None and was_deleted(session, attempt_id, of_user):
        return AttemptDeletedError()
    return NotFoundError(phrase("There is no such attempt of yours."))


def get_attempt_at(
    session: Session, placement_id: PlacementId, attempt_id: AttemptId, *, lock: bool = False
) -> Attempt:
    """Return an ended attempt at a placement, for staff who may see it.

    Raises:
        NotFoundError: there is none of this id there, or it has not ended.
    """
    attempt = get_attempt(session, attempt_id, lock=lock)
    if attempt.placement_id != placement_id or attempt.submitted_at is None:
        raise NotFoundError(phrase("There is no such attempt at this activity."))
    return attempt


def list_attempts(
    session: Session, placement_id: PlacementId, user_id: UserId | None = None
) -> Sequence[Attempt]:
    """Return attempts at a placement, of one learner or all, by learner, oldest first."""
    query = select(Attempt).where(Attempt.placement_id == placement_id)
    if user_id is not None:
        query = query.where(Attempt.user_id == user_id)
    return session.scalars(query.order_by(Attempt.user_id, Attempt.number)).all()


def find_open_attempt(
    session: Session, placement_id: PlacementId, user_id: UserId
) -> Attempt | None:
    """Return the attempt a learner has begun and not ended, be its time up or not."""
    return session.scalar(
        select(Attempt).where(
            Attempt.placement_id == placement_id,
            Attempt.user_id == user_id,
            Attempt.submitted_at.is_(None),
        )
    )


def list_overdue(session: Session, at: datetime, *, limit: int = 500) -> Sequence[AttemptId]:
    """Return open attempts whose time and grace are over, longest first."""
    return session.scalars(
        select(Attempt.id)
        .join(Placement, Placement.id == Attempt.placement_id)
        .where(
            Attempt.submitted_at.is_(None),
            Attempt.closes_at < at - rules.GRACE,
            Placement.is_trial.is_(False),  # nothing of a trial is scored or announced
        )
        .order_by(Attempt.closes_at)
        .limit(limit)
    ).all()


def list_form(session: Session, attempt: Attempt) -> list[FormItem]:
    """Return the questions of an attempt's form, in its order, keys included.

    Of an ended attempt that was regraded: as the later edition has them; what that edition
    leaves out is not among them.
    """
    edition_id = attempt.edition_id
    if attempt.submitted_at is not None:
        edition_id = attempt.counting_edition_id
    return form_by(session, attempt, edition_id)


def form_by(session: Session, attempt: Attempt, edition_id: EditionId) -> list[FormItem]:
    """Return an attempt's questions with the keys and points of an edition of its assessment."""
    rows = session.execute(
        select(EditionItem, ItemVersion.content, ItemVersion.item_id)
        .join(ItemVersion, ItemVersion.id == EditionItem.item_version_id)
        .where(EditionItem.edition_id == edition_id)
    ).all()
    found = {row[0].item_version_id: row for row in rows}
    if edition_id != attempt.edition_id:
        # The same questions are other versions there.
        of_item = {row[2]: row for row in rows}
        asked_ids = [form_item_id(asked) for asked in attempt.form]
        versions = session.execute(
            select(ItemVersion.id, ItemVersion.item_id).where(ItemVersion.id.in_(asked_ids))
        )
        found = {
            version.id: of_item[version.item_id]
            for version in versions
            if version.item_id in of_item
        }
    form = []
    for number, asked in enumerate(attempt.form, 1):
        id_ = form_item_id(asked)
        if id_ not in found:
            continue
        entry, item, _ = found[id_]
        form.append(
            FormItem(
                id=id_,
                number=number,
                item=items.read_item(item),
                order=tuple(asked["options"]),  # the rest of `items.Takes` is for saving
                points=entry.points,
                competency=entry.competency,
            )
        )
    return form


def list_responses(
    session: Session,
    attempt_id: AttemptId,
    *,
    of_items: Sequence[ItemVersionId] | None = None,
) -> dict[ItemVersionId, Stored]:
    """Return what is saved of an attempt, by question; of all questions or of these."""
    query = select(Response).where(Response.attempt_id == attempt_id)
    if of_items is not None:
        query = query.where(Response.item_version_id.in_(of_items))
    rows = session.scalars(query)
    return {row.item_version_id: stored_of(row) for row in rows}


def scheme_of(placement: Placement) -> Scheme:
    """Return how a placement's answers are marked."""
    return Scheme(
        markers=placement.markers,
        tolerance=placement.mark_tolerance,
        lead=placement.lead_id,
        asks_lead=placement.asks_lead,
    )


def standings(
    session: Session, attempt_ids: Sequence[AttemptId]
) -> dict[tuple[AttemptId, ItemVersionId], Standing]:
    """Return what the marks of attempts come to, of each answer that has any as it is now."""
    rows = session.execute(
        select(ItemMark, Placement)
        .join(
            Response,
            (Response.attempt_id == ItemMark.attempt_id)
            & (Response.item_version_id == ItemMark.item_version_id)
            & (Response.save_id == ItemMark.save_id),
        )
        .join(Attempt, Attempt.id == ItemMark.attempt_id)
        .join(Placement, Placement.id == Attempt.placement_id)
        .where(ItemMark.attempt_id.in_(attempt_ids))
        .order_by(ItemMark.number)
    )
    found: dict[tuple[AttemptId, ItemVersionId], list[Marked]] = defaultdict(list)
    schemes: dict[AttemptId, Scheme] = {}
    for mark, placement in rows:
        schemes[mark.attempt_id] = scheme_of(placement)
        found[mark.attempt_id, mark.item_version_id].append(
            Marked(
                number=mark.number,
                by=mark.marked_by,
                share=mark.points / mark.out_of,
                levels=mark.levels,
                comment=mark.comment,
            )
        )
    return {key: settle(marks, schemes[key[0]]) for key, marks in found.items()}


def list_marks_of_answer(
    session: Session, attempt_id: AttemptId, item_version_id: ItemVersionId
) -> Sequence[ItemMark]:
    """Return every mark an answer has had, newest first."""
    return session.scalars(
        select(ItemMark)
        .where(ItemMark.attempt_id == attempt_id, ItemMark.item_version_id == item_version_id)
        .order_by(ItemMark.number.desc())
    ).all()


def list_given(session: Session, attempt_id: AttemptId) -> dict[ItemVersionId, Given]:
    """Return what people gave for an attempt's answers, of those that nobody has yet to mark."""
    return {
        item_id: standing.given
        for (_, item_id), standing in standings(session, [attempt_id]).items()
        if standing.given is not None
    }


def list_attachments(session: Session, attempt_id: AttemptId) -> dict[str, Attachment]:
    """Return the files sent in an attempt by id as answers name them, those taken back too."""
    rows = session.scalars(select(Attachment).where(Attachment.attempt_id == attempt_id))
    return {str(row.id): row for row in rows}


def get_attachment(
    session: Session, attempt_id: AttemptId, attachment_id: AttachmentId
) -> Attachment:
    """Return what is known of a file of an attempt.

    Raises:
        NotFoundError: there is none of this id.
    """
    found = session.scalar(
        select(Attachment).where(
            Attachment.id == attachment_id, Attachment.attempt_id == attempt_id
        )
    )
    if found is None:
        raise NotFoundError(phrase("There is no such file."))
    return found


def awaits_marking(session: Session, placement_id: PlacementId, user_id: UserId) -> bool:
    """Tell whether a person has yet to read something of a learner's ended attempts.

    Until then their result may still rise: it is no grade.
    """
    waiting = select(Attempt.id).where(
        Attempt.placement_id == placement_id, Attempt.user_id == user_id, Attempt.awaits_marking
    )
    return bool(session.scalar(select(waiting.exists())))


def is_to_mark() -> ColumnElement[bool]:
    """Say which attempts wait for a person; nobody can mark one whose answers are gone."""
    return and_(Attempt.awaits_marking, Attempt.answers_gone_at.is_(None))


def form_item_id(asked: Mapping[str, Any]) -> ItemVersionId:
    """Return which question an entry of `Attempt.form` asks."""
    return ItemVersionId(UUID(asked["item_version_id"]))


def form_takes(asked: Mapping[str, Any]) -> items.Takes:
    """Return what an answer to an entry of `Attempt.form` may consist of."""
    return items.Takes.model_validate(
        {name: value for name, value in asked.items() if name != "item_version_id"}
    )


def stored_of(row: Response) -> Stored:
    """Return the server's copy of an answer, given its row."""
    return Stored(
        item_version_id=row.item_version_id,
        value=tuple(row.value),
        flagged=row.flagged,
        save_id=row.save_id,
        page_id=row.page_id,
        sequence=row.sequence,
        saved_at=row.saved_at,
    )
