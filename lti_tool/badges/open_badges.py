"""Open Badges 3.0 documents (https://www.imsglobal.org/spec/ob/v3p0/).

What is signed when something is earned says as little as possible: that somebody, named only by a
number of this credential's own, met the criteria of an achievement, and when. What a holder asks
for beyond that is in `particulars`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from lti_tool.badges import micro_credentials, particulars, status_list
from lti_tool.badges.data_integrity import issuer_id, parse_xml_datetime, xml_datetime
from lti_tool.badges.details import Alignment, Framework
from lti_tool.badges.micro_credentials import MicroCredential
from lti_tool.badges.particulars import NOTHING, Particulars

# The order is prescribed (§B.1.1). In what we read back only our own terms may follow: with a
# context of its own a document could show one thing and have another signed.
CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]
MEDIA_TYPE = "application/vc+ld+json"


class NotAnOpenBadgeError(ValueError):
    """The document is not an OpenBadgeCredential as we can show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who vouches (OB 3.0 Profile).

    Attributes:
        id: its did.
        url: a page about it, absolute.
    """

    id: str
    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Achievement:
    """What can be earned.

    Attributes:
        id: its absolute address, the same for ever.
        description: what its holder can do.
        criteria: what one must do to earn it, in words.
        kind: an `achievementType` of the specification, such as MicroCredential.
        image_url: absolute, of an SVG or PNG.
        version: of the achievement; it may be published anew under the same id.
        credits: such as ECTS credits.
        micro: its elements as a European micro-credential; its context is at the host of `id`.
    """

    id: str
    name: str
    description: str
    criteria: str
    kind: str | None = None
    image_url: str | None = None
    version: str | None = None
    credits: Decimal | None = None
    alignments: tuple[Alignment, ...] = ()
    micro: MicroCredential | None = None

    @property
    def contexts(self) -> list[str]:
        """What a document needs that says all of it."""
        own = [_own_context(self.id)] if self.micro is not None else []
        return [*CONTEXT, *own]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEntry:
    """Where a credential's revocation bit is: a list's address and an index in it."""

    list_url: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A credential without its proof: one holder's, for one achievement.

    Attributes:
        id: the credential's own, absolute.
        subject_id: a `urn:uuid` made for this credential alone, so that two credentials of one
            person cannot be put together by those who see them.
        valid_from: aware, as is `valid_until`; None means without end.
        awarded_at: when it was first awarded, if it was renewed since: a newer version of a
            credential must have a newer `validFrom`.
        status: None only in documents of others.
        particulars: what a detailed one says beyond the minimal.
    """

    id: str
    issuer: Issuer
    achievement: Achievement
    subject_id: str
    valid_from: datetime
    valid_until: datetime | None = None
    awarded_at: datetime | None = None
    status: StatusEntry | None = None
    particulars: Particulars = NOTHING

    @property
    def given_at(self) -> datetime:
        """When it was awarded, whether it was renewed since or not."""
        return self.awarded_at or self.valid_from

    def to_json(self) -> dict[str, Any]:
        """Return the document to sign."""
        document: dict[str, Any] = {
            "@context": self.achievement.contexts,
            "id": self.id,
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "name": self.achievement.name,
            "issuer": profile_json(self.issuer),
            "validFrom": xml_datetime(self.valid_from),
        }
        if self.valid_until is not None:
            document["validUntil"] = xml_datetime(self.valid_until)
        if self.awarded_at is not None:
            document["awardedDate"] = xml_datetime(self.awarded_at)
        own, achievement = self.particulars, achievement_json(self.achievement)
        if own.results:
            achievement["resultDescription"] = own.descriptions_json()
        subject = {
            "id": self.subject_id,
            "type": ["AchievementSubject"],
            "identifier": own.identifiers_json(),
            "achievement": achievement,
            "result": own.results_json(),
        }
        document["credentialSubject"] = {name: value for name, value in subject.items() if value}
        if own.evidence:
            document["evidence"] = own.evidence_json()
        if self.status is not None:
            document["credentialStatus"] = status_list.entry(
                self.status.list_url, self.status.index
            )
        return document


