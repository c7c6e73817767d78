"""Tables of achievements, awards, credentials and what learners share of them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import (
    AchievementId,
    AssessmentId,
    AwardId,
    CredentialId,
    PersonId,
    ShareId,
    TranscriptId,
    new_id,
)

# What a status list is of. Each kind has lists of its own: no two things share a place.
CREDENTIALS, TRANSCRIPTS = "credentials", "transcripts"
# Forms of a credential: what is signed on award, and what a learner asks for with more in it.
MINIMAL, DETAILED = "minimal", "detailed"


class Achievement(TenantRow, Base):
    """What can be earned (Open Badges 3.0 Achievement). Its URI is the same for every learner.

    Holds what its newest edition says, but for an uploaded picture; all editions are in
    `AchievementEdition`. `assessment_id` names the assessment whose pass earns it, if one does.
    `details` is `rules.Details`.
    """

    __tablename__ = "achievements"
    __table_args__ = (
        CheckConstraint("credits IS NULL OR credits >= 0", name="credits"),
        Index(
            "uq_achievements_assessment",
            "institution_id",
            "assessment_id",
            unique=True,
            postgresql_where=text("assessment_id IS NOT NULL"),
        ),
        tenant_key("assessment_id", "assessments"),
        tenant_key("replaced_by_id", "achievements"),
    )

    id: Mapped[AchievementId] = mapped_column(primary_key=True, default=new_id)
    edition: Mapped[int] = mapped_column(default=1)
    assessment_id: Mapped[AssessmentId | None]
    achievement_type: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    criteria: Mapped[str]
    credits: Mapped[Decimal | None]
    artwork: Mapped[dict[str, Any]]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    published_at: Mapped[datetime]
    replaced_by_id: Mapped[AchievementId | None]


class AchievementEdition(TenantRow, Base):
    """What an achievement said from one publication to the next. Never changed.

    `content` is what `rules.AchievementDraft.to_json` wrote.
    """

    __tablename__ = "achievement_editions"
    __table_args__ = (
        UniqueConstraint("institution_id", "achievement_id", "edition"),
        tenant_key("achievement_id", "achievements"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    achievement_id: Mapped[AchievementId]
    edition: Mapped[int]
    content: Mapped[dict[str, Any]]
    published_at: Mapped[datetime]


class Award(TenantRow, Base):
    """The decision that a person met an achievement's criteria: one per edition counts.

    When two persons turn out to be one, both may have been awarded the same: then one is a
    duplicate of the other. It keeps its credential, and counts for nothing.

    `valid_until` is what its credential says. Earned again it ends later, and `first_valid_until`
    keeps when it would have ended; the causes say the rest.
    """

    __tablename__ = "awards"
    __table_args__ = (
        Index(
            "uq_awards_one_counts",
            "institution_id",
            "person_id",
            "achievement_id",
            "edition",
            unique=True,
            postgresql_where=text("duplicate_of_id IS NULL"),
        ),
        Index("ix_awards_person", "institution_id", "person_id"),
        Index(
            "ix_awards_duplicate_of",
            "institution_id",
            "duplicate_of_id",
            postgresql_where=text("duplicate_of_id IS NOT NULL"),
        ),
        tenant_key("duplicate_of_id", "awards"),
        tenant_key("person_id", "persons"),
        tenant_key("achievement_id", "achievements"),
    )

    id: Mapped[AwardId] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[PersonId]
    achievement_id: Mapped[AchievementId]
    edition: Mapped[int]
    awarded_at: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    first_valid_until: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None]
    duplicate_of_id: Mapped[AwardId | None]


class AwardCause(TenantRow, Base):
    """Why an award was made: a pass, a pathway, a person's decision. Appended, never removed.

    `renews`: the award stood already, and was earned again at `caused_at`, until `valid_until`;
    that may be earlier than what it was made for, if that came late. One `counts` no longer if it
    is from before a withdrawal after which the award was regained, or another's since a split.
    """

    __tablename__ = "award_causes"
    __table_args__ = (
        UniqueConstraint("institution_id", "award_id", "kind", "cause_id"),
        CheckConstraint("kind IN ('pass', 'pathway', 'decision')", name="kind"),
        CheckConstraint("renews OR valid_until IS NULL", name="renews"),
        Index(
            "ix_award_causes_renews",
            "institution_id",
            "award_id",
            postgresql_where=text("renews"),
        ),
        tenant_key("award_id", "awards"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[AwardId]
    kind: Mapped[str]
    cause_id: Mapped[UUID]
    reason: Mapped[str | None]
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    caused_at: Mapped[datetime]
    renews: Mapped[bool] = mapped_column(default=False, server_default="false")
    valid_until: Mapped[datetime | None]
    counts: Mapped[bool] = mapped_column(default=True, server_default="true")


class AwardReview(TenantRow, Base):
    """An award whose reason has fallen away: a person decides what becomes of it.

    `attempt_id` had passed and no longer does. `outcome` is what was decided, or that the reason
    came back meanwhile.
    """

    __tablename__ = "award_reviews"
    __table_args__ = (
        CheckConstraint("outcome IN ('kept', 'withdrawn', 'settled')", name="outcome"),
        CheckConstraint("(decided_at IS NULL) = (outcome IS NULL)", name="decided"),
        Index(
            "uq_award_reviews_open",
            "institution_id",
            "award_id",
            unique=True,
            postgresql_where=text("decided_at IS NULL"),
        ),
        tenant_key("award_id", "awards"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[AwardId]
    attempt_id: Mapped[UUID]
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class StatusList(TenantRow, Base):
    """One BitstringStatusList of an institution.

    Its bits are the `revoked_at` of the credentials, or of the transcripts, that point at it.
    `document` is the signed list; None from a revocation until the list is signed anew.
    """

    __tablename__ = "status_lists"
    __table_args__ = (
        UniqueConstraint("institution_id", "number"),
        CheckConstraint("holds IN ('credentials', 'transcripts')", name="holds"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int]
    holds: Mapped[str] = mapped_column(default=CREDENTIALS, server_default=CREDENTIALS)
    changed_at: Mapped[datetime]
    document: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class Credential(TenantRow, Base):
    """The signed OpenBadgeCredential of an award; `document` is what was signed, proof included.

    First its id, subject and place in a status list are reserved, then it is signed: without a
    document it is still being signed. An award has one minimal one that is not revoked; detailed
    ones, made when the learner asks, share its place in the list. `content_hash` is of what a
    detailed one says: asking for the same again makes no other. `compact` is the same credential as
    a JWS, signed when first asked for.
    """

    __tablename__ = "credentials"
    __table_args__ = (
        Index(
            "uq_credentials_one_live",
            "institution_id",
            "award_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL AND form = 'minimal'"),
        ),
        Index(
            "uq_credentials_place",
            "institution_id",
            "status_list_id",
            "status_index",
            unique=True,
            postgresql_where=text("form = 'minimal'"),
        ),
        Index(
            "uq_credentials_content",
            "institution_id",
            "award_id",
            "content_hash",
            unique=True,
            postgresql_where=text("revoked_at IS NULL AND form = 'detailed'"),
        ),
        CheckConstraint("form IN ('minimal', 'detailed')", name="form"),
        CheckConstraint("(form = 'detailed') = (content_hash IS NOT NULL)", name="content_hash"),
        CheckConstraint("(document IS NULL) = (issued_at IS NULL)", name="issued"),
        tenant_key("award_id", "awards"),
        tenant_key("status_list_id", "status_lists"),
    )

    id: Mapped[CredentialId] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[AwardId]
    form: Mapped[str] = mapped_column(default=MINIMAL)
    content_hash: Mapped[bytes | None]
    subject_urn: Mapped[str]
    status_list_id: Mapped[UUID]
    status_index: Mapped[int]
    document: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    compact: Mapped[str | None]
    issued_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Share(TenantRow, Base):
    """A link a learner made to show one credential; the token is kept as a hash.

    `label` is the learner's own note of whom it is for; `opened` counts, and says no more.
    """

    __tablename__ = "shares"
    __table_args__ = (
        UniqueConstraint("institution_id", "token_hash"),
        tenant_key("credential_id", "credentials"),
    )

    id: Mapped[ShareId] = mapped_column(primary_key=True, default=new_id)
    credential_id: Mapped[CredentialId]
    token_hash: Mapped[bytes]
    show_name: Mapped[bool]
    show_result: Mapped[bool] = mapped_column(default=False)
    label: Mapped[str | None]
    opened: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Transcript(TenantRow, Base):
    """A signed ClrCredential: credentials of one person together, as they stood when it was made.

    First its id, subject and place in a status list are reserved, then it is signed: without a
    document it is still being signed, or its holder was erased since. `recipient` and
    `is_official` are of those that the institution gave out; holders make theirs themselves.
    """

    __tablename__ = "transcripts"
    __table_args__ = (
        UniqueConstraint("institution_id", "status_list_id", "status_index"),
        Index("ix_transcripts_person", "institution_id", "person_id"),
        CheckConstraint("(document IS NULL) = (issued_at IS NULL)", name="issued"),
        tenant_key("person_id", "persons"),
        tenant_key("status_list_id", "status_lists"),
    )

    id: Mapped[TranscriptId] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[PersonId]
    is_official: Mapped[bool]
    recipient: Mapped[str | None]
    subject_urn: Mapped[str]
    status_list_id: Mapped[UUID]
    status_index: Mapped[int]
    document: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    compact: Mapped[str | None]
    reserved_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class TranscriptCredential(TenantRow, Base):
    """A credential that is in a transcript: when it is revoked, so is the transcript."""

    __tablename__ = "transcript_credentials"
    __table_args__ = (
        Index("ix_transcript_credentials_credential", "institution_id", "credential_id"),
        tenant_key("transcript_id", "transcripts"),
        tenant_key("credential_id", "credentials"),
    )

    transcript_id: Mapped[TranscriptId] = mapped_column(primary_key=True)
    credential_id: Mapped[CredentialId] = mapped_column(primary_key=True)


class TranscriptLink(TenantRow, Base):
    """A link that shows a transcript, as the code on a printed one has it; kept as a hash."""

    __tablename__ = "transcript_links"
    __table_args__ = (
        UniqueConstraint("institution_id", "token_hash"),
        tenant_key("transcript_id", "transcripts"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    transcript_id: Mapped[TranscriptId]
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime]
