"""Launches and logins that are over, and visits of who was erased."""

from collections.abc import Collection
from datetime import timedelta
from functools import partial

from sqlalchemy import delete, select

from lti_tool.core import clock, purging, settings
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId, UserId
from lti_tool.launch.models import Launch, UsedLogin
from lti_tool.platforms.rounds import every_institution

_CLOCKS_DIFFER = timedelta(hours=1)


def forget_visits(institution_id: InstitutionId, user_ids: Collection[UserId]) -> None:
    """Delete all launches of these users; what is open in a browser has ended."""
    with transaction(institution_id) as session:
        session.execute(delete(Launch).where(Launch.user_id.in_(user_ids)))


def forget_ended() -> int:
    """Delete launches whose session ended long ago; returns how many. Called now and then.

    Until then they explain themselves: "open it again" instead of "nothing here".
    """
    before = clock.now() - timedelta(days=settings.current().keep.ended_launches_days)
    ended = select(Launch.id).where(Launch.expires_at < before)

    def some_of(institution_id: InstitutionId, limit: int) -> int:
        rows = delete(Launch).where(Launch.id.in_(ended.limit(limit)))
        with transaction(institution_id) as session:
            return len(session.scalars(rows.returning(Launch.id)).all())

    return sum(
        purging.in_batches(partial(some_of, institution_id))
        for institution_id in every_institution()
    )


def forget_expired() -> int:
    """Delete marks of used logins that are over anyway; returns how many. Called now and then.

    An hour later: a web server whose clock is behind still takes them.
    """
    over = select(UsedLogin.state_hash).where(UsedLogin.expires_at < clock.now() - _CLOCKS_DIFFER)

    def some(limit: int) -> int:
        rows = delete(UsedLogin).where(UsedLogin.state_hash.in_(over.limit(limit)))
        with system_transaction() as session:
            return len(session.execute(rows.returning(UsedLogin.expires_at)).all())

    return purging.in_batches(some)
