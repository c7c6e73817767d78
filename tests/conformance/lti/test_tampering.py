"""Whoever edits the custom parameter of a link in the LMS: what is not ours opens nothing.

A teacher can write anything there. The whole way is gone: Campus signs what was written, the
product takes the message and says what it makes of it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from lti_tool.assessments.models import Placement
from lti_tool.assessments.services import create_placement
from lti_tool.core.db import transaction
from lti_tool.core.ids import EditionId, InstitutionId, PlacementId
from lti_tool.launch import placement_token
from tests.assessments.factories import published
from tests.campus.site import Site
from tests.instructor.course import INSTRUCTOR, STUDENT, university_of
from tests.launch.platform import Connected, browsing, connect

OURS, THEIRS = "Reading figures in a report", "Examination of somebody else"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A placement and the token a deep link to it carries."""

    institution_id: InstitutionId
    placement_id: PlacementId
    edition_id: EditionId
    token: str


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Two institutions that place from one LMS; the link is in a course of the first."""

    here: Connected
    ours: Offer
    theirs: Offer


@pytest.fixture
def neighbours(app: Flask, site: Site) -> Neighbours:  # noqa: ARG001 - binds the database
    here = connect(site)
    there = connect(site, sharing=here)
    return Neighbours(here=here, ours=offer(here, OURS), theirs=offer(there, THEIRS))


def offer(connected: Connected, title: str) -> Offer:
    university = university_of(connected)
    edition_id = published(university, title=title)
    placement_id = create_placement(
        university.id, edition_id, context_id=None, created_by=None, title=title
    )
    return Offer(
        institution_id=university.id,
        placement_id=placement_id,
        edition_id=edition_id,
        token=placement_token.make(placement_id, university.id, edition_id),
    )


def spliced(placement_id: PlacementId, edition_id: EditionId, token: str) -> str:
    """Return these ids under the tag of a token."""
    raw = urlsafe_b64decode(token.removeprefix("p1.") + "==")
    return (
        "p1."
        + urlsafe_b64encode(placement_id.bytes + edition_id.bytes + raw[32:]).rstrip(b"=").decode()
    )


def another_last(token: str) -> str:
    return token[:-8] + ("A" if token[-8] != "A" else "B") + token[-7:]


ALTERED: dict[str, Callable[[Offer, Offer], str]] = {
    "the token of another institution": lambda _, theirs: theirs.token,
    "their ids under our tag": lambda ours, theirs: spliced(
        theirs.placement_id, theirs.edition_id, ours.token
    ),
    "our placement under their edition": lambda ours, theirs: spliced(
        ours.placement_id, theirs.edition_id, ours.token
    ),
    "one letter": lambda ours, _: another_last(ours.token),
    "cut short": lambda ours, _: ours.token[:-1],
    "something behind it": lambda ours, _: f"{ours.token}AAAA",
    "the id alone": lambda _, theirs: str(theirs.placement_id),
    "no text of ours": lambda _, __: "p1.' OR 1=1 --é",
}


def bound(offered: Offer) -> list[Placement]:
    with transaction(offered.institution_id) as session:
        found = select(Placement).where(Placement.resource_link_id.is_not(None))
        return list(session.scalars(found))


def test_the_token_as_it_was_placed_opens_its_assessment(
    app: Flask, neighbours: Neighbours
) -> None:
    path = neighbours.here.place("Week 4", placement=neighbours.ours.token)

    with browsing(app, neighbours.here, STUDENT) as student:
        page = student.open(path)

    assert f"<h1>{OURS}</h1>" in page.text


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
def test_a_tampered_custom_parameter_opens_nothing_and_is_told_in_words(
    app: Flask, neighbours: Neighbours, alter: Callable[[Offer, Offer], str]
) -> None:
    token = alter(neighbours.ours, neighbours.theirs)
    path = neighbours.here.place("Week 4", placement=token)

    with browsing(app, neighbours.here, STUDENT) as student:
        for_student = student.open(path)
    with browsing(app, neighbours.here, INSTRUCTOR) as instructor:
        for_instructor = instructor.open(path)
        choice = instructor.client.get(link_of(for_instructor.text, "/choose"))

    assert for_student.status_code == for_instructor.status_code == choice.status_code == 200
    assert "“Week 4” has no assessment behind it" in for_student.text
    assert "This link was changed by hand, or came along from another" in for_instructor.text
    assert OURS in choice.text
    assert OURS not in for_student.text + for_instructor.text
    assert THEIRS not in for_student.text + for_instructor.text + choice.text
    assert [*bound(neighbours.ours), *bound(neighbours.theirs)] == []


def link_of(page: str, ending: str) -> str:
    return next(part.partition('"')[0] for part in page.split('href="') if f'{ending}"' in part)
