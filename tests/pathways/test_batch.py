"""One decision about many people: looked at first, carried out once, also after a worker died."""

from uuid import UUID, uuid4, uuid5

import pytest
from sqlalchemy import Connection, func, select

from lti_tool.badges.events import AwardGranted
from lti_tool.badges.models import Award
from lti_tool.badges.services import withdraw_award
from lti_tool.core import audit as trail
from lti_tool.core import clock, outbox
from lti_tool.core.audit import AuditEntry
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AwardId, PathwayId, PersonId
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.pathways import deciding, jobs
from lti_tool.pathways.audit import audit
from lti_tool.pathways.deciding import Decision
from lti_tool.pathways.deciding.batch import (
    Asked,
    BatchAct,
    ask_batch,
    carry_out,
    get_batch,
    list_skipped,
    preview_batch,
)
from lti_tool.pathways.events import BatchAsked
from lti_tool.pathways.expression import AllOf, Earn, from_json, stones
from lti_tool.pathways.foresight import foresee
from lti_tool.pathways.models import Pathway, PathwayRuling
from lti_tool.pathways.queries import get_newest_version
from lti_tool.pathways.recounting import recount
from lti_tool.pathways.sweeping import sweep
from tests.pathways.records import University, university

STONES = ["Ethics", "Data"]


@pytest.fixture
def northgate(database: Connection) -> University:  # noqa: ARG001 - the institution is part of the test
    return university()


def because() -> Decision:
    return Decision(id=uuid4(), reason="The course was cancelled.", actor=trail.CLI)


def learners(northgate: University, count: int) -> tuple[PathwayId, list[PersonId]]:
    """Publish a pathway of two stones; have so many people hold the first."""
    pathway_id = northgate.pathway("Certificate", STONES)
    people = [northgate.person() for _ in range(count)]
    for person_id in people:
        jobs.count_award(northgate.grant(person_id, "Ethics"))
    return pathway_id, people


def second_stone(northgate: University, pathway_id: PathwayId) -> UUID:
    with transaction(northgate.id) as session:
        version = get_newest_version(session, pathway_id)
    return list(stones(from_json(version.expression)))[1].id


def waived(northgate: University) -> int | None:
    with transaction(northgate.id) as session:
        return session.scalar(select(func.count()).select_from(PathwayRuling))


def test_a_waiver_of_many_is_previewed_and_carried_out(northgate: University) -> None:
    pathway_id, people = learners(northgate, 5)
    asked = Asked(
        pathway_id=pathway_id, act=BatchAct.WAIVE, target=second_stone(northgate, pathway_id)
    )

    with transaction(northgate.id) as session:
        preview = preview_batch(session, asked, people)
    batch_id = ask_batch(northgate.id, asked, people, decision=because())
    jobs.carry_out_batch(BatchAsked(institution_id=northgate.id, batch_id=batch_id))

    assert [change.gains for change in preview] == [True] * 5
    with transaction(northgate.id) as session:
        standing = get_batch(session, batch_id)
        assert audit(session, pathway_id).disagreements == ()
        acts = session.scalars(select(AuditEntry.act)).all()
    assert (standing.people, standing.done, standing.skipped, standing.finished) == (5, 5, 0, True)
    assert acts.count("waive_requirement") == 5
    assert all(northgate.progress(pathway_id, one).missing == 0 for one in people)


def test_whoever_goes_on_after_a_worker_died_does_nothing_twice(northgate: University) -> None:
    pathway_id, people = learners(northgate, 6)
    target = second_stone(northgate, pathway_id)
    asked = Asked(pathway_id=pathway_id, act=BatchAct.WAIVE, target=target)
    batch_id = ask_batch(northgate.id, asked, people, decision=because())

    assert carry_out(northgate.id, batch_id, limit=2)
    # And the third was decided about when the worker died, before that could be noted.
    third = sorted(people)[2]
    decision = Decision(
        id=uuid5(batch_id, str(third)), reason="The course was cancelled.", actor=trail.CLI
    )
    deciding.waive(northgate.id, pathway_id, third, target, decision=decision)
    with transaction(northgate.id) as session:
        assert get_batch(session, batch_id).done == 2
    for _ in range(2):
        jobs.carry_out_batch(BatchAsked(institution_id=northgate.id, batch_id=batch_id))

    with transaction(northgate.id) as session:
        assert get_batch(session, batch_id).done == 6
        acts = session.scalars(select(AuditEntry.act)).all()
    assert waived(northgate) == 6
    assert acts.count("waive_requirement") == 6


