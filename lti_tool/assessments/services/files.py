"""Files that learners send as answers: kept in the storage, listed in the database."""

import hashlib
from pathlib import PurePath

from sqlalchemy import func, select

from lti_tool.assessments import queries
from lti_tool.assessments.errors import UnknownItemError, UnwantedFileError
from lti_tool.assessments.items import MEDIA_TYPES, FileUpload
from lti_tool.assessments.models import Attachment
from lti_tool.assessments.rules import Save, Verdict
from lti_tool.assessments.services.attempts import Saved, save_responses
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import (
    AttachmentId,
    AttemptId,
    InstitutionId,
    ItemVersionId,
    UserId,
    new_id,
)
from lti_tool.core.language import phrase
from lti_tool.core.storage import StoredFile, storage

# Files taken back stay until the attempt goes, so that nothing is lost; nobody fills the disk.
_MOST_SENT = 30
_LONGEST_NAME = 120
# Two pages may send files for one question at once: each looks again at what is there.
_TRIES = 5


def answer_by_file(  # noqa: PLR0913 - what a page sends
    institution_id: InstitutionId,
    attempt_id: AttemptId,
    item_version_id: ItemVersionId,
    *,
    user_id: UserId,
    name: str,
    data: bytes,
) -> Saved:
    """Keep a file and add it to the answer of its question.

    After the end it is kept apart, as every late answer is.

    Raises:
        NotFoundError: the learner has no such attempt.
        UnknownItemError: the attempt does not ask for a file there.
        UnwantedFileError: it is empty, too large, of another kind, or one too many.
        StorageUnavailableError: nothing can be stored just now.
    """
    with transaction(institution_id) as session:
        attempt = queries.get_attempt(session, attempt_id, of_user=user_id)
        asked = {one.id: one.item for one in queries.list_form(session, attempt)}
        sent = session.scalar(
            select(func.count()).where(
                Attachment.attempt_id == attempt_id, Attachment.item_version_id == item_version_id
            )
        )
    item = asked.get(item_version_id)
    if not isinstance(item, FileUpload):
        raise UnknownItemError(phrase("No file is asked for there."))
    if (sent or 0) >= _MOST_SENT:
        raise UnwantedFileError(phrase("You have sent more files than we keep for one question."))
    kind = item.kind_of(name)
    if kind is None:
        wanted = ", ".join(each.upper() for each in item.kinds)
        raise UnwantedFileError(
            phrase(
                "It is of another kind than asked for: %(wanted)s.",
                wanted=wanted,
            )
        )
    if not 0 < len(data) <= item.largest_mb * 1_000_000:
        raise UnwantedFileError(
            phrase(
                "It is empty, or larger than %(largest_mb)s MB.",
                largest_mb=item.largest_mb,
            )
        )
    attachment = Attachment(
        id=AttachmentId(new_id()),
        attempt_id=attempt_id,
        item_version_id=item_version_id,
        name=_clean(name),
        media_type=MEDIA_TYPES[kind],
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        sent_at=clock.now(),
    )
    storage().put(key_of(institution_id, attachment), data, attachment.media_type)
    with transaction(institution_id) as session:
        session.add(attachment)
    return _add_to_answer(institution_id, attachment, user_id)


def _add_to_answer(institution_id: InstitutionId, attachment: Attachment, user_id: UserId) -> Saved:
    saved: Saved | None = None
    for _ in range(_TRIES):
        with transaction(institution_id) as session:
            stored = queries.list_responses(
                session, attachment.attempt_id, of_items=[attachment.item_version_id]
            ).get(attachment.item_version_id)
        base = stored.sequence if stored else 0
        save = Save(
            item_version_id=attachment.item_version_id,
            value=(*(stored.value if stored else ()), str(attachment.id)),
            flagged=stored.flagged if stored else False,
            save_id=attachment.id,
            page_id=attachment.id,
            sequence=base + 1,
            base=base,
        )
        [saved] = save_responses(institution_id, attachment.attempt_id, [save], user_id=user_id)
        if saved.verdict is not Verdict.CONFLICT or saved.is_late:
            return saved
    raise UnwantedFileError(phrase("Other windows change this answer all the time. Send it again."))


def get_file(
    institution_id: InstitutionId,
    attempt_id: AttemptId,
    attachment_id: AttachmentId,
    *,
    of_user: UserId | None = None,
) -> tuple[Attachment, StoredFile]:
    """Return a file of an attempt, with its name and kind.

    Args:
        institution_id: whose attempt it is.
        attempt_id: of the attempt.
        attachment_id: of the file.
        of_user: whose it must be; None for staff, whose right to it is checked elsewhere.

    Raises:
        NotFoundError: no such file, or it is someone else's.
    """
    with transaction(institution_id) as session:
        queries.get_attempt(session, attempt_id, of_user=of_user)
        attachment = queries.get_attachment(session, attempt_id, attachment_id)
    return attachment, storage().get(key_of(institution_id, attachment))


def key_of(institution_id: InstitutionId, attachment: Attachment) -> str:
    """Return where the storage has a learner's file."""
    return f"attachments/{institution_id.hex}/{attachment.attempt_id.hex}/{attachment.id.hex}"


def _clean(name: str) -> str:
    """Return a file's name without folders, and without signs that hide or break lines."""
    shown = "".join(sign for sign in PurePath(name.replace("\\", "/")).name if sign.isprintable())
    suffix = PurePath(shown).suffix
    return shown.removesuffix(suffix)[:_LONGEST_NAME] + suffix
