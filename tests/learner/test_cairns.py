from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from lti_tool.core.ids import AchievementId, AwardId, new_id
from lti_tool.learner.cairns import Cairn, Known, build
from lti_tool.pathways.counting import NO_RULINGS, Rulings
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, Earn, Requirement, SomeOf
from lti_tool.pathways.rules import Held, evaluate, fewest

NOON = datetime(2027, 3, 16, 12, tzinfo=UTC)
A, B, C, D = (AchievementId(UUID(int=number)) for number in range(1, 5))
NAMES = {A: "Counting", B: "Adding", C: "Dividing", D: "Proving"}


def earn(achievement_id: AchievementId, credit: int = 0) -> Earn:
    return Earn(achievement_id=achievement_id, credits=Decimal(credit))


def lay(  # noqa: PLR0913 - what may be known of a learner
    expression: Requirement,
    *,
    held: tuple[AchievementId, ...] = (),
    placed: tuple[AchievementId, ...] = (A, B, C, D),
    unopened: tuple[AchievementId, ...] = (),
    begun: tuple[AchievementId, ...] = (),
    by_itself: tuple[AchievementId, ...] = (),
    completed: bool = False,
) -> Cairn:
    awards = [Held(award_id=AwardId(new_id()), achievement_id=one, awarded_at=NOON) for one in held]
    return build(
        pathway_id=UUID(int=9),
        title="Numbers",
        crown="Certificate in Numbers",
        crown_type="Certificate",
        completed_at=NOON if completed else None,
        fewest=fewest(expression),
        evaluation=evaluate(expression, awards, NOON),
        known={
            one: Known(
                name=name,
                placed_as=f"Week {name}" if one in placed else None,
                opened=one not in unopened,
                begun=one in begun,
                by_itself=one in by_itself,
            )
            for one, name in NAMES.items()
        },
    )


def test_one_group_is_one_layer_on_the_ground_with_the_crown_above() -> None:
    cairn = lay(AllOf(parts=(earn(A), earn(B))), held=(A,))

    [layer] = cairn.layers
    assert layer.title == "Both of these"
    assert (layer.earned, layer.needed) == (Decimal(1), Decimal(2))
    assert [(stone.number, stone.name, stone.state) for stone in layer.stones] == [
        (1, "Counting", "earned"),
        (2, "Adding", "ready"),
    ]
    assert (cairn.earned, cairn.needed) == (1, 2)
    assert [stone.name for stone in cairn.next_stones] == ["Adding"]
    assert [stone.stone.label for stone in cairn.drawing.stones] == ["1", "2", "Certificate"]


@pytest.mark.parametrize(
    ("expression", "title", "label"),
    [
        (AllOf(parts=(earn(A), earn(B), earn(C))), "All of these three", "All three"),
        (SomeOf(choose=2, parts=(earn(A), earn(B), earn(C))), "Two of these three", "2 of 3"),
        (
            CreditsAtLeast(credits=Decimal("7.50"), parts=(earn(A, 5), earn(B, 5))),
            "7.5 credits from these",
            "7.5 credits",
        ),
        (AllOf(parts=(earn(A), earn(B)), title="Foundation"), "Foundation", "Foundation"),
        (
            AllOf(parts=(earn(A), earn(B)), title="The long foundation"),
            "The long foundation",
            "Both",
        ),
        (earn(A), "This one", "This one"),
    ],
)
def test_a_layer_says_how_much_of_it_is_needed(
    expression: Requirement, title: str, label: str
) -> None:
    [layer] = lay(expression).layers

    assert (layer.title, layer.label) == (title, label)


def test_groups_become_layers_and_loose_stones_a_layer_of_their_own() -> None:
    expression = AllOf(
        parts=(SomeOf(choose=1, parts=(earn(A), earn(B))), earn(C), AllOf(parts=(earn(D),)))
    )

    cairn = lay(expression, held=(A,))

    assert [layer.title for layer in cairn.layers] == ["One of these two", "This one", "This one"]
    assert [stone.number for layer in cairn.layers for stone in layer.stones] == [1, 2, 3, 4]
    assert (cairn.earned, cairn.needed) == (1, 3)
    assert [stone.name for stone in cairn.next_stones] == ["Dividing", "Proving"]
    assert cairn.note == ""


def test_it_is_said_when_not_all_groups_are_needed() -> None:
    parts = (AllOf(parts=(earn(A), earn(B))), AllOf(parts=(earn(C), earn(D))))

    assert lay(SomeOf(choose=1, parts=parts)).note == "It takes one of the two parts."


@pytest.mark.parametrize(
    ("known", "state", "words"),
    [
        ({"placed": (A,)}, "ready", "In this course, as “Week Counting”. You can start now."),
        ({"unopened": (A,)}, "ready", "Look for “Week Counting” in this course."),
        ({"placed": (A,), "begun": (A,)}, "going", "You have begun it."),
        ({"placed": ()}, "elsewhere", "It is not part of this course."),
        ({"by_itself": (A,)}, "locked", "when its own pathway is complete"),
        ({"held": (A,), "begun": (A,)}, "earned", ""),
    ],
)
def test_a_stone_says_how_it_can_be_had(
    known: dict[str, tuple[AchievementId, ...]], state: str, words: str
) -> None:
    [layer] = lay(earn(A), **known).layers  # type: ignore[arg-type]  # keywords of one type each

    assert layer.stones[0].state == state
    assert words in layer.stones[0].words


