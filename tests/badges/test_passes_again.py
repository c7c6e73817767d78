"""Awards that were earned again, when passes are lost or come late."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select, update

from lti_tool.badges import awarding, issuing, reviewing, signing
from lti_tool.badges.awarding import Outcome
from lti_tool.badges.details import Evidence
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.models import Achievement, Credential
from lti_tool.badges.outlook import Passes, foresee
from lti_tool.badges.queries import list_evidence
from lti_tool.badges.rules import Cause, CauseKind
from lti_tool.badges.services import grant_award, restore_award, withdraw_award
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.ids import AwardId, new_id
from lti_tool.pathways.deciding import Decision, grant_credit
from lti_tool.people import merging
from tests.badges.passing import Course, count_earned_again, keep
from tests.conftest import Worker


@pytest.fixture
def course(worker: Worker) -> Course:
    """A course without visits by the worker: what is earned is told by the test."""
    return Course(worker)


def test_a_renewal_that_is_lost_is_put_before_a_person_though_an_older_pass_stands(
    course: Course,
) -> None:
    first, again = course.take(), course.take()
    award_id = course.tell(first, 700)
    course.tell(again, 100)
    with transaction(course.id) as session:
        assert [reviewing.rests_on(session, one) for one in (first, again)] == [False, True]
        lost = Passes(gives_badge=True, won={}, lost={again: course.user_id})
        assert foresee(session, course.activity.assessment_id, [lost]).to_review == 1

    course.lose(again)

    assert course.reviewed() == [award_id]
    assert [days for days, _, _ in course.held()] == [700]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_renewal_that_is_lost_counts_again_when_a_person_keeps_the_award(
    course: Course, *, keeps: bool
) -> None:
    award_id = course.tell(course.take(), 700)
    again = course.take("right", "wrong")
    course.tell(again, 100)
    course.lose(again)
    with transaction(course.id) as session:
        [review] = reviewing.list_reviews(session)
        before = count_earned_again(session, award_id)

    reviewing.decide_review(
        course.id, review.review.id, keeps=keeps, reason="An outage.", actor=audit.CLI
    )

    assert [days for days, _, _ in course.held()] == ([100, 700] if keeps else [])
    with transaction(course.id) as session:
        assert count_earned_again(session, award_id) == before + keeps


def test_what_was_kept_of_one_renewal_says_nothing_of_another(course: Course) -> None:
    course.tell(course.take(), 900)
    kept, lost = course.take(), course.take()
    course.tell(kept, 200)
    course.lose(kept)
    keep(course)
    course.tell(lost, 100)

    course.lose(lost)

    assert [days for days, _, _ in course.held()] == [200, 900]


def test_a_renewal_that_is_lost_asks_nobody_where_another_lasts_as_long(course: Course) -> None:
    first, again, last = course.take(), course.take(), course.take()
    for attempt_id, days in ((first, 700), (again, 100), (last, 50)):
        course.tell(attempt_id, days)

    course.lose(again)
    course.lose(first)

    assert course.reviewed() == []
    assert [days for days, _, _ in course.held()] == [50, 700]


def test_the_order_in_which_passes_come_changes_nothing(course: Course) -> None:
    passes = [
        (course.take("right", "right"), 900),
        (course.take("right", "wrong"), 100),
        (course.take("right", "right"), 500),
    ]
    seen = set()
    for order in permutations(passes):
        _, person_id = course.enrol()
        [award_id] = {
            course.tell(attempt_id, days, person_id=person_id) for attempt_id, days in order
        }
        assert course.award(award_id).valid_until == course.ends(100)
        seen.add(tuple(course.held(person_id)))
    [held] = seen
    assert [(days, grade) for days, _, grade in held] == [(100, "0.5"), (500, "1.0"), (900, "1.0")]
    assert [ended is not None and ended > 0 for _, ended, _ in held] == [False, True, True]


def test_what_renewed_a_duplicate_that_was_withdrawn_counts_for_nothing(course: Course) -> None:
    user_id, other = course.enrol()
    course.tell(course.take(user_id=user_id), 700, person_id=other)
    gone = course.tell(course.take(user_id=user_id), 50, person_id=other)
    withdraw_award(course.id, gone, reason="A mistake", actor=audit.CLI)
    course.tell(course.take("right", "wrong"), 200)

    merging.merge(
        course.id, course.person_id, other, merge_id=new_id(), actor=audit.CLI, reason="One."
    )

    assert [(days, grade) for days, _, grade in course.held()] == [(200, "0.5")]


def test_a_renewal_of_before_a_withdrawal_counts_no_longer_when_it_is_regained(
    course: Course,
) -> None:
    first, again, late = course.take(), course.take(), course.take("right", "wrong")
    award_id = course.tell(first, 700)
    course.tell(again, 100)
    withdraw_award(course.id, award_id, reason="Copied", actor=audit.CLI)

    course.tell(late, 300)

    assert course.award(award_id).valid_until == course.ends(300)
    assert [(days, grade) for days, _, grade in course.held()] == [(300, "0.5")]
    course.lose(late)  # what was withdrawn for a reason speaks for it no more
    assert course.reviewed() == [award_id]


def test_what_is_given_back_comes_with_its_duplicates_and_not_with_those_of_before(
    course: Course,
) -> None:
    user_id, other = course.enrol()
    third_user, third = course.enrol()
    theirs = course.tell(course.take(user_id=user_id), 200, person_id=other)
    before = course.tell(course.take(user_id=third_user), 250, person_id=third)
    withdraw_award(course.id, before, reason="A mistake", actor=audit.CLI)
    own = course.tell(course.take("right", "wrong"), 100)
    for gone in (other, third):
        merging.merge(
            course.id, course.person_id, gone, merge_id=new_id(), actor=audit.CLI, reason="One."
        )
    counts = own if course.award(own).duplicate_of_id is None else theirs
    held = course.held()
    assert len(held) == 2
    withdraw_award(course.id, counts, reason="A mistake", actor=audit.CLI)
    assert course.held() == []

    restore_award(course.id, counts, decision_id=new_id(), reason="Was right", actor=audit.CLI)

    assert course.held() == held
    assert course.award(before).withdrawn_at is not None


def test_evidence_of_before_a_withdrawal_is_not_signed_when_it_is_regained(course: Course) -> None:
    forged = Evidence(name="Report", narrative="Read.", url="https://northfell.example/report")
    award_id = grant_award(
        course.id,
        course.person_id,
        course.activity.achievement_id,
        cause=Cause(
            kind=CauseKind.DECISION,
            id=new_id(),
            caused_at=course.ago(300),
            reason="Shown.",
            evidence=(forged,),
        ),
    )
    withdraw_award(course.id, award_id, reason="Forged", actor=audit.CLI)

    course.tell(course.take(), 100)

    with transaction(course.id) as session:
        assert list_evidence(session, award_id) == []


def by_hand(course: Course) -> tuple[AwardId, Outcome]:
    return awarding.award_by_hand(
        course.id,
        course.activity.achievement_id,
        who=str(course.user_id),
        reason="Shown in class",
        decision_id=new_id(),
        actor=audit.CLI,
    )


def test_whoever_decides_prolongs_what_had_ended_and_nothing_that_runs(course: Course) -> None:
    award_id = course.tell(course.take(), 700)

    assert by_hand(course) == (award_id, Outcome.RENEWED)
    renewed = course.award(award_id).valid_until
    assert renewed is not None
    assert renewed > course.now + timedelta(days=300)

    assert by_hand(course) == (award_id, Outcome.HELD)
    decision = Decision(id=new_id(), reason="Senate, 3 May.", actor=audit.CLI)
    grant_credit(course.id, course.activity.achievement_id, [course.person_id], decision=decision)
    assert course.award(award_id).valid_until == renewed
    assert [days for days, _, _ in course.held()] == [-1, 700]


def test_earned_again_before_it_is_signed_a_badge_without_an_end_is_signed_once(
    course: Course,
) -> None:
    with transaction(course.id) as session:
        session.execute(update(Achievement).values(details={}))
    award_id = course.tell(course.take(), 100)
    course.tell(course.take(), 50)

    issuing.renew_credential(course.id, award_id)
    with transaction(course.id) as session:
        [before] = session.scalars(select(Credential.document)).all()
    issuing.renew_credential(course.id, award_id)
    issuing.issue_credential(course.id, award_id)

    with transaction(course.id) as session:
        assert session.scalars(select(Credential.document)).all() == [before]
    assert "validUntil" not in (before or {})


def test_a_compact_form_of_before_a_renewal_is_not_kept(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    award_id = course.tell(course.take(), 300)
    issuing.issue_credential(course.id, award_id)
    with transaction(course.id) as session:
        credential_id = session.scalars(select(Credential.id)).one()
    sign, made = signing.sign_compact, list[str]()

    def renewed_meanwhile(issuer: Issuer, unsecured: dict[str, Any]) -> str:
        made.append(sign(issuer, unsecured))
        if len(made) == 1:
            course.tell(course.take(), 100)
            issuing.renew_credential(course.id, award_id)
        return made[-1]

    monkeypatch.setattr(signing, "sign_compact", renewed_meanwhile)

    compact = issuing.compact_form(course.id, credential_id)

    assert compact == issuing.compact_form(course.id, credential_id) == made[1] != made[0]
    with transaction(course.id) as session:
        assert session.scalars(select(Credential.compact)).all() == [made[1]]
