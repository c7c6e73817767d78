"""LTI Advantage Conformance Certification Guide 1.3, §6.2 to §6.4: deep linking, members, grades.

Campus in its strict mood is the judge of our calls: it refuses other media types, other scopes
and tokens that are not its own. What it granted is read from its own table.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from flask import Flask
from sqlalchemy import text

from lti_tool.campus.claims import DEEP_LINKING, LTI
from lti_tool.core import audit
from lti_tool.grading import ags, services
from lti_tool.launch import deep_linking
from lti_tool.platforms import nrps, paging, service_client
from lti_tool.platforms.errors import ServiceRefusedError
from tests.campus.site import Site
from tests.grading.course import AMARA, Course, placed_course
from tests.grading.working import work
from tests.helpers import serving
from tests.launch.platform import Browser, browsing, connect, published_keys, told
from tests.launch.test_deep_linking import REVIEW, STATISTICS, changed, request_of

LINE_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A deep linking answer, as it came out of the form and as Campus took it."""

    token: str
    claims: dict[str, Any]
    asked: dict[str, Any]
    client_id: str
    issuer: str
    deployment_id: str
    taken: int


@pytest.fixture
def answered(product: Flask, site: Site) -> Iterator[Answered]:
    """An instructor chose; the answer was posted to Campus, which verified it by our key set."""
    with published_keys() as url:
        connected = connect(site, jwks_url=url)
        with browsing(product, connected, 1) as teacher:
            here = request_of(teacher)
            return_url, token = deep_linking.response_form(here, [STATISTICS, REVIEW])
            answer = teacher.campus.post(return_url, data={"JWT": token})
        fetched = jwt.PyJWKClient(url).get_signing_key_from_jwt(token)
        claims = jwt.decode(token, fetched, algorithms=["RS256"], options={"verify_aud": False})
        yield Answered(
            token=token,
            claims=claims,
            asked=here.settings["deep_linking"],
            client_id=connected.tool.client_id,
            issuer=site.url,
            deployment_id=connected.tool.deployment_id,
            taken=answer.status_code,
        )


def test_33_a_deep_linking_request_is_received(instructor: Browser) -> None:
    here = told(instructor.open(instructor.connected.deep_linking_path))

    assert here["message_type"] == "LtiDeepLinkingRequest"
    assert here["settings"]["deep_linking"]["deep_link_return_url"]


def test_34_the_response_is_received(answered: Answered) -> None:
    assert answered.taken in {200, 303}


def test_35_the_response_is_a_deep_linking_response(answered: Answered) -> None:
    assert answered.claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse"


def test_36_the_responses_times_are_valid(answered: Answered) -> None:
    assert answered.claims["iat"] <= time.time() < answered.claims["exp"]


def test_37_the_signature_verifies_by_our_published_keys(answered: Answered) -> None:
    head, body, signature = answered.token.split(".")

    with published_keys() as url:
        key = jwt.PyJWKClient(url).get_signing_key_from_jwt(answered.token)
    broken = f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"

    jwt.decode(answered.token, key, algorithms=["RS256"], options={"verify_aud": False})
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(broken, key, algorithms=["RS256"], options={"verify_aud": False})


def test_38_the_required_claims_are_there(answered: Answered, instructor: Browser) -> None:
    required = {"iss", "aud", "iat", "exp", "nonce"}
    named = {f"{LTI}deployment_id", f"{LTI}version", f"{LTI}message_type"}
    assert required | named | {f"{DEEP_LINKING}content_items"} <= set(answered.claims)
    assert answered.claims[f"{DEEP_LINKING}data"] == answered.asked["data"]

    _, token = deep_linking.response_form(changed(request_of(instructor), data=None), [])
    unverified = jwt.decode(token, options={"verify_signature": False})
    assert f"{DEEP_LINKING}data" not in unverified


def test_39_their_values_are_right(answered: Answered) -> None:
    claims = answered.claims
    assert claims["iss"] == answered.client_id
    assert claims["aud"] in (answered.issuer, [answered.issuer])
    assert claims[f"{LTI}deployment_id"] == answered.deployment_id
    assert claims[f"{LTI}version"] == "1.3.0"
    kinds = [item["type"] for item in claims[f"{DEEP_LINKING}content_items"]]
    assert kinds == ["ltiResourceLink", "ltiResourceLink"]


