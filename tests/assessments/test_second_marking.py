"""Two people mark an answer and see no mark but their own; who differ leave it to a third."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.assessments import marking, queries
from lti_tool.assessments.errors import (
    ImpossibleConditionsError,
    MarkedMeanwhileError,
    MarkingBegunError,
    NothingToMarkError,
)
from lti_tool.assessments.events import AssessmentPassed
from lti_tool.assessments.marking import Marked, Scheme, settle
from lti_tool.assessments.models import Edition
from lti_tool.assessments.services import create_placement, reopen_attempt, set_scheme
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


LED = Scheme(markers=2, tolerance=Decimal("0.1"), lead=C)


def test_where_there_is_a_lead_nobody_else_decides_and_the_lead_marks_nothing_else() -> None:
    one, agreeing, differing = (
        settle(marks(*given), LED)
        for given in (
            [(A, "0.5")],
            [(A, "0.5"), (B, "0.5")],
            [(A, "0.1"), (B, "1")],
        )
    )
    assert [one.takes(who, LED) for who in (A, B, C, D)] == [True, True, False, True]
    assert [agreeing.takes(who, LED) for who in (A, C, D)] == [True, False, False]
    assert [differing.waits_for(who, LED) for who in (A, B, C, D)] == [False, False, True, False]
    assert share((A, "0.1"), (B, "1"), (C, "0.7"), scheme=LED) == Decimal("0.7")
    assert share((A, "0.1"), (B, "1"), (D, "0.3"), (C, "0.7"), scheme=LED) == Decimal("0.7")


def test_a_lead_sees_both_marks_and_they_see_no_more_than_before() -> None:
    differing, waiting = settle(marks((A, "0.1"), (B, "1")), LED), settle(marks((A, "1")), LED)
    assert (differing.shows(A, C, LED), differing.shows(B, C, LED)) == (True, True)
    assert not differing.shows(A, B, LED)
    assert not waiting.shows(A, C, LED)


def test_what_a_third_decided_before_there_was_a_lead_stands() -> None:
    assert share((A, "0.1"), (B, "1"), (D, "0.3"), scheme=LED) == Decimal("0.3")


def test_until_a_lead_that_is_asked_for_is_named_it_waits() -> None:
    asked = Scheme(markers=2, tolerance=Decimal("0.1"), asks_lead=True)
    differing = settle(marks((A, "0.1"), (B, "1")), asked)
    assert [differing.takes(who, asked) for who in (A, C, D)] == [True, False, False]


@pytest.mark.parametrize(
    ("wanted", "wrong"),
    [
        (ONE, ["markers"]),
        (Scheme(markers=2, tolerance=Decimal("0.11")), ["tolerance"]),
        (TWO, []),
        (Scheme(markers=2, tolerance=Decimal(0), lead=A), []),
    ],
)
def test_a_placement_asks_for_no_less_than_its_edition(wanted: Scheme, wrong: list[str]) -> None:
    assert list(marking.problems(TWO, wanted)) == wrong
    assert marking.problems(ONE, wanted) == {}
    held = marking.strictest(TWO, wanted)
    assert (held.markers, held.tolerance <= TWO.tolerance) == (2, True)


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


def lead_by(blind: Blind, lead: UserId | None) -> None:
    set_scheme(blind.here.place.id, blind.here.placement_id, replace(TWO, lead=lead), actor=SYSTEM)


def test_a_lead_named_while_two_differ_decides_by_what_both_gave(blind: Blind) -> None:
    blind.mark(blind.first, "1")
    blind.mark(blind.second, "3")
    lead_by(blind, blind.third)

    with pytest.raises(NothingToMarkError):
        blind.mark(blind.here.marker, "2")
    with pytest.raises(MarkedMeanwhileError):
        blind.mark(blind.third, "2")  # of a page that showed no mark
    blind.mark(blind.third, "2", seen=2)

    assert blind.stands() == (Decimal(3), False)


def test_nobody_who_has_marked_can_lead(blind: Blind) -> None:
    blind.mark(blind.first, "1")
    with pytest.raises(ImpossibleConditionsError):
        lead_by(blind, blind.first)
    lead_by(blind, blind.third)
    lead_by(blind, None)
    blind.mark(blind.third, "1")
    assert blind.stands() == (Decimal(2), False)


def test_an_edition_that_asks_for_two_and_a_lead_gets_them_wherever_it_is_placed(
    blind: Blind,
) -> None:
    here = blind.here
    with transaction(here.place.id) as session:
        edition_id = queries.get_placement(session, here.placement_id).edition_id
        edition = session.get_one(Edition, (edition_id, here.place.id))
        edition.details = {**edition.details, "markers": 2, "asks_lead": True}
    placement_id = create_placement(
        here.place.id, edition_id, context_id=None, created_by=None, title="Arguing"
    )

    with transaction(here.place.id) as session:
        held = queries.scheme_of(queries.get_placement(session, placement_id))
    assert held == Scheme(markers=2, tolerance=Decimal("0.1"), asks_lead=True)
    with pytest.raises(ImpossibleConditionsError):
        set_scheme(here.place.id, placement_id, ONE, actor=SYSTEM)
    set_scheme(here.place.id, placement_id, replace(TWO, lead=blind.first), actor=SYSTEM)
    with transaction(here.place.id) as session:
        held = queries.scheme_of(queries.get_placement(session, placement_id))
    assert (held.lead, held.asks_lead) == (blind.first, True)


def test_an_attempt_that_one_of_two_has_marked_is_not_opened_again(blind: Blind) -> None:
    blind.mark(blind.first, "1")
    with pytest.raises(ConflictError):
        reopen_attempt(
            blind.here.place.id, blind.here.placement_id, blind.attempt_id, 5, Why(SYSTEM, "x")
        )
