"""Drafts of pathways: begun, composed by several people, undone, published."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from lti_tool.badges.models import Achievement
from lti_tool.badges.queries import get_achievement
from lti_tool.core import clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    AchievementId,
    InstitutionId,
    PathwayId,
    PathwayVersionId,
    new_id,
)
from lti_tool.core.language import phrase
from lti_tool.pathways import outline, queries, services, soundness
from lti_tool.pathways.errors import DraftChangedError, UnfitStepError, UnnamedDraftError
from lti_tool.pathways.expression import AllOf, from_json, to_json
from lti_tool.pathways.models import Draft, DraftStep, Pathway, PathwayVersion
from lti_tool.pathways.outline import Group
from lti_tool.pathways.services import PathwayDraft

MOST_DRAFTS = 200
MOST_CROWNS = 200  # to choose from in one list
# Steps that can be undone.
KEPT_STEPS = 30
LONGEST_TITLE = 200

# What makes a new tree of a draft's; None where that cannot be done.
Change = Callable[[Group], Group | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """A draft in a list.

    Attributes:
        title: of the pathway.
        number: of the version it may become.
    """

    draft: Draft
    title: str
    number: int


def tree_of(draft: Draft) -> Group:
    """Return a draft's tree."""
    return outline.as_group(from_json(draft.expression))


def get_draft(session: Session, draft_id: UUID, *, lock: bool = False) -> Draft:
    """Return a draft.

    Raises:
        NotFoundError: there is none of this id any more.
    """
    query = select(Draft).where(Draft.id == draft_id)
    draft = session.scalar(query.with_for_update() if lock else query)
    if draft is None:
        raise NotFoundError(phrase("There is no such draft: it was published, or thrown away."))
    return draft


def list_drafts(session: Session, pathway_id: PathwayId | None = None) -> list[DraftRow]:
    """Return the drafts of one pathway or of all, and of new ones, the last changed first."""
    newest = (
        select(func.max(PathwayVersion.number))
        .where(PathwayVersion.pathway_id == Draft.pathway_id)
        .scalar_subquery()
    )
    query = (
        select(Draft, func.coalesce(Pathway.title, Draft.title), func.coalesce(newest, 0) + 1)
        .outerjoin(Pathway, Pathway.id == Draft.pathway_id)
        .order_by(Draft.changed_at.desc(), Draft.id)
        .limit(MOST_DRAFTS)
    )
    if pathway_id is not None:
        query = query.where(Draft.pathway_id == pathway_id)
    return [
        DraftRow(draft=draft, title=title, number=number)
        for draft, title, number in session.execute(query)
    ]


def describe(session: Session, draft: Draft) -> DraftRow:
    """Return a draft with the pathway's name and the number it may come to."""
    if draft.pathway_id is None:
        return DraftRow(draft=draft, title=draft.title, number=1)
    pathway = queries.get_pathway(session, draft.pathway_id)
    newest = queries.get_newest_version(session, draft.pathway_id)
    return DraftRow(draft=draft, title=pathway.title, number=newest.number + 1)


def awarded_by(session: Session, draft: Draft) -> AchievementId | None:
    """Return what completing the pathway awards; None while that is not chosen."""
    if draft.pathway_id is None:
        return draft.achievement_id
    return queries.get_pathway(session, draft.pathway_id).achievement_id


def list_crowns(session: Session, chosen: AchievementId | None = None) -> list[Achievement]:
    """Return what a new pathway can award: no assessment and no other pathway leads to it.

    By name; of more than `MOST_CROWNS` the newest, and what was `chosen` before.
    """
    taken = select(Pathway.achievement_id)
    free = (
        select(Achievement)
        .where(Achievement.assessment_id.is_(None), Achievement.id.not_in(taken))
        .order_by((Achievement.id == chosen).desc().nulls_last(), Achievement.id.desc())
        .limit(MOST_CROWNS)
    )
    return sorted(session.scalars(free), key=lambda one: (one.name, one.id))