def test_a_completed_pathway_stays_complete_when_a_part_falls_away() -> None:
    cairn = lay(AllOf(parts=(earn(A), earn(B))), held=(A,), completed=True)

    assert (cairn.earned, cairn.needed, cairn.next_stones) == (2, 2, ())
    assert "On top: Certificate in Numbers, earned." in cairn.map_words


def test_the_picture_is_told_in_words() -> None:
    cairn = lay(AllOf(parts=(earn(A), earn(B))), held=(A,), placed=())

    assert cairn.map_words == (
        "Your cairn, from the ground up. Both of these: 1 earned, 2 not in this course. "
        "On top: Certificate in Numbers, not there yet. The list beside it says the same."
    )


def test_a_badge_that_does_not_count_here_is_no_stone_and_says_why() -> None:
    wanted = replace(earn(A), grade_at_least=Decimal("0.8"))
    cairn = lay(AllOf(parts=(wanted, earn(B))), held=(A, B))

    first, second = cairn.layers[0].stones
    assert (first.state, first.awarded_at) == ("locked", None)
    assert first.words == "You hold it, but a better grade is needed here."
    assert (second.state, second.awarded_at) == ("earned", NOON)


def known(name: str, **facts: Any) -> Known:  # noqa: ANN401 - whatever may be known
    """Return what is known of an achievement that this course does not have."""
    unknown = {"placed_as": None, "opened": False, "begun": False}
    return Known(**{"name": name, "by_itself": False, **unknown, **facts})


def award(
    achievement_id: AchievementId, at: datetime = NOON, until: datetime | None = None
) -> Held:
    return Held(
        award_id=AwardId(new_id()), achievement_id=achievement_id, awarded_at=at, valid_until=until
    )


def lay_known(
    expression: Requirement,
    *held: Held,
    rulings: Rulings = NO_RULINGS,
    **facts: Known,
) -> Cairn:
    """Lay a pathway of which these things are known, by letter."""
    found = {{"A": A, "B": B, "C": C, "D": D}[letter]: one for letter, one in facts.items()}
    return build(
        pathway_id=UUID(int=9),
        title="Numbers",
        crown="Certificate in Numbers",
        crown_type="Certificate",
        completed_at=None,
        fewest=fewest(expression),
        evaluation=evaluate(expression, held, NOON, rulings),
        known=found,
    )


def test_of_the_shortest_way_what_is_begun_comes_next_then_what_is_open() -> None:
    tree = AllOf(parts=(earn(A), earn(B), earn(C), earn(D)))
    away = known("Counting")
    open_now = known("Adding", placed_as="Week 2", opened=True)
    begun = known("Dividing", placed_as="Week 3", opened=True, begun=True, is_here=True)
    by_itself = known("Proving", by_itself=True)

    cairn = lay_known(tree, A=away, B=open_now, C=begun, D=by_itself)

    assert cairn.next_step is not None
    assert (cairn.next_step.name, cairn.next_step.where) == ("Dividing", "here")
    later = lay_known(tree, award(C), A=away, B=open_now, C=begun, D=by_itself)
    assert later.next_step is not None
    assert (later.next_step.name, later.next_step.where) == ("Adding", "course")
    assert (later.state, [stone.is_next for stone in later.layers[0].stones]) == (
        "under_way",
        [True, True, False, True],
    )


def test_a_stone_that_counts_only_beside_another_is_blocked_and_says_by_what() -> None:
    needy = Earn(achievement_id=A, needs=(B,))
    placed = known("Counting", placed_as="Week 1", opened=True)

    [layer] = lay_known(needy, A=placed, B=known("Adding")).layers
    [held] = lay_known(needy, award(A), A=known("Counting"), B=known("Adding")).layers

    ways = [stone.name for stone in lay_known(needy, A=placed, B=known("Adding")).next_stones]
    assert ways == ["Adding", "Counting"]
    assert layer.stones[0].state == "locked"
    assert layer.stones[0].words == (
        "In this course, as “Week 1”. You can start now. "
        "It counts only beside “Adding”, which you do not have yet."
    )
    assert held.stones[0].words == (
        "You hold it. It counts only beside “Adding”, which you do not have yet."
    )


def test_what_is_needed_beside_a_stone_and_was_waived_blocks_nothing() -> None:
    ethics, data = earn(A), Earn(achievement_id=B, needs=(A,))
    waived = Rulings(waived={ethics.id: NOON})
    both = {"A": known("Counting"), "B": known("Adding", placed_as="Week 2", opened=True)}

    cairn = lay_known(AllOf(parts=(ethics, data)), rulings=waived, **both)

    first, second = cairn.layers[0].stones
    assert (first.state, first.words) == ("earned", "You do not need it, by a decision.")
    assert (second.state, second.words) == (
        "ready",
        "In this course, as “Week 2”. You can start now.",
    )
    assert cairn.next_stones == (second,)


def test_the_day_a_stone_was_earned_is_the_day_of_what_counts() -> None:
    """First before what counts here, then twice more: the page tells since when it counts."""
    first, again, later = (NOON - timedelta(days=days) for days in (900, 400, 30))
    ends = first + timedelta(days=365)
    times = (award(A, first, ends), award(A, again), award(A, later))

    [layer] = lay_known(earn(A), *times, A=known("Counting")).layers

    assert layer.stones[0].awarded_at == again


def test_a_stone_of_another_course_of_theirs_names_that_course() -> None:
    elsewhere = known("Counting", other_course="Statistics 2", other_title="Week 9")

    [layer] = lay_known(earn(A), A=elsewhere).layers

    assert (layer.stones[0].state, layer.stones[0].words) == (
        "elsewhere",
        "In your course “Statistics 2”, as “Week 9”.",
    )
