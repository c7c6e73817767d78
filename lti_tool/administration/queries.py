"""Reads for the administrator's pages: the platforms of one institution, and how they are doing.

Registrations and deployments lie outside row-level security, so that every read here names the
institution itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import InstitutionId, RegistrationId
from lti_tool.core.language import phrase, recalled
from lti_tool.grading.backlog import is_given_up
from lti_tool.grading.models import DesiredScore
from lti_tool.launch.models import Launch
from lti_tool.people.models import IdentityProvider, StaffMember
from lti_tool.people.queries import list_identity_providers
from lti_tool.platforms.models import (
    Deployment,
    Institution,
    KeySet,
    Registration,
    RegistrationInvitation,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformRow:
    """One platform of the institution.

    Attributes:
        last_launch_at: by anybody of this institution.
        waiting_scores: still to be sent, or to be tried again.
        refused_scores: given up, with the platform's reason.
    """

    registration: Registration
    deployments: int
    last_launch_at: datetime | None
    waiting_scores: int
    refused_scores: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A platform of the institution, with the deployments that are its own."""

    registration: Registration
    deployments: list[Deployment]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Where the institution's staff sign in, and how many ever did."""

    provider: IdentityProvider
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a platform refused scores, and how many."""

    reason: str
    scores: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A deployment that nobody has, on a registration that is this institution's alone."""

    deployment: Deployment
    registration_name: str
    issuer: str


def _is_ours(institution_id: InstitutionId) -> ColumnElement[bool]:
    """Tell of a registration: the institution connected it, or has a deployment of it."""
    own = aliased(Deployment)
    return or_(
        Registration.registered_for == institution_id,
        exists().where(
            own.registration_id == Registration.id, own.institution_id == institution_id
        ),
    )


def list_platforms(session: Session, institution_id: InstitutionId) -> list[PlatformRow]:
    """Return the institution's platforms by name."""
    return [_row(session, institution_id, one) for one in _registrations(session, institution_id)]


def _registrations(session: Session, institution_id: InstitutionId) -> Sequence[Registration]:
    return session.scalars(
        select(Registration)
        .where(_is_ours(institution_id))
        .order_by(Registration.name, Registration.id)
    ).all()


def get_platform(
    session: Session, institution_id: InstitutionId, registration_id: RegistrationId
) -> PlatformRow:
    """Return one platform of the institution.

    Raises:
        NotFoundError: it has none of this id.
    """
    registration = session.scalar(
        select(Registration).where(Registration.id == registration_id, _is_ours(institution_id))
    )
    if registration is None:
        raise NotFoundError(phrase("There is no such platform here."))
    return _row(session, institution_id, registration)


def _row(
    session: Session, institution_id: InstitutionId, registration: Registration
) -> PlatformRow:
    deployments = session.scalar(
        select(func.count())
        .select_from(Deployment)
        .where(
            Deployment.registration_id == registration.id,
            Deployment.institution_id == institution_id,
        )
    )
    last = session.scalar(
        select(func.max(Launch.created_at)).where(Launch.registration_id == registration.id)
    )
    waiting, refused = session.execute(
        select(
            func.count().filter(DesiredScore.due_at.is_not(None)),
            func.count().filter(is_given_up()),
        ).where(DesiredScore.registration_id == registration.id)
    ).one()
    return PlatformRow(
        registration=registration,
        deployments=deployments or 0,
        last_launch_at=last,
        waiting_scores=waiting,
        refused_scores=refused,
    )


def list_deployments(
    session: Session, institution_id: InstitutionId, registration_id: RegistrationId
) -> list[Deployment]:
    """Return the institution's deployments of a registration, the oldest first."""
    return list(
        session.scalars(
            select(Deployment)
            .where(
                Deployment.registration_id == registration_id,
                Deployment.institution_id == institution_id,
            )
            .order_by(Deployment.first_seen_at, Deployment.id)
        )
    )


