"""Invitations: links by which one platform registers itself, once, so that no stranger does.

An invitation is taken before the platform is asked and used up after it answered: of two at once
one goes on, and a refusal by the platform leaves the invitation as it was.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.core import audit, clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import after_commit, system_transaction, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import DeploymentId, InstitutionId, RegistrationId, new_id
from lti_tool.core.language import phrase
from lti_tool.core.secret import hash_of, new_secret
from lti_tool.platforms import queries
from lti_tool.platforms.errors import (
    InvitationEndedError,
    InvitationTakenError,
    InvitationUsedError,
    RegisteredElsewhereError,
)
from lti_tool.platforms.known import forget_clients
from lti_tool.platforms.models import Deployment, Institution, Registration, RegistrationInvitation
from lti_tool.platforms.quirks import origins
from lti_tool.platforms.rules import belongs
from lti_tool.platforms.services import Endpoints, note_deployment

LIFETIME = timedelta(days=7)
# Of one registration that are noted: whoever signs its messages names as many as they like.
MOST_WAITING = 100
# Longer than the calls to a platform may take; then whoever took it has died.
TAKEN_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """A good invitation, and for whom.

    Attributes:
        institution_name: None where an operator invited for nobody in particular.
    """

    id: UUID
    institution_id: InstitutionId | None
    institution_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a platform answered to a registration.

    Attributes:
        deployment_id: the platform's word; None where it tells with the first launch.
        scopes: the services it grants.
        origins: where this customer's pages and services are, besides the addresses.
    """

    issuer: str
    client_id: str
    name: str
    product: str
    endpoints: Endpoints
    deployment_id: str | None
    scopes: tuple[str, ...]
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What became of a registration.

    Attributes:
        is_new: False where the platform renewed a registration we had.
        is_approved: its deployment belongs to an institution by now, or will from its first
            launch on.
    """

    registration_id: RegistrationId
    is_new: bool
    is_approved: bool


def invite(institution_id: InstitutionId | None, *, actor: Actor) -> str:
    """Make an invitation; return its secret, which is shown once and kept by nobody.

    Args:
        institution_id: whose platform it is for; None leaves that to an operator's approval.
        actor: who invites.

    Raises:
        NotFoundError: no such institution.
    """
    secret, now = new_secret(), clock.now()
    invitation = RegistrationInvitation(
        id=new_id(),
        institution_id=institution_id,
        secret_hash=hash_of(secret),
        created_at=now,
        expires_at=now + LIFETIME,
    )
    if institution_id is None:
        with system_transaction() as session:
            session.add(invitation)
        return secret
    with transaction(institution_id) as session:
        queries.get_institution(session, institution_id)
        session.add(invitation)
        _record(session, "invite_platform", actor, "registration_invitation", invitation.id)
    return secret


def withdraw(institution_id: InstitutionId, invitation_id: UUID, *, actor: Actor) -> None:
    """End an invitation of an institution that nobody has used. A second time changes nothing.

    Raises:
        NotFoundError: it has none of this id that is unused.
    """
    with transaction(institution_id) as session:
        found = session.scalar(
            update(RegistrationInvitation)
            .where(
                RegistrationInvitation.id == invitation_id,
                RegistrationInvitation.institution_id == institution_id,
                RegistrationInvitation.used_at.is_(None),
            )
            .values(withdrawn_at=clock.now())
            .returning(RegistrationInvitation.id)
        )
        if found is None:
            raise NotFoundError(phrase("There is no such invitation that is still open."))
        _record(session, "withdraw_invitation", actor, "registration_invitation", invitation_id)


def look_at(secret: str) -> Invited:
    """Return the invitation of this secret, if it is good.

    Raises:
        InvitationEndedError: there is none, or it ended.
        InvitationUsedError: a platform has registered with it.
    """
    with system_transaction() as session:
        row = session.execute(
            select(RegistrationInvitation, Institution.name)
            .outerjoin(Institution, Institution.id == RegistrationInvitation.institution_id)
            .where(RegistrationInvitation.secret_hash == hash_of(secret))
        ).one_or_none()
    if row is None:
        raise InvitationEndedError
    invitation, name = row
    if invitation.used_at is not None:
        raise InvitationUsedError
    if invitation.withdrawn_at is not None or invitation.expires_at <= clock.now():
        raise InvitationEndedError
    return Invited(
        id=invitation.id, institution_id=invitation.institution_id, institution_name=name
    )


def take(invitation_id: UUID) -> None:
    """Take an invitation before asking the platform, so that nobody else can meanwhile.

    Raises:
        InvitationTakenError: somebody is registering with it, or it ended in this moment.
    """
    now = clock.now()
    with system_transaction() as session:
        taken = session.scalar(
            update(RegistrationInvitation)
            .where(
                RegistrationInvitation.id == invitation_id,
                RegistrationInvitation.used_at.is_(None),
                RegistrationInvitation.withdrawn_at.is_(None),
                or_(
                    RegistrationInvitation.taken_at.is_(None),
                    RegistrationInvitation.taken_at <= now - TAKEN_FOR,
                ),
            )
            .values(taken_at=now)
            .returning(RegistrationInvitation.id)
        )
    if taken is None:
        raise InvitationTakenError


def give_back(invitation_id: UUID) -> None:
    """Undo `take` after the platform refused."""
    with system_transaction() as session:
        session.execute(
            update(RegistrationInvitation)
            .where(RegistrationInvitation.id == invitation_id)
            .values(taken_at=None)
        )


def use(invited: Invited, granted: Granted) -> Connected:
    """Store what a platform granted and use the invitation up.

    A platform that already knew us keeps its client id ("update" in Moodle): then what it says
    of itself replaces what it said. Its deployment goes to the institution of the invitation.
    Neither where others are served by the same registration: a deployment then waits for approval.

    Raises:
        RegisteredElsewhereError: that registration serves another institution only, or others too
            and the platform names other addresses.
    """
    now = clock.now()
    inside = (
        system_transaction()
        if invited.institution_id is None
        else transaction(invited.institution_id)
    )
    with inside as session:
        registration_id, is_new, is_shared = _store(session, invited, granted)
        approved = is_new and invited.institution_id is not None
        if granted.deployment_id is not None:
            beside = () if is_shared else _own_origins(granted)
            deployment_id = _store_deployment(
                session, registration_id, granted.deployment_id, beside
            )
            owner = None if is_shared else invited.institution_id
            approved = _approve(session, deployment_id, owner)
        session.execute(
            update(RegistrationInvitation)
            .where(RegistrationInvitation.id == invited.id)
            .values(used_at=now, registration_id=registration_id)
        )
        if invited.institution_id is not None:
            facts = {"is_new": is_new, "deployment_approved": approved}
            audit.record(
                session,
                actor=audit.SYSTEM,
                act="register_platform",
                object_kind="registration",
                object_id=registration_id,
                facts=facts,
            )
    return Connected(registration_id=registration_id, is_new=is_new, is_approved=approved)


def adopt(
    registration_id: RegistrationId,
    platform_id: str,
    *,
    platform_name: str | None,
    platform_guid: str | None,
) -> tuple[DeploymentId | None, InstitutionId | None]:
    """Remember a deployment that nobody knew before its first launch, and tell whose it is.

    None of both where so many of the registration wait already that no more are remembered.

    Some platforms say only then which deployment a registration made (Canvas, 2026). The first
    one of a registration that came by an institution's invitation is that institution's, as if
    the platform had said so at once; all others wait for approval. Nothing about a person.
    """
    with system_transaction() as session:
        institution_id = session.scalar(
            select(RegistrationInvitation.institution_id)
            .where(
                RegistrationInvitation.registration_id == registration_id,
                RegistrationInvitation.institution_id.is_not(None),
            )
            .order_by(RegistrationInvitation.used_at)
            .limit(1)
        )
    inside = system_transaction() if institution_id is None else transaction(institution_id)
    with inside as session:
        session.execute(
            select(Registration.id).where(Registration.id == registration_id).with_for_update()
        )
        known = select(Deployment.id).where(Deployment.registration_id == registration_id)
        is_first = session.scalar(known.limit(1)) is None
        waiting = session.scalars(
            known.where(Deployment.institution_id.is_(None)).limit(MOST_WAITING)
        )
        if len(waiting.all()) == MOST_WAITING:
            return None, None
        note_deployment(
            session,
            registration_id,
            platform_id,
            platform_name=platform_name,
            platform_guid=platform_guid,
        )
        deployment = queries.find_deployment(session, registration_id, platform_id)
        if deployment is None:  # nothing deletes deployments
            raise NotFoundError(phrase("The deployment was removed meanwhile."))
        if is_first and institution_id is not None:
            _approve(session, deployment.id, institution_id)
            _record(session, "approve_deployment", audit.SYSTEM, "deployment", deployment.id)
            return deployment.id, institution_id
        return deployment.id, deployment.institution_id


def _store(
    session: Session, invited: Invited, granted: Granted
) -> tuple[RegistrationId, bool, bool]:
    """Return the registration, whether it is new, and whether others are served by it.

    Of such a one nothing is replaced: by the addresses that one customer named, all would sign in.
    """
    after_commit(session, forget_clients)
    said: dict[str, Any] = {
        "name": granted.name,
        "product": granted.product,
        **asdict(granted.endpoints),
        "scopes": list(granted.scopes),
    }
    made = session.scalar(
        insert(Registration)
        .values(
            id=new_id(),
            issuer=granted.issuer,
            client_id=granted.client_id,
            registered_for=invited.institution_id,
            created_at=clock.now(),
            **said,
        )
        .on_conflict_do_nothing()
        .returning(Registration.id)
    )
    if made is not None:
        return made, True, False
    [known] = queries.find_registration(session, granted.issuer, granted.client_id)
    owners = set(
        session.scalars(
            select(Deployment.institution_id).where(Deployment.registration_id == known.id)
        )
    )
    owners = (owners | {known.registered_for}) - {None}
    if owners <= {invited.institution_id}:
        session.execute(update(Registration).where(Registration.id == known.id).values(**said))
        return known.id, False, False
    moved = any(getattr(known, name) != url for name, url in asdict(granted.endpoints).items())
    if moved or invited.institution_id not in {None, *owners}:
        raise RegisteredElsewhereError
    return known.id, False, True


def _own_origins(granted: Granted) -> list[str]:
    """Return where the platform is besides the addresses of its registration."""
    endpoints = granted.endpoints
    known = origins(granted.product, (endpoints.auth_url, endpoints.token_url, granted.issuer))
    return [one for one in granted.origins if not belongs(one, known)]


def _store_deployment(
    session: Session,
    registration_id: RegistrationId,
    platform_id: str,
    frame_origins: Iterable[str],
) -> DeploymentId:
    """Remember the deployment that a platform told; the addresses of a known one stay."""
    session.execute(
        insert(Deployment)
        .values(
            id=new_id(),
            registration_id=registration_id,
            platform_id=platform_id,
            frame_origins=list(frame_origins),
            first_seen_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )
    found = queries.find_deployment(session, registration_id, platform_id)
    if found is None:  # nothing deletes deployments
        raise NotFoundError(phrase("The deployment was removed meanwhile."))
    return found.id


def _approve(
    session: Session, deployment_id: DeploymentId, institution_id: InstitutionId | None
) -> bool:
    """Give a deployment that nobody has to the institution; tell whether somebody has it now."""
    if institution_id is not None:
        session.execute(
            update(Deployment)
            .where(Deployment.id == deployment_id, Deployment.institution_id.is_(None))
            .values(institution_id=institution_id, approved_at=clock.now())
        )
    owner = session.scalar(select(Deployment.institution_id).where(Deployment.id == deployment_id))
    return owner is not None


def _record(session: Session, act: str, actor: Actor, kind: str, object_id: UUID) -> None:
    audit.record(session, actor=actor, act=act, object_kind=kind, object_id=object_id)
