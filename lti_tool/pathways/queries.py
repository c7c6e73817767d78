"""Reads of pathways and of where people stand on them. Screens read the rows kept per award."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from lti_tool.badges.models import Achievement, Award
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId, PathwayId, PathwayVersionId, PersonId
from lti_tool.core.language import phrase
from lti_tool.pathways import expression as trees
from lti_tool.pathways import rules
from lti_tool.pathways.expression import Earn, Requirement, from_json
from lti_tool.pathways.facts import Facts, facts_of
from lti_tool.pathways.models import (
    Completion,
    Pathway,
    PathwayRuling,
    PathwayStone,
    PathwayVersion,
    Progress,
)
from lti_tool.pathways.stand import LapsePolicy, Stand, stand
from lti_tool.pathways.standing import (
    LearnerRow,
    PathwayHead,
    PathwayOverview,
    PathwayStanding,
    Stone,
)
from lti_tool.pathways.which import (
    COMPLETED,
    EVERYBODY,
    LAPSED,
    ONE_AWAY,
    Which,
    conditions,
)


def get_pathway(session: Session, pathway_id: PathwayId) -> Pathway:
    """Return a pathway.

    Raises:
        NotFoundError: this institution has none of that id.
    """
    pathway = session.scalar(select(Pathway).where(Pathway.id == pathway_id))
    if pathway is None:
        raise NotFoundError(phrase("There is no such pathway."))
    return pathway


def get_newest_version(session: Session, pathway_id: PathwayId) -> PathwayVersion:
    """Return the version that newcomers begin.

    Raises:
        NotFoundError: this institution has no such pathway.
    """
    version = session.scalar(
        select(PathwayVersion)
        .where(PathwayVersion.pathway_id == pathway_id)
        .order_by(PathwayVersion.number.desc())
        .limit(1)
    )
    if version is None:
        raise NotFoundError(phrase("There is no such pathway."))
    return version


def list_versions(
    session: Session, version_ids: Collection[PathwayVersionId]
) -> dict[PathwayVersionId, PathwayVersion]:
    """Return these versions by id."""
    return {
        version.id: version
        for version in session.scalars(
            select(PathwayVersion).where(PathwayVersion.id.in_(version_ids))
        )
    }


def is_newest() -> ColumnElement[bool]:
    """Return the condition that a row of pathway_versions is its pathway's newest."""
    later = aliased(PathwayVersion)
    return ~exists().where(
        later.pathway_id == PathwayVersion.pathway_id, later.number > PathwayVersion.number
    )


def list_pathways_of(
    session: Session, person_id: PersonId, achievement_id: AchievementId
) -> list[PathwayId]:
    """Return the pathways on which an achievement counts for this person, in order of id.

    Decisive is the version the person is on, or for newcomers the newest; and the decisions by
    which an award of this achievement stands in another's place.
    """
    named = (
        select(PathwayVersion.pathway_id)
        .join(PathwayStone, PathwayStone.version_id == PathwayVersion.id)
        .outerjoin(
            Progress,
            and_(
                Progress.pathway_id == PathwayVersion.pathway_id,
                Progress.person_id == person_id,
            ),
        )
        .where(
            PathwayStone.achievement_id == achievement_id,
            or_(
                Progress.version_id == PathwayVersion.id,
                and_(Progress.id.is_(None), is_newest()),
            ),
        )
    )
    # A decision may name a duplicate: it is of the same achievement as the award that counts.
    decided = (
        select(PathwayRuling.pathway_id)
        .join(Award, Award.id == PathwayRuling.award_id)
        .where(
            PathwayRuling.person_id == person_id,
            PathwayRuling.undone_at.is_(None),
            Award.achievement_id == achievement_id,
        )
    )
    return sorted(session.scalars(named.union(decided)))


def list_all_pathways_of(session: Session, person_id: PersonId) -> list[PathwayId]:
    """Return the pathways a person is on, and those their awards would bring them on, by id."""
    begun = select(Progress.pathway_id).where(Progress.person_id == person_id)
    named = (
        select(PathwayVersion.pathway_id)
        .join(PathwayStone, PathwayStone.version_id == PathwayVersion.id)
        .join(Award, Award.achievement_id == PathwayStone.achievement_id)
        .where(
            Award.person_id == person_id,
            Award.withdrawn_at.is_(None),
            Award.duplicate_of_id.is_(None),
            is_newest(),
        )
    )
    return sorted(session.scalars(begun.union(named)))


def list_newcomers(session: Session, pathway_id: PathwayId, *, limit: int) -> list[PersonId]:
    """Return people who hold what the newest version names and have no progress row yet."""
    version = get_newest_version(session, pathway_id)
    known = exists().where(Progress.pathway_id == pathway_id, Progress.person_id == Award.person_id)
    return list(
        session.scalars(
            select(Award.person_id)
            .join(PathwayStone, PathwayStone.achievement_id == Award.achievement_id)
            .where(
                PathwayStone.version_id == version.id,
                PathwayStone.is_beside.is_(False),
                Award.withdrawn_at.is_(None),
                ~known,
            )
            .distinct()
            .order_by(Award.person_id)
            .limit(limit)
        )
    )


