"""`cairn serve`: the web server."""

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from lti_tool.core import settings as settings_module


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, help="Processes; one a core is plenty.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve pages and LTI messages. Each process has as many threads as database connections."""
    settings = settings_module.load()  # all problems in words, before processes start
    Granian(
        "lti_tool.commands.served:create_served_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=settings.database.pool_size,
        backpressure=64 * workers,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        log_level=LogLevels.warning,
        log_access=False,
    ).serve()
