"""Which status list the next credential or transcript gets its place in."""

import secrets
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.badges import status_list
from lti_tool.badges.models import StatusList
from lti_tool.core import clock
from lti_tool.core.db import tenant
from lti_tool.core.ids import new_id

# A list is given up when so many places in a row were taken: a third of all are then, or more.
_TRIES = 8

Taken = TypeVar("Taken")


def take_place(
    session: Session, holds: str, take: Callable[[UUID, int, int], Taken | None]
) -> Taken:
    """Take a random free place of a list of a kind.

    Random, so that neighbours in the list say nothing about who was awarded when.

    Args:
        session: of one institution.
        holds: which kind.
        take: tries a place, given its list's id and number and its index; None if it is taken.
    """
    after = 0
    while True:
        list_id, number = _open_list(session, holds, after)
        for _ in range(_TRIES):
            taken = take(list_id, number, secrets.randbelow(status_list.LENGTH))
            if taken is not None:
                return taken
        after = number


def _open_list(session: Session, holds: str, after: int) -> tuple[UUID, int]:
    """Return id and number of the newest list of a kind above a number; made if there is none."""
    newest = (
        select(StatusList.id, StatusList.number)
        .where(StatusList.holds == holds, StatusList.number > after)
        .order_by(StatusList.number.desc())
        .limit(1)
    )
    while True:
        row = session.execute(newest).one_or_none()
        if row is not None:
            return row.id, row.number
        last = session.scalar(select(func.max(StatusList.number))) or 0
        session.execute(
            insert(StatusList)
            .values(
                institution_id=tenant(),
                id=new_id(),
                number=last + 1,
                holds=holds,
                changed_at=clock.now(),
            )
            .on_conflict_do_nothing(index_elements=["institution_id", "number"])
        )
