"""Open edX, as real as its own package makes it: lti-consumer-xblock, in an environment of its own.

It is AGPL: run beside us, never linked. What of it is ours is told in `openedx_site.py`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC
from decimal import Decimal
from html import unescape
from typing import Any
from uuid import UUID

import playwright.sync_api as playwright
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from lti_tool.assessments.rules import Policy
from lti_tool.assessments.services import (
    bind_placement,
    create_placement,
    open_attempt,
    save_response,
    submit_attempt,
)
from lti_tool.core import clock
from lti_tool.core import settings as settings_module
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.ids import ContextId, InstitutionId, PlacementId, ResourceLinkId, UserId
from lti_tool.core.settings import Settings
from lti_tool.grading.models import DesiredScore, SenderLane
from lti_tool.grading.platform import read_column
from lti_tool.grading.services import make_column
from lti_tool.launch import deep_linking
from lti_tool.platforms import nrps, service_client, services
from lti_tool.platforms.models import Context, ResourceLink
from lti_tool.platforms.quirks import quirks_of
from tests.assessments.factories import Page as Answers
from tests.assessments.factories import University, form_of, published
from tests.browser import OpenPage, browser_of_people
from tests.campus.site import WIRE
from tests.grading.conftest import later
from tests.grading.working import Later, work
from tests.helpers import serving
from tests.launch.conftest import product
from tests.launch.platform import BASE_URL, published_keys, told
from tests.launch.test_deep_linking import current_launch
from tests.witness.fixture import INSTALLING_SECONDS
from tests.witness.openedx import (
    BLOCK,
    COURSE,
    PATIENCE_SECONDS,
    OpenEdx,
    Registered,
    openedx,
    register,
)

__all__ = ["later", "openedx", "product"]

pytestmark = pytest.mark.timeout(INSTALLING_SECONDS)  # whoever comes first installs the witness
TITLE = "Reading statistics critically"
SLOW_MS = 30_000  # two servers, on a busy machine


@dataclass(slots=True, kw_only=True)
class Placed:
    """A block that we know, and what its last launch by a learner said."""

    edx: OpenEdx
    block: str
    app: Flask
    known: Registered
    place: University
    here: dict[str, Any] = field(default_factory=dict)

    def arrive(self, username: str, path: str = "") -> tuple[FlaskClient, dict[str, str]]:
        """Go from a page of Open edX to the form that opens the launch."""
        page = self.edx.page(username, path or f"/course/{self.block}")
        found = re.search(r'(?:data-target|<a href)="([^"]*/lti/login[^"]*)"', page)
        assert found is not None, page
        address = found[1].replace("&amp;", "&")  # its two pages write it in two ways
        browser = self.app.test_client()
        login = browser.get(address.removeprefix(BASE_URL))
        login = browser.get(login.location) if login.status_code == 303 else login
        assert login.status_code == 302, login.text
        answer = WIRE.get(login.location, timeout=PATIENCE_SECONDS)
        assert f'action="{BASE_URL}/lti/launch"' in answer.text, answer.text
        fields = re.findall(r'<input name="([^"]+)" value="([^"]*)"', answer.text)
        return browser, {name: unescape(value) for name, value in fields}

    def launch(self, username: str, path: str = "") -> dict[str, Any]:
        """Open it, and return what our page is told."""
        browser, form = self.arrive(username, path)
        answer = browser.post("/lti/launch", data=form)
        assert answer.status_code == 303, answer.text
        self.here = told(browser.get(answer.location))
        return self.here

    def bind(self, *, policy: Policy = Policy.BEST, title: str = TITLE) -> PlacementId:
        """Have the block lead to an assessment of three questions, whose key is "abc"."""
        placement_id = create_placement(
            self.place.id,
            published(self.place),
            context_id=None,
            created_by=None,
            title=title,
            policy=policy,
        )
        with transaction(self.place.id) as session:
            bind_placement(
                session,
                placement_id,
                ResourceLinkId(UUID(self.here["resource_link_id"])),
                ContextId(UUID(self.here["context_id"])),
            )
        return placement_id

    def take(self, placement_id: PlacementId, answers: str) -> None:
        """Take it as whoever launched last."""
        user_id = UserId(UUID(self.here["user_id"]))
        attempt_id = open_attempt(self.place.id, placement_id, user_id)
        page = Answers()
        for item, letter in zip(form_of(self.place, attempt_id), answers, strict=True):
            save_response(self.place.id, attempt_id, page.save(item, letter), user_id=user_id)
        submit_attempt(self.place.id, attempt_id, user_id=user_id)

    def wanted(self) -> DesiredScore:
        """Return the only score that the gradebook should hold."""
        with transaction(self.place.id) as session:
            return session.scalars(select(DesiredScore)).one()

    def link(self) -> ResourceLink:
        """Return the only link."""
        with transaction(self.place.id) as session:
            return session.scalars(select(ResourceLink)).one()

    def course(self) -> Context:
        """Return the only course."""
        with transaction(self.place.id) as session:
            return session.scalars(select(Context)).one()

    def scores(self) -> list[dict[str, Any]]:
        """Return what it keeps of scores of this block."""
        kept, columns = self.edx.kept(), [one["id"] for one in self.columns()]
        return [score for score in kept["scores"] if score["line_item_id"] in columns]

    def columns(self) -> list[dict[str, Any]]:
        """Return its columns of this block."""
        return [one for one in self.edx.kept()["line_items"] if one["resource_link_id"] == self.id]

    def grades(self) -> list[tuple[str, float, float]]:
        """Return what reached its gradebook from this block: who, points, of how many."""
        return [
            (grade["user_id"], round(grade["value"], 3), grade["max_value"])
            for grade in self.edx.kept()["gradebook"]
            if grade["block"] == self.id
        ]

    @property
    def id(self) -> str:
        """Return the block's own name."""
        return BLOCK.format(self.block)


