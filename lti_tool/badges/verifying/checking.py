"""Examining one document, with all that is in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lti_tool.badges import clr, kept_proofs, open_badges, reader, signing, vc_jwt
from lti_tool.badges.carriers import Carrier, Found
from lti_tool.badges.clr import NotATranscriptError, Transcript
from lti_tool.badges.data_integrity import ProofCheck
from lti_tool.badges.errors import UnreadableCredentialError
from lti_tool.badges.examination import (
    Examination,
    Status,
    TranscriptExamination,
    Verdict,
    examine,
    examine_transcript,
)
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.open_badges import Badge, NotAnOpenBadgeError
from lti_tool.badges.verifying.earned import Earned
from lti_tool.badges.verifying.issuers import issuer_of, status_at
from lti_tool.core import clock
from lti_tool.core.language import phrase

# Checks the proofs of several documents of one issuer.
Verify = Callable[[Sequence[Found], Issuer | None], Sequence[ProofCheck]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The examination of a document that was handed in.

    Attributes:
        issuer: None when it is none of those here; then nothing could be looked up.
        found: the credential, and what it came in.
        earned: what is known here of what was earned, if it was surely signed here and handed in
            itself.
    """

    examination: Examination
    issuer: Issuer | None
    found: Found
    earned: Earned | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The credential as it was shown."""
        return self.found.document


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTranscript:
    """The examination of a transcript that was handed in, and of all that is in it.

    Attributes:
        issuer: as of `Checked`.
        found: the transcript, and what it came in.
        contained: each credential in it by itself, in its order; empty unless the transcript is
            surely what one of the issuers here signed.
    """

    examination: TranscriptExamination
    issuer: Issuer | None
    found: Found
    contained: tuple[Checked, ...] = ()

    @property
    def transcript(self) -> Transcript:
        """What it says."""
        return self.examination.transcript

    @property
    def document(self) -> dict[str, Any]:
        """The transcript as it was shown."""
        return self.found.document

    @property
    def is_sound(self) -> bool:
        """Whether it and all that is in it is genuine and was not taken back."""
        stands = {Verdict.VALID, Verdict.EXPIRED}
        return self.examination.verdict is Verdict.VALID and all(
            one.examination.verdict in stands for one in self.contained
        )


def check(document: dict[str, Any]) -> Checked:
    """Examine a credential of ours now, in this process.

    Raises:
        UnreadableCredentialError: it is not an Open Badge in the one form that is safe to show.
    """
    found = Found(carrier=Carrier.TEXT, document=document, compact=None)
    return check_badge(found, verify_here)


def check_badge(found: Found, verify: Verify) -> Checked:
    """Examine a badge.

    Raises:
        UnreadableCredentialError: it is not an Open Badge in the one form that is safe to show.
    """
    badge = _read_badge(found)
    issuer = issuer_of(badge.issuer.id)
    (proof,) = verify([found], issuer)
    return _checked(found, badge, issuer, proof)


def check_transcript(found: Found, verify: Verify) -> CheckedTranscript:
    """Examine a transcript and, if it is surely of an issuer here, all that is in it.

    Raises:
        UnreadableCredentialError: it is not one in the one form that is safe to show.
    """
    try:
        transcript = clr.read(found.document)
    except NotATranscriptError as error:
        raise UnreadableCredentialError(
            phrase("It is not a transcript (CLR 2.0) as we can read it: %(value)s.", value=error)
        ) from error
    issuer = issuer_of(transcript.issuer.id)
    (proof,) = verify([found], issuer)
    contained: tuple[Checked, ...] = ()
    # What somebody made up is not looked into: its parts could be many, and cost much.
    if proof.verified:
        parts = [
            Found(carrier=Carrier.TEXT, document=document, compact=None)
            for document in transcript.credentials
        ]
        # An issuer here puts only what it signed itself into a transcript.
        contained = tuple(
            _checked(part, badge, issuer_of(badge.issuer.id), own)
            for part, badge, own in zip(
                parts, transcript.badges, verify(parts, issuer), strict=True
            )
        )
    examination = examine_transcript(
        transcript,
        proof=proof,
        status=status_at(issuer, transcript.status) if issuer else Status.UNREADABLE,
        at=clock.now(),
    )
    return CheckedTranscript(
        examination=examination, issuer=issuer, found=found, contained=contained
    )


def verify_here(found: Sequence[Found], issuer: Issuer | None) -> list[ProofCheck]:
    """Check the proofs of what we keep ourselves, in this process."""
    methods, now = signing.methods(issuer) if issuer else (), clock.now()
    return [kept_proofs.verify(one.document, methods=methods, at=now) for one in found]


def verify_apart(found: Sequence[Found], issuer: Issuer | None) -> list[ProofCheck]:
    """Check the proofs of what strangers hand in, in a process that may be killed."""
    first = found[0]
    if first.compact is not None:  # always alone: what is in a token is in no token of its own
        published = signing.published_jwks(issuer) if issuer else ()
        return [vc_jwt.verify(first.compact, published=published)]
    methods = signing.methods(issuer) if issuer else ()
    return reader.verify_all([one.document for one in found], methods=methods, at=clock.now())


def _read_badge(found: Found) -> Badge:
    try:
        return open_badges.read(found.document)
    except NotAnOpenBadgeError as error:
        raise UnreadableCredentialError(
            phrase(
                "It is not an Open Badge 3.0 as we can read it: %(value)s.",
                value=error,
            )
        ) from error


def _checked(found: Found, badge: Badge, issuer: Issuer | None, proof: ProofCheck) -> Checked:
    examination = examine(
        badge,
        proof=proof,
        status=status_at(issuer, badge.status) if issuer else Status.UNREADABLE,
        at=clock.now(),
    )
    return Checked(examination=examination, issuer=issuer, found=found)
