"""Two people mark an answer and see no mark but their own; who differ leave it to a third."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.assessments import queries
from lti_tool.assessments.errors import MarkingBegunError, NothingToMarkError
from lti_tool.assessments.events import AssessmentPassed
from lti_tool.assessments.marking import Marked, Scheme, settle
from lti_tool.assessments.services import reopen_attempt, set_scheme
from lti_tool.assessments.services.changing import Why
from lti_tool.core import audit
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.errors import ConflictError
from lti_tool.core.ids import AttemptId, UserId, new_id
from tests.assessments.factories import announced, learner
from tests.assessments.written import Written

ONE = Scheme(markers=1, tolerance=Decimal("0.1"))
TWO = Scheme(markers=2, tolerance=Decimal("0.1"))
A, B, C, D = (UserId(new_id()) for _ in range(4))


def marks(*given: tuple[UserId, str]) -> list[Marked]:
    return [
        Marked(number=number, by=who, share=Decimal(share), levels={}, comment=share)
        for number, (who, share) in enumerate(given, 1)
    ]


def share(*given: tuple[UserId, str], scheme: Scheme = TWO) -> Decimal | None:
    found = settle(marks(*given), scheme).given
    return found.share if found else None


def test_two_who_agree_are_averaged_and_a_third_decides_where_they_do_not() -> None:
    assert share((A, "0.5")) is None
    assert share((A, "0.5"), (B, "0.6")) == Decimal("0.55")
    assert share((A, "0.5"), (B, "0.61")) is None
    assert share((A, "0.5"), (B, "0.9"), (C, "0.6")) == Decimal("0.6")


def test_each_ones_newest_mark_is_compared() -> None:
    assert share((A, "0.1"), (A, "0.5"), (B, "0.6")) == Decimal("0.55")
    assert share((A, "0.1"), (B, "0.6"), (A, "0.5")) == Decimal("0.55")
    assert share((A, "0.1"), (B, "0.9"), (C, "0.6"), (C, "0.7")) == Decimal("0.7")
    assert share((A, "0.1"), (B, "0.6"), scheme=ONE) == Decimal("0.6")


def test_the_learner_reads_what_both_said_and_levels_that_both_chose() -> None:
    first, second = marks((A, "0.5"), (B, "0.5"))
    first = Marked(number=1, by=A, share=first.share, levels={"x": "1", "y": "2"}, comment="Well.")
    second = Marked(number=2, by=B, share=first.share, levels={"x": "1", "y": "3"}, comment="Yes.")
    told = settle([first, second], TWO).given
    assert told is not None
    assert told.levels == {"x": "1"}
    assert told.comment == "Well.\n\nYes."


def test_nobody_sees_anothers_mark_before_it_is_settled() -> None:
    waiting, differing = settle(marks((A, "0.5")), TWO), settle(marks((A, "0.1"), (B, "1")), TWO)
    settled = settle(marks((A, "0.5"), (B, "0.5")), TWO)
    assert not waiting.shows(A, B, TWO)
    assert waiting.shows(A, A, TWO)
    assert not differing.shows(A, C, TWO)
    assert settled.shows(A, B, TWO)
    assert (waiting.waits_for(A, TWO), waiting.waits_for(B, TWO)) == (False, True)
    assert (differing.waits_for(A, TWO), differing.waits_for(C, TWO)) == (False, True)
    assert not settled.takes(C, TWO)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([A, B, C, D]),
            st.decimals(min_value=0, max_value=1, places=2).map(str),
        )
    )
)
def test_what_counts_lies_between_the_marks_it_is_made_of(given: list[tuple[UserId, str]]) -> None:
    all_marks = marks(*given)
    standing = settle(all_marks, TWO)
    if standing.given is None:
        assert standing.numbers == frozenset()
    else:
        used = [one.share for one in all_marks if one.number in standing.numbers]
        assert min(used) <= standing.given.share <= max(used)


class Blind:
    """An answer that two people mark."""

    def __init__(self) -> None:
        self.here = Written()
        set_scheme(self.here.place.id, self.here.placement_id, TWO, actor=SYSTEM)
        self.attempt_id, self.asked = self.here.hand_in("a", "I claim.", "")
        self.first, self.second, self.third = (learner(self.here.place) for _ in range(3))

    def mark(self, by: UserId, points: str, *, seen: int = 0) -> None:
        self.here.mark(self.attempt_id, self.asked[1], points, by=by, seen=seen)

    def stands(self) -> tuple[Decimal | None, bool]:
        with transaction(self.here.place.id) as session:
            attempt = queries.get_attempt(session, AttemptId(self.attempt_id))
            return attempt.points_earned, attempt.awaits_marking


@pytest.fixture
def blind(database: object) -> Blind:  # noqa: ARG001 - the rows
    return Blind()


def test_the_grade_waits_until_it_is_settled(blind: Blind) -> None:
    blind.mark(blind.first, "1")
    assert blind.stands() == (Decimal(1), True)
    blind.mark(blind.second, "3")
    assert blind.stands() == (Decimal(1), True)
    blind.mark(blind.third, "2")
    assert blind.stands() == (Decimal(3), False)
    with pytest.raises(NothingToMarkError):
        blind.mark(blind.here.marker, "4")
    assert announced(AssessmentPassed) == []


def test_marks_that_agree_count_by_their_mean_and_each_is_on_record(blind: Blind) -> None:
    blind.mark(blind.first, "3")
    blind.mark(blind.first, "3")  # twice is once
    blind.mark(blind.second, "3.4")

    assert blind.stands() == (Decimal("4.2"), False)
    with transaction(blind.here.place.id) as session:
        entries = audit.list_entries(session, object_kind="attempt", object_id=blind.attempt_id)
    assert [entry.facts["points_before"] for entry in entries] == [None, None]
    assert {entry.actor_id for entry in entries} == {blind.first, blind.second}


def test_a_mark_can_be_changed_without_seeing_the_other(blind: Blind) -> None:
    blind.mark(blind.first, "1")
    blind.mark(blind.second, "3")
    blind.mark(blind.first, "3", seen=1)
    assert blind.stands() == (Decimal(4), False)


def test_how_it_is_marked_stays_once_somebody_has_marked(blind: Blind) -> None:
    blind.mark(blind.first, "1")
    with pytest.raises(MarkingBegunError):
        set_scheme(blind.here.place.id, blind.here.placement_id, ONE, actor=SYSTEM)
    set_scheme(blind.here.place.id, blind.here.placement_id, TWO, actor=SYSTEM)


def test_an_attempt_that_one_of_two_has_marked_is_not_opened_again(blind: Blind) -> None:
    blind.mark(blind.first, "1")
    with pytest.raises(ConflictError):
        reopen_attempt(
            blind.here.place.id, blind.here.placement_id, blind.attempt_id, 5, Why(SYSTEM, "x")
        )
