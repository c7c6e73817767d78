"""Results and grades of a placement, entered by real launches from Campus."""

import html
import re
from uuid import uuid4

from flask import Flask
from sqlalchemy import select

from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.platforms.models import ResourceLink, User
from tests.campus.site import Site
from tests.conftest import Worker
from tests.grading.course import AMARA, BJORN, LINH
from tests.instructor.course import INSTRUCTOR, STUDENT, Placed, placed_course
from tests.launch.platform import browsing, connect, error_code

STRANGER = "nobody-of-campus"


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
