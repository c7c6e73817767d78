"""How pathways react to awards: each handler reads what is so now, so order does not matter."""

from lti_tool.badges.events import AwardEarnedAgain, AwardGranted, AwardWithdrawn
from lti_tool.badges.rules import Cause, CauseKind
from lti_tool.badges.services import grant_award
from lti_tool.core import mail, outbox
from lti_tool.core.db import transaction
from lti_tool.core.ids import AchievementId, InstitutionId, PersonId
from lti_tool.pathways import notices, queries, services, sweeping
from lti_tool.pathways.deciding import migrating
from lti_tool.pathways.deciding.batch import carry_out
from lti_tool.pathways.events import (
    BatchAsked,
    PathwayCompleted,
    PathwayMoveAsked,
    PathwayNoticeGiven,
    PathwayPublished,
    PathwayRecountAsked,
)
from lti_tool.people.events import PersonsMerged, PersonsSplit
from lti_tool.people.queries import current_person

# A job that begins no more people after so long ends well before it would be taken for lost.
BATCH_SECONDS = 20.0
PEOPLE_BETWEEN_LOOKS = 20


def count_award(event: AwardGranted) -> None:
    """Count an award on every pathway that names its achievement."""
    _recount(event.institution_id, event.person_id, event.achievement_id)


def count_again(event: AwardEarnedAgain) -> None:
    """Count an award that was earned again: it may count longer, or where it did not before."""
    _recount(event.institution_id, event.person_id, event.achievement_id)


def uncount_award(event: AwardWithdrawn) -> None:
    """Take an award that no longer stands out of every pathway in which it counted."""
    _recount(event.institution_id, event.person_id, event.achievement_id)


def welcome_newcomers(event: PathwayPublished) -> None:
    """Bring onto a pathway those who held awards before it was published."""
    if services.welcome_newcomers(event.institution_id, event.pathway_id):
        services.announce_newcomers(event)


def move_everybody(event: PathwayMoveAsked) -> None:
    """Look at or move some of the people of a move; it asks again as long as there are more."""
    migrating.go_on(event.institution_id, event.move_id)


def recount_everybody(event: PathwayRecountAsked) -> None:
    """Count some of the people on a pathway anew; it asks again as long as there are more."""
    sweeping.recount_everybody(event)


def mail_notice(event: PathwayNoticeGiven) -> None:
    """Mail a notice to whom it is for, if they have an address and mail is sent from here.

    Raises:
        MailServerAwayError: the outbox tries again, for as long as the letter is news.
        MailRefusedError: an operator sees it.
    """
    letter = notices.prepare(event.institution_id, event.notice_id) if mail.is_set_up() else None
    if letter is not None:
        mail.send(letter)
        notices.note_mailed(event.institution_id, event.notice_id)


def award_completion(event: PathwayCompleted) -> None:
    """Award the pathway's own achievement, which may count in a further pathway.

    The same completion twice is one cause: an award withdrawn since stays withdrawn.
    """
    with transaction(event.institution_id) as session:
        pathway = queries.get_pathway(session, event.pathway_id)
        person_id = current_person(session, event.person_id)
        completion = queries.find_open_completion(session, event.pathway_id, person_id)
    if completion is None or completion.id != event.completion_id:
        return  # a part fell away before we came to it
    if pathway.confirms_completion and completion.confirmed_at is None:
        return  # a registrar's confirmation announces it again
    grant_award(
        event.institution_id,
        person_id,
        pathway.achievement_id,
        cause=Cause(kind=CauseKind.PATHWAY, id=event.completion_id, caused_at=event.completed_at),
    )


def carry_out_batch(event: BatchAsked) -> None:
    """Decide about people of a batch for a while, then have whoever is free go on."""
    outbox.go_on(
        event.institution_id,
        event,
        lambda: carry_out(event.institution_id, event.batch_id, limit=PEOPLE_BETWEEN_LOOKS),
        seconds=BATCH_SECONDS,
    )


def recount_merged(event: PersonsMerged) -> None:
    """Count all that a person holds by now, on every pathway, after another was merged into them.

    Run too late, after a split, it counts what is so then.
    """
    _recount_all(event.institution_id, event.kept_id)


def recount_split(event: PersonsSplit) -> None:
    """Count what each of two persons holds who are no longer one."""
    for person_id in (event.kept_id, event.gone_id):
        _recount_all(event.institution_id, person_id)


def _recount_all(institution_id: InstitutionId, person_id: PersonId) -> None:
    with transaction(institution_id) as session:
        person_id = current_person(session, person_id)
        pathways = queries.list_all_pathways_of(session, person_id)
    for pathway_id in pathways:
        services.recount(institution_id, pathway_id, person_id)


def _recount(
    institution_id: InstitutionId, person_id: PersonId, achievement_id: AchievementId
) -> None:
    with transaction(institution_id) as session:
        person_id = current_person(session, person_id)
        pathways = queries.list_pathways_of(session, person_id, achievement_id)
    for pathway_id in pathways:
        services.recount(institution_id, pathway_id, person_id)
