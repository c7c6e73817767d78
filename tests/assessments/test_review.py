"""What a learner may see of each answer, by what is shown and who marked it."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from lti_tool.assessments.items import Item, Option
from lti_tool.assessments.review import ReviewedItem, review_items
from lti_tool.assessments.rules import FormItem, Given
from lti_tool.core.ids import ItemVersionId, new_id
from tests.assessments.factories import question
from tests.assessments.items.samples import sample
from tests.assessments.written import RUBRIC, essay

CHOICE, ESSAY, FILES = (ItemVersionId(new_id()) for _ in range(3))
ITEMS: dict[ItemVersionId, Item] = {
    CHOICE: question(
        "a",
        options=[
            Option(id="a", text="*Yes*", feedback="You counted."),
            Option(id="b", text="No", feedback="You guessed."),
        ],
        rationale="Since two is *even*.",
        references=["One book", "Another"],
    ),
    ESSAY: essay(rubric=RUBRIC, model_answer="So."),
    FILES: sample("file_upload"),
}
FORM = [
    FormItem(id=id_, number=number, item=item, order=(), points=Decimal(4), competency=None)
    for number, (id_, item) in enumerate(ITEMS.items(), start=1)
]
VALUES = {CHOICE: ("a",), ESSAY: ("My argument.",), FILES: ("f" * 32,)}
GIVEN = Given(
    share=Decimal("0.5"), levels={"sources": "half", "claim": "full"}, comment="Well\nargued."
)


def reviewed(
    values: Mapping[ItemVersionId, tuple[str, ...]] = VALUES,
    given: Mapping[ItemVersionId, Given] | None = None,
    *,
    shows_key: bool = True,
    shows_feedback: bool = True,
) -> tuple[ReviewedItem, ...]:
    return review_items(
        FORM,
        values,
        {ESSAY: ("Too late.",)},
        given or {},
        shows_key=shows_key,
        shows_feedback=shows_feedback,
    )


def test_the_key_and_its_reasons_are_shown_only_with_leave() -> None:
    shown, written, _ = reviewed(shows_key=True)
    hidden, unread, _ = reviewed(shows_key=False)

    assert (shown.key, shown.rationale, shown.references) == (
        "<em>Yes</em>",
        "<p>Since two is <em>even</em>.</p>\n",
        "<p>One book</p>\n<p>Another</p>\n",
    )
    assert written.key == "<p>So.</p>\n"
    assert (written.rationale, written.references) == (None, None)
    assert (hidden.key, hidden.rationale, hidden.references) == (None, None, None)
    assert unread.key is None


def test_what_was_said_of_an_answer_is_shown_only_with_leave() -> None:
    chosen, written, _ = reviewed(given={ESSAY: GIVEN})
    silent, unread, _ = reviewed(given={ESSAY: GIVEN}, shows_feedback=False)

    assert chosen.feedback == "<p>You counted.</p>\n"
    assert [(one.name, one.level) for one in written.criteria] == [
        ("The claim", "Convincing"),
        ("Its sources", "In part"),
    ]
    assert written.comment == "<p>Well<br>argued.</p>"
    assert silent.feedback is None
    assert (unread.criteria, unread.comment) == ((), None)
    assert unread.points_earned == 2  # the points are no secret


def test_a_mark_without_words_says_nothing() -> None:
    _, written, _ = reviewed(given={ESSAY: Given(share=Decimal(1), levels={}, comment="")})

    assert (written.criteria, written.comment) == ((), None)
    assert (written.is_right, written.by_person) == (True, True)


@pytest.mark.parametrize(
    ("values", "given", "by_person", "waits", "points"),
    [
        (VALUES, {}, [False] * 3, [False, True, True], [4, 0, 0]),
        (VALUES, {ESSAY: GIVEN}, [False, True, False], [False, False, True], [4, 2, 0]),
        # Marked while a person had to read them, which now nobody has to.
        (VALUES, {CHOICE: GIVEN}, [False] * 3, [False, True, True], [4, 0, 0]),
        ({}, {ESSAY: GIVEN}, [False] * 3, [False] * 3, [0, 0, 0]),
    ],
)
def test_a_persons_mark_counts_where_a_person_has_to_read(
    values: Mapping[ItemVersionId, tuple[str, ...]],
    given: Mapping[ItemVersionId, Given],
    by_person: list[bool],
    waits: list[bool],
    points: list[int],
) -> None:
    items = reviewed(values, given)

    assert [item.by_person for item in items] == by_person
    assert [item.needs_marking for item in items] == waits
    assert [item.points_earned for item in items] == points


def test_a_level_is_shown_only_of_a_rubric() -> None:
    clear = Given(share=Decimal(1), levels={"argument": "clear"}, comment="")

    chosen, _, files = reviewed(given={CHOICE: clear, FILES: clear})

    assert chosen.criteria == ()
    assert [one.level for one in files.criteria] == ["SECRET clear"]


def test_files_and_what_came_late_are_told_beside_the_answer() -> None:
    chosen, written, files = reviewed()

    assert [item.files for item in (chosen, written, files)] == [(), (), ("f" * 32,)]
    assert [item.late for item in (chosen, written, files)] == [None, "<p>Too late.</p>", None]
    assert [item.chosen for item in (chosen, written)] == ["<em>Yes</em>", "<p>My argument.</p>"]
