"""Sending e-mail: over SMTP, or into a folder where nobody's mailbox is near (the demo)."""

import re
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import formatdate, make_msgid
from pathlib import Path
from uuid import uuid4

from lti_tool.core import settings
from lti_tool.core.errors import ConflictError, TemporaryError
from lti_tool.core.language import phrase
from lti_tool.core.settings import MailFolder, MailServer

TIMEOUT_SECONDS = 20
_MOST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, without the brackets
# Narrower than RFC 5321: what people have. No quotes, no comments, nothing that ends a header.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)


class MailServerAwayError(TemporaryError):
    """The mail server is out of reach or asks to be tried again later."""

    code = "mail_server_away"


class MailRefusedError(ConflictError):
    """The mail server will not take it, however often it is tried."""

    code = "mail_refused"


class NoMailError(ConflictError):
    """This installation sends no mail: CAIRN_MAIL_URL is not set."""

    code = "mail_not_set_up"
    title = phrase("No e-mail is sent from here")
    steps = (phrase("Ask the people who run Cairn to set up e-mail."),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One letter to one person.

    Attributes:
        text: plain; may have a secret link in it.
    """

    to: str
    subject: str
    text: str = field(repr=False)


def fold_address(text: str) -> str | None:
    """Return an address as it is compared, in small letters; None when it is none."""
    address = text.strip()
    if len(address) > _MOST_ADDRESS or not _ADDRESS.fullmatch(address):
        return None
    return address.lower()


def is_set_up() -> bool:
    """Tell whether mail can be sent at all."""
    return settings.current().mail is not None


def send(mail: Mail) -> None:
    """Hand a letter over. No transaction may be open.

    Raises:
        NoMailError: there is nothing to hand it to.
        MailServerAwayError: try again later.
        MailRefusedError: the server has refused it for good.
    """
    how = settings.current().mail
    if how is None:
        raise NoMailError(phrase("No mail server is set up."))
    message = EmailMessage(policy=POLICY)
    message["From"], message["To"], message["Subject"] = how.sender, mail.to, mail.subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="cairn.invalid")
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notices, please
    message.set_content(mail.text)
    if isinstance(how, MailFolder):
        _put(how.path, message)
        return
    with _connected(how) as server:
        server.send_message(message)


def check() -> str:
    """Return how mail is sent, after a look at whether it would be.

    Raises:
        NoMailError: as `send`.
        MailServerAwayError: as `send`.
        MailRefusedError: as `send`.
    """
    how = settings.current().mail
    if how is None:
        raise NoMailError(phrase("No mail server is set up."))
    if isinstance(how, MailFolder):
        how.path.mkdir(parents=True, exist_ok=True)
        return f"letters are put into {how.path}"
    with _connected(how) as server:
        server.noop()
    return f"{how.host}:{how.port} takes letters"


@contextmanager
def _connected(how: MailServer) -> Iterator[smtplib.SMTP]:
    try:
        with _open(how) as server:
            if how.user is not None:
                server.login(how.user, how.password or "")
            yield server
    except smtplib.SMTPResponseException as error:
        told = f"{how.host} says {error.smtp_code}"
        temporary = 400 <= error.smtp_code < 500  # noqa: PLR2004 - RFC 5321 §4.2.1
        raise (MailServerAwayError(told) if temporary else MailRefusedError(told)) from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        told = f"{how.host} refuses the recipient, {', '.join(map(str, sorted(codes)))}"
        later = all(400 <= code < 500 for code in codes)  # noqa: PLR2004 - as above
        raise (MailServerAwayError(told) if later else MailRefusedError(told)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise MailServerAwayError(f"{how.host}: {type(error).__name__}") from error


def _open(how: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if how.security == "tls":
        return smtplib.SMTP_SSL(how.host, how.port, timeout=TIMEOUT_SECONDS, context=context)
    server = smtplib.SMTP(how.host, how.port, timeout=TIMEOUT_SECONDS)
    if how.security == "starttls":
        try:
            server.starttls(context=context)
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
    return server


def _put(folder: Path, message: EmailMessage) -> None:
    """Write a letter as a file; the name sorts by time, and half a letter is never seen."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid4().hex[:8]}.eml"
    part = folder / f".{name}"
    part.write_bytes(bytes(message))
    part.rename(folder / name)
