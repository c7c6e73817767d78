import re
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

import httpx
import pytest

from lti_tool.campus import ags, store
from lti_tool.campus.records import Score
from tests.campus.site import WIRE, Site, Tool, connected_tool
from tests.campus.test_launches import add_activity

FULL = (store.LINE_ITEM_SCOPE, store.SCORE_SCOPE, store.RESULT_SCOPE)


class Service:
    """AGS calls of one tool with one token."""

    def __init__(self, tool: Tool, *scopes: str, course: int = 1) -> None:
        base = f"{tool.site.url}/lti/courses/{course}/lineitems"
        self.collection = f"{base}?type_id={tool.connected.tool_id}"
        self.tool = tool
        self.bearer = tool.bearer(*(scopes or FULL))

    def list(self, query: str = "", accept: str = ags.LINE_ITEMS) -> httpx.Response:
        return self.get(self.collection + query, accept)

    def get(self, url: str, accept: str) -> httpx.Response:
        return WIRE.get(url, headers=self.bearer | {"Accept": accept}, timeout=10)

    def create(self, media_type: str = ags.LINE_ITEM, **body: object) -> httpx.Response:
        body = {"label": "Quiz", "scoreMaximum": 10, **body}
        headers = self.bearer | {"Content-Type": media_type}
        return WIRE.post(self.collection, headers=headers, json=body)

    def put(self, url: str, media_type: str = ags.LINE_ITEM, **body: object) -> httpx.Response:
        headers = self.bearer | {"Content-Type": media_type}
        return WIRE.put(url, headers=headers, json=body)

    def score(self, line_item: str, **changes: object) -> httpx.Response:
        media_type = str(changes.pop("media_type", ags.SCORE))
        body = {
            "userId": "campus-1002",
            "timestamp": "2027-03-01T12:00:00.000Z",
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "scoreGiven": 15,
            "scoreMaximum": 20,
            **changes,
        }
        headers = self.bearer | {"Content-Type": media_type}
        return WIRE.post(below(line_item, "/scores"), headers=headers, json=body, timeout=10)

    def results(self, line_item: str, query: str = "") -> httpx.Response:
        return self.get(below(line_item, "/results") + query, ags.RESULTS)


def below(line_item: str, path: str) -> str:
    parts = urlsplit(line_item)
    return parts._replace(path=parts.path + path).geturl()


def stored(site: Site, line_item: str, subject: str = "campus-1002") -> Score | None:
    line_item_id = int(urlsplit(line_item).path.rpartition("/")[2])
    return store.gradebook(site.campus.engine, 1).get((line_item_id, subject))


@pytest.fixture
def service(tool: Tool) -> Service:
    return Service(tool)


@pytest.fixture
def line_item(service: Service) -> str:
    answer = service.create()
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_column_is_made_read_changed_and_deleted(service: Service) -> None:
    made = service.create(tag="grade", resourceId="r-1", endDateTime="2027-03-19T23:59:00Z")
    url = made.json()["id"]

    assert made.status_code == 201
    assert made.headers["Content-Type"] == ags.LINE_ITEM
    assert made.headers["Location"] == url
    assert "?type_id=" in url
    assert service.get(url, ags.LINE_ITEM).json() == made.json()
    changed = service.put(url, label="Renamed", scoreMaximum=7.5)
    assert changed.json() == {"id": url, "label": "Renamed", "scoreMaximum": 7.5}
    assert WIRE.delete(url, headers=service.bearer).status_code == 204
    assert service.get(url, ags.LINE_ITEM).status_code == 404
    assert service.score(url).status_code == 404


def test_a_column_may_belong_to_an_activity_of_the_tools_own(
    site: Site, tool: Tool, service: Service, instructor: httpx.Client
) -> None:
    activity = add_activity(tool, instructor, lineItem=None)
    made = service.create(resourceLinkId=str(activity))

    assert made.json()["resourceLinkId"] == str(activity)
    assert service.put(made.json()["id"], label="Q", scoreMaximum=1).status_code == 200
    moved = service.put(made.json()["id"], label="Q", scoreMaximum=1, resourceLinkId="1")
    assert moved.status_code == 400
    with connected_tool(site) as other:
        assert Service(other).create(resourceLinkId=str(activity)).status_code == 400


