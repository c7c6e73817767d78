"""`cairn campus`: the demo's LMS."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from lti_tool.campus.app import CampusSettings, create_campus
from lti_tool.campus.personality import PERSONALITIES, STRICT
from lti_tool.commands.product import connect
from lti_tool.demo.seed import seed_demo

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

EVENING_PATH: Final = "/evening"
EVENING_NAME: Final = "Evening School"


@click.command("campus")
@click.option("--port", default=8401, show_default=True, help="Port to listen on, loopback only.")
@click.option("--url", envvar="CAIRN_CAMPUS_URL", required=True, help="Its own address.")
@click.option("--database-url", envvar="CAIRN_CAMPUS_DATABASE_URL", required=True)
@click.option("--secret-key", envvar="CAIRN_CAMPUS_SECRET_KEY", required=True)
@click.option(
    "--as",
    "product",
    type=click.Choice(list(PERSONALITIES)),
    default=STRICT.name,
    help="Behave as this product does. Its database has to be new.",
)
@click.option(
    "--evening-database-url",
    envvar="CAIRN_CAMPUS_EVENING_DATABASE_URL",
    help="Serve a second LMS below /evening, which behaves as Moodle does.",
)
@click.option("--seed", is_flag=True, hidden=True, help="Load the demo's content instead.")
def campus_command(  # noqa: PLR0913 - the options of one command
    *,
    port: int,
    url: str,
    database_url: str,
    secret_key: str,
    product: str,
    evening_database_url: str | None,
    seed: bool,
) -> None:
    """Serve Campus, the demo's LMS. Not for production."""
    settings = CampusSettings(
        database_url=database_url,
        base_url=url,
        secret_key=secret_key,
        personality=PERSONALITIES[product],
    )
    if evening_database_url is None:
        _serve(port, create_campus(settings))
        return
    evening_settings = CampusSettings(
        database_url=evening_database_url,
        base_url=url + EVENING_PATH,
        secret_key=secret_key,
        personality=PERSONALITIES["moodle"],
        name=EVENING_NAME,
        sibling=(settings.title, url),
    )
    evening = create_campus(evening_settings)
    campus = create_campus(replace(settings, sibling=(EVENING_NAME, url + EVENING_PATH)))
    if seed:
        seed_demo(connect(), campus.extensions["campus"], evening.extensions["campus"])
    else:
        _serve(port, DispatcherMiddleware(campus, {EVENING_PATH: evening}))


def _serve(port: int, application: "WSGIApplication") -> None:
    WSGIRequestHandler.protocol_version = "HTTP/1.1"  # one connection for many scores
    make_server("127.0.0.1", port, application, threaded=True).serve_forever()