Place = Callable[..., Placed]


@pytest.fixture
def place(openedx: OpenEdx, product: Flask) -> Iterator[Place]:
    """Make a block and register it by hand: at most one of a name in the module."""
    with published_keys() as keys_url:

        def make(block: str, **fields: object) -> Placed:
            openedx.author(block, BASE_URL, **{"lti_1p3_tool_keyset_url": keys_url, **fields})
            institution_id = services.add_institution(f"i-{block}", "Northgate University")
            known = register(openedx, block, institution_id)
            university = University(
                id=institution_id, slug=f"i-{block}", deployment_id=known.deployment_id
            )
            return Placed(edx=openedx, block=block, app=product, known=known, place=university)

        yield make
    service_client.forget_all()


def test_people_and_places_come_as_what_they_are_there(place: Place) -> None:
    placed = place("quiz")
    roles = {name: placed.launch(name)["roles"] for name in ("amara", "mirela", "root")}
    course, link, [column] = placed.course(), placed.link(), placed.columns()

    assert roles == {
        "amara": ["learner"],
        "mirela": ["administrator", "instructor"],
        "root": ["administrator", "instructor"],
    }
    assert (course.platform_id, course.title) == (COURSE, "Biostatistics 2 - School")
    assert (link.platform_id, link.title) == (placed.id, None)
    assert link.line_item_url == f"{course.line_items_url}/{column['id']}"
    assert course.memberships_url is not None
    members = nrps.read_course(placed.known.registration_id, course.memberships_url)
    people = placed.edx.kept()["people"]
    assert {member.subject for member in members} == set(people.values())
    assert {member.name for member in members} == {None}  # it tells names only where allowed


def test_a_score_lands_in_its_gradebook_and_a_lower_one_after_it(
    place: Place,
    later: Later,
) -> None:
    placed = place("scores", weight=10)
    placed.launch("amara")
    placement_id = placed.bind(policy=Policy.LAST)

    placed.take(placement_id, "abc")
    work()
    later.move_ours(seconds=2)  # so that the next timestamp may be sent
    placed.take(placement_id, "add")
    work()

    [score] = placed.scores()
    wanted = placed.wanted()
    assert wanted.timestamp is not None
    assert score == {
        "id": score["id"],
        "line_item_id": placed.columns()[0]["id"],
        "user_id": placed.edx.kept()["people"]["amara"],
        "score_given": 1.0,
        "score_maximum": 3.0,
        "comment": "Not passed yet.",
        "activity_progress": "Completed",
        "grading_progress": "FullyGraded",
        "timestamp": str(wanted.timestamp.astimezone(UTC)),
    }
    assert placed.grades() == [("amara", 10.0, 10.0), ("amara", 3.333, 10.0)]
    assert wanted.acknowledged_version == wanted.version
    held = read_column(placed.known.registration_id, wanted.line_item_url)
    assert [(one.score, one.maximum) for one in held.values()] == [(Decimal(1), Decimal(3))]


def test_a_score_that_it_has_already_counts_as_sent(place: Place) -> None:
    """As after an answer that was lost: it says 400 then."""
    placed = place("again")
    placed.launch("amara")
    placed.take(placed.bind(), "abd")
    work()
    with transaction(placed.place.id) as session:
        session.execute(update(DesiredScore).values(acknowledged_version=0, due_at=clock.now()))
        session.execute(update(SenderLane).values(due_at=clock.now()))

    work()

    wanted = placed.wanted()
    assert wanted.acknowledged_version == wanted.version
    assert len(placed.grades()) == 1


