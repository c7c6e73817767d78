"""From the gradebook to a learner's work (Submission Review 1.0), as tools and teachers see it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from lti_tool.campus import ags, queries
from lti_tool.campus.claims import ENDPOINT, LTI
from lti_tool.campus.personality import PERSONALITIES, STRICT
from lti_tool.campus.records import LineItem
from tests.campus.site import Site, Tool, connected_tool, running_campus
from tests.campus.test_ags import Service
from tests.campus.test_launches import add_activity
from tests.campus.test_personalities import Dressed

TITLE = "Sampling and error"
REVIEW: dict[str, object] = {"reviewableStatus": ["Submitted", "Completed"]}


@pytest.fixture(scope="module")
def campus_site(new_database: Callable[[str], str]) -> Iterator[Site]:
    """A Campus of its own, whose gradebook holds only what these tests put there."""
    with running_campus(new_database("campus")) as site:
        yield site


@pytest.fixture
def service(tool: Tool) -> Service:
    return Service(tool)


@pytest.fixture
def dressed(site: Site) -> Iterator[Dressed]:
    dressed = Dressed(site)
    yield dressed
    dressed.become(STRICT)


def column_of(tool: Tool, instructor: httpx.Client, **review: object) -> LineItem:
    """Deep link an activity whose column says `review` of reviews; return the column."""
    told = {"scoreMaximum": 10, "submissionReview": REVIEW | review}
    custom = {"placement": "p-1", "view": "attempt"}
    activity = add_activity(tool, instructor, title=TITLE, lineItem=told, custom=custom)
    with tool.site.campus.engine.begin() as connection:
        columns = queries.list_line_items(connection, 1)
    return next(column for column in columns if column.activity_id == activity)


def address(tool: Tool, column: LineItem) -> str:
    path = f"/lti/courses/1/lineitems/{column.id}?type_id={tool.connected.tool_id}"
    return f"{tool.site.url}{path}"


def work(column: LineItem, person_id: int = 2, page: str = "work") -> str:
    return f"/courses/1/gradebook/{column.id}/{person_id}/{page}"


def test_a_score_that_can_be_reviewed_leads_to_the_work(
    tool: Tool, service: Service, instructor: httpx.Client
) -> None:
    column = column_of(tool, instructor)
    before = instructor.get("/courses/1").text

    service.score(address(tool, column))
    course = instructor.get("/courses/1").text

    assert work(column) not in before
    assert f'aria-label="See the work (Amara Nwosu, {TITLE})">See the work</a>' in course
    assert work(column) in course
    assert work(column, 3) not in course  # nothing came for Linh yet
    assert work(column, page="launch") in instructor.get(work(column)).text


def test_the_message_says_whose_work_of_which_column(
    tool: Tool, service: Service, instructor: httpx.Client
) -> None:
    column = column_of(tool, instructor)
    service.score(address(tool, column))

    claims = tool.launch(instructor, work(column, page="launch"))

    assert claims[f"{LTI}message_type"] == "LtiSubmissionReviewRequest"
    assert claims["sub"] == "campus-1001"
    for_user = claims[f"{LTI}for_user"]
    assert isinstance(for_user, dict)
    assert (for_user["user_id"], for_user["name"]) == ("campus-1002", "Amara Nwosu")
    assert for_user["person_sourcedid"] == "S20260002"
    endpoint = claims[ENDPOINT]
    assert isinstance(endpoint, dict)
    assert endpoint["lineitem"] == address(tool, column)
    assert claims[f"{LTI}resource_link"] == {"id": column.link_id, "title": TITLE}
    assert claims[f"{LTI}target_link_uri"] == f"{tool.url}/launch"
    assert claims[f"{LTI}custom"] == {"placement": "p-1", "view": "attempt"}


def test_a_column_may_name_the_address_the_words_and_parameters_of_its_reviews(
    tool: Tool, service: Service, instructor: httpx.Client
) -> None:
    own = {
        "url": f"{tool.url}/review?of=1",
        "label": "Read & <mark>",
        "custom": {"view": "work", "who": "$User.id"},
    }
    column = column_of(tool, instructor, **own)
    service.score(address(tool, column))

    page = instructor.get(work(column, page="launch")).text
    claims = tool.launch(instructor, work(column, page="launch"))

    assert ">Read &amp; &lt;mark&gt;</a>" in instructor.get("/courses/1").text
    assert f"{tool.url}/review?of=1" in page  # the login's target link
    assert claims[f"{LTI}target_link_uri"] == own["url"]
    expected = {"placement": "p-1", "view": "work", "who": "campus-1001"}
    assert claims[f"{LTI}custom"] == expected


@pytest.mark.parametrize(
    ("statuses", "reported", "offered"),
    [
        (["Completed"], "Completed", True),
        (["Completed"], "InProgress", False),
        (["InProgress", "Completed"], "InProgress", True),
        (["None"], None, True),
        (["None"], "Completed", False),
        (["Initialized", "Completed"], None, False),
        ([], "Completed", False),
    ],
)
def test_the_state_last_reported_decides(
    tool: Tool,
    instructor: httpx.Client,
    statuses: list[str],
    reported: str | None,
    *,
    offered: bool,
) -> None:
    service = Service(tool)
    column = column_of(tool, instructor, reviewableStatus=statuses)
    if reported is not None:
        service.score(address(tool, column), activityProgress=reported)

    page = instructor.get(work(column))
    launch = instructor.get(work(column, page="launch"))

    assert (work(column) in instructor.get("/courses/1").text) == offered
    assert page.status_code == launch.status_code == (200 if offered else 409)


def test_a_grade_by_hand_says_nothing_of_the_work(tool: Tool, instructor: httpx.Client) -> None:
    column = column_of(tool, instructor, reviewableStatus=["Initialized", "Completed"])

    answer = instructor.post(work(column).removesuffix("/work"), data={"points": "7"})

    assert answer.status_code == 303
    assert work(column) not in instructor.get("/courses/1").text


def test_only_the_courses_instructors_come_to_students_work(
    site: Site, tool: Tool, service: Service, instructor: httpx.Client, student: httpx.Client
) -> None:
    column = column_of(tool, instructor)
    service.score(address(tool, column))

    assert work(column) not in student.get("/courses/1").text
    for page in ("work", "launch"):
        assert student.get(work(column, page=page)).status_code == 403
        assert instructor.get(work(column, 1, page)).status_code == 404  # teaches
        assert instructor.get(work(column, 99, page)).status_code == 404
        elsewhere = work(column, page=page).replace("/courses/1/", "/courses/2/")
        with site.sign_in(1) as browser:
            assert browser.get(elsewhere).status_code in {403, 404}


def test_a_column_tells_and_changes_what_it_says_of_reviews(service: Service) -> None:
    made = service.create(submissionReview=REVIEW)
    url = str(made.json()["id"])

    assert made.json()["submissionReview"] == REVIEW
    assert service.get(url, ags.LINE_ITEM).json()["submissionReview"] == REVIEW
    put: dict[str, Any] = {"label": "Quiz", "scoreMaximum": 10}
    later = {"reviewableStatus": ["None"], "label": "Look"}
    assert service.put(url, **put, submissionReview=later).json()["submissionReview"] == later
    assert "submissionReview" not in service.put(url, **put).json()


@pytest.mark.parametrize(
    "wrong",
    [
        "Completed",
        {},
        {"reviewableStatus": "Completed"},
        {"reviewableStatus": ["Finished"]},
        REVIEW | {"url": "http://elsewhere.example/review"},
        REVIEW | {"url": "http://["},
        REVIEW | {"url": 1},
        REVIEW | {"label": "x" * 256},
        REVIEW | {"custom": {"depth": 1}},
    ],
    ids=[
        "no object",
        "no statuses",
        "statuses no list",
        "unknown status",
        "another site",
        "no address",
        "address a number",
        "long label",
        "custom a number",
    ],
)
def test_what_is_no_word_of_reviews_is_refused(service: Service, wrong: object) -> None:
    answer = service.create(submissionReview=wrong)

    assert answer.status_code == 400
    assert "submissionReview" in answer.text


def test_a_null_character_is_refused_and_breaks_nothing(service: Service) -> None:
    for wrong in ({"label": "a\0b"}, {"submissionReview": REVIEW | {"label": "a\0b"}}):
        answer = service.create(**wrong)
        assert answer.status_code == 400, answer.text
        assert "null character" in answer.text


def test_a_copied_course_offers_reviews_as_well(
    tool: Tool, instructor: httpx.Client, site: Site
) -> None:
    column_of(tool, instructor)

    copy = int(instructor.post("/courses/1/copy").headers["Location"].rpartition("/")[2])

    with site.campus.engine.begin() as connection:
        columns = queries.list_line_items(connection, copy)
    mine = [column for column in columns if column.tool_id == tool.connected.tool_id]
    assert [column.submission_review for column in mine] == [REVIEW]


@pytest.mark.parametrize("name", sorted(PERSONALITIES))
def test_products_differ_in_whether_their_gradebook_leads_to_the_work(
    dressed: Dressed, name: str
) -> None:
    """Moodle's and Brightspace's do; Canvas opens its own SpeedGrader."""
    with connected_tool(dressed.site) as tool:
        service = Service(tool)  # its token before products differ in what they want of one
        dressed.become(PERSONALITIES[name])
        url = str(service.create(submissionReview=REVIEW).json()["id"])
        service.score(url)
        with dressed.site.sign_in(1) as browser:
            course = browser.get("/courses/1").text
        configuration = configuration_of(dressed.site)

    offers = name in {"strict", "moodle", "brightspace"}
    number = url.partition("?")[0].rpartition("/")[2]
    assert (f"/gradebook/{number}/2/work" in course) == offers
    said = offers and name != "moodle"  # which offers it without saying so
    assert configuration is None or ("LtiSubmissionReviewRequest" in configuration) == said


def configuration_of(site: Site) -> str | None:
    answer = httpx.get(f"{site.url}/.well-known/openid-configuration", timeout=10)
    return answer.text if answer.status_code == 200 else None


def test_moodle_tells_only_by_which_id(
    dressed: Dressed, tool: Tool, service: Service, instructor: httpx.Client
) -> None:
    column = column_of(tool, instructor)
    service.score(address(tool, column))
    dressed.become(PERSONALITIES["moodle"])

    claims = tool.launch(instructor, work(column, page="launch"))

    assert claims[f"{LTI}for_user"] == {"user_id": "campus-1002"}
