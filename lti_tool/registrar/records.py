"""One person's record over all platforms, read for the registrar."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Attempt, Placement
from lti_tool.badges.models import Achievement, Award, AwardCause, Credential
from lti_tool.core import clock
from lti_tool.core.audit import AuditEntry
from lti_tool.core.db import tenant
from lti_tool.core.ids import (
    AchievementId,
    AttemptId,
    AwardId,
    CredentialId,
    PersonId,
    UserId,
)
from lti_tool.core.language import phrase
from lti_tool.grading.queries import ScoreRow, list_scores_of
from lti_tool.pathways import queries as pathways
from lti_tool.pathways.standing import PathwayStanding
from lti_tool.pathways.words import Explained, explain
from lti_tool.people import queries as people
from lti_tool.platforms.models import Context, User
from lti_tool.registrar.queries import platform_names

# What the page shows of acts; the audit trail has them all.
MOST_ENTRIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The person as one platform knows them; `platform` is its name, or its address."""

    user_id: UserId
    platform: str
    name: str | None
    email: str | None
    student_number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One go, with the score that its placement's result became.

    Attributes:
        earned: points, None while it is open, as is `possible`.
        score: what the platform was sent and said; on the newest attempt of a placement only.
    """

    attempt_id: AttemptId
    title: str
    course: str | None
    platform: str
    number: int
    started_at: datetime
    submitted_at: datetime | None
    earned: Decimal | None
    possible: Decimal | None
    passed: bool | None
    score: ScoreRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRow:
    """Why an award was made: kind of `CauseKind`; `reason` of decisions.

    `renews`: it stood already, and was earned again, until `valid_until` if that ends.
    """

    kind: str
    reason: str | None
    caused_at: datetime
    renews: bool
    valid_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardRow:
    """An award, whether it stands or not, and its newest credential.

    Attributes:
        valid_until: when it ends by itself, None: never.
        credential_id: None until one is reserved.
        issued_at: when it was signed, or signed anew; None: not yet.
        revoked_at: of that credential.
    """

    award_id: AwardId
    achievement_id: AchievementId
    name: str
    achievement_type: str
    credits: Decimal | None
    awarded_at: datetime
    valid_until: datetime | None
    expired: bool
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    credential_id: CredentialId | None
    issued_at: datetime | None
    revoked_at: datetime | None
    causes: tuple[CauseRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that the desk knows of one person.

    Attributes:
        accounts: the first linked first.
        attempts: the newest first.
        awards: the newest first, withdrawn ones too.
        pathways: each with its reasons in words, the nearest first.
        entries: acts on the person and their awards, the newest first; readings left out.
    """

    person_id: PersonId
    accounts: Sequence[Account]
    attempts: Sequence[AttemptRow]
    awards: Sequence[AwardRow]
    pathways: Sequence[tuple[PathwayStanding, Explained]]
    entries: Sequence[AuditEntry]

    @property
    def name(self) -> str:
        """Return what to call the person."""
        return next((one.name for one in self.accounts if one.name), phrase("Name not given"))


def get_record(session: Session, person_id: PersonId) -> Record:
    """Return a person's record.

    Raises:
        NotFoundError: there is no such person here.
    """
    person_id = people.current_person(session, people.get_person(session, person_id).id)
    users = people.list_users(session, person_id)
    platforms = platform_names(session, {user.issuer for user in users})
    awards = _awards(session, person_id)
    return Record(
        person_id=person_id,
        accounts=[_account(user, platforms) for user in users],
        attempts=_attempts(session, users, platforms),
        awards=awards,
        pathways=_pathways(session, person_id),
        entries=_entries(session, person_id),
    )


def list_user_accounts(session: Session, user_ids: Collection[UserId]) -> list[Account]:
    """Return these accounts as the platforms tell of them."""
    users = session.scalars(select(User).where(User.id.in_(user_ids)).order_by(User.id)).all()
    platforms = platform_names(session, {user.issuer for user in users})
    return [_account(user, platforms) for user in users]


def _account(user: User, platforms: dict[str, str]) -> Account:
    return Account(
        user_id=user.id,
        platform=platforms.get(user.issuer, user.issuer),
        name=user.name,
        email=user.email,
        student_number=user.sis_id,
    )


