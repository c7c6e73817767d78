"""Who acts on what: the product's whole asynchronous flow on one screen."""

from lti_tool.assessments.events import (
    AssessmentPassed,
    AssessmentPassLost,
    PlacementPutBack,
    PlacementResultChanged,
    RegradeAsked,
)
from lti_tool.assessments.jobs import erase_answers, regrade_everywhere
from lti_tool.badges import stacking
from lti_tool.badges.events import AwardEarnedAgain, AwardGranted, AwardWithdrawn
from lti_tool.badges.jobs import (
    award_for_pass,
    erase_credentials,
    issue_credential,
    renew_credential,
    review_award,
    revoke_credential,
)
from lti_tool.badges.merging import BADGES
from lti_tool.core import outbox
from lti_tool.grading.jobs import (
    desire_score,
    desire_scores_of_course,
    erase_scores,
    send_put_back,
)
from lti_tool.launch.jobs import forget_visits
from lti_tool.pathways import leading
from lti_tool.pathways.events import (
    BatchAsked,
    PathwayCompleted,
    PathwayMoveAsked,
    PathwayNoticeGiven,
    PathwayPublished,
    PathwayRecountAsked,
)
from lti_tool.pathways.jobs import (
    award_completion,
    carry_out_batch,
    count_again,
    count_award,
    mail_notice,
    move_everybody,
    recount_everybody,
    recount_merged,
    recount_split,
    uncount_award,
    welcome_newcomers,
)
from lti_tool.pathways.merging import PATHWAYS
from lti_tool.people import merging
from lti_tool.people.events import (
    MailLinkAsked,
    PersonErased,
    PersonMet,
    PersonsMerged,
    PersonsSplit,
)
from lti_tool.people.jobs import match_merged, match_met, send_mail_link
from lti_tool.people.mail_following import MAIL
from lti_tool.platforms.events import CourseServicesChanged


def register() -> None:
    """Connect every event to the jobs that act on it. Called once per process, at start-up."""
    outbox.subscribe(CourseServicesChanged, [desire_scores_of_course])
    outbox.subscribe(PersonErased, [forget_visits, erase_answers, erase_scores, erase_credentials])
    outbox.subscribe(PlacementResultChanged, [desire_score])
    outbox.subscribe(PlacementPutBack, [send_put_back])
    outbox.subscribe(AssessmentPassed, [award_for_pass])
    outbox.subscribe(AssessmentPassLost, [review_award])
    outbox.subscribe(RegradeAsked, [regrade_everywhere])
    outbox.subscribe(AwardGranted, [issue_credential, count_award])
    outbox.subscribe(AwardEarnedAgain, [renew_credential, count_again])
    outbox.subscribe(AwardWithdrawn, [revoke_credential, uncount_award])
    outbox.subscribe(PathwayPublished, [welcome_newcomers])
    outbox.subscribe(PathwayMoveAsked, [move_everybody])
    outbox.subscribe(PathwayRecountAsked, [recount_everybody])
    outbox.subscribe(PathwayNoticeGiven, [mail_notice])
    outbox.subscribe(MailLinkAsked, [send_mail_link])
    outbox.subscribe(PathwayCompleted, [award_completion])
    outbox.subscribe(BatchAsked, [carry_out_batch])
    outbox.subscribe(PersonMet, [match_met])
    outbox.subscribe(PersonsMerged, [recount_merged, match_merged])
    outbox.subscribe(PersonsSplit, [recount_split])
    # What a person has, feature by feature: it moves with them when two turn out to be one.
    merging.follow(MAIL, BADGES, PATHWAYS)
    # What a badge counts toward, for the pages that show it to anybody.
    stacking.told_by(leading.list_larger)