def find_open_completion(
    session: Session, pathway_id: PathwayId, person_id: PersonId
) -> Completion | None:
    """Return the completion that has not lapsed, or None."""
    return session.scalar(
        select(Completion).where(
            Completion.pathway_id == pathway_id,
            Completion.person_id == person_id,
            Completion.lapsed_at.is_(None),
        )
    )


def list_needs(session: Session) -> dict[AchievementId, set[AchievementId]]:
    """Return, per achievement that a pathway awards, what any of its versions names."""
    needs: dict[AchievementId, set[AchievementId]] = defaultdict(set)
    for awarded, named in session.execute(
        select(Pathway.achievement_id, PathwayStone.achievement_id)
        .join(PathwayVersion, PathwayVersion.pathway_id == Pathway.id)
        .join(PathwayStone, PathwayStone.version_id == PathwayVersion.id)
    ):
        needs[awarded].add(named)
    return needs


def list_progress(session: Session, person_id: PersonId) -> list[PathwayStanding]:
    """Return where a person stands on every pathway they are on, the nearest first."""
    rows = session.execute(
        select(Progress, PathwayVersion, Pathway, Achievement.name)
        .join(PathwayVersion, PathwayVersion.id == Progress.version_id)
        .join(Pathway, Pathway.id == Progress.pathway_id)
        .join(Achievement, Achievement.id == Pathway.achievement_id)
        .where(Progress.person_id == person_id)
        .order_by(Progress.missing, Pathway.title, Pathway.id)
    ).all()
    expressions = {version.id: from_json(version.expression) for _, version, _, _ in rows}
    facts = {
        version.id: facts_of(session, pathway, expressions[version.id], [person_id])[person_id]
        for _, version, pathway, _ in rows
    }
    # What counts in another's place is none of those that the expressions name.
    held = {award.achievement_id for own in facts.values() for award in own.held}
    asked_for = {known for tree in expressions.values() for known in trees.named(tree)}
    names = achievement_names(session, held | asked_for)
    return [
        _standing(progress, version, pathway, achievement_name, facts[version.id], names)
        for progress, version, pathway, achievement_name in rows
    ]


def _standing(  # noqa: PLR0913, PLR0917 - the rows it is made of
    progress: Progress,
    version: PathwayVersion,
    pathway: Pathway,
    achievement_name: str,
    facts: Facts,
    names: dict[AchievementId, str],
) -> PathwayStanding:
    expression = from_json(version.expression)
    evaluation = judged(pathway, expression, facts).evaluation
    awards = {award.award_id: award for award in facts.held}
    return PathwayStanding(
        pathway_id=pathway.id,
        title=pathway.title,
        achievement_id=pathway.achievement_id,
        achievement_name=achievement_name,
        version_number=version.number,
        share=progress.share,
        missing=progress.missing,
        stones_needed=version.stones,
        completed_at=progress.completed_at,
        stones=tuple(
            Stone(
                requirement_id=leaf.requirement.id,
                achievement_id=leaf.requirement.achievement_id,
                name=names[leaf.requirement.achievement_id],
                awarded_at=leaf.since,
                is_nearest=leaf.requirement.achievement_id in evaluation.nearest,
            )
            for leaf in rules.leaves(evaluation.reasons)
            if isinstance(leaf.requirement, Earn)
        ),
        evaluation=evaluation,
        awards=awards,
        names=names,
    )


def judged(pathway: Pathway, expression: Requirement, facts: Facts) -> Stand:
    """Return where somebody stands now by a pathway's policy."""
    policy = LapsePolicy(pathway.lapse_policy)
    return stand(expression, facts.held, facts.judged_at, policy, facts.rulings)


def list_learners(
    session: Session,
    pathway_id: PathwayId,
    which: Which = EVERYBODY,
    *,
    after: tuple[int, PersonId] | None = None,
    limit: int = 25,
) -> list[LearnerRow]:
    """Return a page of the people on a pathway: completed first, then the nearest.

    The next page comes `after` the `key` of this one's last row.
    """
    page = (
        select(Progress, PathwayVersion)
        .join(PathwayVersion, PathwayVersion.id == Progress.version_id)
        .where(Progress.pathway_id == pathway_id, *conditions(which))
        .order_by(Progress.missing, Progress.person_id)
        .limit(limit)
    )
    if after is not None:
        page = page.where(tuple_(Progress.missing, Progress.person_id) > tuple_(*after))
    rows = session.execute(page).all()
    versions = {version.id: version for _, version in rows}
    expressions = {key: from_json(version.expression) for key, version in versions.items()}
    names = _names(session, expressions.values())
    facts = _facts_by_version(session, pathway_id, expressions, [progress for progress, _ in rows])
    learners = []
    for progress, version in rows:
        pathway, own = facts[progress.person_id]
        evaluation = judged(pathway, expressions[version.id], own).evaluation
        learners.append(
            LearnerRow(
                person_id=progress.person_id,
                version_number=version.number,
                share=progress.share,
                missing=progress.missing,
                stones_needed=version.stones,
                completed_at=progress.completed_at,
                quiet_since=progress.quiet_since,
                nearest=tuple(names[known] for known in evaluation.nearest),
            )
        )
    return learners


