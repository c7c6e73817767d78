"""The letters we send. Pure."""

from datetime import timedelta

from lti_tool.core.mail import Mail

_CONFIRM = """\
Hello,

somebody who came to {institution} from their course asked to keep access to their badges with this
e-mail address. If it was you, open this link and confirm:

{link}

It works once, for {minutes} minutes. If it was not you, do nothing: nothing happens.

Cairn at {institution}
"""
_SIGN_IN = """\
Hello,

here is your link to your badges at {institution}:

{link}

It works once, for {minutes} minutes. Do not pass it on: whoever opens it sees and shares your
badges. If you did not ask for it, do nothing: nobody gets in without it.

Cairn at {institution}
"""


def confirmation(to: str, *, institution: str, link: str, lasts: timedelta) -> Mail:
    """Return the letter that asks whether an address is somebody's."""
    text = _CONFIRM.format(institution=institution, link=link, minutes=_minutes(lasts))
    return Mail(to=to, subject=f"Confirm your e-mail address for {institution}", text=text)


def sign_in(to: str, *, institution: str, link: str, lasts: timedelta) -> Mail:
    """Return the letter that lets somebody in."""
    text = _SIGN_IN.format(institution=institution, link=link, minutes=_minutes(lasts))
    return Mail(to=to, subject=f"Your badges at {institution}", text=text)


def _minutes(lasts: timedelta) -> int:
    return int(lasts.total_seconds() // 60)
