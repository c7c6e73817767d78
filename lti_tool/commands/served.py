"""What a web process serves. Only that process loads the product: whoever starts it need not."""

import gc

from flask import Flask

from lti_tool.app import create_app
from lti_tool.core import metrics

# New objects between two looks of the collector; of itself Python looks after 700.
_GARBAGE = 20_000


def create_served_app() -> Flask:
    """Return the application of one web process, which leaves its counts behind when it ends."""
    app = create_app()
    metrics.hand_over_at_exit()
    # What is loaded by now stays: the collector need not look at it again with every page.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    return app
