"""Everything that is kept about one person, for whoever asks what is (GDPR, article 15)."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from lti_tool.assessments import queries as assessments
from lti_tool.assessments.models import (
    Accommodation,
    Attachment,
    Attempt,
    AttemptTime,
    ItemMark,
    LateResponse,
    Placement,
    Response,
)
from lti_tool.assessments.queries import time_by_item
from lti_tool.badges.models import Achievement, Award, AwardCause, Credential, Share, Transcript
from lti_tool.core.audit import AuditEntry
from lti_tool.core.ids import AttemptId, AwardId, PersonId, UserId
from lti_tool.grading.models import DesiredScore
from lti_tool.launch.models import Launch
from lti_tool.pathways.models import (
    Allocation,
    Completion,
    Pathway,
    PathwayNotice,
    PathwayRuling,
    Progress,
)
from lti_tool.people.mail_access import list_addresses
from lti_tool.people.queries import get_person, list_selves, list_users
from lti_tool.platforms.models import Context, Deployment, Registration, RosterMember, User


def collect(session: Session, person_id: PersonId) -> dict[str, Any]:
    """Return it by subject, in plain words; ids are ours. In a transaction of the institution.

    Raises:
        NotFoundError: there is no such person here.
    """
    person = get_person(session, person_id)
    users = list_users(session, person_id)
    user_ids = [user.id for user in users]
    award_ids = list(session.scalars(select(Award.id).where(Award.person_id == person_id)))
    return {
        "person": {
            "id": person.id,
            "known_since": person.created_at,
            "erased_at": person.erased_at,
        },
        "accounts": [
            {
                "platform": user.issuer,
                "platforms_id": user.subject,
                "name": user.name,
                "email": user.email,
                "sis_id": user.sis_id,
                "language": user.language,
                "time_zone_chosen": user.zone,
                "time_zone_of_the_last_browser": user.reported_zone,
                "time_zones_told_at": user.zones_told_at,
            }
            for user in users
        ],
        "accommodations": [
            {"times": row.factor, "extra_minutes": row.extra_minutes, "since": row.set_at}
            for row in session.scalars(select(Accommodation).where(Accommodation.id.in_(user_ids)))
        ],
        "addresses_confirmed": [
            {
                "address": row.address,
                "since": row.verified_at,
                "language": row.language,
                "gets_letters_about_pathways": row.gets_notices,
            }
            for row in list_addresses(session, person_id)
        ],
        "courses_whose_lists_name_them": _courses(session, users),
        "visits": _visits(session, user_ids),
        "attempts": _attempts(session, user_ids),
        "grades": _grades(session, user_ids),
        "awards": _awards(session, person_id),
        "transcripts": [
            {
                "for": row.recipient,
                "given_out_by_the_institution": row.is_official,
                "issued_at": row.issued_at,
                "revoked_at": row.revoked_at,
                "document": row.document,
            }
            for row in session.scalars(
                select(Transcript)
                .where(Transcript.person_id == person_id)
                .order_by(Transcript.reserved_at)
            )
        ],
        "pathways": _pathways(session, person_id),
        "noted_in_the_audit_trail": _noted(
            session, [*list_selves(session, person_id), *award_ids], user_ids
        ),
    }


def list_files(session: Session, person_id: PersonId) -> Sequence[Attachment]:
    """Return the files that a person sent as answers."""
    user_ids = [user.id for user in list_users(session, person_id)]
    query = (
        select(Attachment)
        .join(Attempt, Attempt.id == Attachment.attempt_id)
        .where(Attempt.user_id.in_(user_ids))
        .order_by(Attachment.id)
    )
    with assessments.seeing_deleted(session):
        return session.scalars(query).all()


def _courses(session: Session, users: Iterable[User]) -> list[dict[str, Any]]:
    """Return where the members' lists of courses have them, who may never have come here."""
    rows = session.execute(
        select(Context.title, RosterMember.name, RosterMember.roles, RosterMember.is_active)
        .join(RosterMember, RosterMember.context_id == Context.id)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .join(Registration, Registration.id == Deployment.registration_id)
        .where(
            tuple_(Registration.issuer, RosterMember.subject).in_(
                [(user.issuer, user.subject) for user in users]
            )
        )
        .order_by(Context.id)
    )
    return [
        {"course": title, "name": name, "roles": roles, "is_active": is_active}
        for title, name, roles, is_active in rows
    ]


