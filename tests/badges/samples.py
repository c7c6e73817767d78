"""A signed badge and all that a verifier asks for, made anew from fixed values."""

import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lti_tool.badges import (
    clr,
    data_integrity,
    did_web,
    micro_credentials,
    open_badges,
    status_list,
)
from lti_tool.badges.details import Alignment, Evidence, Framework
from lti_tool.badges.micro_credentials import MicroCredential
from lti_tool.badges.particulars import IdentityType, Particulars, Result, identity

ISSUER_URL = "https://cairn.northfell.example/i/northfell"
DID = did_web.did_of(ISSUER_URL)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
METHOD = did_web.verification_method(DID, KEY.public_key())
LIST_URL = f"{ISSUER_URL}/status/1"
INDEX = 48_213
AT = datetime(2024, 4, 2, 7, 14, tzinfo=UTC)

BADGE = open_badges.Badge(
    id=f"{ISSUER_URL}/credentials/0195d3f0-0000-7000-8000-000000000001",
    issuer=open_badges.Issuer(id=DID, name="Northfell University", url="https://northfell.example"),
    achievement=open_badges.Achievement(
        id=f"{ISSUER_URL}/achievements/0195d3f0-0000-7000-8000-000000000002",
        name="Reading Statistics Critically",
        description="Judges whether figures in a report support what is said about them.",
        criteria="Passes the assessment, 18 questions in 40 minutes.",
        kind="MicroCredential",
        image_url=f"{ISSUER_URL}/achievements/0195d3f0-0000-7000-8000-000000000002/editions/1/image.svg",
    ),
    subject_id=UUID("6f1e1d1c-0000-4000-8000-000000000003").urn,
    valid_from=datetime(2024, 3, 16, 10, 0, tzinfo=UTC),
    status=open_badges.StatusEntry(list_url=LIST_URL, index=INDEX),
)

# With all that an author and a holder can add, and renewed.
FULL = replace(
    BADGE,
    awarded_at=datetime(2023, 3, 15, 9, 30, tzinfo=UTC),
    achievement=replace(
        BADGE.achievement,
        version="2",
        credits=Decimal("2.5"),
        alignments=(
            Alignment(
                framework=Framework.ESCO,
                name="interpret statistics",
                url="https://data.europa.eu/esco/skill/0001",
                code="S1.2",
            ),
            Alignment(
                framework=Framework.OWN, name="Reads tables", url="https://northfell.example/c/1"
            ),
        ),
        micro=MicroCredential(
            outcomes=("Reads tables", "Doubts averages"),
            workload_hours="62.5",
            country="NO",
            level="EQF 6",
            assessment="Test on a computer",
            participation="online",
            quality="The issuer's own",
            supervision="unsupervised, identity not verified",
            stackability="stackable towards other credentials",
            prerequisites="None",
        ),
    ),
    particulars=Particulars(
        name="Amara Nwosu",
        identity=identity(IdentityType.EMAIL, "amara@northfell.example"),
        results=(
            Result(
                id=f"{BADGE.achievement.id}#result-0",
                name="Reading Statistics Critically",
                value="15",
                most="18",
                required="12.6",
            ),
            Result(
                id=f"{BADGE.achievement.id}#result-1", name="Reads tables", value="7.5", most="9"
            ),
        ),
        evidence=(
            Evidence(
                name="Report", narrative="Read and judged.", url="https://northfell.example/report"
            ),
            Evidence(name="Assessment", narrative="18 questions on 16 March 2024."),
        ),
    ),
)
CONTEXT_URL = micro_credentials.address("https://cairn.northfell.example")


@dataclass(frozen=True, kw_only=True)
class Published:
    """A credential and what its issuer has on the web."""

    credential: dict[str, Any]
    did_document: dict[str, Any]
    status_list: dict[str, Any]


def published(
    badge: open_badges.Badge = BADGE,
    *,
    valid_until: datetime | None = None,
    revoked: bool = False,
) -> Published:
    badge = replace(badge, valid_until=valid_until)
    listed = status_list.credential_document(
        list_url=LIST_URL,
        issuer_id=DID,
        encoded=status_list.encode([INDEX] if revoked else []),
        valid_from=AT,
    )
    return Published(
        credential=signed(badge.to_json()),
        did_document=did_web.document(DID, [KEY.public_key()]),
        status_list=signed(listed),
    )


def signed(document: dict[str, Any]) -> dict[str, Any]:
    return data_integrity.sign(document, key=KEY, method_id=METHOD.id, created_at=AT)


def changed(document: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return a copy in which the value at a dotted path is another; `...` removes it."""
    copied = copy.deepcopy(document)
    holder: Any = copied
    *steps, last = path.split(".")
    for step in steps:
        holder = holder[step]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    assert copied != document
    return copied


def other(number: int, name: str) -> open_badges.Badge:
    """Another badge of the same holder, at another place of the same list."""
    return replace(
        BADGE,
        id=f"{ISSUER_URL}/credentials/0195d3f0-0000-7000-8000-0000000001{number:02}",
        achievement=replace(
            BADGE.achievement,
            id=f"{ISSUER_URL}/achievements/0195d3f0-0000-7000-8000-0000000002{number:02}",
            name=name,
            criteria=f"Passes {name}.",
        ),
        subject_id=UUID(int=number, version=4).urn,
        status=open_badges.StatusEntry(list_url=LIST_URL, index=number),
    )


CERTIFICATE, FIRST_PART, SECOND_PART = (
    other(number, name) for number, name in enumerate(("Data Literacy", "Reading", "Writing"), 1)
)
TRANSCRIPT_LIST_URL = f"{ISSUER_URL}/status/2"
SUCCESSOR = replace(
    BADGE.achievement,
    id=f"{ISSUER_URL}/achievements/0195d3f0-0000-7000-8000-000000000299",
    name="Writing, as it is earned now",
)
TRANSCRIPT = clr.Transcript(
    id=f"{ISSUER_URL}/credentials/0195d3f0-0000-7000-8000-000000000300",
    name="Partial transcript, Northfell University",
    issuer=BADGE.issuer,
    subject_id=UUID("6f1e1d1c-0000-4000-8000-000000000301").urn,
    valid_from=AT,
    credentials=tuple(
        signed(badge.to_json()) for badge in (CERTIFICATE, FIRST_PART, SECOND_PART, BADGE)
    ),
    associations=(
        *(
            clr.Association(
                kind=clr.AssociationKind.PARENT,
                source=CERTIFICATE.achievement.id,
                target=part.achievement.id,
            )
            for part in (FIRST_PART, SECOND_PART)
        ),
        clr.Association(
            kind=clr.AssociationKind.PRECEDES,
            source=FIRST_PART.achievement.id,
            target=SECOND_PART.achievement.id,
        ),
        clr.Association(
            kind=clr.AssociationKind.REPLACED,
            source=SECOND_PART.achievement.id,
            target=SUCCESSOR.id,
        ),
    ),
    beside=(SUCCESSOR,),
    is_partial=True,
    status=open_badges.StatusEntry(list_url=TRANSCRIPT_LIST_URL, index=INDEX),
    holder=Particulars(name="Amara Nwosu", identity=identity(IdentityType.SIS, "S-1048")),
)


def listed(url: str, *indexes: int) -> dict[str, Any]:
    """A signed status list in which these are revoked."""
    return signed(
        status_list.credential_document(
            list_url=url, issuer_id=DID, encoded=status_list.encode(indexes), valid_from=AT
        )
    )
