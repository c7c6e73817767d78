"""What a web process serves. Only that process loads the product: whoever starts it need not."""

import gc
import importlib

from flask import Flask

from lti_tool.core import metrics
from lti_tool.core.loading import loading

# New objects between two looks of the collector; of itself Python looks after 700.
_GARBAGE = 20_000


def create_served_app() -> Flask:
    """Return the application of one web process, which leaves its counts behind when it ends."""
    with loading():  # what is loaded stays: the collector need not look at it with every page
        app: Flask = importlib.import_module("lti_tool.commands.product").start("web")
    metrics.hand_over_at_exit()
    gc.set_threshold(_GARBAGE)
    return app
