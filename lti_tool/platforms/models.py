"""Tables for what platforms own and we merely remember, and for who our tenants are.

Institutions, registrations and deployments are known before a tenant is, so they
carry no row-level security and nothing personal.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import (
    ContextId,
    DeploymentId,
    InstitutionId,
    RegistrationId,
    ResourceLinkId,
    UserId,
    new_id,
)


class Institution(Base):
    """A tenant: a university or school that issues credentials under its own name.

    `zone`: in which it speaks to people of whom no time zone is known.
    """

    __tablename__ = "institutions"
    __table_args__ = (CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'", name="slug"),)

    id: Mapped[InstitutionId] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    zone: Mapped[str | None]
    created_at: Mapped[datetime]


class Registration(Base):
    """Our client at one platform: the pair (issuer, client_id); may serve many institutions.

    `scopes` are the services it granted when it registered itself; empty where nobody told.
    `registered_for` is whose administrator connected it, and decides about deployments that wait
    as long as nobody else has one; it makes nobody a tenant.
    `allows_anonymous` takes messages that name nobody (LTI Core 1.3 §5.3.6.1).
    """

    __tablename__ = "registrations"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)

    id: Mapped[RegistrationId] = mapped_column(primary_key=True, default=new_id)
    issuer: Mapped[str]
    client_id: Mapped[str]
    name: Mapped[str]
    product: Mapped[str] = mapped_column(default="generic")
    auth_url: Mapped[str]
    token_url: Mapped[str]
    token_audience: Mapped[str | None]
    jwks_url: Mapped[str]
    scopes: Mapped[list[Any]] = mapped_column(default=list)
    registered_for: Mapped[InstitutionId | None] = mapped_column(ForeignKey("institutions.id"))
    allows_anonymous: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class RegistrationInvitation(Base):
    """A link by which one platform may register itself, once (LTI Dynamic Registration 1.0).

    Its secret is kept as a hash. `taken_at` is set while a registration is under way, so that
    a second one cannot begin; one that died is given up after a while. Without an institution
    what it registers waits for approval.
    """

    __tablename__ = "registration_invitations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    institution_id: Mapped[InstitutionId | None] = mapped_column(ForeignKey("institutions.id"))
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    registration_id: Mapped[RegistrationId | None] = mapped_column(ForeignKey("registrations.id"))


class Deployment(Base):
    """One installation of a registration. Its institution is the tenant of every launch.

    Without an institution it waits for an operator's approval, and nothing personal
    is stored for it.

    Attributes:
        frame_origins: where its pages and services are, besides the registration's addresses.
        learnt_origins: where its pages are too, as signed messages said; see `rules.learnt`.
        role_map: for a role exactly as the platform names it, what it counts as here.
        platform_guid: of the site, as its messages name it; None if none did.
        other_guids: those of others under the same deployment; see `rules.copies`.
    """

    __tablename__ = "deployments"
    __table_args__ = (UniqueConstraint("registration_id", "platform_id"),)

    id: Mapped[DeploymentId] = mapped_column(primary_key=True, default=new_id)
    registration_id: Mapped[RegistrationId] = mapped_column(ForeignKey("registrations.id"))
    platform_id: Mapped[str]
    institution_id: Mapped[InstitutionId | None] = mapped_column(ForeignKey("institutions.id"))
    platform_name: Mapped[str | None]
    platform_guid: Mapped[str | None]
    frame_origins: Mapped[list[Any]] = mapped_column(default=list)
    learnt_origins: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    role_map: Mapped[dict[str, Any]] = mapped_column(default=dict)
    other_guids: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    first_seen_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]


class KeySet(Base):
    """The last good key set of a platform, kept through its outages."""

    __tablename__ = "key_sets"

    url: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]]
    fetched_at: Mapped[datetime]


class AccessToken(Base):
    """A platform's token for one registration and set of scopes, shared by processes.

    Without a token somebody is asking for it, since `asked_at`. `took_seconds` is how long the
    platform took to answer.
    """

    __tablename__ = "access_tokens"

    registration_id: Mapped[RegistrationId] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True
    )
    scopes: Mapped[str] = mapped_column(primary_key=True)
    token_encrypted: Mapped[bytes | None]
    usable_until: Mapped[datetime | None]
    asked_at: Mapped[datetime]
    took_seconds: Mapped[float | None]


class Context(TenantRow, Base):
    """A course or group at the platform."""

    __tablename__ = "contexts"
    __table_args__ = (UniqueConstraint("institution_id", "deployment_id", "platform_id"),)

    id: Mapped[ContextId] = mapped_column(primary_key=True, default=new_id)
    deployment_id: Mapped[DeploymentId] = mapped_column(ForeignKey("deployments.id"))
    platform_id: Mapped[str]
    title: Mapped[str | None]
    label: Mapped[str | None]
    line_items_url: Mapped[str | None]
    memberships_url: Mapped[str | None]
    service_scopes: Mapped[list[Any]] = mapped_column(default=list)


class ResourceLink(TenantRow, Base):
    """One link to us in one context (LTI Core 1.3 §4.3)."""

    __tablename__ = "resource_links"
    __table_args__ = (
        UniqueConstraint("institution_id", "deployment_id", "platform_id"),
        tenant_key("context_id", "contexts"),
    )

    id: Mapped[ResourceLinkId] = mapped_column(primary_key=True, default=new_id)
    deployment_id: Mapped[DeploymentId] = mapped_column(ForeignKey("deployments.id"))
    context_id: Mapped[ContextId | None]
    platform_id: Mapped[str]
    title: Mapped[str | None]
    line_item_url: Mapped[str | None]


class User(TenantRow, Base):
    """A person as one platform knows them: (institution, issuer, sub). Holds personal values.

    A visitor is nobody in particular, the platform's test user or somebody it does not name:
    what a visitor passes earns no badge and no grade. `language` is what they chose here; None
    where they leave it to the platform. `zone` is the time zone they chose, `reported_zone` that
    of the browser they used last, `zones_told_at` when one of the two was told last.
    """

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("institution_id", "issuer", "subject"),)

    id: Mapped[UserId] = mapped_column(primary_key=True, default=new_id)
    issuer: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str | None]
    email: Mapped[str | None]
    sis_id: Mapped[str | None]
    is_visitor: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str | None]
    zone: Mapped[str | None]
    reported_zone: Mapped[str | None]
    zones_told_at: Mapped[datetime | None]


class Roster(TenantRow, Base):
    """When a course's members were last read in full, and why not since then.

    Attributes:
        read_at: of the members that are kept; None before the first time.
        tried_at: when it failed last.
        error: None when the last try was good.
    """

    __tablename__ = "rosters"
    __table_args__ = (tenant_key("context_id", "contexts"),)

    context_id: Mapped[ContextId] = mapped_column(primary_key=True)
    read_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    error: Mapped[str | None]


class RosterMember(TenantRow, Base):
    """One person in a course, by the platform's list. They may never have come to us."""

    __tablename__ = "roster_members"
    __table_args__ = (tenant_key("context_id", "contexts"),)

    context_id: Mapped[ContextId] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    roles: Mapped[list[Any]] = mapped_column(default=list)
    is_active: Mapped[bool]
