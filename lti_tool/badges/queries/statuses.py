"""Reads of status lists."""

from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from lti_tool.badges.models import (
    Credential,
    StatusList,
    Transcript,
)


def find_status_list(session: Session, number: int) -> StatusList | None:
    """Return the institution's status list of that number, or None."""
    return session.scalar(select(StatusList).where(StatusList.number == number))


def list_revoked_indexes(session: Session, status_list_id: UUID) -> list[int]:
    """Return the entries whose bit is set: those of revoked credentials or transcripts."""
    found = list[int]()
    for kind in (Credential, Transcript):
        found += session.scalars(
            select(kind.status_index).where(
                kind.status_list_id == status_list_id, kind.revoked_at.is_not(None)
            )
        )
    return found


def is_revoked(session: Session, status_list_id: UUID, index: int) -> bool:
    """Return whether the entry's bit is set."""
    credential, transcript = (
        exists().where(
            kind.status_list_id == status_list_id,
            kind.status_index == index,
            kind.revoked_at.is_not(None),
        )
        for kind in (Credential, Transcript)
    )
    return bool(session.scalar(select(or_(credential, transcript))))
