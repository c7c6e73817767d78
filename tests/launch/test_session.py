"""Who gets to see a page of a launch, and who does not."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from lti_tool.core import clock
from lti_tool.core.audit import CLI
from lti_tool.core.db import system_transaction
from lti_tool.core.ids import LaunchId, new_id
from lti_tool.launch import logins, session
from lti_tool.platforms import queries, services
from tests.launch.platform import BASE_URL, Browser, browsing, connect, error_code, told


def open_page(browser: Browser) -> tuple[str, dict[str, Any]]:
    """Launch; return the page's address and what it tells."""
    here = told(browser.open(browser.connected.place()))
    return f"/l/{here['launch_id']}/probe", here


def cookie_name(here: dict[str, Any]) -> str:
    return session.cookie_name(LaunchId(UUID(here["launch_id"])))


def test_a_page_is_for_the_browser_that_launched(student: Browser, product: Flask) -> None:
    page, _ = open_page(student)

    answer = product.test_client().get(page)

    assert (answer.status_code, error_code(answer)) == (403, "launch_ended")
    assert "/return" not in answer.text
    # The LMS's frame must show this page, and nobody knows whose frame it is.
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors *")


def test_a_launch_that_never_was_is_answered_the_same(student: Browser) -> None:
    open_page(student)

    assert error_code(student.client.get(f"/l/{new_id()}/probe")) == "launch_ended"


@pytest.mark.parametrize("value", ["x", "no-uuid.secret", "{0}", "{0}.", "{0}.guess", "{1}.{2}"])
def test_a_cookie_that_was_made_up_opens_nothing(student: Browser, value: str) -> None:
    page, here = open_page(student)
    held = student.client.get_cookie(cookie_name(here))
    assert held is not None
    secret = held.value.partition(".")[2]
    forged = value.format(here["institution_id"], new_id(), secret)
    student.client.set_cookie(cookie_name(here), forged)

    assert error_code(student.client.get(page)) == "launch_ended"


def test_a_cookie_that_names_no_institution_is_nothing_outside_a_tests_transaction_too(
    live_app: Flask,
) -> None:
    launch_id = LaunchId(new_id())
    client = live_app.test_client()
    client.set_cookie(session.cookie_name(launch_id), "no-uuid.secret")

    assert error_code(client.get(f"/l/{launch_id}/")) == "launch_ended"


def test_the_cookie_of_one_launch_does_not_open_another(student: Browser) -> None:
    page, here = open_page(student)
    _, other = open_page(student)
    held = student.client.get_cookie(cookie_name(other))
    assert held is not None
    student.client.set_cookie(cookie_name(here), held.value)

    assert error_code(student.client.get(page)) == "launch_ended"


def test_two_people_share_a_browser_each_in_their_tab(student: Browser) -> None:
    page, here = open_page(student)
    with browsing(student.client.application, student.connected, 1) as teacher:
        teacher.client = student.client
        teachers_page, there = open_page(teacher)

    assert told(student.client.get(page))["user_id"] == here["user_id"]
    assert told(student.client.get(teachers_page))["user_id"] == there["user_id"]
    assert here["user_id"] != there["user_id"]


def test_the_cookie_is_ours_alone_and_comes_back_in_a_frame(student: Browser) -> None:
    answer = student.post(student.arrive(student.connected.place()))

    name = "__Host-cairn-" + UUID(answer.location.split("/")[2]).hex
    (line,) = (c for c in answer.headers.getlist("Set-Cookie") if c.startswith(f"{name}="))
    attributes = set(line.split("; ")[1:])
    assert attributes == {"Secure", "HttpOnly", "Path=/", "SameSite=None", "Partitioned"}


def test_the_oldest_launches_of_a_browser_are_let_go(student: Browser) -> None:
    page, here = open_page(student)
    for _ in range(session.MOST_COOKIES):
        student.client.set_cookie(f"{session.PREFIX}{new_id().hex}", "x")

    answer = student.post(student.arrive(student.connected.place()))

    ended = [c.partition("=")[0] for c in answer.headers.getlist("Set-Cookie") if "Max-Age=0" in c]
    assert cookie_name(here) in ended
    kept = session.MOST_COOKIES - 1  # and the new one
    assert len([name for name in ended if "login" not in name]) == session.MOST_COOKIES + 1 - kept
    assert error_code(student.client.get(page)) == "launch_ended"


