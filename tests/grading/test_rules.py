from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.grading import rules
from lti_tool.grading.rules import Answer, Outcome, allot, delay, grants
from lti_tool.platforms.quirks import quirks_of

GENERIC = quirks_of("generic")
NOW = datetime(2026, 3, 1, 12, 0, 5, 640_000, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def read_answer(
    status: int, headers: dict[str, str], body: str, now: datetime, product: str = "generic"
) -> Answer:
    return rules.read_answer(status, headers, body, now, quirks_of(product))


def test_the_first_timestamp_is_now_in_whole_seconds() -> None:
    assert allot(NOW, None).value == NOW.replace(microsecond=0)


@given(now=INSTANTS, last=INSTANTS)
def test_a_timestamp_grows_by_a_second_and_is_never_sent_ahead_of_the_clock(
    now: datetime, last: datetime
) -> None:
    last = last.replace(microsecond=0)
    allotted = allot(now, last)

    assert allotted.value == max(now.replace(microsecond=0), last + timedelta(seconds=1))
    assert allotted.value.microsecond == 0
    assert allotted.value <= max(now, allotted.not_before)
    assert allotted.not_before == allotted.value


def test_delays_double_to_half_an_hour_and_stay_there() -> None:
    seconds = [delay(tries).total_seconds() for tries in range(1, 12)]

    assert seconds[:4] == [15, 30, 60, 120]
    assert seconds[-1] == 1800
    assert delay(10_000) == timedelta(minutes=30)
    assert delay(10_000, longest=rules.LONGEST_PAUSE) == timedelta(minutes=15)


def test_a_crowd_is_spread_by_up_to_a_quarter() -> None:
    assert delay(1, spread=1.0) == delay(1) * 1.25


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.ACKNOWLEDGED),
        (204, Outcome.ACKNOWLEDGED),
        (302, Outcome.TEMPORARY),
        (400, Outcome.NOT_IN_COURSE),
        (401, Outcome.UNAUTHORIZED),
        (403, Outcome.REFUSED),
        (404, Outcome.COLUMN_GONE),
        (408, Outcome.TEMPORARY),
        (409, Outcome.CONFLICT),
        (410, Outcome.COLUMN_GONE),
        (418, Outcome.REFUSED),
        (425, Outcome.TEMPORARY),
        (422, Outcome.NOT_IN_COURSE),
        (429, Outcome.TEMPORARY),
        (500, Outcome.TEMPORARY),
        (503, Outcome.TEMPORARY),
    ],
)
def test_a_status_means_one_thing(status: int, outcome: Outcome) -> None:
    assert read_answer(status, {}, "", NOW).outcome is outcome


@pytest.mark.parametrize(
    ("product", "status", "body", "outcome"),
    [
        ("moodle", 400, "[]", Outcome.NOT_IN_COURSE),
        ("moodle", 409, "[]", Outcome.CONFLICT),
        ("moodle", 500, "[]", Outcome.TEMPORARY),  # a locked column: until it is unlocked
        ("canvas", 400, "Provided timestamp is before the last", Outcome.CONFLICT),
        ("canvas", 422, "User not found in course or is not a student", Outcome.NOT_IN_COURSE),
        ("canvas", 422, "This course has concluded.", Outcome.REFUSED),
        ("canvas", 422, "This assignment is still unpublished", Outcome.TEMPORARY),
        ("canvas", 404, "", Outcome.COLUMN_GONE),
        ("canvas", 403, "Forbidden", Outcome.REFUSED),
        ("canvas", 401, "Invalid access token", Outcome.UNAUTHORIZED),
        (
            "canvas",
            401,
            "Access Token not linked to a Tool associated with this Context",
            Outcome.REFUSED,
        ),
        ("sakai", 400, '{"error":"User does not belong to site"}', Outcome.NOT_IN_COURSE),
        ("sakai", 400, '{"error":"No placements for tool"}', Outcome.REFUSED),
        ("sakai", 403, '{"error":"signature_error"}', Outcome.UNAUTHORIZED),
        ("sakai", 403, "", Outcome.REFUSED),
        ("blackboard", 400, "User could not be found:", Outcome.NOT_IN_COURSE),
        ("blackboard", 400, "Bad request", Outcome.REFUSED),
        ("brightspace", 403, "User in requested score is not enrolled", Outcome.NOT_IN_COURSE),
        ("brightspace", 404, "User in requested score does not exist", Outcome.NOT_IN_COURSE),
        ("brightspace", 404, "Not found", Outcome.COLUMN_GONE),
        ("openedx", 400, "", Outcome.CONFLICT),
        ("openedx", 403, '{"detail":"Invalid token signature."}', Outcome.UNAUTHORIZED),
        ("openedx", 403, '{"detail":"LTI configuration not found."}', Outcome.REFUSED),
        ("openedx", 404, '{"detail":"No LtiAgsLineItem matches"}', Outcome.COLUMN_GONE),
    ],
)
def test_a_status_means_what_the_product_means_by_it(
    product: str, status: int, body: str, outcome: Outcome
) -> None:
    assert read_answer(status, {}, body, NOW, product).outcome is outcome


