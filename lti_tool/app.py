"""Build the web application."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from flask import Flask, request

from lti_tool import subscriptions
from lti_tool.administration import health_routes as health
from lti_tool.administration import institution_routes as institution
from lti_tool.administration import platform_routes as platform_settings
from lti_tool.administration import routes as administration
from lti_tool.assessments import bank_routes as bank
from lti_tool.assessments import desk_routes as authoring
from lti_tool.assessments import desk_trial_routes as draft_trials
from lti_tool.assessments import routes as assessments
from lti_tool.assessments import trial_routes as trials
from lti_tool.badges.routes import editing as issuing
from lti_tool.badges.routes import public as badges
from lti_tool.badges.routes import transcripts
from lti_tool.core import db, logs, web
from lti_tool.core import settings as settings_module
from lti_tool.core.settings import Settings
from lti_tool.instructor import course_routes as course
from lti_tool.instructor import deleting_routes as deleting
from lti_tool.instructor import looking_routes as looking
from lti_tool.instructor import marking_routes as marking
from lti_tool.instructor import people_routes as course_people
from lti_tool.instructor import picking_routes as picking
from lti_tool.instructor import regrade_routes as regrading
from lti_tool.instructor import routes as instructor
from lti_tool.instructor import rules_routes as placement_rules
from lti_tool.launch import by_hand_routes as by_hand
from lti_tool.launch import check_routes as check
from lti_tool.launch import registration_routes as registration
from lti_tool.launch import routes as launch
from lti_tool.learner.routes import activity as learner
from lti_tool.learner.routes import own
from lti_tool.pathways import desk_routes as composing
from lti_tool.pathways import moving_routes as moving
from lti_tool.pathways import part_routes as draft_parts
from lti_tool.pathways import settings_routes as pathway_settings
from lti_tool.people import routes as people
from lti_tool.registrar import audit_routes as audit
from lti_tool.registrar import batch_routes as batches
from lti_tool.registrar import decision_routes as decisions
from lti_tool.registrar import export_routes as exports
from lti_tool.registrar import identity_routes as identity
from lti_tool.registrar import regrade_routes as regrades
from lti_tool.registrar import routes as registrar
from lti_tool.registrar import ruling_routes as rulings
from lti_tool.registrar import transcript_routes as issued_transcripts
from lti_tool.registrar import view_routes as views
from lti_tool.registrar import waiting_routes as waiting

# Where lower packages hand over: a verified launch by its message type, a submitted attempt,
# staff who signed in.
PAGES = {
    "LtiResourceLinkRequest": "learner.open_placement",
    "LtiDeepLinkingRequest": "picker.pick",
    "LtiSubmissionReviewRequest": "instructor.review",
    "result": "learner.show_result",
    "desk": "registrar.show_dashboard",
    "administration": "administration.show_platforms",
}

# The pages of the registrar's desk.
DESK = (
    registrar,
    decisions,
    composing,
    draft_parts,
    moving,
    pathway_settings,
    identity,
    rulings,
    issued_transcripts,
    batches,
    regrades,
    waiting,
    audit,
    exports,
    views,
)

log = logs.get(__name__)

TEMPLATES = Path(__file__).parents[1] / "templates"


class _Application(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return it as it is: no view of ours is asynchronous, and Flask would ask each time."""
        return func

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        """Tell by its name which page went wrong: an address may hold a link's secret."""
        log.error(
            "page_failed", endpoint=request.endpoint, method=request.method, exc_info=exc_info
        )


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application, connected and with every route in place.

    Args:
        settings: of this process; read from the environment and checked when omitted.

    Raises:
        SettingsError: naming all that is wrong.
    """
    settings = settings or settings_module.load()
    settings_module.install(settings)
    app = _Application(__name__, template_folder=str(TEMPLATES), static_folder=str(web.STATIC))
    app.config["CAIRN_PAGES"] = PAGES
    db.connect(app, settings)
    web.install(app)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(administration.blueprint)
    app.register_blueprint(platform_settings.blueprint)
    app.register_blueprint(institution.blueprint)
    app.register_blueprint(badges.blueprint)
    app.register_blueprint(transcripts.blueprint)
    app.register_blueprint(issuing.blueprint)
    app.register_blueprint(by_hand.blueprint)
    app.register_blueprint(check.blueprint)
    app.register_blueprint(course.blueprint)
    app.register_blueprint(instructor.blueprint)
    app.register_blueprint(looking.blueprint)
    app.register_blueprint(picking.blueprint)
    app.register_blueprint(marking.blueprint)
    app.register_blueprint(regrading.blueprint)
    app.register_blueprint(placement_rules.blueprint)
    app.register_blueprint(course_people.blueprint)
    app.register_blueprint(deleting.blueprint)
    app.register_blueprint(launch.blueprint)
    app.register_blueprint(people.blueprint)
    app.register_blueprint(registration.blueprint)
    for desk in DESK:
        app.register_blueprint(desk.blueprint)
    app.register_blueprint(assessments.blueprint)
    app.register_blueprint(authoring.blueprint)
    app.register_blueprint(bank.blueprint)
    app.register_blueprint(draft_trials.blueprint)
    app.register_blueprint(assessments.images)
    app.register_blueprint(trials.blueprint)
    app.register_blueprint(learner.blueprint)
    app.register_blueprint(own.blueprint)
    subscriptions.register()
    return app
