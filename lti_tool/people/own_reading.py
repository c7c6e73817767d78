"""The language and the time zone of somebody, kept with their accounts: they hold on every machine.

Learners and instructors choose for all accounts that are theirs, and for letters to them. Who
signs in without an LMS as staff has one account. Which zone a browser told last is kept beside
the one that was chosen, for pages and letters to who chose none.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from lti_tool.core import clock
from lti_tool.core.db import tenant, transaction
from lti_tool.core.ids import InstitutionId, PersonId, StaffId, UserId
from lti_tool.core.speaking import Kept, Zones
from lti_tool.people.models import PersonEmail, PersonUser, StaffMember
from lti_tool.people.queries import find_person
from lti_tool.platforms.models import Institution, User


def keep_of_user(institution_id: InstitutionId, user_id: UserId, kept: Kept) -> None:
    """Note it of a platform's user, who may be a person with other accounts, or nobody yet."""
    with transaction(institution_id) as session:
        person_id = find_person(session, user_id)
        if person_id is None:
            _keep(session, User.id == user_id, kept)
        else:
            _keep_of_person(session, person_id, kept)
        if "reported_zone" in kept:
            # Of this account alone: it is the one in use, and its choice counts before another's.
            session.execute(
                update(User).where(User.id == user_id).values(zones_told_at=clock.now())
            )


def keep_of_person(institution_id: InstitutionId, person_id: PersonId, kept: Kept) -> None:
    """Note it of a person who came by a letter."""
    with transaction(institution_id) as session:
        _keep_of_person(session, person_id, kept)


def keep_of_staff(institution_id: InstitutionId, staff_id: StaffId, kept: Kept) -> None:
    """Note it of somebody of the staff."""
    with transaction(institution_id) as session:
        session.execute(update(StaffMember).where(StaffMember.id == staff_id).values(**kept))


def zones_of(session: Session, person_id: PersonId) -> Zones:
    """Return what is known of a person's time zone: of several accounts what was told last."""
    rows = session.execute(
        select(User.zone, User.reported_zone, Institution.zone)
        .select_from(Institution)
        .outerjoin(PersonUser, (PersonUser.person_id == person_id))
        .outerjoin(User, User.id == PersonUser.id)
        .where(Institution.id == tenant())
        .order_by(User.zones_told_at.desc().nulls_last(), User.id.desc())
    ).all()
    chosen, reported, of_institution = (
        next(filter(None, names), None) for names in zip(*rows, strict=True)
    )
    return Zones(chosen, reported, of_institution)


def agree_on_browser(session: Session, person_id: PersonId) -> dict[str, list[str | None]]:
    """Have all accounts of a person, who were two until now, know the browser that told last.

    So the next browser is seen to differ from it, whichever account it comes by. What was chosen
    stays with each account: the two may be told apart again.

    Returns:
        By account what it knew before and knows now, to undo it by.
    """
    theirs = select(PersonUser.id).where(PersonUser.person_id == person_id)
    known = zones_of(session, person_id).reported
    rows = session.execute(
        select(User.id, User.reported_zone).where(User.id.in_(_own(User.id.in_(theirs))))
    )
    agreed = {str(row.id): [row.reported_zone, known] for row in rows if row[1] != known}
    session.execute(
        update(User)
        .where(User.id.in_(map(UUID, agreed)))
        .values(reported_zone=known)
        .execution_options(synchronize_session=False)
    )
    return agreed


def disagree_on_browser(session: Session, agreed: Mapping[str, Sequence[str | None]]) -> None:
    """Have accounts know again what they knew before, but for those that were told since."""
    for user_id, (before, then) in sorted(agreed.items()):
        session.execute(
            update(User)
            .where(User.id == UUID(user_id), User.reported_zone.is_not_distinct_from(then))
            .values(reported_zone=before)
            .execution_options(synchronize_session=False)
        )


def _keep_of_person(session: Session, person_id: UUID, kept: Kept) -> None:
    theirs = select(PersonUser.id).where(PersonUser.person_id == person_id)
    _keep(session, User.id.in_(theirs), kept)
    if "language" in kept:
        session.execute(
            update(PersonEmail)
            .where(PersonEmail.person_id == person_id)
            .values(language=kept["language"])
        )


def _keep(session: Session, whose: ColumnElement[bool], kept: Kept) -> None:
    told_at = {"zones_told_at": clock.now()} if "zone" in kept else {}
    session.execute(
        update(User)
        .where(User.id.in_(_own(whose)))
        .values(**kept, **told_at)
        .execution_options(synchronize_session=False)
    )


def _own(whose: ColumnElement[bool]) -> Select[UserId]:
    return (
        select(User.id)
        # A visitor may be anybody: their browser's cookie.
        .where(whose, User.is_visitor.is_(False))
        # In one order, as two browsers of one person may tell theirs at once.
        .order_by(User.id)
        .with_for_update(key_share=True)
    )