def test_a_bad_request_that_may_be_a_conflict_is_one_only_so_often() -> None:
    answer = read_answer(400, {}, "", NOW, "canvas")

    assert rules.judge_conflict(answer, 1).outcome is Outcome.CONFLICT
    assert rules.judge_conflict(answer, 2).outcome is Outcome.REFUSED


def test_a_conflict_by_the_book_stays_one() -> None:
    answer = read_answer(409, {}, "", NOW)

    assert rules.judge_conflict(answer, 1000).outcome is Outcome.CONFLICT


def test_a_web_page_with_a_good_status_is_no_acknowledgement() -> None:
    page = {"Content-Type": "text/html; charset=utf-8"}

    assert read_answer(200, page, "<!doctype html>Log in", NOW).outcome is Outcome.TEMPORARY
    # Moodle labels even its empty answers so.
    assert read_answer(200, page, "", NOW).outcome is Outcome.ACKNOWLEDGED
    assert read_answer(200, {}, "<score/>", NOW).outcome is Outcome.ACKNOWLEDGED


def test_of_a_good_answer_nothing_is_quoted() -> None:
    assert not read_answer(200, {}, "Thank you", NOW).reason


def test_where_the_same_again_cannot_help_it_is_not_sent() -> None:
    assert {outcome for outcome in Outcome if outcome.is_final} == {
        Outcome.COLUMN_GONE,
        Outcome.NOT_IN_COURSE,
        Outcome.NOT_GRANTED,
        Outcome.REPLACED,
        Outcome.REFUSED,
    }


def test_the_gradebook_says_whether_it_was_passed() -> None:
    assert rules.comment_on(passed=True) == "Passed."
    assert rules.comment_on(passed=False) == "Not passed yet."


def test_scopes_that_were_not_told_forbid_nothing() -> None:
    assert grants(None, "score")
    assert grants([], "score")
    assert grants(["score", "lineitem"], "score")
    assert not grants(["lineitem"], "score")


def test_canvas_says_in_a_header_that_its_bucket_is_empty() -> None:
    empty, half = {"X-Rate-Limit-Remaining": "0.0"}, {"X-Rate-Limit-Remaining": "312.5"}

    assert read_answer(403, empty, "", NOW, "canvas").outcome is Outcome.TEMPORARY
    assert read_answer(403, half, "", NOW, "canvas").outcome is Outcome.REFUSED
    odd = {"X-Rate-Limit-Remaining": "plenty"}
    assert read_answer(403, odd, "", NOW, "canvas").outcome is Outcome.REFUSED


def test_only_a_403_is_read_for_a_rate_limit() -> None:
    assert read_answer(410, {}, "Rate Limit Exceeded", NOW).outcome is Outcome.COLUMN_GONE


