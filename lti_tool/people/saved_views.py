"""Lists and dashboards of the desk under names: saved, found again, renamed, shared, forgotten."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.core import clock
from lti_tool.core.db import tenant, transaction
from lti_tool.core.errors import ConflictError, NotFoundError
from lti_tool.core.ids import InstitutionId, StaffId
from lti_tool.core.language import phrase
from lti_tool.people.models import SavedView

# Of one person; nobody finds anything among more.
MOST_OF_ONE = 100
MOST_LISTED = 500


class TooManyViewsError(ConflictError):
    """Somebody has as many views as they may have."""

    code = "too_many_views"
    title = phrase("You have too many views")


def list_views(
    session: Session, staff_id: StaffId, *, target: UUID | None = None
) -> list[SavedView]:
    """Return the views that somebody sees, by name: their own, and those that are shared.

    Args:
        session: of one institution.
        staff_id: who looks.
        target: only views of this pathway.
    """
    return list(
        session.scalars(
            select(SavedView)
            .where(
                SavedView.institution_id == tenant(),
                or_(SavedView.staff_id == staff_id, SavedView.is_shared),
                true() if target is None else SavedView.target == target,
            )
            .order_by(func.lower(SavedView.name), SavedView.id)
            .limit(MOST_LISTED)
        )
    )


def save_view(  # noqa: PLR0913 - all that a view is
    institution_id: InstitutionId,
    staff_id: StaffId,
    view_id: UUID,
    *,
    page: str,
    target: UUID | None,
    name: str,
    query: Mapping[str, str],
    shared: bool,
) -> None:
    """Keep a view. The same form sent twice keeps one.

    Raises:
        TooManyViewsError: somebody has `MOST_OF_ONE` already.
    """
    with transaction(institution_id) as session:
        own = select(SavedView.id).where(SavedView.staff_id == staff_id)
        kept = session.scalars(own).all()
        if view_id not in kept and len(kept) >= MOST_OF_ONE:
            raise TooManyViewsError(phrase("Delete one that you do not need any more."))
        session.execute(
            insert(SavedView)
            .values(
                institution_id=institution_id,
                id=view_id,
                staff_id=staff_id,
                page=page,
                target=target,
                name=name,
                query=dict(query),
                is_shared=shared,
                saved_at=clock.now(),
            )
            .on_conflict_do_nothing()
        )


def get_view(session: Session, staff_id: StaffId, view_id: UUID, *, clears: bool) -> SavedView:
    """Return a view that somebody may change.

    Args:
        session: of one institution.
        staff_id: who wants to change it: its owner may.
        view_id: which.
        clears: they may change what others share, too.

    Raises:
        NotFoundError: there is none of this id that they may change.
    """
    allowed = SavedView.staff_id == staff_id
    view = session.scalar(
        select(SavedView).where(
            SavedView.id == view_id, or_(allowed, SavedView.is_shared) if clears else allowed
        )
    )
    if view is None:
        raise NotFoundError(phrase("There is no such view among yours."))
    return view


def change_view(  # noqa: PLR0913 - who changes what
    institution_id: InstitutionId,
    staff_id: StaffId,
    view_id: UUID,
    *,
    name: str,
    shared: bool,
    clears: bool,
) -> None:
    """Rename a view, share it or keep it to oneself; `clears` as `get_view` says.

    Raises:
        NotFoundError: there is none of this id that they may change.
    """
    with transaction(institution_id) as session:
        view = get_view(session, staff_id, view_id, clears=clears)
        view.name, view.is_shared = name, shared


def delete_view(
    institution_id: InstitutionId, staff_id: StaffId, view_id: UUID, *, clears: bool
) -> None:
    """Forget a view; `clears` as `get_view` says.

    Raises:
        NotFoundError: there is none of this id that they may change.
    """
    with transaction(institution_id) as session:
        session.delete(get_view(session, staff_id, view_id, clears=clears))
