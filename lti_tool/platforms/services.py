"""Connecting platforms: institutions, registrations, and whose a deployment is."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_tool.core import audit, clock, keys, logs
from lti_tool.core.audit import Actor
from lti_tool.core.db import after_commit, system_transaction, transaction
from lti_tool.core.errors import InvalidRequestError, NotFoundError
from lti_tool.core.ids import DeploymentId, InstitutionId, RegistrationId, new_id
from lti_tool.core.language import phrase
from lti_tool.platforms import queries
from lti_tool.platforms.errors import (
    AlreadyKnownError,
    KeyStillNeededError,
    NotAWebAddressError,
)
from lti_tool.platforms.known import forget_clients
from lti_tool.platforms.models import Deployment, Institution, Registration
from lti_tool.platforms.rules import is_noted, learn, note_copy, origin_of

KEY_KEPT_FOR = timedelta(days=1)  # after another one signs: platforms keep what they read

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where a platform listens, absolute.

    Attributes:
        auth_url: its OIDC authorization endpoint.
        token_url: its OAuth 2 token endpoint.
        jwks_url: its public keys.
        token_audience: `aud` of our token requests; None is the product's, else the token URL.
    """

    auth_url: str
    token_url: str
    jwks_url: str
    token_audience: str | None = None


def add_institution(slug: str, name: str) -> InstitutionId:
    """Make a tenant. `slug` is part of its public addresses and never changes.

    Raises:
        AlreadyKnownError: the slug is taken.
        InvalidRequestError: not 2 to 63 of a-z, 0-9 and hyphen, beginning with no hyphen.
    """
    institution = Institution(
        id=InstitutionId(new_id()), slug=slug, name=name, created_at=clock.now()
    )
    try:
        with system_transaction() as session:
            session.add(institution)
    except IntegrityError as error:
        if "ck_institutions_slug" in str(error.orig):
            raise InvalidRequestError(
                phrase(
                    "%(f)s cannot be part of an address: use a-z, 0-9 and hyphens.",
                    f=f"{slug!r}",
                )
            ) from error
        raise AlreadyKnownError(
            phrase(
                "There is an institution %(f)s already.",
                f=f"{slug!r}",
            )
        ) from error
    return institution.id


def add_registration(  # noqa: PLR0913 - what its administrator reads off the LMS
    *,
    issuer: str,
    client_id: str,
    name: str,
    endpoints: Endpoints,
    product: str = "generic",
    registered_for: InstitutionId | None = None,
) -> RegistrationId:
    """Remember our client at a platform.

    Raises:
        AlreadyKnownError: this issuer and client id were registered before.
        NotAWebAddressError: an endpoint is no absolute http(s) address.
    """
    registration = _registration(
        issuer=issuer,
        client_id=client_id,
        name=name,
        endpoints=endpoints,
        product=product,
        registered_for=registered_for,
    )
    with system_transaction() as session:
        _keep(session, registration)
    return registration.id


def _registration(  # noqa: PLR0913 - as above
    *,
    issuer: str,
    client_id: str,
    name: str,
    endpoints: Endpoints,
    product: str,
    registered_for: InstitutionId | None,
) -> Registration:
    for url in (endpoints.auth_url, endpoints.token_url, endpoints.jwks_url):
        if origin_of(url) is None:
            raise NotAWebAddressError(
                phrase(
                    "%(f)s is not an address such as https://lms.example.edu.",
                    f=f"{url!r}",
                )
            )
    return Registration(
        id=RegistrationId(new_id()),
        issuer=issuer,
        client_id=client_id,
        name=name,
        product=product,
        auth_url=endpoints.auth_url,
        token_url=endpoints.token_url,
        jwks_url=endpoints.jwks_url,
        token_audience=endpoints.token_audience,
        scopes=[],
        registered_for=registered_for,
        created_at=clock.now(),
    )


