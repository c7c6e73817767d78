"""What is decided about a pathway over all its versions, besides what it asks for."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId, PathwayId
from lti_tool.pathways import queries, recounting
from lti_tool.pathways.deciding import Decision
from lti_tool.pathways.facts import list_sharing
from lti_tool.pathways.models import Pathway

LONGEST_TITLE = 200
LONGEST_SHARING = 60


def set_title(
    institution_id: InstitutionId, pathway_id: PathwayId, title: str, *, decision: Decision
) -> None:
    """Call a pathway something else.

    Raises:
        NotFoundError: there is no such pathway here.
    """
    with transaction(institution_id) as session:
        pathway = queries.get_pathway(session, pathway_id)
        if pathway.title == title:
            return
        former, pathway.title = pathway.title, title
        _note(session, "rename_pathway", pathway_id, decision, former=former)


def set_sharing(
    institution_id: InstitutionId, pathway_id: PathwayId, word: str | None, *, decision: Decision
) -> None:
    """Say with which pathways one shares awards: those of the same word. All are counted anew.

    Raises:
        NotFoundError: there is no such pathway here.
    """
    with transaction(institution_id) as session:
        pathway = queries.get_pathway(session, pathway_id)
        if pathway.sharing == word:
            return
        concerned = {one.id for one in list_sharing(session, pathway)}
        former, pathway.sharing = pathway.sharing, word
        session.flush()  # the partners are looked for
        concerned |= {one.id for one in list_sharing(session, pathway)}
        for one in sorted(concerned):
            recounting.make_all_due(session, one)
        _note(session, "set_sharing", pathway_id, decision, former=former, sharing=word)


def list_words(session: Session) -> list[tuple[str, list[str]]]:
    """Return the words by which pathways share awards, each with the titles of these."""
    found: dict[str, list[str]] = {}
    rows = session.execute(
        select(Pathway.sharing, Pathway.title)
        .where(Pathway.sharing.is_not(None))
        .order_by(Pathway.sharing, Pathway.title)
    )
    for word, title in rows:
        found.setdefault(str(word), []).append(title)
    return list(found.items())


def _note(
    session: Session, act: str, pathway_id: PathwayId, decision: Decision, **facts: str | None
) -> None:
    audit.record(
        session,
        actor=decision.actor,
        act=act,
        object_kind="pathway",
        object_id=pathway_id,
        reason=decision.reason.strip(),
        facts={name: word and audit.told(word) for name, word in facts.items()},
    )
