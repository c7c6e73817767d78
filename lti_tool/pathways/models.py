"""Tables of pathways, what counts in them for whom, and who completed them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.core import clock
from lti_tool.core.db import Base, TenantRow, tenant_key
from lti_tool.core.ids import (
    AchievementId,
    AwardId,
    PathwayId,
    PathwayVersionId,
    PersonId,
    new_id,
)


class Pathway(TenantRow, Base):
    """A stack that leads to an achievement of its own, over all its versions.

    `lapse_policy`: what becomes of the certificate when a part falls away after completion.
    `notice_days`: how long before and after that people are given. `confirms_completion`: a
    registrar confirms each before it is awarded. `sharing`: an award counts in only one of the
    pathways that name the same word here; `Allocation` says in which.
    """

    __tablename__ = "pathways"
    __table_args__ = (
        UniqueConstraint("institution_id", "achievement_id"),
        CheckConstraint("lapse_policy IN ('keep', 'review', 'suspend')", name="lapse_policy"),
        CheckConstraint("notice_days >= 0", name="notice_days"),
        tenant_key("achievement_id", "achievements"),
    )

    id: Mapped[PathwayId] = mapped_column(primary_key=True, default=new_id)
    title: Mapped[str]
    achievement_id: Mapped[AchievementId]
    created_at: Mapped[datetime]
    lapse_policy: Mapped[str] = mapped_column(default="keep", server_default="keep")
    notice_days: Mapped[int] = mapped_column(default=30, server_default="30")
    confirms_completion: Mapped[bool] = mapped_column(default=False, server_default="false")
    sharing: Mapped[str | None]


class PathwayVersion(TenantRow, Base):
    """A pathway's expression as published; immutable. The highest number is the current one.

    `expression` is the tree of `expression.py` as JSON; `stones` is how many achievements
    it takes at least. `note` says what is new, in the words of whoever published it.
    """

    __tablename__ = "pathway_versions"
    __table_args__ = (
        UniqueConstraint("institution_id", "pathway_id", "number"),
        CheckConstraint("stones > 0", name="stones"),
        tenant_key("pathway_id", "pathways"),
    )

    id: Mapped[PathwayVersionId] = mapped_column(primary_key=True, default=new_id)
    pathway_id: Mapped[PathwayId]
    number: Mapped[int]
    expression: Mapped[dict[str, Any]]
    stones: Mapped[int]
    published_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(default="", server_default="")
    published_by: Mapped[UUID | None]


class PathwayStone(TenantRow, Base):
    """One leaf of a version's expression: `id` is the leaf's, so what asks for what is a join.

    What leaves need beside them has rows of its own, told by `is_beside`.
    """

    __tablename__ = "pathway_stones"
    __table_args__ = (
        Index("ix_pathway_stones_achievement", "institution_id", "achievement_id"),
        Index("ix_pathway_stones_version", "institution_id", "version_id"),
        tenant_key("version_id", "pathway_versions"),
        tenant_key("achievement_id", "achievements"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[PathwayVersionId]
    achievement_id: Mapped[AchievementId]
    is_beside: Mapped[bool] = mapped_column(default=False, server_default="false")


class Contribution(TenantRow, Base):
    """An award that counts toward one requirement of a pathway, for one person.

    `requirement_id` is a leaf of the version the person is on.
    """

    __tablename__ = "contributions"
    __table_args__ = (
        UniqueConstraint("institution_id", "person_id", "requirement_id", "award_id"),
        Index("ix_contributions_pathway", "institution_id", "pathway_id", "person_id"),
        tenant_key("pathway_id", "pathways"),
        tenant_key("requirement_id", "pathway_stones"),
        tenant_key("award_id", "awards"),
        tenant_key("person_id", "persons"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[PersonId]
    pathway_id: Mapped[PathwayId]
    requirement_id: Mapped[UUID]
    award_id: Mapped[AwardId]
    counted_at: Mapped[datetime]


class Progress(TenantRow, Base):
    """Where a person stands on a pathway: what screens read, kept per award.

    `changes_at` is when time alone may next change it. `quiet_since` is when an award last counted
    for them, or else when they came onto it. `share` and `missing` follow from the
    awards that stand. `completed_at` is a fact: it
    stays when a part falls away, and whoever reads it beside `missing` sees both.
    """

    __tablename__ = "pathway_progress"
    __table_args__ = (
        UniqueConstraint("institution_id", "pathway_id", "person_id"),
        CheckConstraint("share >= 0 AND share <= 1", name="share"),
        CheckConstraint("(share = 1) = (missing = 0)", name="missing"),
        Index(
            "ix_pathway_progress_nearest", "institution_id", "pathway_id", "missing", "person_id"
        ),
        Index("ix_pathway_progress_person", "institution_id", "person_id"),
        Index(
            "ix_pathway_progress_due",
            "institution_id",
            "pathway_id",
            "changes_at",
            postgresql_where=text("changes_at IS NOT NULL"),
        ),
        Index("ix_pathway_progress_quiet", "institution_id", "pathway_id", "quiet_since"),
        Index(
            "ix_pathway_progress_changes",
            "institution_id",
            "changes_at",
            postgresql_where=text("changes_at IS NOT NULL"),
        ),
        tenant_key("pathway_id", "pathways"),
        tenant_key("version_id", "pathway_versions"),
        tenant_key("person_id", "persons"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    pathway_id: Mapped[PathwayId]
    version_id: Mapped[PathwayVersionId]
    person_id: Mapped[PersonId]
    share: Mapped[Decimal]
    missing: Mapped[int]
    completed_at: Mapped[datetime | None]
    evaluated_at: Mapped[datetime]
    changes_at: Mapped[datetime | None]
    quiet_since: Mapped[datetime] = mapped_column(default=clock.now, server_default=text("now()"))


class Completion(TenantRow, Base):
    """The fact that a person met all of a pathway, and when a part fell away since.

    At most one is open. A lapsed one is kept; what becomes of the certificate is the pathway's
    policy, and `settled_at` when that was carried out or decided. `noticed_at`: it was told that
    time is about to take a part away. `confirmed_at`: where the pathway asks for that.
    """

    __tablename__ = "pathway_completions"
    __table_args__ = (
        Index(
            "uq_pathway_completions_open",
            "institution_id",
            "pathway_id",
            "person_id",
            unique=True,
            postgresql_where=text("lapsed_at IS NULL"),
        ),
        tenant_key("pathway_id", "pathways"),
        tenant_key("version_id", "pathway_versions"),
        tenant_key("person_id", "persons"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    pathway_id: Mapped[PathwayId]
    version_id: Mapped[PathwayVersionId]
    person_id: Mapped[PersonId]
    completed_at: Mapped[datetime]
    lapsed_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    noticed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]


class PathwayNotice(TenantRow, Base):
    """That somebody was told of a completion of theirs: about to lapse, lapsed, or withdrawn.

    `at`: until when it is complete, or since when it is not. Once for each kind and instant.
    `mailed_at`: None where there is no address, or nothing to tell any more.
    """

    __tablename__ = "pathway_notices"
    __table_args__ = (
        UniqueConstraint("institution_id", "completion_id", "kind", "at"),
        CheckConstraint("kind IN ('lapsing', 'lapsed', 'withdrawn')", name="kind"),
        tenant_key("completion_id", "pathway_completions", ondelete="CASCADE"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    completion_id: Mapped[UUID]
    kind: Mapped[str]
    at: Mapped[datetime]
    given_at: Mapped[datetime]
    mailed_at: Mapped[datetime | None]


class PathwayRuling(TenantRow, Base):
    """A decision about one requirement for one person: waived, or an award counts in its place.

    `requirement_id` is a node of the version the person was on; of a stone `achievement_id` is
    its achievement, so that the decision still holds on a version with other ids. Never
    deleted: `undone_at` ends it. `id` is made with the form, so that sending it twice is once.
    """

    __tablename__ = "pathway_rulings"
    __table_args__ = (
        Index(
            "uq_pathway_rulings_one_open",
            "institution_id",
            "pathway_id",
            "person_id",
            "requirement_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
        tenant_key("pathway_id", "pathways"),
        tenant_key("person_id", "persons"),
        tenant_key("achievement_id", "achievements"),
        tenant_key("award_id", "awards"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    pathway_id: Mapped[PathwayId]
    person_id: Mapped[PersonId]
    requirement_id: Mapped[UUID]
    achievement_id: Mapped[AchievementId | None]
    award_id: Mapped[AwardId | None]
    reason: Mapped[str]
    ruled_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class Allocation(TenantRow, Base):
    """In which of the pathways that share its awards a person's achievement counts."""

    __tablename__ = "pathway_allocations"
    __table_args__ = (
        UniqueConstraint(
            "institution_id",
            "person_id",
            "achievement_id",
            "sharing",
            name="uq_pathway_allocations_one",
        ),
        tenant_key("person_id", "persons"),
        tenant_key("achievement_id", "achievements"),
        tenant_key("pathway_id", "pathways"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[PersonId]
    achievement_id: Mapped[AchievementId]
    sharing: Mapped[str]
    pathway_id: Mapped[PathwayId]


class Draft(TenantRow, Base):
    """A tree that is being composed: of a pathway's next version, or of a new pathway.

    `expression` is a tree as in a version, which need not be sound. `version` counts its changes:
    whoever changes it says which they saw. `title` and `achievement_id` are of a new pathway.
    """

    __tablename__ = "pathway_drafts"
    __table_args__ = (
        Index("ix_pathway_drafts_pathway", "institution_id", "pathway_id"),
        tenant_key("pathway_id", "pathways"),
        tenant_key("achievement_id", "achievements"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    pathway_id: Mapped[PathwayId | None]
    title: Mapped[str]
    achievement_id: Mapped[AchievementId | None]
    began_from: Mapped[int | None]
    expression: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]


class DraftStep(TenantRow, Base):
    """A draft's tree as it was before a change, so that the change can be undone."""

    __tablename__ = "pathway_draft_steps"
    __table_args__ = (
        UniqueConstraint("institution_id", "draft_id", "version"),
        tenant_key("draft_id", "pathway_drafts", ondelete="CASCADE"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    draft_id: Mapped[UUID]
    version: Mapped[int]
    expression: Mapped[dict[str, Any]]


class PathwayMove(TenantRow, Base):
    """People on a pathway, or on one of its versions, to be moved to another of its versions.

    `only`: the ids of those who are meant, where `is_chosen` says that not everybody is.

    First it is looked at what that would change, then, if somebody decides so, it is done; a job
    does both, people in order of their id, `cursor` the last of them. `named` holds the first who
    would gain or lose: id, stones missing before, and after. `spares`: who would lose stays.
    """

    __tablename__ = "pathway_moves"
    __table_args__ = (
        CheckConstraint("state IN ('looking', 'looked', 'moving', 'moved')", name="state"),
        CheckConstraint("(state IN ('moving', 'moved')) = (reason IS NOT NULL)", name="reason"),
        tenant_key("pathway_id", "pathways"),
        tenant_key("version_id", "pathway_versions"),
        tenant_key("from_version_id", "pathway_versions"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    pathway_id: Mapped[PathwayId]
    version_id: Mapped[PathwayVersionId]
    from_version_id: Mapped[PathwayVersionId | None]
    is_chosen: Mapped[bool] = mapped_column(default=False, server_default="false")
    only: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True), deferred=True)
    state: Mapped[str]
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    total: Mapped[int] = mapped_column(default=0)
    looked: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[PersonId | None]
    gains: Mapped[int] = mapped_column(default=0)
    loses: Mapped[int] = mapped_column(default=0)
    moved: Mapped[int] = mapped_column(default=0)
    named: Mapped[list[Any]]
    reason: Mapped[str | None]
    spares: Mapped[bool] = mapped_column(default=False)
    decided_by: Mapped[UUID | None]
    finished_at: Mapped[datetime | None]


class DecisionBatch(TenantRow, Base):
    """One decision about many people on a pathway, and who made it; `BatchPerson` says how far.

    `target` is the requirement, achievement or version it is about; completions are confirmed
    without one.
    """

    __tablename__ = "pathway_batches"
    __table_args__ = (
        # Moves are `PathwayMove`s; those of batches are from before.
        CheckConstraint(
            "act IN ('waive', 'credit', 'withdraw', 'allocate', 'move', 'confirm')", name="act"
        ),
        CheckConstraint("(target IS NULL) = (act = 'confirm')", name="target"),
        Index("ix_pathway_batches_pathway", "institution_id", "pathway_id"),
        tenant_key("pathway_id", "pathways"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    pathway_id: Mapped[PathwayId]
    act: Mapped[str]
    target: Mapped[UUID | None]
    reason: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    asked_at: Mapped[datetime]


class BatchPerson(TenantRow, Base):
    """One person of a batch, as they were told apart then; `note` says why they were skipped."""

    __tablename__ = "pathway_batch_people"
    __table_args__ = (
        CheckConstraint("outcome IN ('done', 'skipped')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided"),
        Index(
            "ix_pathway_batch_people_left",
            "institution_id",
            "batch_id",
            "person_id",
            postgresql_where=text("outcome IS NULL"),
        ),
        tenant_key("batch_id", "pathway_batches"),
        tenant_key("person_id", "persons"),
    )

    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[PersonId] = mapped_column(primary_key=True)
    outcome: Mapped[str | None]
    note: Mapped[str | None]
    decided_at: Mapped[datetime | None]
