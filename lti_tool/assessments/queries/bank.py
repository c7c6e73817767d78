"""Reading the item bank: its questions, where each is used, what their answers tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from lti_tool.assessments import content, items
from lti_tool.assessments.bank import ItemStatistics, ItemStatus
from lti_tool.assessments.items import Item as TypedItem
from lti_tool.assessments.models import (
    Assessment,
    Attempt,
    DraftItem,
    Edition,
    EditionItem,
    Item,
    ItemVersion,
    Placement,
    Response,
    RulesDraft,
)
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AssessmentId, ItemId, ItemVersionId
from lti_tool.core.language import phrase

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFilter:
    """Which questions: each empty for all. `after`: the one that the page before ended with."""

    words: str = ""
    type: str = ""
    status: str = ""
    difficulty: str = ""
    competency: str = ""
    after: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRow:
    """A question in the list, in its newest version.

    Attributes:
        name: its title, or else how it begins.
        competencies: that it shows in any edition.
        assessments: in how many it is asked.
    """

    item_id: ItemId
    name: str
    type: str
    difficulty: str | None
    status: ItemStatus
    competencies: tuple[str, ...]
    assessments: int
    statistics: ItemStatistics


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Where an edition asks a question. `placements`: of that edition, that are in a course."""

    assessment_id: AssessmentId
    assessment: str
    edition: int
    position: int
    points: Decimal
    competency: str | None
    version: int
    placements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a question."""

    id: ItemVersionId
    number: int
    item: TypedItem
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BankItem:
    """All that is known of a question; its versions newest first."""

    item_id: ItemId
    status: ItemStatus
    versions: tuple[Version, ...]
    uses: tuple[Use, ...]
    statistics: ItemStatistics

    @property
    def name(self) -> str:
        """Return its title, or else how it begins."""
        newest = self.versions[0].item
        return newest.title or content.plain(newest.stem)


_NONE = ItemStatistics(answers=0, mean=None, spread=None, discrimination=None)


def list_bank(session: Session, wanted: BankFilter) -> tuple[list[BankRow], bool]:
    """Return a page of the bank, the newest questions first, and whether more follow."""
    newest = (
        select(ItemVersion)
        .order_by(ItemVersion.item_id, ItemVersion.number.desc())
        .ext(distinct_on(ItemVersion.item_id))
        .subquery()
    )
    version = aliased(ItemVersion, newest)
    query = select(Item, version).join(version, version.item_id == Item.id)
    query = query.where(*_wanted(version.content, wanted))
    if wanted.after is not None:
        query = query.where(Item.id < wanted.after)
    rows = session.execute(query.order_by(Item.id.desc()).limit(PAGE + 1)).all()
    shown = rows[:PAGE]
    ids = [item.id for item, _ in shown]
    used, statistics = _used(session, ids), item_statistics(session, ids)
    return [
        BankRow(
            item_id=item.id,
            name=one.content.get("title") or content.plain(one.content["stem"]),
            type=one.content["type"],
            difficulty=one.content.get("difficulty"),
            status=ItemStatus(item.status),
            competencies=used[item.id][1] if item.id in used else (),
            assessments=used[item.id][0] if item.id in used else 0,
            statistics=statistics.get(item.id, _NONE),
        )
        for item, one in shown
    ], len(rows) > PAGE


def _wanted(
    stored: InstrumentedAttribute[dict[str, Any]], wanted: BankFilter
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    texts = {name: stored[name].astext for name in ("title", "stem", "type", "difficulty")}
    if wanted.words:
        found.append(
            or_(
                *(
                    texts[name].icontains(wanted.words, autoescape=True)
                    for name in ("title", "stem")
                )
            )
        )
    if wanted.type:
        found.append(texts["type"] == wanted.type)
    if wanted.difficulty:
        found.append(texts["difficulty"] == wanted.difficulty)
    if wanted.status:
        found.append(Item.status == wanted.status)
    if wanted.competency:
        any_version = aliased(ItemVersion)
        shows = (
            select(EditionItem.id)
            .join(any_version, any_version.id == EditionItem.item_version_id)
            .where(any_version.item_id == Item.id, EditionItem.competency == wanted.competency)
        )
        found.append(shows.exists())
    return found


def _used(
    session: Session, item_ids: Sequence[ItemId]
) -> dict[ItemId, tuple[int, tuple[str, ...]]]:
    """Return in how many assessments each question is asked, and what it shows there."""
    rows = session.execute(
        select(
            ItemVersion.item_id,
            func.count(Edition.assessment_id.distinct()),
            func.array_agg(EditionItem.competency.distinct()),
        )
        .join(EditionItem, EditionItem.item_version_id == ItemVersion.id)
        .join(Edition, Edition.id == EditionItem.edition_id)
        .where(ItemVersion.item_id.in_(item_ids))
        .group_by(ItemVersion.item_id)
    )
    return {row[0]: (row[1], tuple(sorted(filter(None, row[2])))) for row in rows}


def list_bank_competencies(session: Session) -> list[str]:
    """Return every competency that a question of the bank shows, in order of the alphabet."""
    found = session.scalars(
        select(EditionItem.competency).where(EditionItem.competency.is_not(None)).distinct()
    )
    return sorted(filter(None, found), key=str.casefold)


def get_bank_item(session: Session, item_id: ItemId) -> BankItem:
    """Return a question with its versions, uses and statistics.

    Raises:
        NotFoundError: the bank has none of this id.
    """
    item = session.scalar(select(Item).where(Item.id == item_id))
    versions = session.scalars(
        select(ItemVersion)
        .where(ItemVersion.item_id == item_id)
        .order_by(ItemVersion.number.desc())
    ).all()
    if item is None or not versions:
        raise NotFoundError(phrase("There is no such question in the bank."))
    return BankItem(
        item_id=item_id,
        status=ItemStatus(item.status),
        versions=tuple(
            Version(
                id=one.id,
                number=one.number,
                item=items.read_item(one.content),
                created_at=one.created_at,
            )
            for one in versions
        ),
        uses=tuple(_uses(session, item_id)),
        statistics=item_statistics(session, [item_id]).get(item_id, _NONE),
    )


def _uses(session: Session, item_id: ItemId) -> list[Use]:
    placed = (
        select(func.count())
        .select_from(Placement)
        .where(
            Placement.edition_id == EditionItem.edition_id, Placement.resource_link_id.is_not(None)
        )
        .correlate(EditionItem)
        .scalar_subquery()
    )
    rows = session.execute(
        select(EditionItem, Edition, Assessment.title, ItemVersion.number, placed)
        .join(ItemVersion, ItemVersion.id == EditionItem.item_version_id)
        .join(Edition, Edition.id == EditionItem.edition_id)
        .join(Assessment, Assessment.id == Edition.assessment_id)
        .where(ItemVersion.item_id == item_id)
        .order_by(Assessment.title, Assessment.id, Edition.number.desc())
    )
    return [
        Use(
            assessment_id=edition.assessment_id,
            assessment=title,
            edition=edition.number,
            position=entry.position,
            points=entry.points,
            competency=entry.competency,
            version=version,
            placements=placements,
        )
        for entry, edition, title, version, placements in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDraft:
    """A draft into which a question can be taken. `has_it`: it is in there already."""

    assessment_id: AssessmentId
    title: str
    has_it: bool


def list_open_drafts(session: Session, item_id: ItemId) -> list[OpenDraft]:
    """Return the drafts that are begun, by the titles of their assessments."""
    has_it = (
        select(DraftItem.id)
        .where(DraftItem.draft_id == RulesDraft.id, DraftItem.item_id == item_id)
        .correlate(RulesDraft)
        .exists()
    )
    rows = session.execute(
        select(Assessment.id, Assessment.title, has_it)
        .join(RulesDraft, RulesDraft.assessment_id == Assessment.id)
        .order_by(Assessment.title, Assessment.id)
    )
    return [OpenDraft(assessment_id=row[0], title=row[1], has_it=row[2]) for row in rows]


def item_statistics(
    session: Session, item_ids: Sequence[ItemId]
) -> Mapping[ItemId, ItemStatistics]:
    """Return what first attempts tell of questions; those that nobody was asked are left out."""
    told = _answers(item_ids).subquery()
    rows = session.execute(
        select(
            told.c.item_id,
            func.count(),
            func.avg(told.c.share),
            func.stddev_samp(told.c.share),
            func.corr(told.c.share, told.c.rest),
        ).group_by(told.c.item_id)
    )
    return {
        row[0]: ItemStatistics(
            answers=row[1],
            mean=row[2],
            spread=None if row[3] is None else float(row[3]),
            discrimination=row[4],
        )
        for row in rows
    }


def _answers(item_ids: Sequence[ItemId]) -> Select[ItemId, float | Decimal, Decimal | None]:
    """Select for each first attempt that asked a question its share there, and of all the rest.

    The answer was given to the version that the attempt asked; what it is worth says the edition
    that the attempt is scored by. Who gave none has none of its points.
    """
    asked, counting, answered = (aliased(ItemVersion) for _ in range(3))
    given = (
        select(Response.attempt_id, answered.item_id, Response.points_earned)
        .join(answered, answered.id == Response.item_version_id)
        .where(answered.item_id.in_(item_ids))
        .subquery()
    )
    earned = func.coalesce(given.c.points_earned, 0)
    # A question alone has no rest.
    others = func.nullif(Attempt.points_possible - EditionItem.points, 0)
    was_asked = select(asked.id).where(
        asked.item_id == counting.item_id,
        Attempt.form.contains(
            func.jsonb_build_array(
                func.jsonb_build_object("item_version_id", cast(asked.id, String))
            )
        ),
    )
    return (
        select(
            counting.item_id,
            (earned / EditionItem.points).label("share"),
            ((Attempt.points_earned - earned) / others).label("rest"),
        )
        .select_from(Attempt)
        .join(
            EditionItem,
            EditionItem.edition_id == func.coalesce(Attempt.scored_by_id, Attempt.edition_id),
        )
        .join(counting, counting.id == EditionItem.item_version_id)
        .outerjoin(
            given, (given.c.attempt_id == Attempt.id) & (given.c.item_id == counting.item_id)
        )
        .where(
            counting.item_id.in_(item_ids),
            Attempt.number == 1,
            Attempt.submitted_at.is_not(None),
            Attempt.awaits_marking.is_(False),
            was_asked.correlate(Attempt, counting).exists(),
        )
    )
