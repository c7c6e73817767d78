"""What the gradebook holds, beside what we want in it."""

from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, text, update

from lti_tool.campus import store
from lti_tool.campus.personality import STRICT
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import PlacementId, new_id
from lti_tool.grading import jobs, queries, services
from lti_tool.grading.ags import Result
from lti_tool.grading.models import DesiredScore, GradebookColumn
from lti_tool.grading.queries import ScoreRow, SyncState
from lti_tool.grading.rules import Outcome
from lti_tool.platforms.models import Context
from tests.grading.course import AMARA, BJORN, INGRID, LINH, Course
from tests.grading.working import ALL, TWO, Later, work


def rows(course: Course) -> dict[str, ScoreRow]:
    with transaction(course.institution_id) as session:
        return {row.subject: row for row in queries.list_scores(session, course.placement_id)}


def column(course: Course) -> queries.ColumnState:
    with transaction(course.institution_id) as session:
        state = queries.find_column_state(session, course.placement_id)
    assert state is not None
    return state


def compare(course: Course) -> None:
    services.compare_column(course.institution_id, course.placement_id)


def override(course: Course, person_id: int, points: Decimal | None) -> None:
    engine = course.site.campus.engine
    store.override_grade(
        engine, line_item_id=course.line_item_id, person_id=person_id, points=points
    )


def test_a_grade_changed_by_hand_is_shown_with_both_values_and_left(
    course: Course, later: Later
) -> None:
    course.take(AMARA, "abd")
    course.take(LINH, "abc")
    work()
    override(course, 2, Decimal(9))
    later.move(minutes=5)

    compare(course)
    work()

    found = rows(course)
    assert found[AMARA].state is SyncState.DIFFERS
    assert found[AMARA].held == Result(score=Decimal(9), maximum=Decimal(10))
    assert (found[AMARA].given, found[AMARA].maximum) == (TWO, ALL)
    assert found[LINH].state is SyncState.IN_GRADEBOOK
    assert found[AMARA].acknowledged_at is not None
    assert column(course).compared_at is not None
    assert course.row(course.user(AMARA)).due_at is None, "the teacher's grade is left"


def test_a_refused_score_that_the_gradebook_holds_is_acknowledged(
    course: Course, later: Later
) -> None:
    course.take(AMARA, "abc")
    course.take(LINH, "abd")
    work()
    override(course, 3, Decimal(1))
    with transaction(course.institution_id) as session:
        session.execute(
            update(DesiredScore).values(
                refused_at=DesiredScore.changed_at,
                acknowledged_version=0,
                last_outcome=Outcome.REFUSED.value,
                last_status=400,
            )
        )
    later.move(minutes=5)

    compare(course)

    found = rows(course)
    assert found[AMARA].state is SyncState.IN_GRADEBOOK
    assert found[AMARA].outcome is None
    assert found[LINH].state is SyncState.REFUSED, "another grade is there"


def test_a_refused_score_is_not_acknowledged_by_what_an_earlier_reading_saw(
    course: Course, later: Later
) -> None:
    course.take(AMARA, "abd")
    work()
    override(course, 2, Decimal(10))
    later.move(minutes=5)
    compare(course)
    with transaction(course.institution_id) as session:
        session.execute(
            update(DesiredScore).values(
                given=ALL,
                version=DesiredScore.version + 1,
                acknowledged_at=clock.now(),
                refused_at=clock.now(),
                last_outcome=Outcome.REFUSED.value,
                last_status=400,
            )
        )
    later.move_ours(minutes=-1)  # the next reading began before

    compare(course)

    assert rows(course)[AMARA].state is SyncState.REFUSED


def test_what_the_platform_lost_is_sent_once_more_and_not_for_ever(
    course: Course, later: Later
) -> None:
    course.take(AMARA, "abc")
    work()
    for expected in (1, 0):  # times that it comes back
        with course.site.campus.engine.begin() as connection:
            connection.execute(text("DELETE FROM scores"))
        later.move(minutes=5)
        compare(course)
        work()
        assert len(course.held()) == expected

    assert rows(course)[AMARA].state is SyncState.DIFFERS


def test_a_score_that_was_just_taken_is_not_missed(course: Course) -> None:
    course.take(AMARA, "abc")
    work()
    with course.site.campus.engine.begin() as connection:
        connection.execute(text("DELETE FROM scores"))

    compare(course)

    assert course.row(course.user(AMARA)).due_at is None


