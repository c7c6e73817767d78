"""What a dry run of a regrade says of badges is what the regrade then does to them."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import NamedTuple

import pytest
from sqlalchemy import select, update

from lti_tool.assessments import queries
from lti_tool.assessments.models import Attempt, PlacementResult
from lti_tool.assessments.regrading import Regrade
from lti_tool.assessments.rules import Policy
from lti_tool.assessments.services import (
    Why,
    create_placement,
    delete_attempt,
    regrade,
    try_deletion,
    try_regrade,
)
from lti_tool.assessments.services.forgetting import erase_answers
from lti_tool.badges import services as badges
from lti_tool.badges.artwork import Artwork, Field, Outline
from lti_tool.badges.details import PLAIN
from lti_tool.badges.jobs import award_for_pass, review_award
from lti_tool.badges.models import Award, AwardReview
from lti_tool.badges.outlook import Outlook, Passes, foresee
from lti_tool.badges.rules import AchievementDraft, AchievementType, Cause, CauseKind
from lti_tool.core import clock, outbox
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import AchievementId, AwardId, EditionId, PlacementId, UserId, new_id
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.people import merging
from lti_tool.people.services import person_of
from lti_tool.platforms.models import User
from tests.assessments.factories import University, learner, placed, university
from tests.assessments.services.test_conditions import take
from tests.assessments.services.test_regrading import corrected

pytestmark = pytest.mark.usefixtures("database")


class Now(NamedTuple):
    """How things stand: awards that stand, reviews that are open, results."""

    awards: set[AwardId]
    reviews: set[AwardId]
    results: dict[UserId, tuple[Decimal, Decimal, bool]]


@dataclass
class Term:
    """Two placements of one assessment, and learners to whom anything may have happened."""

    random: Random
    place: University = field(default_factory=university)
    learners: list[UserId] = field(default_factory=list)
    placement_id: PlacementId = field(init=False)
    other_id: PlacementId = field(init=False)
    achievement_id: AchievementId = field(init=False)
    months: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.months = self.random.choice([None, 12])
        self.placement_id = placed(self.place, policy=self.random.choice(list(Policy)))
        with transaction(self.place.id) as session:
            edition_id = queries.get_placement(session, self.placement_id).edition_id
            self.assessment_id = queries.get_edition(session, edition_id).assessment_id
        self.other_id = create_placement(
            self.place.id, edition_id, context_id=None, created_by=None, title="Elsewhere"
        )
        self.achievement_id = badges.publish_achievement(self.place.id, self._draft("Judges"))

    def _draft(self, name: str) -> AchievementDraft:
        return AchievementDraft(
            name=name,
            description="Judges figures.",
            criteria="Pass.",
            achievement_type=AchievementType.MICRO_CREDENTIAL,
            artwork=Artwork(outline=Outline.STONE, field=Field.STATISTICS, level=2),
            assessment_id=self.assessment_id,
            details=replace(PLAIN, valid_months=self.months),
        )

    def happens(self, likely: float) -> bool:
        return self.random.random() < likely

    def attempts(self, learners: list[UserId]) -> None:
        """Have everybody try, here and elsewhere, as luck has it."""
        for user_id in learners:
            places = [self.placement_id] * self.random.randint(1, 2)
            places += [self.other_id] * self.random.randint(0, 1)
            for placement_id in places:
                letters = "".join(self.random.choice(own + "d") for own in "abc")
                take(self.place, placement_id, user_id, letters)
        self.learners += learners

    def fates(self) -> None:
        """Decide by hand, withdraw, delete, forget, merge, publish anew."""
        here = self.place.id
        for user_id in self.random.sample(self.learners, len(self.learners)):
            if self.happens(0.15):
                self.award_by_hand(user_id)
            if self.happens(0.2):
                self._delete_one(user_id)
            if self.happens(0.1):
                erase_answers(here, [user_id])
            if self.happens(0.1):
                with transaction(here) as session:
                    session.execute(update(User).where(User.id == user_id).values(is_visitor=True))
        with transaction(here) as session:
            standing = session.scalars(select(Award.id).where(Award.withdrawn_at.is_(None))).all()
        for award_id in standing:
            if self.happens(0.2):
                badges.withdraw_award(here, award_id, reason="x", actor=SYSTEM)
        self._merge(*self.random.sample(self.learners, 2))
        if self.happens(0.3):
            badges.revise_achievement(
                here, self.achievement_id, self._draft(f"Judges {new_id()}"), actor=SYSTEM
            )

    def award_by_hand(self, user_id: UserId) -> None:
        with transaction(self.place.id) as session:
            person_id = person_of(session, user_id)
        cause = Cause(kind=CauseKind.DECISION, id=new_id(), caused_at=clock.now(), reason="x")
        badges.grant_award(self.place.id, person_id, self.achievement_id, cause=cause)

    def _delete_one(self, user_id: UserId) -> None:
        with transaction(self.place.id) as session:
            own = select(Attempt).where(Attempt.user_id == user_id).order_by(Attempt.id)
            attempts = session.scalars(own).all()
            if not attempts:
                return
            attempt = self.random.choice(attempts)
            digest = try_deletion(session, attempt.placement_id, attempt.id).digest
        delete_attempt(
            self.place.id, attempt.placement_id, attempt.id, Why(SYSTEM, "x"), digest=digest
        )

    def _merge(self, first: UserId, second: UserId) -> None:
        with transaction(self.place.id) as session:
            one, two = person_of(session, first), person_of(session, second)
        if one != two:
            merging.merge(
                self.place.id, one, two, merge_id=new_id(), actor=SYSTEM, reason="the same"
            )

    def hear(self) -> None:
        """Have badges hear of passes won and lost, in any order."""
        jobs = [job.__name__ for job in (award_for_pass, review_award)]
        with system_transaction() as session:
            due = session.scalars(
                select(OutboxDelivery.id)
                .where(OutboxDelivery.subscriber.in_(jobs), OutboxDelivery.finished_at.is_(None))
                .order_by(OutboxDelivery.id)
            ).all()
        for delivery_id in self.random.sample(due, len(due)):
            outbox.deliver(str(delivery_id))

    def now(self) -> Now:
        with transaction(self.place.id) as session:
            awards = session.scalars(
                select(Award.id).where(
                    Award.withdrawn_at.is_(None), Award.duplicate_of_id.is_(None)
                )
            )
            reviews = session.scalars(
                select(AwardReview.award_id).where(AwardReview.decided_at.is_(None))
            )
            results = session.scalars(
                select(PlacementResult).where(
                    PlacementResult.placement_id == self.placement_id,
                    PlacementResult.withdrawn_at.is_(None),
                )
            )
            return Now(
                awards=set(awards),
                reviews=set(reviews),
                results={
                    one.user_id: (one.points_earned, one.points_possible, one.passed)
                    for one in results
                },
            )

    def look(self, edition_id: EditionId) -> tuple[Regrade, Outlook]:
        with transaction(self.place.id) as session:
            placement = queries.get_placement(session, self.placement_id)
            seen = try_regrade(session, placement, edition_id)
            return seen, foresee(session, self.assessment_id, [Passes.of(placement, seen.changes)])

    def correct(self, keys: str, pass_mark: str = "0.6") -> Outlook:
        """Score by a newer edition; what was said before is what is so after."""
        edition_id = corrected(self.place, self.placement_id, keys, pass_mark=pass_mark)
        seen, outlook = self.look(edition_id)
        before = self.now()
        changed = regrade(
            self.place.id,
            self.placement_id,
            edition_id,
            digest=seen.digest,
            reason="x",
            actor=SYSTEM,
        )
        self.hear()
        after = self.now()
        results = {
            one.user_id: (one.after.earned, one.after.possible, one.after.passed)
            for one in seen.changes
            if one.before != one.after
        }
        assert results == {
            user_id: result
            for user_id, result in after.results.items()
            if result != before.results[user_id]
        }
        assert changed == len(results)
        assert outlook.earned == len(after.awards - before.awards)
        assert outlook.to_review == len(after.reviews - before.reviews)
        assert after.awards >= before.awards  # none is withdrawn by itself
        return outlook


@pytest.mark.parametrize("seed", range(4))
def test_a_dry_run_says_of_results_and_badges_exactly_what_the_regrade_does(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - cases to try
    term = Term(random)
    for _ in range(3):
        term.attempts([learner(term.place) for _ in range(4)])
        term.hear()
        term.fates()
        term.hear()
        keys = "".join(random.choice(own + "d") for own in "abc")
        term.correct(keys, random.choice(["0.3", "0.6", "0.7"]))


@pytest.fixture
def term() -> Term:
    return Term(Random(0))  # noqa: S311 - nothing is left to luck here


def test_another_attempt_that_passes_then_speaks_for_the_badge(term: Term) -> None:
    user_id = learner(term.place)
    for letters in ("abd", "dbd"):
        take(term.place, term.placement_id, user_id, letters)
    term.hear()

    outlook = term.correct("dbc")

    assert (outlook.earned, outlook.to_review) == (0, 0)


def test_a_pass_elsewhere_speaks_for_the_badge_until_it_is_lost_as_well(term: Term) -> None:
    user_id = learner(term.place)
    passes = [
        Passes(
            gives_badge=True,
            won={},
            lost={take(term.place, placement_id, user_id, "abd"): user_id},
        )
        for placement_id in (term.placement_id, term.other_id)
    ]
    term.hear()

    with transaction(term.place.id) as session:
        here, everywhere = (
            foresee(session, term.assessment_id, seen) for seen in (passes[:1], passes)
        )

    assert (here.to_review, everywhere.to_review) == (0, 1)
    assert term.correct("dbc").to_review == 0


def test_a_pass_that_comes_back_does_not_bring_back_a_withdrawn_badge(term: Term) -> None:
    take(term.place, term.placement_id, learner(term.place), "abd")
    term.hear()
    assert term.correct("dbc").to_review == 1
    [award_id] = term.now().awards
    badges.withdraw_award(term.place.id, award_id, reason="x", actor=SYSTEM)

    outlook = term.correct("abc")

    assert (outlook.earned, outlook.to_review) == (0, 0)


def test_a_decision_speaks_for_the_badge_when_the_pass_is_lost(term: Term) -> None:
    user_id = learner(term.place)
    take(term.place, term.placement_id, user_id, "abd")
    term.hear()
    term.award_by_hand(user_id)

    assert term.correct("dbc").to_review == 0


def test_neither_a_visitor_nor_a_placement_without_a_badge_earns_one(term: Term) -> None:
    user_id = learner(term.place)
    take(term.place, term.placement_id, user_id, "dbd")
    with transaction(term.place.id) as session:
        session.execute(update(User).where(User.id == user_id).values(is_visitor=True))
    assert term.correct("dbc").earned == 0
    with transaction(term.place.id) as session:
        session.execute(update(User).where(User.id == user_id).values(is_visitor=False))
        queries.get_placement(session, term.placement_id, lock=True).gives_badge = False
    assert term.correct("abc").earned == 0

    assert term.correct("dbc").earned == 0
