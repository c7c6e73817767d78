"""The picker, results and grades, entered by real launches from Campus."""

import html
import re
from collections.abc import Iterator
from decimal import Decimal
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from lti_tool.assessments.models import Placement
from lti_tool.campus.claims import DEEP_LINKING
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.ids import EditionId
from lti_tool.launch import placement_token
from lti_tool.launch.models import Launch
from lti_tool.platforms.models import ResourceLink, User
from tests.assessments.factories import published
from tests.campus.site import Site
from tests.conftest import Worker
from tests.grading.course import AMARA, BJORN, LINH
from tests.instructor.course import (
    INSTRUCTOR,
    STUDENT,
    Placed,
    answer_of,
    csrf_of,
    placed_course,
    ticked,
    university_of,
)
from tests.launch.platform import (
    BASE_URL,
    Browser,
    Connected,
    browsing,
    connect,
    error_code,
    published_keys,
)

STRANGER = "nobody-of-campus"


@pytest.fixture
def product(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The product; an activity leads to the instructor's page of it."""
    pages = {**app.config["CAIRN_PAGES"], "LtiResourceLinkRequest": "instructor.show_placement"}
    monkeypatch.setitem(app.config, "CAIRN_PAGES", pages)
    return app


@pytest.fixture
def connected(product: Flask, campus: Site) -> Iterator[Connected]:  # noqa: ARG001 - binds the database
    with published_keys() as url:
        yield connect(campus, jwks_url=url)


@pytest.fixture
def teacher(product: Flask, connected: Connected) -> Iterator[Browser]:
    with browsing(product, connected, INSTRUCTOR) as browser:
        yield browser


@pytest.fixture
def placed(product: Flask, campus: Site) -> Iterator[Placed]:
    with placed_course(product, campus) as placed:
        yield placed


class Picker:
    """The picker of one launch."""

    def __init__(self, browser: Browser) -> None:
        self.client = browser.client
        answer = browser.post(browser.arrive(browser.connected.deep_linking_path))
        self.url = answer.location
        self.page = self.client.get(self.url)
        assert self.page.status_code == 200, self.page.text
        self.token = csrf_of(self.page)

    def search(self, *chosen: EditionId, **query: str) -> str:
        values = [("assessment", str(edition)) for edition in chosen]
        self.page = self.client.get(self.url, query_string=[*query.items(), *values])
        assert self.page.status_code == 200, self.page.text
        return self.page.text

    def add(self, *chosen: EditionId, points: str = "100") -> None:
        data = {
            "csrf_token": self.token,
            "assessment": list(map(str, chosen)),
            "points": points,
        }
        self.page = self.client.post(self.url, data=data)


@pytest.fixture
def shelf(connected: Connected) -> dict[str, EditionId]:
    university = university_of(connected)
    titles = ("Reading statistics critically", "Research data management", "Ethics & <consent>")
    return {title.split()[0]: published(university, title=title) for title in titles}


def count_of_placements(connected: Connected) -> int:
    with transaction(connected.institution_id) as session:
        return session.scalar(select(func.count()).select_from(Placement)) or 0


def test_the_picker_shows_what_can_be_placed(teacher: Browser, shelf: dict[str, EditionId]) -> None:
    picker = Picker(teacher)

    assert "Biostatistics 2, Spring" in picker.page.text
    assert "3 assessments." in picker.page.text
    assert "Ethics &amp; &lt;consent&gt;" in picker.page.text
    assert "3 questions · pass mark 60% · gives no badge" in picker.page.text
    assert all(str(edition) in picker.page.text for edition in shelf.values())
    assert "key" not in picker.page.text


def test_searching_keeps_what_is_ticked(teacher: Browser, shelf: dict[str, EditionId]) -> None:
    picker = Picker(teacher)

    found = picker.search(shelf["Reading"], q="  MANAGEMENT ", points="20")

    assert ticked(picker.page) == {shelf["Reading"]}
    assert str(shelf["Research"]) in found
    assert str(shelf["Ethics"]) not in found
    assert "1 assessment matches." in found
    assert 'value="20"' in found
    assert picker.token not in picker.url
    assert "No assessment matches “zzz”" in picker.search(q="zzz")
    assert "3 assessments match." in picker.search(q="base rates")  # a competency


def test_more_than_a_page_is_reached_by_its_button(teacher: Browser, connected: Connected) -> None:
    university = university_of(connected)
    editions = [published(university, keys="a", title=f"Title {n:02}") for n in range(22)]
    picker = Picker(teacher)

    assert "Title 19" in picker.page.text
    assert "Title 20" not in picker.page.text
    assert f'name="after" value="{editions[19]}"' in picker.page.text
    page = picker.search(editions[3], after=str(editions[20]))
    assert ticked(picker.page) == {editions[3]}
    assert "Title 21" in page
    assert "Title 20" not in page
    assert 'name="after"' not in page


def test_what_is_chosen_becomes_activities_of_the_course(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected
) -> None:
    picker = Picker(teacher)

    picker.add(shelf["Reading"], shelf["Ethics"], points="20")

    return_url, claims, token = answer_of(picker.page)
    items = claims[f"{DEEP_LINKING}content_items"]
    assert [item["title"] for item in items] == [
        "Reading statistics critically",
        "Ethics & <consent>",
    ]
    assert {item["url"] for item in items} == {f"{BASE_URL}/lti/launch"}
    assert [item["lineItem"]["scoreMaximum"] for item in items] == [20, 20]
    with transaction(connected.institution_id) as session:
        placements = {one.id: one for one in session.scalars(select(Placement))}
    tokens = [item["custom"]["placement"] for item in items]
    behind = [placement_token.read(one, connected.institution_id) for one in tokens]
    assert [placements[one].edition_id for one in behind if one] == [
        shelf["Reading"],
        shelf["Ethics"],
    ]
    assert {one.points for one in placements.values()} == {Decimal(20)}
    assert (
        f"form-action 'self' {teacher.connected.site.url}"
        in (picker.page.headers["Content-Security-Policy"])
    )
    answer = teacher.campus.post(return_url, data={"JWT": token})
    assert answer.status_code in {200, 303}, answer.text
    with teacher.connected.site.campus.engine.begin() as connection:
        titles = connection.execute(
            text("SELECT title FROM activities WHERE tool_id = :tool ORDER BY id"),
            {"tool": connected.tool.tool_id},
        ).scalars()
        assert list(titles) == ["Reading statistics critically", "Ethics & <consent>"]


@pytest.mark.parametrize("points", ["0", "101", "12.5", "-3", "", "ten", "\u0661", "1e2"])
def test_points_are_a_whole_number_from_1_to_100(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected, points: str
) -> None:
    picker = Picker(teacher)

    picker.add(shelf["Reading"], points=points)

    assert picker.page.status_code == 400
    assert picker.page.text.count("Enter a whole number from 1 to 100.") == 2  # summary and field
    assert ticked(picker.page) == {shelf["Reading"]}
    assert count_of_placements(connected) == 0


def test_nothing_chosen_is_said_and_nothing_is_placed(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected
) -> None:
    assert shelf
    picker = Picker(teacher)

    picker.add()

    assert picker.page.status_code == 400
    assert 'role="alert"' in picker.page.text
    assert "Choose at least one assessment." in picker.page.text
    assert count_of_placements(connected) == 0


def test_going_back_answers_that_nothing_was_chosen(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected
) -> None:
    picker = Picker(teacher)

    page = picker.client.post(
        f"{picker.url}?cancel=1",
        data={"csrf_token": picker.token, "assessment": str(shelf["Reading"])},
    )

    _, claims, _ = answer_of(page)
    assert claims[f"{DEEP_LINKING}content_items"] == []
    assert count_of_placements(connected) == 0


def test_where_one_is_taken_one_can_be_chosen(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected
) -> None:
    picker = Picker(teacher)
    with transaction(connected.institution_id) as session:
        launch = session.scalars(select(Launch).order_by(Launch.id.desc())).first()
        assert launch is not None
        request = {**launch.settings["deep_linking"], "accept_multiple": False}
        launch.settings = {**launch.settings, "deep_linking": request}

    page = picker.search()
    picker.add(shelf["Reading"], shelf["Ethics"])

    assert 'type="radio"' in page
    assert 'type="checkbox" name="assessment"' not in page
    assert "one at a time" in page
    assert picker.page.status_code == 400
    assert "Choose one only: your course takes one at a time." in picker.page.text
    assert count_of_placements(connected) == 0


def test_an_edition_of_another_institution_is_not_found(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected, campus: Site
) -> None:
    assert shelf
    foreign = published(university_of(connect(campus)), title="Foreign")
    picker = Picker(teacher)

    assert "Foreign" not in picker.search(foreign)
    picker.add(shelf["Reading"], foreign)

    assert (picker.page.status_code, error_code(picker.page)) == (404, "not_found")
    assert count_of_placements(connected) == 0


def test_a_form_that_was_not_ours_places_nothing(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected
) -> None:
    picker = Picker(teacher)
    picker.token = "another"

    picker.add(shelf["Reading"])

    assert error_code(picker.page) == "cross_site_request"
    assert count_of_placements(connected) == 0


def test_an_assessment_that_is_there_already_is_pointed_out(placed: Placed) -> None:
    picker = Picker(placed.browser)

    assert "Already in this course, as “Reading statistics critically”." in picker.page.text


def test_what_was_chosen_and_never_arrived_is_not_said_to_be_there(
    teacher: Browser, shelf: dict[str, EditionId], connected: Connected
) -> None:
    Picker(teacher).add(shelf["Reading"])  # and the window was closed

    assert count_of_placements(connected) == 1
    assert "Already in this course" not in Picker(teacher).page.text


def test_a_learner_sees_neither_results_nor_picker(product: Flask, campus: Site) -> None:
    with placed_course(product, campus, person=STUDENT) as placed:
        pages = [placed.page(name) for name in ("pick", "placement", "scores")]

    assert [error_code(page) for page in pages] == ["not_for_your_role"] * 3


def test_nobody_has_begun(placed: Placed) -> None:
    assert "Nobody has begun yet" in placed.page("placement").text
    assert "No grade yet" in placed.page("scores").text


def name_user(placed: Placed, subject: str, name: str | None) -> None:
    with transaction(placed.institution_id) as session:
        session.scalars(select(User).where(User.subject == subject)).one().name = name


def test_results_come_by_name_with_their_grades(placed: Placed, worker: Worker) -> None:
    placed.course.take(LINH, "abc")
    placed.course.take(AMARA, "abd")
    placed.course.take(BJORN, "ddd")
    name_user(placed, BJORN, None)
    worker.run()
    name_user(placed, AMARA, "Amara Nwosu")
    name_user(placed, LINH, "linh <Đặng>")

    page = placed.page("placement")

    body = page.text.partition("<tbody")[2]
    assert body.index("Amara Nwosu") < body.index("linh &lt;Đặng&gt;") < body.index("Name not")
    assert "2 of 3" in body
    assert body.count("Passed") == 2
    assert body.count("Not passed yet") == 1
    assert body.count("In the gradebook") == 3
    assert "3 of 3 grades are in the gradebook" in placed.page("scores").text


def test_a_grade_on_its_way_is_not_said_to_be_there(placed: Placed) -> None:
    placed.course.take(AMARA, "abc")  # no worker: the event was not heard yet

    page = placed.page("scores", state="on_its_way").text

    assert "0 of 1 grade is in the gradebook" in page
    assert "On the way" in page.partition("<tbody")[2]


def test_a_link_without_a_column_says_so(placed: Placed, worker: Worker) -> None:
    with transaction(placed.institution_id) as session:
        session.scalars(select(ResourceLink)).one().line_item_url = None
    placed.course.take(AMARA, "abc")
    worker.run()

    page = placed.page("scores", state="none").text

    assert "No column" in page.partition("<tbody")[2]
    assert "On the way" not in page.partition("<tbody")[2]


def test_a_refused_grade_is_shown_with_the_reason_and_sent_again(
    placed: Placed, worker: Worker
) -> None:
    user_id = placed.course.take(STRANGER, "abc")
    placed.course.take(AMARA, "abc")
    worker.run()
    page = placed.page("scores")
    assert "Campus refused 1 grade" in page.text
    assert "Campus has no such learner in this course" in page.text.partition("<tbody")[2]
    assert f'value="{user_id}"' in page.text

    answer = placed.post("scores/send", page, user=str(user_id))

    assert answer.status_code == 303
    after = placed.page("scores", sent="1")
    assert "1 grade is on the way again." in after.text
    assert "refused" not in after.text.partition("<tbody")[2]
    with transaction(placed.institution_id) as session:
        entries = audit.list_entries(session, object_kind="placement")
    assert [(entry.act, entry.actor_kind, entry.facts) for entry in entries] == [
        ("resend_scores", "user", {"scores": 1})
    ]


def test_sending_all_again_sends_only_what_was_refused(placed: Placed, worker: Worker) -> None:
    stranger = placed.course.take(STRANGER, "abc")
    amara = placed.course.take(AMARA, "abc")
    worker.run()
    before = placed.course.row(amara).version, placed.course.row(stranger).tries

    answer = placed.post("scores/send", placed.page("scores"))

    assert answer.location.endswith("sent=1")
    assert placed.course.row(amara).version == before[0]  # what was changed by hand there stays
    assert placed.course.row(stranger).due_at is not None


def test_nobody_can_have_a_score_of_elsewhere_sent(placed: Placed, worker: Worker) -> None:
    placed.course.take(STRANGER, "abc")
    worker.run()

    answer = placed.post("scores/send", placed.page("scores"), user=str(uuid4()))

    assert answer.location.endswith("sent=0")


def test_results_can_be_searched_and_come_in_pages(placed: Placed) -> None:
    for number in range(52):
        placed.course.take(f"user-{number:02}", "abc")

    page = placed.page("placement").text
    assert "user-49" in page
    assert "user-50" not in page
    address = re.search(r'href="([^"]+)" rel="next"', page)
    assert address is not None
    placed.course.take("user-00a", "abc")  # who hands in meanwhile moves nobody
    second = placed.browser.client.get(html.unescape(address[1])).text
    assert "user-50" in second
    assert "user-49" not in second
    found = placed.page("placement", q="USER-51").text
    assert "1 of 53 shown." in found
    assert "user-50" not in found
    assert "No learner fits." in placed.page("scores", state="refused").text
    assert placed.page("scores", state="elsewhere").status_code == 400
    back = re.search(r'href="([^"]+)" rel="prev"', second)
    assert back is not None
    first = placed.browser.client.get(html.unescape(back[1])).text
    assert "user-49" in first
    assert "user-50" not in first


def test_results_can_be_sorted(placed: Placed) -> None:
    for name, answers in (("user-b", "abc"), ("user-a", "ddd"), ("user-c", "abd")):
        placed.course.take(name, answers)

    def order(**query: str) -> list[str]:
        return re.findall(r">(user-\w)<span", placed.page("placement", **query).text)

    assert order() == ["user-a", "user-b", "user-c"]
    assert order(sort="-points") == ["user-b", "user-c", "user-a"]
    assert order(sort="points") == ["user-a", "user-c", "user-b"]
    assert order(sort="-handed_in") == ["user-c", "user-a", "user-b"]
    assert order(sort="result") == ["user-b", "user-c", "user-a"]
    page = placed.page("placement", sort="-points", state="").text
    assert 'aria-sort="descending"' in page
    assert 'sort=points"' in page
    assert placed.page("placement", sort="mood").status_code == 400
    assert 'aria-sort="ascending"' in placed.page("scores").text


def test_a_link_without_an_assessment_says_so(product: Flask, campus: Site) -> None:
    connected = connect(campus)
    with browsing(product, connected, INSTRUCTOR) as browser:
        page = browser.open(connected.place("Something else"))

    assert (page.status_code, error_code(page)) == (404, "nothing_placed")
