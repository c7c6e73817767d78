"""What pages about the rules of a pathway show: a draft or a version, checked, with its words."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.badges.models import Achievement
from lti_tool.core.ids import AchievementId, PathwayId, PathwayVersionId
from lti_tool.core.language import phrase
from lti_tool.pathways import asking, checking, drafting, filling, graph, outline, queries
from lti_tool.pathways.checking import Checked
from lti_tool.pathways.drafting import DraftRow
from lti_tool.pathways.errors import UnknownAchievementError
from lti_tool.pathways.expression import Earn, Requirement, from_json, named, stones
from lti_tool.pathways.graph import Graph
from lti_tool.pathways.models import Draft, Pathway, PathwayVersion, Progress
from lti_tool.pathways.outline import Step
from lti_tool.pathways.soundness import Problem
from lti_tool.people.queries import list_staff_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A draft as the editor shows it.

    Attributes:
        by_pathway: titles of the pathways that award some of what is asked for.
        crown: the name of what completing it awards; None while that is not chosen.
        steps: by id of a part, where it can be moved.
    """

    draft: Draft
    row: DraftRow
    checked: Checked
    by_pathway: Mapping[AchievementId, str]
    crown: str | None
    steps: Mapping[UUID, tuple[Step, ...]]
    can_undo: bool

    def problems_at(self, part_id: UUID) -> list[Problem]:
        """Return what is wrong with one part."""
        return [one for one in self.checked.all_problems if one.at == part_id]

    def hints_at(self, part_id: UUID) -> list[Problem]:
        """Return what should be known of one part."""
        return [one for one in self.checked.hints if one.at == part_id]

    def title_of(self, part_id: UUID) -> str:
        """Return what a part is called."""
        node = outline.find(self.checked.tree, part_id)
        return asking.title_of(node, self.checked.names) if node is not None else ""

    @property
    def marks(self) -> dict[UUID, str]:
        """Return which parts of the graph have something to mend."""
        return {one.at: "bad" for one in self.checked.all_problems if one.at is not None}

    @property
    def can_be_published(self) -> bool:
        """Tell whether nothing is missing or wrong."""
        return self.checked.is_fit and self.crown is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An achievement that can be asked for; `pathway`: which pathway awards it, if one does."""

    achievement: Achievement
    pathway: str | None

    @property
    def level(self) -> str | None:
        """Return its level in the issuer's words."""
        level = self.achievement.details.get("level")
        return str(level) if level else None


def compose(session: Session, draft: Draft) -> Composed:
    """Return a draft as the editor shows it."""
    awarded = drafting.awarded_by(session, draft)
    checked = checking.check(session, awarded, drafting.tree_of(draft))
    crown = queries.achievement_names(session, [awarded]).get(awarded) if awarded else None
    return Composed(
        draft=draft,
        row=drafting.describe(session, draft),
        checked=checked,
        by_pathway=titles_by_award(session, checked.names),
        crown=crown,
        steps={place.node.id: place.steps for place in outline.places(checked.tree)},
        can_undo=drafting.can_undo(session, draft.id),
    )


def titles_by_award(
    session: Session, achievement_ids: Collection[AchievementId]
) -> dict[AchievementId, str]:
    """Return the titles of the pathways that award these achievements."""
    rows = session.execute(
        select(Pathway.achievement_id, Pathway.title).where(
            Pathway.achievement_id.in_(achievement_ids)
        )
    )
    return dict(rows.all())


def changers(session: Session, drafts: Iterable[Draft]) -> dict[UUID, str]:
    """Return the names of who changed these drafts last."""
    return list_staff_names(session, {one.changed_by for one in drafts if one.changed_by})


def search(session: Session, words: str, *, limit: int) -> list[Found]:
    """Return achievements whose name has all of these words, by name."""
    query = select(Achievement, Pathway.title).outerjoin(
        Pathway, Pathway.achievement_id == Achievement.id
    )
    for word in words.split()[:10]:
        query = query.where(Achievement.name.icontains(word, autoescape=True))
    rows = session.execute(query.order_by(Achievement.name, Achievement.id).limit(limit))
    return [Found(achievement=one, pathway=title) for one, title in rows]


def list_beside(
    session: Session, composed: Composed, stone: Earn, needs: Collection[UUID], words: str
) -> list[tuple[AchievementId, str]]:
    """Return what a stone could need beside it: other stones, what it needs, what is searched."""
    checked = composed.checked
    known = {one.achievement_id for one in stones(checked.tree)} | set(map(AchievementId, needs))
    names = queries.achievement_names(session, known)
    if words:
        names |= {
            one.achievement.id: one.achievement.name for one in search(session, words, limit=20)
        }
    names.pop(stone.achievement_id, None)
    return sorted(names.items(), key=lambda pair: (pair[1], pair[0]))


