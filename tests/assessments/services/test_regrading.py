from decimal import Decimal

import pytest
from sqlalchemy import func, select

from lti_tool.assessments import queries
from lti_tool.assessments.conditions import Limits, Shown
from lti_tool.assessments.drafts import DraftItem, EditionDetails, EditionDraft
from lti_tool.assessments.errors import RegradeOutdatedError, UnfitRegradeError
from lti_tool.assessments.events import AssessmentPassed, AssessmentPassLost
from lti_tool.assessments.models import Attempt, EditionItem, ItemVersion
from lti_tool.assessments.regrading import Regrade
from lti_tool.assessments.services import (
    open_attempt,
    publish_edition,
    regrade,
    save_response,
    submit_attempt,
    try_regrade,
)
from lti_tool.assessments.services.forgetting import erase_answers
from lti_tool.core import audit
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import EditionId, ItemId, PlacementId, UserId
from tests.assessments.factories import (
    Page,
    University,
    announced,
    form_of,
    learner,
    placed,
    published,
    question,
    university,
)
from tests.assessments.written import Written

pytestmark = pytest.mark.usefixtures("database")


def take(place: University, placement_id: PlacementId, letters: str) -> UserId:
    user_id = learner(place)
    attempt_id = open_attempt(place.id, placement_id, user_id)
    page = Page()
    for item, letter in zip(form_of(place, attempt_id), letters, strict=True):
        save_response(place.id, attempt_id, page.save(item, letter), user_id=user_id)
    submit_attempt(place.id, attempt_id, user_id=user_id)
    return user_id


def banked(place: University, placement_id: PlacementId) -> list[ItemId]:
    with transaction(place.id) as session:
        placement = queries.get_placement(session, placement_id)
        return list(
            session.scalars(
                select(ItemVersion.item_id)
                .join(EditionItem, EditionItem.item_version_id == ItemVersion.id)
                .where(EditionItem.edition_id == placement.edition_id)
                .order_by(EditionItem.position)
            )
        )


def corrected(  # noqa: PLR0913 - what tests vary
    place: University,
    placement_id: PlacementId,
    keys: str,
    *,
    points: tuple[int, ...] = (1, 1, 1),
    pass_mark: str = "0.6",
    limits: Limits | None = None,
    details: EditionDetails | None = None,
    **extra: object,
) -> EditionId:
    """Publish a newer edition of the same questions; a "-" leaves a question out."""
    allowed = limits or Limits()
    items = banked(place, placement_id)
    with transaction(place.id) as session:
        placement = queries.get_placement(session, placement_id)
        assessment_id = queries.get_edition(session, placement.edition_id).assessment_id
    return publish_edition(
        place.id,
        EditionDraft(
            assessment_id=assessment_id,
            title="Corrected",
            summary="",
            pass_mark=Decimal(pass_mark),
            minutes=allowed.minutes,
            max_attempts=allowed.max_attempts,
            cooldown_minutes=allowed.cooldown_minutes,
            answers_shown=allowed.answers_shown,
            feedback_shown=allowed.feedback_shown,
            key_shown=allowed.key_shown,
            details=details or EditionDetails(),
            items=tuple(
                DraftItem(
                    item=question(key, title=f"Question {number}", **extra),
                    item_id=item_id,
                    points=Decimal(worth),
                )
                for number, (key, item_id, worth) in enumerate(
                    zip(keys, items, points, strict=True), 1
                )
                if key != "-"
            ),
        ),
    )


def dry_run(place: University, placement_id: PlacementId, edition_id: EditionId) -> Regrade:
    with transaction(place.id) as session:
        return try_regrade(session, queries.get_placement(session, placement_id), edition_id)


def do(place: University, placement_id: PlacementId, edition_id: EditionId) -> int:
    return regrade(
        place.id,
        placement_id,
        edition_id,
        digest=dry_run(place, placement_id, edition_id).digest,
        reason="The key of question 2 was wrong",
        actor=Actor("user", learner(place)),
    )


def points_of(place: University, placement_id: PlacementId, user_id: UserId) -> Decimal:
    with transaction(place.id) as session:
        result = queries.find_result(session, placement_id, user_id)
    assert result is not None
    return result.points_earned