def _keep(session: Session, registration: Registration) -> None:
    session.add(registration)
    try:
        session.flush()  # to know at once whether it is there already
    except IntegrityError as error:
        raise AlreadyKnownError(
            phrase(
                "%(issuer)s with client id %(client_id)s is there already.",
                issuer=registration.issuer,
                client_id=registration.client_id,
            )
        ) from error
    after_commit(session, forget_clients)


def add_deployment(
    registration_id: RegistrationId,
    platform_id: str,
    institution_id: InstitutionId | None = None,
) -> DeploymentId:
    """Remember an installation of a registration; with an institution it is approved at once.

    Raises:
        AlreadyKnownError: it was added or seen before; approve that one.
        NotFoundError: no such registration.
    """
    deployment = _deployment(registration_id, platform_id, institution_id)
    try:
        with system_transaction() as session:
            queries.get_registration(session, registration_id)
            session.add(deployment)
    except IntegrityError as error:
        raise AlreadyKnownError(
            phrase(
                "The deployment %(f)s is there already.",
                f=f"{platform_id!r}",
            )
        ) from error
    return deployment.id


def _deployment(
    registration_id: RegistrationId, platform_id: str, institution_id: InstitutionId | None = None
) -> Deployment:
    now = clock.now()
    return Deployment(
        id=DeploymentId(new_id()),
        registration_id=registration_id,
        platform_id=platform_id,
        institution_id=institution_id,
        frame_origins=[],
        first_seen_at=now,
        approved_at=now if institution_id else None,
    )


def approve_deployment(
    deployment_id: DeploymentId, institution_id: InstitutionId, *, actor: Actor
) -> None:
    """Give a deployment to an institution: from now on its launches are that institution's.

    Giving it to another later is allowed; open sessions end by that, and what was stored stays
    with the first. What the institution decided about the platform's roles holds here too.

    Raises:
        NotFoundError: no such deployment or institution.
    """
    with transaction(institution_id) as session:
        queries.get_institution(session, institution_id)
        deployment = queries.get_deployment(session, deployment_id)
        _approve(session, deployment, institution_id, actor)


def _approve(
    session: Session, deployment: Deployment, institution_id: InstitutionId, actor: Actor
) -> None:
    before = deployment.institution_id
    if before != institution_id:
        deployment.role_map = queries.find_role_map(
            session, institution_id, deployment.registration_id
        )
        deployment.learnt_origins = {}  # the other's launches said so
        deployment.other_guids = {}
    deployment.institution_id, deployment.approved_at = institution_id, clock.now()
    audit.record(
        session,
        actor=actor,
        act="approve_deployment",
        object_kind="deployment",
        object_id=deployment.id,
        facts={"institution_before": str(before) if before else None},
    )


def add_by_hand(  # noqa: PLR0913 - what an administrator reads off the LMS
    institution_id: InstitutionId,
    *,
    issuer: str,
    client_id: str,
    name: str,
    product: str,
    endpoints: Endpoints,
    platform_deployment_id: str | None,
    actor: Actor,
) -> RegistrationId:
    """Remember a platform of one institution, and its first deployment if it is known.

    Raises:
        AlreadyKnownError: this issuer and client id are registered, perhaps by somebody else.
        NotAWebAddressError: an address is none.
    """
    registration = _registration(
        issuer=issuer,
        client_id=client_id,
        name=name,
        endpoints=endpoints,
        product=product,
        registered_for=institution_id,
    )
    with transaction(institution_id) as session:
        _keep(session, registration)
        if platform_deployment_id:
            deployment = _deployment(registration.id, platform_deployment_id)
            session.add(deployment)
            _approve(session, deployment, institution_id, actor)
        audit.record(
            session,
            actor=actor,
            act="register_platform",
            object_kind="registration",
            object_id=registration.id,
            facts={"by_hand": True},
        )
    return registration.id


