"""Reads of status lists."""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from lti_tool.badges.models import (
    Credential,
    StatusList,
)


def find_status_list(session: Session, number: int) -> StatusList | None:
    """Return the institution's status list of that number, or None."""
    return session.scalar(select(StatusList).where(StatusList.number == number))


def list_revoked_indexes(session: Session, status_list_id: UUID) -> list[int]:
    """Return the entries whose bit is set: those of revoked credentials."""
    return list(
        session.scalars(
            select(Credential.status_index).where(
                Credential.status_list_id == status_list_id, Credential.revoked_at.is_not(None)
            )
        )
    )


def is_revoked(session: Session, status_list_id: UUID, index: int) -> bool:
    """Return whether the entry's bit is set."""
    revoked = exists().where(
        Credential.status_list_id == status_list_id,
        Credential.status_index == index,
        Credential.revoked_at.is_not(None),
    )
    return bool(session.scalar(select(revoked)))
