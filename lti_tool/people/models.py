"""Tables of persons across platforms, and of staff who sign in without an LMS."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import PersonId, StaffId, UserId, new_id
from lti_tool.core.language import SOURCE


class Person(TenantRow, Base):
    """One human being at one institution, over all its platforms.

    Since `erased_at` nothing is known of them but what they did: their accounts have no name.

    One that was merged holds nothing any more and says into whom; a split brings it back.
    """

    __tablename__ = "persons"
    __table_args__ = (
        Index(
            "ix_persons_merged_into",
            "institution_id",
            "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
        tenant_key("merged_into_id", "persons"),
    )

    id: Mapped[PersonId] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    merged_into_id: Mapped[PersonId | None]


class PersonUser(TenantRow, Base):
    """Which person a platform's user is: one at a time. `id` is the user's."""

    __tablename__ = "person_users"
    __table_args__ = (tenant_key("id", "users"), tenant_key("person_id", "persons"))

    id: Mapped[UserId] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId] = mapped_column(index=True)
    linked_at: Mapped[datetime]


class IdentifierAuthority(TenantRow, Base):
    """The institution vouches that a platform's student numbers are of one register.

    Two platforms of the same `namespace` that tell the same number mean the same person.
    """

    __tablename__ = "identifier_authorities"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    namespace: Mapped[str]
    declared_at: Mapped[datetime]


class PersonMatch(TenantRow, Base):
    """Two persons that may be one, and what was decided about them; the lower id comes first.

    Those that were decided to be apart are not put forward again.
    """

    __tablename__ = "person_matches"
    __table_args__ = (
        UniqueConstraint("institution_id", "first_id", "second_id"),
        CheckConstraint("first_id < second_id", name="pair"),
        CheckConstraint("state IN ('open', 'merged', 'apart')", name="state"),
        CheckConstraint("why IN ('email', 'number', 'decision')", name="why"),
        Index(
            "ix_person_matches_open",
            "institution_id",
            "id",
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_person_matches_second", "institution_id", "second_id"),
        tenant_key("first_id", "persons"),
        tenant_key("second_id", "persons"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    first_id: Mapped[PersonId]
    second_id: Mapped[PersonId]
    why: Mapped[str]
    state: Mapped[str]
    found_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class PersonMerge(TenantRow, Base):
    """That one person was found to be another, and all it takes to undo that.

    `moved` holds, per feature, the ids of the rows that changed hands.
    """

    __tablename__ = "person_merges"
    __table_args__ = (
        CheckConstraint("kept_id <> gone_id", name="pair"),
        Index(
            "uq_person_merges_standing",
            "institution_id",
            "gone_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
        Index("ix_person_merges_kept", "institution_id", "kept_id"),
        tenant_key("kept_id", "persons"),
        tenant_key("gone_id", "persons"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kept_id: Mapped[PersonId]
    gone_id: Mapped[PersonId]
    moved: Mapped[dict[str, Any]]
    merged_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


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
    language: Mapped[str | None]
    zone: Mapped[str | None]
    reported_zone: Mapped[str | None]


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
    language: Mapped[str] = mapped_column(default=SOURCE, server_default=SOURCE)


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
    language: Mapped[str] = mapped_column(default=SOURCE, server_default=SOURCE)
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


class SavedView(TenantRow, Base):
    """A list or dashboard of the desk as somebody of the staff filtered it, under a name.

    `page` says which, `target` of what, if it is of something; `query` is that of its address. No
    search for a name is kept: nobody else is told of here. `is_shared`: all of the desk see it.
    """

    __tablename__ = "saved_views"
    __table_args__ = (
        CheckConstraint("page IN ('pathway', 'audit')", name="page"),
        CheckConstraint("(target IS NOT NULL) = (page = 'pathway')", name="target"),
        Index("ix_saved_views_staff", "institution_id", "staff_id"),
        Index("ix_saved_views_target", "institution_id", "target"),
        tenant_key("staff_id", "staff_members", ondelete="CASCADE"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    staff_id: Mapped[StaffId]
    page: Mapped[str]
    target: Mapped[UUID | None]
    name: Mapped[str]
    query: Mapped[dict[str, Any]]
    is_shared: Mapped[bool]
    saved_at: Mapped[datetime]
