"""Reads that join assessments, badges, grades and people for the instructor's pages."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.assessments import queries as assessments
from lti_tool.assessments.models import Attempt, Edition, Placement, PlacementResult
from lti_tool.assessments.queries import EditionSummary
from lti_tool.badges import queries as badges
from lti_tool.badges.issuer import image_path
from lti_tool.core.ids import AssessmentId, ContextId, InstitutionId, PathwayId, UserId
from lti_tool.grading import queries as grading
from lti_tool.grading.queries import ScoreRow
from lti_tool.instructor.errors import NothingPlacedError, NothingToReviewError
from lti_tool.launch.models import Launch
from lti_tool.launch.rules import roles_of
from lti_tool.launch.session import CurrentLaunch
from lti_tool.pathways.expression import from_json, stones
from lti_tool.pathways.models import Pathway, PathwayVersion
from lti_tool.pathways.queries import is_newest
from lti_tool.people.rules import Role
from lti_tool.platforms.models import Context, Deployment, ResourceLink, User
from lti_tool.platforms.nrps import Member
from lti_tool.platforms.rosters import KnownRoster, find_roster


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosable:
    """An assessment in the picker.

    Attributes:
        image_path: of the badge that passing earns; None: it earns none.
        placed_as: what it is called where this course has it already.
    """

    edition: EditionSummary
    image_path: str | None
    placed_as: tuple[str, ...]
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """Where one learner is at a placement, and where the score is on its way.

    Attributes:
        result: None until an attempt has ended.
        score: None without a result, where the link has no gradebook column, and for the moment
            until the result was heard of.
        has_column: the link has a gradebook column.
        has_left: the platform's list of members no longer has them.
        is_learner: by that list; whoever is none cannot be graded there. True if not known.
        late: answers that came after the end and wait for a decision.
        to_mark: attempts that wait for a person.
        is_unmarked: the answers of one are gone, and were not marked: the result is no final one.
        time_used: in the attempt that ended last.
    """

    user_id: UserId
    name: str | None
    attempts: int
    is_open: bool
    last_submitted_at: datetime | None
    result: PlacementResult | None
    score: ScoreRow | None
    has_column: bool
    has_left: bool = False
    is_learner: bool = True
    late: int = 0
    to_mark: int = 0
    is_unmarked: bool = False
    time_used: timedelta | None = None

    @property
    def state(self) -> str:
        """Return the word by which the list is filtered."""
        if self.score is None:
            is_final = not self.to_mark and not self.is_unmarked
            is_due = self.has_column and self.result is not None and is_final
            return "on_its_way" if is_due else "none"
        state = self.score.state
        return "on_its_way" if state == grading.SyncState.TRYING_AGAIN else state.value

    @property
    def standing(self) -> str:
        """Return the word for what the attempts came to; a pass stands, whatever is marked yet."""
        if self.result is not None and self.result.passed:
            return "passed"
        if self.to_mark:
            return "waiting"
        if self.result is not None:
            return "unmarked" if self.is_unmarked else "not_passed"
        return "open" if self.is_open else "none"

    def is_among(self, group: str) -> bool:
        """Tell whether the learner belongs to those that the list is filtered for."""
        belongs = {
            "": True,
            "waiting": self.to_mark > 0,
            "open": self.is_open,
            "late": self.late > 0,
        }
        return belongs.get(group, self.standing == group)


def find_placement(session: Session, here: CurrentLaunch) -> Placement | None:
    """Return the placement behind the link that was opened, if it stands for one."""
    if here.resource_link_id is None:
        return None
    return assessments.find_placement_of_link(session, here.resource_link_id)


def get_placement(session: Session, here: CurrentLaunch) -> Placement:
    """Return the placement behind the link that was opened.

    Raises:
        NothingPlacedError: it stands for none.
    """
    found = find_placement(session, here)
    if found is None:
        raise NothingPlacedError
    return found


def find_course_title(session: Session, context_id: ContextId | None) -> str | None:
    """Return what the platform calls the course."""
    return session.scalar(select(Context.title).where(Context.id == context_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayChoice:
    """A pathway, and the assessments whose badges count on it, in its own order."""

    pathway_id: PathwayId
    title: str
    assessment_ids: tuple[AssessmentId, ...]

    def place_of(self, edition: EditionSummary) -> int:
        """Return where an assessment comes on it; what does not count comes last."""
        if edition.assessment_id in self.assessment_ids:
            return self.assessment_ids.index(edition.assessment_id)
        return len(self.assessment_ids)


def list_competencies(session: Session) -> list[str]:
    """Return every competency that something published shows, in the order of the alphabet."""
    named = {
        competency
        for edition in assessments.list_published_editions(session)
        for competency in edition.competencies
    }
    return sorted(named, key=str.casefold)


def list_pathways(session: Session) -> list[PathwayChoice]:
    """Return the pathways on which something that can be placed counts, by title."""
    rows = session.execute(
        select(Pathway.id, Pathway.title, PathwayVersion.expression)
        .join(PathwayVersion, PathwayVersion.pathway_id == Pathway.id)
        .where(is_newest())
        .order_by(Pathway.title, Pathway.id)
    )
    proven_by: dict[UUID, AssessmentId] = {
        achievement.id: achievement.assessment_id
        for achievement in badges.list_achievements(session)
        if achievement.assessment_id is not None
    }
    found = []
    for pathway_id, title, expression in rows:
        leaves = list(stones(from_json(expression)))
        wanted = [leaf.achievement_id for leaf in leaves]
        wanted += sorted({need for leaf in leaves for need in leaf.needs})
        placeable = dict.fromkeys(proven_by[one] for one in wanted if one in proven_by)
        if placeable:
            found.append(
                PathwayChoice(pathway_id=pathway_id, title=title, assessment_ids=tuple(placeable))
            )
    return found


def list_pictures(session: Session, institution_id: InstitutionId) -> dict[AssessmentId, str]:
    """Return the path of the picture of the badge that each assessment earns."""
    slug = badges.get_issuer_of(session, institution_id).slug
    return {
        achievement.assessment_id: image_path(slug, achievement.id, achievement.edition)
        for achievement in badges.list_achievements(session)
        if achievement.assessment_id is not None
    }


def find_learner(session: Session, of_user: UserId, subject: str) -> User | None:
    """Return whom the platform of `of_user` calls `subject`; None if they never came here."""
    issuer = select(User.issuer).where(User.id == of_user).scalar_subquery()
    return session.scalar(select(User).where(User.issuer == issuer, User.subject == subject))


def get_learner(
    session: Session, here: CurrentLaunch, placement: Placement, user_id: UserId
) -> User:
    """Return somebody of the course: who opened the activity, began there, or is on its list.

    Raises:
        NothingToReviewError: the course knows nobody of this id.
    """
    user = session.scalar(select(User).where(User.id == user_id))
    if user is None:
        raise NothingToReviewError
    subjects = {one.subject for one in find_roster(session, placement.context_id).members}
    opened = select(Launch.id).where(
        Launch.user_id == user_id, Launch.resource_link_id == here.resource_link_id
    )
    issuer = session.scalar(select(User.issuer).where(User.id == here.user_id))
    is_known = (
        bool(assessments.list_attempts(session, placement.id, user_id))
        or bool(assessments.list_deleted(session, placement.id, user_id))
        or (user.issuer == issuer and user.subject in subjects)
        or bool(session.scalar(select(opened.exists())))
    )
    if not is_known:
        raise NothingToReviewError
    return user


def list_choosable(  # noqa: PLR0913 - the filters of one form
    session: Session,
    institution_id: InstitutionId,
    *,
    context_id: ContextId | None,
    words: str,
    chosen: Collection[UUID],
    competency: str = "",
    pathway: PathwayChoice | None = None,
) -> list[Choosable]:
    """Return what can be placed: the chosen ones first, then what matches.

    Each by title, or as they come on the pathway that is asked for.

    Args:
        session: of the institution.
        institution_id: whose.
        context_id: the course it would be placed in.
        words: part of a title, summary or competency, in any case; empty for all.
        chosen: editions ticked before.
        competency: only what shows it; empty for all.
        pathway: only what counts on it.
    """
    pictures = list_pictures(session, institution_id)
    placed = _placed(session, context_id)
    wanted = words.casefold()
    found = [
        Choosable(
            edition=edition,
            image_path=pictures.get(edition.assessment_id),
            placed_as=tuple(placed[edition.assessment_id]),
            chosen=edition.edition_id in chosen,
        )
        for edition in assessments.list_published_editions(session)
        if edition.edition_id in chosen
        or (
            _matches(edition, wanted)
            and (not competency or competency in edition.competencies)
            and (pathway is None or edition.assessment_id in pathway.assessment_ids)
        )
    ]
    return sorted(
        found,
        key=lambda one: (not one.chosen, pathway.place_of(one.edition) if pathway else 0),
    )


def _matches(edition: EditionSummary, wanted: str) -> bool:
    texts = (edition.title, edition.summary, *edition.competencies)
    return any(wanted in text.casefold() for text in texts)


def _placed(session: Session, context_id: ContextId | None) -> dict[AssessmentId, list[str]]:
    """Return under which titles a course has which assessment. Bound ones: others were given up."""
    titles: dict[AssessmentId, list[str]] = defaultdict(list)
    rows = session.execute(
        select(Edition.assessment_id, Placement.title)
        .join(Edition, Edition.id == Placement.edition_id)
        .where(Placement.context_id == context_id, Placement.resource_link_id.is_not(None))
        .order_by(Placement.created_at, Placement.id)
    )
    for assessment_id, title in rows:
        titles[assessment_id].append(title)
    return titles


def list_results(
    session: Session, placement: Placement, roster: KnownRoster | None = None
) -> list[ResultRow]:
    """Return everybody who has begun, by name; who has none comes last.

    Who has no attempt any more is among them until the gradebook has cleared the grade.

    Args:
        session: of the institution.
        placement: whose results.
        roster: of its course; without a whole one nobody is said to have left.
    """
    members = {member.subject: member for member in roster.members} if roster else {}
    standings = assessments.list_results(session, placement.id)
    late = assessments.count_late(session, placement.id)
    scores = {row.user_id: row for row in grading.list_scores(session, placement.id)}
    begun = {one.user_id for one in standings}
    standings += [
        assessments.LearnerStanding(user_id=user_id)
        for user_id, score in scores.items()
        if user_id not in begun and score.is_to_be_cleared
    ]
    column = session.scalar(
        select(ResourceLink.line_item_url).where(ResourceLink.id == placement.resource_link_id)
    )
    users = {
        user.id: user
        for user in session.scalars(
            select(User).where(User.id.in_([one.user_id for one in standings]))
        )
    }
    role_map = _role_map(session, placement.context_id)
    rows = [
        ResultRow(
            user_id=one.user_id,
            name=users[one.user_id].name,
            attempts=one.attempts,
            is_open=one.is_open,
            last_submitted_at=one.last_submitted_at,
            result=one.result,
            score=scores.get(one.user_id),
            has_column=bool(column),
            late=late.get(one.user_id, 0),
            to_mark=one.to_mark,
            is_unmarked=one.is_unmarked,
            time_used=one.time_used,
            has_left=bool(members) and not _is_here(members.get(users[one.user_id].subject)),
            is_learner=_is_learner(members.get(users[one.user_id].subject), role_map),
        )
        for one in standings
    ]
    return sorted(rows, key=lambda row: (row.name is None, (row.name or "").casefold()))


def list_deleted(session: Session, placement: Placement) -> list[tuple[Attempt, str | None]]:
    """Return the deleted attempts at a placement and whose each was, the last deleted first."""
    attempts = assessments.list_deleted(session, placement.id)
    of_users = select(User).where(User.id.in_([one.user_id for one in attempts]))
    names = {user.id: user.name for user in session.scalars(of_users)}
    return [(one, names.get(one.user_id)) for one in attempts]


def list_without_result(
    session: Session, placement: Placement, roster: KnownRoster
) -> list[Member]:
    """Return the learners of the course who have begun nothing, by name.

    Nobody who came as a teacher alone: Moodle lists teachers who may not edit as learners, while
    its messages say what they are (5.1, memberships and lti_get_ims_role).
    """
    begun = {one.user_id for one in assessments.list_results(session, placement.id)}
    subjects = set(session.scalars(select(User.subject).where(User.id.in_(begun))))
    role_map = _role_map(session, placement.context_id)
    missing = [
        member
        for member in roster.members
        if member.is_active and _is_learner(member, role_map) and member.subject not in subjects
    ]
    came = (
        select(User.subject)
        .join(Launch, Launch.user_id == User.id)
        .where(
            Launch.context_id == placement.context_id,
            User.subject.in_([member.subject for member in missing]),
        )
    )
    teachers = set(session.scalars(came.where(Launch.roles.contains([Role.INSTRUCTOR]))))
    teachers -= set(session.scalars(came.where(Launch.roles.contains([Role.LEARNER]))))
    return [member for member in missing if member.subject not in teachers]


def _is_here(member: Member | None) -> bool:
    return member is not None and member.is_active


def _role_map(session: Session, context_id: ContextId | None) -> Mapping[str, str]:
    """Return what the institution decided that the roles of a course's platform count as."""
    found = session.scalar(
        select(Deployment.role_map)
        .join(Context, Context.deployment_id == Deployment.id)
        .where(Context.id == context_id)
    )
    return found or {}


def _is_learner(member: Member | None, role_map: Mapping[str, str]) -> bool:
    """Tell whether somebody can have a grade; who is not in the list is another matter."""
    if member is None:
        return True
    roles = roles_of(member.roles, role_map)
    return Role.LEARNER in roles and Role.TEST_USER not in roles
