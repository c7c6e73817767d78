"""What else a platform may send: reviews, visitors, nobody; and the way back with a message."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from structlog.testing import capture_logs

from lti_tool.campus.claims import DEEP_LINKING, LTI, MEMBERSHIP
from lti_tool.core import clock
from lti_tool.launch import forgetting, history, rules
from lti_tool.people.rules import Role
from lti_tool.platforms.services import allow_anonymous
from tests.launch.forging import by_stranger
from tests.launch.platform import Arrival, Browser, browsing, connect, error_code, told

SETTINGS = f"{DEEP_LINKING}deep_linking_settings"
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"


def opened(browser: Browser, arrival: Arrival) -> dict[str, object]:
    answer = browser.post(arrival)
    assert answer.status_code == 303, answer.text
    return told(browser.client.get(f"/l/{answer.location.split('/')[2]}/probe"))


def is_visitor(database: Connection, browser: Browser, here: dict[str, object]) -> bool:
    database.execute(
        text("SELECT set_config('app.institution_id', :i, true)"),
        {"i": str(browser.connected.institution_id)},
    )
    return bool(
        database.scalar(
            text("SELECT is_visitor FROM users WHERE id = :id"), {"id": here["user_id"]}
        )
    )


@pytest.mark.parametrize("sub", [None, ""], ids=["missing", "empty"])
def test_a_message_that_names_nobody_is_refused_unless_switched_on(
    student: Browser, sub: str | None
) -> None:
    arrival = student.arrive(student.connected.place()).change(sub=sub)

    assert error_code(student.post(arrival)) == "message_subject"


def test_an_empty_name_is_refused_even_then(student: Browser) -> None:
    allow_anonymous(student.connected.registration_id, allowed=True)
    arrival = student.arrive(student.connected.place()).change(sub="")

    assert error_code(student.post(arrival)) == "message_subject"


def test_somebody_without_a_name_may_try_and_is_somebody_else_each_time(
    student: Browser, database: Connection
) -> None:
    allow_anonymous(student.connected.registration_id, allowed=True)
    path = student.connected.place()

    first = opened(student, student.arrive(path).change(sub=None))
    second = opened(student, student.arrive(path).change(sub=None))

    assert first["roles"] == second["roles"] == [Role.TEST_USER]
    assert first["user_id"] != second["user_id"]
    assert is_visitor(database, student, first)


def test_somebody_without_a_name_teaches_nothing(instructor: Browser) -> None:
    allow_anonymous(instructor.connected.registration_id, allowed=True)

    here = opened(instructor, instructor.arrive(instructor.connected.place()).change(sub=None))

    assert here["roles"] == []


def test_the_switch_can_be_put_back(student: Browser) -> None:
    allow_anonymous(student.connected.registration_id, allowed=True)
    allow_anonymous(student.connected.registration_id, allowed=False)
    arrival = student.arrive(student.connected.place()).change(sub=None)

    assert error_code(student.post(arrival)) == "message_subject"


def test_the_platforms_test_user_is_known_as_a_visitor(
    student: Browser, database: Connection
) -> None:
    path = student.connected.place()
    real = opened(student, student.arrive(path))
    assert not is_visitor(database, student, real)
    roles = [f"{MEMBERSHIP}Learner", TEST_USER]

    tried = opened(student, student.arrive(path).change(sub="student view", roles=roles))

    assert tried["roles"] == ["learner", "test_user"]
    assert is_visitor(database, student, tried)


# What has a wrong type, and what the log line names of it. Nothing here is needed.
UNNEEDED: dict[str, tuple[dict[str, object], list[str]]] = {
    "unknown to us": ({"locale": 5, "picture": {}, "zoneinfo": [], "email_verified": "x"}, []),
    "parts of a name": ({"name": {"first": "Ada"}, "given_name": 5}, ["given_name", "name"]),
    "an address": ({"email": ["ada@example.org"]}, ["email"]),
    "lis is a word": ({"lis": "4711"}, ["lis"]),
    "a number as a number": ({"lis": {"person_sourcedid": 4711}}, ["lis.person_sourcedid"]),
    "platform is a word": ({"tool_platform": "Moodle"}, ["tool_platform"]),
    "platform's parts": (
        {"tool_platform": {"guid": 5, "name": None, "version": 4.5, "contact_email": []}},
        ["tool_platform.guid"],
    ),
    "presentation is a list": ({"launch_presentation": ["iframe"]}, ["launch_presentation"]),
    "presentation's parts": (
        {"launch_presentation": {"locale": 5, "height": "tall", "return_url": {}}},
        ["launch_presentation.locale", "launch_presentation.return_url"],
    ),
    "custom is a list": ({"custom": ["placement"]}, ["custom"]),
    "custom is true": ({"custom": True}, ["custom"]),
    "custom's values": ({"custom": {"a": 5, "b": None, "c": True, "d": {"e": [1]}}}, []),
    "endpoint is a word": ({"endpoint": "https://evil.example"}, ["endpoint"]),
    "scopes are a word": ({"endpoint": {"scope": "all"}}, ["endpoint"]),
    "members' list": ({"namesroleservice": {"context_memberships_url": 5}}, ["namesroleservice"]),
    "titles": (
        {"context": {"id": "c", "title": 5, "label": {}}, "resource_link": {"id": "l", "title": 5}},
        ["context.label", "context.title", "resource_link.title"],
    ),
    "for whom": ({"for_user": {"user_id": 5}}, ["for_user"]),
    "how to place": ({"deep_linking_settings": "all"}, ["deep_linking_settings"]),
}


@pytest.mark.parametrize(("changes", "ignored"), UNNEEDED.values(), ids=list(UNNEEDED))
def test_what_is_not_needed_is_ignored_if_its_type_is_wrong_and_named_in_the_line(
    student: Browser, changes: dict[str, object], ignored: list[str]
) -> None:
    arrival = student.arrive(student.connected.place())
    prefixes = {"for_user": LTI, "custom": LTI, "deep_linking_settings": DEEP_LINKING}
    arrival.change(**{prefixes.get(name, "") + name: value for name, value in changes.items()})

    with capture_logs() as lines:
        here = opened(student, arrival)

    (line,) = (line for line in lines if line["event"] == "launch")
    names = sorted(name.rpartition("/")[2] for name in line.get("ignored_claims", []))
    assert (line["outcome"], names) == ("opened", ignored)
    assert here["roles"] == ["learner"]


def test_a_link_that_is_not_needed_may_be_wrong_in_all_its_parts(instructor: Browser) -> None:
    arrival = instructor.arrive(instructor.connected.deep_linking_path)
    arrival.add("resource_link", {"id": 5, "title": 7})

    with capture_logs() as lines:
        opened(instructor, arrival)

    (line,) = (line for line in lines if line["event"] == "launch")
    prefix = f"{LTI}resource_link"
    assert line["ignored_claims"] == [prefix, f"{prefix}.title"]


def test_a_column_that_cannot_be_read_leaves_the_one_that_is_known(
    student: Browser, database: Connection
) -> None:
    path = student.connected.place()
    endpoint = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
    url = f"{student.connected.site.url}/lti/courses/1/lineitems/1"
    opened(student, student.arrive(path).change(**{endpoint: {"scope": [], "lineitem": url}}))

    opened(student, student.arrive(path).change(**{endpoint: {"scope": [], "lineitem": 5}}))

    database.execute(
        text("SELECT set_config('app.institution_id', :i, true)"),
        {"i": str(student.connected.institution_id)},
    )
    assert database.scalar(text("SELECT line_item_url FROM resource_links")) == url


def review(arrival: Arrival, **for_user: object) -> Arrival:
    arrival.claims[f"{LTI}for_user"] = for_user
    return arrival.change(message_type="LtiSubmissionReviewRequest")


def test_a_review_says_whose_work_is_meant(
    product: Flask, instructor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = {**product.config["CAIRN_PAGES"], "LtiSubmissionReviewRequest": "probe.show"}
    monkeypatch.setitem(product.config, "CAIRN_PAGES", pages)
    arrival = review(instructor.arrive(instructor.connected.place()), user_id="campus-1002")

    here = opened(instructor, arrival)

    assert here["message_type"] == "LtiSubmissionReviewRequest"
    settings = here["settings"]
    assert isinstance(settings, dict)
    assert settings["for_user"] == "campus-1002"


@pytest.mark.parametrize("for_user", [{}, {"user_id": ""}, {"user_id": 7}], ids=str)
def test_a_review_of_nobody_is_refused(instructor: Browser, for_user: dict[str, object]) -> None:
    arrival = review(instructor.arrive(instructor.connected.place()), **for_user)

    assert error_code(instructor.post(arrival)) == "message_for_user"


def test_a_review_without_its_link_is_refused(instructor: Browser) -> None:
    arrival = review(instructor.arrive(instructor.connected.place()), user_id="campus-1002")

    answer = instructor.post(arrival.change(resource_link=None))

    assert error_code(answer) == "message_resource_link"


ENDPOINTS: dict[str, object] = {
    "null": None,
    "empty": {},
    "PHP's empty object": [],
    "without a column": {"scope": []},
}


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=list(ENDPOINTS))
def test_a_review_that_names_no_column_is_refused_in_words(
    instructor: Browser, endpoint: object
) -> None:
    arrival = review(instructor.arrive(instructor.connected.place()), user_id="campus-1002")
    arrival.claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"] = endpoint

    answer = instructor.post(arrival.sign(arrival.claims))

    assert (answer.status_code, error_code(answer)) == (403, "message_line_item")


def test_where_only_files_are_taken_one_is_told_where_to_place_instead(
    instructor: Browser,
) -> None:
    arrival = instructor.arrive(instructor.connected.deep_linking_path)
    arrival.claims[SETTINGS] = {**arrival.claims[SETTINGS], "accept_types": ["file"]}

    answer = instructor.post(arrival.sign(arrival.claims))

    assert error_code(answer) == "message_other_content"
    assert "Add an activity or an assignment there" in answer.text
    assert "Open the activity there again" not in answer.text


def test_whoever_is_refused_is_led_back_by_the_way_that_the_platform_signed(
    student: Browser,
) -> None:
    path, site = student.connected.place(), student.connected.site.url
    known = student.post(student.arrive(path).change(version="1.1"))
    stranger = student.arrive(path)
    by_stranger(stranger)
    script = student.arrive(path).change(
        version="1.1", launch_presentation={"return_url": "javascript:alert(1)"}
    )

    assert f'href="{site}/courses/1/return?lti_errormsg=Your+course+site' in known.text
    assert "lti_errorlog=message_version" in known.text
    for answer in (student.post(stranger), student.post(script)):
        assert answer.status_code == 403
        assert "Go back to your course</a>" not in answer.text
        assert "javascript:" not in answer.text


def test_the_way_back_carries_what_went_wrong_and_keeps_its_own_query() -> None:
    back = rules.return_address(
        "https://lms.example/return?course=2&empty=", message='<b>"No"</b> & so', code="no_way"
    )

    assert back.startswith("https://lms.example/return?course=2&empty=&lti_errormsg=")
    assert "<" not in back
    assert '"' not in back
    query = parse_qs(urlsplit(back).query, keep_blank_values=True)
    assert query["lti_errormsg"] == ['<b>"No"</b> & so']
    assert query["lti_errorlog"] == ["no_way"]


def test_the_platform_is_told_on_the_way_back_and_shows_it_as_text(student: Browser) -> None:
    waiting = connect(student.connected.site, approved=False)
    with browsing(student.client.application, waiting, 2) as browser:
        answer = browser.post(browser.arrive(waiting.place()))
        href = answer.text.partition('class="button primary" href="')[2].partition('"')[0]
        browser.campus.get(href.replace("&amp;", "&"))
        back = browser.campus.get(f"{waiting.site.url}/courses/1")
        browser.campus.get(f"{waiting.site.url}/courses/1/return?lti_errormsg=<b>x</b>")
        shown = browser.campus.get(f"{waiting.site.url}/courses/1")

    assert error_code(answer) == "deployment_pending"
    assert "Cairn is not switched on here yet" in back.text
    assert "<b>x</b>" not in shown.text
    assert "&lt;b&gt;x" in shown.text


def test_sessions_that_ended_long_ago_are_forgotten(
    student: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(student, student.arrive(student.connected.place()))
    assert forgetting.forget_ended() == 0
    later = clock.now() + timedelta(days=32)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert forgetting.forget_ended() == 1
    assert forgetting.forget_ended() == 0


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("5,4 , 3", ["5", "4", "3"]),
        ("5,5,", ["5"]),
        ("$ResourceLink.id.history", []),
        ("", []),
        (7, []),
        (None, []),
        ("x" * 255, ["x" * 255]),
        ("x" * 256, []),
        ("5,a\x00b,4", ["5", "4"]),
        (",".join(map(str, range(99))), [str(number) for number in range(20)]),
    ],
)
def test_a_history_is_a_list_of_ids_or_nothing(value: object, ids: list[str]) -> None:
    assert history.link_ids({history.LINK_PARAMETER: value}) == ids
    assert history.course_ids({history.COURSE_PARAMETER: value}) == ids
    assert history.course_ids(None) == []
