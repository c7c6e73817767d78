"""What learners are told when a certificate is about to lapse, or has. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lti_tool.core.language import ENGLISH, Language, OnDay, marked, phrase
from lti_tool.core.mail import Mail
from lti_tool.pathways.stand import LapsePolicy

_LETTER = marked("""\
Hello,

%(told)s

%(link)s

You get this letter once. To get none about your pathways, open "Your access" there and switch
them off.

Cairn at %(institution)s
""")
_SUBJECTS = {
    "lapsing": marked("%(crown)s is about to lapse"),
    "lapsed": marked("A part of %(crown)s fell away"),
    "withdrawn": marked("%(crown)s was withdrawn"),
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
        return phrase(_SUBJECTS[self.kind], crown=phrase("“%(name)s”", name=self.crown))

    @property
    def told(self) -> str:
        """Return it in some sentences: what is so, what to do, what becomes of it else."""
        stones = ", ".join(self.stones) or phrase("a part of it")
        values = {
            "pathway": self.pathway,
            "crown": self.crown,
            "day": self.at if self.kind == "lapsing" else OnDay(self.at),
            "stones": stones,
            "becomes": self._becomes,
        }
        if self.kind == "lapsing":
            return phrase(
                "Your pathway “%(pathway)s” is complete until %(day)s: then this "
                "counts no more: %(stones)s. Earn it again before, and nothing changes. "
                "%(becomes)s",
                **values,
            )
        if self.kind == "lapsed":
            return phrase(
                "Your pathway “%(pathway)s” is no longer complete since %(day)s. "
                "Missing: %(stones)s. Earn it again, and it is complete again. %(becomes)s",
                **values,
            )
        return phrase(
            "“%(crown)s” was withdrawn on %(day)s, because this is missing in your "
            "pathway “%(pathway)s”: %(stones)s. It comes back by itself when all is there.",
            **values,
        )

    @property
    def _becomes(self) -> str:
        if self.policy is LapsePolicy.SUSPEND:
            return phrase(
                "Else “%(crown)s” is withdrawn on %(day)s.",
                crown=self.crown,
                day=self.withdrawn_at,
            )
        if self.policy is LapsePolicy.REVIEW:
            return phrase(
                "Else somebody at your institution decides whether “%(crown)s” stands.",
                crown=self.crown,
            )
        return phrase(
            "“%(crown)s” itself stays as it is unless your institution withdraws it.",
            crown=self.crown,
        )


def letter(
    warned: Warned, to: str, *, institution: str, link: str, reader: Language = ENGLISH
) -> Mail:
    """Return the letter that tells it, in the language of who gets it."""
    subject = reader.say(phrase(_SUBJECTS[warned.kind], crown=warned.crown))
    text = phrase(_LETTER, told=warned.told, link=link, institution=institution)
    return Mail(to=to, subject=" ".join(subject.split()), text=reader.say(text))
