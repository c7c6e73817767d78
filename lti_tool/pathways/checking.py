"""Whether a tree can be published here: sound by itself, of what is published, and no cycle."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.badges.models import Achievement
from lti_tool.core.ids import AchievementId
from lti_tool.core.language import phrase
from lti_tool.pathways import outline, queries, rules, soundness
from lti_tool.pathways.expression import Requirement, named, stones
from lti_tool.pathways.facts import levels_now
from lti_tool.pathways.models import Pathway
from lti_tool.pathways.outline import Group
from lti_tool.pathways.soundness import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A tree, and all that keeps it from being published.

    Attributes:
        tree: with the credits that its achievements carry now.
        names: of every achievement that is asked for.
        unknown: achievements it names that are not published.
        problems: in display order.
        cycle: names of the achievements on the path that leads back, the first and last the same.
        leads_back: the same as a problem, where one of its achievements is asked for.
        hints: what does not keep it from being published, but should be known.
    """

    tree: Group
    names: dict[AchievementId, str]
    unknown: tuple[AchievementId, ...] = ()
    problems: tuple[Problem, ...] = ()
    cycle: tuple[str, ...] = ()
    leads_back: Problem | None = None
    hints: tuple[Problem, ...] = ()

    @property
    def is_fit(self) -> bool:
        """Tell whether it can be published."""
        return not (self.unknown or self.problems or self.cycle)

    @property
    def all_problems(self) -> tuple[Problem, ...]:
        """Return the problems, and the path that leads back if there is one."""
        return self.problems if self.leads_back is None else (*self.problems, self.leads_back)

    @property
    def fewest(self) -> int | None:
        """Return how many stones it takes at least; None while it cannot be told."""
        return rules.fewest(self.tree) if self.is_fit else None


def check(
    session: Session, achievement_id: AchievementId | None, expression: Requirement
) -> Checked:
    """Return a tree with everything that keeps it from being published.

    Args:
        session: of the institution.
        achievement_id: what its completion awards; None: not chosen yet.
        expression: of any shape and size.
    """
    tree = outline.as_group(expression)
    if too_large := tuple(soundness.size_problems(tree)):
        return Checked(tree=tree, names={}, problems=too_large)
    asked_for = named(tree)
    wanted = asked_for if achievement_id is None else asked_for | {achievement_id}
    rows = session.execute(
        select(Achievement.id, Achievement.name, Achievement.credits, Achievement.assessment_id)
        .where(Achievement.id.in_(wanted))
        .order_by(Achievement.id)
    ).all()
    names = {row.id: row.name for row in rows}
    unknown = tuple(sorted(wanted - names.keys()))
    if unknown:
        return Checked(tree=tree, names=names, unknown=unknown)
    filled = outline.with_credits(tree, {row.id: row.credits or Decimal(0) for row in rows})
    problems = soundness.problems(filled, names, levels_now(session, asked_for))
    cycle = _cycle(session, achievement_id, asked_for) if achievement_id is not None else ()
    on_it = queries.achievement_names(session, cycle)
    earned_by_test = {row.id for row in rows if row.assessment_id is not None}
    by_pathway = set(session.scalars(select(Pathway.achievement_id)))
    hints = tuple(
        Problem(
            place=(),
            text=phrase(
                "No assessment and no pathway leads to %(name)s: "
                "it can only be given by a decision.",
                name=names[stone.achievement_id],
            ),
            at=stone.id,
        )
        for stone in stones(filled)
        if stone.achievement_id not in earned_by_test | by_pathway
    )
    return Checked(
        tree=filled,
        names=names,
        problems=tuple(problems),
        cycle=tuple(on_it[step] for step in cycle),
        leads_back=_leads_back(filled, cycle, on_it) if cycle else None,
        hints=hints,
    )


def _cycle(
    session: Session, achievement_id: AchievementId, asked_for: set[AchievementId]
) -> tuple[AchievementId, ...]:
    needs = queries.list_needs(session)
    needs.setdefault(achievement_id, set()).update(asked_for)
    return soundness.find_cycle(achievement_id, needs)


def _leads_back(
    tree: Requirement, cycle: tuple[AchievementId, ...], names: dict[AchievementId, str]
) -> Problem:
    told = " → ".join(names[step] for step in cycle)
    # A version that others are on may be what leads back; then no stone of this tree is to blame.
    blamed = next((one.id for one in stones(tree) if one.achievement_id == cycle[1]), None)
    return Problem(
        place=(), text=phrase("Each of these needs the next: %(told)s.", told=told), at=blamed
    )
