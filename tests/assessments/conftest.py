"""A learner inside the course: a launch as `launch` leaves it, for a client or a browser."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask, redirect
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue

from lti_tool.assessments import queries
from lti_tool.assessments.services import bind_placement, open_attempt
from lti_tool.core import clock
from lti_tool.core import settings as settings_module
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, LaunchId, PlacementId, ResourceLinkId, UserId
from lti_tool.core.secret import hash_of
from lti_tool.core.settings import Settings
from lti_tool.launch import session as launch_session
from lti_tool.launch.models import Launch
from lti_tool.platforms.models import Deployment
from tests.assessments.factories import University, course, learner, link, placed, university
from tests.helpers import serving

SECRET = "of_a-cookie"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One launch of one learner. `origin` is empty for a client."""

    place: University
    placement_id: PlacementId
    user_id: UserId
    launch_id: LaunchId
    origin: str = ""

    def url(self, attempt_id: UUID | None = None, *rest: str) -> str:
        parts = ["", "l", str(self.launch_id), "attempts"]
        if attempt_id is not None:
            parts.append(str(attempt_id))
        return self.origin + "/".join([*parts, *rest]) + ("" if attempt_id else "/")

    def begin(self) -> AttemptId:
        return open_attempt(self.place.id, self.placement_id, self.user_id)

    def enter_url(self, attempt_id: UUID) -> str:
        return f"{self.origin}/enter/{self.place.id}/{self.launch_id}/{attempt_id}"


Arrive = Callable[..., Visit]


def visit(
    place: University,
    placement_id: PlacementId,
    user_id: UserId | None = None,
    *,
    roles: tuple[str, ...] = ("learner",),
    origin: str = "",
) -> Visit:
    """Launch a placement, binding it to a resource link of its own."""
    user_id = user_id or learner(place)
    link_id = _link_of(place, placement_id)
    with transaction(place.id) as session:
        launch = Launch(
            registration_id=session.get_one(Deployment, place.deployment_id).registration_id,
            deployment_id=place.deployment_id,
            user_id=user_id,
            resource_link_id=link_id,
            message_type="LtiResourceLinkRequest",
            roles=list(roles),
            settings={},
            secret_hash=hash_of(SECRET),
            created_at=clock.now(),
            expires_at=clock.now() + timedelta(hours=10),
        )
        session.add(launch)
        session.flush()
        launch_id = launch.id
    return Visit(
        place=place,
        placement_id=placement_id,
        user_id=user_id,
        launch_id=launch_id,
        origin=origin,
    )


def _link_of(place: University, placement_id: PlacementId) -> ResourceLinkId:
    with transaction(place.id) as session:
        bound = queries.get_placement(session, placement_id).resource_link_id
    if bound is not None:
        return bound
    context_id = course(place)
    link_id = link(place, context_id)
    with transaction(place.id) as session:
        bind_placement(session, placement_id, link_id, context_id)
    return link_id


def put_cookie(client: FlaskClient, visit: Visit) -> None:
    client.set_cookie(
        launch_session.cookie_name(visit.launch_id), f"{visit.place.id}.{SECRET}", secure=True
    )


@pytest.fixture
def product(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The product, with a result page that only says whose result it would show."""
    _add_pages(app)
    monkeypatch.setitem(app.config, "CAIRN_PAGES", {"result": "probe_result"})
    return app


@pytest.fixture
def here(product: Flask, client: FlaskClient) -> Visit:  # noqa: ARG001 - the result page
    """A learner whose client has the cookie of a launch: three questions, keys a, b, c."""
    place = university()
    arrived = visit(place, placed(place))
    put_cookie(client, arrived)
    return arrived


@pytest.fixture
def stage(live_app: Flask, live_settings: Settings) -> Iterator[str]:
    """The product served for browsers on a database of its own. Yields its origin."""
    _add_pages(live_app)
    live_app.config["CAIRN_PAGES"] = {"result": "probe_result"}
    with serving(live_app) as origin:
        settings_module.install(replace(live_settings, base_url=origin))
        yield origin


@pytest.fixture
def arrive(stage: str) -> Arrive:
    """Launch a new placement of three questions, keys a, b, c, as a new learner."""

    def make(*, minutes: int | None = None) -> Visit:
        place = university()
        return visit(place, placed(place, minutes=minutes), origin=stage)

    return make


def _add_pages(app: Flask) -> None:
    if "probe_result" in app.view_functions:
        return
    # The product of a worker has answered other tests before; Flask guards against what this does.
    had_answered, app._got_first_request = app._got_first_request, False
    app.add_url_rule("/enter/<uuid:place>/<uuid:launch>/<uuid:attempt>", "probe_enter", _enter)
    app.add_url_rule("/result/<uuid:launch_id>/<uuid:attempt_id>", "probe_result", _result)
    app._got_first_request = had_answered


def _enter(place: UUID, launch: UUID, attempt: UUID) -> ResponseReturnValue:
    answer = redirect(f"/l/{launch}/attempts/{attempt}")
    name = launch_session.cookie_name(LaunchId(launch))
    launch_session.set_cookie(answer, name, f"{place}.{SECRET}")
    return answer


def _result(launch_id: UUID, attempt_id: UUID) -> ResponseReturnValue:
    return f"<!doctype html><title>Result</title><h1>Result of {attempt_id} by {launch_id}</h1>"