def _visits(session: Session, user_ids: Iterable[UserId]) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(Launch).where(Launch.user_id.in_(user_ids)).order_by(Launch.created_at)
    )
    return [{"at": row.created_at, "message": row.message_type, "roles": row.roles} for row in rows]


def _attempts(session: Session, user_ids: Iterable[UserId]) -> list[dict[str, Any]]:
    query = (
        select(Attempt, Placement.title)
        .join(Placement, Placement.id == Attempt.placement_id)
        .where(Attempt.user_id.in_(user_ids))
        .order_by(Attempt.started_at)
    )
    with assessments.seeing_deleted(session):
        rows = session.execute(query).all()
    return [
        {
            "activity": title,
            "number": attempt.number,
            "started_at": attempt.started_at,
            "ended_at": attempt.submitted_at,
            "deleted_at": attempt.deleted_at,
            "points": attempt.points_earned,
            "of": attempt.points_possible,
            "passed": attempt.passed,
            "answers": _answers(session, attempt.id),
            "seconds_in_view": {
                str(question): round(shown.total_seconds())
                for question, shown in time_by_item(session, attempt).items()
            },
            "windows": _windows(session, attempt),
            "answers_after_the_end": [
                {"question": late.item_version_id, "answer": late.value, "at": late.received_at}
                for late in session.scalars(
                    select(LateResponse).where(LateResponse.attempt_id == attempt.id)
                )
            ],
            "files": [
                {"name": file.name, "kind": file.media_type, "bytes": file.size, "id": file.id}
                for file in session.scalars(
                    select(Attachment).where(Attachment.attempt_id == attempt.id)
                )
            ],
            "marks": [
                {"question": mark.item_version_id, "points": mark.points, "comment": mark.comment}
                for mark in session.scalars(
                    select(ItemMark).where(ItemMark.attempt_id == attempt.id)
                )
            ],
        }
        for attempt, title in rows
    ]


def _windows(session: Session, attempt: Attempt) -> list[Any]:
    row = session.get(AttemptTime, (attempt.id, attempt.institution_id))
    return row.windows if row else []


def _answers(session: Session, attempt_id: AttemptId) -> list[dict[str, Any]]:
    rows = session.scalars(select(Response).where(Response.attempt_id == attempt_id))
    return [
        {
            "question": row.item_version_id,
            "answer": row.value,
            "saved_at": row.saved_at,
            "points": row.points_earned,
        }
        for row in rows
    ]


def _grades(session: Session, user_ids: Iterable[UserId]) -> list[dict[str, Any]]:
    rows = session.execute(
        select(DesiredScore, Placement.title)
        .join(Placement, Placement.id == DesiredScore.placement_id)
        .where(DesiredScore.user_id.in_(user_ids))
        .order_by(DesiredScore.id)
    )
    return [
        {
            "activity": title,
            "points": score.given,
            "of": score.maximum,
            "comment": score.comment,
            "taken_by_the_platform_at": score.acknowledged_at,
        }
        for score, title in rows
    ]


