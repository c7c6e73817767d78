"""`cairn campus`: the demo's LMS."""

import click
from werkzeug.serving import WSGIRequestHandler, make_server

from lti_tool.campus.app import CampusSettings, create_campus
from lti_tool.campus.personality import PERSONALITIES, STRICT
from lti_tool.commands.product import connect
from lti_tool.demo.seed import seed_demo


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
@click.option("--seed", is_flag=True, hidden=True, help="Load the demo's content instead.")
def campus_command(  # noqa: PLR0913 - the options of one command
    port: int, url: str, database_url: str, secret_key: str, product: str, *, seed: bool
) -> None:
    """Serve Campus, the demo's LMS. Not for production."""
    settings = CampusSettings(
        database_url=database_url,
        base_url=url,
        secret_key=secret_key,
        personality=PERSONALITIES[product],
    )
    if seed:
        seed_demo(connect(), create_campus(settings).extensions["campus"])
        return
    WSGIRequestHandler.protocol_version = "HTTP/1.1"  # one connection for many scores
    make_server("127.0.0.1", port, create_campus(settings), threaded=True).serve_forever()
