"""Examining what somebody hands in: a file, a text, a picture, a link."""

from dataclasses import dataclass, replace
from uuid import UUID

from lti_tool.badges import clr, queries, reader
from lti_tool.badges.carriers import Codes, Found, NoCredentialError
from lti_tool.badges.errors import UnreadableCredentialError
from lti_tool.badges.rules import AchievementDraft
from lti_tool.badges.verifying.checking import (
    Checked,
    CheckedTranscript,
    check_badge,
    check_transcript,
    verify_apart,
)
from lti_tool.badges.verifying.earned import earned_of
from lti_tool.badges.verifying.links import (
    open_share,
    open_transcript,
    parse_share_url,
    parse_transcript_url,
)
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId
from lti_tool.core.language import phrase, recalled


@dataclass(frozen=True, slots=True)
class Link:
    """A link of ours that a code in a picture says; what it shows was not looked at."""

    url: str


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
        return check_transcript(found, verify_apart)
    return _with_earned(check_badge(found, verify_apart))


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
        return replace(checked, earned=earned_of(session, achievement.id, content))


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
