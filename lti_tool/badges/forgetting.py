"""Uploaded pictures that no edition names: chosen in the editor, looked at, and never published."""

import time
from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from lti_tool.badges.models import AchievementEdition
from lti_tool.badges.uploads import PREFIX
from lti_tool.core import clock, logs
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId
from lti_tool.core.purging import BATCH, SECONDS
from lti_tool.core.storage import StoredKey, storage
from lti_tool.platforms.models import Institution

log = logs.get(__name__)

# For so long a picture waits for its form to be sent.
WAITS = timedelta(days=1)


def forget_pictures(*, seconds: float = SECONDS) -> int:
    """Delete pictures that wait for longer than a day; returns how many files.

    Args:
        seconds: no further batch is begun after so long: the next run looks again.
    """
    ends_at, gone, after = time.monotonic() + seconds, 0, ""
    while True:
        found = storage().list_keys(PREFIX, after=after, limit=BATCH)
        gone += _forget(found)
        if len(found) < BATCH or time.monotonic() >= ends_at:
            break
        after = found[-1].key
    if gone:
        log.info("unnamed_pictures_deleted", number=gone)
    return gone


def _forget(found: Collection[StoredKey]) -> int:
    before, gone = clock.now() - WAITS, 0
    old: defaultdict[InstitutionId, dict[str, str]] = defaultdict(dict)
    for key in (one.key for one in found if one.stored_at < before):
        parts = key.split("/")
        try:
            _, institution, _, name = parts
            whose = InstitutionId(UUID(hex=institution))
        except ValueError:
            continue  # none of ours: it is left alone
        old[whose][key] = name.partition(".")[0]
    with system_transaction() as session:
        here = set(session.scalars(select(Institution.id).where(Institution.id.in_(old))))
    for whose in here:
        named = _named(whose, set(old[whose].values()))
        for key, id_ in old[whose].items():
            if id_ not in named:
                storage().delete(key)
                gone += 1
    return gone


def _named(institution_id: InstitutionId, ids: Collection[str]) -> set[str]:
    name = AchievementEdition.content["picture"]["id"].astext
    with transaction(institution_id) as session:
        return set(session.scalars(select(name).where(name.in_(ids))))
