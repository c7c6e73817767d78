"""Who did what to what, and why: entries that are written once and never changed.

The database itself holds the application to that: its role may insert and read here, not
update or delete. Entries hold our ids, never values about a person, so that a person can
be erased and the record still stands.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from lti_tool.core import clock, db, logs
from lti_tool.core.db import Base, TenantRow

ActorKind = Literal["user", "staff", "system", "cli"]
Fact = str | int | bool | None
NOTHING: Mapping[str, Fact] = MappingProxyType({})
MAX_FACT_CHARACTERS = 200
_ADDRESS = re.compile(r"[^\s@,;:<>]+@[^\s@,;:<>]+")


@dataclass(frozen=True, slots=True)
class Actor:
    """Whose act it was.

    Attributes:
        kind: `user` came by a launch, `staff` by sign-in, `cli` sat at the server, `system`
            is a job on nobody's behalf.
        id: of the user or staff member; None for the other two.
    """

    kind: ActorKind
    id: UUID | None = None

    def __post_init__(self) -> None:
        """Refuse a person without an id, and an id of nobody."""
        if (self.kind in {"user", "staff"}) != (self.id is not None):
            raise ValueError(f"a {self.kind} with id {self.id}")


SYSTEM = Actor("system")
CLI = Actor("cli")


class AuditEntry(TenantRow, Base):
    """One act. Ids are PostgreSQL's: in order also within the millisecond."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        CheckConstraint("actor_kind IN ('user', 'staff', 'system', 'cli')", name="actor_kind"),
        CheckConstraint(
            "(actor_kind IN ('user', 'staff')) = (actor_id IS NOT NULL)", name="actor_id"
        ),
        Index("ix_audit_entries_institution_id_id", "institution_id", "id"),
        Index("ix_audit_entries_object", "institution_id", "object_kind", "object_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.uuidv7())
    recorded_at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    act: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[UUID]
    reason: Mapped[str | None]
    facts: Mapped[dict[str, Any]]


_INSERT = insert(Base.metadata.tables["audit_entries"])


def record(  # noqa: PLR0913 - who, what, on what, why
    session: Session,
    *,
    actor: Actor,
    act: str,
    object_kind: str,
    object_id: UUID,
    reason: str | None = None,
    facts: Mapping[str, Fact] = NOTHING,
) -> None:
    """Note an act in the transaction that does it, so that both happen or neither.

    Args:
        session: of one institution.
        actor: whose act it is.
        act: what was done, as the code calls it: `withdraw_award`.
        object_kind: the kind of thing it was done to, in the singular: `award`.
        object_id: which.
        reason: in the words of whoever gave it.
        facts: ids, counts, old and new states; nothing about a person. What somebody wrote
            goes through `told`.

    Raises:
        ValueError: a fact looks personal: a bug, which must not reach a table that
            nothing is ever deleted from.
    """
    for name, value in facts.items():
        _check_fact(name, value)
    session.connection().execute(
        _INSERT,
        {
            "institution_id": db.tenant(),
            "recorded_at": clock.now(),
            "actor_kind": actor.kind,
            "actor_id": actor.id,
            "act": act,
            "object_kind": object_kind,
            "object_id": object_id,
            "reason": reason,
            "facts": dict(facts),
        },
    )


def told(text: str) -> str:
    """Return what somebody wrote, such as a title, as a fact may hold it.

    E-mail addresses are left out, and what is too long is cut.
    """
    return _ADDRESS.sub(logs.REMOVED, text).replace("@", "(at)")[:MAX_FACT_CHARACTERS]


def list_entries(
    session: Session,
    *,
    object_kind: str | None = None,
    object_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> Sequence[AuditEntry]:
    """Return the institution's entries, newest first.

    Args:
        session: of one institution.
        object_kind: only about things of this kind.
        object_id: only about this thing.
        before: the id of the last entry of the page before.
        limit: entries to a page, at least 1.
    """
    # The policy shows this institution's only; naming it lets the index serve the order.
    query = select(AuditEntry).where(AuditEntry.institution_id == db.tenant())
    if object_kind is not None:
        query = query.where(AuditEntry.object_kind == object_kind)
    if object_id is not None:
        query = query.where(AuditEntry.object_id == object_id)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)).all()


def _check_fact(name: str, value: Fact) -> None:
    text = value if isinstance(value, str) else ""
    if logs.is_personal(name) or "@" in text or len(text) > MAX_FACT_CHARACTERS:
        raise ValueError(f"the fact {name!r} does not belong into the audit trail")