def test_canvas_403_for_its_rate_limit_passes() -> None:
    answer = read_answer(403, {}, "403 Forbidden (Rate Limit Exceeded)", NOW)

    assert answer.outcome is Outcome.TEMPORARY
    assert answer.retry_after == rules.FIRST_DELAY


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("30", timedelta(seconds=30)),
        ("0", timedelta()),
        ("99999999999999", timedelta(hours=6)),
        ("Sun, 01 Mar 2026 12:01:05 GMT", timedelta(seconds=59, milliseconds=360)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", timedelta()),
        ("soon", None),
        ("Sun, 01 Mar 99999999999999999999 12:00:05 GMT", None),
        ("-5", None),
        ("\u00b2", None),  # a digit to Unicode, no number
    ],
)
def test_retry_after_is_read_in_both_forms(header: str, wait: timedelta | None) -> None:
    assert read_answer(503, {"Retry-After": header}, "", NOW).retry_after == wait


def test_who_throttles_is_given_the_time_it_names_or_else_a_little() -> None:
    assert read_answer(429, {"Retry-After": "90"}, "", NOW).retry_after == timedelta(seconds=90)
    assert read_answer(429, {}, "", NOW).retry_after == rules.FIRST_DELAY
    assert read_answer(503, {}, "", NOW).retry_after is None


@pytest.mark.parametrize("status", [400, 403, 404])
def test_where_trying_again_cannot_help_there_is_nothing_to_wait_for(status: int) -> None:
    assert read_answer(status, {"Retry-After": "90"}, "", NOW).retry_after is None
    assert read_answer(status, {}, "", NOW).retry_after is None


def test_a_reason_is_quoted_short_and_on_one_line() -> None:
    assert read_answer(400, {}, " No\n such  user" + "!" * 500, NOW).reason.startswith(
        "No such user!"
    )
    assert len(read_answer(400, {}, "x" * 500, NOW).reason) == 200


def test_a_reason_holds_nothing_that_could_not_be_stored() -> None:
    for body in ("no\x00 such \x00user", '{"reason": "no\\u0000 such \\ud800user"}'):
        assert read_answer(400, {}, body, NOW).reason == "no such user"


def test_a_web_page_is_no_reason() -> None:
    assert not read_answer(500, {}, "<!doctype html><h1>Oops</h1>", NOW).reason


@pytest.mark.parametrize(
    ("body", "phrase", "reason"),
    [
        # Moodle 4.5, on the wire: the body says nothing, the status line quotes what was posted.
        (
            "[]",
            'Incorrect score received{"userId": "3", "scoreGiven": 1}',
            "Incorrect score received",
        ),
        ('{"status": 400, "reason": "No handler found"}', "Bad Request", "No handler found"),
        ('{"errors": "no such user"}', "Bad Request", '{"errors": "no such user"}'),
        ('{"errors": {"type": "unprocessable_entity", "message": "No user"}}', "", "No user"),
        # Canvas, of one thing that is wrong, and of several.
        ('{"errors": {"type": "x", "message": "Not a student"}}', "", "Not a student"),
        ('{"errors": [{"field": "x", "message": "Still unpublished"}]}', "", "Still unpublished"),
        ('{"errors": []}', "", '{"errors": []}'),
        ('{"error": "No placements for tool"}', "", "No placements for tool"),  # Sakai
        ('{"reason": 7}', "", '{"reason": 7}'),
        ('{"reason": "", "code": 7}', "", '{"reason": "", "code": 7}'),
        ('["no such user"]', "", '["no such user"]'),
        ("{not JSON", "", "{not JSON"),
        ("null", "No such user", "No such user"),
        ("", "Bad Request", ""),
        ("[]", "bad request", ""),
        ("", "OK", ""),
        ("because", "Something else", "because"),
    ],
)
def test_a_reason_is_found_where_products_put_it(body: str, phrase: str, reason: str) -> None:
    answer = rules.read_answer(400, {}, body, NOW, quirks_of("generic"), phrase)
    assert answer.reason == reason
