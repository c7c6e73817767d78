"""A draft of an edition: what it comes to, or what keeps it from being one."""

from uuid import uuid4

import pytest

from lti_tool.assessments import authoring, editing
from lti_tool.assessments.drafts import LONGEST_NAME
from lti_tool.assessments.editing import DraftQuestion
from lti_tool.core.ids import AssessmentId, new_id

LONG = "n" * (LONGEST_NAME + 1)


def problems(rules: dict[str, str], *, competency: str = "") -> dict[str, str]:
    """Return what is wrong with a draft of one good question, by rule."""
    whole = editing.empty_rules("Charts") | {"pass_mark_how": "Angoff", "pass_mark_by": "Ruth"}
    form = authoring.empty_form("true_false") | {
        "stem": "A bar begins at 0.",
        "key": "true",
        "competency": competency,
    }
    question = DraftQuestion(id=uuid4(), form=form, item_id=None)
    edition, faults = editing.read(AssessmentId(new_id()), whole | rules, [question])
    assert (edition is None) == bool(faults)
    return {fault.problem.at: fault.problem.says for fault in faults}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("pass_mark", "33.333"),
        ("bands", "33.333 | Good"),
        ("competencies", "Charts | 33.333 | Well read. | Read again."),
        ("mark_tolerance", "0.125"),
    ],
)
def test_a_share_finer_than_it_is_kept_is_told_where_it_was_typed(rule: str, words: str) -> None:
    assert problems({rule: words}) == {rule: "Enter a share with two decimals at most."}
    assert problems({rule: words.replace("33.333", "33.33").replace("0.125", "0.12")}) == {}


@pytest.mark.parametrize("names", [LONG, "Charts\nCharts | 50"])
def test_a_competency_that_is_too_long_or_there_twice_is_told_as_such(names: str) -> None:
    told = problems({"competencies": names}, competency=names.partition("\n")[0])

    assert told == {"competencies": "Name each competency once, in up to 200 characters."}
