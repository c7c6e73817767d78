"""What a person was awarded follows them when two persons turn out to be one."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from lti_tool.assessments.events import AssessmentPassed
from lti_tool.assessments.models import Attempt, Edition
from lti_tool.badges.models import Award, AwardCause, Transcript
from lti_tool.badges.rules import CauseKind
from lti_tool.badges.transcripts import revoking
from lti_tool.core import db, outbox
from lti_tool.core.ids import PersonId, UserId
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
    # Made while they were one, of what both hold: true of neither.
    revoking.revoke_where(
        session,
        Transcript.person_id.in_([split.kept_id, split.gone_id]) & revoking.holds_anothers(),
    )
    _settle(session, [split.kept_id, split.gone_id])
    _announce_passes(session, split.kept_id, split.user_ids)


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


def _announce_passes(session: Session, kept_id: PersonId, user_ids: Sequence[UserId]) -> None:
    """Have awards made that rest on passes of both: whoever is split off has earned them, too."""
    rows = session.execute(
        select(Attempt, Edition.assessment_id, AwardCause.caused_at)
        .join(AwardCause, AwardCause.cause_id == Attempt.id)
        .join(Award, Award.id == AwardCause.award_id)
        .join(Edition, Edition.id == Attempt.edition_id)
        .where(
            AwardCause.kind == CauseKind.PASS.value,
            Award.person_id == kept_id,
            Attempt.user_id.in_(user_ids),
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
