from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from lti_tool.core.errors import InvalidRequestError
from lti_tool.grading.ags import (
    Result,
    Score,
    canvas_submission,
    read_result,
    results_url,
    scores_url,
)

AT = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)


def score(given: str = "3", maximum: str = "4", at: datetime = AT) -> Score:
    return Score(user_id="amara", given=Decimal(given), maximum=Decimal(maximum), timestamp=at)


def test_scores_goes_before_the_query_of_a_line_item() -> None:
    url = "https://lms.test/mod/lti/services.php/2/lineitems/7/lineitem?type_id=3"

    assert scores_url(url) == (
        "https://lms.test/mod/lti/services.php/2/lineitems/7/lineitem/scores?type_id=3"
    )


def test_a_line_item_without_query_gets_scores_at_its_end() -> None:
    assert scores_url("https://lms.test/items/7/") == "https://lms.test/items/7/scores"


def test_a_users_result_is_asked_for_beside_what_the_address_says_already() -> None:
    assert results_url("https://lms.test/items/7?type_id=3&x=", "a b&c") == (
        "https://lms.test/items/7/results?type_id=3&x=&user_id=a+b%26c"
    )


@pytest.mark.parametrize("query", ["type_id=3", "sig=a%2fb~c&next=/d?e", "flag", "a=1;b=2"])
def test_what_a_line_items_address_says_is_left_as_the_platform_wrote_it(query: str) -> None:
    url = f"https://lms.test/items/7?{query}"

    assert scores_url(url) == f"https://lms.test/items/7/scores?{query}"
    assert results_url(url) == f"https://lms.test/items/7/results?{query}"
    assert results_url(url, "amara") == f"https://lms.test/items/7/results?{query}&user_id=amara"


def test_a_zero_is_sent_with_both_numbers_and_an_instant_in_utc() -> None:
    east = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert score("0", "12.5", east).to_json() == {
        "scoreGiven": 0.0,
        "scoreMaximum": 12.5,
        "userId": "amara",
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": "2026-03-01T12:00:05.000Z",
    }


@pytest.mark.parametrize(
    ("given", "maximum"),
    [
        ("-0.1", "4"),
        ("1", "0"),
        ("1", "-3"),
        # No numbers of JSON (RFC 8259 §6).
        ("NaN", "4"),
        ("Infinity", "4"),
        ("1", "NaN"),
        ("1", "Infinity"),
    ],
)
def test_an_impossible_score_cannot_be_made(given: str, maximum: str) -> None:
    with pytest.raises(InvalidRequestError, match="impossible"):
        score(given, maximum)


def test_a_score_without_time_zone_cannot_be_made() -> None:
    with pytest.raises(InvalidRequestError, match="time zone"):
        score(at=AT.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("held", "equal"),
    [
        (Result(score=Decimal(75), maximum=Decimal(100)), True),
        (Result(score=Decimal("74.99"), maximum=Decimal(100)), True),
        (Result(score=Decimal("74.9"), maximum=Decimal(100)), False),
        (Result(score=None, maximum=Decimal(100)), False),
        (Result(score=Decimal("7.495"), maximum=Decimal(10)), True),
        (Result(score=Decimal("7.49"), maximum=Decimal(10)), False),
        (Result(score=Decimal(3), maximum=None), False),
        (Result(score=Decimal(3), maximum=Decimal(0)), False),
    ],
)
def test_a_result_equals_a_score_when_their_shares_do(*, held: Result, equal: bool) -> None:
    assert held.equals(Decimal(3), Decimal(4)) is equal


def test_extra_credit_that_a_platform_cuts_is_equal() -> None:
    cut = Result(score=Decimal(10), maximum=Decimal(10))

    assert cut.equals(Decimal(5), Decimal(4))
    assert not cut.equals(Decimal(3), Decimal(4))


def test_a_result_without_maximum_is_of_one() -> None:
    held = read_result([{"userId": "amara", "resultScore": 0.75}], "amara")

    assert held == Result(score=Decimal("0.75"), maximum=Decimal(1))


def test_a_comment_and_a_products_own_part_go_along() -> None:
    body = Score(
        user_id="amara",
        given=Decimal(3),
        maximum=Decimal(4),
        timestamp=AT,
        comment="Passed.",
        extension=canvas_submission(over_teacher=False),
    ).to_json()

    assert body["comment"] == "Passed."
    assert body["https://canvas.instructure.com/lti/submission"] == {
        "new_submission": False,
        "prioritize_non_tool_grade": True,
    }


def test_results_are_read_for_the_user_who_was_asked_for() -> None:
    body = [
        {"userId": "linh", "resultScore": 1, "resultMaximum": 10},
        {"userId": "amara", "resultScore": "7.5", "resultMaximum": 10},
    ]

    assert read_result(body, "amara") == Result(score=Decimal("7.5"), maximum=Decimal(10))
    assert read_result(body, "nobody") == Result(score=None, maximum=None)


@pytest.mark.parametrize("value", [True, None, "NaN", "Infinity", "many", [1]])
def test_a_score_that_is_no_number_is_none(value: object) -> None:
    held = read_result([{"userId": "amara", "resultScore": value}], "amara")

    assert held.score is None


def test_a_web_page_instead_of_results_is_refused() -> None:
    with pytest.raises(InvalidRequestError):
        read_result({"html": "…"}, "amara")
