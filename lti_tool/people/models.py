"""Tables of persons across platforms, and of staff who sign in without an LMS."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import PersonId, StaffId, UserId, new_id


class Person(TenantRow, Base):
    """One human being at one institution, over all its platforms.

    Since `erased_at` nothing is known of them but what they did: their accounts have no name.
    """

    __tablename__ = "persons"

    id: Mapped[PersonId] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class PersonUser(TenantRow, Base):
    """Which person a platform's user is: one at a time. `id` is the user's."""

    __tablename__ = "person_users"
    __table_args__ = (tenant_key("id", "users"), tenant_key("person_id", "persons"))

    id: Mapped[UserId] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId] = mapped_column(index=True)
    linked_at: Mapped[datetime]


class UserWord(TenantRow, Base):
    """A word by which a user is found: of the name, the e-mail address, the number at the SIS.

    The database writes these rows itself, whoever writes the user's (`user_words_follow`).
    Ordered by bytes, so that a prefix is a range: of all comparisons only those of order and
    equality may use an index beneath row-level security, since they tell nothing of other rows.
    """

    __tablename__ = "user_words"
    __table_args__ = (
        Index("ix_user_words_word", "institution_id", "word", "user_id"),
        tenant_key("user_id", "users", ondelete="CASCADE"),
    )

    user_id: Mapped[UserId] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(String(collation="C"), primary_key=True)


class IdentityProvider(TenantRow, Base):
    """Where an institution's staff sign in (OpenID Connect Core 1.0)."""

    __tablename__ = "identity_providers"
    __table_args__ = (UniqueConstraint("institution_id", "issuer"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    client_secret_encrypted: Mapped[bytes]
    role_claim: Mapped[str] = mapped_column(default="roles")
    role_map: Mapped[dict[str, Any]]


class StaffMember(TenantRow, Base):
    """Somebody of the institution's staff, as the identity provider knows them."""

    __tablename__ = "staff_members"
    __table_args__ = (
        UniqueConstraint("institution_id", "identity_provider_id", "subject"),
        tenant_key("identity_provider_id", "identity_providers"),
    )

    id: Mapped[StaffId] = mapped_column(primary_key=True, default=new_id)
    identity_provider_id: Mapped[UUID]
    subject: Mapped[str]
    name: Mapped[str | None]
    email: Mapped[str | None]
    roles: Mapped[list[Any]]


class StaffSession(TenantRow, Base):
    """A signed-in browser; the cookie's secret is kept as a hash."""

    __tablename__ = "staff_sessions"
    __table_args__ = (tenant_key("staff_id", "staff_members", ondelete="CASCADE"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    staff_id: Mapped[StaffId]
    secret_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class PersonEmail(TenantRow, Base):
    """An address at which a person has proved to read mail. It lets them in without an LMS.

    `gets_notices`: it is written to when a certificate of theirs lapses; they switch that.
    """

    __tablename__ = "person_emails"
    __table_args__ = (
        UniqueConstraint("institution_id", "address"),
        Index("ix_person_emails_person", "institution_id", "person_id"),
        tenant_key("person_id", "persons", ondelete="CASCADE"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[PersonId]
    address: Mapped[str]
    verified_at: Mapped[datetime]
    gets_notices: Mapped[bool] = mapped_column(default=True, server_default="true")


class MailLink(TenantRow, Base):
    """A link that somebody asked to be mailed; its token is made when it is sent, kept as a hash.

    `person_id` is who asks, for a confirmation; who is let in is looked up when the letter is
    written. A request for an address that nobody has confirmed is a row like any other.
    """

    __tablename__ = "mail_links"
    __table_args__ = (
        CheckConstraint("purpose IN ('confirm', 'sign_in')", name="purpose"),
        CheckConstraint("purpose = 'sign_in' OR person_id IS NOT NULL", name="person"),
        Index("ix_mail_links_address", "institution_id", "address", "asked_at"),
        Index("ix_mail_links_token", "institution_id", "token_hash"),
        tenant_key("person_id", "persons", ondelete="CASCADE"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    purpose: Mapped[str]
    address: Mapped[str]
    person_id: Mapped[PersonId | None]
    asked_at: Mapped[datetime]
    token_hash: Mapped[bytes | None]
    expires_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class LearnerSession(TenantRow, Base):
    """A browser of somebody who came by a link in an e-mail; the cookie's secret is a hash."""

    __tablename__ = "learner_sessions"
    __table_args__ = (
        Index("ix_learner_sessions_person", "institution_id", "person_id"),
        tenant_key("person_id", "persons", ondelete="CASCADE"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[PersonId]
    address: Mapped[str]
    secret_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
