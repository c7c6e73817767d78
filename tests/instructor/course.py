"""A course of Campus with a placed assessment, an instructor in it, and learners' attempts."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.assessments.services import bind_placement, create_placement
from lti_tool.core import keys
from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId, PlacementId
from lti_tool.platforms.models import ResourceLink
from tests.assessments.factories import University, published
from tests.campus.site import Site
from tests.grading.course import Course
from tests.launch.platform import Browser, Connected, browsing, connect, published_keys

INSTRUCTOR, STUDENT = 1, 2
TITLE = "Reading statistics critically"


def university_of(connected: Connected) -> University:
    """Return the institution as the factories of assessments know it."""
    assert connected.deployment_id is not None
    return University(
        id=connected.institution_id, slug="unused", deployment_id=connected.deployment_id
    )


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An assessment placed in course 1 of Campus, and its instructor on a page about it."""

    browser: Browser
    course: Course
    launch: str

    @property
    def institution_id(self) -> InstitutionId:
        return self.course.institution_id

    def page(self, name: str, **query: str) -> TestResponse:
        """Ask for a page of the launch."""
        return self.browser.client.get(f"{self.launch}/{name}", query_string=query)

    def post(self, name: str, page: TestResponse, **values: str) -> TestResponse:
        """Send a form of `page`."""
        data = {"csrf_token": csrf_of(page), **values}
        return self.browser.client.post(f"{self.launch}/{name}", data=data)


@contextmanager
def placed_course(app: Flask, site: Site, *, person: int = INSTRUCTOR) -> Iterator[Placed]:
    """Place an assessment, bind it as a launch does, and enter as `person`.

    The application must lead a resource link launch to a page of the instructor's.
    """
    with published_keys() as url:
        connected = connect(site, jwks_url=url)
        university = university_of(connected)
        placement_id = create_placement(
            university.id,
            published(university),
            context_id=None,
            created_by=None,
            title=TITLE,
        )
        path = connected.place(TITLE)
        with browsing(app, connected, person) as browser:
            answer = browser.post(browser.arrive(path))
            assert answer.status_code == 303, answer.text
            launch = "/".join(answer.location.split("/")[:3])
            link = bind(university.id, placement_id)
            assert link.context_id is not None
            course = Course(
                site=site,
                university=university,
                registration_id=connected.registration_id,
                placement_id=placement_id,
                context_id=link.context_id,
                line_item_id=0,
                url=link.line_item_url or "",
            )
            yield Placed(browser=browser, course=course, launch=launch)


def bind(institution_id: InstitutionId, placement_id: PlacementId) -> ResourceLink:
    """Bind a placement to the institution's only link, and return the link."""
    with transaction(institution_id) as session:
        link = session.scalars(select(ResourceLink)).one()
        bind_placement(session, placement_id, link.id, link.context_id)
        return link


def csrf_of(page: TestResponse) -> str:
    """Return the token of a page's form."""
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def answer_of(page: TestResponse) -> tuple[str, dict[str, Any], str]:
    """Return where a deep linking answer is posted to, its claims (verified), and the token."""
    action = re.search(r'<form method="post" action="([^"]+)"', page.text)
    token = re.search(r'name="JWT" value="([^"]+)"', page.text)
    assert action is not None, page.text
    assert token is not None, page.text
    key = jwt.PyJWK(keys.published("lti")[0].public_jwk)
    claims = jwt.decode(token[1], key, algorithms=["RS256"], options={"verify_aud": False})
    return html.unescape(action[1]), claims, token[1]


def ticked(page: TestResponse) -> set[UUID]:
    """Return what is ticked in the picker."""
    inputs = re.findall(r'<input type="(?:checkbox|radio)" name="assessment"[^>]*>', page.text)
    return {
        UUID(found[1])
        for one in inputs
        if one.endswith("checked>") and (found := re.search(r'value="([^"]+)"', one))
    }
