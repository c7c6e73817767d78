"""Who a platform's user is, over all platforms of an institution; and staff who sign in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_tool.core import audit, clock, db, keys, outbox, settings
from lti_tool.core.audit import NOTHING, Actor, Fact
from lti_tool.core.db import transaction
from lti_tool.core.errors import ConflictError, NotFoundError
from lti_tool.core.ids import InstitutionId, PersonId, StaffId, UserId, new_id
from lti_tool.core.language import phrase
from lti_tool.core.secret import hash_of, new_secret
from lti_tool.people import openid_connect, queries, rules
from lti_tool.people.errors import (
    NoAdministratorLeftError,
    NoStaffRoleError,
    UnknownRoleError,
)
from lti_tool.people.events import PersonMet
from lti_tool.people.models import (
    IdentityProvider,
    Person,
    PersonUser,
    StaffMember,
    StaffSession,
)
from lti_tool.people.openid_connect import Pending, RelyingParty
from lti_tool.people.queries import find_person
from lti_tool.people.rules import Role
from lti_tool.platforms.errors import NotAWebAddressError
from lti_tool.platforms.models import User
from lti_tool.platforms.queries import get_institution
from lti_tool.platforms.rounds import every_institution
from lti_tool.platforms.rules import origin_of


def person_of(session: Session, user_id: UserId) -> PersonId:
    """Return the person a user is; makes one for a user seen for the first time.

    Part of the caller's transaction. Of two that ask at once one waits for the
    other's commit, so a user never becomes two persons.
    """
    known = find_person(session, user_id)
    if known is not None:
        return known
    now, person_id = clock.now(), PersonId(new_id())
    session.execute(insert(Person).values(institution_id=db.tenant(), id=person_id, created_at=now))
    linked: PersonId | None = session.scalar(
        insert(PersonUser)
        .values(institution_id=db.tenant(), id=user_id, person_id=person_id, linked_at=now)
        .on_conflict_do_nothing()
        .returning(PersonUser.person_id)
    )
    if linked is not None:
        outbox.record(session, PersonMet(institution_id=db.tenant(), person_id=linked))
        return linked
    session.execute(delete(Person).where(Person.id == person_id))
    other = find_person(session, user_id)
    if other is None:
        raise RuntimeError("the person of a user vanished within a transaction")
    return other


def meet(session: Session, user_id: UserId) -> None:
    """Have whoever did something here be known as a person, unless it is a visitor."""
    is_visitor = session.scalar(select(User.is_visitor).where(User.id == user_id))
    if not is_visitor:
        person_of(session, user_id)


def add_identity_provider(  # noqa: PLR0913, PLR0917 - what its administrator reads off
    institution_id: InstitutionId,
    name: str,
    issuer: str,
    client_id: str,
    client_secret: str,
    role_map: Mapping[str, Sequence[str]],
    *,
    role_claim: str = "roles",
) -> UUID:
    """Let an institution's staff sign in at an OpenID provider of theirs, as an operator does.

    Args:
        institution_id: whose staff.
        name: as people call that sign-in.
        issuer: exactly as the provider writes it.
        client_id: ours at the provider.
        client_secret: kept encrypted.
        role_map: for a word in the role claim, the roles of ours that it gives.
        role_claim: the claim that holds roles or groups.

    Raises:
        UnknownRoleError: a role that staff cannot have.
        NotAWebAddressError: the issuer is none.
        ConflictError: the institution has this issuer already.
    """
    if origin_of(issuer) is None:
        raise NotAWebAddressError(
            phrase(
                "%(f)s is not an address such as https://id.example.edu.",
                f=f"{issuer!r}",
            )
        )
    _refuse_unknown_roles(role_map)
    provider = IdentityProvider(
        id=new_id(),
        name=name,
        issuer=issuer,
        client_id=client_id,
        role_claim=role_claim,
        role_map={word: list(roles) for word, roles in role_map.items()},
    )
    provider.client_secret_encrypted = keys.seal(
        client_secret.encode(), bound_to=_secret_of(provider.id)
    )
    try:
        with transaction(institution_id) as session:
            session.add(provider)
            audit.record(
                session,
                actor=audit.CLI,
                act="connect_sign_in",
                object_kind="identity_provider",
                object_id=provider.id,
                facts={"issuer": audit.told(issuer), "after": _told(provider.role_map)},
            )
    except IntegrityError as error:
        raise ConflictError(
            phrase(
                "Staff sign in at %(issuer)s already.",
                issuer=issuer,
            )
        ) from error
    return provider.id


def change_role_map(
    institution_id: InstitutionId,
    provider_id: UUID,
    role_map: Mapping[str, Sequence[str]],
    *,
    actor: Actor,
) -> None:
    """Decide anew which word of a provider's role claim gives which roles.

    Holds from the next sign-in of each; who is signed in keeps what they have until then.

    Raises:
        UnknownRoleError: a role that staff cannot have.
        NotFoundError: the institution has no such provider.
        NoAdministratorLeftError: no sign-in of the institution would give that role any more.
    """
    _refuse_unknown_roles(role_map)
    new = {word: sorted(roles) for word, roles in sorted(role_map.items())}
    with transaction(institution_id) as session:
        # All are locked: of two changes at once the second sees what the first left.
        providers = {
            one.id: one for one in session.scalars(select(IdentityProvider).with_for_update())
        }
        if provider_id not in providers:
            raise NotFoundError(phrase("There is no such way to sign in."))
        provider = providers[provider_id]
        before, provider.role_map = provider.role_map, new
        if _gives_administrator(before) and not any(
            _gives_administrator(one.role_map) for one in providers.values()
        ):
            raise NoAdministratorLeftError
        audit.record(
            session,
            actor=actor,
            act="change_role_map",
            object_kind="identity_provider",
            object_id=provider_id,
            facts={"before": _told(before), "after": _told(new)},
        )


def _gives_administrator(role_map: Mapping[str, Sequence[str]]) -> bool:
    return any(Role.TOOL_ADMINISTRATOR in roles for roles in role_map.values())


def _told(role_map: Mapping[str, Sequence[str]]) -> str:
    return audit.told("; ".join(f"{word}: {', '.join(roles)}" for word, roles in role_map.items()))


def _refuse_unknown_roles(role_map: Mapping[str, Sequence[str]]) -> None:
    unknown = {role for roles in role_map.values() for role in roles} - rules.STAFF_ROLES
    if unknown:
        known = ", ".join(sorted(rules.STAFF_ROLES))
        raise UnknownRoleError(
            phrase(
                "%(unknown)s: use %(known)s.",
                unknown=", ".join(sorted(unknown)),
                known=known,
            )
        )


def begin_sign_in(
    institution_id: InstitutionId, provider_id: UUID, *, redirect_uri: str
) -> tuple[str, Pending]:
    """Return where to send the browser, and what to remember until it comes back.

    Raises:
        NotFoundError: the institution has no such provider.
        ProviderUnusableError: the provider cannot be asked now.
    """
    with transaction(institution_id) as session:
        party = _party(queries.get_identity_provider(session, provider_id), redirect_uri)
    return openid_connect.begin(party)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """A session of staff. The secret is told only here; its hash is kept."""

    id: UUID
    staff_id: StaffId
    secret: str = field(repr=False)


def finish_sign_in(
    institution_id: InstitutionId,
    provider_id: UUID,
    pending: Pending,
    answer: Mapping[str, str],
    *,
    redirect_uri: str,
) -> OpenedSession:
    """Take the provider's answer and open a session for whoever it names.

    Raises:
        SignInRefusedError: the answer is not what it has to be.
        ProviderDeclinedError: the provider answered with an error.
        ProviderUnusableError: the provider cannot be asked now.
        NoStaffRoleError: nothing it says gives a role here.
    """
    with transaction(institution_id) as session:
        party = _party(queries.get_identity_provider(session, provider_id), redirect_uri)
    claims = openid_connect.finish(party, pending, answer)
    return sign_in(institution_id, provider_id, claims)


def sign_in(
    institution_id: InstitutionId, provider_id: UUID, claims: Mapping[str, Any]
) -> OpenedSession:
    """Open a session for whom verified claims name, in the roles they give now.

    Whoever has lost the last role loses every session with it.

    Raises:
        NoStaffRoleError: the claims give no role here.
    """
    with transaction(institution_id) as session:
        provider = queries.get_identity_provider(session, provider_id)
        roles = rules.staff_roles(claims.get(provider.role_claim), provider.role_map)
        if roles:
            staff_id = _remember(session, provider_id, claims, roles)
            return _open_session(session, staff_id, roles)
        institution = get_institution(session, institution_id)
        _shut_out(session, provider_id, str(claims["sub"]))
    raise NoStaffRoleError(institution.name)


def end_session(institution_id: InstitutionId, session_id: UUID) -> None:
    """Sign a browser out. One that is signed out already stays so."""
    with transaction(institution_id) as session:
        session.execute(delete(StaffSession).where(StaffSession.id == session_id))


def forget_sessions() -> int:
    """Delete sessions of staff that have ended; returns how many. Called now and then."""
    gone = 0
    for institution_id in every_institution():
        with transaction(institution_id) as session:
            ended = delete(StaffSession).where(StaffSession.expires_at <= clock.now())
            gone += len(session.execute(ended.returning(StaffSession.id)).all())
    return gone


def note_reading(  # noqa: PLR0913 - who, what, on what
    institution_id: InstitutionId,
    *,
    actor: Actor,
    act: str,
    object_kind: str,
    object_id: UUID,
    reason: str | None = None,
    facts: Mapping[str, Fact] = NOTHING,
) -> None:
    """Note that somebody reads or takes along what is about other people, and what for if asked.

    Called before it leaves, so that there is no reading without a note.
    """
    with transaction(institution_id) as session:
        audit.record(
            session,
            actor=actor,
            act=act,
            object_kind=object_kind,
            object_id=object_id,
            reason=reason,
            facts=facts,
        )


def _party(provider: IdentityProvider, redirect_uri: str) -> RelyingParty:
    secret = keys.unseal(provider.client_secret_encrypted, bound_to=_secret_of(provider.id))
    return RelyingParty(
        issuer=provider.issuer,
        name=provider.name,
        client_id=provider.client_id,
        client_secret=secret.decode(),
        redirect_uri=redirect_uri,
    )


def _secret_of(provider_id: UUID) -> bytes:
    return provider_id.bytes + b"identity_providers.client_secret"


def _remember(
    session: Session, provider_id: UUID, claims: Mapping[str, Any], roles: frozenset[Role]
) -> StaffId:
    name = next(
        filter(None, (_text(claims.get(key)) for key in ("name", "preferred_username"))), None
    )
    told = {"name": name, "email": _text(claims.get("email")), "roles": sorted(roles)}
    staff_id: StaffId = session.scalars(
        insert(StaffMember)
        .values(
            institution_id=db.tenant(),
            id=new_id(),
            identity_provider_id=provider_id,
            subject=claims["sub"],
            **told,
        )
        .on_conflict_do_update(
            index_elements=["institution_id", "identity_provider_id", "subject"], set_=told
        )
        .returning(StaffMember.id)
    ).one()
    return staff_id


def _text(value: object) -> str | None:
    """Return what a page and PostgreSQL can hold of a claim."""
    if not isinstance(value, str):
        return None
    clean = value.encode(errors="ignore").decode().replace("\x00", "").strip()
    return clean[: openid_connect.MAX_TEXT] or None


def _open_session(session: Session, staff_id: StaffId, roles: frozenset[Role]) -> OpenedSession:
    now, session_id, secret = clock.now(), new_id(), new_secret()
    session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))
    session.add(
        StaffSession(
            id=session_id,
            staff_id=staff_id,
            secret_hash=hash_of(secret),
            created_at=now,
            # Never moved: after a working day the provider is asked anew who has which role.
            expires_at=now + timedelta(hours=settings.current().session_hours),
        )
    )
    audit.record(
        session,
        actor=Actor("staff", staff_id),
        act="sign_in",
        object_kind="staff_member",
        object_id=staff_id,
        facts={"roles": ", ".join(sorted(roles))},
    )
    return OpenedSession(id=session_id, staff_id=staff_id, secret=secret)


def _shut_out(session: Session, provider_id: UUID, subject: str) -> None:
    staff_id = session.scalar(
        select(StaffMember.id).where(
            StaffMember.identity_provider_id == provider_id, StaffMember.subject == subject
        )
    )
    if staff_id is None:
        return
    session.execute(update(StaffMember).where(StaffMember.id == staff_id).values(roles=[]))
    session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))
    audit.record(
        session,
        actor=audit.SYSTEM,
        act="lose_access",
        object_kind="staff_member",
        object_id=staff_id,
    )
