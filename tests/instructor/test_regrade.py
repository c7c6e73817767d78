"""Scoring by a newer edition, from the page that says so to the one that shows what came of it."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from lti_tool.assessments import queries
from lti_tool.assessments.conditions import Limits, Shown
from lti_tool.core.db import transaction
from lti_tool.core.ids import PlacementId, UserId
from lti_tool.platforms.models import User
from tests.assessments.conftest import SECRET, put_cookie, visit
from tests.assessments.factories import University, learner, placed, university
from tests.assessments.services.test_regrading import corrected, take
from tests.browser import OpenPage, axe_violations, overflow_px
from tests.doors import enter
from tests.learner.story import Visit, csrf_token


def course() -> tuple[University, PlacementId, UserId]:
    place = university()
    placement_id = placed(place)
    for name, letters in (("Amara Nwosu", "ada"), ("Linh Dang", "aba"), ("Mele Tupou", "aaa")):
        user_id = take(place, placement_id, letters)
        with transaction(place.id) as session:
            session.execute(update(User).where(User.id == user_id).values(name=name))
    return place, placement_id, learner(place)


@pytest.fixture
def regrade(app: Flask, client: FlaskClient) -> tuple[str, University, PlacementId]:  # noqa: ARG001 - the product
    place, placement_id, teacher = course()
    arrived = visit(place, placement_id, teacher, roles=("instructor",))
    put_cookie(client, arrived)
    return f"/l/{arrived.launch_id}/regrade", place, placement_id


def sent(text: str, **values: str) -> dict[str, str]:
    names = ("csrf_token", "edition", "digest")
    found = {name: re.search(f'name="{name}" value="([^"]+)"', text) for name in names}
    return {name: one[1] for name, one in found.items() if one} | values


def test_the_page_says_for_each_learner_what_would_change_and_then_it_is_done(
    client: FlaskClient, regrade: tuple[str, University, PlacementId]
) -> None:
    url, place, placement_id = regrade
    assert "The newest edition is in use here" in client.get(url).text
    edition_id = corrected(place, placement_id, "adc")

    page = client.get(url)

    assert "Would go to review" not in page.text  # there is no badge
    assert page.text.index("Amara Nwosu") < page.text.index("Would pass")
    assert page.text.index("Linh Dang") < page.text.index("Would no longer pass")
    assert "Mele Tupou" not in page.text
    answer = client.post(url, data=sent(page.text, reason="Key of 2"))
    assert "2 results changed" in client.get(answer.location).text
    with transaction(place.id) as session:
        assert queries.get_placement(session, placement_id).edition_id == edition_id


def test_what_else_changes_is_said_before_somebody_decides(
    client: FlaskClient, regrade: tuple[str, University, PlacementId]
) -> None:
    url, place, placement_id = regrade
    corrected(place, placement_id, "adc")
    assert "What else changes" not in client.get(url).text

    corrected(place, placement_id, "adc", limits=Limits(minutes=60, key_shown=Shown.AT_ONCE))

    page = client.get(url).text
    assert "What else changes" in page
    assert "New attempts get a limit of minutes: 60." in page
    assert "Learners see the right answers earlier" in page


def test_without_a_reason_or_after_a_change_nothing_is_done(
    client: FlaskClient, regrade: tuple[str, University, PlacementId]
) -> None:
    url, place, placement_id = regrade
    before = corrected(place, placement_id, "adc")
    page = client.get(url)

    assert client.post(url, data=sent(page.text, reason=" ")).status_code == 400
    take(place, placement_id, "ada")
    late = client.post(url, data=sent(page.text, reason="Key of 2"))

    assert late.status_code == 409
    assert "Key of 2" in late.text
    with transaction(place.id) as session:
        assert queries.get_placement(session, placement_id).edition_id != before


def test_a_learner_and_another_institutions_edition_get_nowhere(
    client: FlaskClient, regrade: tuple[str, University, PlacementId]
) -> None:
    url, place, placement_id = regrade
    elsewhere, other, _ = course()
    foreign = corrected(elsewhere, other, "adc")
    corrected(place, placement_id, "adc")

    assert client.get(f"{url}?edition={foreign}").status_code == 404
    data = sent(client.get(url).text, reason="x", edition=str(foreign))
    assert client.post(url, data=data).status_code == 404
    arrived = visit(place, placement_id, learner(place))
    put_cookie(client, arrived)
    assert client.get(f"/l/{arrived.launch_id}/regrade").status_code == 403
    assert csrf_token(client.get(url))


@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_passes_axe_and_fits_its_window(
    base_url: str, open_page: OpenPage, width: int
) -> None:
    place, placement_id, teacher = course()
    corrected(place, placement_id, "adc", limits=Limits(minutes=60, key_shown=Shown.AT_ONCE))
    page = open_page("about:blank", width=width)
    arrived = visit(place, placement_id, teacher, roles=("instructor",))
    opened = Visit(url=f"/l/{arrived.launch_id}", cookie=("", f"{place.id}.{SECRET}"))

    for path in ("/placement", "/regrade"):
        enter(page, base_url, opened, path)
        assert axe_violations(page) == [], path
        assert overflow_px(page) == 0, path
