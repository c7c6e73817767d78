"""A newer edition for all courses at once: looked at, decided, done; what has changed is left."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from lti_tool.assessments import queries, services
from lti_tool.assessments.conditions import Limits, Shown
from lti_tool.assessments.errors import NothingToRegradeError, RegradeUndecidedError
from lti_tool.assessments.models import RegradePlace, RegradeRun
from lti_tool.assessments.queries import RegradedPlace
from lti_tool.assessments.services import bind_placement, create_placement, regrading_everywhere
from lti_tool.core import audit, clock
from lti_tool.core.audit import SYSTEM, Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AssessmentId, EditionId, PlacementId, UserId, new_id
from lti_tool.platforms.models import Context
from tests.assessments.factories import (
    University,
    course,
    link,
    placed,
    published,
    university,
)
from tests.assessments.services.test_regrading import corrected, points_of, take
from tests.conftest import Worker

pytestmark = pytest.mark.usefixtures("database")


class Term:
    """An assessment in three courses, and in a placement that nobody ever opened."""

    def __init__(self) -> None:
        self.place: University = university()
        first = placed(self.place)
        with transaction(self.place.id) as session:
            self.edition_id = queries.get_placement(session, first).edition_id
            edition = queries.get_edition(session, self.edition_id)
        self.assessment_id: AssessmentId = edition.assessment_id
        self.placements = [first, *(self.placed() for _ in range(2))]
        for number, placement_id in enumerate(self.placements):
            self.open(placement_id, f"Course {number}")
        self.placed()
        self.actor = Actor("staff", new_id())

    def placed(self) -> PlacementId:
        return create_placement(
            self.place.id, self.edition_id, context_id=None, created_by=None, title="Charts"
        )

    def open(self, placement_id: PlacementId, title: str) -> None:
        context_id = course(self.place)
        link_id = link(self.place, context_id)
        with transaction(self.place.id) as session:
            session.execute(update(Context).where(Context.id == context_id).values(title=title))
            bind_placement(session, placement_id, link_id, context_id)

    def ask(self) -> str:
        self.run_id = services.ask_regrade(self.place.id, self.assessment_id, actor=self.actor)
        return self.state()

    def decide(self) -> str:
        services.confirm_regrade(
            self.place.id, self.assessment_id, self.run_id, reason=" Key of 2 ", actor=self.actor
        )
        return self.state()

    def state(self) -> str:
        with transaction(self.place.id) as session:
            return queries.get_run(session, self.assessment_id, self.run_id).state

    def places(self) -> list[RegradedPlace]:
        with transaction(self.place.id) as session:
            return queries.list_places(session, self.run_id)

    def outcomes(self) -> list[str | None]:
        return [one.place.outcome for one in self.places()]

    def edition_of(self, placement_id: PlacementId) -> EditionId:
        with transaction(self.place.id) as session:
            return queries.get_placement(session, placement_id).edition_id


@pytest.fixture
def term() -> Term:
    return Term()


def test_all_courses_are_looked_at_and_then_scored(term: Term, worker: Worker) -> None:
    gains, loses = (
        take(term.place, placement_id, letters)
        for placement_id, letters in zip(term.placements, ("ada", "aba"), strict=False)
    )
    newer = corrected(term.place, term.placements[0], "adc")

    assert term.ask() == "looking"
    worker.run()

    assert term.state() == "looked"
    assert [one.course for one in term.places()] == ["Course 0", "Course 1", "Course 2"]
    assert [one.place.results_changed for one in term.places()] == [1, 1, 0]
    assert passes_of(term) == {str(gains): (1, 0), str(loses): (0, 1)}
    assert points_of(term.place, term.placements[0], gains) == 1

    assert term.decide() == "scoring"
    worker.run()

    assert term.state() == "done"
    assert term.outcomes() == ["done"] * 3
    assert {term.edition_of(one) for one in term.placements} == {newer}
    assert points_of(term.place, term.placements[0], gains) == 2
    assert points_of(term.place, term.placements[1], loses) == 1
    with transaction(term.place.id) as session:
        [whole] = audit.list_entries(
            session, object_kind="assessment", object_id=term.assessment_id
        )[:1]
        [entry] = audit.list_entries(session, object_kind="placement", object_id=term.placements[0])
        placement = queries.get_placement(session, term.placements[0])
        told = queries.find_scored_by_institution(
            session, placement, since=datetime.min.replace(tzinfo=UTC)
        )
    assert (whole.act, whole.reason) == ("regrade_everywhere", "Key of 2")
    assert (entry.act, entry.reason, entry.actor_id) == ("regrade", "Key of 2", term.actor.id)
    assert told is not None
    assert (told.number, told.reason, told.results_changed) == (2, "Key of 2", 1)


def passes_of(term: Term) -> dict[str, tuple[int, int]]:
    """Return how many passes each learner would win and lose."""
    return {
        user: (len(won), len(lost)) for one in term.places() for user, won, lost in one.place.passes
    }


def test_no_course_shows_anything_earlier_than_before_and_all_else_is_told(
    term: Term, worker: Worker
) -> None:
    with transaction(term.place.id) as session:
        queries.get_placement(session, term.placements[1]).key_shown = Shown.NEVER
    looser = Limits(max_attempts=2, key_shown=Shown.AT_ONCE)
    corrected(term.place, term.placements[0], "adc", limits=looser)
    tries = "The number of attempts gets a limit: 2. Those already made count."
    stays = (
        "The edition would show learners the right answers earlier. "
        "Here it stays as it is: “After a pass or the last attempt”."
    )
    all_told = [[tries, stays], [tries], [tries, stays]]
    term.ask()
    worker.run()
    assert [one.also for one in term.places()] == all_told

    term.decide()
    worker.run()

    assert term.outcomes() == ["done"] * 3
    assert [one.also for one in term.places()] == all_told
    with transaction(term.place.id) as session:
        placements = [queries.get_placement(session, one) for one in term.placements]
        held = [queries.conditions_of(session, one) for one in placements]
        told = queries.find_scored_by_institution(
            session, placements[0], since=datetime.min.replace(tzinfo=UTC)
        )
    assert [one.key_shown for one in held] == [Shown.SETTLED, Shown.NEVER, Shown.SETTLED]
    assert {one.max_attempts for one in held} == {2}
    assert told is not None
    assert told.also == (tries, stays)


def test_a_course_that_has_changed_since_is_left_alone_and_named(
    term: Term, worker: Worker
) -> None:
    corrected(term.place, term.placements[0], "adc")
    term.ask()
    worker.run()
    user_id: UserId = take(term.place, term.placements[1], "ada")

    term.decide()
    worker.run()

    assert term.outcomes() == ["done", "left", "done"]
    assert term.places()[1].why == [
        "Learners handed in, answers were marked, or rules changed meanwhile. Nothing was done."
    ]
    assert term.edition_of(term.placements[1]) == term.edition_id
    assert points_of(term.place, term.placements[1], user_id) == 1
    term.ask()
    worker.run()
    assert term.outcomes() == ["fits"]


def test_a_course_whose_instructor_was_quicker_is_left_alone(term: Term, worker: Worker) -> None:
    newer = corrected(term.place, term.placements[0], "adc")
    term.ask()
    worker.run()
    seen = next(one for one in term.places() if one.course == "Course 2")
    services.regrade(
        term.place.id,
        term.placements[2],
        newer,
        digest=seen.place.digest or "",
        reason="x",
        actor=SYSTEM,
    )

    term.decide()
    worker.run()

    assert term.outcomes() == ["done", "done", "left"]


def test_what_cannot_be_scored_is_told_and_the_others_are(term: Term, worker: Worker) -> None:
    take(term.place, term.placements[1], "abc")
    options = [{"id": letter, "text": letter} for letter in "abcde"]
    corrected(term.place, term.placements[0], "abc", options=options)

    term.ask()
    worker.run()

    assert term.outcomes() == ["fits", "unfit", "fits"]
    assert term.places()[1].why[0] == "Question 1 offers other answers in the newer edition."
    term.decide()
    worker.run()
    assert term.outcomes() == ["done", "unfit", "done"]


def test_a_job_goes_on_where_another_stopped_and_one_beside_it_does_nothing_twice(
    term: Term, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regrading_everywhere, "RUN_SECONDS", -1.0)
    corrected(term.place, term.placements[0], "adc")
    term.ask()
    assert regrading_everywhere._next_place(term.place.id, term.run_id)
    assert sorted(map(str, term.outcomes())) == ["None", "None", "fits"]

    worker.run()
    term.decide()
    worker.run()
    services.go_on_regrading(term.place.id, term.run_id)

    assert term.outcomes() == ["done"] * 3


def test_what_a_job_beside_it_has_said_of_a_course_is_not_said_of_the_next(
    term: Term, monkeypatch: pytest.MonkeyPatch
) -> None:
    corrected(term.place, term.placements[0], "adc")
    term.ask()
    claimed = regrading_everywhere._claimed

    def claimed_behind_another(
        session: Session, run_id: UUID
    ) -> tuple[RegradeRun, RegradePlace] | None:
        found = claimed(session, run_id)
        assert found is not None
        found[1].outcome = "unfit"
        session.flush()
        return claimed(session, run_id)

    def look(*_: object) -> None:
        monkeypatch.setattr(regrading_everywhere, "_claimed", claimed_behind_another)
        raise NotFoundError("gone")

    monkeypatch.setattr(regrading_everywhere, "_look", look)

    assert regrading_everywhere._next_place(term.place.id, term.run_id)

    assert sorted(map(str, term.outcomes())) == ["None", "None", "unfit"]


def test_asking_twice_is_one_look_and_deciding_twice_is_one_decision(
    term: Term, worker: Worker
) -> None:
    corrected(term.place, term.placements[0], "adc")
    term.ask()
    first = term.run_id
    term.ask()
    assert term.run_id == first
    with pytest.raises(RegradeUndecidedError):
        term.decide()
    worker.run()

    term.decide()
    term.decide()
    worker.run()
    term.decide()

    with transaction(term.place.id) as session:
        entries = audit.list_entries(
            session, object_kind="assessment", object_id=term.assessment_id
        )
        assert len(queries.list_runs(session, term.assessment_id)) == 1
    assert [one.act for one in entries].count("regrade_everywhere") == 1


def test_without_a_newer_edition_there_is_nothing_to_look_at(term: Term) -> None:
    with pytest.raises(NothingToRegradeError):
        term.ask()


def test_another_universitys_run_and_assessment_are_not_found(term: Term, worker: Worker) -> None:
    corrected(term.place, term.placements[0], "adc")
    term.ask()
    worker.run()
    elsewhere = university()
    other = published(elsewhere)
    with transaction(elsewhere.id) as session:
        other_id = queries.get_edition(session, other).assessment_id

    with pytest.raises(NothingToRegradeError):
        services.ask_regrade(elsewhere.id, term.assessment_id, actor=SYSTEM)
    for assessment_id in (term.assessment_id, other_id):
        with pytest.raises(NotFoundError):
            services.confirm_regrade(
                elsewhere.id, assessment_id, term.run_id, reason="x", actor=SYSTEM
            )
    regrading_everywhere.go_on_regrading(elsewhere.id, term.run_id)
    assert term.state() == "looked"


def test_what_was_decided_long_ago_is_not_told_any_more(term: Term, worker: Worker) -> None:
    corrected(term.place, term.placements[0], "adc")
    term.ask()
    worker.run()
    term.decide()
    worker.run()

    with transaction(term.place.id) as session:
        placement = queries.get_placement(session, term.placements[0])
        assert queries.find_scored_by_institution(session, placement, since=clock.now()) is None
