from decimal import Decimal
from uuid import uuid4

import pytest

from lti_tool.assessments import queries
from lti_tool.assessments.rules import Policy
from lti_tool.assessments.services import bind_placement, create_placement, open_attempt
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import ContextId, EditionId, PlacementId, ResourceLinkId
from tests.assessments.factories import University, course, learner, link, published, university

pytestmark = pytest.mark.usefixtures("database")


def place_in(place: University, context_id: ContextId) -> PlacementId:
    return create_placement(
        place.id,
        published(place),
        context_id=context_id,
        created_by=None,
        title="Week 3",
        points=Decimal(20),
        policy=Policy.LAST,
        max_attempts=2,
        gives_badge=False,
    )


def bind(
    place: University, placement_id: PlacementId, link_id: ResourceLinkId, context_id: ContextId
) -> PlacementId:
    with transaction(place.id) as session:
        return bind_placement(session, placement_id, link_id, context_id).id


def test_the_first_launch_binds_and_later_ones_find() -> None:
    place = university()
    context_id = course(place)
    placement_id, link_id = place_in(place, context_id), link(place, context_id)

    assert bind(place, placement_id, link_id, context_id) == placement_id
    assert bind(place, placement_id, link_id, context_id) == placement_id
    with transaction(place.id) as session:
        found = queries.find_placement_of_link(session, link_id)
        assert found is not None
        assert found.id == placement_id


def test_a_course_copy_gets_a_placement_of_its_own_with_the_same_rules() -> None:
    place = university()
    context_id, copy_id = course(place), course(place)
    placement_id = place_in(place, context_id)
    bind(place, placement_id, link(place, context_id), context_id)
    link_of_copy = link(place, copy_id)

    copied = bind(place, placement_id, link_of_copy, copy_id)

    assert copied != placement_id
    assert bind(place, placement_id, link_of_copy, copy_id) == copied
    with transaction(place.id) as session:
        old = queries.get_placement(session, placement_id)
        new = queries.get_placement(session, copied)
    assert new.copied_from_id == placement_id
    assert new.context_id == copy_id
    for name in ("edition_id", "title", "points", "policy", "max_attempts", "gives_badge"):
        assert getattr(new, name) == getattr(old, name)


def test_a_copy_launched_before_the_original_leaves_the_original_free() -> None:
    place = university()
    context_id, copy_id = course(place), course(place)
    placement_id = place_in(place, context_id)

    copied = bind(place, placement_id, link(place, copy_id), copy_id)

    assert copied != placement_id
    assert bind(place, placement_id, link(place, context_id), context_id) == placement_id


def test_a_second_link_in_the_same_course_gets_its_own_placement() -> None:
    place = university()
    context_id = course(place)
    placement_id = place_in(place, context_id)
    bind(place, placement_id, link(place, context_id), context_id)

    assert bind(place, placement_id, link(place, context_id), context_id) != placement_id


def test_exchanging_the_token_moves_the_link_and_leaves_the_work_where_it_was() -> None:
    place = university()
    context_id = course(place)
    first, second = place_in(place, context_id), place_in(place, context_id)
    link_id = link(place, context_id)
    bind(place, first, link_id, context_id)
    attempt_id = open_attempt(place.id, first, learner(place))

    assert bind(place, second, link_id, context_id) == second
    with transaction(place.id) as session:
        assert queries.get_attempt(session, attempt_id).placement_id == first
    assert bind(place, first, link_id, context_id) == first


def test_only_a_published_edition_of_the_same_university_is_placed() -> None:
    place, other = university(), university()
    edition_id = published(other)

    for unknown in (edition_id, EditionId(uuid4())):
        with pytest.raises(NotFoundError):
            create_placement(place.id, unknown, context_id=None, created_by=None, title="Week 3")


def test_another_universitys_placement_is_not_found() -> None:
    place, other = university(), university()
    context_id = course(place)
    foreign = place_in(other, course(other))

    with pytest.raises(NotFoundError):
        bind(place, foreign, link(place, context_id), context_id)


def test_a_copy_whose_link_got_another_token_is_found_again_with_its_work() -> None:
    place = university()
    context_id, copy_id = course(place), course(place)
    first, second = place_in(place, context_id), place_in(place, context_id)
    link_id = link(place, copy_id)
    copied = bind(place, first, link_id, copy_id)
    attempt_id = open_attempt(place.id, copied, learner(place))
    other = bind(place, second, link_id, copy_id)

    assert bind(place, first, link_id, copy_id) == copied
    assert bind(place, second, link_id, copy_id) == other
    with transaction(place.id) as session:
        assert queries.get_attempt(session, attempt_id).placement_id == copied


def test_a_copy_that_lost_its_link_is_not_given_to_another_course() -> None:
    place = university()
    context_id, copy_id, third_id = course(place), course(place), course(place)
    first, second = place_in(place, context_id), place_in(place, context_id)
    link_id = link(place, copy_id)
    copied = bind(place, first, link_id, copy_id)
    bind(place, second, link_id, copy_id)

    assert bind(place, first, link(place, third_id), third_id) not in {copied, first}


@pytest.mark.parametrize("is_copy", [False, True], ids=["the placement", "its copy"])
def test_what_was_done_under_a_link_is_found_by_that_link_and_by_no_other(*, is_copy: bool) -> None:
    place = university()
    context_id = course(place)
    first, second = place_in(place, context_id), place_in(place, context_id)
    own, new = link(place, context_id), link(place, context_id)
    if is_copy:
        bind(place, first, link(place, context_id), context_id)
    used = bind(place, first, own, context_id)
    attempt_id = open_attempt(place.id, used, learner(place))
    bind(place, second, own, context_id)  # the link is given another token

    fresh = bind(place, first, new, context_id)  # and the activity is placed once more

    assert fresh != used
    assert bind(place, first, own, context_id) == used
    with transaction(place.id) as session:
        assert queries.get_attempt(session, attempt_id).placement_id == used
