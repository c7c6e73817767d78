from decimal import Decimal

import pytest

from lti_tool.assessments import queries
from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.queries import AttemptReview
from lti_tool.assessments.services import (
    create_assessment,
    create_placement,
    open_attempt,
    publish_edition,
    save_responses,
    submit_attempt,
)
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, PlacementId, UserId
from tests.assessments.factories import (
    Page,
    University,
    form_of,
    learner,
    placed,
    question,
    university,
)

pytestmark = pytest.mark.usefixtures("database")


def take(place: University, placement_id: PlacementId, user_id: UserId, letters: str) -> AttemptId:
    attempt_id = open_attempt(place.id, placement_id, user_id)
    page = Page()
    items = form_of(place, attempt_id)
    saves = [page.save(item, letter) for item, letter in zip(items, letters, strict=False)]
    save_responses(place.id, attempt_id, saves, user_id=user_id)
    submit_attempt(place.id, attempt_id, user_id=user_id)
    return attempt_id


def placed_with_reasons(place: University, *, max_attempts: int | None) -> PlacementId:
    """Place two questions, keys a and b, whose author explains every answer."""
    options = [
        {"id": letter, "text": f"*{letter}*", "feedback": f"You chose {letter}."}
        for letter in "abcd"
    ]
    edition_id = publish_edition(
        place.id,
        EditionDraft(
            assessment_id=create_assessment(place.id, "Statistics"),
            title="Statistics",
            summary="",
            competencies=("Charts", "Base rates", "Unasked"),
            pass_mark=Decimal(1),
            items=tuple(
                DraftItem(
                    item=question(key, options=options, rationale=f"Since {key}."),
                    points=Decimal(points),
                    competency=competency,
                )
                for key, points, competency in (("a", "1", "Base rates"), ("b", "2.5", "Charts"))
            ),
        ),
    )
    return create_placement(
        place.id,
        edition_id,
        context_id=None,
        created_by=None,
        title="Statistics",
        max_attempts=max_attempts,
    )


def review(place: University, attempt_id: AttemptId) -> AttemptReview:
    with transaction(place.id) as session:
        return queries.attempt_review(session, attempt_id, at=clock.now())


def test_looking_back_shows_what_was_chosen_and_what_it_showed() -> None:
    place = university()
    placement_id = placed_with_reasons(place, max_attempts=None)

    seen = review(place, take(place, placement_id, learner(place), "ac"))

    assert [(item.number, item.is_right, item.points_earned) for item in seen.items] == [
        (1, True, Decimal(1)),
        (2, False, Decimal(0)),
    ]
    assert seen.items[1].chosen == "<em>c</em>"
    assert seen.items[1].feedback == "<p>You chose c.</p>\n"
    assert [(part.name, part.earned, part.possible) for part in seen.competencies] == [
        ("Charts", Decimal(0), Decimal("2.5")),
        ("Base rates", Decimal(1), Decimal(1)),
    ]


def test_the_key_stays_hidden_while_another_attempt_could_use_it() -> None:
    place = university()
    placement_id, user_id = placed_with_reasons(place, max_attempts=2), learner(place)

    first = review(place, take(place, placement_id, user_id, "ac"))
    second_id = take(place, placement_id, user_id, "ac")

    for item in first.items:
        assert (item.key, item.rationale) == (None, None)
    for seen in (review(place, second_id), review(place, first.attempt.id)):
        assert [item.key for item in seen.items] == ["<em>a</em>", "<em>b</em>"]
        assert seen.items[1].rationale == "<p>Since b.</p>\n"


def test_who_has_passed_may_see_the_key() -> None:
    place = university()
    placement_id = placed_with_reasons(place, max_attempts=None)

    seen = review(place, take(place, placement_id, learner(place), "ab"))

    assert [item.key for item in seen.items] == ["<em>a</em>", "<em>b</em>"]


def test_nobody_looks_back_at_an_open_attempt_or_at_anothers() -> None:
    place = university()
    placement_id, user_id = placed(place), learner(place)
    open_id = open_attempt(place.id, placement_id, user_id)
    ended_id = take(place, placement_id, learner(place), "a")

    with transaction(place.id) as session:
        with pytest.raises(NotFoundError):
            queries.attempt_review(session, open_id, at=clock.now(), of_user=user_id)
        with pytest.raises(NotFoundError):
            queries.attempt_review(session, ended_id, at=clock.now(), of_user=user_id)


def test_a_teacher_sees_everybody_who_has_begun_and_nobody_else() -> None:
    place = university()
    placement_id, elsewhere = placed(place), placed(place)
    done, begun, other = learner(place), learner(place), learner(place)
    take(place, placement_id, done, "abd")
    take(place, placement_id, done, "add")
    open_attempt(place.id, placement_id, done)
    open_attempt(place.id, placement_id, begun)
    take(place, elsewhere, other, "abc")

    with transaction(place.id) as session:
        found = {row.user_id: row for row in queries.list_results(session, placement_id)}

    assert found.keys() == {done, begun}
    assert (found[done].attempts, found[done].is_open) == (3, True)
    assert found[done].last_submitted_at is not None
    result = found[done].result
    assert result is not None
    assert result.points_earned == 2
    assert (found[begun].attempts, found[begun].is_open) == (1, True)
    assert found[begun].result is None
    assert found[begun].last_submitted_at is None


def test_attempts_are_listed_by_learner_oldest_first() -> None:
    place = university()
    placement_id, one, two = placed(place), learner(place), learner(place)
    taken = [take(place, placement_id, user_id, "a") for user_id in (one, two, one)]

    with transaction(place.id) as session:
        of_one = [a.id for a in queries.list_attempts(session, placement_id, one)]
        of_all = [a.id for a in queries.list_attempts(session, placement_id)]

    assert of_one == [taken[0], taken[2]]
    assert sorted(of_all) == sorted(taken)
