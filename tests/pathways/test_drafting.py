"""Drafts: nothing typed is lost, whoever types at once; and what becomes of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, event

from lti_tool.core import audit
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import PersonId
from lti_tool.pathways import checking, composing, drafting, outline, trying
from lti_tool.pathways.errors import (
    CyclicPathwayError,
    DraftChangedError,
    ImpossiblePathwayError,
    UnfitStepError,
)
from lti_tool.pathways.expression import AllOf, SomeOf, stones
from lti_tool.pathways.jobs import count_award
from lti_tool.pathways.models import Draft
from lti_tool.pathways.queries import get_newest_version, get_pathway
from lti_tool.pathways.sweeping import sweep
from tests.conftest import Worker
from tests.pathways.records import University, university

RUTH = Actor("staff", UUID(int=7))


@pytest.fixture
def northgate(worker: Worker) -> University:  # noqa: ARG001 - binds the database
    return university()


def read(place: University, draft_id: UUID) -> Draft:
    with transaction(place.id) as session:
        return drafting.get_draft(session, draft_id)


def names(place: University, draft_id: UUID) -> list[str]:
    known = {id_: name for name, id_ in place.achievements.items()}
    tree = drafting.tree_of(read(place, draft_id))
    return [known[stone.achievement_id] for stone in stones(tree)]


def add(place: University, draft_id: UUID, name: str, *, seen: int) -> None:
    top = drafting.tree_of(read(place, draft_id)).id
    step = partial(outline.add, group_id=top, parts=[place.stone(name)])
    drafting.change(place.id, draft_id, step, seen=seen, actor=RUTH)


def test_drafts_are_listed_by_one_question_with_what_each_may_become(
    northgate: University, database: Connection
) -> None:
    pathways = [northgate.pathway(f"Certificate {number}", ["Ethics"]) for number in range(3)]
    for pathway_id in pathways:
        drafting.begin_version(northgate.id, pathway_id, actor=RUTH)
    drafting.begin(northgate.id, "Degree", None, actor=RUTH)
    asked: list[str] = []

    with transaction(northgate.id) as session:
        session.connection()
        with listening(database, asked):
            rows = drafting.list_drafts(session)
        [own] = drafting.list_drafts(session, pathways[1])

    assert [(row.title, row.number) for row in rows] == [
        ("Degree", 1),
        *((f"Certificate {number}", 2) for number in (2, 1, 0)),
    ]
    assert (own.title, own.draft.pathway_id) == ("Certificate 1", pathways[1])
    assert len(asked) == 1


@contextmanager
def listening(database: Connection, asked: list[str]) -> Iterator[None]:
    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(database, "before_cursor_execute", note)
    yield
    event.remove(database, "before_cursor_execute", note)


def test_of_very_many_badges_the_newest_are_offered_and_the_one_that_was_chosen(
    northgate: University, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest, *_, second, newest = (northgate.achievement(name) for name in ("Old", "B", "C", "A"))
    monkeypatch.setattr(drafting, "MOST_CROWNS", 2)

    with transaction(northgate.id) as session:
        offered = [one.id for one in drafting.list_crowns(session)]
        with_chosen = {one.id for one in drafting.list_crowns(session, oldest)}

    assert offered == [newest, second]
    assert with_chosen == {newest, oldest}


def test_of_two_who_change_a_draft_at_once_the_second_is_told_and_nothing_is_lost(
    northgate: University,
) -> None:
    draft_id = drafting.begin(northgate.id, "Certificate", None, actor=RUTH)
    add(northgate, draft_id, "Statistics", seen=1)

    with pytest.raises(DraftChangedError):
        add(northgate, draft_id, "Ethics", seen=1)

    assert names(northgate, draft_id) == ["Statistics"]
    add(northgate, draft_id, "Ethics", seen=2)
    assert names(northgate, draft_id) == ["Statistics", "Ethics"]


def test_changes_are_taken_back_one_by_one(northgate: University) -> None:
    draft_id = drafting.begin(northgate.id, "Certificate", None, actor=RUTH)
    add(northgate, draft_id, "Statistics", seen=1)
    add(northgate, draft_id, "Ethics", seen=2)

    drafting.undo(northgate.id, draft_id, seen=3, actor=RUTH)
    assert names(northgate, draft_id) == ["Statistics"]
    drafting.undo(northgate.id, draft_id, seen=4, actor=RUTH)
    assert names(northgate, draft_id) == []
    with pytest.raises(UnfitStepError, match="nothing to take back"):
        drafting.undo(northgate.id, draft_id, seen=5, actor=RUTH)


def test_a_draft_cannot_grow_beyond_what_may_be_published(northgate: University) -> None:
    draft_id = drafting.begin(northgate.id, "Certificate", None, actor=RUTH)
    top = drafting.tree_of(read(northgate, draft_id)).id
    many = [AllOf(parts=()) for _ in range(200)]

    with pytest.raises(UnfitStepError, match="at most 200"):
        drafting.change(
            northgate.id,
            draft_id,
            partial(outline.add, group_id=top, parts=many),
            seen=1,
            actor=RUTH,
        )


def test_a_new_pathway_is_published_with_its_note_and_who_did_it(northgate: University) -> None:
    crown = northgate.achievement("Certificate")
    draft_id = drafting.begin(northgate.id, "Data certificate", crown, actor=RUTH)
    add(northgate, draft_id, "Statistics", seen=1)

    pathway_id = drafting.publish(northgate.id, draft_id, note=" First. ", seen=2, actor=RUTH)

    with transaction(northgate.id) as session:
        version = get_newest_version(session, pathway_id)
        [entry] = audit.list_entries(session)
    assert (version.number, version.note, version.published_by) == (1, "First.", RUTH.id)
    assert (entry.act, entry.actor_id, entry.facts) == ("publish_pathway", RUTH.id, {"version": 1})
    again = drafting.publish(northgate.id, draft_id, note="Again", seen=2, actor=RUTH)
    assert again == pathway_id
    with transaction(northgate.id) as session:
        assert get_newest_version(session, pathway_id).number == 1
    elsewhere = university("elsewhere")
    with pytest.raises(NotFoundError, match="published, or thrown away"):
        drafting.publish(elsewhere.id, draft_id, note="Again", seen=2, actor=RUTH)


def test_several_drafts_of_one_pathway_become_versions_in_the_order_they_are_published(
    northgate: University,
) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics", "Ethics"])
    one = drafting.begin_version(northgate.id, pathway_id, actor=RUTH)
    other = drafting.begin_version(northgate.id, pathway_id, actor=RUTH)
    add(northgate, one, "Consent", seen=1)
    add(northgate, other, "Writing", seen=1)

    drafting.publish(northgate.id, other, note="With writing", seen=2, actor=RUTH)
    with transaction(northgate.id) as session:
        [row] = drafting.list_drafts(session, pathway_id)
    assert (row.draft.id, row.number, row.draft.began_from) == (one, 3, 1)
    drafting.publish(northgate.id, one, note="With consent", seen=2, actor=RUTH)
    with transaction(northgate.id) as session:
        rows = composing.list_version_rows(session, pathway_id)
    assert [(row.version.number, row.version.note) for row in rows] == [
        (3, "With consent"),
        (2, "With writing"),
        (1, ""),
    ]


def test_what_nobody_can_complete_is_not_published_and_the_draft_stays(
    northgate: University,
) -> None:
    crown = northgate.achievement("Certificate")
    draft_id = drafting.begin(northgate.id, "Certificate", crown, actor=RUTH)

    with pytest.raises(ImpossiblePathwayError, match="The group is empty"):
        drafting.publish(northgate.id, draft_id, note="First", seen=1, actor=RUTH)
    assert read(northgate, draft_id).version == 1


def test_a_cycle_is_shown_at_the_stone_that_leads_back_with_its_path(
    northgate: University,
) -> None:
    certificate = northgate.pathway("Certificate", ["Statistics"])
    northgate.pathway("Diploma", ["Certificate"])
    draft_id = drafting.begin_version(northgate.id, certificate, actor=RUTH)
    add(northgate, draft_id, "Diploma", seen=1)

    with transaction(northgate.id) as session:
        composed = composing.compose(session, drafting.get_draft(session, draft_id))
    [problem] = composed.checked.all_problems
    assert problem.text == "Each of these needs the next: Certificate → Diploma → Certificate."
    blamed = composed.checked.leads_back
    assert blamed is not None
    assert blamed.at is not None
    assert composed.title_of(blamed.at) == "Diploma"
    with pytest.raises(CyclicPathwayError):
        drafting.publish(northgate.id, draft_id, note="Loop", seen=2, actor=RUTH)


def test_every_problem_is_told_at_its_place(northgate: University) -> None:
    statistics = northgate.stone("Statistics")
    inner = SomeOf(choose=3, parts=(statistics, northgate.stone("Ethics")), title="Choice")
    with transaction(northgate.id) as session:
        found = checking.check(session, None, AllOf(parts=(inner, AllOf(parts=()))))

    assert [(one.at == inner.id, one.text) for one in found.problems] == [
        (True, "3 of 2 parts cannot be met."),
        (False, "The group is empty."),
    ]
    hinted = {one.at for one in found.hints}
    assert statistics.id in hinted  # nothing leads to it


def test_trying_a_draft_tells_where_somebody_would_stand_and_stores_nothing(
    northgate: University,
) -> None:
    pathway_id = northgate.pathway("Certificate", ["Statistics"])
    amara = northgate.person()
    count_award(northgate.grant(amara, "Statistics"))
    draft_id = drafting.begin_version(northgate.id, pathway_id, actor=RUTH)
    add(northgate, draft_id, "Ethics", seen=1)
    before = northgate.rows()

    with transaction(northgate.id) as session:
        composed = composing.compose(session, drafting.get_draft(session, draft_id))
        trial = trying.try_on(session, composed, amara)

    assert (trial.now, trial.now_version, trial.nearest, trial.needed) == (0, 1, ("Ethics",), 2)
    assert northgate.rows() == before


def test_a_new_pathway_can_be_tried_before_it_is_there(northgate: University) -> None:
    draft_id = drafting.begin(northgate.id, "Certificate", None, actor=RUTH)
    add(northgate, draft_id, "Statistics", seen=1)
    amara = northgate.person()
    northgate.grant(amara, "Statistics")

    with transaction(northgate.id) as session:
        composed = composing.compose(session, drafting.get_draft(session, draft_id))
        trial = trying.try_on(session, composed, amara)
        nobody = trying.try_on(session, composed, PersonId(uuid4()))

    assert (trial.evaluation.done, trial.now) == (True, None)
    assert nobody.nearest == ("Statistics",)


def test_a_version_published_in_a_sharing_group_counts_its_partners_anew(
    northgate: University, worker: Worker
) -> None:
    older = northgate.pathway("Older", ["Statistics"])
    younger = northgate.pathway("Younger", ["Statistics", "Ethics"])
    with transaction(northgate.id) as session:
        for one in (older, younger):
            get_pathway(session, one).sharing = "degree"
    amara = northgate.person()
    count_award(northgate.grant(amara, "Ethics"))
    assert northgate.progress(younger, amara).missing == 1
    draft_id = drafting.begin_version(northgate.id, older, actor=RUTH)
    add(northgate, draft_id, "Ethics", seen=1)

    drafting.publish(northgate.id, draft_id, note="With ethics", seen=2, actor=RUTH)
    worker.run()
    sweep()

    # The older pathway asks for it now as well, and of those that share it takes it first.
    assert northgate.progress(older, amara).missing == 1
    assert northgate.progress(younger, amara).missing == 2


def test_another_institution_has_none_of_these_drafts(northgate: University) -> None:
    southgate = university("southgate")
    draft_id = drafting.begin(northgate.id, "Certificate", None, actor=RUTH)

    with pytest.raises(NotFoundError):
        drafting.discard(southgate.id, draft_id, seen=1)
    with pytest.raises(NotFoundError):
        drafting.begin(southgate.id, "Theirs", northgate.achievement("Certificate"), actor=RUTH)
