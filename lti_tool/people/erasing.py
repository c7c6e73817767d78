"""Erasing a person: what they did stays and counts, who they were does not.

Every package forgets its own part when it hears of it. The audit trail holds our ids, which
lead to nobody any more.
"""

from sqlalchemy import delete, select, update

from lti_tool.core import audit, clock, outbox
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import InstitutionId, PersonId
from lti_tool.core.language import phrase
from lti_tool.people import queries
from lti_tool.people.events import PersonErased
from lti_tool.people.models import LearnerSession, MailLink, Person, PersonEmail, PersonMerge
from lti_tool.platforms.models import Context, Deployment, Registration, RosterMember


def erase_person(
    institution_id: InstitutionId, person_id: PersonId, *, reason: str, actor: Actor
) -> bool:
    """Forget who a person was; the other packages follow within moments.

    Should the same human being come again by a launch, they are somebody new.

    Args:
        institution_id: whose person.
        person_id: of the person, over all their accounts.
        reason: why, without a name: it stays in the audit trail.
        actor: who does it.

    Returns:
        False when they were erased before.

    Raises:
        NotFoundError: there is no such person here.
    """
    with transaction(institution_id) as session:
        person_id = queries.current_person(session, person_id, alone=True)
        person = session.scalar(select(Person).where(Person.id == person_id))
        if person is None:
            raise NotFoundError(phrase("There is no such person."))
        if person.erased_at is not None:
            return False
        person.erased_at = clock.now()
        own = select(PersonEmail.address).where(PersonEmail.person_id == person_id)
        session.execute(
            delete(MailLink).where((MailLink.person_id == person_id) | MailLink.address.in_(own))
        )
        session.execute(delete(LearnerSession).where(LearnerSession.person_id == person_id))
        session.execute(delete(PersonEmail).where(PersonEmail.person_id == person_id))
        users = queries.list_users(session, person_id)
        for user in users:
            courses = (
                select(Context.id)
                .join(Deployment, Deployment.id == Context.deployment_id)
                .join(Registration, Registration.id == Deployment.registration_id)
                .where(Registration.issuer == user.issuer)
            )
            session.execute(
                delete(RosterMember).where(
                    RosterMember.subject == user.subject, RosterMember.context_id.in_(courses)
                )
            )
            user.name = user.email = user.sis_id = None
            user.language = user.zone = user.reported_zone = user.zones_told_at = None
            user.subject = f"erased:{user.id}"
            user.is_visitor = True  # nothing of theirs goes to a gradebook or earns anything
        selves = queries.list_selves(session, person_id)
        session.execute(
            update(PersonMerge)
            .where(PersonMerge.kept_id.in_(selves) | PersonMerge.gone_id.in_(selves))
            .values(moved=PersonMerge.moved.op("-")("browsers"))  # their time zones
            .execution_options(synchronize_session=False)
        )
        audit.record(
            session,
            actor=actor,
            act="erase_person",
            object_kind="person",
            object_id=person_id,
            reason=reason,
            facts={"accounts": len(users)},
        )
        outbox.record(
            session,
            PersonErased(
                institution_id=institution_id,
                person_id=person_id,
                user_ids=tuple(user.id for user in users),
            ),
        )
    return True
