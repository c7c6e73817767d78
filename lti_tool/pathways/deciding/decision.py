"""What every decision consists of, what it would change, and its entry in the audit trail."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.core import audit
from lti_tool.core.audit import Actor
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    PathwayId,
    PathwayVersionId,
    PersonId,
)
from lti_tool.core.language import phrase
from lti_tool.pathways import queries
from lti_tool.pathways.expression import Requirement, from_json
from lti_tool.pathways.facts import Facts, facts_of
from lti_tool.pathways.models import (
    PathwayVersion,
    Progress,
)
from lti_tool.people.queries import current_person


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision.

    Attributes:
        id: made with the form, so that sending it twice decides once.
        reason: in words, for good.
    """

    id: UUID
    reason: str
    actor: Actor

    def __post_init__(self) -> None:
        """Refuse a decision that could not be explained later."""
        if not self.reason.strip():
            raise ValueError("a decision needs its reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a decision would change for one person: stones missing before and after."""

    person_id: PersonId
    before: int
    after: int

    @property
    def gains(self) -> bool:
        """Tell whether it would complete the pathway."""
        return self.before > 0 and self.after == 0

    @property
    def loses(self) -> bool:
        """Tell whether the pathway would be complete no more."""
        return self.before == 0 and self.after > 0


def by_version(
    session: Session, pathway_id: PathwayId, person_ids: Collection[PersonId]
) -> list[tuple[PathwayVersion, list[PersonId]]]:
    """Return those of these people who are on the pathway, in order, by the version each is on."""
    people: dict[PathwayVersionId, list[PersonId]] = defaultdict(list)
    for person_id, version_id in session.execute(
        select(Progress.person_id, Progress.version_id)
        .where(Progress.pathway_id == pathway_id, Progress.person_id.in_(person_ids))
        .order_by(Progress.person_id)
    ):
        people[version_id].append(person_id)
    versions = queries.list_versions(session, list(people))
    return [(versions[version_id], own) for version_id, own in people.items()]


def foresee(
    session: Session,
    pathway_id: PathwayId,
    person_ids: Collection[PersonId],
    then: Callable[[Requirement, Facts], Facts | None],
) -> list[Change]:
    """Return what a decision would change for those of these people who are on a pathway.

    Args:
        session: of the pathway's institution.
        pathway_id: which.
        person_ids: whose.
        then: what their standing would follow from, by the version they are on; None: the
            decision is none about them.

    Returns:
        In order of person.
    """
    pathway = queries.get_pathway(session, pathway_id)
    found = []
    for version, people in by_version(session, pathway_id, person_ids):
        expression = from_json(version.expression)
        for person_id, facts in facts_of(session, pathway, expression, people).items():
            changed = then(expression, facts)
            if changed is not None:
                found.append(
                    Change(
                        person_id=person_id,
                        before=queries.judged(pathway, expression, facts).evaluation.missing,
                        after=queries.judged(pathway, expression, changed).evaluation.missing,
                    )
                )
    return sorted(found, key=lambda one: one.person_id)


def lock_progress(session: Session, pathway_id: PathwayId, person_id: PersonId) -> Progress:
    """Return how a person stands on a pathway, for us alone until the transaction ends.

    Raises:
        NotFoundError: they are not on it.
    """
    current_person(session, person_id)  # before their rows, as whoever merges them does
    progress = session.scalar(
        select(Progress)
        .where(Progress.pathway_id == pathway_id, Progress.person_id == person_id)
        .with_for_update()
    )
    if progress is None:
        raise NotFoundError(phrase("This person is not on this pathway."))
    return progress


def note(
    session: Session,
    act: str,
    decision: Decision,
    person_id: PersonId,
    pathway_id: PathwayId,
    **facts: str,
) -> None:
    """Write a decision about a person on a pathway into the audit trail."""
    audit.record(
        session,
        actor=decision.actor,
        act=act,
        object_kind="person",
        object_id=person_id,
        reason=decision.reason.strip(),
        facts={"pathway": str(pathway_id), **facts},
    )
