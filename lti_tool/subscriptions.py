"""Who acts on what: the product's whole asynchronous flow on one screen."""

from lti_tool.assessments.events import AssessmentPassed, PlacementResultChanged
from lti_tool.badges.events import AwardGranted, AwardWithdrawn
from lti_tool.badges.jobs import award_for_pass, issue_credential, revoke_credential
from lti_tool.core import outbox


def register() -> None:
    """Connect every event to the jobs that act on it. Called once per process, at start-up."""
    outbox.subscribe(PlacementResultChanged, [])
    outbox.subscribe(AssessmentPassed, [award_for_pass])
    outbox.subscribe(AwardGranted, [issue_credential])
    outbox.subscribe(AwardWithdrawn, [revoke_credential])