def _awards(session: Session, person_id: PersonId) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Award, Achievement.name)
        .join(Achievement, Achievement.id == Award.achievement_id)
        .where(Award.person_id == person_id)
        .order_by(Award.awarded_at)
    )
    return [
        {
            "badge": name,
            "awarded_at": award.awarded_at,
            "valid_until": award.valid_until,
            "withdrawn_at": award.withdrawn_at,
            "withdrawn_because": award.withdrawn_reason,
            "causes": [
                {
                    "kind": cause.kind,
                    "caused_at": cause.caused_at,
                    "earned_again": cause.renews,
                    "counts": cause.counts,
                    "valid_until": cause.valid_until,
                    "reason": cause.reason,
                    "evidence": cause.evidence,
                }
                for cause in session.scalars(
                    select(AwardCause)
                    .where(AwardCause.award_id == award.id)
                    .order_by(AwardCause.caused_at, AwardCause.id)
                )
            ],
            "credentials": _credentials(session, award.id),
        }
        for award, name in rows
    ]


def _credentials(session: Session, award_id: AwardId) -> list[dict[str, Any]]:
    rows = session.scalars(select(Credential).where(Credential.award_id == award_id))
    return [
        {
            "id": row.id,
            "issued_at": row.issued_at,
            "revoked_at": row.revoked_at,
            "document": row.document,
            "shared_by_links": [
                {"for": share.label, "since": share.created_at, "opened": share.opened}
                for share in session.scalars(select(Share).where(Share.credential_id == row.id))
            ],
        }
        for row in rows
    ]


def _pathways(session: Session, person_id: PersonId) -> list[dict[str, Any]]:
    standing = session.execute(
        select(Pathway.title, Progress.share, Progress.completed_at)
        .join(Pathway, Pathway.id == Progress.pathway_id)
        .where(Progress.person_id == person_id)
    )
    lapsed = session.execute(
        select(Pathway.title, Completion.completed_at, Completion.lapsed_at)
        .join(Pathway, Pathway.id == Completion.pathway_id)
        .where(Completion.person_id == person_id)
    )
    told = session.execute(
        select(Pathway.title, PathwayNotice.kind, PathwayNotice.at, PathwayNotice.mailed_at)
        .join(Completion, Completion.id == PathwayNotice.completion_id)
        .join(Pathway, Pathway.id == Completion.pathway_id)
        .where(Completion.person_id == person_id)
        .order_by(PathwayNotice.given_at, PathwayNotice.id)
    )
    ruled = session.execute(
        select(Pathway.title, PathwayRuling.reason, PathwayRuling.ruled_at, PathwayRuling.undone_at)
        .join(Pathway, Pathway.id == PathwayRuling.pathway_id)
        .where(PathwayRuling.person_id == person_id)
        .order_by(PathwayRuling.ruled_at, PathwayRuling.id)
    )
    allocated = session.execute(
        select(Pathway.title, Achievement.name)
        .join(Allocation, Allocation.pathway_id == Pathway.id)
        .join(Achievement, Achievement.id == Allocation.achievement_id)
        .where(Allocation.person_id == person_id)
        .order_by(Allocation.id)
    )
    return [
        *({"pathway": title, "share": share, "complete_at": at} for title, share, at in standing),
        *(
            {"pathway": title, "decided_because": why, "at": at, "taken_back_at": end}
            for title, why, at, end in ruled
        ),
        *({"pathway": title, "is_where_this_counts": badge} for title, badge in allocated),
        *({"pathway": title, "completed_at": at, "lapsed_at": end} for title, at, end in lapsed),
        *(
            {"pathway": title, "told_of": kind, "from": at, "mailed_at": mailed}
            for title, kind, at, mailed in told
        ),
    ]


def _noted(
    session: Session, objects: Sequence[PersonId | AwardId], user_ids: Sequence[UserId]
) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(AuditEntry)
        .where(
            or_(
                AuditEntry.object_id.in_([*objects, *user_ids]),
                (AuditEntry.actor_kind == "user") & AuditEntry.actor_id.in_(user_ids),
            )
        )
        .order_by(AuditEntry.id)
    )
    return [
        {"at": row.recorded_at, "act": row.act, "by": row.actor_kind, "reason": row.reason}
        for row in rows
    ]
