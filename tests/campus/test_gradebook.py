import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lti_tool.campus.errors import RefusalError
from lti_tool.campus.gradebook import (
    decide_score,
    parse_instant,
    parse_object,
    read_line_item,
    read_score,
    to_number,
)
from lti_tool.campus.personality import STRICT
from lti_tool.campus.records import Score

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
BODY: dict[str, object] = {
    "userId": "campus-1002",
    "timestamp": "2027-03-01T12:00:00.000Z",
    "activityProgress": "Completed",
    "gradingProgress": "FullyGraded",
    "scoreGiven": 15,
    "scoreMaximum": 20,
}
STORED = Score(
    line_item_id=1,
    person_id=2,
    given=Decimal(15),
    maximum=Decimal(20),
    override=None,
    comment="fine",
    activity_progress="Completed",
    grading_progress="FullyGraded",
    scored_at=NOON,
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("2027-03-01T12:00:00Z", NOON),
        ("2027-03-01T13:00:00+01:00", NOON),
        ("2027-03-01T12:00:00.250Z", NOON + timedelta(milliseconds=250)),
        ("2027-03-01T12:00:00", None),
        ("2027-03-01", None),
        ("2027-02-30T12:00:00Z", None),
        ("2027-03-01 12:00:00Z", None),
        ("1800000001", None),
        (1800000000, None),
        (None, None),
    ],
)
def test_an_instant_has_a_zone(words: object, expected: datetime | None) -> None:
    assert parse_instant(words) == expected


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b'{"a": NaN}', b'{"a": Infinity}', b"\xff"]
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(RefusalError):
        parse_object(body)


def test_points_are_exact() -> None:
    body = parse_object(json.dumps(BODY | {"scoreGiven": 0.1}).encode())

    assert read_score(body).given == Decimal("0.1")


@pytest.mark.parametrize(
    "change",
    [
        {"userId": None},
        {"userId": 5},
        {"timestamp": None},
        {"timestamp": "2027-03-01T12:00:00"},
        {"activityProgress": None},
        {"activityProgress": "Done"},
        {"activityProgress": ["Completed"]},
        {"gradingProgress": None},
        {"gradingProgress": "Graded"},
        {"scoreMaximum": None},
        {"scoreMaximum": 0},
        {"scoreGiven": -1},
        {"scoreGiven": "15"},
        {"scoreGiven": True},
        {"comment": 5},
    ],
)
def test_a_wrong_score_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(RefusalError) as refused:
        read_score(BODY | change)

    assert refused.value.status == 400
    assert next(iter(change)) in refused.value.message


def test_a_score_without_points_is_a_score() -> None:
    body = {name: value for name, value in BODY.items() if not name.startswith("score")}

    assert read_score(body).given is None


@pytest.mark.parametrize(
    ("timestamp", "taken"),
    [
        ("2027-03-01T11:59:59Z", False),
        ("2027-03-01T12:00:00Z", False),
        ("2027-03-01T12:00:00.900Z", False),
        ("2027-03-01T12:00:01Z", True),
    ],
)
def test_only_a_later_second_replaces_a_score(timestamp: str, *, taken: bool) -> None:
    posted = read_score(BODY | {"timestamp": timestamp, "scoreGiven": 20})

    if taken:
        assert decide_score(posted, STORED, STRICT).given == 20
    else:
        with pytest.raises(RefusalError) as refused:
            decide_score(posted, STORED, STRICT)
        assert refused.value.status == 409


def test_a_personality_may_take_the_same_second_again() -> None:
    lenient = replace(STRICT, equal_timestamp_conflicts=False)

    assert decide_score(read_score(BODY), STORED, lenient).given == 15


@pytest.mark.parametrize("progress", ["Pending", "PendingManual", "Failed", "NotReady"])
def test_progress_clears_a_grade_unless_the_personality_keeps_it(progress: str) -> None:
    change = {"timestamp": "2027-03-01T12:00:01Z", "gradingProgress": progress, "scoreGiven": 9}
    posted = read_score(BODY | change)
    keeping = replace(STRICT, progress_clears_grade=False)

    assert decide_score(posted, STORED, STRICT).given is None
    assert decide_score(posted, STORED, keeping).given == 15


def test_a_comment_that_is_left_out_is_erased() -> None:
    posted = read_score(BODY | {"timestamp": "2027-03-01T12:00:01Z"})

    assert decide_score(posted, STORED, STRICT).comment is None


def test_extra_credit_is_kept_unless_the_personality_cuts_it() -> None:
    posted = read_score(BODY | {"scoreGiven": 25})
    cutting = replace(STRICT, scales_over_maximum=False)

    assert decide_score(posted, None, STRICT).given == 25
    assert decide_score(posted, None, cutting).given == 20


@pytest.mark.parametrize(
    "change",
    [
        {"label": None},
        {"label": " "},
        {"scoreMaximum": None},
        {"scoreMaximum": 0},
        {"scoreMaximum": "10"},
        {"tag": 5},
        {"resourceId": 5},
        {"resourceLinkId": 1001},
        {"startDateTime": "2027-03-01T12:00:00"},
    ],
)
def test_a_wrong_line_item_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(RefusalError):
        read_line_item({"label": "Quiz", "scoreMaximum": 10, **change})


def test_whole_points_have_no_decimals() -> None:
    assert json.dumps([to_number(Decimal("100.0")), to_number(Decimal("7.5"))]) == "[100, 7.5]"
