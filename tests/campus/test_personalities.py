"""Each product's habits, over the wire."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from lti_tool.campus import ags, nrps, store
from lti_tool.campus.personality import (
    BLACKBOARD,
    BRIGHTSPACE,
    CANVAS,
    MOODLE,
    OPEN_EDX,
    PERSONALITIES,
    STRICT,
    Personality,
)
from tests.campus.site import WIRE, Site, Tool, connected_tool, running_campus
from tests.campus.test_ags import Service, stored

CANVAS_SUBMISSION = "https://canvas.instructure.com/lti/submission"
NEXT_SECOND = "2027-03-01T12:00:01.000Z"


@dataclass
class Dressed:
    """One Campus that takes on the personality a test asks for."""

    site: Site

    def become(self, personality: Personality) -> None:
        # The settings are frozen for the product; a test may dress Campus anew.
        settings = replace(self.site.campus.settings, personality=personality)
        object.__setattr__(self.site.campus, "settings", settings)


@pytest.fixture(scope="module")
def _site(new_database: Callable[[str], str]) -> Iterator[Site]:
    with running_campus(new_database("campus")) as site:
        yield site


@pytest.fixture
def dressed(_site: Site) -> Iterator[Dressed]:
    dressed = Dressed(_site)
    yield dressed
    dressed.become(STRICT)
    _site.campus.faults.clear()


@pytest.fixture
def tool(_site: Site) -> Iterator[Tool]:
    with connected_tool(_site) as tool:
        yield tool


@pytest.fixture
def service(tool: Tool) -> Service:
    return Service(tool)


@pytest.fixture
def line_item(service: Service) -> str:
    return str(service.create().json()["id"])


@pytest.mark.parametrize(
    ("personality", "statuses"),
    [
        (STRICT, [204, 409, 409, 400, 400]),
        (MOODLE, [200, 409, 409, 400, 400]),
        (CANVAS, [200, 200, 400, 422, 422]),
        (BLACKBOARD, [204, 409, 409, 400, 400]),
        (BRIGHTSPACE, [204, 409, 409, 403, 404]),
        (OPEN_EDX, [204, 400, 400, 400, 400]),
    ],
    ids=[*PERSONALITIES],
)
def test_the_answers_to_scores(
    dressed: Dressed,
    service: Service,
    line_item: str,
    personality: Personality,
    statuses: list[int],
) -> None:
    dressed.become(personality)

    answers = [
        service.score(line_item),
        service.score(line_item),  # the same second again
        service.score(line_item, timestamp="2027-03-01T11:59:59.000Z"),
        service.score(line_item, userId="campus-1001"),  # the teacher
        service.score(line_item, userId="campus-9999"),
    ]

    assert [answer.status_code for answer in answers] == statuses


def test_canvas_counts_submissions_unless_it_is_told_there_is_none(
    dressed: Dressed, service: Service, line_item: str
) -> None:
    dressed.become(CANVAS)
    service.score(line_item)
    quiet = {CANVAS_SUBMISSION: {"new_submission": False}}
    service.score(line_item, timestamp=NEXT_SECOND, **quiet)

    score = stored(dressed.site, line_item)

    assert score is not None
    assert score.submissions == 1


@pytest.mark.parametrize(("yields", "left"), [(True, Decimal(3)), (False, None)])
def test_canvas_takes_a_teachers_grade_away_unless_it_is_asked_not_to(
    dressed: Dressed, service: Service, line_item: str, *, yields: bool, left: Decimal | None
) -> None:
    dressed.become(CANVAS)
    service.score(line_item)
    line_item_id = int(line_item.partition("?")[0].rpartition("/")[2])
    engine = dressed.site.campus.engine
    store.override_grade(engine, line_item_id=line_item_id, person_id=2, points=Decimal(3))

    extension = {CANVAS_SUBMISSION: {"prioritize_non_tool_grade": yields}}
    service.score(line_item, timestamp=NEXT_SECOND, **extension)

    score = stored(dressed.site, line_item)
    assert score is not None
    assert score.override == left


def test_canvas_throttles_those_who_come_in_numbers(
    dressed: Dressed, service: Service, line_item: str
) -> None:
    dressed.become(CANVAS)
    dressed.site.campus.faults.change({"scores_hang_s": 0.3})

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: service.score(line_item), range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 403, 403]
    assert any("Rate Limit Exceeded" in answer.text for answer in answers)


def test_moodles_results_have_no_pages(dressed: Dressed, service: Service, line_item: str) -> None:
    dressed.become(MOODLE)

    assert service.results(line_item).status_code == 200
    assert service.results(line_item, "&limit=1").status_code == 404


def test_moodles_next_pages_are_written_badly(dressed: Dressed, service: Service) -> None:
    dressed.become(MOODLE)
    for _ in range(2):
        service.create()

    link = service.list("&limit=1").headers["Link"]

    assert "rel=“next" in link
    assert "&amp;" in link


def test_brightspace_wants_an_audience_that_is_not_its_address(
    dressed: Dressed, tool: Tool
) -> None:
    dressed.become(BRIGHTSPACE)
    claims = tool.assertion_claims()

    usual = tool.ask_token(tool.sign(claims), store.SCORE_SCOPE)
    own = tool.assertion_claims() | {"aud": "https://api.brightspace.com/auth/token"}
    wanted = tool.ask_token(tool.sign(own), store.SCORE_SCOPE)

    assert (usual.status_code, wanted.status_code) == (400, 200)


def members(tool: Tool, query: str = "") -> tuple[int, dict[str, object], str]:
    url = f"{tool.site.url}/lti/courses/1/memberships?type_id={tool.connected.tool_id}{query}"
    headers = tool.bearer(store.MEMBERS_SCOPE) | {"Accept": nrps.MEMBERS}
    answer = WIRE.get(url, headers=headers)
    return answer.status_code, answer.json(), answer.headers.get("Link", "")


def test_a_members_page_may_lead_to_itself(dressed: Dressed, tool: Tool) -> None:
    dressed.become(replace(STRICT, stuck_members_link=True))

    _, first, link = members(tool, "&limit=2")
    assert "page=1" in link
    _, again, link = members(tool, "&limit=2&page=1")

    assert again["members"] == first["members"]
    assert "page=1" in link


def test_too_many_members_are_refused_whole(dressed: Dressed, tool: Tool) -> None:
    dressed.become(replace(OPEN_EDX, most_members=3))

    status, body, _ = members(tool)

    assert status == 403
    assert body["reason"] == "above_response_limit"


def test_every_answer_says_what_time_it_is(
    dressed: Dressed, service: Service, line_item: str
) -> None:
    dressed.become(STRICT)

    assert service.get(line_item, ags.LINE_ITEM).headers["Date"].endswith("GMT")
    assert len(PERSONALITIES) == 6


def test_a_fault_may_hit_a_fifth_of_the_posts(
    dressed: Dressed, service: Service, line_item: str
) -> None:
    dressed.site.campus.faults.change({"scores_status": 502, "scores_every": 5})

    stamps = (f"2027-03-01T12:00:{second:02}.000Z" for second in range(1, 11))
    answers = [service.score(line_item, timestamp=stamp).status_code for stamp in stamps]

    assert answers.count(502) == 2
