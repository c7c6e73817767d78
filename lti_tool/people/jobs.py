"""What requests of people set in motion. Each runs at least once, in any order."""

from lti_tool.core import mail
from lti_tool.people import mail_access
from lti_tool.people.events import MailLinkAsked


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
