import time

import httpx
import jwt
import pytest

from lti_tool.campus import store
from lti_tool.campus.app import CampusSettings, create_campus
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.faults import Faults
from lti_tool.campus.keys import SigningKeys
from tests.campus.site import WIRE, Site, Tool, read_form
from tests.campus.test_ags import Service, stored


@pytest.fixture
def service(tool: Tool) -> Service:
    return Service(tool)


@pytest.fixture
def line_item(service: Service) -> str:
    return str(service.create().json()["id"])


def test_a_fault_may_hit_the_first_posts_only(site: Site, service: Service, line_item: str) -> None:
    site.campus.faults.change(
        {"scores_status": 429, "scores_retry_after_s": 2, "scores_remaining": 2}
    )

    answers = [service.score(line_item) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 204]
    assert answers[0].headers["Retry-After"] == "2"


def test_a_refused_post_stores_nothing(site: Site, service: Service, line_item: str) -> None:
    site.campus.faults.change({"scores_status": 500})

    assert service.score(line_item).status_code == 500
    assert stored(site, line_item) is None


def test_a_reset_after_storing_leaves_the_sender_in_doubt(
    site: Site, service: Service, line_item: str
) -> None:
    site.campus.faults.change({"scores_reset": True})

    with pytest.raises(httpx.TransportError):
        service.score(line_item)

    assert stored(site, line_item) is not None


def test_a_hanging_post_is_handled_late(site: Site, service: Service, line_item: str) -> None:
    site.campus.faults.change({"scores_hang_s": 0.3})
    begun = time.monotonic()

    assert service.score(line_item).status_code == 204
    assert time.monotonic() - begun >= 0.3


def test_tokens_and_keys_can_be_down(site: Site, tool: Tool) -> None:
    site.campus.faults.change({"token_status": 503, "jwks_status": 500})

    token = tool.ask_token(tool.sign(tool.assertion_claims()), store.SCORE_SCOPE)

    assert token.status_code == 503
    assert WIRE.get(f"{site.url}/lti/jwks").status_code == 500


def test_services_may_answer_with_a_web_page(site: Site, service: Service, line_item: str) -> None:
    site.campus.faults.change({"html": True})

    answer = service.score(line_item)

    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (200, "text/html")
    assert stored(site, line_item) is None


def test_everything_may_be_slow(site: Site) -> None:
    site.campus.faults.change({"latency_ms": 200})
    begun = time.monotonic()

    WIRE.get(f"{site.url}/lti/jwks")

    assert time.monotonic() - begun >= 0.2


def test_the_platforms_clock_may_be_wrong(site: Site, tool: Tool, student: httpx.Client) -> None:
    site.campus.faults.change({"clock_skew_s": -600})

    claims = tool.launch(student, f"/courses/1/tools/{tool.connected.tool_id}/launch")

    issued_at = claims["iat"]
    assert isinstance(issued_at, int)
    assert abs(issued_at + 600 - time.time()) < 5


def test_keys_rotate_over_http_hidden_or_published(
    site: Site, tool: Tool, student: httpx.Client
) -> None:
    def kid_of_launch() -> str:
        path = f"/courses/1/tools/{tool.connected.tool_id}/launch"
        request = tool.request(read_form(student.get(path)))
        token = read_form(student.get("/lti/auth", params=request)).fields["id_token"]
        return str(jwt.get_unverified_header(token)["kid"])

    def published() -> set[str]:
        return {key["kid"] for key in WIRE.get(f"{site.url}/lti/jwks").json()["keys"]}

    def rotate(how: str) -> None:
        answer = WIRE.post(f"{site.url}/faults", json={"rotate_keys": how})
        assert answer.status_code == 200

    first = kid_of_launch()
    rotate("hide")
    hidden = kid_of_launch()
    assert hidden not in published()
    assert first in published()
    rotate("replace")
    assert published() == {kid_of_launch()}
    rotate("publish")
    assert len(published()) == 2


def test_the_key_that_signs_may_be_missing_until_the_fault_ends(site: Site) -> None:
    def published() -> list[str]:
        return [key["kid"] for key in WIRE.get(f"{site.url}/lti/jwks").json()["keys"]]

    WIRE.post(f"{site.url}/faults", json={"rotate_keys": "publish"})
    before = published()

    answer = WIRE.post(f"{site.url}/faults", json={"missing_key": True})
    meanwhile = published()
    WIRE.post(f"{site.url}/faults", json={"clear": True})

    assert answer.status_code == 200
    assert meanwhile == before[:-1]
    assert published() == before


def test_keys_outlive_the_process(site: Site) -> None:
    again = SigningKeys(site.campus.engine)

    assert again.public("lti") == site.campus.keys.public("lti")
    assert again.public("staff") == site.campus.keys.public("staff")


def test_unknown_faults_are_refused_and_nothing_changes(site: Site) -> None:
    for wrong in ({"latency_ms": 5, "nonsense": 1}, {"latency_ms": "5"}, {"_lock": None}):
        answer = WIRE.post(f"{site.url}/faults", json=wrong)
        assert answer.status_code == 400
    assert WIRE.post(f"{site.url}/faults", json={"rotate_keys": "lose"}).status_code == 400
    assert site.campus.faults.latency_ms == 0


def test_faults_are_cleared_over_http(site: Site) -> None:
    WIRE.post(f"{site.url}/faults", json={"token_status": 503, "scores_hang_s": 2})

    WIRE.post(f"{site.url}/faults", json={"clear": True, "html": True})

    assert (site.campus.faults.token_status, site.campus.faults.scores_hang_s) == (None, 0)
    assert site.campus.faults.html is True


def test_no_faults_without_the_setting(site: Site) -> None:
    settings = CampusSettings(
        database_url=site.campus.settings.database_url, base_url=site.url, secret_key="x"
    )
    app = create_campus(settings)

    answer = app.test_client().post("/faults", json={"html": True})
    app.extensions["campus"].engine.dispose()

    assert answer.status_code == 404
    assert app.extensions["campus"].faults.html is False


def test_a_count_is_shared_by_threads() -> None:
    faults = Faults(scores_remaining=1)

    assert [faults.takes_score(1), faults.takes_score(1)] == [True, False]
    with pytest.raises(RefusalError):
        faults.change({"unknown": True})
