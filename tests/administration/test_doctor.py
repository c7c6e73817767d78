"""What the doctor finds of platforms and issuers."""

from dataclasses import replace
from datetime import timedelta

from flask import Flask, jsonify
from sqlalchemy import select

from lti_tool.administration.doctor import CHECKS
from lti_tool.core import clock, doctor
from lti_tool.core import settings as settings_module
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import transaction
from lti_tool.core.doctor import Finding
from lti_tool.core.settings import Settings
from lti_tool.grading.models import SenderLane
from lti_tool.platforms import deciding
from lti_tool.platforms.deciding import Verdict
from lti_tool.platforms.models import Deployment
from lti_tool.platforms.rules import note_copy
from tests.helpers import serving
from tests.learner import story


def find(settings: Settings, about: str) -> Finding:
    return {one.about: one for one in doctor.examine(settings, CHECKS)}[about]


def test_a_platform_that_takes_no_scores_is_named_with_what_it_says(live_app: Flask) -> None:
    assert live_app.testing
    here = story.open_university()
    before = find(settings_module.current(), "platforms")
    with transaction(here.institution_id) as session:
        session.add(
            SenderLane(
                registration_id=here.registration_id,
                institution_id=here.institution_id,
                failing_since=clock.now() - timedelta(hours=2),
                last_error="It answered 503.",
            )
        )

    after = find(settings_module.current(), "platforms")

    assert before.ok
    assert not after.ok
    assert "It answered 503." in after.says
    assert "takes no scores since" in after.says


def test_another_site_under_the_same_ids_is_told_until_somebody_decides(live_app: Flask) -> None:
    assert live_app.testing
    here = story.open_university()
    with transaction(here.institution_id) as session:
        deployment = session.scalars(
            select(Deployment).where(Deployment.institution_id == here.institution_id)
        ).one()
        deployment.other_guids = note_copy({}, "staging", clock.now())
        deployment_id = deployment.id

    before = find(settings_module.current(), "platforms")
    deciding.decide_copy(
        here.institution_id, deployment_id, "staging", Verdict.KEEP_OUT, actor=SYSTEM
    )

    assert not before.ok
    assert "from another site with the same ids" in before.says
    assert find(settings_module.current(), "platforms").ok


def test_issuers_are_found_where_credentials_name_them(live_app: Flask) -> None:
    story.open_university()
    with serving(live_app) as url:
        found = find(here_at(url), "issuers")

    assert found.ok, found.says
    assert url in found.says


def test_another_site_at_the_issuers_address_is_told(live_app: Flask) -> None:
    assert live_app.testing
    story.open_university()
    stranger = Flask("stranger")
    stranger.add_url_rule("/<path:_path>", view_func=lambda _path: jsonify(id="did:web:other"))
    with serving(stranger) as url:
        found = find(here_at(url), "issuers")

    assert not found.ok
    assert "not what this installation publishes" in found.says


def test_an_issuers_address_where_nobody_answers_is_told(live_app: Flask) -> None:
    assert live_app.testing
    story.open_university()

    found = find(here_at("http://127.0.0.1:1"), "issuers")

    assert not found.ok
    assert "CAIRN_ISSUER_URL" in found.says


def here_at(url: str) -> Settings:
    """Give the product of this test another issuer's address."""
    settings = replace(settings_module.current(), issuer_url=url)
    settings_module._installed[:] = [settings]
    return settings