def test_a_score_that_is_taken_while_the_column_is_read_is_no_difference(
    course: Course, later: Later
) -> None:
    course.take(AMARA, "abc")
    work()
    override(course, 2, Decimal(1))  # as it was when the reading began
    later.move_ours(minutes=-1)

    compare(course)

    assert rows(course)[AMARA].state is SyncState.IN_GRADEBOOK
    later.move_ours(minutes=5)
    compare(course)
    assert rows(course)[AMARA].state is SyncState.DIFFERS


def test_every_page_of_results_is_read(course: Course, later: Later) -> None:
    for subject in (AMARA, LINH, INGRID, BJORN):
        course.take(subject, "abc")
    work()
    later.move(minutes=5)
    with course.personality(replace(STRICT, page_size=1, curly_links=True)):
        compare(course)

    assert {row.state for row in rows(course).values()} == {SyncState.IN_GRADEBOOK}
    assert all(row.held_at is not None for row in rows(course).values())


def test_results_that_cannot_be_read_leave_what_was_read_before(
    course: Course, later: Later
) -> None:
    course.take(AMARA, "abc")
    work()
    later.move(minutes=5)
    compare(course)
    before = rows(course)[AMARA].held_at
    course.site.campus.faults.change({"html": True})

    later.move(minutes=5)
    compare(course)

    assert column(course).compare_error
    assert rows(course)[AMARA].held_at == before


def test_results_are_not_asked_for_without_the_right(course: Course) -> None:
    course.take(AMARA, "abc")
    work()
    with transaction(course.institution_id) as session:
        session.execute(update(Context).values(service_scopes=[store.SCORE_SCOPE]))

    compare(course)

    assert "right to read" in (column(course).compare_error or "")


def test_every_column_is_compared_once_a_day(course: Course, later: Later) -> None:
    course.take(AMARA, "abc")
    work()
    later.move(minutes=5)

    jobs.compare_lanes()
    work()
    first = column(course).compared_at
    assert first is not None
    jobs.compare_lanes()
    work()
    assert column(course).compared_at == first

    later.move(hours=23)
    jobs.compare_lanes()
    work()
    assert column(course).compared_at != first


def test_a_column_that_is_gone_is_noticed_and_made_anew_with_every_score(
    course: Course, later: Later
) -> None:
    course.take(AMARA, "abc")
    course.take(LINH, "abd")
    work()
    with course.site.campus.engine.begin() as connection:
        connection.execute(
            text("DELETE FROM line_items WHERE id = :id"), {"id": course.line_item_id}
        )
    later.move(minutes=5)
    compare(course)
    assert {row.outcome for row in rows(course).values()} == {Outcome.COLUMN_GONE}
    assert column(course).is_gone

    sent = services.make_column(course.institution_id, course.placement_id, actor=audit.CLI)
    later.move(seconds=5)
    work()

    assert sent == 2
    url = column(course).line_item_url
    assert url is not None
    new_id = int(urlsplit(url).path.rpartition("/")[2])
    assert new_id != course.line_item_id
    grades = store.gradebook(course.site.campus.engine, 1)
    assert grades[new_id, AMARA].given == ALL
    assert grades[new_id, LINH].given == TWO
    assert {row.state for row in rows(course).values()} == {SyncState.IN_GRADEBOOK}
    assert not column(course).is_gone


def test_a_column_of_ours_stays_when_a_launch_names_none(course: Course) -> None:
    course.forget_column()
    services.make_column(course.institution_id, course.placement_id, actor=audit.CLI)
    with transaction(course.institution_id) as session:
        made = session.scalars(select(GradebookColumn.made_url)).one()
    course.forget_column()
    course.take(AMARA, "abc")
    work()

    assert course.row(course.user(AMARA)).line_item_url == made
    assert course.row(course.user(AMARA)).acknowledged_at is not None


def test_no_column_is_made_without_the_right(course: Course) -> None:
    with transaction(course.institution_id) as session:
        session.execute(update(Context).values(service_scopes=[store.SCORE_SCOPE]))
    course.forget_column()

    with pytest.raises(services.CannotMakeColumnError):
        services.make_column(course.institution_id, course.placement_id, actor=audit.CLI)
    assert not column(course).may_make


def test_a_placement_that_no_link_stands_for_has_no_place(course: Course) -> None:
    with transaction(course.institution_id) as session, pytest.raises(NotFoundError):
        queries.get_place(session, PlacementId(new_id()))