def list_people_in(
    session: Session,
    pathway_id: PathwayId,
    which: Which = EVERYBODY,
    *,
    after: PersonId | None = None,
    limit: int | None = None,
) -> list[PersonId]:
    """Return who is on a pathway, in order of id; all of them, or a page `after` one."""
    return list(
        session.scalars(
            select(Progress.person_id)
            .where(
                Progress.pathway_id == pathway_id,
                true() if after is None else Progress.person_id > after,
                *conditions(which),
            )
            .order_by(Progress.person_id)
            .limit(limit)
        )
    )


def get_head(session: Session, pathway_id: PathwayId) -> PathwayHead:
    """Return what heads the pages of a pathway.

    Raises:
        NotFoundError: there is no such pathway here.
    """
    row = session.execute(
        select(Pathway, Achievement.name, PathwayVersion.number, PathwayVersion.stones)
        .join(Achievement, Achievement.id == Pathway.achievement_id)
        .join(PathwayVersion, and_(PathwayVersion.pathway_id == Pathway.id, is_newest()))
        .where(Pathway.id == pathway_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(phrase("There is no such pathway."))
    return PathwayHead(
        pathway_id=row.Pathway.id,
        title=row.Pathway.title,
        achievement_name=row.name,
        version_number=row.number,
        stones_needed=row.stones,
        created_at=row.Pathway.created_at,
    )


def pathway_overview(
    session: Session, pathway_id: PathwayId | None = None
) -> list[PathwayOverview]:
    """Return every pathway with its counts, by title; or this one alone, if it is there."""
    counts = (
        select(
            Progress.pathway_id,
            func.count().label("learners"),
            func.count().filter(ONE_AWAY).label("one_away"),
            func.count().filter(COMPLETED).label("completed"),
            func.count().filter(LAPSED).label("lapsed"),
        )
        .where(true() if pathway_id is None else Progress.pathway_id == pathway_id)
        .group_by(Progress.pathway_id)
        .subquery()
    )
    query = (
        select(Pathway, Achievement.name, PathwayVersion.number, PathwayVersion.stones, counts)
        .join(Achievement, Achievement.id == Pathway.achievement_id)
        .join(PathwayVersion, and_(PathwayVersion.pathway_id == Pathway.id, is_newest()))
        .outerjoin(counts, counts.c.pathway_id == Pathway.id)
        .order_by(Pathway.title, Pathway.id)
    )
    if pathway_id is not None:
        query = query.where(Pathway.id == pathway_id)
    return [
        PathwayOverview(
            pathway_id=row.Pathway.id,
            title=row.Pathway.title,
            achievement_id=row.Pathway.achievement_id,
            achievement_name=row.name,
            version_number=row.number,
            stones_needed=row.stones,
            learners=row.learners or 0,
            one_away=row.one_away or 0,
            completed=row.completed or 0,
            lapsed=row.lapsed or 0,
        )
        for row in session.execute(query)
    ]


def _facts_by_version(
    session: Session,
    pathway_id: PathwayId,
    expressions: Mapping[PathwayVersionId, Requirement],
    rows: Iterable[Progress],
) -> dict[PersonId, tuple[Pathway, Facts]]:
    people: dict[PathwayVersionId, list[PersonId]] = defaultdict(list)
    for progress in rows:
        people[progress.version_id].append(progress.person_id)
    if not people:
        return {}
    pathway = get_pathway(session, pathway_id)
    return {
        person_id: (pathway, own)
        for version_id, own_people in people.items()
        for person_id, own in facts_of(
            session, pathway, expressions[version_id], own_people
        ).items()
    }


def achievement_names(
    session: Session, achievement_ids: Collection[AchievementId]
) -> dict[AchievementId, str]:
    """Return the names of achievements."""
    rows = session.execute(
        select(Achievement.id, Achievement.name).where(Achievement.id.in_(achievement_ids))
    )
    return dict(rows.all())


def _names(session: Session, expressions: Iterable[Requirement]) -> dict[AchievementId, str]:
    asked_for = {known for tree in expressions for known in trees.named(tree)}
    return achievement_names(session, asked_for)
