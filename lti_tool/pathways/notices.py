"""Telling learners of what lapses: once for each case, on their pages and by one letter.

A letter goes to an address that the person confirmed and left switched on, a few a day at most.
What has mended itself meanwhile is not told any more.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from lti_tool.badges.models import Achievement
from lti_tool.core import clock, db, mail, outbox, settings
from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId, PersonId, new_id
from lti_tool.core.language import language
from lti_tool.pathways import queries
from lti_tool.pathways.events import PathwayNoticeGiven
from lti_tool.pathways.expression import Requirement, from_json, named
from lti_tool.pathways.facts import Facts, facts_of
from lti_tool.pathways.letters import Warned, letter
from lti_tool.pathways.models import Completion, Pathway, PathwayNotice, Progress
from lti_tool.pathways.stand import LapsePolicy, ends_then
from lti_tool.people.models import PersonEmail
from lti_tool.people.own_reading import zones_of
from lti_tool.platforms.queries import get_institution

MOST_LETTERS_A_DAY = 3
# Older than this, a letter would be no news.
LETTER_LASTS = timedelta(days=3)
# For so long a page tells what fell away, if nobody decides about it.
SHOWN_FOR = timedelta(days=90)


def give(session: Session, completion: Completion, kind: str, at: datetime) -> None:
    """Tell whose completion it is, once for each kind and instant.

    Args:
        session: in which it came about.
        completion: about to lapse, lapsed, or its certificate withdrawn.
        kind: "lapsing", "lapsed" or "withdrawn".
        at: until when it is complete, or since when it is not.
    """
    session.flush()  # the completion may be new
    given = session.scalar(
        insert(PathwayNotice)
        .values(
            institution_id=db.tenant(),
            id=new_id(),
            completion_id=completion.id,
            kind=kind,
            at=at,
            given_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(PathwayNotice.id)
    )
    if given is not None:
        outbox.record(session, PathwayNoticeGiven(institution_id=db.tenant(), notice_id=given))


def list_warnings(session: Session, person_id: PersonId) -> list[Warned]:
    """Return what a person's pages tell of their pathways now, what is next first."""
    again, now = aliased(Completion), clock.now()
    rows = session.scalars(
        select(Completion)
        .where(
            Completion.person_id == person_id,
            or_(
                and_(Completion.lapsed_at.is_(None), Completion.noticed_at.is_not(None)),
                and_(
                    Completion.lapsed_at > now - SHOWN_FOR,
                    Completion.settled_at.is_(None),
                    ~exists().where(
                        again.pathway_id == Completion.pathway_id,
                        again.person_id == Completion.person_id,
                        again.completed_at > Completion.completed_at,
                    ),
                ),
            ),
        )
        .order_by(Completion.completed_at, Completion.id)
    ).all()
    found = [
        _warned(session, completion, "lapsed", completion.lapsed_at)
        if completion.lapsed_at is not None
        else _lapsing(session, completion)
        for completion in rows
    ]
    return sorted(filter(None, found), key=lambda one: one.at)


def _lapsing(session: Session, completion: Completion) -> Warned | None:
    """Return until when a completion stands as things are now, if that is near."""
    pathway, expression, facts = _case(session, completion)
    if pathway.lapse_policy == LapsePolicy.KEEP.value:
        return None  # since it was noticed: time takes nothing from it any more
    ends = ends_then(expression, facts.held, clock.now(), facts.rulings)
    if ends is None or ends > clock.now() + timedelta(days=pathway.notice_days):
        return None
    return _warned(session, completion, "lapsing", ends)


def prepare(institution_id: InstitutionId, notice_id: UUID) -> mail.Mail | None:
    """Return the letter for a notice; None where none is to be sent (any more)."""
    with transaction(institution_id) as session:
        notice = session.scalar(select(PathwayNotice).where(PathwayNotice.id == notice_id))
        if notice is None or notice.mailed_at or notice.given_at < clock.now() - LETTER_LASTS:
            return None
        completion = session.scalars(
            select(Completion).where(Completion.id == notice.completion_id)
        ).one()
        known = session.execute(
            select(PersonEmail.address, PersonEmail.language)
            .where(PersonEmail.person_id == completion.person_id, PersonEmail.gets_notices)
            .order_by(PersonEmail.verified_at, PersonEmail.id)
            .limit(1)
        ).one_or_none()
        if (
            known is None
            or _is_mended(session, notice, completion)
            or _count_mailed(session, completion.person_id) >= MOST_LETTERS_A_DAY
        ):
            return None
        warned = _warned(session, completion, notice.kind, notice.at)
        place = get_institution(session, institution_id)
        zone = zones_of(session, completion.person_id).best()
    link = f"{settings.current().base_url}/my/{place.slug}/badges"
    return letter(
        warned,
        known.address,
        institution=place.name,
        link=link,
        reader=language(known.language, zone),
    )


def note_mailed(institution_id: InstitutionId, notice_id: UUID) -> None:
    """Note that a letter was handed over."""
    with transaction(institution_id) as session:
        session.execute(
            update(PathwayNotice).where(PathwayNotice.id == notice_id).values(mailed_at=clock.now())
        )


def _is_mended(session: Session, notice: PathwayNotice, completion: Completion) -> bool:
    if notice.kind == "lapsing":
        pathway = queries.get_pathway(session, completion.pathway_id)
        return (
            pathway.lapse_policy == LapsePolicy.KEEP.value
            or completion.noticed_at is None
            or completion.lapsed_at is not None
        )
    standing = queries.find_open_completion(session, completion.pathway_id, completion.person_id)
    return standing is not None


def _count_mailed(session: Session, person_id: PersonId) -> int:
    since = clock.now() - timedelta(days=1)
    return session.scalars(
        select(func.count(PathwayNotice.id))
        .join(Completion, Completion.id == PathwayNotice.completion_id)
        .where(Completion.person_id == person_id, PathwayNotice.mailed_at > since)
    ).one()


def _warned(session: Session, completion: Completion, kind: str, at: datetime) -> Warned:
    pathway = queries.get_pathway(session, completion.pathway_id)
    crown = session.scalars(
        select(Achievement.name).where(Achievement.id == pathway.achievement_id)
    ).one()
    return Warned(
        kind=kind,
        pathway=pathway.title,
        crown=crown,
        policy=LapsePolicy(pathway.lapse_policy),
        notice_days=pathway.notice_days,
        at=at,
        stones=_stones(session, pathway, completion, kind, at),
    )


def _stones(
    session: Session, pathway: Pathway, completion: Completion, kind: str, at: datetime
) -> list[str]:
    """Return the names of what will cease to count by then, or of what is missing."""
    _, expression, facts = _case(session, completion)
    evaluation = queries.judged(pathway, expression, facts).evaluation
    names = queries.achievement_names(session, named(expression))
    if kind == "lapsing":
        ending = [one.achievement_id for one in evaluation.expiries if one.at <= at]
        return [names[one] for one in dict.fromkeys(ending)]
    return [names[one] for one in evaluation.nearest]


def _case(session: Session, completion: Completion) -> tuple[Pathway, Requirement, Facts]:
    """Return what the person's standing follows from, by the version they are on now."""
    pathway = queries.get_pathway(session, completion.pathway_id)
    version_id = session.scalar(
        select(Progress.version_id).where(
            Progress.pathway_id == pathway.id, Progress.person_id == completion.person_id
        )
    )
    version_id = version_id or completion.version_id
    expression = from_json(queries.list_versions(session, [version_id])[version_id].expression)
    facts = facts_of(session, pathway, expression, [completion.person_id])
    return pathway, expression, facts[completion.person_id]
