"""The letters we send. Pure."""

from datetime import timedelta

from lti_tool.core.language import ENGLISH, Language, marked, phrase
from lti_tool.core.mail import Mail

_CONFIRM = marked("""\
Hello,

somebody who came to %(institution)s from their course asked to keep access to their badges
with this e-mail address. If it was you, open this link and confirm:

%(link)s

It works once, for %(minutes)s minutes. If it was not you, do nothing: nothing happens.

Cairn at %(institution)s
""")
_SIGN_IN = marked("""\
Hello,

here is your link to your badges at %(institution)s:

%(link)s

It works once, for %(minutes)s minutes. Do not pass it on: whoever opens it sees and shares your
badges. If you did not ask for it, do nothing: nobody gets in without it.

Cairn at %(institution)s
""")


def confirmation(
    to: str, *, institution: str, link: str, lasts: timedelta, reader: Language = ENGLISH
) -> Mail:
    """Return the letter that asks whether an address is somebody's."""
    subject = phrase("Confirm your e-mail address for %(institution)s", institution=institution)
    text = phrase(_CONFIRM, institution=institution, link=link, minutes=_minutes(lasts))
    return Mail(to=to, subject=reader.say(subject), text=reader.say(text))


def sign_in(
    to: str, *, institution: str, link: str, lasts: timedelta, reader: Language = ENGLISH
) -> Mail:
    """Return the letter that lets somebody in."""
    subject = phrase("Your badges at %(institution)s", institution=institution)
    text = phrase(_SIGN_IN, institution=institution, link=link, minutes=_minutes(lasts))
    return Mail(to=to, subject=reader.say(subject), text=reader.say(text))


def _minutes(lasts: timedelta) -> int:
    return int(lasts.total_seconds() // 60)