def subject_urn(subject: UUID) -> str:
    """Return the subject id for a credential; `subject` belongs to it alone."""
    return subject.urn


def achievement_document(achievement: Achievement, issuer: Issuer) -> dict[str, Any]:
    """Return the achievement as JSON-LD, for its own address."""
    return {
        "@context": achievement.contexts,
        **achievement_json(achievement),
        "creator": profile_json(issuer),
    }


def profile_document(issuer: Issuer) -> dict[str, Any]:
    """Return the issuer as JSON-LD, for its own page."""
    return {"@context": list(CONTEXT), **profile_json(issuer)}


def read(document: object) -> Badge:
    """Return what a badge document says, if it says it in the one form we write.

    Call this before showing any of it: a proof covers the meaning of a document, and only in this
    form is the meaning what one reads.

    Raises:
        NotAnOpenBadgeError: something else, or with contexts or types of its own.
    """
    if not isinstance(document, Mapping):
        raise NotAnOpenBadgeError("not an object")
    if _has_context_inside(document):
        raise NotAnOpenBadgeError("a context inside")
    if "OpenBadgeCredential" not in _texts(document.get("type")):
        raise NotAnOpenBadgeError("not of type OpenBadgeCredential")
    subject = _object(document, "credentialSubject")
    achievement = read_achievement(_object(subject, "achievement"))
    until, awarded = document.get("validUntil"), document.get("awardedDate")
    try:
        contexts = achievement.contexts
        valid_from = parse_xml_datetime(document.get("validFrom"))
        valid_until = None if until is None else parse_xml_datetime(until)
        awarded_at = None if awarded is None else parse_xml_datetime(awarded)
        own = particulars.read(document)
    except ValueError as error:
        raise NotAnOpenBadgeError(str(error)) from error
    if document.get("@context") != contexts:
        raise NotAnOpenBadgeError(f"contexts other than {contexts}")
    return Badge(
        id=_text(document, "id"),
        issuer=read_issuer(document),
        achievement=achievement,
        subject_id=_text(subject, "id"),
        valid_from=valid_from,
        valid_until=valid_until,
        awarded_at=awarded_at,
        status=read_status(document),
        particulars=own,
    )


def _own_context(achievement_id: str) -> str:
    parts = urlsplit(achievement_id)
    return micro_credentials.address(f"{parts.scheme}://{parts.netloc}")


def profile_json(issuer: Issuer) -> dict[str, Any]:
    """Return an issuer as a credential states it."""
    profile: dict[str, Any] = {"id": issuer.id, "type": ["Profile"], "name": issuer.name}
    if issuer.url is not None:
        profile["url"] = issuer.url
    return profile


def achievement_json(achievement: Achievement) -> dict[str, Any]:
    """Return an achievement as a credential states it."""
    document: dict[str, Any] = {
        "id": achievement.id,
        "type": ["Achievement"],
        "name": achievement.name,
        "description": achievement.description,
        "criteria": {"narrative": achievement.criteria},
    }
    if achievement.kind is not None:
        document["achievementType"] = achievement.kind
    if achievement.image_url is not None:
        document["image"] = {"id": achievement.image_url, "type": "Image"}
    if achievement.version is not None:
        document["version"] = achievement.version
    if achievement.credits is not None:
        whole = achievement.credits == achievement.credits.to_integral_value()
        # A number with a point and nothing behind it is another literal in some libraries.
        document["creditsAvailable"] = (
            int(achievement.credits) if whole else float(achievement.credits)
        )
    if achievement.alignments:
        document["alignment"] = [_alignment_json(one) for one in achievement.alignments]
    if achievement.micro is not None:
        document[micro_credentials.PROPERTY] = achievement.micro.to_json()
    return document


def _alignment_json(alignment: Alignment) -> dict[str, Any]:
    document: dict[str, Any] = {
        "type": ["Alignment"],
        "targetName": alignment.name,
        "targetUrl": alignment.url,
    }
    if alignment.framework is not Framework.OWN:
        document["targetFramework"] = alignment.framework.value
    if alignment.code is not None:
        document["targetCode"] = alignment.code
    return document


