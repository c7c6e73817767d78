"""What time does to pathways: awards that expire or grow old, notices, certificates suspended.

Also how a change of a pathway's rules reaches everybody on it: their rows are made due at once, and
the sweep counts them anew, some hundred to a transaction. It goes on where it was stopped.
"""

import time
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, select, true, tuple_, update
from sqlalchemy.orm import Session, aliased

from lti_tool.badges.models import Award, AwardCause
from lti_tool.badges.rules import CauseKind
from lti_tool.badges.services import withdraw_award, withdraw_within
from lti_tool.core import audit, clock, outbox
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AwardId, InstitutionId, PathwayId, PersonId
from lti_tool.core.language import phrase
from lti_tool.pathways import notices, queries, recounting
from lti_tool.pathways.deciding import Decision
from lti_tool.pathways.events import PathwayRecountAsked
from lti_tool.pathways.expression import from_json
from lti_tool.pathways.facts import facts_of
from lti_tool.pathways.models import Completion, Pathway, Progress
from lti_tool.pathways.stand import LapsePolicy, ends_then
from lti_tool.people.models import Person
from lti_tool.people.queries import current_person
from lti_tool.platforms.rounds import every_institution

# People whose rows are locked together; an award of one of them waits for all.
PEOPLE_AT_ONCE = 200
# Of one institution in one round.
MOST_AT_ONCE = 2000
HAND_SECONDS = 10.0
# No round begins later than this in a run; the next run goes on.
RUN_SECONDS = 20.0
_SUSPENDED = phrase("A part of the pathway fell away, and the time to earn it again is over.")


def sweep() -> int:
    """Do what time has made due, at every institution. Runs again and again; safe beside itself.

    Returns:
        How many people were counted anew.
    """
    began = time.monotonic()
    counted = 0
    for institution_id in every_institution():
        while (now_counted := _recount_due(institution_id)) >= MOST_AT_ONCE:
            counted += now_counted
            if time.monotonic() - began > RUN_SECONDS:
                return counted
        counted += now_counted
        _give_notice(institution_id)
        _suspend(institution_id)
    return counted


