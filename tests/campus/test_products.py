"""Campus as Moodle and as Canvas: what people and tools see of it."""

from collections.abc import Callable, Iterator
from typing import cast

import httpx
import pytest

from lti_tool.campus import queries, store
from lti_tool.campus.claims import DEEP_LINKING, ENDPOINT, LTI
from lti_tool.campus.personality import CANVAS, MOODLE
from lti_tool.campus.records import Activity, LineItem
from lti_tool.campus.registration import TOOL_CONFIGURATION
from tests.campus.site import WIRE, Site, Tool, connected_tool, read_form, running_campus
from tests.campus.test_ags import Service
from tests.campus.test_registration import BODY, CONFIGURATION

QUIZ = {"type": "ltiResourceLink", "title": "Quiz"}
ONE, SEVERAL, MODULE = (place.name for place in CANVAS.places)


@pytest.fixture(scope="module")
def moodle(new_database: Callable[[str], str]) -> Iterator[Site]:
    with running_campus(new_database("moodle"), personality=MOODLE) as site:
        yield site


@pytest.fixture(scope="module")
def canvas(new_database: Callable[[str], str]) -> Iterator[Site]:
    with running_campus(new_database("canvas"), personality=CANVAS) as site:
        yield site


@pytest.fixture
def in_moodle(moodle: Site) -> Iterator[Tool]:
    with connected_tool(moodle, habits=MOODLE) as tool:
        yield tool


@pytest.fixture
def in_canvas(canvas: Site) -> Iterator[Tool]:
    with connected_tool(canvas, habits=CANVAS) as tool:
        yield tool


@pytest.fixture
def teacher(moodle: Site) -> Iterator[httpx.Client]:
    with moodle.sign_in(1) as browser:
        yield browser


@pytest.fixture
def canvas_teacher(canvas: Site) -> Iterator[httpx.Client]:
    with canvas.sign_in(1) as browser:
        yield browser


def quiz(points: float = 10, **more: object) -> dict[str, object]:
    return {**QUIZ, "lineItem": {"scoreMaximum": points}, "custom": {"p": "1"}, **more}


def added(tool: Tool, course: int = 1) -> tuple[list[Activity], list[LineItem]]:
    mine = tool.connected.tool_id
    with tool.site.campus.engine.begin() as connection:
        activities = queries.list_activities(connection, course)
        columns = queries.list_line_items(connection, course)
    return (
        [one for one in activities if one.tool_id == mine],
        [one for one in columns if one.tool_id == mine],
    )


def save(browser: httpx.Client, confirmed: httpx.Response) -> httpx.Response:
    """Press what Moodle's page before the adding has to be pressed."""
    return browser.post(read_form(confirmed).action)


