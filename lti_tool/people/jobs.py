"""What requests of people set in motion, and who turns out to be whom.

Each handler runs at least once and looks at what is so now, so order does not matter.
"""

from lti_tool.core import mail
from lti_tool.people import mail_access, matching
from lti_tool.people.events import MailLinkAsked, PersonMet, PersonsMerged


def send_mail_link(event: MailLinkAsked) -> None:
    """Mail a link, if there is somebody to mail it to; a link that was mailed is not mailed again.

    Raises:
        MailServerAwayError: the outbox tries again, for as long as the request counts.
        MailRefusedError: an operator sees it.
    """
    letter = mail_access.prepare_letter(event.institution_id, event.link_id)
    if letter is None:
        return
    mail.send(letter)
    mail_access.note_sent(event.institution_id, event.link_id)


def match_met(event: PersonMet) -> None:
    """See whether somebody who is new here is known by another account."""
    matching.match_person(event.institution_id, event.person_id)


def match_merged(event: PersonsMerged) -> None:
    """See whom a person may be who has more accounts now."""
    matching.match_person(event.institution_id, event.kept_id)


def match_everybody() -> None:
    """Find those who became alike since they were met."""
    matching.match_everybody()
