"""A signed credential as files: bare, in a picture, as a certificate; and what checking it takes.

The functions that take an institution are transactions and may sign; call them with none open.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from lti_tool.badges import (
    baking,
    certificate,
    did_web,
    issuing,
    micro_credentials,
    open_badges,
    signing,
    typesetting,
    uploads,
    vc_jwt,
)
from lti_tool.badges.certificate import Certificate
from lti_tool.badges.details import WORDS
from lti_tool.badges.errors import UnknownCredentialError, UnprintableNameError
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.models import Achievement, Award, Credential, StatusList
from lti_tool.badges.particulars import Particulars
from lti_tool.badges.queries import edition_content, get_issuer_of
from lti_tool.badges.rules import AchievementDraft
from lti_tool.badges.typesetting import UnprintableError
from lti_tool.core.db import transaction
from lti_tool.core.ids import AchievementId, CredentialId, InstitutionId
from lti_tool.core.language import figures, phrase, recalled


class FileKind(StrEnum):
    """The forms in which a credential is handed out; each is its file's ending."""

    JSON = "json"
    JWT = "jwt"
    SVG = "svg"
    PNG = "png"


@dataclass(frozen=True, slots=True)
class File:
    """Something to save."""

    name: str
    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """What was signed, and the edition that it is about."""

    issuer: Issuer
    achievement_id: AchievementId
    content: AchievementDraft
    document: dict[str, Any]


def credential_file(
    institution_id: InstitutionId, credential_id: CredentialId, kind: FileKind
) -> File:
    """Return a credential in one of its forms. Whose it is, the caller has asked.

    Raises:
        UnknownCredentialError: there is none, or it is not signed yet.
    """
    signed = _signed(institution_id, credential_id)
    text = json.dumps(signed.document, ensure_ascii=False)
    is_minimal = open_badges.read(signed.document).particulars.is_nothing
    stem = _file_name(signed.content.name)
    name = f"{stem}.{kind}" if is_minimal else f"{stem}-detailed.{kind}"
    match kind:
        case FileKind.JSON:
            return File(name, text.encode(), open_badges.MEDIA_TYPE)
        case FileKind.JWT:
            compact = issuing.compact_form(institution_id, credential_id)
            return File(name, compact.encode(), vc_jwt.MEDIA_TYPE)
        case FileKind.SVG:
            picture = uploads.svg_of(institution_id, signed.content, signed.achievement_id)
            return File(name, baking.bake_svg(picture, text).encode(), "image/svg+xml")
        case FileKind.PNG:
            raster = uploads.png_of(institution_id, signed.content, signed.achievement_id)
            return File(name, baking.bake_png(raster, text), "image/png")


def certificate_file(
    institution_id: InstitutionId,
    credential_id: CredentialId,
    *,
    link: str | None,
    verify_url: str,
    holder: str | None,
) -> File:
    """Return the certificate of a credential as PDF.

    Args:
        institution_id: whose it is.
        credential_id: which; whose it is, the caller has asked.
        link: a share of it, for the QR code; None for a certificate without one.
        verify_url: of the page that takes files.
        holder: the name to print, None to print none.

    Raises:
        UnknownCredentialError: there is none, or it is not signed yet.
        UnprintableNameError: we have no font for something on it.
    """
    signed = _signed(institution_id, credential_id)
    badge = open_badges.read(signed.document)
    try:
        data = certificate.typeset(
            Certificate(
                title=badge.achievement.name,
                issuer=badge.issuer.name,
                description=badge.achievement.description,
                criteria=badge.achievement.criteria,
                holder=holder,
                awarded_at=badge.given_at,
                valid_until=badge.valid_until,
                link=link,
                verify_url=verify_url,
                picture=uploads.svg_of(institution_id, signed.content, signed.achievement_id),
                picture_words=uploads.words_of(signed.content),
                credential=json.dumps(signed.document, ensure_ascii=False),
                media_type=open_badges.MEDIA_TYPE,
                facts=(*_result_facts(badge.particulars), *facts(signed.content)),
            )
        )
    except UnprintableError as error:
        raise UnprintableNameError(
            phrase(
                "We cannot print “%(value)s”.",
                value=error,
            )
        ) from error
    return File(f"{_file_name(signed.content.name)}.pdf", data, typesetting.MEDIA_TYPE)


