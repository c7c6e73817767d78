"""Counting why messages of a platform were refused, for whoever has to mend it."""

from datetime import timedelta

from sqlalchemy import delete, func, select, true
from sqlalchemy.dialects.postgresql import insert

from lti_tool.core import clock, purging, settings
from lti_tool.core.db import system_statements, system_transaction
from lti_tool.core.ids import InstitutionId, RegistrationId, new_id
from lti_tool.launch.models import LaunchRefusal


def note_refusal(
    registration_id: RegistrationId, institution_id: InstitutionId | None, code: str
) -> None:
    """Count a refused message. One row an hour and reason: nobody fills the table.

    It does not wait for the disk: strangers' messages are counted too, one after the other.
    """
    now = clock.now()
    row = insert(LaunchRefusal).values(
        id=new_id(),
        registration_id=registration_id,
        institution_id=institution_id,
        code=code,
        hour=now.replace(minute=0, second=0, microsecond=0),
        times=1,
        last_at=now,
    )
    with system_statements() as session:
        session.execute(
            row.on_conflict_do_update(
                index_elements=["registration_id", "institution_id", "code", "hour"],
                set_={"times": LaunchRefusal.times + 1, "last_at": now},
            ).returning(func.set_config("synchronous_commit", "off", true()))
        )


def forget_refusals() -> int:
    """Delete old counts, as old as launches get; returns how many. Called now and then."""
    before = clock.now() - timedelta(days=settings.current().keep.ended_launches_days)
    old = select(LaunchRefusal.id).where(LaunchRefusal.last_at < before)

    def some(limit: int) -> int:
        rows = delete(LaunchRefusal).where(LaunchRefusal.id.in_(old.limit(limit)))
        with system_transaction() as session:
            return len(session.scalars(rows.returning(LaunchRefusal.id)).all())

    return purging.in_batches(some)
