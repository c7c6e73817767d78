"""Revocations kept beside the database, so that a restored backup undoes none.

A backup is as old as it is: what was revoked since would be valid again. So each set bit of a
status list is also a file of its own in the storage, written before the list is published.
They are only ever added: a revoked credential stays so.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Integer, any_, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from lti_tool.badges.models import TRANSCRIPTS, Award, Credential, StatusList, Transcript
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import AwardId, InstitutionId
from lti_tool.core.storage import storage

_MEDIA_TYPE: Final = "text/plain"
_PAGE: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a look at the kept revocations did.

    Attributes:
        revoked: credentials and transcripts that were revoked again.
        awards: theirs which stand: somebody has to look whether they should.
        unknown: entries of which the database knows no credential, issued after the backup.
    """

    revoked: int
    awards: tuple[AwardId, ...]
    unknown: int


def keep(institution_id: InstitutionId, number: int, indexes: Collection[int]) -> set[int]:
    """Remember the set entries of a list; return those that were kept before.

    Raises:
        StorageUnavailableError: it cannot be written just now.
    """
    before = list_kept(institution_id, number)
    for index in sorted(set(indexes) - before):
        storage().put(f"{_folder(institution_id, number)}/{index}", b"", _MEDIA_TYPE)
    return before


def list_kept(institution_id: InstitutionId, number: int) -> set[int]:
    """Return the entries of a list that were ever published as revoked."""
    found = set[int]()
    after = ""
    while page := storage().list_keys(_folder(institution_id, number), after=after, limit=_PAGE):
        found.update(int(each.key.rpartition("/")[2]) for each in page)
        after = page[-1].key
    return found


def restore(institution_id: InstitutionId) -> Restored:
    """Revoke again what was revoked after the backup that this database was made from.

    Credentials get their places in a new list from here on: in the old ones a place that looks
    free may be that of a credential which was issued after the backup.
    """
    with transaction(institution_id) as session:
        numbers = session.execute(select(StatusList.id, StatusList.number, StatusList.holds)).all()
    revoked, awards, unknown = 0, list[AwardId](), 0
    for list_id, number, holds in numbers:
        kept = list_kept(institution_id, number)
        kind = Transcript if holds == TRANSCRIPTS else Credential
        here = kind.status_list_id == list_id
        with transaction(institution_id) as session:
            known = set(session.scalars(select(kind.status_index).where(here)))
            again = session.scalars(
                update(kind)
                .where(
                    here,
                    kind.status_index == any_(literal(sorted(kept), ARRAY(Integer))),
                    kind.revoked_at.is_(None),
                )
                .values(revoked_at=clock.now())
                .returning(kind.id)
            ).all()
            if again:
                session.execute(
                    update(StatusList)
                    .where(StatusList.id == list_id)
                    .values(changed_at=clock.now(), document=None)
                )
            standing = (
                select(Award.id)
                .join(Credential, Credential.award_id == Award.id)
                .where(Credential.id.in_(again), Award.withdrawn_at.is_(None))
                .distinct()
            )
            awards += session.scalars(standing.order_by(Award.id)).all()
        revoked += len(again)
        unknown += len(kept - known)
    if numbers:
        first = max(row.number for row in numbers) + 1
        with transaction(institution_id) as session:
            for number, holds in enumerate(sorted({row.holds for row in numbers}), first):
                session.add(StatusList(number=number, holds=holds, changed_at=clock.now()))
    return Restored(revoked=revoked, awards=tuple(awards), unknown=unknown)


def _folder(institution_id: InstitutionId, number: int) -> str:
    return f"revocations/{institution_id.hex}/{number}"