def test_the_job_passes_on_what_it_has_no_time_for(
    northgate: University, monkeypatch: pytest.MonkeyPatch
) -> None:
    pathway_id, people = learners(northgate, 3)
    target = second_stone(northgate, pathway_id)
    asked = Asked(pathway_id=pathway_id, act=BatchAct.WAIVE, target=target)
    batch_id = ask_batch(northgate.id, asked, people, decision=because())
    monkeypatch.setattr(jobs, "BATCH_SECONDS", 0.0)
    monkeypatch.setattr(jobs, "PEOPLE_BETWEEN_LOOKS", 1)

    jobs.carry_out_batch(BatchAsked(institution_id=northgate.id, batch_id=batch_id))

    assert waived(northgate) == 1
    with transaction(northgate.id) as session:
        waiting = session.scalars(
            select(OutboxDelivery).where(OutboxDelivery.event_type == "BatchAsked")
        ).all()
    assert len(waiting) == 2
    assert outbox.HAND_OVER


def test_who_cannot_be_decided_about_is_named_with_the_reason(northgate: University) -> None:
    pathway_id, people = learners(northgate, 2)
    target = second_stone(northgate, pathway_id)
    elsewhere = northgate.person()
    deciding.waive(northgate.id, pathway_id, people[0], target, decision=because())
    asked = Asked(pathway_id=pathway_id, act=BatchAct.WAIVE, target=target)

    batch_id = ask_batch(northgate.id, asked, [*people, elsewhere], decision=because())
    jobs.carry_out_batch(BatchAsked(institution_id=northgate.id, batch_id=batch_id))

    with transaction(northgate.id) as session:
        standing = get_batch(session, batch_id)
        skipped = dict(list_skipped(session, batch_id, limit=10))
    assert (standing.done, standing.skipped) == (1, 2)
    assert skipped == {
        people[0]: "A decision about this requirement stands already.",
        elsewhere: "This person is not on this pathway.",
    }


def test_credit_for_whoever_holds_it_is_said_to_change_nothing_and_changes_nothing(
    northgate: University,
) -> None:
    data = Earn(achievement_id=northgate.achievement("Data"), within_days=30)
    pathway_id = northgate.pathway("Certificate", AllOf(parts=(data, northgate.stone("Ethics"))))
    ada = northgate.person()
    jobs.count_award(northgate.grant(ada, "Data", minutes=-60 * 24 * 400))
    asked = Asked(pathway_id=pathway_id, act=BatchAct.CREDIT, target=data.achievement_id)

    with transaction(northgate.id) as session:
        [preview] = preview_batch(session, asked, [ada])
        [foreseen] = foresee(session, ada, data.achievement_id, gained=True)
    batch_id = ask_batch(northgate.id, asked, [ada], decision=because())
    jobs.carry_out_batch(BatchAsked(institution_id=northgate.id, batch_id=batch_id))
    recount(northgate.id, pathway_id, [ada])

    missing = northgate.progress(pathway_id, ada).missing
    assert (preview.before, preview.after, foreseen.after, missing) == (2, 2, 2, 2)


def test_credit_is_given_and_completions_are_confirmed_each_once(
    northgate: University,
) -> None:
    pathway_id, people = learners(northgate, 2)
    decision = because()
    asked = Asked(pathway_id=pathway_id, act=BatchAct.CREDIT, target=northgate.achievements["Data"])
    with transaction(northgate.id) as session:
        preview = preview_batch(session, asked, people)

    for _ in range(2):
        batch_id = ask_batch(northgate.id, asked, people, decision=decision)
        jobs.carry_out_batch(BatchAsked(institution_id=northgate.id, batch_id=batch_id))

    assert [(one.before, one.after) for one in preview] == [(1, 0)] * 2
    with transaction(northgate.id) as session:
        assert session.scalar(select(func.count()).select_from(Award)) == 4

    for person_id, award_id in standing_awards(northgate, "Data"):
        jobs.count_award(granted(northgate, person_id, award_id, "Data"))
    deciding.set_confirmation(northgate.id, pathway_id, confirms=True, decision=because())
    sweep()
    asked = Asked(pathway_id=pathway_id, act=BatchAct.CONFIRM, target=None)
    with transaction(northgate.id) as session:
        assert len(preview_batch(session, asked, people)) == 2
    batch_id = ask_batch(northgate.id, asked, people, decision=because())
    jobs.carry_out_batch(BatchAsked(institution_id=northgate.id, batch_id=batch_id))
    assert all(northgate.completions(pathway_id, one)[0].confirmed_at for one in people)


