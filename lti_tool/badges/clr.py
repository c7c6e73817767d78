"""Comprehensive Learner Record 2.0 documents (https://www.imsglobal.org/spec/clr/v2p0/).

A transcript: one person's signed credentials together, and how their achievements hang together.
It is signed like a badge; each credential in it keeps the proof of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from lti_tool.badges import open_badges, particulars, status_list
from lti_tool.badges.data_integrity import parse_xml_datetime, xml_datetime
from lti_tool.badges.open_badges import (
    Achievement,
    Badge,
    Issuer,
    NotAnOpenBadgeError,
    StatusEntry,
)
from lti_tool.badges.particulars import NOTHING, Particulars

CONTEXT = [
    open_badges.CONTEXT[0],
    # The context without a number in its address lacks a term that ours need.
    "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",
    open_badges.CONTEXT[1],
]
TYPE = "ClrCredential"
# Of one transcript; four years of a degree have fewer. More would take long to check.
MOST_CREDENTIALS = 80


class NotATranscriptError(ValueError):
    """The document is not a ClrCredential as we can show it."""


class AssociationKind(StrEnum):
    """How one achievement stands to another; words of CLR 2.0."""

    PARENT = "isParentOf"  # a certificate to what it is made of
    PRECEDES = "precedes"  # what has to be there before to what asks for it
    REPLACED = "replacedBy"  # an older achievement to what took its place


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """What holds from one achievement to another; both by their addresses."""

    kind: AssociationKind
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What of a transcript belongs together, as places among its credentials.

    Attributes:
        name: of the achievement that the parts stack up to; None for what belongs to none.
        crown: the credential for that achievement; None: it is not earned.
        parts: in the transcript's order.
    """

    name: str | None
    crown: int | None
    parts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """A transcript without its proof.

    Attributes:
        id: its own, absolute.
        name: what it is called.
        subject_id: a `urn:uuid` made for it alone.
        valid_from: aware.
        status: None only in documents of others.
        holder: name and identifier of the holder, as far as it says them.
        credentials: the signed documents in it, at least one.
        beside: achievements that the associations name and no credential in it is for.
        is_partial: the issuer knows of more.
    """

    id: str
    name: str
    issuer: Issuer
    subject_id: str
    valid_from: datetime
    credentials: tuple[dict[str, Any], ...]
    associations: tuple[Association, ...] = ()
    beside: tuple[Achievement, ...] = ()
    is_partial: bool = False
    status: StatusEntry | None = None
    holder: Particulars = NOTHING

    @cached_property
    def badges(self) -> tuple[Badge, ...]:
        """What the credentials in it say."""
        return tuple(map(open_badges.read, self.credentials))

    @property
    def valid_until(self) -> None:
        """A transcript does not end; what is in it may."""
        return None

    @property
    def names(self) -> dict[str, str]:
        """The name of every achievement in it, by address; of several editions the newest."""
        held = (badge.achievement for badge in sorted(self.badges, key=lambda one: one.valid_from))
        return {one.id: one.name for one in (*self.beside, *held)}

    @property
    def groups(self) -> tuple[Group, ...]:
        """The credentials by what they stack up to; what does not stack comes last."""
        places: dict[str, list[int]] = {}
        for place, badge in enumerate(self.badges):
            places.setdefault(badge.achievement.id, []).append(place)
        parts: dict[str, set[int]] = {}
        for one in self.associations:
            if one.kind is AssociationKind.PARENT:
                parts.setdefault(one.source, set()).update(places.get(one.target, ()))
        grouped = [
            Group(
                name=self.names[source],
                crown=max(places.get(source, ()), default=None),
                parts=tuple(sorted(inner)),
            )
            for source, inner in parts.items()
        ]
        shown = {place for group in grouped for place in (group.crown, *group.parts)}
        rest = tuple(place for place in range(len(self.badges)) if place not in shown)
        return (*grouped, *([Group(name=None, crown=None, parts=rest)] if rest else []))

    def to_json(self) -> dict[str, Any]:
        """Return the document to sign."""
        subject = {
            "id": self.subject_id,
            "type": ["ClrSubject"],
            "identifier": self.holder.identifiers_json(),
            "verifiableCredential": list(self.credentials),
            "achievement": [open_badges.achievement_json(one) for one in self.beside],
            "association": [_association_json(one) for one in self.associations],
        }
        document: dict[str, Any] = {
            "@context": list(CONTEXT),
            "id": self.id,
            "type": ["VerifiableCredential", TYPE],
            "name": self.name,
            "issuer": open_badges.profile_json(self.issuer),
            "validFrom": xml_datetime(self.valid_from),
            "partial": self.is_partial,
            "credentialSubject": {name: value for name, value in subject.items() if value},
        }
        if self.status is not None:
            document["credentialStatus"] = status_list.entry(
                self.status.list_url, self.status.index
            )
        return document