def test_a_score_goes_out_with_a_new_token_once_it_has_another_key(
    place: Place, later: Later
) -> None:
    """It answers 403 to a token that it does not take."""
    placed = place("keys")
    placed.launch("amara")
    placement_id = placed.bind(policy=Policy.LAST)
    placed.take(placement_id, "abc")
    work()

    placed.edx.do("change-key/keys")
    later.move_ours(seconds=2)
    placed.take(placement_id, "add")
    work()

    assert placed.grades() == [("amara", 10.0, 10.0), ("amara", 3.333, 10.0)]


def test_results_and_members_are_read_with_a_new_token_once_it_has_another_key(
    place: Place,
) -> None:
    placed = place("read-keys")
    placed.launch("amara")
    url, memberships_url = placed.link().line_item_url, placed.course().memberships_url
    assert url is not None
    assert memberships_url is not None
    registration_id = placed.known.registration_id
    read_column(registration_id, url)
    nrps.read_course(registration_id, memberships_url)

    placed.edx.do("change-key/read-keys")

    assert read_column(registration_id, url) == {}
    assert nrps.read_course(registration_id, memberships_url)


def test_a_column_is_made_as_it_takes_one(place: Place) -> None:
    """Of a title longer than its columns have, and once it has another key."""
    placed = place("programmatic", lti_advantage_ags_mode="programmatic")
    placed.launch("mirela")
    placement_id = placed.bind(title="Reading statistics critically " * 6)
    assert placed.columns() == []

    make_column(placed.place.id, placement_id, actor=SYSTEM)

    [column] = placed.columns()
    assert column["label"].startswith(TITLE)
    assert placed.link().line_item_url == f"{placed.course().line_items_url}/{column['id']}"


def test_one_assessment_goes_into_a_block(place: Place) -> None:
    """It says that it takes several, and gives them one column and one id."""
    placed = place("one")

    here = current_launch(placed.launch("mirela", "/studio/one"), placed.known.deployment_id)

    assert not deep_linking.takes_several(here)
    assert deep_linking.takes_columns(here)  # its own
    assert not deep_linking.takes_new_windows(here)


def test_who_has_no_account_there_any_more_holds_nobody_else_up(place: Place) -> None:
    placed = place("gone")
    placement_id = None
    for username in ("bo", "amara"):
        placed.launch(username)
        placement_id = placement_id or placed.bind()
        placed.take(placement_id, "abc")
    placed.edx.do("remove/bo")

    work()

    assert placed.grades() == [("amara", 10.0, 10.0)]
    with transaction(placed.place.id) as session:
        row = session.scalars(
            select(DesiredScore).where(DesiredScore.acknowledged_version == 0)
        ).one()
    hint = quirks_of("openedx").failing_hint
    assert hint is not None
    assert row.last_status == hint[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """Chromium as people have it: the course and the tool may be two sites."""
    with browser_of_people() as chromium:
        yield chromium


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The product on localhost, for browsers and for Open edX."""

    base_url: str
    institution_id: InstitutionId


@pytest.fixture
def served(live_app: Flask, live_settings: Settings) -> Iterator[Served]:
    with serving(live_app) as url:
        base_url = url.replace("127.0.0.1", "localhost")
        settings_module.install(replace(live_settings, base_url=base_url, issuer_url=base_url))
        institution_id = services.add_institution("northgate", "Northgate University")
        yield Served(base_url=base_url, institution_id=institution_id)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["two sites", "one site"])
def test_in_a_browser_a_teacher_places_and_a_learner_opens_it(
    openedx: OpenEdx,
    served: Served,
    open_page: OpenPage,
    host: str,
) -> None:
    edx, block = openedx.at(host), f"on-{host.replace('.', '-')}"
    edx.author(block, served.base_url)
    known = register(edx, block, served.institution_id)
    university = University(
        id=served.institution_id, slug="northgate", deployment_id=known.deployment_id
    )
    published(university, title=TITLE)

    page = sign_in(open_page, edx, "mirela", f"/studio/{block}")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Deep Linking Launch").click()
    picker = opened.value
    picker.get_by_role("radio", name=TITLE).check()  # one only
    expect(picker.get_by_label("Points in the gradebook")).to_be_hidden()
    expect(picker.get_by_text("how many points it gives")).to_be_visible()
    picker.get_by_role("button", name="Add to the course").click()
    saved = picker.get_by_text("successfully saved in the LMS")
    expect(saved).to_be_visible(timeout=SLOW_MS)

    learner = sign_in(open_page, edx, "amara", f"/course/{block}")
    frame = learner.frame_locator("iframe")
    expect(frame.get_by_role("button", name="Start")).to_be_visible(timeout=SLOW_MS)
    expect(frame.get_by_role("heading", level=1)).to_have_text(TITLE)


def sign_in(open_page: OpenPage, edx: OpenEdx, username: str, path: str) -> Page:
    page = open_page(f"{edx.url}/sign-in/{username}?next={path}")
    page.context.set_default_timeout(SLOW_MS)
    return page
