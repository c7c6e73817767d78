"""What a person sees when something is wrong: what happened, what to do; nothing else changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlencode

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, Route, expect
from psycopg import sql

from tests.journeys.installation import Installation
from tests.journeys.visitor import DATA_TITLE, Visitor, answer_all

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("placed"),
]

STUDENT, OTHER = "Amara Nwosu", "Björn Åström"
GUARDED = ("users", "launches", "contexts", "resource_links", "attempts", "responses", "awards")


@pytest.fixture
def visitor(installation: Installation, browser: Browser) -> Iterator[Visitor]:
    """Open a browser in which Campus knows the student."""
    with browser.new_context() as context:
        visitor = Visitor(page=context.new_page(), campus_url=installation.campus_url)
        visitor.be(STUDENT)
        yield visitor


@contextmanager
def nothing_changes(installation: Installation) -> Iterator[None]:
    """Check that the block adds and takes away no row of an institution."""
    before = rows(installation)
    yield
    assert rows(installation) == before


def rows(installation: Installation) -> dict[str, int]:
    with installation.tenant() as connection:
        return {
            table: (connection.execute(count(table)).fetchone() or (0,))[0] for table in GUARDED
        }


def count(table: str) -> sql.Composed:
    return sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))


def says(shown: FrameLocator | Page, title: str, *steps: str) -> None:
    """Check that the page says what happened and what to do, and tells of nobody."""
    expect(shown.get_by_role("heading", name=title, level=1)).to_be_visible()
    for step in steps:
        expect(shown.get_by_role("listitem").filter(has_text=step)).to_be_visible()
    text = shown.locator("body").inner_text()
    assert STUDENT not in text
    assert "Traceback" not in text


def test_an_unknown_platform(installation: Installation, visitor: Visitor) -> None:
    login = urlencode(
        {
            "iss": "https://lms.unknown.example",
            "login_hint": "x",
            "client_id": "x",
            "target_link_uri": f"{installation.cairn_url}/lti/launch",
        }
    )
    with nothing_changes(installation):
        visitor.page.goto(f"{installation.cairn_url}/lti/login?{login}")

        says(visitor.page, "This course site is not connected to Cairn", "Ask the people who run")


def test_a_message_that_was_changed_on_its_way(
    installation: Installation, visitor: Visitor
) -> None:
    def tamper(route: Route) -> None:
        form = {name: values[0] for name, values in parse_qs(route.request.post_data).items()}
        head, payload, signature = form["id_token"].split(".")
        changed = payload[:40] + ("A" if payload[40] != "A" else "B") + payload[41:]
        form["id_token"] = f"{head}.{changed}.{signature}"
        route.continue_(post_data=urlencode(form))

    visitor.page.route("**/lti/launch", tamper)
    with nothing_changes(installation):
        frame = visitor.open(DATA_TITLE)

        says(frame, "Your course site sent something we cannot accept", "Open the activity there")


def test_a_message_that_is_sent_again(installation: Installation, visitor: Visitor) -> None:
    sent: list[str] = []

    def listen(route: Route) -> None:
        sent.append(route.request.post_data or "")
        route.continue_()

    visitor.page.route("**/lti/launch", listen)
    frame = visitor.open(DATA_TITLE)
    expect(frame.get_by_role("heading", name=DATA_TITLE)).to_be_visible()
    form = {name: values[0] for name, values in parse_qs(sent[0]).items()}
    with nothing_changes(installation):
        visitor.page.evaluate(
            """([action, fields]) => {
                const form = document.createElement("form");
                form.method = "post";
                form.action = action;
                for (const [name, value] of Object.entries(fields)) {
                    const input = document.createElement("input");
                    [input.type, input.name, input.value] = ["hidden", name, value];
                    form.append(input);
                }
                document.body.append(form);
                form.submit();
            }""",
            [f"{installation.cairn_url}/lti/launch", form],
        )

        says(visitor.page, "This launch has been used", "Open the activity there again")


def test_a_deployment_that_nobody_approved(installation: Installation, visitor: Visitor) -> None:
    with installation.database("campus") as campus:
        before = campus.execute("SELECT deployment_id FROM tools WHERE id = 1").fetchone()
        assert before is not None
        campus.execute("UPDATE tools SET deployment_id = 'another' WHERE id = 1")
    try:
        with nothing_changes(installation):
            frame = visitor.open(DATA_TITLE)

            says(frame, "Cairn is not switched on here yet", "Open the activity again when they")
    finally:
        with installation.database("campus") as campus:
            campus.execute("UPDATE tools SET deployment_id = %s WHERE id = 1", before)


def test_a_visit_that_has_ended(installation: Installation, visitor: Visitor) -> None:
    frame = visitor.open(DATA_TITLE)
    expect(frame.get_by_role("heading", name=DATA_TITLE)).to_be_visible()
    with installation.tenant() as connection:
        connection.execute("UPDATE launches SET expires_at = now() - interval '1 second'")
    with nothing_changes(installation):
        frame.get_by_role("link", name="My badges").click()

        says(frame, "Please open it again from your course", "Open the activity there again")


def test_the_address_of_another_students_page(
    installation: Installation, browser: Browser, visitor: Visitor
) -> None:
    frame = visitor.open(DATA_TITLE)
    answer_all(frame)
    theirs = visitor.page.frame("tool")
    assert theirs is not None
    attempt_url = theirs.url.removesuffix("/submit")
    with browser.new_context() as context:
        other = Visitor(page=context.new_page(), campus_url=installation.campus_url)
        other.be(OTHER)
        mine = other.open(DATA_TITLE)
        expect(mine.get_by_role("heading", name=DATA_TITLE)).to_be_visible()
        own = other.page.frame("tool")
        assert own is not None
        launch_url = own.url.rstrip("/")
        attempt_id = attempt_url.partition("/attempts/")[2]
        with nothing_changes(installation):
            own.goto(f"{launch_url}/attempts/{attempt_id}")
            says(mine, "There is nothing here")

            other.page.goto(attempt_url)
            says(other.page, "Please open it again from your course", "Go back to the course")
