"""What of a person's badges belongs in a transcript, and how it hangs together by pathways.

A pathway's own achievement is the parent of what counts toward it, earned or not: so that a
transcript in the middle of a programme shows where it leads. Prerequisites precede, and an
achievement whose place another took is replaced by it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from lti_tool.badges.clr import AssociationKind
from lti_tool.badges.models import MINIMAL, Achievement, Award, Credential
from lti_tool.badges.transcripts.contents import Contents, Tie
from lti_tool.core.ids import AchievementId, AwardId, PathwayId, PersonId
from lti_tool.pathways.expression import from_json, stones
from lti_tool.pathways.models import Contribution, Pathway, PathwayVersion, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A pathway that can be in a transcript of a person's.

    Attributes:
        badges: how many of theirs belong to it, the certificate among them.
        is_complete: whether they hold what it leads to.
    """

    pathway_id: PathwayId
    title: str
    badges: int
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What there is for a transcript.

    Attributes:
        badges: how many stand and are signed.
        being_signed: how many stand and will be in a moment.
    """

    badges: int
    being_signed: int
    pathways: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class _Way:
    """A pathway as far as one person came: awards by achievement, the certificate's apart."""

    pathway: Pathway
    parts: dict[AwardId, AchievementId]
    crown: AwardId | None

    @property
    def awards(self) -> set[AwardId]:
        return {*self.parts, *([self.crown] if self.crown else [])}


def list_choices(session: Session, person_id: PersonId) -> Choices:
    """Return what a transcript of a person can hold, pathways by title."""
    held = _held(session, person_id)
    signed = set(
        session.scalars(
            select(Award.id).where(
                Award.id.in_(held),
                exists().where(
                    Credential.award_id == Award.id,
                    Credential.form == MINIMAL,
                    Credential.issued_at.is_not(None),
                    Credential.revoked_at.is_(None),
                ),
            )
        )
    )
    ways = _ways(session, person_id, held)
    return Choices(
        badges=len(signed),
        being_signed=len(held) - len(signed),
        pathways=[
            Choice(
                pathway_id=way.pathway.id,
                title=way.pathway.title,
                badges=len(way.awards & signed),
                is_complete=way.crown is not None,
            )
            for way in ways
            if way.awards & signed
        ],
    )


def contents_of(
    session: Session, person_id: PersonId, chosen: Collection[PathwayId] | None
) -> Contents:
    """Return what a transcript of a person holds.

    Args:
        session: of the institution.
        person_id: whose.
        chosen: only what belongs to these pathways; None for everything, pathway or not.
    """
    held = _held(session, person_id)
    ways = [
        way for way in _ways(session, person_id, held) if chosen is None or way.pathway.id in chosen
    ]
    awards = set(held) if chosen is None else {one for way in ways for one in way.awards}
    earned = {held[award_id] for award_id in awards}
    ties = [
        Tie(kind=AssociationKind.PARENT, source=way.pathway.achievement_id, target=part)
        for way in ways
        for part in sorted(set(way.parts.values()))
        if part in earned
    ]
    ties += _precedence(session, person_id, ways, earned)
    ties += _replacements(session, earned)
    return Contents(
        awards=tuple(sorted(awards)),
        ties=tuple(dict.fromkeys(ties)),
        is_partial=awards != set(held),
    )


def _held(session: Session, person_id: PersonId) -> dict[AwardId, AchievementId]:
    """Return the awards of a person that stand and count, with what they are for."""
    return dict(
        session.execute(
            select(Award.id, Award.achievement_id).where(
                Award.person_id == person_id,
                Award.withdrawn_at.is_(None),
                Award.duplicate_of_id.is_(None),
            )
        ).all()
    )


def _ways(session: Session, person_id: PersonId, held: dict[AwardId, AchievementId]) -> list[_Way]:
    counting: dict[PathwayId, dict[AwardId, AchievementId]] = {}
    for pathway_id, award_id in session.execute(
        select(Contribution.pathway_id, Contribution.award_id).where(
            Contribution.person_id == person_id
        )
    ):
        if award_id in held:
            counting.setdefault(pathway_id, {})[award_id] = held[award_id]
    crowns: dict[AchievementId, AwardId] = {}
    for award_id in sorted(held):  # of several editions the newest award
        crowns[held[award_id]] = award_id
    pathways = session.scalars(
        select(Pathway)
        .where(Pathway.id.in_(counting) | Pathway.achievement_id.in_(crowns))
        .order_by(Pathway.title, Pathway.id)
    )
    return [
        _Way(pathway, counting.get(pathway.id, {}), crowns.get(pathway.achievement_id))
        for pathway in pathways
    ]


def _precedence(
    session: Session, person_id: PersonId, ways: Sequence[_Way], earned: set[AchievementId]
) -> Iterator[Tie]:
    expressions = session.scalars(
        select(PathwayVersion.expression)
        .join(Progress, Progress.version_id == PathwayVersion.id)
        .where(
            Progress.person_id == person_id,
            Progress.pathway_id.in_([way.pathway.id for way in ways]),
        )
        .order_by(PathwayVersion.id)
    )
    for document in expressions:
        for stone in stones(from_json(document)):
            for need in stone.needs:
                if stone.achievement_id in earned and need in earned:
                    yield Tie(
                        kind=AssociationKind.PRECEDES, source=need, target=stone.achievement_id
                    )


def _replacements(session: Session, earned: set[AchievementId]) -> list[Tie]:
    rows = session.execute(
        select(Achievement.id, Achievement.replaced_by_id)
        .where(Achievement.id.in_(earned), Achievement.replaced_by_id.is_not(None))
        .order_by(Achievement.id)
    )
    return [
        Tie(kind=AssociationKind.REPLACED, source=old, target=new)
        for old, new in rows
        if new is not None
    ]
