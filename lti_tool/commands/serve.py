"""`cairn serve`: the web server."""

import gc

import click
from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from lti_tool.app import create_app
from lti_tool.core import metrics
from lti_tool.core import settings as settings_module

# New objects between two looks of the collector; of itself Python looks after 700.
_GARBAGE = 20_000


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, help="Processes; one a core is plenty.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve pages and LTI messages. Each process has as many threads as database connections."""
    settings = settings_module.load()  # all problems in words, before processes start
    Granian(
        "lti_tool.commands.serve:create_served_app",
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


def create_served_app() -> Flask:
    """Return the application of one web process, which leaves its counts behind when it ends."""
    app = create_app()
    metrics.hand_over_at_exit()
    # What is loaded by now stays: the collector need not look at it again with every page.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    return app
