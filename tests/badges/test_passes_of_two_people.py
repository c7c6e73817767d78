"""Passes made again by somebody who turns out to be two, or by two who are one."""

import pytest
from sqlalchemy import select, update

from lti_tool.badges import detailing, issuing
from lti_tool.badges.details import PLAIN
from lti_tool.badges.models import Achievement, Credential
from lti_tool.badges.services import withdraw_award
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.ids import new_id
from lti_tool.people import merging
from tests.badges.passing import Course, keep
from tests.conftest import Worker


@pytest.fixture
def course(worker: Worker) -> Course:
    """A course without visits by the worker: what is earned is told by the test."""
    return Course(worker)


@pytest.mark.parametrize("days", [50, 800], ids=["a duplicate", "what counts"])
def test_what_was_kept_still_counts_when_two_people_turn_out_to_be_one(
    course: Course, days: int
) -> None:
    kept = course.tell(course.take(), 700)
    again = course.take("right", "wrong")
    course.tell(again, 100)
    course.lose(again)
    keep(course)
    user_id, other = course.enrol()
    longer = course.tell(course.take(user_id=user_id), days, person_id=other)
    merge_id = new_id()

    merging.merge(
        course.id, course.person_id, other, merge_id=merge_id, actor=audit.CLI, reason="One."
    )

    assert course.award(kept).duplicate_of_id == (longer if days == 50 else None)
    assert [found for found, _, _ in course.held()] == sorted([100, 700, days])
    merging.split(course.id, merge_id, actor=audit.CLI, reason="Two.")
    assert [found for found, _, _ in course.held()] == [100, 700]
    assert [found for found, _, _ in course.held(other)] == [days]


def test_what_was_kept_while_two_were_one_still_counts_when_they_are_split(course: Course) -> None:
    course.tell(course.take(), 700)
    again = course.take("right", "wrong")
    course.tell(again, 100)
    user_id, other = course.enrol()
    theirs = course.take(user_id=user_id)
    longer = course.tell(theirs, 50, person_id=other)
    merge_id = new_id()
    merging.merge(
        course.id, course.person_id, other, merge_id=merge_id, actor=audit.CLI, reason="One."
    )
    for lost in (theirs, again):
        course.lose(lost)
        assert course.reviewed() == [longer]
        keep(course)
    assert [found for found, _, _ in course.held()] == [50, 100, 700]

    merging.split(course.id, merge_id, actor=audit.CLI, reason="Two.")

    assert [found for found, _, _ in course.held()] == [100, 700]
    assert [found for found, _, _ in course.held(other)] == [50]


def test_after_a_split_each_keeps_what_their_own_passes_say(course: Course) -> None:
    user_id, other = course.enrol()
    award_id = course.tell(course.take(), 300)
    merge_id = new_id()
    merging.merge(
        course.id, course.person_id, other, merge_id=merge_id, actor=audit.CLI, reason="One."
    )
    issuing.issue_credential(course.id, award_id)
    course.tell(course.take(user_id=user_id), 100)
    issuing.renew_credential(course.id, award_id)
    assert len(course.signed()) == 1
    long = course.signed()

    merging.split(course.id, merge_id, actor=audit.CLI, reason="Two.")

    award = course.award(award_id)
    assert (award.valid_until, award.first_valid_until) == (course.ends(300), None)
    assert [days for days, _, _ in course.held()] == [300]
    assert course.signed() == []
    issuing.issue_credential(course.id, award_id)
    [short] = course.signed()
    assert short < long[0]


def test_after_a_split_what_was_made_for_the_others_pass_begins_with_the_own(
    course: Course,
) -> None:
    user_id, other = course.enrol()
    merge_id = new_id()
    merging.merge(
        course.id, course.person_id, other, merge_id=merge_id, actor=audit.CLI, reason="One."
    )
    award_id = course.tell(course.take(user_id=user_id), 300)
    course.tell(course.take("right", "wrong"), 100)

    merging.split(course.id, merge_id, actor=audit.CLI, reason="Two.")

    award = course.award(award_id)
    assert (award.person_id, award.awarded_at) == (course.person_id, course.ago(100))
    assert (award.valid_until, award.first_valid_until) == (course.ends(100), None)
    assert [(days, grade) for days, _, grade in course.held()] == [(100, "0.5")]


def test_after_a_split_results_that_were_signed_may_be_the_others_and_are_revoked(
    course: Course,
) -> None:
    with transaction(course.id) as session:
        session.execute(update(Achievement).values(details=PLAIN.to_json()))
    user_id, other = course.enrol()
    award_id = course.tell(course.take("right", "wrong"), 300)
    merge_id = new_id()
    merging.merge(
        course.id, course.person_id, other, merge_id=merge_id, actor=audit.CLI, reason="One."
    )
    course.tell(course.take(user_id=user_id), 100)
    issuing.issue_credential(course.id, award_id)
    asked = detailing.Asked(results=True)
    signed = detailing.sign_detailed(course.id, award_id, person_id=course.person_id, asked=asked)

    merging.split(course.id, merge_id, actor=audit.CLI, reason="Two.")

    with transaction(course.id) as session:
        revoked = select(Credential.revoked_at).where(Credential.id == signed)
        assert session.scalars(revoked).one() is not None


def test_what_is_left_without_any_pass_by_a_split_stays_as_it_is(course: Course) -> None:
    first = course.take()
    award_id = course.tell(first, 500)
    withdraw_award(course.id, award_id, reason="Copied", actor=audit.CLI)
    user_id, other = course.enrol()
    merge_id = new_id()
    merging.merge(
        course.id, course.person_id, other, merge_id=merge_id, actor=audit.CLI, reason="One."
    )
    course.tell(course.take(user_id=user_id), 200)
    course.tell(course.take(user_id=user_id), 100)

    merging.split(course.id, merge_id, actor=audit.CLI, reason="Two.")

    valid_until = course.award(award_id).valid_until
    with transaction(course.id) as session:
        assert valid_until is not None
        assert issuing.last_earned_at(session, award_id, valid_until) == course.ago(100)


def test_after_a_split_whoever_renewed_anothers_badge_has_one_of_their_own(course: Course) -> None:
    user_id, other = course.enrol()
    theirs = course.tell(course.take(user_id=user_id), 300, person_id=other)
    merge_id = new_id()
    merging.merge(
        course.id, course.person_id, other, merge_id=merge_id, actor=audit.CLI, reason="One."
    )
    assert course.tell(course.take(), 100) == theirs

    merging.split(course.id, merge_id, actor=audit.CLI, reason="Two.")
    course.worker.run()

    assert course.award(theirs).person_id == other
    assert course.award(theirs).valid_until == course.ends(300)
    assert [days for days, _, _ in course.held(other)] == [300]
    assert len(course.held()) == 1
    assert len(course.signed()) == 2
