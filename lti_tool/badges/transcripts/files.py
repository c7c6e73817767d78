"""A transcript as files: the signed document in its two forms, and as PDF to print and to send.

The functions are transactions and may sign; call them with none open.
"""

import json
from enum import StrEnum

from lti_tool.badges import clr, open_badges, typesetting, vc_jwt
from lti_tool.badges.clr import Group, Transcript
from lti_tool.badges.errors import UnprintableNameError
from lti_tool.badges.exporting import File
from lti_tool.badges.open_badges import Badge
from lti_tool.badges.queries import get_issuer_of
from lti_tool.badges.transcripts import kept, links, making
from lti_tool.badges.typesetting import UnprintableError, day, qr_code
from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId, TranscriptId
from lti_tool.core.language import phrase

ATTACHED = "transcript.json"


class TranscriptKind(StrEnum):
    """The forms in which a transcript is handed out; each is its file's ending."""

    JSON = "json"
    JWT = "jwt"


def transcript_file(
    institution_id: InstitutionId, transcript_id: TranscriptId, kind: TranscriptKind
) -> File:
    """Return a signed transcript in one of its forms. Whose it is, the caller has asked.

    Raises:
        UnknownTranscriptError: there is none.
    """
    if kind is TranscriptKind.JWT:
        compact = making.compact_form(institution_id, transcript_id)
        return File("transcript.jwt", compact.encode(), vc_jwt.MEDIA_TYPE)
    with transaction(institution_id) as session:
        document = kept.document_of(kept.get_transcript(session, transcript_id))
    text = json.dumps(document, ensure_ascii=False)
    return File("transcript.json", text.encode(), open_badges.MEDIA_TYPE)


def transcript_pdf(
    institution_id: InstitutionId, transcript_id: TranscriptId, *, verify_path: str
) -> File:
    """Return a transcript as PDF, with its link in the QR code.

    Args:
        institution_id: whose.
        transcript_id: which; whose it is, the caller has asked.
        verify_path: of the page that takes files.

    Raises:
        UnknownTranscriptError: there is none, or it was taken back.
        UnprintableNameError: we have no font for something in it.
    """
    with transaction(institution_id) as session:
        document = kept.document_of(kept.get_transcript(session, transcript_id))
        issuer = get_issuer_of(session, institution_id)
    link = issuer.transcript_url(links.token_of(institution_id, transcript_id))
    try:
        data = typeset(
            clr.read(document),
            document=json.dumps(document, ensure_ascii=False),
            link=link,
            verify_url=f"{issuer.host_url}{verify_path}",
        )
    except UnprintableError as error:
        raise UnprintableNameError(phrase("We cannot print “%(value)s”.", value=error)) from error
    # Only now: what cannot be printed leaves no link behind.
    links.link_to(institution_id, transcript_id)
    return File("transcript.pdf", data, typesetting.MEDIA_TYPE)


def typeset(transcript: Transcript, *, document: str, link: str, verify_url: str) -> bytes:
    """Return the PDF; the same bytes for the same transcript.

    Args:
        transcript: what is printed.
        document: the text to attach.
        link: what the QR code leads to, absolute.
        verify_url: the page that takes files.

    Raises:
        UnprintableError: a character that none of the fonts has.
    """
    issued = transcript.valid_from
    groups = transcript.groups
    return typesetting.typeset(
        "transcript.typ",
        {
            "title": "Partial transcript" if transcript.is_partial else "Transcript",
            "issuer": transcript.issuer.name,
            "description": transcript.name,
            "holder": transcript.holder.name,
            "date": [issued.year, issued.month, issued.day],
            "issued": day(issued),
            "scope": (
                "It holds a part of what the issuer has awarded to its holder."
                if transcript.is_partial
                else "It holds all that the issuer has awarded to its holder and that stood then."
            ),
            "groups": [_group(transcript, group, is_only=len(groups) == 1) for group in groups],
            "link": link,
            "verify": verify_url,
            "qr": qr_code(link),
            "credential": document,
            "file": ATTACHED,
            "media_type": open_badges.MEDIA_TYPE,
        },
    )


def _group(transcript: Transcript, group: Group, *, is_only: bool) -> dict[str, object]:
    crown = None if group.crown is None else transcript.badges[group.crown]
    if group.name is None:
        name, words = ("Badges" if is_only else "Further badges"), None
    elif crown is None:
        name, words = group.name, "Not completed yet. What counts toward it:"
    else:
        name = group.name
        words = f"Awarded on {day(crown.given_at)}. The award itself, and what counts toward it:"
    rows = [transcript.badges[place] for place in group.parts]
    told = (*_first(crown), *rows)
    # No column that is empty all the way down.
    with_results = any(one.particulars.results for one in told)
    return {
        "name": name,
        "words": words,
        "results": with_results,
        "rows": [_row(one, with_results=with_results) for one in told],
    }


def _first(crown: Badge | None) -> tuple[Badge, ...]:
    return () if crown is None else (crown,)


def _row(badge: Badge, *, with_results: bool) -> list[str]:
    credits_, results = badge.achievement.credits, badge.particulars.results
    return [
        badge.achievement.name,
        *([f"{results[0].value} of {results[0].most}" if results else ""] if with_results else []),
        "" if credits_ is None else f"{credits_.normalize():f}",
        day(badge.given_at),
        "" if badge.valid_until is None else day(badge.valid_until),
    ]
