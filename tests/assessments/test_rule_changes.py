"""What of a placement's rules a newer edition changes, and what of it is held back."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from lti_tool.assessments.conditions import Conditions, Limits, Shown, strictest
from lti_tool.assessments.marking import Scheme
from lti_tool.assessments.rule_changes import Rules, differences, holding_back
from lti_tool.core.ids import UserId, new_id
from lti_tool.core.language import Phrase, language, recalled
from tests.assessments.test_conditions import any_limits, any_wanted

ONE = Scheme(markers=1, tolerance=Decimal("0.1"))
TWO = Scheme(markers=2, tolerance=Decimal("0.1"))
BEFORE = Rules(
    pass_mark=Decimal("0.6"),
    conditions=Conditions(minutes=40, max_attempts=2, key_shown=Shown.NEVER),
    scheme=ONE,
)
SHOWN = ("answers_shown", "feedback_shown", "key_shown")


def held(**conditions: Any) -> dict[str, Conditions]:  # noqa: ANN401 - of several kinds
    return {"conditions": replace(BEFORE.conditions, **conditions)}


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({"pass_mark": Decimal("0.625")}, "The pass mark changes from 60% to 62.5% of the points."),
        (held(minutes=60), "The minutes for a new attempt change from 40 to 60."),
        (
            held(minutes=None),
            "New attempts have no time limit any more. The limit in minutes was 40.",
        ),
        (
            held(max_attempts=4),
            "The number of attempts changes from 2 to 4. Those already made count.",
        ),
        (held(max_attempts=None), "The number of attempts has no limit any more. It was 2."),
        (held(cooldown_minutes=90), "The minutes between two attempts change from 0 to 90."),
        (
            held(key_shown=Shown.AT_ONCE),
            (
                "Learners see the right answers earlier, also of past attempts: “When it is handed "
                "in” in place of “Never”."
            ),
        ),
        (
            held(answers_shown=Shown.SETTLED),
            (
                "Learners see their answers later, also of past attempts: “After a pass or the "
                "last attempt” in place of “When it is handed in”."
            ),
        ),
        (
            held(feedback_shown=Shown.AFTER_WINDOW),
            (
                "Learners see feedback later, also on past attempts: “When the activity has closed "
                "for everybody” in place of “When it is handed in”."
            ),
        ),
        (
            {"scheme": TWO},
            "Two people mark each long text and file, blind; a third decides where they differ.",
        ),
        (
            {"scheme": replace(TWO, asks_lead=True)},
            (
                "Two people mark each long text and file, blind; a lead marker decides where they "
                "differ."
            ),
        ),
    ],
)
def test_each_difference_is_told_in_a_sentence_that_is_known_again(
    after: dict[str, Any], told: str
) -> None:
    [sentence] = differences(BEFORE, replace(BEFORE, **after))

    assert sentence == told
    known = recalled(told)
    assert isinstance(known, Phrase)
    assert known == told
    assert language("de").say(known) != told


def test_where_two_mark_already_a_lead_and_what_counts_as_agreement_are_told() -> None:
    before = replace(BEFORE, scheme=TWO)
    led = replace(TWO, asks_lead=True)
    closer = replace(TWO, tolerance=Decimal("0.05"))
    named = replace(TWO, lead=UserId(new_id()))

    assert differences(before, replace(BEFORE, scheme=led)) == (
        "Where two marks differ, a lead marker decides, no longer any third person.",
    )
    assert differences(replace(BEFORE, scheme=led), before) == (
        "Where two marks differ, any third person decides, no longer a lead marker.",
    )
    assert differences(before, replace(BEFORE, scheme=closer)) == (
        "Two marks agree within 5% of the points, no longer within 10%.",
    )
    assert (
        differences(
            replace(BEFORE, scheme=named), replace(BEFORE, scheme=replace(named, asks_lead=True))
        )
        == ()
    )


def test_limits_where_there_were_none_are_told() -> None:
    free = replace(BEFORE, conditions=Conditions(key_shown=Shown.NEVER))

    assert differences(free, BEFORE) == (
        "New attempts get a limit of minutes: 40.",
        "The number of attempts gets a limit: 2. Those already made count.",
    )
    assert differences(BEFORE, BEFORE) == ()


def test_what_is_held_back_is_told_to_stay_and_what_comes_later_as_ever() -> None:
    conditions = Conditions(
        minutes=40, max_attempts=2, answers_shown=Shown.SETTLED, key_shown=Shown.AT_ONCE
    )

    assert differences(BEFORE, replace(BEFORE, conditions=conditions), holds_back=True) == (
        (
            "Learners see their answers later, also of past attempts: “After a pass or the last "
            "attempt” in place of “When it is handed in”."
        ),
        (
            "The edition would show learners the right answers earlier. Here it stays as it is: "
            "“Never”."
        ),
    )


@given(any_limits, any_limits, any_wanted)
def test_by_what_is_held_back_nothing_is_earlier_and_nothing_later_than_it_must(
    earlier: Limits, later: Limits, own: Conditions
) -> None:
    before, unheld = strictest(earlier, own), strictest(later, own)

    kept = holding_back(before, later, own)

    after = strictest(later, kept)
    for name in SHOWN:
        now, then = getattr(before, name), getattr(unheld, name)
        assert getattr(after, name) == max(now, then, key=lambda one: one.strictness)
        if then.strictness >= now.strictness:
            assert getattr(kept, name) == getattr(own, name)
    assert replace(kept, **{name: getattr(own, name) for name in SHOWN}) == own
