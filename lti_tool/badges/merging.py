"""What a person was awarded follows them when two persons turn out to be one."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from lti_tool.assessments.events import AssessmentPassed
from lti_tool.assessments.models import Attempt, Edition
from lti_tool.badges.events import AwardGranted
from lti_tool.badges.models import DETAILED, Award, AwardCause, Credential, Transcript
from lti_tool.badges.rules import CauseKind
from lti_tool.badges.services.awards import revoke_credentials
from lti_tool.badges.transcripts import revoking
from lti_tool.core import db, outbox
from lti_tool.core.ids import AttemptId, PersonId, UserId
from lti_tool.people.merging import Follower, Split


def _move(session: Session, kept_id: PersonId, gone_id: PersonId) -> dict[str, list[str]]:
    """Move awards with their causes, credentials and links; and transcripts, as they were made.

    What both hold counts once.
    """
    theirs = aliased(Award)
    session.execute(
        update(Award)
        .where(
            Award.person_id == gone_id,
            Award.duplicate_of_id.is_(None),
            theirs.person_id == kept_id,
            theirs.duplicate_of_id.is_(None),
            theirs.achievement_id == Award.achievement_id,
            theirs.edition == Award.edition,
        )
        .values(duplicate_of_id=theirs.id)
        .execution_options(synchronize_session=False)
    )
    moved = session.scalars(
        update(Award)
        .where(Award.person_id == gone_id)
        .values(person_id=kept_id)
        .returning(Award.id)
        .execution_options(synchronize_session=False)
    ).all()
    _settle(session, [kept_id])
    transcripts = session.scalars(
        update(Transcript)
        .where(Transcript.person_id == gone_id)
        .values(person_id=kept_id)
        .returning(Transcript.id)
        .execution_options(synchronize_session=False)
    ).all()
    return {
        "awards": sorted(map(str, moved)),
        "transcripts": sorted(map(str, transcripts)),
    }


def _give_back(session: Session, split: Split, moved: Any) -> None:  # noqa: ANN401 - of `_move`
    """Return what was moved, and what the returned accounts alone have earned since."""
    # Merges from before there were transcripts say which awards alone.
    known = {"awards": moved, "transcripts": []} if isinstance(moved, list) else moved
    theirs = {UUID(word) for word in known["awards"]}
    passed = select(Attempt.id).where(Attempt.user_id.in_(split.user_ids))
    by_them = AwardCause.cause_id.in_(passed) & (AwardCause.kind == CauseKind.PASS.value)
    theirs |= set(
        session.scalars(
            select(Award.id)
            .join(AwardCause, AwardCause.award_id == Award.id)
            .where(Award.person_id == split.kept_id)
            .group_by(Award.id)
            .having(func.bool_and(by_them))
        )
    )
    # Before the duplicates leave: of two in other hands neither is the other's.
    session.execute(
        update(Award)
        .where(Award.person_id == split.kept_id, Award.id.in_(theirs))
        .values(person_id=split.gone_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Transcript)
        .where(
            Transcript.person_id == split.kept_id,
            Transcript.id.in_([UUID(word) for word in known["transcripts"]]),
        )
        .values(person_id=split.gone_id)
        .execution_options(synchronize_session=False)
    )
    others = {split.kept_id: passed, split.gone_id: _passed_by_others(split.user_ids)}
    for person_id, attempts in others.items():
        _take_back_passes(session, person_id, attempts)
    # Made while they were one, of what both hold: true of neither.
    revoking.revoke_where(
        session,
        Transcript.person_id.in_([split.kept_id, split.gone_id]) & revoking.holds_anothers(),
    )
    _settle(session, [split.kept_id, split.gone_id])
    for person_id, attempts in others.items():
        _announce_passes(session, person_id, attempts)


def _settle(session: Session, person_ids: Collection[PersonId]) -> None:
    """Let of several awards of one edition count the one that stands for longest."""
    counts = (
        select(
            Award.id,
            func.first_value(Award.id)
            .over(
                partition_by=(Award.person_id, Award.achievement_id, Award.edition),
                order_by=(
                    Award.withdrawn_at.is_not(None),
                    Award.valid_until.desc().nulls_first(),
                    Award.awarded_at,
                    Award.id,
                ),
            )
            .label("first_id"),
        )
        .where(Award.person_id.in_(person_ids))
        .subquery()
    )
    here = (counts.c.id == Award.id, Award.person_id.in_(person_ids))
    # First those that do not count: at no moment do two.
    session.execute(
        update(Award)
        .where(
            *here,
            counts.c.first_id != Award.id,
            Award.duplicate_of_id.is_distinct_from(counts.c.first_id),
        )
        .values(duplicate_of_id=counts.c.first_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Award)
        .where(*here, counts.c.first_id == Award.id, Award.duplicate_of_id.is_not(None))
        .values(duplicate_of_id=None)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def _passed_by_others(user_ids: Sequence[UserId]) -> Select[AttemptId]:
    return select(Attempt.id).where(Attempt.user_id.not_in(user_ids))


def _take_back_passes(session: Session, person_id: PersonId, attempts: Select[AttemptId]) -> None:
    """Let passes of the other count no longer for what a person keeps, nor how long it is valid.

    What was signed of an award that ends earlier, or begins later, is revoked and signed anew; so
    is one of which results were signed, which may be the other's. An award for which nothing else
    speaks is left as it is.
    """
    left = aliased(AwardCause)
    award_ids = session.scalars(
        update(AwardCause)
        .where(
            AwardCause.award_id.in_(select(Award.id).where(Award.person_id == person_id)),
            AwardCause.kind == CauseKind.PASS.value,
            AwardCause.cause_id.in_(attempts),
            AwardCause.counts,
            exists().where(
                left.award_id == AwardCause.award_id,
                left.counts,
                left.cause_id.not_in(attempts),
            ),
        )
        .values(counts=False)
        .returning(AwardCause.award_id)
        .execution_options(synchronize_session=False)
    ).all()
    session.expire_all()
    detailed = session.scalars(
        select(Credential.award_id).where(
            Credential.award_id.in_(award_ids),
            Credential.form == DETAILED,
            Credential.revoked_at.is_(None),
        )
    ).all()
    changed = [
        award
        for award in session.scalars(
            select(Award).where(Award.id.in_(award_ids)).order_by(Award.id)
        )
        if (_tell_anew(session, award) or award.id in detailed) and award.withdrawn_at is None
    ]
    session.flush()
    revoke_credentials(session, [award.id for award in changed])
    for award in changed:
        outbox.record(
            session,
            AwardGranted(
                institution_id=db.tenant(),
                award_id=award.id,
                person_id=person_id,
                achievement_id=award.achievement_id,
                awarded_at=award.awarded_at,
            ),
        )


def _tell_anew(session: Session, award: Award) -> bool:
    """Set from when until when an award is valid by the causes that count; False if as before."""
    before = award.awarded_at, award.valid_until
    causes = session.scalars(
        select(AwardCause)
        .where(AwardCause.award_id == award.id, AwardCause.counts)
        .order_by(AwardCause.caused_at, AwardCause.id)
    ).all()
    again = [cause for cause in causes if cause.renews]
    first_end = award.first_valid_until or award.valid_until
    if again and len(again) == len(causes):  # what it was made for was the other's
        first = again.pop(0)
        award.awarded_at, first_end = first.caused_at, first.valid_until
        first.renews, first.valid_until = False, None
    if first_end is not None:
        ends = [cause.valid_until for cause in again if cause.valid_until is not None]
        award.valid_until = max([first_end, *ends])
        award.first_valid_until = None if award.valid_until == first_end else first_end
    return (award.awarded_at, award.valid_until) != before


def _announce_passes(session: Session, holder_id: PersonId, attempts: Select[AttemptId]) -> None:
    """Have awards made that rest on passes of both: whoever is split off has earned them, too."""
    rows = session.execute(
        select(Attempt, Edition.assessment_id, AwardCause.caused_at)
        .join(AwardCause, AwardCause.cause_id == Attempt.id)
        .join(Award, Award.id == AwardCause.award_id)
        .join(Edition, Edition.id == Attempt.edition_id)
        .where(
            AwardCause.kind == CauseKind.PASS.value,
            Award.person_id == holder_id,
            Attempt.id.in_(attempts),
        )
    ).all()
    for attempt, assessment_id, caused_at in rows:
        outbox.record(
            session,
            AssessmentPassed(
                institution_id=db.tenant(),
                placement_id=attempt.placement_id,
                edition_id=attempt.edition_id,
                assessment_id=assessment_id,
                user_id=attempt.user_id,
                attempt_id=attempt.id,
                passed_at=caused_at,
            ),
        )


BADGES = Follower(
    name="badges",
    tables=frozenset({"awards", "transcripts"}),
    move=_move,
    give_back=_give_back,
)