def count_due(session: Session, pathway_id: PathwayId) -> int:
    """Return how many people on a pathway have yet to be counted anew: what a change has left."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Progress)
            .where(Progress.pathway_id == pathway_id, Progress.changes_at <= clock.now())
        )
        or 0
    )


def set_lapse_policy(
    institution_id: InstitutionId,
    pathway_id: PathwayId,
    policy: LapsePolicy,
    *,
    notice_days: int,
    decision: Decision,
) -> None:
    """Say what becomes of certificates when a part falls away; everybody is counted anew.

    Args:
        institution_id: whose.
        pathway_id: which.
        policy: from now on.
        notice_days: how long before and after that people are given, 0 or more.
        decision: who, why.

    Raises:
        NotFoundError: there is no such pathway here.
    """
    with transaction(institution_id) as session:
        pathway = queries.get_pathway(session, pathway_id)
        former = pathway.lapse_policy
        if (former, pathway.notice_days) == (policy.value, notice_days):
            return
        pathway.lapse_policy, pathway.notice_days = policy.value, notice_days
        audit.record(
            session,
            actor=decision.actor,
            act="set_lapse_policy",
            object_kind="pathway",
            object_id=pathway_id,
            reason=decision.reason.strip(),
            facts={"former": former, "policy": policy.value, "notice_days": notice_days},
        )
        recounting.make_all_due(session, pathway_id)


def list_to_review(
    session: Session,
    pathway_id: PathwayId | None = None,
    *,
    person_id: PersonId | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int | None = None,
) -> list[Completion]:
    """Return lapsed completions about which somebody has to decide, the oldest first.

    Of one pathway or all, of one person or everybody; `after` is when and id of the last of the
    page before.
    """
    again = aliased(Completion)
    return list(
        session.scalars(
            select(Completion)
            .join(Pathway, Pathway.id == Completion.pathway_id)
            .where(
                true() if pathway_id is None else Completion.pathway_id == pathway_id,
                true() if person_id is None else Completion.person_id == person_id,
                Pathway.lapse_policy == LapsePolicy.REVIEW.value,
                Completion.lapsed_at.is_not(None),
                Completion.settled_at.is_(None),
                true()
                if after is None
                else tuple_(Completion.lapsed_at, Completion.id) > tuple_(*after),
                ~exists().where(
                    again.pathway_id == Completion.pathway_id,
                    again.person_id == Completion.person_id,
                    again.lapsed_at.is_(None),
                ),
            )
            .order_by(Completion.lapsed_at, Completion.id)
            .limit(limit)
        )
    )


def settle_lapse(
    institution_id: InstitutionId, completion_id: UUID, *, withdraws: bool, decision: Decision
) -> None:
    """Decide about a certificate of which a part fell away: let it stand, or withdraw it.

    A second time changes nothing. Undo a withdrawal by giving the award back.

    Raises:
        NotFoundError: there is no such lapsed completion here, or there is nothing to decide
            about it any more: all is there again, or the pathway's policy decides.
    """
    with transaction(institution_id) as session:
        completion = session.scalar(
            select(Completion).where(
                Completion.id == completion_id, Completion.lapsed_at.is_not(None)
            )
        )
        if completion is None:
            raise NotFoundError(phrase("There is no such completion, or no part of it fell away."))
        current_person(session, completion.person_id)  # before what is theirs, as merges do
        completion = session.scalar(  # of two who decide one decides
            select(Completion)
            .where(Completion.id == completion_id, Completion.lapsed_at.is_not(None))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if completion is None:  # it was made one with another meanwhile
            raise NotFoundError(phrase("There is nothing of this kind to decide any more."))
        if completion.settled_at is not None:
            return
        waiting = list_to_review(session, completion.pathway_id, person_id=completion.person_id)
        if completion not in waiting:
            raise NotFoundError(phrase("There is nothing of this kind to decide any more."))
        awards = _certificates(session, completion) if withdraws else []
        for award_id in awards:
            withdraw_within(session, award_id, reason=decision.reason, actor=decision.actor)
        completion.settled_at = clock.now()
        audit.record(
            session,
            actor=decision.actor,
            act="withdraw_lapsed" if withdraws else "keep_lapsed",
            object_kind="person",
            object_id=completion.person_id,
            reason=decision.reason.strip(),
            facts={
                "pathway": str(completion.pathway_id),
                # Its withdrawal is noted of the award, too.
                **({"award": str(awards[0])} if awards else {}),
            },
        )


def recount_everybody(event: PathwayRecountAsked) -> None:
    """Count people on a pathway anew for some seconds, and ask for more time if some are left.

    One of several hands at once: none takes whom another has in hand.
    """
    began = time.monotonic()
    while _recount_some(event.institution_id, event.pathway_id):
        if time.monotonic() - began > HAND_SECONDS:
            with transaction(event.institution_id) as session:
                outbox.record(session, event)
            return


def _recount_due(institution_id: InstitutionId) -> int:
    with transaction(institution_id) as session:
        due = session.scalars(
            select(Progress.pathway_id).where(Progress.changes_at <= clock.now()).distinct()
        ).all()
    counted = 0
    for pathway_id in due:
        while counted < MOST_AT_ONCE and (some := _recount_some(institution_id, pathway_id)):
            counted += some
    return counted


def _recount_some(institution_id: InstitutionId, pathway_id: PathwayId) -> int:
    """Count the next people of a pathway who are due, but for those whom others have in hand.

    Waits for nobody: whoever merges persons locks them first and what is theirs after.
    """
    with transaction(institution_id) as session:
        due = session.scalars(
            select(Progress.person_id)
            .where(Progress.pathway_id == pathway_id, Progress.changes_at <= clock.now())
            .order_by(Progress.changes_at)
            .limit(PEOPLE_AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        free = session.scalars(
            select(Person.id)
            .where(Person.id.in_(due))
            .with_for_update(read=True, key_share=True, skip_locked=True)
        ).all()
        if free:
            recounting.recount_within(session, queries.get_pathway(session, pathway_id), free)
    return len(free)


def _give_notice(institution_id: InstitutionId) -> None:
    """Note of completions that time is about to end that it was told; pages show it from then."""
    now = clock.now()
    with transaction(institution_id) as session:
        rows = session.execute(
            select(Completion, Pathway, Progress)
            .join(Pathway, Pathway.id == Completion.pathway_id)
            .join(
                Progress,
                (Progress.pathway_id == Completion.pathway_id)
                & (Progress.person_id == Completion.person_id),
            )
            .where(
                Completion.lapsed_at.is_(None),
                Completion.noticed_at.is_(None),
                Pathway.lapse_policy != LapsePolicy.KEEP.value,
                Progress.changes_at <= now + func.make_interval(0, 0, 0, Pathway.notice_days),
            )
            .limit(MOST_AT_ONCE)
        ).all()
        for completion, pathway, progress in rows:
            ends = _ends(session, pathway, progress, now)
            if ends is not None and ends <= now + timedelta(days=pathway.notice_days):
                completion.noticed_at = now
                notices.give(session, completion, "lapsing", ends)


def _ends(session: Session, pathway: Pathway, progress: Progress, now: datetime) -> datetime | None:
    version = queries.list_versions(session, [progress.version_id])[progress.version_id]
    expression = from_json(version.expression)
    facts = facts_of(session, pathway, expression, [progress.person_id])[progress.person_id]
    return ends_then(expression, facts.held, now, facts.rulings)


def _suspend(institution_id: InstitutionId) -> None:
    """Withdraw certificates whose time is over; those complete again meanwhile stay."""
    now = clock.now()
    with transaction(institution_id) as session:
        over = session.scalars(
            select(Completion)
            .join(Pathway, Pathway.id == Completion.pathway_id)
            .where(
                Pathway.lapse_policy == LapsePolicy.SUSPEND.value,
                Completion.settled_at.is_(None),
                Completion.lapsed_at <= now - func.make_interval(0, 0, 0, Pathway.notice_days),
            )
            .order_by(Completion.lapsed_at)
            .limit(MOST_AT_ONCE)
        ).all()
        awards = {
            completion.id: _certificates(session, completion)
            for completion in over
            if queries.find_open_completion(session, completion.pathway_id, completion.person_id)
            is None
        }
    for completion in over:
        for award_id in awards.get(completion.id, ()):
            withdraw_award(institution_id, award_id, reason=_SUSPENDED, actor=audit.SYSTEM)
        with transaction(institution_id) as session:
            if _settle(session, completion.id) and awards.get(completion.id):
                notices.give(session, completion, "withdrawn", now)


def _certificates(session: Session, completion: Completion) -> list[AwardId]:
    """Return the awards that rest on a completion alone, and on nobody's decision."""
    by_hand = aliased(AwardCause)
    decided = exists().where(
        by_hand.award_id == Award.id,
        by_hand.kind == CauseKind.DECISION.value,
        by_hand.counts,
    )
    return list(
        session.scalars(
            # Of a duplicate, the one that counts: with it all others are withdrawn.
            select(func.coalesce(Award.duplicate_of_id, Award.id))
            .join(AwardCause, AwardCause.award_id == Award.id)
            .where(
                AwardCause.kind == CauseKind.PATHWAY.value,
                AwardCause.cause_id == completion.id,
                AwardCause.counts,
                Award.withdrawn_at.is_(None),
                ~decided,
            )
            .distinct()
        )
    )


def _settle(session: Session, completion_id: UUID) -> bool:
    settled = session.scalar(
        update(Completion)
        .where(Completion.id == completion_id, Completion.settled_at.is_(None))
        .values(settled_at=clock.now())
        .returning(Completion.id)
    )
    return settled is not None
