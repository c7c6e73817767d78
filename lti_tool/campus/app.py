"""Putting Campus together: one Flask application on one database."""

from flask import Flask
from jinja2 import StrictUndefined

from lti_tool.campus import (
    ags,
    deep_linking,
    fault_routes,
    launches,
    nrps,
    pages,
    registration,
    staff,
    tokens,
    web,
)
from lti_tool.campus.database import open_database
from lti_tool.campus.keys import SigningKeys
from lti_tool.campus.runtime import EXTENSION, Campus, CampusSettings

__all__ = ["Campus", "CampusSettings", "create_campus"]


def create_campus(settings: CampusSettings) -> Flask:
    """Return a Campus that is ready to serve; its tables and keys exist.

    The running parts are in `app.extensions["campus"]` (a `Campus`). Dispose of its
    engine when the application is given up.
    """
    app = Flask("lti_tool.campus.app")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        # Two LMSs of one host, one below the other's root, forget nobody of each other.
        SESSION_COOKIE_NAME="campus_session" + settings.path.replace("/", "_"),
        SESSION_COOKIE_PATH=settings.path or "/",
        SESSION_COOKIE_HTTPONLY=True,
        # A tool's page sends the browser back here, possibly from within a frame: no
        # other value survives that. Browsers take 127.0.0.1 for secure; Safari does not.
        SESSION_COOKIE_SAMESITE="None",
        SESSION_COOKIE_SECURE=True,
        MAX_CONTENT_LENGTH=2_000_000,
    )
    app.jinja_env.undefined = StrictUndefined
    engine = open_database(settings.database_url)
    app.extensions[EXTENSION] = Campus(settings=settings, engine=engine, keys=SigningKeys(engine))
    web.set_up(app)
    for blueprint in (
        pages.blueprint,
        launches.blueprint,
        deep_linking.blueprint,
        tokens.blueprint,
        ags.blueprint,
        nrps.blueprint,
        registration.blueprint,
        staff.blueprint,
        staff.api,
        fault_routes.blueprint,
    ):
        app.register_blueprint(blueprint)
    return app
