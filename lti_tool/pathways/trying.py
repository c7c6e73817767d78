"""How somebody would stand by a tree that is not published. Reads only; nothing is stored."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.core import clock
from lti_tool.core.ids import AchievementId, PathwayId, PersonId, new_id
from lti_tool.pathways import queries, rules
from lti_tool.pathways.composing import Composed
from lti_tool.pathways.expression import from_json, named
from lti_tool.pathways.facts import facts_of
from lti_tool.pathways.models import Pathway, Progress
from lti_tool.pathways.rules import Evaluation, Reason
from lti_tool.pathways.words import Explained, explain


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Where somebody would stand.

    Attributes:
        explained: why, in words.
        nearest: names of what would be missing at least.
        needed: stones somebody with nothing would need at least.
        now: stones missing by the version they are on; None: they are on none.
        now_version: the number of that version.
    """

    evaluation: Evaluation
    explained: Explained
    nearest: tuple[str, ...]
    needed: int
    now: int | None
    now_version: int | None

    @property
    def marks(self) -> dict[UUID, str]:
        """Return which parts of the graph are met."""
        return {one.requirement.id: "done" for one in _all(self.evaluation.reasons) if one.done}


def try_on(session: Session, composed: Composed, person_id: PersonId) -> Trial:
    """Return where somebody would stand by a draft that is fit to be published."""
    pathway = _pathway(session, composed)
    tree = composed.checked.tree
    facts = facts_of(session, pathway, tree, [person_id])[person_id]
    evaluation = queries.judged(pathway, tree, facts).evaluation
    asked_for = named(tree) | {award.achievement_id for award in facts.held}
    names: dict[AchievementId, str] = queries.achievement_names(session, asked_for)
    awards = {award.award_id: award for award in facts.held}
    now, number = _now(session, pathway, person_id)
    return Trial(
        evaluation=evaluation,
        explained=explain(evaluation.reasons, names, awards),
        nearest=tuple(names[one] for one in evaluation.nearest),
        needed=rules.fewest(tree),
        now=now,
        now_version=number,
    )


def _pathway(session: Session, composed: Composed) -> Pathway:
    """Return the draft's pathway; of a new one a row that is never added."""
    draft = composed.draft
    if draft.pathway_id is not None:
        return queries.get_pathway(session, draft.pathway_id)
    return Pathway(
        id=PathwayId(new_id()),
        title=draft.title,
        achievement_id=draft.achievement_id,
        created_at=clock.now(),
        lapse_policy="keep",
        sharing=None,
    )


def _now(session: Session, pathway: Pathway, person_id: PersonId) -> tuple[int | None, int | None]:
    version_id = session.scalar(
        select(Progress.version_id).where(
            Progress.pathway_id == pathway.id, Progress.person_id == person_id
        )
    )
    if version_id is None:
        return None, None
    version = queries.list_versions(session, [version_id])[version_id]
    expression = from_json(version.expression)
    facts = facts_of(session, pathway, expression, [person_id])[person_id]
    return queries.judged(pathway, expression, facts).evaluation.missing, version.number


def _all(reason: Reason) -> list[Reason]:
    return [reason, *(one for part in reason.parts for one in _all(part))]