def test_a_corrected_key_is_first_looked_at_and_changes_nothing_by_that() -> None:
    place = university()
    placement_id = placed(place)
    gains, loses, keeps = (take(place, placement_id, word) for word in ("ada", "aba", "aaa"))
    edition_id = corrected(place, placement_id, "adc")

    seen = dry_run(place, placement_id, edition_id)

    passes = {change.user_id: (len(change.won), len(change.lost)) for change in seen.changes}
    assert passes == {gains: (1, 0), loses: (0, 1)}
    assert seen.attempts == 3
    assert points_of(place, placement_id, keeps) == Decimal(1)
    assert points_of(place, placement_id, gains) == Decimal(1)


def test_a_regrade_does_what_was_seen_and_announces_passes_won_and_lost() -> None:
    place = university()
    placement_id = placed(place)
    gains, loses = (take(place, placement_id, word) for word in ("ada", "aba"))
    passed_before = len(announced(AssessmentPassed))

    assert do(place, placement_id, corrected(place, placement_id, "adc")) == 2

    assert points_of(place, placement_id, gains) == Decimal(2)
    assert points_of(place, placement_id, loses) == Decimal(1)
    assert announced(AssessmentPassed)[passed_before:][0]["user_id"] == str(gains)
    assert [lost["user_id"] for lost in announced(AssessmentPassLost)] == [str(loses)]
    with transaction(place.id) as session:
        [entry] = audit.list_entries(session, object_kind="placement", object_id=placement_id)
    assert entry.act == "regrade"
    assert entry.facts["passes_lost"] == 1


def test_what_else_changes_is_told_before_and_so_afterwards() -> None:
    place = university()
    placement_id = placed(place)
    edition_id = corrected(
        place,
        placement_id,
        "adc",
        pass_mark="0.5",
        limits=Limits(max_attempts=2, key_shown=Shown.AT_ONCE),
        details=EditionDetails(markers=2, asks_lead=True),
    )

    told = dry_run(place, placement_id, edition_id).also

    assert told == (
        "The pass mark changes from 60% to 50% of the points.",
        "The number of attempts gets a limit: 2. Those already made count.",
        (
            "Learners see the right answers earlier, also of past attempts: “When it is handed in” "
            "in place of “After a pass or the last attempt”."
        ),
        "Two people mark each long text and file, blind; a lead marker decides where they differ.",
    )
    do(place, placement_id, edition_id)
    with transaction(place.id) as session:
        placement = queries.get_placement(session, placement_id)
        held = queries.conditions_of(session, placement)
        [entry] = audit.list_entries(session, object_kind="placement", object_id=placement_id)
    assert (held.max_attempts, held.key_shown) == (2, Shown.AT_ONCE)
    assert queries.scheme_of(placement).is_led
    assert entry.facts["rules_changed"] == 4


def test_a_rule_that_was_set_since_it_was_looked_at_is_looked_at_again() -> None:
    place = university()
    placement_id = placed(place)
    edition_id = corrected(place, placement_id, "adc", limits=Limits(key_shown=Shown.AT_ONCE))
    seen = dry_run(place, placement_id, edition_id)
    with transaction(place.id) as session:
        queries.get_placement(session, placement_id).key_shown = Shown.NEVER

    assert dry_run(place, placement_id, edition_id).also == ()
    with pytest.raises(RegradeOutdatedError):
        regrade(
            place.id,
            placement_id,
            edition_id,
            digest=seen.digest,
            reason="x",
            actor=Actor("user", learner(place)),
        )


def test_a_question_that_is_left_out_no_longer_counts() -> None:
    place = university()
    placement_id = placed(place)
    user_id = take(place, placement_id, "abd")

    do(place, placement_id, corrected(place, placement_id, "ab-", points=(3, 1, 1)))

    with transaction(place.id) as session:
        result = queries.find_result(session, placement_id, user_id)
    assert result is not None
    assert (result.points_earned, result.points_possible) == (Decimal(4), Decimal(4))


def test_who_is_at_work_meanwhile_is_scored_by_the_newer_edition_too() -> None:
    place = university()
    placement_id = placed(place)
    user_id = learner(place)
    attempt_id = open_attempt(place.id, placement_id, user_id)
    asked = form_of(place, attempt_id)

    do(place, placement_id, corrected(place, placement_id, "adc"))
    save_response(place.id, attempt_id, Page().save(asked[1], "d"), user_id=user_id)
    submit_attempt(place.id, attempt_id, user_id=user_id)

    assert points_of(place, placement_id, user_id) == Decimal(1)