def _attempts(
    session: Session, users: Sequence[User], platforms: dict[str, str]
) -> list[AttemptRow]:
    issuers = {user.id: user.issuer for user in users}
    scores = list_scores_of(session, issuers)
    rows = session.execute(
        select(Attempt, Placement.title, Context.title)
        .join(Placement, Placement.id == Attempt.placement_id)
        .outerjoin(Context, Context.id == Placement.context_id)
        .where(Attempt.user_id.in_(issuers))
        .order_by(Attempt.started_at.desc(), Attempt.id.desc())
    )
    return [
        AttemptRow(
            attempt_id=attempt.id,
            title=title,
            course=course,
            platform=platforms.get(issuers[attempt.user_id], issuers[attempt.user_id]),
            number=attempt.number,
            started_at=attempt.started_at,
            submitted_at=attempt.submitted_at,
            earned=attempt.points_earned,
            possible=attempt.points_possible,
            passed=attempt.passed,
            # A score is a placement's, not an attempt's: the newest attempt shows it.
            score=scores.pop((attempt.placement_id, attempt.user_id), None),
        )
        for attempt, title, course in rows
    ]


def _awards(session: Session, person_id: PersonId) -> list[AwardRow]:
    rows = session.execute(
        select(Award, Achievement, Credential.id, Credential.issued_at, Credential.revoked_at)
        .join(Achievement, Achievement.id == Award.achievement_id)
        .outerjoin(Credential, Credential.award_id == Award.id)
        .where(Award.person_id == person_id, Award.duplicate_of_id.is_(None))
        # Ids are in order of time: the newest credential of an award comes first.
        .order_by(Award.awarded_at.desc(), Award.id.desc(), Credential.id.desc())
    ).all()
    causes: dict[AwardId, list[CauseRow]] = {}
    # What caused a duplicate caused the award that counts, too.
    counts = func.coalesce(Award.duplicate_of_id, Award.id)
    for award_id, cause in session.execute(
        select(counts, AwardCause)
        .join(Award, Award.id == AwardCause.award_id)
        .where(Award.person_id == person_id)
        .order_by(AwardCause.caused_at, AwardCause.id)
    ):
        known = CauseRow(
            kind=cause.kind,
            reason=cause.reason,
            caused_at=cause.caused_at,
            renews=cause.renews,
            valid_until=cause.valid_until,
        )
        causes.setdefault(award_id, []).append(known)
    newest: dict[AwardId, AwardRow] = {}
    now = clock.now()
    for award, achievement, credential_id, issued_at, revoked_at in rows:
        if award.id in newest:
            continue
        newest[award.id] = AwardRow(
            award_id=award.id,
            achievement_id=achievement.id,
            name=achievement.name,
            achievement_type=achievement.achievement_type,
            credits=achievement.credits,
            awarded_at=award.awarded_at,
            valid_until=award.valid_until,
            expired=award.valid_until is not None and award.valid_until <= now,
            withdrawn_at=award.withdrawn_at,
            withdrawn_reason=award.withdrawn_reason,
            credential_id=credential_id,
            issued_at=issued_at,
            revoked_at=revoked_at,
            causes=tuple(causes.get(award.id, ())),
        )
    return list(newest.values())


def _pathways(session: Session, person_id: PersonId) -> list[tuple[PathwayStanding, Explained]]:
    return [
        (standing, explain(standing.evaluation.reasons, standing.names, standing.awards))
        for standing in pathways.list_progress(session, person_id)
    ]


def _entries(session: Session, person_id: PersonId) -> Sequence[AuditEntry]:
    """Return what was done to a person, whoever they were then, and to all their awards."""
    selves = people.list_selves(session, person_id)
    award_ids = select(Award.id).where(Award.person_id == person_id)
    return session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.institution_id == tenant(),
            or_(
                and_(AuditEntry.object_kind == "person", AuditEntry.object_id.in_(selves)),
                and_(AuditEntry.object_kind == "award", AuditEntry.object_id.in_(award_ids)),
            ),
            AuditEntry.act != "read_record",
        )
        .order_by(AuditEntry.id.desc())
        .limit(MOST_ENTRIES)
    ).all()
