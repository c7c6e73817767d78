"""The language that somebody chose, kept with their accounts: it holds on every machine they use.

Learners and instructors choose for all accounts that are theirs, and for letters to them. Who
signs in without an LMS as staff has one account.
"""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId, PersonId, StaffId, UserId
from lti_tool.people.models import PersonEmail, PersonUser, StaffMember
from lti_tool.people.queries import find_person
from lti_tool.platforms.models import User


def keep_of_user(institution_id: InstitutionId, user_id: UserId, language: str) -> None:
    """Note what a platform's user chose, who may be a person with other accounts, or nobody yet."""
    with transaction(institution_id) as session:
        person_id = find_person(session, user_id)
        if person_id is None:
            _keep(session, User.id == user_id, language)
        else:
            _keep_of_person(session, person_id, language)


def keep_of_person(institution_id: InstitutionId, person_id: PersonId, language: str) -> None:
    """Note what a person chose who came by a letter."""
    with transaction(institution_id) as session:
        _keep_of_person(session, person_id, language)


def keep_of_staff(institution_id: InstitutionId, staff_id: StaffId, language: str) -> None:
    """Note what somebody of the staff chose at the desk."""
    with transaction(institution_id) as session:
        session.execute(
            update(StaffMember).where(StaffMember.id == staff_id).values(language=language)
        )


def _keep_of_person(session: Session, person_id: UUID, language: str) -> None:
    theirs = select(PersonUser.id).where(PersonUser.person_id == person_id)
    _keep(session, User.id.in_(theirs), language)
    session.execute(
        update(PersonEmail).where(PersonEmail.person_id == person_id).values(language=language)
    )


def _keep(session: Session, whose: ColumnElement[bool], language: str) -> None:
    session.execute(
        update(User)
        .where(
            whose, User.is_visitor.is_(False)
        )  # a visitor may be anybody: their browser's cookie
        .values(language=language)
        .execution_options(synchronize_session=False)
    )