def refuse_unknown(session: Session, achievement_ids: Collection[UUID]) -> None:
    """Refuse what is not published here.

    Raises:
        UnknownAchievementError: one of them is not.
    """
    wanted = set(map(AchievementId, achievement_ids))
    if unknown := wanted - queries.achievement_names(session, wanted).keys():
        raise UnknownAchievementError(
            phrase(
                "There is no achievement %(unknown)s.",
                unknown=min(unknown),
            )
        )


def names_of(session: Session, achievement_ids: Collection[AchievementId]) -> list[str]:
    """Return the names of achievements, in order."""
    return sorted(queries.achievement_names(session, achievement_ids).values())


def compare(
    session: Session, node: Requirement, values: Mapping[str, str], needs: Collection[UUID]
) -> list[tuple[str, str, str]]:
    """Return the fields in which a part differs from what was typed: label, stored, typed."""
    if isinstance(node, Earn):
        stored = filling.stone_values(node)
        wanted = set(map(AchievementId, needs))
        stored["needs"] = ", ".join(names_of(session, node.needs))
        typed = {**values, "needs": ", ".join(names_of(session, wanted))}
    else:
        stored, typed = filling.group_values(node), dict(values)
    return [
        (_LABELS.get(name, phrase("Credits of a kind")), stored.get(name, ""), typed.get(name, ""))
        for name in dict.fromkeys([*stored, *(one for one in typed if one.startswith("kind_"))])
        if stored.get(name, "") != typed.get(name, "").strip()
    ]


_LABELS = {
    "credit_kind": phrase("Kind of credits"),
    "grade": phrase("Grade at least, in percent"),
    "level": phrase("Level at least"),
    "days": phrase("Days for which it counts"),
    "counts_expired": phrase("Counts on after it has expired"),
    "needs": phrase("Counts only beside"),
    "kind": phrase("What is asked for"),
    "title": phrase("Title"),
    "choose": phrase("How many"),
    "exclusive": phrase("Each stone counts once"),
    "credits": phrase("Credits"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version in the list of a pathway's; `people`: how many are on it."""

    version: PathwayVersion
    people: int
    published_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownVersion:
    """One version of a pathway, and the list of all."""

    pathway: Pathway
    version: PathwayVersion
    is_newest: bool
    crown: str
    tree: outline.Group
    names: Mapping[AchievementId, str]
    by_pathway: Mapping[AchievementId, str]
    picture: Graph
    versions: tuple[VersionRow, ...]

    @property
    def others(self) -> list[tuple[str, str]]:
        """Return the other versions that people are on, for a choice; none if nobody is."""
        rows = [row for row in self.versions if row.people and row.version.id != self.version.id]
        told = [
            (str(row.version.id), phrase("Version %(number)s", number=row.version.number))
            for row in rows
        ]
        return [("", phrase("Every other version")), *told] if told else []


def show_version(
    session: Session,
    pathway_id: PathwayId,
    version_id: UUID | None = None,
    *,
    say: Callable[[str], str] = str,
) -> ShownVersion:
    """Return a version of a pathway, the newest unless another is named.

    Its picture is drawn in the words of `say`.

    Raises:
        NotFoundError: there is no such pathway, or no such version of it.
    """
    pathway = queries.get_pathway(session, pathway_id)
    newest = queries.get_newest_version(session, pathway_id)
    version = newest
    if version_id is not None:
        version = drafting.get_version(session, pathway_id, PathwayVersionId(version_id))
    tree = outline.as_group(from_json(version.expression))
    names = queries.achievement_names(session, named(tree) | {pathway.achievement_id})
    by_pathway = titles_by_award(session, names)
    return ShownVersion(
        pathway=pathway,
        version=version,
        is_newest=version.id == newest.id,
        crown=names[pathway.achievement_id],
        tree=tree,
        names=names,
        by_pathway=by_pathway,
        picture=graph.draw(tree, names, by_pathway, say),
        versions=tuple(list_version_rows(session, pathway_id)),
    )


def list_version_rows(session: Session, pathway_id: PathwayId) -> list[VersionRow]:
    """Return a pathway's versions with how many people are on each, the newest first."""
    people = dict(
        session.execute(
            select(Progress.version_id, func.count())
            .where(Progress.pathway_id == pathway_id)
            .group_by(Progress.version_id)
        ).all()
    )
    rows = session.scalars(
        select(PathwayVersion)
        .where(PathwayVersion.pathway_id == pathway_id)
        .order_by(PathwayVersion.number.desc())
    ).all()
    staff = list_staff_names(session, {one.published_by for one in rows if one.published_by})
    return [
        VersionRow(
            version=one,
            people=people.get(one.id, 0),
            published_by=staff.get(one.published_by) if one.published_by else None,
        )
        for one in rows
    ]