def begin(
    institution_id: InstitutionId,
    title: str,
    achievement_id: AchievementId | None,
    *,
    actor: Actor,
) -> UUID:
    """Begin a new pathway; return its draft.

    Raises:
        NotFoundError: there is no such achievement here.
    """
    with transaction(institution_id) as session:
        if achievement_id is not None:
            get_achievement(session, achievement_id)
        draft = _new(actor, AllOf(parts=()), title=title, achievement_id=achievement_id)
        session.add(draft)
    return draft.id


def begin_version(
    institution_id: InstitutionId,
    pathway_id: PathwayId,
    version_id: PathwayVersionId | None = None,
    *,
    actor: Actor,
) -> UUID:
    """Begin a pathway's next version from one of its versions, the newest if none is named.

    Raises:
        NotFoundError: there is no such pathway or version of it here.
    """
    with transaction(institution_id) as session:
        version = queries.get_newest_version(session, pathway_id)
        if version_id is not None:
            version = get_version(session, pathway_id, version_id)
        tree = outline.as_group(from_json(version.expression))
        draft = _new(actor, tree, pathway_id=pathway_id, began_from=version.number)
        session.add(draft)
    return draft.id


def get_version(
    session: Session, pathway_id: PathwayId, version_id: PathwayVersionId
) -> PathwayVersion:
    """Return a version of this pathway.

    Raises:
        NotFoundError: it has no such version.
    """
    version = queries.list_versions(session, [version_id]).get(version_id)
    if version is None or version.pathway_id != pathway_id:
        raise NotFoundError(phrase("This pathway has no such version."))
    return version


def _new(  # noqa: PLR0913 - what a draft consists of
    actor: Actor,
    tree: Group,
    *,
    title: str = "",
    achievement_id: AchievementId | None = None,
    pathway_id: PathwayId | None = None,
    began_from: int | None = None,
) -> Draft:
    return Draft(
        id=new_id(),
        pathway_id=pathway_id,
        title=title,
        achievement_id=achievement_id,
        began_from=began_from,
        expression=to_json(tree),
        changed_at=clock.now(),
        changed_by=actor.id,
    )


def name(  # noqa: PLR0913 - who names which draft, seen how
    institution_id: InstitutionId,
    draft_id: UUID,
    title: str,
    achievement_id: AchievementId | None,
    *,
    seen: int,
    actor: Actor,
) -> None:
    """Say what a new pathway is called, and what it awards.

    Raises:
        NotFoundError: there is no such draft or achievement here.
        DraftChangedError: somebody has changed it since `seen`.
        UnfitStepError: it is of a pathway that is published.
    """
    with transaction(institution_id) as session:
        draft = _seen(session, draft_id, seen)
        if draft.pathway_id is not None:
            raise UnfitStepError(
                phrase("The pathway is published: its name is among its settings.")
            )
        if achievement_id is not None:
            get_achievement(session, achievement_id)
        draft.title, draft.achievement_id = title, achievement_id
        _touch(draft, actor)


def change(
    institution_id: InstitutionId, draft_id: UUID, step: Change, *, seen: int, actor: Actor
) -> None:
    """Change a draft's tree.

    Raises:
        NotFoundError: there is no such draft here.
        DraftChangedError: somebody has changed it since `seen`.
        UnfitStepError: it cannot be changed so, or would become too large.
    """
    with transaction(institution_id) as session:
        draft = _seen(session, draft_id, seen)
        tree = step(tree_of(draft))
        if tree is None:
            raise UnfitStepError(
                phrase("The part is not there any more, or cannot be moved like this.")
            )
        if too_large := list(soundness.size_problems(tree)):
            raise UnfitStepError(too_large[0].text)
        document = to_json(tree)
        if document == draft.expression:
            return
        _keep_step(session, draft)
        draft.expression = document
        _touch(draft, actor)