def test_40_a_launch_that_names_the_members_list_is_taken(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())

    assert "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice" in arrival.claims
    assert student.post(arrival).status_code == 303


def test_45_a_launch_that_names_the_gradebook_is_taken(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())

    assert "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint" in arrival.claims
    assert student.post(arrival).status_code == 303


@pytest.fixture
def course(live_app: Flask, site: Site) -> Iterator[Course]:
    with serving(live_app) as url:
        yield placed_course(site, tool_url=url)
    service_client.forget_all()


def granted(course: Course) -> list[list[str]]:
    """Return the scopes of each token that Campus gave for this registration."""
    with course.site.campus.engine.begin() as connection:
        rows = connection.execute(
            text(
                "SELECT t.scopes FROM access_tokens t JOIN tools o ON o.client_id = t.client_id"
                " JOIN line_items l ON l.tool_id = o.id WHERE l.id = :item ORDER BY t.expires_at"
            ),
            {"item": course.line_item_id},
        )
        return [sorted(row.scopes) for row in rows]


def members_url(course: Course) -> str:
    """Return where Campus lists the members, as its launches say."""
    return f"{course.site.url}/lti/courses/1/memberships?{urlsplit(course.url).query}"


class TestMembers:
    """§6.3."""

    def test_41_the_members_are_asked_for(self, course: Course) -> None:
        found = nrps.read_course(course.registration_id, members_url(course))

        assert AMARA in {member.subject for member in found}
        assert all(member.is_active for member in found)

    def test_42_only_the_services_media_type_is_asked_for(self, course: Course) -> None:
        url = members_url(course)

        list(paging.pages(course.registration_id, [nrps.SCOPE], url, accept=nrps.MEDIA_TYPE))
        # The judge does judge.
        with pytest.raises(ServiceRefusedError, match="answered 4"):
            list(paging.pages(course.registration_id, [nrps.SCOPE], url, accept="application/json"))

    def test_43_a_token_that_is_not_taken_any_more_is_replaced(self, course: Course) -> None:
        nrps.read_course(course.registration_id, members_url(course))
        with course.site.campus.engine.begin() as connection:
            connection.execute(text("DELETE FROM access_tokens"))

        assert nrps.read_course(course.registration_id, members_url(course))

    def test_44_the_scope_is_the_members_own_and_no_other(self, course: Course) -> None:
        nrps.read_course(course.registration_id, members_url(course))

        assert granted(course) == [[nrps.SCOPE]]


class TestGrades:
    """§6.4."""

    def test_46_line_items_are_listed(self, course: Course) -> None:
        url = course.url.replace(f"/{course.line_item_id}?", "?")

        (page,) = paging.pages(
            course.registration_id, [ags.LINE_ITEM_SCOPE], url, accept=LINE_ITEMS
        )

        assert isinstance(page, list)
        assert [item["id"] for item in page] == [course.url]
        assert granted(course) == [[ags.LINE_ITEM_SCOPE]]

    def test_47_a_line_item_is_made(self, course: Course) -> None:
        course.forget_column()

        services.make_column(course.institution_id, course.placement_id, actor=audit.CLI)

        with course.site.campus.engine.begin() as connection:
            made = connection.scalar(
                text("SELECT count(*) FROM line_items WHERE id > :id"), {"id": course.line_item_id}
            )
        assert made == 1
        assert granted(course)[0] == [ags.LINE_ITEM_SCOPE]

    def test_48_a_score_is_posted(self, course: Course) -> None:
        course.take(AMARA, "abc")

        work()

        assert course.held() == {AMARA: 3}
        assert [ags.SCORE_SCOPE] in granted(course)

    def test_49_results_are_read_with_the_scope_for_results_only(self, course: Course) -> None:
        course.take(AMARA, "abc")
        work()

        services.compare_column(course.institution_id, course.placement_id)

        assert [ags.RESULT_SCOPE] in granted(course)