def standing_awards(northgate: University, name: str) -> list[tuple[PersonId, AwardId]]:
    with transaction(northgate.id) as session:
        rows = session.execute(
            select(Award.person_id, Award.id)
            .where(
                Award.achievement_id == northgate.achievements[name], Award.withdrawn_at.is_(None)
            )
            .order_by(Award.person_id)
        )
        return [(person_id, award_id) for person_id, award_id in rows]


def granted(
    northgate: University, person_id: PersonId, award_id: AwardId, name: str
) -> AwardGranted:
    return AwardGranted(
        institution_id=northgate.id,
        award_id=award_id,
        person_id=person_id,
        achievement_id=northgate.achievements[name],
        awarded_at=clock.now(),
    )


def test_a_badge_is_withdrawn_from_those_who_hold_it_and_the_others_are_left_alone(
    northgate: University,
) -> None:
    pathway_id, people = learners(northgate, 2)
    jobs.count_award(northgate.grant(people[0], "Data"))
    asked = Asked(
        pathway_id=pathway_id, act=BatchAct.WITHDRAW, target=northgate.achievements["Data"]
    )
    with transaction(northgate.id) as session:
        preview = preview_batch(session, asked, people)
    decision = because()

    batch_id = ask_batch(northgate.id, asked, people, decision=decision)
    jobs.carry_out_batch(BatchAsked(institution_id=northgate.id, batch_id=batch_id))

    assert [(one.person_id, one.before, one.after) for one in preview] == [(people[0], 0, 1)]
    assert preview[0].loses
    assert standing_awards(northgate, "Data") == []
    assert len(standing_awards(northgate, "Ethics")) == 2
    with transaction(northgate.id) as session:
        assert dict(list_skipped(session, batch_id, limit=9)) == {
            people[1]: "They do not hold this badge."
        }
        assert get_batch(session, batch_id).done == 1
        [reason] = session.scalars(
            select(Award.withdrawn_reason).where(Award.withdrawn_at.is_not(None))
        )
    assert reason == "The course was cancelled."


def test_a_worker_that_stopped_after_it_withdrew_is_not_told_as_a_failure(
    northgate: University,
) -> None:
    pathway_id, [person] = learners(northgate, 1)
    asked = Asked(
        pathway_id=pathway_id, act=BatchAct.WITHDRAW, target=northgate.achievements["Ethics"]
    )
    decision = because()
    batch_id = ask_batch(northgate.id, asked, [person], decision=decision)
    [(_, award_id)] = standing_awards(northgate, "Ethics")
    withdraw_award(northgate.id, award_id, reason=decision.reason, actor=decision.actor)

    jobs.carry_out_batch(BatchAsked(institution_id=northgate.id, batch_id=batch_id))

    with transaction(northgate.id) as session:
        standing = get_batch(session, batch_id)
    assert (standing.done, standing.skipped) == (1, 0)


def test_of_pathways_that_share_a_badge_is_let_count_in_one(northgate: University) -> None:
    first, people = learners(northgate, 2)
    northgate.achievement("Diploma")
    second = northgate.pathway("Diploma", ["Ethics"])
    with transaction(northgate.id) as session:
        for pathway in session.scalars(select(Pathway)):
            pathway.sharing = "certificates"
    for pathway_id in (first, second):
        recount(northgate.id, pathway_id, people)
    stranger = northgate.person()
    asked = Asked(pathway_id=second, act=BatchAct.ALLOCATE, target=northgate.achievements["Ethics"])
    with transaction(northgate.id) as session:
        preview = preview_batch(session, asked, [*people, stranger])

    batch_id = ask_batch(northgate.id, asked, [*people, stranger], decision=because())
    jobs.carry_out_batch(BatchAsked(institution_id=northgate.id, batch_id=batch_id))

    assert [(one.before, one.after) for one in preview] == [(1, 0), (1, 0)]
    assert [northgate.progress(second, one).missing for one in people] == [0, 0]
    assert [northgate.progress(first, one).missing for one in people] == [2, 2]
    with transaction(northgate.id) as session:
        assert dict(list_skipped(session, batch_id, limit=9)) == {
            stranger: "They do not hold this badge."
        }


def test_a_batch_of_another_institution_is_not_there(northgate: University) -> None:
    pathway_id, people = learners(northgate, 1)
    asked = Asked(
        pathway_id=pathway_id, act=BatchAct.WAIVE, target=second_stone(northgate, pathway_id)
    )
    batch_id = ask_batch(northgate.id, asked, people, decision=because())
    elsewhere = university("elsewhere")

    with transaction(elsewhere.id) as session, pytest.raises(NotFoundError):
        get_batch(session, batch_id)
    assert not carry_out(elsewhere.id, batch_id, limit=10)
    with pytest.raises(NotFoundError):
        ask_batch(elsewhere.id, asked, people, decision=because())
