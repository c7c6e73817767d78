"""Tables of logins that were used and of launches that became sessions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import (
    ContextId,
    DeploymentId,
    InstitutionId,
    LaunchId,
    RegistrationId,
    ResourceLinkId,
    UserId,
    new_id,
)


class UsedLogin(Base):
    """The state of a login that was used, as SHA-256, so that it is not used again.

    Known before a tenant is, so without one. After `expires_at` the state says itself that it is
    over; see `logins`.
    """

    __tablename__ = "used_logins"

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class PendingLogin(Base):
    """Logins under way, of the version before: kept in rows. Nothing reads or writes it any more.

    The table goes with the next version, for until all web servers are changed that one needs it.
    """

    __tablename__ = "pending_logins"

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    nonce_hash: Mapped[bytes]
    cookie_hash: Mapped[bytes]
    registration_id: Mapped[RegistrationId] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE")
    )
    target_link_url: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class LaunchRefusal(Base):
    """How often a platform's messages were refused for one reason, by the hour.

    Nothing about a person. The institution is that of the deployment the message named, which for
    most reasons was never verified: good for whoever looks for a fault, and for no more.
    """

    __tablename__ = "launch_refusals"
    __table_args__ = (
        UniqueConstraint(
            "registration_id",
            "institution_id",
            "code",
            "hour",
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    registration_id: Mapped[RegistrationId] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE")
    )
    institution_id: Mapped[InstitutionId | None] = mapped_column(ForeignKey("institutions.id"))
    code: Mapped[str]
    hour: Mapped[datetime]
    times: Mapped[int]
    last_at: Mapped[datetime]


class Launch(TenantRow, Base):
    """One verified message and the session it opened. The cookie's secret is kept as a hash.

    `settings` holds what the message type adds and a later page needs (deep linking
    settings, the return address), as sent. `age_seconds` is how old the message was when it came,
    by two clocks: below 0 the platform's is ahead.
    """

    __tablename__ = "launches"
    __table_args__ = (
        tenant_key("user_id", "users"),
        tenant_key("context_id", "contexts"),
        tenant_key("resource_link_id", "resource_links"),
        # Who teaches in a course, without a look at every learner's launch.
        Index(
            "ix_launches_teaching",
            "context_id",
            postgresql_where=text("roles @> '[\"instructor\"]'::jsonb"),
        ),
    )

    id: Mapped[LaunchId] = mapped_column(primary_key=True, default=new_id)
    registration_id: Mapped[RegistrationId] = mapped_column(ForeignKey("registrations.id"))
    deployment_id: Mapped[DeploymentId] = mapped_column(ForeignKey("deployments.id"))
    user_id: Mapped[UserId]
    context_id: Mapped[ContextId | None]
    resource_link_id: Mapped[ResourceLinkId | None]
    message_type: Mapped[str]
    roles: Mapped[list[Any]]
    placement_token: Mapped[str | None]
    settings: Mapped[dict[str, Any]]
    secret_hash: Mapped[bytes]
    age_seconds: Mapped[float | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
