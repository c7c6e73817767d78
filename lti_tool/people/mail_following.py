"""A person's confirmed addresses follow them when two persons turn out to be one.

Browsers that are in by a letter of the second person's are out: nobody sees a record as another's
before they have shown once more that they read that mail.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from lti_tool.core.ids import PersonId
from lti_tool.people.merging import Follower, Split
from lti_tool.people.models import LearnerSession, MailLink, PersonEmail


def _move(session: Session, kept_id: PersonId, gone_id: PersonId) -> dict[str, list[str]]:
    session.execute(delete(LearnerSession).where(LearnerSession.person_id == gone_id))
    moved: dict[str, list[str]] = {}
    for table in (PersonEmail, MailLink):
        rows = session.scalars(
            update(table)
            .where(table.person_id == gone_id)
            .values(person_id=kept_id)
            .returning(table.id)
            .execution_options(synchronize_session=False)
        )
        moved[table.__tablename__] = sorted(map(str, rows))
    return moved


def _give_back(session: Session, split: Split, moved: Any) -> None:  # noqa: ANN401 - of `_move`
    for table in (PersonEmail, MailLink):
        ids = [UUID(word) for word in moved[table.__tablename__]]
        session.execute(
            update(table)
            .where(table.id.in_(ids), table.person_id == split.kept_id)
            .values(person_id=split.gone_id)
            .execution_options(synchronize_session=False)
        )
    theirs = select(PersonEmail.address).where(PersonEmail.person_id == split.gone_id)
    session.execute(
        delete(LearnerSession).where(
            LearnerSession.person_id == split.kept_id, LearnerSession.address.in_(theirs)
        )
    )


MAIL = Follower(
    name="mail",
    tables=frozenset({"person_emails", "mail_links", "learner_sessions"}),
    move=_move,
    give_back=_give_back,
)
