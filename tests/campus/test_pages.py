"""Campus' pages: by form, and looked at in Chromium."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest
from flask import Flask, request
from sqlalchemy import text

from lti_tool.campus import store
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.campus.site import WIRE, Site, Tool, connected_tool, running_campus
from tests.campus.test_ags import Service
from tests.campus.test_launches import add_activity
from tests.helpers import serving


@pytest.fixture
def service(tool: Tool) -> Service:
    return Service(tool)


@pytest.fixture
def echo() -> Iterator[str]:
    """A stand-in for a tool's login page that says what it was sent."""
    app = Flask("echo")

    @app.post("/login")
    def login() -> str:
        return f"<!doctype html><html lang=en><title>t</title><main><h1>Got {sorted(request.form)}"

    with serving(app) as url:
        yield url.replace("127.0.0.1", "localhost")


def test_the_persona_cookie_works_across_sites(site: Site) -> None:
    answer = WIRE.post(f"{site.url}/", data={"as": "2"})

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("campus_session=")
    assert {"Secure", "HttpOnly", "SameSite=None"} <= set(cookie.split("; "))
    assert answer.headers["Location"] == "/courses/1"


def test_a_form_of_another_site_changes_nothing(site: Site, instructor: httpx.Client) -> None:
    elsewhere = {"Origin": "https://elsewhere.example"}

    answer = instructor.post("/", data={"as": "2"}, headers=elsewhere)

    assert answer.status_code == 403
    assert "Mirela Dragomir" in instructor.get("/courses/1").text
    assert instructor.post("/", data={"as": "1"}, headers={"Origin": site.url}).status_code == 303


def test_students_see_their_own_row_and_instructors_everybodys(
    service: Service, instructor: httpx.Client, student: httpx.Client
) -> None:
    line_item = service.create(label="Column of this test", scoreMaximum=100).json()["id"]
    service.score(line_item, scoreGiven=25, scoreMaximum=30)
    service.score(line_item, userId="campus-1003", scoreGiven=3, scoreMaximum=30)

    assert "83.33 / 100" in student.get("/courses/1").text
    assert "10 / 100" not in student.get("/courses/1").text
    assert "Linh" not in student.get("/courses/1").text
    for words in ("83.33 / 100", "10 / 100", "Linh Đặng"):
        assert words in instructor.get("/courses/1").text


def test_a_teacher_changes_a_grade_by_hand(
    service: Service, instructor: httpx.Client, student: httpx.Client
) -> None:
    line_item = service.create(label="By hand", scoreMaximum=100).json()["id"]
    path = f"/courses/1/gradebook/{line_item.partition('?')[0].rpartition('/')[2]}/2"

    assert "as a number" in instructor.post(path, data={"points": "many"}).text
    assert "0 or more" in instructor.post(path, data={"points": "NaN"}).text
    assert instructor.post(path, data={"points": "61.5"}).status_code == 303
    assert "61.5 / 100" in student.get("/courses/1").text
    assert instructor.post(path, data={"points": ""}).status_code == 303
    assert "61.5" not in student.get("/courses/1").text
    assert student.post(path, data={"points": "100"}).status_code == 403


def test_the_tools_words_are_shown_on_return(student: httpx.Client) -> None:
    student.get("/courses/1/return", params={"lti_errormsg": "<i>Closed</i>"})

    assert "The tool says: &lt;i&gt;Closed&lt;/i&gt;" in student.get("/courses/1").text


def test_pages_need_their_people(
    site: Site, student: httpx.Client, instructor: httpx.Client
) -> None:
    assert student.get("/courses/1/add").status_code == 403
    assert instructor.get("/courses/99").status_code == 404
    assert WIRE.get(f"{site.url}/courses/1").status_code == 403
    assert student.get("/courses/1/notes/99").status_code == 404
    assert student.get("/courses/1/activities/99").status_code == 404
    assert "From rates to counts" in student.get("/courses/1/notes/1").text


def test_the_log_tells_messages_but_no_secrets(
    site: Site, tool: Tool, service: Service, instructor: httpx.Client
) -> None:
    add_activity(tool, instructor, title="Logged quiz")
    line_item = service.create(label="Logged column").json()["id"]
    service.score(line_item)

    page = instructor.get("/log").text
    with site.campus.engine.begin() as connection:
        rows = connection.execute(text("SELECT detail FROM messages")).scalars().all()

    for words in ("login initiation", "LtiDeepLinkingResponse", "Logged column", "token request"):
        assert words in page
    written = json.dumps(rows)
    assert service.bearer["Authorization"].removeprefix("Bearer ") not in written
    for name in ("lti_message_hint", "client_assertion", "deep_linking_settings", "nonce"):
        assert name not in written


@pytest.fixture(scope="module")
def small_site(new_database: Callable[[str], str]) -> Iterator[Site]:
    """A Campus with one tool, one activity and one score, as the demo has it."""
    with (
        running_campus(new_database("campus")) as site,
        connected_tool(site) as tool,
        site.sign_in(1) as instructor,
    ):
        column = {
            "scoreMaximum": 100,
            "label": "Reading Statistics Critically",
            "submissionReview": {"reviewableStatus": ["Completed"]},
        }
        ends = {"endDateTime": "2027-03-19T23:59:00Z"}
        add_activity(tool, instructor, title=column["label"], lineItem=column, submission=ends)
        service = Service(tool)
        service.score(service.list().json()[0]["id"], scoreGiven=25, scoreMaximum=30)
        yield site


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize(
    ("person", "path"),
    [
        (2, "/"),
        (2, "/courses/1"),
        (1, "/courses/1"),
        (1, "/courses/1/add?section=2"),
        (1, "/courses/1/gradebook/5001/2"),
        (5, "/tools"),
        (1, "/log"),
        (2, "/courses/1/notes/1"),
        (2, "/courses/99"),
    ],
)
def test_pages_are_sound_at_every_width(
    small_site: Site, open_page: OpenPage, person: int, path: str, width: int
) -> None:
    page = open_page(f"{small_site.url}/", width=width)
    page.locator(f"button[name=as][value='{person}']").click()
    page.goto(f"{small_site.url}{path}")

    assert axe_violations(page) == []
    assert overflow_px(page) == 0


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_an_activity_opens_in_its_frame(
    site: Site, open_page: OpenPage, echo: str, *, javascript: bool
) -> None:
    with connected_tool(site, login_url=f"{echo}/login") as tool, site.sign_in(1) as instructor:
        activity = add_activity(tool, instructor)
        page = open_page(f"{site.url}/", javascript=javascript)
        page.locator("button[name=as][value='2']").click()
        page.goto(f"{site.url}/courses/1/activities/{activity}")
        frame = page.frame_locator("iframe[name=tool]")
        if not javascript:
            frame.get_by_role("button", name="Go on to Test tool").click()
        heading = frame.get_by_role("heading", level=1).filter(has_text="Got")
        heading.wait_for()

    for name in ("iss", "login_hint", "lti_message_hint", "client_id", "lti_deployment_id"):
        assert name in heading.inner_text()


def test_signing_in_looks_sound(site: Site, open_page: OpenPage) -> None:
    client = store.connect_staff_client(site.campus.engine, redirect_uri="http://localhost:1/x")
    query = f"client_id={client.client_id}&redirect_uri=http://localhost:1/x&scope=openid"

    page = open_page(f"{site.url}/oidc/authorize?response_type=code&{query}", width=360)

    assert page.get_by_role("button", name="Ruth Adeyemi-Clarke").is_visible()
    assert axe_violations(page) == []
    assert overflow_px(page) == 0
