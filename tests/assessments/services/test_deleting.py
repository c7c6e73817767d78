"""A deleted attempt counts nowhere, and comes back as it was; a person decides about its badge."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from lti_tool.assessments import queries
from lti_tool.assessments.errors import (
    AttemptDeletedError,
    DeletionOutdatedError,
    NotChangeableError,
)
from lti_tool.assessments.events import (
    AssessmentPassed,
    AssessmentPassLost,
    PlacementResultChanged,
)
from lti_tool.assessments.rules import Policy
from lti_tool.assessments.services import (
    Deletion,
    Why,
    delete_attempt,
    open_attempt,
    restore_attempt,
    save_response,
    submit_attempt,
    try_deletion,
)
from lti_tool.assessments.services.forgetting import erase_answers
from lti_tool.core import audit
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, PlacementId, UserId, new_id
from tests.assessments.factories import (
    Page,
    University,
    Watch,
    announced,
    form_of,
    learner,
    placed,
    stopped_clock,
    university,
)
from tests.assessments.services.test_regrading import corrected, do

WHY = Why(Actor("user", new_id()), "Begun in the wrong room")


@pytest.fixture
def watch(database: object, monkeypatch: pytest.MonkeyPatch) -> Watch:  # noqa: ARG001 - comes first
    return stopped_clock(monkeypatch)


@pytest.fixture
def place(watch: Watch) -> University:  # noqa: ARG001 - stops the clock
    return university()


def take(place: University, placement_id: PlacementId, user_id: UserId, word: str) -> AttemptId:
    attempt_id = open_attempt(place.id, placement_id, user_id)
    page = Page()
    for item, letter in zip(form_of(place, attempt_id), word, strict=True):
        save_response(place.id, attempt_id, page.save(item, letter), user_id=user_id)
    submit_attempt(place.id, attempt_id, user_id=user_id)
    return attempt_id


def seen(place: University, placement_id: PlacementId, attempt_id: AttemptId) -> Deletion:
    with transaction(place.id) as session:
        return try_deletion(session, placement_id, attempt_id)


def delete(place: University, placement_id: PlacementId, attempt_id: AttemptId) -> None:
    digest = seen(place, placement_id, attempt_id).digest
    delete_attempt(place.id, placement_id, attempt_id, WHY, digest=digest)


def numbers(place: University, placement_id: PlacementId, user_id: UserId) -> list[int]:
    with transaction(place.id) as session:
        return [one.number for one in queries.list_attempts(session, placement_id, user_id)]


def points(place: University, placement_id: PlacementId, user_id: UserId) -> Decimal | None:
    with transaction(place.id) as session:
        result = queries.find_result(session, placement_id, user_id)
    return result.points_earned if result else None


@pytest.mark.parametrize(
    ("policy", "with_all", "without_the_first"),
    [(Policy.BEST, 3, 2), (Policy.FIRST, 3, 1), (Policy.LAST, 2, 2), (Policy.AVERAGE, 2, "1.5")],
)
def test_the_result_is_reduced_from_what_is_left(
    place: University, watch: Watch, policy: Policy, with_all: int, without_the_first: int
) -> None:
    placement_id, user_id = placed(place, policy=policy, max_attempts=None), learner(place)
    first = take(place, placement_id, user_id, "abc")
    for word in ("add", "abd"):
        watch.advance(minutes=1)
        take(place, placement_id, user_id, word)
    assert points(place, placement_id, user_id) == Decimal(with_all)
    expected = seen(place, placement_id, first)

    delete(place, placement_id, first)

    assert points(place, placement_id, user_id) == Decimal(without_the_first)
    assert expected.after is not None
    assert expected.after.earned == Decimal(without_the_first)
    assert numbers(place, placement_id, user_id) == [1, 2]
    restore_attempt(place.id, placement_id, first, WHY)
    assert points(place, placement_id, user_id) == Decimal(with_all)
    assert numbers(place, placement_id, user_id) == [1, 2, 3]


def test_the_only_attempt_leaves_no_result_and_a_new_one_is_newer(place: University) -> None:
    placement_id, user_id = placed(place, max_attempts=1), learner(place)
    only = take(place, placement_id, user_id, "add")

    delete(place, placement_id, only)

    assert points(place, placement_id, user_id) is None
    with transaction(place.id) as session:
        assert queries.list_results(session, placement_id) == []
    again = take(place, placement_id, user_id, "add")
    assert numbers(place, placement_id, user_id) == [1]
    assert points(place, placement_id, user_id) == Decimal(1)
    versions = [one["version"] for one in announced(PlacementResultChanged)]
    assert versions == [1, 2, 3]
    delete(place, placement_id, again)
    assert numbers(place, placement_id, user_id) == []


def test_no_query_sees_it_however_it_is_written(place: University) -> None:
    placement_id, user_id = placed(place), learner(place)
    gone = take(place, placement_id, user_id, "abc")
    delete(place, placement_id, gone)

    with transaction(place.id) as session:
        of_it = {"id": gone}
        assert session.scalar(text("SELECT count(*) FROM attempts WHERE id = :id"), of_it) == 0
        changed = session.connection().execute(
            text("UPDATE attempts SET passed = false WHERE id = :id"), of_it
        )
        assert changed.rowcount == 0
        [kept] = queries.list_deleted(session, placement_id)
        assert kept.id == gone
        assert session.scalar(text("SELECT count(*) FROM attempts WHERE id = :id"), of_it) == 0


def test_a_badge_is_put_before_a_person_and_settled_when_the_attempt_is_back(
    place: University,
) -> None:
    placement_id, user_id = placed(place), learner(place)
    passing = take(place, placement_id, user_id, "abc")
    delete(place, placement_id, passing)
    assert [one["attempt_id"] for one in announced(AssessmentPassLost)] == [str(passing)]
    restore_attempt(place.id, placement_id, passing, WHY)

    assert [one["attempt_id"] for one in announced(AssessmentPassed)] == [str(passing)] * 2


def test_who_decided_why_is_kept(place: University) -> None:
    placement_id, user_id = placed(place), learner(place)
    attempt_id = take(place, placement_id, user_id, "abd")
    delete(place, placement_id, attempt_id)
    restore_attempt(place.id, placement_id, attempt_id, WHY)

    with transaction(place.id) as session:
        entries = audit.list_entries(session, object_kind="attempt", object_id=attempt_id)
    told = {entry.act: (entry.reason, entry.actor_id, entry.facts) for entry in entries}
    assert told["delete_attempt"] == (
        WHY.reason,
        WHY.actor.id,
        {"number": 1, "points_before": "2.0000", "points_after": None},
    )
    assert told["restore_attempt"][2]["points_after"] == "2.0000"


def test_what_changed_since_one_looked_stops_it(place: University) -> None:
    placement_id, user_id = placed(place), learner(place)
    attempt_id = open_attempt(place.id, placement_id, user_id)
    looked_at = seen(place, placement_id, attempt_id)
    submit_attempt(place.id, attempt_id, user_id=user_id)

    with pytest.raises(DeletionOutdatedError):
        delete_attempt(place.id, placement_id, attempt_id, WHY, digest=looked_at.digest)

    delete(place, placement_id, attempt_id)
    with pytest.raises(NotFoundError):
        delete_attempt(place.id, placement_id, attempt_id, WHY, digest="")


def test_whoever_is_at_work_on_it_is_told(place: University) -> None:
    placement_id, user_id = placed(place), learner(place)
    attempt_id = open_attempt(place.id, placement_id, user_id)
    item = form_of(place, attempt_id)[0]
    save_response(place.id, attempt_id, Page().save(item, "a"), user_id=user_id)

    delete(place, placement_id, attempt_id)

    with pytest.raises(AttemptDeletedError):
        save_response(place.id, attempt_id, Page().save(item, "b"), user_id=user_id)
    with pytest.raises(NotFoundError) as stranger:
        submit_attempt(place.id, attempt_id, user_id=learner(place))
    assert not isinstance(stranger.value, AttemptDeletedError)
    newer = open_attempt(place.id, placement_id, user_id)
    assert newer != attempt_id
    with pytest.raises(NotChangeableError, match="another attempt"):
        restore_attempt(place.id, placement_id, attempt_id, WHY)
    submit_attempt(place.id, newer, user_id=user_id)
    restore_attempt(place.id, placement_id, attempt_id, WHY)
    assert open_attempt(place.id, placement_id, user_id) == attempt_id


def test_what_comes_back_after_a_regrade_is_scored_like_the_others(place: University) -> None:
    placement_id, user_id = placed(place), learner(place)
    attempt_id = take(place, placement_id, user_id, "ada")
    delete(place, placement_id, attempt_id)
    do(place, placement_id, corrected(place, placement_id, "adc"))

    restore_attempt(place.id, placement_id, attempt_id, WHY)

    assert points(place, placement_id, user_id) == Decimal(2)


def test_who_is_erased_leaves_nothing_to_put_back(place: University) -> None:
    placement_id, user_id = placed(place), learner(place)
    attempt_id = take(place, placement_id, user_id, "abd")
    delete(place, placement_id, attempt_id)

    erase_answers(place.id, [user_id])

    with transaction(place.id) as session, queries.seeing_deleted(session):
        answers = queries.list_responses(session, attempt_id)
    assert {stored.value for stored in answers.values()} == {()}
    with pytest.raises(NotChangeableError, match="no longer kept"):
        restore_attempt(place.id, placement_id, attempt_id, WHY)


def test_another_activitys_attempt_is_not_found(place: University) -> None:
    placement_id, elsewhere, user_id = placed(place), placed(place), learner(place)
    attempt_id = take(place, placement_id, user_id, "abd")
    with pytest.raises(NotFoundError):
        seen(place, elsewhere, attempt_id)
    delete(place, placement_id, attempt_id)
    with pytest.raises(NotFoundError):
        restore_attempt(place.id, elsewhere, attempt_id, WHY)
