"""What may be decided about many learners of a pathway at once, and what that will do, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.badges import queries as badges
from lti_tool.core.ids import PathwayId
from lti_tool.core.language import marked, phrase, phrases
from lti_tool.pathways import expression as trees
from lti_tool.pathways import queries as pathways
from lti_tool.pathways.deciding import Change
from lti_tool.pathways.deciding.batch import BatchAct
from lti_tool.pathways.models import PathwayVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What may be chosen: pairs of what the form sends and its words."""

    waive: Sequence[tuple[str, str]]
    credit: Sequence[tuple[str, str]]
    withdraw: Sequence[tuple[str, str]]
    allocate: Sequence[tuple[str, str]]
    move: Sequence[tuple[str, str]]
    confirm: Sequence[tuple[str, str]]

    def words(self, what: str) -> str | None:
        """Return the words of one of them; None for what is not among them, or a move."""
        every = [*self.waive, *self.credit, *self.withdraw, *self.allocate, *self.confirm]
        return dict(every).get(what)


def list_choices(session: Session, pathway_id: PathwayId) -> Choices:
    """Return what may be decided about people on a pathway: requirements of every version."""
    pathway = pathways.get_pathway(session, pathway_id)
    versions = session.scalars(
        select(PathwayVersion)
        .where(PathwayVersion.pathway_id == pathway_id)
        .order_by(PathwayVersion.number.desc())
    ).all()
    leaves = [
        (version, leaf)
        for version in versions
        for leaf in trees.stones(trees.from_json(version.expression))
    ]
    stones = {leaf.achievement_id for _, leaf in leaves}
    names = pathways.achievement_names(session, {*stones, pathway.achievement_id})
    own = sorted(((one, names[one]) for one in stones), key=lambda pair: pair[1])
    return Choices(
        waive=[
            (
                f"waive.{leaf.id}",
                phrase(
                    "%(name)s (version %(version)s)",
                    name=names[leaf.achievement_id],
                    version=version.number,
                ),
            )
            for version, leaf in leaves
        ],
        credit=[(f"credit.{one.id}", one.name) for one in badges.list_achievements(session)],
        withdraw=[(f"withdraw.{one}", names[one]) for one in sorted(names, key=names.__getitem__)],
        allocate=[(f"allocate.{one}", name) for one, name in own] if pathway.sharing else [],
        move=[
            (str(version.id), phrase("Version %(number)s", number=version.number))
            for version in versions
        ],
        confirm=[("confirm", phrase("Completions that wait"))]
        if pathway.confirms_completion
        else [],
    )


_FIRST = {
    BatchAct.WAIVE: marked("This requirement is waived for them: %(words)s."),
    BatchAct.CREDIT: marked("Each of them is given this badge, unless they hold it: %(words)s."),
    BatchAct.WITHDRAW: marked(
        "This badge of theirs is revoked, whoever checks it sees that, and they read your reason: "
        "%(words)s."
    ),
    BatchAct.ALLOCATE: marked(
        "Of the pathways that share it, this badge counts here and nowhere else: %(words)s."
    ),
    BatchAct.CONFIRM: marked("What their completions lead to is awarded, and signed."),
}


def consequences(
    act: BatchAct, words: str, people: int, looked_at: int, changes: Sequence[Change]
) -> list[str]:
    """Return what a decision about many will do, as sentences.

    Args:
        act: what is to be decided.
        words: about what.
        people: how many were chosen, of whom the first `looked_at` were looked at.
        looked_at: as above.
        changes: of those looked at to whom it applies.
    """
    gain = sum(change.gains for change in changes)
    lose = sum(change.loses for change in changes)
    less = sum(change.after < change.before for change in changes) - gain
    nothing = looked_at - len(changes)
    return [
        phrase(_FIRST[act], words=words),
        *(
            [
                phrase(
                    "Looked at are the first %(looked_at)s of %(people)s; "
                    "the others are like them.",
                    looked_at=looked_at,
                    people=people,
                )
            ]
            if looked_at < people
            else []
        ),
        *(
            [
                phrases(
                    "%(num)s then completes the pathway.",
                    "%(num)s then complete the pathway.",
                    gain,
                )
            ]
            if gain
            else []
        ),
        *(
            [phrases("%(num)s comes nearer to it.", "%(num)s come nearer to it.", less)]
            if less
            else []
        ),
        *(
            [
                phrases(
                    "%(num)s is then no longer complete.",
                    "%(num)s are then no longer complete.",
                    lose,
                )
            ]
            if lose
            else []
        ),
        *(
            [
                phrases(
                    "It does not apply to %(num)s of them, who is left alone.",
                    "It does not apply to %(num)s of them; they are left alone.",
                    nothing,
                )
            ]
            if nothing
            else []
        ),
        phrase("Workers do it, one person after the other; you can follow how far it is."),
        phrase(
            "Each learner sees what counts for them. "
            "Your name and reason are kept for each, for good."
        ),
        phrase("You can undo it for each of them, on their record."),
    ]
