"""What passes and awards set in motion. Each runs at least once, in any order."""

from sqlalchemy import select

from lti_tool.assessments.events import AssessmentPassed, AssessmentPassLost
from lti_tool.assessments.models import Attempt, Placement
from lti_tool.badges import erasing, issuing, reviewing, services
from lti_tool.badges.events import AwardEarnedAgain, AwardGranted, AwardWithdrawn
from lti_tool.badges.queries import find_achievement_of_assessment
from lti_tool.badges.rules import Cause, CauseKind
from lti_tool.core.db import transaction
from lti_tool.people.events import PersonErased
from lti_tool.people.services import person_of
from lti_tool.platforms.models import User


def award_for_pass(event: AssessmentPassed) -> None:
    """Grant the achievement that a passed assessment earns.

    Nothing is granted where the placement goes without a badge, or the assessment has none,
    and nothing to visitors: test users, and whom the platform does not name. Nor for an attempt
    that no longer passes, or was deleted.
    """
    with transaction(event.institution_id) as session:
        gives_badge = session.scalars(
            select(Placement.gives_badge).where(Placement.id == event.placement_id)
        ).one()
        achievement = find_achievement_of_assessment(session, event.assessment_id)
        is_visitor = session.scalar(select(User.is_visitor).where(User.id == event.user_id))
        passes = session.scalar(select(Attempt.passed).where(Attempt.id == event.attempt_id))
        if not gives_badge or achievement is None or is_visitor or not passes:
            return
        person_id = person_of(session, event.user_id)
    award_id = services.grant_award(
        event.institution_id,
        person_id,
        achievement.id,
        cause=Cause(kind=CauseKind.PASS, id=event.attempt_id, caused_at=event.passed_at),
    )
    reviewing.settle_review(event.institution_id, award_id)


def review_award(event: AssessmentPassLost) -> None:
    """Put the award of a pass that was lost before a person; it is not withdrawn by itself."""
    reviewing.open_review(event.institution_id, event.attempt_id)


def issue_credential(event: AwardGranted) -> None:
    """Sign the award's credential, unless that was done or the award is withdrawn by now."""
    issuing.issue_credential(event.institution_id, event.award_id)


def renew_credential(event: AwardEarnedAgain) -> None:
    """Sign the award's credential anew, if it ends later now."""
    issuing.renew_credential(event.institution_id, event.award_id)


def revoke_credential(event: AwardWithdrawn) -> None:
    """Publish that the award's credential is revoked, with all others of the same moment."""
    issuing.publish_status_lists(event.institution_id)


def erase_credentials(event: PersonErased) -> None:
    """Revoke an erased person's credentials; the awards still count."""
    erasing.erase_credentials(event.institution_id, event.person_id)