def test_a_session_ends_after_its_time_and_each_page_view_moves_that(
    student: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, _ = open_page(student)
    start = clock.now()

    for hours in (8, 16, 24):
        monkeypatch.setattr(clock, "now", lambda hours=hours: start + timedelta(hours=hours))
        told(student.client.get(page))

    monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=34, minutes=1))
    over = student.client.get(page)
    assert error_code(over) == "launch_ended"
    assert f'href="{student.connected.site.url}/courses/1/return"' in over.text


def test_a_page_view_soon_after_another_writes_nothing(
    student: Browser, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, _ = open_page(student)
    ends = text("SELECT expires_at FROM launches")
    before, start = database.scalar(ends), clock.now()
    assert isinstance(before, datetime)

    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=14))
    told(student.client.get(page))
    assert database.scalar(ends) == before

    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=16))
    told(student.client.get(page))
    moved = database.scalar(ends)
    assert isinstance(moved, datetime)
    assert moved > before


def test_a_login_that_was_answered_leaves_no_cookie(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())
    name = logins.cookie_name(arrival.fields["state"])
    assert student.client.get_cookie(name) is not None

    student.post(arrival)

    assert student.client.get_cookie(name) is None


def test_a_change_needs_the_token_of_this_very_launch(student: Browser) -> None:
    page, here = open_page(student)
    _, other = open_page(student)

    def take(**data: str) -> str:
        answer = student.client.post(f"{page}/take", data=data)
        return "done" if answer.status_code == 200 else error_code(answer)

    assert take() == "cross_site_request"
    assert take(csrf_token=other["csrf_token"]) == "cross_site_request"
    assert take(csrf_token=here["csrf_token"]) == "done"


def test_a_change_from_another_site_is_refused_even_with_the_token(student: Browser) -> None:
    page, here = open_page(student)

    def take(origin: str) -> int:
        return student.client.post(
            f"{page}/take",
            data={"csrf_token": here["csrf_token"]},
            headers={"Origin": origin},
        ).status_code

    assert take("https://evil.example") == 403
    assert take("null") == 403
    assert take(BASE_URL) == 200


def test_a_role_decides_which_pages_open(student: Browser, instructor: Browser) -> None:
    students_page, _ = open_page(student)
    teachers_page, _ = open_page(instructor)

    refused = student.client.get(f"{students_page}/place")
    assert error_code(refused) == "not_for_your_role"
    assert f'href="{student.connected.site.url}/courses/1/return"' in refused.text
    assert told(instructor.client.get(f"{teachers_page}/place"))["roles"] == ["instructor"]


def test_a_page_may_be_framed_by_its_platform_and_nobody_else(student: Browser) -> None:
    page, _ = open_page(student)

    policy = student.client.get(page).headers["Content-Security-Policy"]

    assert policy.endswith(f"frame-ancestors {student.connected.site.url}")


def test_a_schools_own_host_name_may_frame_what_the_platform_sent_from_there(
    student: Browser,
) -> None:
    arrival = student.arrive(student.connected.place())
    arrival.change(launch_presentation={"return_url": "https://canvas.school.example/courses/7"})
    page = student.post(arrival).location

    policy = student.client.get(page).headers["Content-Security-Policy"]

    assert policy.endswith(f"{student.connected.site.url} https://canvas.school.example")


def test_a_deployment_given_to_somebody_else_takes_its_sessions_to_the_end(
    student: Browser,
) -> None:
    page, _ = open_page(student)
    deployment_id = student.connected.deployment_id
    assert deployment_id is not None
    other = services.add_institution("elsewhere", "Elsewhere")

    services.approve_deployment(deployment_id, other, actor=CLI)

    assert error_code(student.client.get(page)) == "launch_ended"
    with system_transaction() as db:
        assert queries.get_deployment(db, deployment_id).institution_id == other


def test_a_guarded_view_says_which_act_it_allows(product: Flask) -> None:
    assert vars(product.view_functions["probe.place"])["act"] == "place"


def test_one_institutions_launch_is_nothing_under_another(student: Browser) -> None:
    page, here = open_page(student)
    other = connect(student.connected.site)
    held = student.client.get_cookie(cookie_name(here))
    assert held is not None
    _, _, secret = held.value.partition(".")
    student.client.set_cookie(cookie_name(here), f"{other.institution_id}.{secret}")

    assert error_code(student.client.get(page)) == "launch_ended"