def undo(institution_id: InstitutionId, draft_id: UUID, *, seen: int, actor: Actor) -> None:
    """Take back the last change of a draft's tree.

    Raises:
        NotFoundError: there is no such draft here.
        DraftChangedError: somebody has changed it since `seen`.
        UnfitStepError: there is nothing to take back.
    """
    with transaction(institution_id) as session:
        draft = _seen(session, draft_id, seen)
        last = session.scalar(
            select(DraftStep)
            .where(DraftStep.draft_id == draft_id)
            .order_by(DraftStep.version.desc())
            .limit(1)
        )
        if last is None:
            raise UnfitStepError(phrase("There is nothing to take back."))
        draft.expression = last.expression
        session.delete(last)
        _touch(draft, actor)


def can_undo(session: Session, draft_id: UUID) -> bool:
    """Tell whether there is a change to take back."""
    last = select(DraftStep.id).where(DraftStep.draft_id == draft_id).limit(1)
    return session.scalar(last) is not None


def discard(institution_id: InstitutionId, draft_id: UUID, *, seen: int) -> PathwayId | None:
    """Throw a draft away; return which pathway it was of.

    Raises:
        NotFoundError: there is no such draft here.
        DraftChangedError: somebody has changed it since `seen`.
    """
    with transaction(institution_id) as session:
        draft = _seen(session, draft_id, seen)
        session.delete(draft)
        return draft.pathway_id


def publish(
    institution_id: InstitutionId, draft_id: UUID, *, note: str, seen: int, actor: Actor
) -> PathwayId:
    """Publish a draft as a pathway's next version, or as a new pathway; the draft is gone then.

    The version has the draft's id: who publishes twice is told what the first time came to.

    Raises:
        NotFoundError: there is no such draft here.
        DraftChangedError: somebody has changed it since `seen`.
        UnnamedDraftError: it has no name, or it is not said what it awards.
        ImpossiblePathwayError: nobody could complete it.
        CyclicPathwayError: its achievement would be needed to earn itself.
        PathwayExistsError: another pathway leads to the achievement by now.
    """
    with transaction(institution_id) as session:
        try:
            draft = _seen(session, draft_id, seen)
        except NotFoundError:
            published = find_published(session, draft_id)
            if published is None:
                raise
            return published
        tree = tree_of(draft)
        pathway_id, version_id = draft.pathway_id, PathwayVersionId(draft.id)
        if pathway_id is not None:
            services.publish_version_within(
                session, pathway_id, tree, note=note, actor=actor, version_id=version_id
            )
        else:
            if draft.achievement_id is None or not draft.title:
                raise UnnamedDraftError(
                    phrase("Say first what the pathway is called and what it awards.")
                )
            new = PathwayDraft(
                title=draft.title, achievement_id=draft.achievement_id, expression=tree
            )
            pathway_id = services.publish_within(
                session, new, note=note, actor=actor, version_id=version_id
            )
        session.delete(draft)
        return pathway_id


def find_published(session: Session, draft_id: UUID) -> PathwayId | None:
    """Return the pathway of which a draft became a version, or None."""
    return session.scalar(select(PathwayVersion.pathway_id).where(PathwayVersion.id == draft_id))


def _seen(session: Session, draft_id: UUID, seen: int) -> Draft:
    draft = get_draft(session, draft_id, lock=True)
    if draft.version != seen:
        raise DraftChangedError
    return draft


def _keep_step(session: Session, draft: Draft) -> None:
    session.add(
        DraftStep(
            id=new_id(), draft_id=draft.id, version=draft.version, expression=draft.expression
        )
    )
    session.flush()  # counted below
    kept = (
        select(DraftStep.id)
        .where(DraftStep.draft_id == draft.id)
        .order_by(DraftStep.version.desc())
        .limit(KEPT_STEPS)
    )
    session.execute(
        delete(DraftStep).where(DraftStep.draft_id == draft.id, DraftStep.id.not_in(kept))
    )


def _touch(draft: Draft, actor: Actor) -> None:
    draft.version += 1
    draft.changed_at, draft.changed_by = clock.now(), actor.id