def issuer_files(institution_id: InstitutionId) -> list[File]:
    """Return all that one needs to check an institution's credentials without a network."""
    with transaction(institution_id) as session:
        issuer = get_issuer_of(session, institution_id)
        numbers = session.scalars(select(StatusList.number).order_by(StatusList.number)).all()
    own_context = micro_credentials.address(issuer.host_url)
    documents: list[tuple[str, object]] = [
        (own_context.rpartition("/")[2], micro_credentials.find_context(own_context)),
        ("did.json", did_web.document(issuer.did, signing.public_keys(issuer))),
        ("jwks.json", key_set(issuer)),
        *(
            (f"status-{number}.json", issuing.published_status_list(institution_id, number))
            for number in numbers
        ),
    ]
    return [
        File(name, json.dumps(document, ensure_ascii=False).encode(), "application/json")
        for name, document in documents
    ]


def key_set(issuer: Issuer) -> dict[str, Any]:
    """Return the issuer's keys of both forms as a JWK set."""
    embedded = did_web.key_set(issuer.did, signing.public_keys(issuer))["keys"]
    return {"keys": [*embedded, *signing.published_jwks(issuer)]}


def facts(content: AchievementDraft, *, without_stacking: bool = False) -> list[tuple[str, str]]:
    """Return the elements of a micro-credential that it has, as label and value.

    Annex I of the Council Recommendation 2022/C 243/02, in its order as far as it is not said
    elsewhere on the same page; such as, of stacking, what it does count toward.
    """
    details = content.details
    told: list[tuple[str, str | None]] = [
        (phrase("Learning outcomes"), "; ".join(details.outcomes) or None),
        (
            phrase("Workload"),
            phrase("%(hours)s hours", hours=details.workload_hours)
            if details.workload_hours
            else None,
        ),
        (
            phrase("Credits"),
            None if content.credits is None else figures(f"{content.credits.normalize():f}"),
        ),
        (phrase("Level"), details.level),
        (phrase("Type of assessment"), recalled(details.assessment)),
        (phrase("Form of participation"), WORDS[details.participation]),
        (phrase("Supervision"), WORDS[details.supervision]),
        (phrase("Quality assurance"), recalled(details.quality)),
        (phrase("Prerequisites"), details.prerequisites),
        (phrase("Stacking"), None if without_stacking else WORDS[details.stackability]),
    ]
    return [(label, value) for label, value in told if value]


def _result_facts(own: Particulars) -> list[tuple[str, str]]:
    """Return the results that were signed, as label and value."""
    return [
        (
            phrase("Result: %(name)s", name=result.name),
            phrase(
                "%(value)s of %(most)s points",
                value=figures(result.value),
                most=figures(result.most),
            )
            if result.required is None
            else phrase(
                "%(value)s of %(most)s points, %(required)s needed",
                value=figures(result.value),
                most=figures(result.most),
                required=figures(result.required),
            ),
        )
        for result in own.results
    ]


def _signed(institution_id: InstitutionId, credential_id: CredentialId) -> _Signed:
    with transaction(institution_id) as session:
        row = session.execute(
            select(Credential.document, Achievement, Award.edition)
            .join(Award, Award.id == Credential.award_id)
            .join(Achievement, Achievement.id == Award.achievement_id)
            .where(Credential.id == credential_id)
        ).one_or_none()
        if row is None or row.document is None:
            raise UnknownCredentialError
        return _Signed(
            issuer=get_issuer_of(session, institution_id),
            achievement_id=row.Achievement.id,
            content=edition_content(session, row.Achievement, row.edition),
            document=row.document,
        )


def _file_name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "badge"
