"""`cairn serve`: the web server."""

import resource

import click
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from lti_tool.core import settings as settings_module

_CONNECTIONS = 4096
_OTHER_FILES = 256


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
        backlog=_CONNECTIONS,
        backpressure=_count_connections(),
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        log_level=LogLevels.warning,
        log_access=False,
    ).serve()


def _count_connections() -> int:
    """Return how many connections a process holds; as many files as that may be open from now on.

    A browser or a proxy that has been answered keeps its connection for half a minute, and counts.
    Who comes when all are taken waits until one is let go, and takes it for a dead server.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return (
        _CONNECTIONS
        if soft == resource.RLIM_INFINITY
        else min(_CONNECTIONS, max(soft - _OTHER_FILES, 64))
    )
