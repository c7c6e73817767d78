"""Credit for what was learnt before, and completions that wait for a registrar."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import select, true, tuple_
from sqlalchemy.orm import Session

from lti_tool.badges.models import Award
from lti_tool.badges.queries import get_achievement
from lti_tool.badges.rules import Cause, CauseKind
from lti_tool.badges.services import grant_award
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    AchievementId,
    AwardId,
    InstitutionId,
    PathwayId,
    PersonId,
)
from lti_tool.core.language import phrase
from lti_tool.pathways import queries, recounting
from lti_tool.pathways.deciding.decision import Decision, note
from lti_tool.pathways.models import (
    Completion,
    Pathway,
)
from lti_tool.people.models import Person


def grant_credit(
    institution_id: InstitutionId,
    achievement_id: AchievementId,
    person_ids: Collection[PersonId],
    *,
    decision: Decision,
) -> list[AwardId]:
    """Award an achievement for prior learning, to each of these people; undo by withdrawing it.

    One transaction each; the same decision twice awards nothing twice.

    Raises:
        NotFoundError: there is no such achievement, or one of the people is not here; then
            nobody is awarded anything.
    """
    with transaction(institution_id) as session:
        get_achievement(session, achievement_id)
        here = set(session.scalars(select(Person.id).where(Person.id.in_(person_ids))))
    if missing := set(person_ids) - here:
        raise NotFoundError(
            phrase(
                "%(missing)s of these people are not here.",
                missing=len(missing),
            )
        )
    return [
        grant_award(
            institution_id,
            person_id,
            achievement_id,
            cause=Cause(
                kind=CauseKind.DECISION,
                id=uuid5(decision.id, str(person_id)),
                caused_at=clock.now(),
                reason=decision.reason.strip(),
            ),
            actor=decision.actor,
        )
        for person_id in sorted(here)
    ]


def set_confirmation(
    institution_id: InstitutionId, pathway_id: PathwayId, *, confirms: bool, decision: Decision
) -> None:
    """Say whether completions of a pathway wait for a registrar; those awarded are left alone.

    Raises:
        NotFoundError: there is no such pathway here.
    """
    with transaction(institution_id) as session:
        pathway = queries.get_pathway(session, pathway_id)
        if pathway.confirms_completion == confirms:
            return
        pathway.confirms_completion = confirms
        audit.record(
            session,
            actor=decision.actor,
            act="set_confirmation",
            object_kind="pathway",
            object_id=pathway_id,
            reason=decision.reason.strip(),
            facts={"confirms": confirms},
        )
        for completion in () if confirms else list_unconfirmed(session, pathway_id):
            recounting.announce(session, completion)


def list_unconfirmed(
    session: Session,
    pathway_id: PathwayId | None = None,
    *,
    person_ids: Collection[PersonId] | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int | None = None,
) -> list[Completion]:
    """Return open completions, oldest first, that nobody confirmed and nothing was awarded for.

    Without a pathway named, those of every pathway whose completions wait to be confirmed; given
    people, only theirs; `after` is when and id of the last of the page before.
    """
    of_these = (
        Completion.pathway_id.in_(select(Pathway.id).where(Pathway.confirms_completion))
        if pathway_id is None
        else Completion.pathway_id == pathway_id
    )
    certificate = (
        select(Award.id)
        .join(Pathway, Pathway.achievement_id == Award.achievement_id)
        .where(
            Pathway.id == Completion.pathway_id,
            Award.person_id == Completion.person_id,
            Award.withdrawn_at.is_(None),
            Award.duplicate_of_id.is_(None),
        )
    )
    return list(
        session.scalars(
            select(Completion)
            .where(
                of_these,
                true() if person_ids is None else Completion.person_id.in_(person_ids),
                Completion.lapsed_at.is_(None),
                Completion.confirmed_at.is_(None),
                true()
                if after is None
                else tuple_(Completion.completed_at, Completion.id) > tuple_(*after),
                ~certificate.exists(),
            )
            .order_by(Completion.completed_at, Completion.id)
            .limit(limit)
        )
    )


def get_completion(session: Session, completion_id: UUID) -> Completion:
    """Return a completion, whether it stands or lapsed.

    Raises:
        NotFoundError: there is none of this id here.
    """
    completion = session.scalar(select(Completion).where(Completion.id == completion_id))
    if completion is None:
        raise NotFoundError(phrase("There is no such completion."))
    return completion


def confirm_completion(
    institution_id: InstitutionId, completion_id: UUID, *, decision: Decision
) -> None:
    """Confirm a completion, so that it is awarded; a second time changes nothing.

    Undo by withdrawing the award.

    Raises:
        NotFoundError: there is no such completion here, or a part fell away since.
    """
    with transaction(institution_id) as session:
        completion = session.scalar(
            select(Completion)
            .where(Completion.id == completion_id, Completion.lapsed_at.is_(None))
            .with_for_update()
        )
        if completion is None:
            raise NotFoundError(phrase("There is no such completion, or a part fell away since."))
        if completion.confirmed_at is not None:
            return
        completion.confirmed_at = clock.now()
        note(session, "confirm_completion", decision, completion.person_id, completion.pathway_id)
        recounting.announce(session, completion)
