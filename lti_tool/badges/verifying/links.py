"""What a link to a badge or a transcript shows."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lti_tool.badges import queries
from lti_tool.badges.carriers import Carrier, Found
from lti_tool.badges.errors import (
    TakenBackTranscriptError,
    UnknownCredentialError,
    UnknownShareError,
)
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.queries import Shared
from lti_tool.badges.rules import Shows
from lti_tool.badges.services import count_opening
from lti_tool.badges.transcripts.kept import document_of
from lti_tool.badges.transcripts.links import find_linked
from lti_tool.badges.verifying.checking import (
    Checked,
    CheckedTranscript,
    check,
    check_transcript,
    verify_here,
)
from lti_tool.badges.verifying.earned import Earned, earned_of
from lti_tool.badges.verifying.issuers import find_issuer
from lti_tool.core import clock, settings
from lti_tool.core.db import transaction
from lti_tool.core.ids import CredentialId, InstitutionId, TranscriptId
from lti_tool.core.language import phrase
from lti_tool.core.secret import hash_of
from lti_tool.people.queries import display_names

_NO_LINK = phrase(
    "No badge is shared here: a part of the link is missing, or its holder has ended it."
)
_SHARE_PATH = re.compile(r"/i/([a-z0-9-]+)/shared/([A-Za-z0-9_-]+?)(?:\.json)?")
_TRANSCRIPT_PATH = re.compile(r"/i/([a-z0-9-]+)/transcripts/([A-Za-z0-9_-]+?)(?:\.json)?")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTranscript:
    """What a link to a transcript shows."""

    checked: CheckedTranscript
    issuer: Issuer
    transcript_id: TranscriptId


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
        earned = earned_of(session, shared.achievement_id, shared.content)
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
        checked=check_transcript(found, verify_here), issuer=issuer, transcript_id=transcript_id
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
        row = find_linked(session, hash_of(token))
        if row is None:
            raise UnknownShareError(_NO_LINK)
        if row.revoked_at is not None:
            raise TakenBackTranscriptError
        return issuer, row.id, document_of(row)