def test_new_attempts_ask_the_newer_edition() -> None:
    place = university()
    placement_id = placed(place)
    edition_id = corrected(place, placement_id, "adc")
    do(place, placement_id, edition_id)

    take(place, placement_id, "adc")

    with transaction(place.id) as session:
        assert session.scalars(select(Attempt.edition_id)).one() == edition_id


def test_questions_that_offer_other_answers_now_are_named_and_nothing_is_done() -> None:
    place = university()
    placement_id = placed(place)
    take(place, placement_id, "abc")
    options = [{"id": letter, "text": letter} for letter in "abcde"]
    edition_id = corrected(place, placement_id, "abc", options=options)

    seen = dry_run(place, placement_id, edition_id)

    assert seen.problems[0] == "Question 1 offers other answers in the newer edition."
    with pytest.raises(UnfitRegradeError):
        do(place, placement_id, edition_id)


def test_who_is_at_work_is_not_scored_by_answers_that_were_never_offered() -> None:
    place = university()
    placement_id = placed(place)
    open_attempt(place.id, placement_id, learner(place))
    options = [{"id": letter, "text": letter} for letter in "abcde"]
    edition_id = corrected(place, placement_id, "abe", options=options)

    seen = dry_run(place, placement_id, edition_id)

    assert seen.attempts == 0
    assert seen.problems[0] == "Question 1 offers other answers in the newer edition."
    with pytest.raises(UnfitRegradeError):
        do(place, placement_id, edition_id)


def test_what_has_changed_since_it_was_looked_at_is_not_done() -> None:
    place = university()
    placement_id = placed(place)
    take(place, placement_id, "ada")
    edition_id = corrected(place, placement_id, "adc")
    seen = dry_run(place, placement_id, edition_id)
    take(place, placement_id, "ada")

    with pytest.raises(RegradeOutdatedError):
        regrade(
            place.id,
            placement_id,
            edition_id,
            digest=seen.digest,
            reason="x",
            actor=Actor("user", learner(place)),
        )


def test_an_attempt_whose_answers_are_no_longer_kept_keeps_its_points() -> None:
    place = university()
    placement_id = placed(place)
    user_id = take(place, placement_id, "abc")
    erase_answers(place.id, [user_id])

    edition_id = corrected(place, placement_id, "ddd")

    assert dry_run(place, placement_id, edition_id).changes == ()
    assert do(place, placement_id, edition_id) == 0
    assert points_of(place, placement_id, user_id) == Decimal(3)


def test_only_a_later_edition_of_the_same_assessment_will_do() -> None:
    place = university()
    placement_id = placed(place)
    for edition_id in (published(place), published(university())):
        with pytest.raises(NotFoundError):
            dry_run(place, placement_id, edition_id)


def test_marks_by_people_keep_their_share_when_points_change() -> None:
    here = Written()
    attempt_id, asked = here.hand_in("a", "I claim.", "")
    here.mark(attempt_id, asked[1], "3")
    with transaction(here.place.id) as session:
        placement = queries.get_placement(session, here.placement_id)
        before = queries.get_edition(session, placement.edition_id)
        form = queries.list_form(session, queries.get_attempt(session, attempt_id))
    edition_id = publish_edition(
        here.place.id,
        EditionDraft(
            assessment_id=before.assessment_id,
            title="Doubled",
            summary="",
            pass_mark=Decimal("0.5"),
            items=tuple(
                DraftItem(item=one.item, item_id=item_id, points=one.points * 2)
                for one, item_id in zip(form, banked(here.place, here.placement_id), strict=True)
            ),
        ),
    )

    do(here.place, here.placement_id, edition_id)

    with transaction(here.place.id) as session:
        attempt = queries.get_attempt(session, attempt_id)
        versions = session.scalar(select(func.count()).select_from(ItemVersion))
    assert attempt.points_earned == Decimal(8)
    assert not attempt.awaits_marking
    assert versions == 3  # the same questions, word for word, are no new versions
