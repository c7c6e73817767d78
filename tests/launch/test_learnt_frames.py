"""Where a deployment's pages are, learnt from what its platform signed."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Connection, event, text
from werkzeug.test import TestResponse

from lti_tool.core import clock
from lti_tool.core.audit import CLI, SYSTEM
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import DeploymentId, InstitutionId
from lti_tool.platforms import deciding, services
from lti_tool.platforms.models import Deployment
from lti_tool.platforms.rules import MOST_LEARNT, frames, learnt
from tests.launch.platform import Browser, browsing, connect, error_code

SCHOOL = "https://lms.school.example"


def launch(browser: Browser, **presentation: str) -> str:
    """Launch by a message with this presentation, none without; return the page's address."""
    arrival = browser.arrive(browser.connected.course_path)
    answer = browser.post(arrival.change(launch_presentation=presentation or None))
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def ancestors(browser: Browser, address: str) -> list[str]:
    policy = browser.client.get(address).headers["Content-Security-Policy"]
    return policy.partition("frame-ancestors ")[2].split()


def known(browser: Browser) -> tuple[str, ...]:
    deployment_id = browser.connected.deployment_id
    assert deployment_id is not None
    with system_transaction() as session:
        return frames(session.get_one(Deployment, deployment_id).learnt_origins)


def decide(browser: Browser, *, removed: bool) -> None:
    deployment_id = browser.connected.deployment_id
    assert deployment_id is not None
    deciding.decide_learnt(
        browser.connected.institution_id, deployment_id, SCHOOL, removed=removed, actor=SYSTEM
    )


@pytest.mark.parametrize(
    "target", [{}, {"document_target": "iframe"}, {"document_target": "frame"}]
)
def test_a_launch_without_the_claim_is_framed_where_an_earlier_one_was(
    student: Browser, instructor: Browser, target: dict[str, str]
) -> None:
    launch(instructor, return_url=f"{SCHOOL}/courses/7?x=1", **target)

    page = launch(student)

    assert ancestors(student, page) == [student.connected.site.url, SCHOOL]


def test_what_was_open_before_is_framed_there_too(student: Browser, instructor: Browser) -> None:
    before = launch(student)
    assert ancestors(student, before) == [student.connected.site.url]

    launch(instructor, return_url=SCHOOL)

    assert ancestors(student, before) == [student.connected.site.url, SCHOOL]


def refused_for_age(browser: Browser) -> TestResponse:
    arrival = browser.arrive(browser.connected.course_path)
    return browser.post(arrival.change(launch_presentation={"return_url": SCHOOL}, iat=0))


def of_a_stranger(browser: Browser) -> TestResponse:
    form = browser.login_form(browser.connected.course_path)
    return browser.login({**form, "iss": "https://stranger.example"})


def used_before(browser: Browser) -> TestResponse:
    arrival = browser.arrive(browser.connected.course_path)
    browser.post(arrival)
    return browser.post(arrival)


def of_a_new_deployment(browser: Browser) -> TestResponse:
    arrival = browser.arrive(browser.connected.course_path)
    return browser.post(arrival.change(deployment_id="another"))


@pytest.mark.parametrize(
    ("refuse", "code"),
    [
        (refused_for_age, "token_too_old"),
        (of_a_stranger, "login_unknown_platform"),
        (used_before, "launch_used"),
        (of_a_new_deployment, "deployment_pending"),
    ],
)
def test_a_refusal_can_be_read_in_whatever_frame_and_nothing_on_it_decides(
    student: Browser, refuse: Callable[[Browser], TestResponse], code: str
) -> None:
    refused = refuse(student)

    assert error_code(refused) == code
    assert refused.headers["Content-Security-Policy"].endswith("frame-ancestors *")
    assert "X-Frame-Options" not in refused.headers
    assert "<form" not in refused.text
    links = set(re.findall(r'href="([^"?]*)', refused.text.partition("<main")[2]))
    assert links <= {SCHOOL, f"{student.connected.site.url}/courses/1/return"}


def test_where_something_is_picked_is_learnt(instructor: Browser) -> None:
    arrival = instructor.arrive(instructor.connected.deep_linking_path)
    sent = arrival.claims["https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"] | {
        "deep_link_return_url": f"{SCHOOL}/picked"
    }
    arrival.change(deep_linking_settings=sent, launch_presentation={"document_target": "window"})

    assert instructor.post(arrival).status_code == 303

    assert known(instructor) == (SCHOOL,)


def test_where_windows_are_is_not_learnt(student: Browser) -> None:
    launch(student, return_url=SCHOOL, document_target="window")

    assert known(student) == ()


def test_what_is_learnt_holds_for_one_deployment_and_takes_no_grades(
    product: Flask, student: Browser
) -> None:
    launch(student, return_url=SCHOOL)
    other = connect(student.connected.site, sharing=student.connected)

    with browsing(product, other, 2) as elsewhere:
        page = launch(elsewhere)
        assert ancestors(elsewhere, page) == [other.site.url]
    with system_transaction() as session:
        deployment_id = student.connected.deployment_id
        assert session.get_one(Deployment, deployment_id).frame_origins == []