def list_installations(session: Session, institution_id: InstitutionId) -> list[Installation]:
    """Return the institution's platforms by name, each with its own deployments of it."""
    return [
        Installation(
            registration=one, deployments=list_deployments(session, institution_id, one.id)
        )
        for one in _registrations(session, institution_id)
    ]


def list_refusals(session: Session, registration_id: RegistrationId) -> list[Refusal]:
    """Return why scores were refused or are tried again, the most frequent reason first."""
    rows = session.execute(
        select(
            DesiredScore.last_error,
            func.count(),
            func.max(func.coalesce(DesiredScore.refused_at, DesiredScore.changed_at)),
        )
        .where(
            DesiredScore.registration_id == registration_id,
            or_(
                is_given_up(),
                and_(DesiredScore.due_at.is_not(None), DesiredScore.tries > 0),
            ),
        )
        .group_by(DesiredScore.last_error)
        .order_by(func.count().desc())
        .limit(10)
    )
    return [
        Refusal(
            reason=recalled(row[0]) if row[0] else phrase("no reason given"),
            scores=row[1],
            last_at=row[2],
        )
        for row in rows
    ]


def find_keys_fetched_at(session: Session, url: str) -> datetime | None:
    """Return when a platform's key set was last read."""
    return session.scalar(select(KeySet.fetched_at).where(KeySet.url == url))


def list_waiting(session: Session, institution_id: InstitutionId) -> list[Waiting]:
    """Return what waits for approval and is this institution's to decide: the oldest first.

    A deployment of a registration that serves others too, or that an operator made for nobody in
    particular, is an operator's: it could be that of an institution that is only just joining.
    """
    rows = session.execute(
        select(Deployment, Registration.name, Registration.issuer)
        .join(Registration, Registration.id == Deployment.registration_id)
        .where(
            Deployment.institution_id.is_(None),
            Registration.registered_for == institution_id,
            ~_serves_others(institution_id),
        )
        .order_by(Deployment.first_seen_at, Deployment.id)
    )
    return [Waiting(deployment=row[0], registration_name=row[1], issuer=row[2]) for row in rows]


def _serves_others(institution_id: InstitutionId) -> ColumnElement[bool]:
    other = aliased(Deployment)
    return exists().where(
        other.registration_id == Registration.id,
        other.institution_id != institution_id,
    )


def is_ours_alone(
    session: Session, institution_id: InstitutionId, registration_id: RegistrationId
) -> bool:
    """Tell whether nobody else has to do with a registration, so that all of it is ours to decide.

    One that an operator made for nobody in particular is ours alone where no others are.
    """
    alone = session.scalar(
        select(func.count()).where(
            Registration.id == registration_id,
            Registration.registered_for == institution_id,
            ~_serves_others(institution_id),
        )
    )
    return bool(alone) or is_alone(session)


def list_invitations(
    session: Session, institution_id: InstitutionId, at: datetime
) -> list[RegistrationInvitation]:
    """Return the institution's invitations that can still be used, the newest first."""
    return list(
        session.scalars(
            select(RegistrationInvitation)
            .where(
                RegistrationInvitation.institution_id == institution_id,
                RegistrationInvitation.used_at.is_(None),
                RegistrationInvitation.withdrawn_at.is_(None),
                RegistrationInvitation.expires_at > at,
            )
            .order_by(RegistrationInvitation.created_at.desc())
        )
    )


def list_sign_ins(session: Session) -> list[SignIn]:
    """Return where the institution's staff sign in, by name, and how many have."""
    counted = session.execute(
        select(StaffMember.identity_provider_id, func.count()).group_by(
            StaffMember.identity_provider_id
        )
    )
    people = {row[0]: row[1] for row in counted}
    return [
        SignIn(provider=one, people=people.get(one.id, 0))
        for one in list_identity_providers(session)
    ]


def is_alone(session: Session) -> bool:
    """Tell whether the installation serves one institution: then its shared keys are that one's."""
    return session.scalar(select(func.count()).select_from(Institution)) == 1
