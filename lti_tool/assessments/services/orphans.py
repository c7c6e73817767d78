"""Files of learners that no attempt knows: written just before a process was killed."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from lti_tool.assessments.models import Attachment
from lti_tool.core import clock, logs, queue, settings
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId
from lti_tool.core.storage import storage
from lti_tool.platforms.models import Institution

log = logs.get(__name__)

PREFIX = "attachments"
# Looked at in one run; the next goes on from there, and after the last begins anew.
MOST = 10_000
_PLACE = "cairn:orphans:after"


def forget_orphans(*, most: int = MOST) -> int:
    """Delete files that lie there for days without a row; returns how many.

    A file is written before its row, so a young one may yet get it.
    """
    before = clock.now() - timedelta(days=settings.current().keep.orphaned_files_days)
    kept = queue.connection().get(_PLACE)
    after = kept.decode() if isinstance(kept, bytes) else ""
    found = storage().list_keys(PREFIX, after=after, limit=most)
    old = [each.key for each in found if each.stored_at < before]
    gone = 0
    for institution_id, keys in _by_institution(old).items():
        known = _known(institution_id, keys.values())
        for key in (key for key, attachment_id in keys.items() if attachment_id not in known):
            storage().delete(key)
            gone += 1
    if len(found) == most:
        queue.connection().set(_PLACE, found[-1].key)
    else:
        queue.connection().delete(_PLACE)
    gone += storage().tidy(before)
    if gone:
        log.info("orphaned_files_deleted", number=gone)
    return gone


def _by_institution(keys: list[str]) -> dict[InstitutionId, dict[str, UUID]]:
    """Return, of files that lie where attachments do, key and id by institution."""
    found: dict[InstitutionId, dict[str, UUID]] = {}
    for key in keys:
        parts = key.split("/")
        try:
            _, institution, _attempt, attachment = parts
            whose, which = InstitutionId(UUID(hex=institution)), UUID(hex=attachment)
        except ValueError:
            continue  # none of ours: it is left alone
        found.setdefault(whose, {})[key] = which
    with system_transaction() as session:
        here = set(session.scalars(select(Institution.id).where(Institution.id.in_(found))))
    return {whose: keys_of for whose, keys_of in found.items() if whose in here}


def _known(institution_id: InstitutionId, ids: Iterable[UUID]) -> set[UUID]:
    with transaction(institution_id) as session:
        return set(session.scalars(select(Attachment.id).where(Attachment.id.in_(list(ids)))))
