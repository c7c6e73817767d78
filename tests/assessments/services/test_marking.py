from decimal import Decimal

import pytest
from sqlalchemy import select

from lti_tool.assessments import queries
from lti_tool.assessments.conditions import Shown
from lti_tool.assessments.errors import (
    MarkedMeanwhileError,
    NothingToMarkError,
    UnfitMarkError,
)
from lti_tool.assessments.events import (
    AssessmentPassed,
    PlacementResultChanged,
)
from lti_tool.assessments.models import Attempt, Response
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AttemptId, UserId, new_id
from tests.assessments.factories import announced, learner, university
from tests.assessments.written import Written

pytestmark = pytest.mark.usefixtures("database")


def attempt_of(here: Written, attempt_id: AttemptId) -> Attempt:
    with transaction(here.place.id) as session:
        return queries.get_attempt(session, attempt_id)


def test_until_the_last_answer_is_marked_the_attempt_waits() -> None:
    here = Written()
    attempt_id, asked = here.hand_in("a", "I claim.", "And more.")

    here.mark(attempt_id, asked[1], claim="full", sources="half")

    attempt = attempt_of(here, attempt_id)
    assert attempt.awaits_marking
    assert attempt.points_earned == Decimal(4)
    here.mark(attempt_id, asked[2], "4.5")
    attempt = attempt_of(here, attempt_id)
    assert not attempt.awaits_marking
    assert attempt.points_earned == Decimal("8.5")


def test_the_mark_that_reaches_the_pass_mark_announces_the_pass_once() -> None:
    here = Written()
    attempt_id, asked = here.hand_in("a", "I claim.", "And more.")

    here.mark(attempt_id, asked[1], "4")
    assert len(announced(AssessmentPassed)) == 1
    here.mark(attempt_id, asked[2], "1")

    [passed] = announced(AssessmentPassed)
    assert passed["attempt_id"] == str(attempt_id)


def test_a_last_mark_of_no_points_still_lets_the_grade_go() -> None:
    here = Written()
    attempt_id, asked = here.hand_in("b", "I claim.", "")
    before = len(announced(PlacementResultChanged))

    here.mark(attempt_id, asked[1], "0")

    assert len(announced(PlacementResultChanged)) == before + 1


def test_a_mark_is_changed_with_what_was_before_on_record() -> None:
    here = Written()
    attempt_id, asked = here.hand_in("b", "I claim.", "")
    here.mark(attempt_id, asked[1], "1", comment="Thin.")

    here.mark(attempt_id, asked[1], "3", seen=1, comment="Better than I thought.")

    with transaction(here.place.id) as session:
        marks = queries.list_marks_of_answer(session, attempt_id, asked[1])
        entries = audit.list_entries(session, object_kind="attempt", object_id=attempt_id)
    assert [(one.number, one.points, one.comment) for one in marks] == [
        (2, Decimal(3), "Better than I thought."),
        (1, Decimal(1), "Thin."),
    ]
    assert attempt_of(here, attempt_id).points_earned == Decimal(3)
    assert entries[0].facts["points_before"] == "1.0000"


def test_a_second_marker_who_saw_no_mark_overwrites_none() -> None:
    here = Written()
    attempt_id, asked = here.hand_in("a", "I claim.", "")
    here.mark(attempt_id, asked[1], "3")

    with pytest.raises(MarkedMeanwhileError):
        here.mark(attempt_id, asked[1], "1", by=learner(here.place))

    assert attempt_of(here, attempt_id).points_earned == Decimal(4)


def test_the_same_decision_sent_twice_is_one_mark() -> None:
    here = Written()
    attempt_id, asked = here.hand_in("a", "I claim.", "")

    here.mark(attempt_id, asked[1], "3", comment="Good.")
    here.mark(attempt_id, asked[1], "3", comment="Good.")

    with transaction(here.place.id) as session:
        assert len(queries.list_marks_of_answer(session, attempt_id, asked[1])) == 1


def test_a_mark_of_another_answer_does_not_count() -> None:
    here = Written()
    attempt_id, asked = here.hand_in("a", "I claim.", "")
    here.mark(attempt_id, asked[1], "4")
    with transaction(here.place.id) as session:
        changed = session.scalars(select(Response).where(Response.item_version_id == asked[1]))
        changed.one().save_id = new_id()

    with transaction(here.place.id) as session:
        assert queries.list_given(session, attempt_id) == {}


def test_what_marks_itself_or_was_left_empty_cannot_be_marked() -> None:
    here = Written()
    attempt_id, asked = here.hand_in("a", "I claim.", "")

    for item in (asked[0], asked[2]):
        with pytest.raises(NothingToMarkError):
            here.mark(attempt_id, item, "1")
    with pytest.raises(UnfitMarkError):
        here.mark(attempt_id, asked[1], "4.1")


def test_an_attempt_at_another_placement_or_institution_is_not_found() -> None:
    here, elsewhere = Written(), Written()
    attempt_id, asked = here.hand_in("a", "I claim.", "")

    with pytest.raises(NotFoundError):
        elsewhere.mark(attempt_id, asked[1], "1")
    other = Written(place=here.place)
    with pytest.raises(NotFoundError):
        other.mark(attempt_id, asked[1], "1")


def test_the_learner_sees_the_rubric_and_the_comment() -> None:
    here = Written()
    attempt_id, asked = here.hand_in("a", "I claim.", "And more.")
    here.mark(attempt_id, asked[1], claim="full", sources="none", comment="Name <your> sources.")

    with transaction(here.place.id) as session:
        reviewed = queries.attempt_review(session, attempt_id, at=clock.now()).items[1]

    assert [(one.name, str(one.level)) for one in reviewed.criteria] == [
        ("The claim", "Convincing"),
        ("Its sources", "Missing"),
    ]
    assert reviewed.comment == "<p>Name &lt;your&gt; sources.</p>"
    assert reviewed.points_earned == Decimal(2)
    assert not reviewed.needs_marking


def test_what_was_said_of_an_answer_waits_until_its_rule_lets_it_be_seen() -> None:
    here = Written()
    attempt_id, asked = here.hand_in("a", "I claim.", "And more.")
    here.mark(attempt_id, asked[1], claim="full", sources="none", comment="Name your sources.")
    with transaction(here.place.id) as session:
        placement = queries.get_placement(session, here.placement_id, lock=True)
        placement.feedback_shown = Shown.NEVER

    with transaction(here.place.id) as session:
        theirs = queries.attempt_review(session, attempt_id, at=clock.now())
        ours = queries.attempt_review(session, attempt_id, at=clock.now(), whole=True)

    assert (theirs.shows_answers, theirs.shows_feedback) == (True, False)
    [held_back, told] = (theirs.items[1], ours.items[1])
    assert (held_back.comment, held_back.criteria) == (None, ())
    assert (held_back.points_earned, held_back.by_person) == (Decimal(2), True)
    assert told.comment is not None
    assert len(told.criteria) == 2


def test_no_mark_is_given_in_the_name_of_somebody_elsewhere() -> None:
    here, stranger = Written(), learner(university())
    attempt_id, asked = here.hand_in("a", "I claim.", "")

    with pytest.raises(Exception, match="fk_item_marks_institution_id_marked_by"):
        here.mark(attempt_id, asked[1], "1", by=UserId(stranger))
