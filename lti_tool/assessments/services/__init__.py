"""What can be done: publish, place, open an attempt, save answers, end it."""

from lti_tool.assessments.services.attempts import (
    Saved,
    close_overdue,
    open_attempt,
    save_response,
    save_responses,
    submit_attempt,
)
from lti_tool.assessments.services.placing import bind_placement, create_placement
from lti_tool.assessments.services.publishing import create_assessment, publish_edition

__all__ = [
    "Saved",
    "bind_placement",
    "close_overdue",
    "create_assessment",
    "create_placement",
    "open_attempt",
    "publish_edition",
    "save_response",
    "save_responses",
    "submit_attempt",
]
