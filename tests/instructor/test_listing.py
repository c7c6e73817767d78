"""The order of results, and pages that hold on to people."""

from datetime import timedelta
from uuid import UUID

import pytest

from lti_tool.assessments.models import PlacementResult
from lti_tool.core.ids import UserId
from lti_tool.instructor import listing
from lti_tool.instructor.queries import ResultRow


def row(number: int, **more: object) -> ResultRow:
    known: dict[str, object] = {
        "user_id": UserId(UUID(int=number)),
        "name": f"Learner {number:03}",
        "attempts": 1,
        "is_open": False,
        "last_submitted_at": None,
        "result": None,
        "score": None,
        "has_column": True,
    }
    return ResultRow(**(known | more))  # type: ignore[arg-type]  # as a test says it


FAILED, PASSED = (PlacementResult(passed=passed) for passed in (False, True))
ROWS = [row(number) for number in range(120)]


def test_pages_lead_through_everybody_once_and_back() -> None:
    page = listing.page_of(ROWS, after=None, before=None)
    assert page.before is None
    seen = list(page.rows)
    while page.after is not None:
        page = listing.page_of(ROWS, after=page.after, before=None)
        seen += page.rows
    assert seen == ROWS
    back = listing.page_of(ROWS, after=None, before=page.before)
    assert back.rows == ROWS[50:100]


def test_who_comes_and_goes_meanwhile_hides_nobody() -> None:
    first = listing.page_of(ROWS, after=None, before=None)
    newcomers = [row(1000 + number, name="Learner 000") for number in range(3)]
    second = listing.page_of([*newcomers, *ROWS[5:]], after=first.after, before=None)
    assert second.rows[0] == ROWS[50]
    gone = listing.page_of(ROWS[60:], after=first.after, before=None)
    assert gone.rows[0] == ROWS[60]


@pytest.mark.parametrize("sort", ["time", "-time"])
def test_who_has_nothing_to_sort_by_comes_last(sort: str) -> None:
    rows = [row(1), row(2, time_used=timedelta(minutes=5)), row(3, time_used=timedelta(0))]
    ordered = [one.user_id.int for one in listing.in_order(rows, sort)]
    assert ordered == ([3, 2, 1] if sort == "time" else [2, 3, 1])


def test_equals_stay_in_the_order_of_names() -> None:
    rows = [row(1), row(2, is_open=True), row(3)]
    assert [one.user_id.int for one in listing.in_order(rows, "result")] == [2, 1, 3]


@pytest.mark.parametrize(
    ("more", "standing", "state", "groups"),
    [
        ({}, "none", "none", []),
        ({"is_open": True}, "open", "none", ["open"]),
        ({"result": FAILED}, "not_passed", "on_its_way", ["not_passed"]),
        ({"result": FAILED, "to_mark": 1}, "waiting", "none", ["waiting"]),
        ({"result": FAILED, "is_unmarked": True}, "unmarked", "none", ["unmarked"]),
        ({"result": PASSED, "is_unmarked": True}, "passed", "none", ["passed"]),
        ({"result": PASSED, "to_mark": 1}, "passed", "none", ["passed", "waiting"]),
        ({"result": PASSED, "late": 2}, "passed", "on_its_way", ["passed", "late"]),
        ({"result": FAILED, "is_open": True}, "not_passed", "on_its_way", ["not_passed", "open"]),
    ],
)
def test_what_waits_for_marking_is_no_fail_and_no_grade_on_its_way(
    more: dict[str, object], standing: str, state: str, groups: list[str]
) -> None:
    one = row(1, **more)

    assert (one.standing, one.state) == (standing, state)
    every = ["passed", "not_passed", "unmarked", "waiting", "open", "late"]
    assert [group for group in every if one.is_among(group)] == groups
    assert one.is_among("")


def test_a_heading_leads_the_other_way_the_second_time() -> None:
    assert listing.turned("name", "points") == "-points"
    assert listing.turned("-points", "points") == "points"
    assert listing.turned("points", "points") == "-points"
    assert listing.turned("points", "name") == "name"