def register(site: Site, token: str) -> dict[str, object]:
    answer = WIRE.post(
        f"{site.url}/lti/register", json=BODY, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 201, answer.text
    body: dict[str, object] = answer.json()
    return body


def copied(browser: httpx.Client, course: int = 1) -> int:
    answer = browser.post(f"/courses/{course}/copy")
    assert answer.status_code == 303, answer.text
    return int(answer.headers["Location"].rpartition("/")[2])


class TestMoodle:
    def test_a_new_tool_waits_until_it_is_activated(
        self, moodle: Site, teacher: httpx.Client
    ) -> None:
        body = register(moodle, store.issue_registration_token(moodle.campus.engine))
        configuration = cast("dict[str, str]", body[TOOL_CONFIGURATION])
        tool_id = configuration["deployment_id"]  # Moodle's are the numbers of its tools

        path = f"/courses/1/add/{tool_id}/launch"
        assert teacher.get(path).status_code == 403
        assert "Registered by itself" not in teacher.get("/courses/1/add").text
        assert teacher.post(f"/tools/{tool_id}/on").status_code == 403
        with moodle.sign_in(5) as administrator:
            assert administrator.post(f"/tools/{tool_id}/on").status_code == 303

        assert "Choose in Registered by itself" in teacher.get("/courses/1/add").text
        assert teacher.get(path).status_code == 200

    def test_it_offers_reviews_without_saying_so(self, moodle: Site) -> None:
        answer = WIRE.get(f"{moodle.url}/.well-known/openid-configuration").json()

        platform = answer["https://purl.imsglobal.org/spec/lti-platform-configuration"]
        types = [message["type"] for message in platform["messages_supported"]]
        assert types == ["LtiResourceLinkRequest", "LtiDeepLinkingRequest"]

    def test_a_known_tool_is_updated_or_registered_anew(self, moodle: Site) -> None:
        first = register(moodle, store.issue_registration_token(moodle.campus.engine))
        with moodle.sign_in(5) as administrator:
            url = {"url": "https://tool.example:8443/register"}
            asked = administrator.post("/tools", data=url)
            assert "This tool is known already" in asked.text
            anew = administrator.post("/tools", data={**url, "renews": ""})
            assert "<iframe" in anew.text
        configuration = cast("dict[str, str]", first[TOOL_CONFIGURATION])
        tool_id = int(configuration["deployment_id"])
        token = store.issue_registration_token(moodle.campus.engine, renews=tool_id)

        again = register(moodle, token)

        assert again["client_id"] == first["client_id"]
        assert cast("dict[str, str]", again[TOOL_CONFIGURATION])["deployment_id"] == str(tool_id)
        with moodle.campus.engine.begin() as connection:
            assert not queries.get_tool(connection, tool_id).is_on  # its state is as it was

    def test_its_messages_are_moodles(self, in_moodle: Tool, teacher: httpx.Client) -> None:
        path = f"/courses/1/add/{in_moodle.connected.tool_id}/launch?section=1"
        login = read_form(teacher.get(path))
        assert login.fields["lti_message_hint"].startswith('{"cmid":')

        claims = in_moodle.launch(teacher, path)

        settings = cast("dict[str, object]", claims[f"{DEEP_LINKING}deep_linking_settings"])
        assert "data" not in settings
        assert "accept_lineitem" not in settings
        assert settings["accept_presentation_document_targets"] == ["frame", "iframe", "window"]
        assert claims["sub"] == "1001"
        assert claims[f"{LTI}deployment_id"] == str(in_moodle.connected.tool_id)
        context = cast("dict[str, object]", claims[f"{LTI}context"])
        assert (context["id"], context["type"]) == ("1", ["CourseSection"])
        assert claims[f"{LTI}ext"] == {"lms": "moodle-2"}

    def test_its_frame_keeps_tools_from_the_clipboard(
        self, in_moodle: Tool, teacher: httpx.Client
    ) -> None:
        page = teacher.get(f"/courses/1/add/{in_moodle.connected.tool_id}?section=1")

        assert 'allow="microphone; ' in page.text
        assert "clipboard" not in page.text

    def test_the_teacher_sees_what_is_added_and_saves_it(
        self, in_moodle: Tool, teacher: httpx.Client
    ) -> None:
        times = {"available": {"startDateTime": "2027-03-01T00:00:00Z"}, "window": {}}
        shown = in_moodle.choose(teacher, quiz(), quiz(150, **times))
        assert "Save and return to course" in shown.text
        assert added(in_moodle) == ([], [])

        assert save(teacher, shown).status_code == 200

        activities, columns = added(in_moodle)
        assert len(activities) == 2
        assert [float(column.score_maximum) for column in columns] == [10, 100]
        assert activities[1].opens_at is None  # Moodle reads neither times nor windows
        assert not activities[1].in_window
        assert save(teacher, shown).status_code == 409

    def test_one_item_with_other_points_leaves_the_teacher_at_an_error(
        self, in_moodle: Tool, teacher: httpx.Client
    ) -> None:
        assert in_moodle.choose(teacher, quiz(150)).status_code == 400
        assert in_moodle.choose(teacher, quiz(7.5)).status_code == 400

    def test_a_copy_tells_where_it_is_from_and_keeps_what_the_tool_gave(
        self, in_moodle: Tool, teacher: httpx.Client
    ) -> None:
        history = {"link": "$ResourceLink.id.history", "course": "$Context.id.history"}
        save(teacher, in_moodle.choose(teacher, quiz(custom={"p": "1", **history})))
        second = copied(teacher, copied(teacher))

        [activity], [column] = added(in_moodle, second)
        path = f"/courses/{second}/activities/{activity.id}/launch"
        claims = in_moodle.launch(teacher, path)

        custom = cast("dict[str, str]", claims[f"{LTI}custom"])
        assert custom["p"] == "1"
        assert custom["course"].split(",")[-1] == "1"
        assert len(custom["course"].split(",")) == 2
        assert custom["link"] == "$ResourceLink.id.history"  # Moodle does not know it
        assert column.link_id == str(activity.id)

    def test_only_its_teachers_copy_a_course(self, moodle: Site) -> None:
        with moodle.sign_in(2) as student:
            assert student.post("/courses/1/copy").status_code == 403


class TestCanvas:
    def test_its_configuration_is_shown_to_the_bearer_of_a_token(self, canvas: Site) -> None:
        url = f"{canvas.url}/.well-known/openid-configuration"
        token = store.issue_registration_token(canvas.campus.engine)

        assert WIRE.get(url).status_code == 401
        answer = WIRE.get(url, headers={"Authorization": f"Bearer {token}"})

        platform = answer.json()["https://purl.imsglobal.org/spec/lti-platform-configuration"]
        assert platform["messages_supported"][1]["placements"] == [ONE, SEVERAL, MODULE]
        # The name of a host, and no audience that it takes.
        assert answer.json()["authorization_server"] == canvas.url.removeprefix("http://")

    def test_it_tells_the_deployment_with_the_first_launch_and_offers_what_was_asked_for(
        self, canvas: Site, canvas_teacher: httpx.Client
    ) -> None:
        messages = [{"type": "LtiDeepLinkingRequest", "placements": [SEVERAL]}]
        body = {**BODY, TOOL_CONFIGURATION: {**CONFIGURATION, "messages": messages}}
        token = store.issue_registration_token(canvas.campus.engine)
        headers = {"Authorization": f"Bearer {token}"}

        answer = WIRE.post(f"{canvas.url}/lti/register", json=body, headers=headers).json()

        assert "deployment_id" not in answer[TOOL_CONFIGURATION]
        assert len(answer["client_id"]) == 14
        assert answer["client_id"].isdigit()
        with canvas.campus.engine.begin() as connection:
            tool = queries.find_client(connection, answer["client_id"])
        assert tool is not None
        assert tool.deployment_id.startswith(f"{tool.id}:")
        with canvas.sign_in(5) as administrator:
            administrator.post(f"/tools/{tool.id}/on")
        offered = canvas_teacher.get("/courses/1/add").text
        assert "Make several assignments with Registered by itself" in offered
        assert "Make a module with Registered by itself" not in offered

    def test_its_messages_are_canvas(self, in_canvas: Tool, canvas_teacher: httpx.Client) -> None:
        path = f"/courses/1/tools/{in_canvas.connected.tool_id}/launch"
        login = read_form(canvas_teacher.get(path))
        assert login.fields["lti_storage_target"] == "post_message_forwarding"

        claims = in_canvas.launch(canvas_teacher, path)

        context = cast("dict[str, object]", claims[f"{LTI}context"])
        assert len(str(context["id"])) == 40
        # Navigation has the course's own id for a link.
        assert claims[f"{LTI}resource_link"] == {"id": context["id"], "title": context["title"]}
        assert len(str(claims["sub"])) == 36
        assert int(str(claims["exp"])) - int(str(claims["iat"])) == 3600

    def test_whoever_teaches_elsewhere_is_an_instructor_at_home_only(
        self, canvas: Site, in_canvas: Tool
    ) -> None:
        with canvas.sign_in(2) as student:
            path = f"/courses/1/tools/{in_canvas.connected.tool_id}/launch"
            roles = cast("list[str]", in_canvas.launch(student, path)[f"{LTI}roles"])

        assert "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor" in roles
        assert "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner" in roles
        assert "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor" not in roles

    def test_a_launch_that_was_opened_is_no_longer_valid(
        self, in_canvas: Tool, canvas_teacher: httpx.Client
    ) -> None:
        path = f"/courses/1/tools/{in_canvas.connected.tool_id}/launch"
        asked = in_canvas.request(read_form(canvas_teacher.get(path)))
        canvas_teacher.get("/lti/auth", params=asked)

        again = read_form(canvas_teacher.get("/lti/auth", params=asked))

        assert again.fields["error"] == "launch_no_longer_valid"

    def choose(
        self, tool: Tool, browser: httpx.Client, place: str, *items: object
    ) -> tuple[dict[str, object], httpx.Response]:
        path = f"/courses/1/add/{tool.connected.tool_id}/launch?section=1&place={place}"
        claims = tool.launch(browser, path)
        settings = cast("dict[str, object]", claims[f"{DEEP_LINKING}deep_linking_settings"])
        answer = tool.sign(tool.response_claims(None, *items))
        return settings, browser.post(str(settings["deep_link_return_url"]), data={"JWT": answer})

    def test_an_assignment_is_one_item_and_a_module_several_of_its_own(
        self, in_canvas: Tool, canvas_teacher: httpx.Client
    ) -> None:
        settings, answer = self.choose(in_canvas, canvas_teacher, ONE, quiz(), quiz())
        assert settings["accept_multiple"] is False
        assert "data" not in settings
        assert answer.status_code == 400

        settings, answer = self.choose(in_canvas, canvas_teacher, MODULE, quiz(), quiz())
        assert (settings["accept_multiple"], settings["auto_create"]) == (True, True)
        assert answer.status_code == 200

        activities, _ = added(in_canvas)
        [section] = {activity.section_id for activity in activities}
        with in_canvas.site.campus.engine.begin() as connection:
            sections = {one.id: one.title for one in queries.list_sections(connection, 1)}
        assert sections[section] == "New content"

    def test_an_item_may_open_in_a_window_of_its_own(
        self, in_canvas: Tool, canvas_teacher: httpx.Client
    ) -> None:
        self.choose(in_canvas, canvas_teacher, ONE, quiz(window={"targetName": "_blank"}))

        [activity], _ = added(in_canvas)
        page = canvas_teacher.get(f"/courses/1/activities/{activity.id}").text
        assert "<iframe" not in page
        assert "target=window" in page

    def test_links_are_known_to_services_by_the_ids_that_messages_have(
        self, in_canvas: Tool, canvas_teacher: httpx.Client
    ) -> None:
        self.choose(in_canvas, canvas_teacher, ONE, quiz())
        [activity], _ = added(in_canvas)
        claims = in_canvas.launch(canvas_teacher, f"/courses/1/activities/{activity.id}/launch")
        link = cast("dict[str, str]", claims[f"{LTI}resource_link"])["id"]
        endpoint = cast("dict[str, str]", claims[ENDPOINT])
        service = Service(in_canvas)

        [column] = service.list(f"&resource_link_id={link}").json()

        assert column["id"] == endpoint["lineitem"]
        assert column["resourceLinkId"] == link != str(activity.id)
        assert service.create(resourceLinkId=link).json()["resourceLinkId"] == link

    def test_a_link_without_a_column_gets_none(
        self, in_canvas: Tool, canvas_teacher: httpx.Client
    ) -> None:
        self.choose(in_canvas, canvas_teacher, ONE, dict(QUIZ))
        [activity], _ = added(in_canvas)
        service = Service(in_canvas)

        assert service.create(resourceLinkId=activity.link_id).status_code == 412
        assert service.create().status_code == 201
