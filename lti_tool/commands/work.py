"""`cairn worker` and `cairn relay`: the processes behind the pages."""

import click

from lti_tool import worker as worker_module
from lti_tool.commands.product import start
from lti_tool.core import metrics


@click.command()
def worker() -> None:
    """Run jobs: sign, send scores, count awards. Run as many as there is work for."""
    start("worker")
    metrics.hand_over_at_exit()
    worker_module.run_worker()


@click.command()
def relay() -> None:
    """Hand over what was missed, and periodic work. One is enough, two survive the loss of one."""
    start("relay")
    worker_module.run_relay()