def rotate_keys(
    institution_id: InstitutionId, purpose: keys.Purpose, *, actor: Actor, shared: bool
) -> str:
    """Sign with a new key from now on; the old one stays published, so that nothing breaks.

    Returns:
        The new key's id.

    Args:
        institution_id: who decides.
        purpose: what is signed.
        actor: who decides, by name.
        shared: the installation's key, not the institution's own.
    """
    key = keys.rotate(purpose, None if shared else institution_id)
    with transaction(institution_id) as session:
        audit.record(
            session,
            actor=actor,
            act="rotate_key",
            object_kind="key",
            object_id=key.id,
            facts={"purpose": purpose, "kid": key.kid},
        )
    return key.kid


def retire_key(institution_id: InstitutionId, kid: str, *, actor: Actor) -> None:
    """Stop publishing an older key for messages to platforms, which all know the newer by now.

    Keys of badges are never retired: what they signed has to be checked for ever.

    Raises:
        NotFoundError: there is no such key.
        KeyStillNeededError: it signs, or did so within a day.
    """
    found = next((key for key in keys.published("lti") if key.kid == kid), None)
    if found is None:
        raise NotFoundError(phrase("There is no such key."))
    if found.retired_at is None or found.retired_at > clock.now() - KEY_KEPT_FOR:
        raise KeyStillNeededError
    keys.remove(kid, "lti")
    with transaction(institution_id) as session:
        audit.record(
            session,
            actor=actor,
            act="retire_key",
            object_kind="key",
            object_id=found.id,
            facts={"purpose": "lti", "kid": kid},
        )


def allow_anonymous(registration_id: RegistrationId, *, allowed: bool) -> None:
    """Say whether a platform may send people here without saying who they are.

    Raises:
        NotFoundError: no such registration.
    """
    with system_transaction() as session:
        queries.get_registration(session, registration_id).allows_anonymous = allowed


def note_deployment(
    session: Session,
    registration_id: RegistrationId,
    platform_id: str,
    *,
    platform_name: str | None,
    platform_guid: str | None,
) -> None:
    """Remember that an unknown deployment was launched from, so that an operator can approve it.

    Nothing about a person. Part of the caller's transaction; a second launch changes nothing.
    """
    session.execute(
        insert(Deployment)
        .values(
            id=new_id(),
            registration_id=registration_id,
            platform_id=platform_id,
            platform_name=platform_name,
            platform_guid=platform_guid,
            frame_origins=[],
            first_seen_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )


def learn_frames(
    session: Session,
    institution_id: InstitutionId,
    deployment_id: DeploymentId,
    origins: Collection[str],
) -> None:
    """Remember where a deployment's pages are too, as a verified message said.

    Part of the caller's transaction. Nobody waits: while another launch teaches the deployment
    something, this one does not, and a later one will.
    """
    deployment = session.scalar(
        select(Deployment)
        .where(Deployment.id == deployment_id, Deployment.institution_id == institution_id)
        .with_for_update(skip_locked=True, key_share=True)
    )
    if deployment is None:
        return
    before = deployment.learnt_origins
    deployment.learnt_origins = learn(before, sorted(origins), clock.now())
    if new := sorted(deployment.learnt_origins.keys() - before.keys()):
        log.info("frames_learnt", deployment_id=str(deployment_id), origins=new)


def learn_guid(
    session: Session, institution_id: InstitutionId, deployment_id: DeploymentId, guid: str
) -> None:
    """Remember which site launches: the first is the deployment's, any other may be a copy of it.

    Part of the caller's transaction, and nobody waits, as in `learn_frames`.
    """
    deployment = session.scalar(
        select(Deployment)
        .where(Deployment.id == deployment_id, Deployment.institution_id == institution_id)
        .with_for_update(skip_locked=True, key_share=True)
    )
    if deployment is None or deployment.platform_guid == guid:
        return
    if not deployment.platform_guid:
        deployment.platform_guid = guid
        return
    now = clock.now()
    if not is_noted(deployment.other_guids, guid, now):
        log.warning("other_site", deployment_id=str(deployment_id), guid=guid)
        deployment.other_guids = note_copy(deployment.other_guids, guid, now)
