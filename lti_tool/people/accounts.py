"""Accounts by what somebody knows of their owner: for operators, who have no page to look at."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.core.ids import PersonId
from lti_tool.people.models import PersonUser, UserWord
from lti_tool.people.rules import search_words
from lti_tool.people.services import person_of
from lti_tool.platforms.models import User

_LAST = chr(0x10FFFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A platform's user, and who that is."""

    person_id: PersonId
    name: str | None
    email: str | None
    sis_id: str | None
    issuer: str

    @property
    def words(self) -> tuple[PersonId | str | None, ...]:
        """Return what to show, the id first."""
        return (self.person_id, self.name, self.email, self.sis_id, self.issuer)


def list_accounts(session: Session, text: str, *, limit: int) -> list[Account]:
    """Return accounts found by the beginnings of words in name, e-mail or number.

    Whoever was no person yet, having earned nothing, becomes one.
    """
    words = search_words(text)
    if not words:
        return []
    query = select(User).order_by(User.name, User.id).limit(limit)
    for word in words:
        fitting = select(UserWord.user_id).where(
            UserWord.word >= word, UserWord.word < word + _LAST
        )
        query = query.where(User.id.in_(fitting))
    users = session.scalars(query).all()
    rows = session.execute(
        select(PersonUser.id, PersonUser.person_id).where(
            PersonUser.id.in_([user.id for user in users])
        )
    )
    known = {row.id: row.person_id for row in rows}
    return [
        Account(
            person_id=known.get(user.id) or person_of(session, user.id),
            name=user.name,
            email=user.email,
            sis_id=user.sis_id,
            issuer=user.issuer,
        )
        for user in users
    ]
