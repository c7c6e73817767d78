"""Judging a credential that somebody shows: each question by itself, then what it comes to.

In the order of Open Badges 3.0 §9.1. Nothing here asks the network or the database; what has to be
looked up is handed in.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lti_tool.badges.clr import Transcript
from lti_tool.badges.data_integrity import ProofCheck, ProofOutcome
from lti_tool.badges.open_badges import Badge


class Status(StrEnum):
    """What the issuer's status list says."""

    GOOD = "good"
    REVOKED = "revoked"
    NONE = "none"  # the credential names no list: it cannot be revoked
    UNREADABLE = "unreadable"  # the list it names cannot be read, so nothing is known


class Dates(StrEnum):
    """How now lies to the dates in the credential."""

    CURRENT = "current"
    NOT_YET = "not_yet"
    EXPIRED = "expired"


class Verdict(StrEnum):
    """What all of it comes to."""

    VALID = "valid"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    ALTERED = "altered"  # not what the issuer signed
    UNPROVEN = "unproven"  # whether it is genuine cannot be told


# A proof that fails in these ways was tampered with; in the others we cannot tell.
_ALTERED = {ProofOutcome.WRONG, ProofOutcome.UNSAFE, ProofOutcome.KEY_OF_ANOTHER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found out about one signed document.

    Attributes:
        at: when it was judged.
    """

    proof: ProofCheck
    status: Status
    dates: Dates
    at: datetime

    @property
    def verdict(self) -> Verdict:
        """What to tell whoever was shown it; the first that applies."""
        if not self.proof.verified:
            altered = self.proof.outcome in _ALTERED
            return Verdict.ALTERED if altered else Verdict.UNPROVEN
        if self.status is Status.REVOKED:
            return Verdict.REVOKED
        if self.status is Status.UNREADABLE:
            return Verdict.UNPROVEN
        if self.dates is Dates.EXPIRED:
            return Verdict.EXPIRED
        if self.dates is Dates.NOT_YET:
            return Verdict.NOT_YET
        return Verdict.VALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination(Judgement):
    """What was found out about one credential."""

    badge: Badge

    @property
    def said(self) -> Badge:
        """What the document says, whichever kind it is of."""
        return self.badge


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptExamination(Judgement):
    """What was found out about a transcript as a whole; each credential in it is another matter."""

    transcript: Transcript

    @property
    def said(self) -> Transcript:
        """What the document says, whichever kind it is of."""
        return self.transcript


def examine(badge: Badge, *, proof: ProofCheck, status: Status, at: datetime) -> Examination:
    """Judge a credential.

    Args:
        badge: what `open_badges.read` made of the document.
        proof: what checking its proof came to.
        status: what the list says at the credential's place.
        at: the instant to judge by, aware.
    """
    dates = _dates(badge.valid_from, badge.valid_until, at)
    return Examination(badge=badge, proof=proof, status=status, dates=dates, at=at)


def examine_transcript(
    transcript: Transcript, *, proof: ProofCheck, status: Status, at: datetime
) -> TranscriptExamination:
    """Judge a transcript as a whole, as `examine` does a credential."""
    return TranscriptExamination(
        transcript=transcript,
        proof=proof,
        status=status,
        dates=_dates(transcript.valid_from, None, at),
        at=at,
    )


def _dates(valid_from: datetime, valid_until: datetime | None, at: datetime) -> Dates:
    if at < valid_from:
        return Dates.NOT_YET
    if valid_until is not None and at >= valid_until:
        return Dates.EXPIRED
    return Dates.CURRENT