def is_transcript(document: object) -> bool:
    """Tell whether a document calls itself a transcript."""
    return isinstance(document, Mapping) and TYPE in _list(document.get("type"))


def read(document: object) -> Transcript:
    """Return what a transcript says, if it says it in the one form we write.

    Call this before showing any of it: a proof covers the meaning of a document, and only in this
    form is the meaning what one reads. Of the credentials in it nothing is verified by this.

    Raises:
        NotATranscriptError: something else, or with contexts or types of its own.
    """
    if not isinstance(document, Mapping) or not is_transcript(document):
        raise NotATranscriptError(f"not of type {TYPE}")
    if document.get("@context") != CONTEXT:
        raise NotATranscriptError(f"contexts other than {CONTEXT}")
    subject = _object(document.get("credentialSubject"))
    credentials = _objects(subject, "verifiableCredential")
    if not 0 < len(credentials) <= MOST_CREDENTIALS:
        raise NotATranscriptError(f"not one to {MOST_CREDENTIALS} credentials")
    beside = _objects(subject, "achievement")
    # The credentials bring the contexts of badges; another could give a word another meaning.
    rest = {name: value for name, value in subject.items() if name != "verifiableCredential"}
    outside = {name: value for name, value in document.items() if name not in _READ_APART}
    if _has_context(rest) or _has_context(outside):
        raise NotATranscriptError("a context inside")
    try:
        name, identity = particulars.read_identifiers(subject)
        transcript = Transcript(
            id=_text(document, "id"),
            name=_text(document, "name"),
            issuer=open_badges.read_issuer(document),
            subject_id=_text(subject, "id"),
            valid_from=parse_xml_datetime(document.get("validFrom")),
            credentials=tuple(map(dict, credentials)),
            associations=tuple(map(_read_association, _objects(subject, "association"))),
            beside=tuple(map(open_badges.read_achievement, beside)),
            is_partial=document.get("partial") is True,
            status=open_badges.read_status(document),
            holder=Particulars(name=name, identity=identity),
        )
        known = {badge.achievement.id for badge in transcript.badges}
    except (ValueError, NotAnOpenBadgeError) as error:
        raise NotATranscriptError(str(error)) from error
    known |= {one.id for one in transcript.beside}
    if any(one.source not in known or one.target not in known for one in transcript.associations):
        raise NotATranscriptError("an association of something that is not in it")
    if "validUntil" in document:
        raise NotATranscriptError("an end, which transcripts have none of")
    return transcript


# Parts that are read, or verified, by themselves.
_READ_APART = frozenset({"@context", "credentialSubject", "proof"})


def _association_json(association: Association) -> dict[str, str]:
    return {
        "type": "Association",
        "associationType": association.kind.value,
        "sourceId": association.source,
        "targetId": association.target,
    }


def _read_association(document: Mapping[str, Any]) -> Association:
    return Association(
        kind=AssociationKind(_text(document, "associationType")),
        source=_text(document, "sourceId"),
        target=_text(document, "targetId"),
    )


def _has_context(value: object) -> bool:
    if isinstance(value, Mapping):
        return "@context" in value or any(map(_has_context, value.values()))
    return isinstance(value, list) and any(map(_has_context, value))


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise NotATranscriptError("a part that is no object")
    return value


def _objects(holder: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = holder.get(name, [])
    if not isinstance(found, list):
        raise NotATranscriptError(f"{name} is no list")
    return [_object(one) for one in found]


def _text(holder: Mapping[str, Any], name: str) -> str:
    found = holder.get(name)
    if not isinstance(found, str) or not found:
        raise NotATranscriptError(f"no {name}")
    return found


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