def read_issuer(document: Mapping[str, Any]) -> Issuer:
    """Return who a credential says has issued it.

    Raises:
        NotAnOpenBadgeError: in another form than ours.
    """
    issuer = document.get("issuer")
    return Issuer(
        id=issuer_id(document) or "",
        name=_text(issuer, "name") if isinstance(issuer, Mapping) else "",
        url=_optional_text(issuer, "url") if isinstance(issuer, Mapping) else None,
    )


def read_achievement(achievement: Mapping[str, Any]) -> Achievement:
    """Return what an achievement says.

    Raises:
        NotAnOpenBadgeError: in another form than ours.
    """
    image = achievement.get("image")
    alignments = achievement.get("alignment", [])
    if not isinstance(alignments, list):
        raise NotAnOpenBadgeError("alignments that are no list")
    try:
        micro = (
            micro_credentials.read(_object(achievement, micro_credentials.PROPERTY))
            if micro_credentials.PROPERTY in achievement
            else None
        )
        return Achievement(
            id=_text(achievement, "id"),
            name=_text(achievement, "name"),
            description=_text(achievement, "description"),
            criteria=_optional_text(_object(achievement, "criteria"), "narrative") or "",
            kind=_optional_text(achievement, "achievementType"),
            image_url=_optional_text(image, "id") if isinstance(image, Mapping) else None,
            version=_optional_text(achievement, "version"),
            credits=_read_credits(achievement),
            alignments=tuple(map(_read_alignment, alignments)),
            micro=micro,
        )
    except ValueError as error:
        raise NotAnOpenBadgeError(str(error)) from error


def _read_credits(achievement: Mapping[str, Any]) -> Decimal | None:
    told = achievement.get("creditsAvailable")
    if told is None:
        return None
    is_number = isinstance(told, int | float) and not isinstance(told, bool)
    # Every whole number is finite; one too large for a float cannot be asked.
    if not is_number or (isinstance(told, float) and not isfinite(told)):
        raise NotAnOpenBadgeError("credits that are no number")
    return Decimal(str(told))


def _read_alignment(alignment: object) -> Alignment:
    if not isinstance(alignment, Mapping):
        raise NotAnOpenBadgeError("an alignment that is no object")
    return Alignment(
        framework=Framework(_optional_text(alignment, "targetFramework") or Framework.OWN),
        name=_text(alignment, "targetName"),
        url=_text(alignment, "targetUrl"),
        code=_optional_text(alignment, "targetCode"),
    )


def read_status(document: Mapping[str, Any]) -> StatusEntry | None:
    """Return the revocation entry; a status we cannot read must not pass for none.

    Raises:
        NotAnOpenBadgeError: in another form than ours.
    """
    if "credentialStatus" not in document:
        return None
    status = _object(document, "credentialStatus")
    kind = (status.get("type"), status.get("statusPurpose"))
    if kind != ("BitstringStatusListEntry", "revocation"):
        raise NotAnOpenBadgeError(f"a status of another kind: {kind}")
    index = _text(status, "statusListIndex")
    if not (index.isascii() and index.isdigit() and len(index) < 10):  # noqa: PLR2004 - bounds int
        raise NotAnOpenBadgeError("a status index that is no number")
    return StatusEntry(list_url=_text(status, "statusListCredential"), index=int(index))


def _has_context_inside(value: object, *, top: bool = True) -> bool:
    if isinstance(value, Mapping):
        if not top and "@context" in value:
            return True
        return any(
            _has_context_inside(inner, top=False) for key, inner in value.items() if key != "proof"
        )
    return isinstance(value, list) and any(_has_context_inside(item, top=False) for item in value)


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    if not isinstance(value, Mapping):
        raise NotAnOpenBadgeError(f"no {name}")
    return value


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not value:
        raise NotAnOpenBadgeError(f"no {name}")
    return value


def _optional_text(holder: Mapping[str, Any], name: str) -> str | None:
    return _text(holder, name) if name in holder else None


def _texts(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
