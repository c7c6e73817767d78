"""Reads of institutions, registrations and deployments, known before a tenant is; and of links."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.core.db import tenant
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import DeploymentId, InstitutionId, RegistrationId, ResourceLinkId
from lti_tool.core.language import phrase
from lti_tool.platforms.models import Deployment, Institution, Registration, ResourceLink


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentChoice:
    """A deployment with what an operator needs to recognise it."""

    deployment: Deployment
    registration_name: str
    institution_name: str | None


def get_registration(session: Session, registration_id: RegistrationId) -> Registration:
    """Return one registration.

    Raises:
        NotFoundError: there is none of this id.
    """
    registration = session.get(Registration, registration_id)
    if registration is None:
        raise NotFoundError(
            phrase(
                "There is no registration %(registration_id)s.",
                registration_id=registration_id,
            )
        )
    return registration


def find_registration(session: Session, issuer: str, client_id: str | None) -> list[Registration]:
    """Return the registrations a login may be for, the oldest first; at most one with a client id.

    A platform may leave `client_id` out of a login (Security Framework 1.0 §5.1.1.1), and an
    issuer may be shared by all customers of a hosted product.
    """
    query = select(Registration).where(Registration.issuer == issuer).order_by(Registration.id)
    if client_id is not None:
        query = query.where(Registration.client_id == client_id)
    return list(session.scalars(query))


def list_registrations(session: Session) -> list[Registration]:
    """Return all registrations, the oldest first."""
    return list(session.scalars(select(Registration).order_by(Registration.id)))


def list_issuers(session: Session) -> list[str]:
    """Return the issuers of the platforms that have a deployment of this institution, in order."""
    return list(
        session.scalars(
            select(Registration.issuer)
            .join(Deployment, Deployment.registration_id == Registration.id)
            .where(Deployment.institution_id == tenant())
            .distinct()
            .order_by(Registration.issuer)
        )
    )


def get_institution(session: Session, institution_id: InstitutionId) -> Institution:
    """Return one institution.

    Raises:
        NotFoundError: there is none of this id.
    """
    institution = session.get(Institution, institution_id)
    if institution is None:
        raise NotFoundError(
            phrase(
                "There is no institution %(institution_id)s.",
                institution_id=institution_id,
            )
        )
    return institution


def get_institution_by_slug(session: Session, slug: str) -> Institution:
    """Return the institution whose addresses contain `slug`.

    Raises:
        NotFoundError: there is none.
    """
    institution = session.scalar(select(Institution).where(Institution.slug == slug))
    if institution is None:
        raise NotFoundError(phrase("There is no institution at this address."))
    return institution


def list_institutions(session: Session) -> list[Institution]:
    """Return all institutions by name."""
    return list(session.scalars(select(Institution).order_by(Institution.name)))


def find_deployment(
    session: Session, registration_id: RegistrationId, platform_id: str
) -> Deployment | None:
    """Return a deployment by the id the platform gave it."""
    return session.scalar(
        select(Deployment).where(
            Deployment.registration_id == registration_id, Deployment.platform_id == platform_id
        )
    )


def get_deployment(session: Session, deployment_id: DeploymentId) -> Deployment:
    """Return one deployment.

    Raises:
        NotFoundError: there is none of this id.
    """
    deployment = session.get(Deployment, deployment_id)
    if deployment is None:
        raise NotFoundError(
            phrase(
                "There is no deployment %(deployment_id)s.",
                deployment_id=deployment_id,
            )
        )
    return deployment


def find_role_map(
    session: Session, institution_id: InstitutionId, registration_id: RegistrationId
) -> dict[str, str]:
    """Return what an institution decided that a platform's roles count as."""
    found = session.scalar(
        select(Deployment.role_map)
        .where(
            Deployment.registration_id == registration_id,
            Deployment.institution_id == institution_id,
        )
        .order_by(Deployment.first_seen_at)
        .limit(1)
    )
    return dict(found or {})


def list_deployments(session: Session, *, pending_only: bool = False) -> list[DeploymentChoice]:
    """Return deployments with their registration and institution, the newest first."""
    query = (
        select(Deployment, Registration.name, Institution.name)
        .join(Registration, Registration.id == Deployment.registration_id)
        .outerjoin(Institution, Institution.id == Deployment.institution_id)
        .order_by(Deployment.first_seen_at.desc(), Deployment.id.desc())
    )
    if pending_only:
        query = query.where(Deployment.institution_id.is_(None))
    return [
        DeploymentChoice(deployment=row[0], registration_name=row[1], institution_name=row[2])
        for row in session.execute(query)
    ]


def get_resource_link(session: Session, resource_link_id: ResourceLinkId) -> ResourceLink:
    """Return one link of the open transaction's institution.

    Raises:
        NotFoundError: there is none of this id here.
    """
    link = session.scalar(select(ResourceLink).where(ResourceLink.id == resource_link_id))
    if link is None:
        raise NotFoundError(phrase("There is no such link."))
    return link