def test_a_deployment_given_to_another_institution_begins_anew(student: Browser) -> None:
    launch(student, return_url=SCHOOL)
    deployment_id = student.connected.deployment_id
    assert deployment_id is not None

    services.approve_deployment(
        deployment_id, services.add_institution(f"i-{uuid4().hex[:8]}", "Elsewhere"), actor=CLI
    )

    assert known(student) == ()


def test_a_refused_message_teaches_nothing(student: Browser) -> None:
    arrival = student.arrive(student.connected.course_path)
    arrival.change(launch_presentation={"return_url": SCHOOL}, iat=0)

    assert error_code(student.post(arrival)) == "token_too_old"

    assert known(student) == ()


def test_what_was_removed_stays_removed_until_it_may_be_learnt_again(student: Browser) -> None:
    launch(student, return_url=SCHOOL)
    decide(student, removed=True)

    page = launch(student, return_url=SCHOOL)

    assert ancestors(student, page) == [student.connected.site.url]
    decide(student, removed=False)
    assert ancestors(student, page) == [student.connected.site.url, SCHOOL]  # this one names it
    assert known(student) == ()
    launch(student, return_url=SCHOOL)
    assert known(student) == (SCHOOL,)


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://*", "https://a.example;script-src *", "https://ü.example"],
)
def test_hostile_addresses_reach_neither_header_nor_store(student: Browser, url: str) -> None:
    page = launch(student, return_url=url)

    assert ancestors(student, page) == [student.connected.site.url]
    assert known(student) == ()


def test_settings_of_picking_in_another_message_that_are_no_text_do_no_harm(
    student: Browser,
) -> None:
    arrival = student.arrive(student.connected.course_path)
    arrival.claims["https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"] = {
        "deep_link_return_url": 5
    }
    answer = student.post(arrival.sign(arrival.claims))

    assert answer.status_code == 303
    assert student.client.get(answer.location).status_code == 200


def test_a_launch_that_teaches_nothing_new_writes_nothing_to_the_deployment(
    student: Browser, database: Connection
) -> None:
    launch(student, return_url=SCHOOL)
    said: list[str] = []

    def note(*args: object) -> None:
        said.append(str(args[2]))

    version = text("SELECT xmin::text, ctid::text FROM deployments WHERE id = :id")
    held = {"id": student.connected.deployment_id}
    before = database.execute(version, held).one()
    event.listen(database, "before_cursor_execute", note)
    launch(student, return_url=SCHOOL)
    event.remove(database, "before_cursor_execute", note)

    assert database.execute(version, held).one() == before
    assert not any("FOR NO KEY UPDATE" in one for one in said)


def a_deployment() -> tuple[InstitutionId, DeploymentId]:
    institution_id = services.add_institution(f"i-{uuid4().hex[:8]}", "A university")
    endpoints = services.Endpoints(
        auth_url="https://lms.example/a",
        token_url="https://lms.example/t",
        jwks_url="https://lms.example/k",
    )
    registration_id = services.add_registration(
        issuer="https://lms.example", client_id=uuid4().hex, name="LMS", endpoints=endpoints
    )
    return institution_id, services.add_deployment(registration_id, "1", institution_id)


def stored(deployment_id: DeploymentId) -> dict[str, object]:
    with system_transaction() as session:
        return dict(session.get_one(Deployment, deployment_id).learnt_origins)


def test_twenty_at_once_teach_one_address_once_and_never_more_than_fit(
    live_app: Flask,  # noqa: ARG001
) -> None:
    institution_id, deployment_id = a_deployment()
    start = Barrier(20, timeout=30)

    def teach(origin: str) -> None:
        start.wait()
        with transaction(institution_id) as session:
            services.learn_frames(session, institution_id, deployment_id, [origin])

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(teach, [SCHOOL] * 20))
        assert list(stored(deployment_id)) == [SCHOOL]
        list(threads.map(teach, [f"https://h{number}.example" for number in range(20)]))

    assert 2 <= len(stored(deployment_id)) <= MOST_LEARNT


def test_nobody_waits_for_another_who_teaches(live_app: Flask) -> None:  # noqa: ARG001
    institution_id, deployment_id = a_deployment()

    def second() -> None:
        with transaction(institution_id) as session:
            session.execute(text("SET LOCAL lock_timeout = '500ms'"))
            services.learn_frames(session, institution_id, deployment_id, ["https://b.example"])

    with ThreadPoolExecutor(1) as thread, transaction(institution_id) as session:
        services.learn_frames(session, institution_id, deployment_id, [SCHOOL])
        thread.submit(second).result()  # the first has not committed

    assert list(stored(deployment_id)) == [SCHOOL]


def test_nobody_teaches_another_institutions_deployment(live_app: Flask) -> None:  # noqa: ARG001
    _, deployment_id = a_deployment()
    stranger, _ = a_deployment()

    with transaction(stranger) as session:
        services.learn_frames(session, stranger, deployment_id, [SCHOOL])

    assert stored(deployment_id) == {}


def test_when_it_was_learnt_is_kept(live_app: Flask) -> None:  # noqa: ARG001
    institution_id, deployment_id = a_deployment()
    before = clock.now()

    with transaction(institution_id) as session:
        services.learn_frames(session, institution_id, deployment_id, [SCHOOL])

    (one,) = learnt(stored(deployment_id))
    assert before <= one.learnt_at <= clock.now()
