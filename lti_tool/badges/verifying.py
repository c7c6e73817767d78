"""Checking what somebody shows us, against what we hold of the issuers here.

Anybody may ask, so size, depth, blank nodes and look-alikes are bounded (in `carriers` and
`canonical`), what is costly is done in a process that may be killed (`reader`), the cheap questions
come first, and nothing is fetched.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from lti_tool.badges import (
    clr,
    did_web,
    kept_proofs,
    open_badges,
    queries,
    reader,
    signing,
    transcribing,
    vc_jwt,
)
from lti_tool.badges.carriers import Carrier, Codes, Found, NoCredentialError
from lti_tool.badges.clr import NotATranscriptError, Transcript
from lti_tool.badges.data_integrity import ProofCheck
from lti_tool.badges.errors import (
    TakenBackTranscriptError,
    UnknownCredentialError,
    UnknownShareError,
    UnreadableCredentialError,
)
from lti_tool.badges.examination import (
    Examination,
    Status,
    TranscriptExamination,
    Verdict,
    examine,
    examine_transcript,
)
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.open_badges import Badge, NotAnOpenBadgeError, StatusEntry
from lti_tool.badges.queries import Shared
from lti_tool.badges.rules import AchievementDraft, Shows
from lti_tool.badges.services import count_opening
from lti_tool.badges.stacking import Larger, list_larger
from lti_tool.core import clock, settings
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId, CredentialId, InstitutionId, TranscriptId
from lti_tool.core.language import phrase, recalled
from lti_tool.core.secret import hash_of
from lti_tool.people.queries import display_names

_NO_LINK = phrase(
    "No badge is shared here: a part of the link is missing, or its holder has ended it."
)
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
_SHARE_PATH = re.compile(r"/i/([a-z0-9-]+)/shared/([A-Za-z0-9_-]+?)(?:\.json)?")
_TRANSCRIPT_PATH = re.compile(r"/i/([a-z0-9-]+)/transcripts/([A-Za-z0-9_-]+?)(?:\.json)?")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


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
    earned: "Earned | None" = None

    @property
    def document(self) -> dict[str, Any]:
        """The credential as it was shown."""
        return self.found.document


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """What an issuer here says today of what was earned.

    Attributes:
        content: what the edition said that was earned; None where the file names none of ours.
        replaced_by: name and id of the achievement that has taken its place, if one has.
        larger: what it counts toward now.
    """

    content: AchievementDraft | None
    newest_edition: int
    replaced_by: tuple[str, AchievementId] | None
    larger: tuple[Larger, ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTranscript:
    """What a link to a transcript shows."""

    checked: CheckedTranscript
    issuer: Issuer
    transcript_id: TranscriptId


@dataclass(frozen=True, slots=True)
class Link:
    """A link of ours that a code in a picture says; what it shows was not looked at."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a share link shows.

    Attributes:
        holder: the name, if the holder chose to show it and a platform gave one, or had it signed.
        earned: what is said today of what was earned.
    """

    checked: Checked
    issuer: Issuer
    shared: Shared
    holder: str | None
    earned: Earned


def find_issuer(slug: str) -> Issuer:
    """Return the issuer of that name.

    Raises:
        NotFoundError: none here has it.
    """
    if not _SLUG.fullmatch(slug):
        raise NotFoundError(phrase("Nobody issues badges at this address."))
    with system_transaction() as session:
        return queries.get_issuer(session, slug)


def parse_share_url(url: str) -> tuple[str, str] | None:
    """Return slug and token of a link of ours to a badge; None for anything else."""
    return _parse(_SHARE_PATH, url)


def parse_transcript_url(url: str) -> tuple[str, str] | None:
    """Return slug and token of a link of ours to a transcript; None for anything else."""
    return _parse(_TRANSCRIPT_PATH, url)


def _parse(pattern: re.Pattern[str], url: str) -> tuple[str, str] | None:
    host = settings.current().issuer_url
    if not url.startswith(f"{host}/"):
        return None
    match = pattern.fullmatch(urlsplit(url.removeprefix(host)).path)
    return (match[1], match[2]) if match else None


def open_share(slug: str, token: str, *, count: bool = True) -> Opened:
    """Return what a link shows, checked now.

    Args:
        slug: the issuer's.
        token: from the link.
        count: whether somebody has opened it, as its maker sees.

    Raises:
        NotFoundError: as `find_issuer`.
        UnknownShareError: there is no such link, or its maker ended it.
    """
    issuer = find_issuer(slug)
    if not _TOKEN.fullmatch(token):
        raise UnknownShareError(_NO_LINK)
    with transaction(issuer.institution_id) as session:
        shared = queries.find_shared(session, hash_of(token), clock.now())
        if shared is None:
            raise UnknownShareError(_NO_LINK)
        if count:
            count_opening(session, hash_of(token))
    return _opened(issuer, shared)


def preview_share(
    institution_id: InstitutionId, credential_id: CredentialId, *, shows: Shows
) -> Opened:
    """Return what a link to a credential would show. Whose it is, the caller has asked.

    Raises:
        UnknownCredentialError: there is none, or it is not signed yet.
    """
    with transaction(institution_id) as session:
        issuer = queries.get_issuer_of(session, institution_id)
        shared = queries.find_shown(
            session, credential_id, show_name=shows.name, show_result=shows.result
        )
    if shared is None:
        raise UnknownCredentialError
    return _opened(issuer, shared)


def _opened(issuer: Issuer, shared: Shared) -> Opened:
    with transaction(issuer.institution_id) as session:
        earned = _earned(session, shared.achievement_id, shared.content)
        names = display_names(session, [shared.person_id]) if shared.show_name else {}
    checked = check(shared.document)
    return Opened(
        checked=checked,
        issuer=issuer,
        shared=shared,
        holder=names.get(shared.person_id) or checked.examination.badge.particulars.name,
        earned=earned,
    )


def open_transcript(slug: str, token: str) -> OpenedTranscript:
    """Return the transcript that a link shows, checked now.

    Raises:
        NotFoundError: as `find_issuer`.
        UnknownShareError: there is no such link.
        TakenBackTranscriptError: it is closed.
    """
    issuer, transcript_id, document = _find_transcript(slug, token)
    found = Found(carrier=Carrier.TEXT, document=document, compact=None)
    return OpenedTranscript(
        checked=_check_transcript(found, _verify_here), issuer=issuer, transcript_id=transcript_id
    )


def find_transcript(slug: str, token: str) -> tuple[InstitutionId, TranscriptId]:
    """Return whose transcript a link shows and which, as `open_transcript`, without checking it.

    Raises:
        NotFoundError: as `find_issuer`.
        UnknownShareError: there is no such link.
        TakenBackTranscriptError: it is closed.
    """
    issuer, transcript_id, _ = _find_transcript(slug, token)
    return issuer.institution_id, transcript_id


def _find_transcript(slug: str, token: str) -> tuple[Issuer, TranscriptId, dict[str, Any]]:
    issuer = find_issuer(slug)
    if not _TOKEN.fullmatch(token):
        raise UnknownShareError(_NO_LINK)
    with transaction(issuer.institution_id) as session:
        row = transcribing.find_linked(session, hash_of(token))
        if row is None:
            raise UnknownShareError(_NO_LINK)
        if row.revoked_at is not None:
            raise TakenBackTranscriptError
        return issuer, row.id, transcribing.document_of(row)


def check_data(data: bytes) -> Checked | CheckedTranscript:
    """Examine what was handed in: a file, a text, or a picture of a code that leads to a badge.

    Raises:
        UnreadableCredentialError: there is no Open Badge in it in a form that is safe to show.
        UnknownShareError: a code leads to a link that shows nothing (any more).
        TakenBackTranscriptError: a code leads to a transcript that was taken back.
        BusyError: many are asking at once.
    """
    found = look_into(data)
    return check_link(found.url) if isinstance(found, Link) else check_found(found)


def look_into(data: bytes) -> Found | Link:
    """Return the credential in what was handed in, or the link of ours that a code on it says.

    Raises:
        UnreadableCredentialError: neither is there.
        BusyError: many are asking at once.
    """
    if not data.strip():
        raise UnreadableCredentialError(phrase("Choose a file, or paste a link or a credential."))
    try:
        found = reader.find(data)
    except (NoCredentialError, reader.TooCostlyError) as error:
        raise UnreadableCredentialError(recalled(str(error))) from error
    if isinstance(found, Codes):
        return _link_in(found.texts)
    return found


def check_found(found: Found) -> Checked | CheckedTranscript:
    """Examine a credential that was handed in.

    Raises:
        UnreadableCredentialError: it is not an Open Badge in a form that is safe to show.
        BusyError: many are asking at once.
    """
    if clr.is_transcript(found.document):
        return _check_transcript(found, _verify_apart)
    return _with_earned(_check(found, _verify_apart))


def check_link(url: str) -> Checked | CheckedTranscript:
    """Examine what a link of ours shows; nobody is counted as having opened it.

    Raises:
        UnreadableCredentialError: it is none of ours.
        UnknownShareError: it shows nothing (any more).
        TakenBackTranscriptError: it led to a transcript that was taken back.
    """
    transcript = parse_transcript_url(url)
    if transcript is not None:
        return open_transcript(*transcript).checked
    address = parse_share_url(url)
    if address is None:
        raise UnreadableCredentialError(
            phrase("Only links to badges shared from here can be checked.")
        )
    return open_share(*address, count=False).checked


def _with_earned(checked: Checked) -> Checked:
    """Add what is said today of what was earned, where it is certain who signed."""
    issuer, told = checked.issuer, checked.examination.badge.achievement
    if issuer is None or not checked.examination.proof.verified:
        return checked
    with transaction(issuer.institution_id) as session:
        try:
            named = AchievementId(UUID(told.id.rpartition("/")[2]))
            achievement = queries.get_achievement(session, named)
        except (ValueError, NotFoundError):
            return checked
        content = next(
            (
                AchievementDraft.from_json(one.content)
                for one in queries.list_editions(session, achievement.id)
                if str(one.edition) == told.version
            ),
            None,
        )
        return replace(checked, earned=_earned(session, achievement.id, content))


def _earned(
    session: Session, achievement_id: AchievementId, content: AchievementDraft | None
) -> Earned:
    achievement = queries.get_achievement(session, achievement_id)
    replaced_by = None
    if achievement.replaced_by_id is not None:
        successor = queries.get_achievement(session, achievement.replaced_by_id)
        replaced_by = (successor.name, successor.id)
    return Earned(
        content=content,
        newest_edition=achievement.edition,
        replaced_by=replaced_by,
        larger=list_larger(session, achievement_id),
    )


def _link_in(texts: tuple[str, ...]) -> Link:
    links = {text for text in texts if parse_share_url(text) or parse_transcript_url(text)}
    if not links:
        raise UnreadableCredentialError(
            phrase(
                "There is a QR code on it, but it does not lead to a badge that was issued here."
            )
        )
    if len(links) > 1:
        raise UnreadableCredentialError(
            phrase("There are QR codes of several badges on it. Show one at a time.")
        )
    return Link(links.pop())


def check(document: dict[str, Any]) -> Checked:
    """Examine a credential of ours now, in this process.

    Raises:
        UnreadableCredentialError: it is not an Open Badge in the one form that is safe to show.
    """
    found = Found(carrier=Carrier.TEXT, document=document, compact=None)
    return _check(found, _verify_here)


# Checks the proofs of several documents of one issuer.
_Verify = Callable[[Sequence[Found], Issuer | None], Sequence[ProofCheck]]


def _check(found: Found, verify: _Verify) -> Checked:
    badge = _read_badge(found)
    issuer = _issuer_of(badge.issuer.id)
    (proof,) = verify([found], issuer)
    return _checked(found, badge, issuer, proof)


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
        status=_status(issuer, badge.status) if issuer else Status.UNREADABLE,
        at=clock.now(),
    )
    return Checked(examination=examination, issuer=issuer, found=found)


def _check_transcript(found: Found, verify: _Verify) -> CheckedTranscript:
    try:
        transcript = clr.read(found.document)
    except NotATranscriptError as error:
        raise UnreadableCredentialError(
            phrase("It is not a transcript (CLR 2.0) as we can read it: %(value)s.", value=error)
        ) from error
    issuer = _issuer_of(transcript.issuer.id)
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
            _checked(part, badge, _issuer_of(badge.issuer.id), own)
            for part, badge, own in zip(
                parts, transcript.badges, verify(parts, issuer), strict=True
            )
        )
    examination = examine_transcript(
        transcript,
        proof=proof,
        status=_status(issuer, transcript.status) if issuer else Status.UNREADABLE,
        at=clock.now(),
    )
    return CheckedTranscript(
        examination=examination, issuer=issuer, found=found, contained=contained
    )


def _verify_here(found: Sequence[Found], issuer: Issuer | None) -> list[ProofCheck]:
    methods, now = signing.methods(issuer) if issuer else (), clock.now()
    return [kept_proofs.verify(one.document, methods=methods, at=now) for one in found]


def _verify_apart(found: Sequence[Found], issuer: Issuer | None) -> list[ProofCheck]:
    first = found[0]
    if first.compact is not None:  # always alone: what is in a token is in no token of its own
        published = signing.published_jwks(issuer) if issuer else ()
        return [vc_jwt.verify(first.compact, published=published)]
    methods = signing.methods(issuer) if issuer else ()
    return reader.verify_all([one.document for one in found], methods=methods, at=clock.now())


def _issuer_of(did: str) -> Issuer | None:
    """Return the issuer here that has the did, or None."""
    prefix = did_web.did_of(settings.current().issuer_url) + ":i:"
    if not did.startswith(prefix):
        return None
    try:
        return find_issuer(did.removeprefix(prefix))
    except NotFoundError:
        return None


def _status(issuer: Issuer, entry: StatusEntry | None) -> Status:
    """Look at the credential's bit: the list is ours, so its rows are newer than any copy."""
    if entry is None:
        return Status.NONE
    number = entry.list_url.removeprefix(issuer.status_list_url(0).removesuffix("0"))
    if not (number.isascii() and number.isdigit() and len(number) < 10):  # noqa: PLR2004 - an int4
        return Status.UNREADABLE
    with transaction(issuer.institution_id) as session:
        found = queries.find_status_list(session, int(number))
        if found is None:
            return Status.UNREADABLE
        revoked = queries.is_revoked(session, found.id, entry.index)
    return Status.REVOKED if revoked else Status.GOOD
