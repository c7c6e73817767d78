"""Reads of what persons share, and of what a link shows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt
from lti_tool.badges.data_integrity import parse_xml_datetime
from lti_tool.badges.models import DETAILED, Achievement, Award, AwardCause, Credential, Share
from lti_tool.badges.queries.achievements import edition_content
from lti_tool.badges.rules import AchievementDraft, CauseKind
from lti_tool.core import clock
from lti_tool.core.ids import AchievementId, AttemptId, AwardId, CredentialId, PersonId, ShareId


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenShare:
    """A link that still shows a credential; the link itself is known to its maker alone.

    Attributes:
        is_detailed: it shows a detailed form.
        is_revoked: it shows that the badge was taken back.
        shows_until: when what it shows ends, if the badge was renewed since: a detailed form stays
            as it was signed.
    """

    id: ShareId
    is_detailed: bool
    is_revoked: bool
    shows_until: datetime | None
    show_name: bool
    show_result: bool
    label: str | None
    opened: int
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What an attempt came to."""

    earned: Decimal
    possible: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What stands behind a link: a signed credential and what its holder shows with it.

    Attributes:
        content: what the edition said that was earned.
        points: None unless the holder shows them.
    """

    person_id: PersonId
    credential_id: CredentialId
    achievement_id: AchievementId
    edition: int
    content: AchievementDraft
    document: dict[str, Any]
    show_name: bool
    points: Points | None


def list_open_shares(
    session: Session, award_ids: Sequence[AwardId]
) -> dict[AwardId, list[OpenShare]]:
    """Return the links to awards that still show something, the newest first."""
    shares: defaultdict[AwardId, list[OpenShare]] = defaultdict(list)
    for share, award_id, valid_until, form, revoked_at, told in session.execute(
        select(
            Share,
            func.coalesce(Award.duplicate_of_id, Award.id),
            Award.valid_until,
            Credential.form,
            Credential.revoked_at,
            Credential.document["validUntil"].astext,
        )
        .join(Credential, Credential.id == Share.credential_id)
        .join(Award, Award.id == Credential.award_id)
        .where(
            or_(Award.id.in_(award_ids), Award.duplicate_of_id.in_(award_ids)),
            Share.ended_at.is_(None),
            (Share.expires_at.is_(None)) | (Share.expires_at > clock.now()),
        )
        .order_by(Share.created_at.desc(), Share.id.desc())
    ):
        ends = None if told is None or form != DETAILED else parse_xml_datetime(told)
        is_outlived = ends is not None and (
            valid_until is None or ends < valid_until.replace(microsecond=0)
        )
        shares[award_id].append(
            OpenShare(
                id=share.id,
                is_detailed=form == DETAILED,
                is_revoked=revoked_at is not None,
                shows_until=ends if is_outlived else None,
                show_name=share.show_name,
                show_result=share.show_result,
                label=share.label,
                opened=share.opened,
                created_at=share.created_at,
                expires_at=share.expires_at,
            )
        )
    return shares


def find_shared(session: Session, token_hash: bytes, at: datetime) -> Shared | None:
    """Return what an open link shows, or None: there is no such link, or it has ended."""
    share = session.scalar(
        select(Share).where(
            Share.token_hash == token_hash,
            Share.ended_at.is_(None),
            (Share.expires_at.is_(None)) | (Share.expires_at > at),
        )
    )
    if share is None:
        return None
    return find_shown(
        session, share.credential_id, show_name=share.show_name, show_result=share.show_result
    )


def find_shown(
    session: Session, credential_id: CredentialId, *, show_name: bool, show_result: bool
) -> Shared | None:
    """Return what a link to a credential would show, or None: it is not signed yet."""
    row = session.execute(
        select(
            Award.id.label("award_id"),
            Award.person_id,
            Award.edition,
            Achievement,
            Credential.document,
        )
        .select_from(Credential)
        .join(Award, Award.id == Credential.award_id)
        .join(Achievement, Achievement.id == Award.achievement_id)
        .where(Credential.id == credential_id)
    ).one_or_none()
    if row is None or row.document is None:
        return None
    achievement: Achievement = row.Achievement
    return Shared(
        person_id=row.person_id,
        credential_id=credential_id,
        achievement_id=achievement.id,
        edition=row.edition,
        content=edition_content(session, achievement, row.edition),
        document=row.document,
        show_name=show_name,
        points=find_points(session, row.award_id) if show_result else None,
    )


def find_points(session: Session, award_id: AwardId) -> Points | None:
    """Return the points of the passed attempt that an award rests on, if on one."""
    attempt_id = find_pass(session, award_id)
    attempt = attempt_id and session.scalar(select(Attempt).where(Attempt.id == attempt_id))
    if not attempt or attempt.points_earned is None or attempt.points_possible is None:
        return None
    return Points(earned=attempt.points_earned, possible=attempt.points_possible)


def says_the_dates() -> ColumnElement[bool]:
    """Return the condition that what an award is signed with, from when until when, is a cause's.

    One that was renewed must not be signed with the score of another pass than that.
    """
    gave_the_end = and_(AwardCause.renews, AwardCause.valid_until == Award.valid_until)
    return or_(Award.first_valid_until.is_(None), gave_the_end)


def find_pass(session: Session, award_id: AwardId) -> AttemptId | None:
    """Return the attempt that an award rests on, if on one, and it is still passed.

    Of one that was renewed, that is the pass by which it has its present end; else the best.
    """
    share = Attempt.points_earned / func.nullif(Attempt.points_possible, 0)
    return session.scalar(
        select(Attempt.id)
        .join(AwardCause, AwardCause.cause_id == Attempt.id)
        .join(Award, Award.id == AwardCause.award_id)
        .where(
            AwardCause.award_id == award_id,
            AwardCause.kind == CauseKind.PASS.value,
            AwardCause.counts,
            Attempt.passed.is_(True),
            says_the_dates(),
        )
        .order_by(
            share.desc().nulls_last(),
            AwardCause.caused_at,
            AwardCause.id,
        )
        .limit(1)
    )
