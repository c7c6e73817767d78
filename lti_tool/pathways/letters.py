"""What learners are told when a certificate is about to lapse, or has. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lti_tool.core.mail import Mail
from lti_tool.pathways.stand import LapsePolicy

_LETTER = """\
Hello,

{told}

{link}

You get this letter once. To get none about your pathways, open "Your access" there and switch
them off.

Cairn at {institution}
"""
_SUBJECTS = {
    "lapsing": "{crown} is about to lapse",
    "lapsed": "A part of {crown} fell away",
    "withdrawn": "{crown} was withdrawn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """What is to be told.

    Attributes:
        kind: "lapsing", "lapsed" or "withdrawn".
        crown: what completing the pathway awarded.
        at: until when the pathway is complete, or since when it is not.
        stones: what will cease to count, or what is missing.
    """

    kind: str
    pathway: str
    crown: str
    policy: LapsePolicy
    notice_days: int
    at: datetime
    stones: Sequence[str]

    @property
    def withdrawn_at(self) -> datetime:
        """Return when the certificate is withdrawn by itself, where it is."""
        return self.at + timedelta(days=self.notice_days)

    @property
    def title(self) -> str:
        """Return it in a few words."""
        return _SUBJECTS[self.kind].format(crown=f"“{self.crown}”")

    @property
    def told(self) -> str:
        """Return it in some sentences: what is so, what to do, what becomes of it else."""
        stones = ", ".join(self.stones) or "a part of it"
        if self.kind == "lapsing":
            return (
                f"Your pathway “{self.pathway}” is complete until {_day(self.at)}: then this "
                f"counts no more: {stones}. Earn it again before, and nothing changes. "
                f"{self._becomes}"
            )
        if self.kind == "lapsed":
            return (
                f"Your pathway “{self.pathway}” is no longer complete since {_day(self.at)}. "
                f"Missing: {stones}. Earn it again, and it is complete again. {self._becomes}"
            )
        return (
            f"“{self.crown}” was withdrawn on {_day(self.at)}, because this is missing in your "
            f"pathway “{self.pathway}”: {stones}. It comes back by itself when all is there."
        )

    @property
    def _becomes(self) -> str:
        if self.policy is LapsePolicy.SUSPEND:
            return f"Else “{self.crown}” is withdrawn on {_day(self.withdrawn_at)}."
        if self.policy is LapsePolicy.REVIEW:
            return f"Else somebody at your institution decides whether “{self.crown}” stands."
        return f"“{self.crown}” itself stays as it is unless your institution withdraws it."


def letter(warned: Warned, to: str, *, institution: str, link: str) -> Mail:
    """Return the letter that tells it."""
    subject = _SUBJECTS[warned.kind].format(crown=warned.crown)
    text = _LETTER.format(told=warned.told, link=link, institution=institution)
    return Mail(to=to, subject=" ".join(subject.split()), text=text)


def _day(instant: datetime) -> str:
    return f"{instant.day} {instant:%B %Y}"