def test_columns_are_listed_by_filter_and_page(service: Service) -> None:
    ids = [
        service.create(label=f"Q{n}", tag="odd" if n % 2 else "even", resourceId=f"r{n}").json()[
            "id"
        ]
        for n in range(5)
    ]

    assert [one["id"] for one in service.list().json()] == ids
    assert [one["label"] for one in service.list("&tag=odd").json()] == ["Q1", "Q3"]
    assert [one["label"] for one in service.list("&resource_id=r4&tag=even").json()] == ["Q4"]
    assert service.list("&resource_link_id=1").json() == []
    first = service.list("&limit=2&tag=even")
    link = re.fullmatch(r'<([^>]+)>; rel="next"', first.headers["Link"])
    assert link is not None
    second = service.get(link[1], ags.LINE_ITEMS)
    assert [one["label"] for one in first.json() + second.json()] == ["Q0", "Q2", "Q4"]
    assert "Link" not in second.headers
    assert service.list("&limit=0").status_code == 400
    assert service.list("&limit=all").status_code == 400


def test_media_types_are_exact(service: Service, line_item: str) -> None:
    for accept in ("*/*", "application/json", ags.LINE_ITEM):
        assert service.list(accept=accept).status_code == 406
    assert service.list(accept=f"text/html, {ags.LINE_ITEMS};q=0.9").status_code == 200
    assert service.get(line_item, ags.LINE_ITEMS).status_code == 406
    assert service.get(below(line_item, "/results"), "application/json").status_code == 406
    assert service.create("application/json").status_code == 415
    assert service.put(line_item, "application/json", label="Q").status_code == 415
    assert service.score(line_item, media_type="application/json").status_code == 415
    assert service.score(line_item, media_type=f"{ags.SCORE}; charset=utf-8").status_code == 204


def test_each_call_needs_its_scope(tool: Tool, line_item: str) -> None:
    reading = Service(tool, store.LINE_ITEM_READ_SCOPE)
    scoring = Service(tool, store.SCORE_SCOPE)
    results = Service(tool, store.RESULT_SCOPE)

    assert reading.list().status_code == 200
    assert reading.get(line_item, ags.LINE_ITEM).status_code == 200
    assert reading.create().status_code == 403
    assert reading.put(line_item, label="Q", scoreMaximum=1).status_code == 403
    assert WIRE.delete(line_item, headers=reading.bearer).status_code == 403
    assert reading.score(line_item).status_code == 403
    assert scoring.list().status_code == 403
    assert scoring.results(line_item).status_code == 403
    assert scoring.score(line_item).status_code == 204
    assert results.results(line_item).status_code == 200
    assert results.score(line_item).status_code == 403


def test_another_tool_sees_nothing(site: Site, service: Service, line_item: str) -> None:
    with connected_tool(site) as other:
        stranger = Service(other)
        # Its own type_id with our column, then our type_id with its own token.
        crossed = line_item.partition("?")[0] + "?" + stranger.collection.partition("?")[2]

        assert stranger.list().json() == []
        assert stranger.get(crossed, ags.LINE_ITEM).status_code == 404
        assert stranger.score(crossed).status_code == 404
        assert stranger.get(line_item, ags.LINE_ITEM).status_code == 403
        assert stranger.score(line_item).status_code == 403
        assert WIRE.delete(line_item, headers=stranger.bearer).status_code == 403
    assert service.get(line_item, ags.LINE_ITEM).status_code == 200
    assert service.get(line_item.partition("?")[0], ags.LINE_ITEM).status_code == 404


def test_a_score_is_rescaled_and_read_back(site: Site, service: Service, line_item: str) -> None:
    assert service.score(line_item, comment="Well done").status_code == 204

    (result,) = service.results(line_item).json()
    assert result["userId"] == "campus-1002"
    assert result["scoreOf"] == line_item
    assert (result["resultScore"], result["resultMaximum"]) == (7.5, 10)
    assert result["comment"] == "Well done"
    kept = stored(site, line_item)
    assert kept is not None
    assert kept.scored_at == datetime(2027, 3, 1, 12, tzinfo=UTC)
    # A changed maximum rescales what is there.
    service.put(line_item, label="Quiz", scoreMaximum=100)
    assert service.results(line_item).json()[0]["resultScore"] == 75


def test_an_old_or_equal_timestamp_conflicts_and_changes_nothing(
    service: Service, line_item: str
) -> None:
    service.score(line_item)

    for timestamp in ("2027-03-01T12:00:00.000Z", "2027-03-01T11:00:00Z"):
        assert service.score(line_item, timestamp=timestamp, scoreGiven=1).status_code == 409
    assert service.results(line_item).json()[0]["resultScore"] == 7.5
    later = service.score(line_item, timestamp="2027-03-01T13:00:01+01:00", scoreGiven=20)
    assert later.status_code == 204
    assert service.results(line_item).json()[0]["resultScore"] == 10


@pytest.mark.parametrize("subject", ["campus-1001", "campus-1004", "nobody"])
def test_only_students_of_the_course_have_a_place(
    service: Service, line_item: str, subject: str
) -> None:
    answer = service.score(line_item, userId=subject)

    assert answer.status_code == 400
    assert subject in answer.json()["reason"]


def test_a_score_without_zone_or_maximum_is_refused(service: Service, line_item: str) -> None:
    assert service.score(line_item, timestamp="2027-03-01T12:00:00").status_code == 400
    assert service.score(line_item, scoreMaximum=None).status_code == 400
    assert service.results(line_item).json() == []


def test_progress_clears_the_grade(service: Service, line_item: str) -> None:
    service.score(line_item)

    service.score(line_item, timestamp="2027-03-01T12:00:01Z", gradingProgress="PendingManual")

    (result,) = service.results(line_item).json()
    assert "resultScore" not in result


def test_results_are_by_person_and_page(service: Service, line_item: str) -> None:
    for subject in ("campus-1002", "campus-1003", "campus-1006"):
        service.score(line_item, userId=subject)

    one = service.results(line_item, "&user_id=campus-1003").json()
    first = service.results(line_item, "&limit=2")

    assert [result["userId"] for result in one] == ["campus-1003"]
    assert len(first.json()) == 2
    assert 'rel="next"' in first.headers["Link"]
    assert service.results(line_item, "&user_id=nobody").json() == []


def test_a_teachers_grade_stays_over_a_later_score(
    site: Site, service: Service, line_item: str
) -> None:
    service.score(line_item)
    line_item_id = int(urlsplit(line_item).path.rpartition("/")[2])
    store.override_grade(
        site.campus.engine, line_item_id=line_item_id, person_id=2, points=Decimal(3)
    )

    later = service.score(line_item, timestamp="2027-03-01T12:00:01Z", scoreGiven=20)

    assert later.status_code == 204
    assert service.results(line_item).json()[0]["resultScore"] == 3


def test_a_teachers_grade_before_any_score_blocks_no_score(
    site: Site, service: Service, line_item: str
) -> None:
    line_item_id = int(urlsplit(line_item).path.rpartition("/")[2])
    engine = site.campus.engine
    store.override_grade(engine, line_item_id=line_item_id, person_id=2, points=Decimal(3))

    assert service.score(line_item).status_code == 204
    store.override_grade(engine, line_item_id=line_item_id, person_id=2, points=None)
    assert service.results(line_item).json()[0]["resultScore"] == 7.5


def test_an_unknown_course_has_no_gradebook(tool: Tool) -> None:
    assert Service(tool, course=99).list().status_code == 404
    assert Service(tool, course=99).create().status_code == 404
