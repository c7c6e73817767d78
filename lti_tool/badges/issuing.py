"""Turning awards into signed credentials, and revocations into signed status lists."""

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.badges import kept_revocations, open_badges, signing, status_list
from lti_tool.badges.details import Details
from lti_tool.badges.errors import UnknownCredentialError
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.micro_credentials import MicroCredential
from lti_tool.badges.models import MINIMAL, Award, Credential, StatusList
from lti_tool.badges.queries import (
    edition_content,
    find_status_list,
    get_achievement,
    get_award,
    get_issuer_of,
    list_revoked_indexes,
)
from lti_tool.badges.rules import AchievementDraft
from lti_tool.core import clock, metrics
from lti_tool.core.db import tenant, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId, AwardId, CredentialId, InstitutionId, new_id
from lti_tool.people.queries import is_erased

# A list is given up when this many places in a row were taken: it is then nearly full.
_TRIES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reserved:
    """All that is needed to sign, read in one transaction."""

    credential_id: CredentialId
    issuer: Issuer
    badge: open_badges.Badge


def issue_credential(institution_id: InstitutionId, award_id: AwardId) -> None:
    """Sign the credential of an award, once; nothing happens for a withdrawn award.

    Safe to run again after a crash at any point: id, subject and place in the status list are
    reserved first, and the same ones are signed.

    Raises:
        UnknownAwardError: there is no such award here.
    """
    with transaction(institution_id) as session:
        reserved = _reserve(session, award_id)
    if reserved is None:
        return
    sign_reserved(institution_id, reserved.credential_id, reserved.issuer, reserved.badge)


def sign_reserved(
    institution_id: InstitutionId,
    credential_id: CredentialId,
    issuer: Issuer,
    badge: open_badges.Badge,
) -> None:
    """Sign a credential whose row is there, check that it reads as meant, and keep it, once.

    Raises:
        SelfCheckError: it does not; nothing is kept.
    """
    document = signing.sign(issuer, badge.to_json())
    if open_badges.read(document) != badge:
        raise signing.SelfCheckError("it does not read as what was meant")
    with transaction(institution_id) as session:
        session.execute(
            update(Credential)
            .where(Credential.id == credential_id, Credential.document.is_(None))
            .values(document=document, issued_at=clock.now())
        )
    metrics.count("cairn_credentials_signed")


def compact_form(institution_id: InstitutionId, credential_id: CredentialId) -> str:
    """Return a signed credential as a compact JWS, signed when first asked for, then kept.

    Raises:
        UnknownCredentialError: there is none, or it is not signed yet.
    """
    with transaction(institution_id) as session:
        row = session.scalar(select(Credential).where(Credential.id == credential_id))
        if row is None or row.document is None:
            raise UnknownCredentialError(f"no credential {credential_id}")
        if row.compact is not None:
            return row.compact
        issuer = get_issuer_of(session, institution_id)
    unsecured = {name: value for name, value in row.document.items() if name != "proof"}
    compact = signing.sign_compact(issuer, unsecured)
    with transaction(institution_id) as session:
        session.execute(
            update(Credential)
            .where(Credential.id == credential_id, Credential.compact.is_(None))
            .values(compact=compact)
        )
    return compact


def published_status_list(institution_id: InstitutionId, number: int) -> dict[str, Any]:
    """Return the signed status list; signs it when credentials were revoked since.

    What was ever published as revoked stays so, also when a backup was restored since.

    Raises:
        NotFoundError: the institution has no list of that number.
        StorageUnavailableError: what was revoked cannot be kept in the storage just now.
    """
    with transaction(institution_id) as session:
        row = find_status_list(session, number)
        if row is None:
            raise NotFoundError(f"no status list {number}")
        if row.document is not None:
            return row.document
        issuer = get_issuer_of(session, institution_id)
        revoked = set(list_revoked_indexes(session, row.id))
    revoked |= kept_revocations.keep(institution_id, number, revoked)
    document = signing.sign(
        issuer,
        status_list.credential_document(
            list_url=issuer.status_list_url(number),
            issuer_id=issuer.did,
            encoded=status_list.encode(revoked),
            valid_from=row.changed_at,
        ),
    )
    with transaction(institution_id) as session:
        # A revocation in between has changed the row: then this list is old, and not kept.
        session.execute(
            update(StatusList)
            .where(StatusList.id == row.id, StatusList.changed_at == row.changed_at)
            .values(document=document)
        )
    return document


def publish_status_lists(institution_id: InstitutionId) -> None:
    """Sign every list in which something was revoked since it was signed."""
    with transaction(institution_id) as session:
        stale = session.scalars(select(StatusList.number).where(StatusList.document.is_(None)))
        numbers = list(stale)
    for number in numbers:
        published_status_list(institution_id, number)


def badge_achievement(
    issuer: Issuer, achievement_id: AchievementId, content: AchievementDraft, *, edition: int
) -> open_badges.Achievement:
    """Return an edition of an achievement as minimal credentials state it.

    No terms of our own: there are verifiers that take no context but those they bring.
    """
    return open_badges.Achievement(
        id=issuer.achievement_url(achievement_id),
        name=content.name,
        description=content.description,
        criteria=content.criteria,
        kind=content.achievement_type.value,
        image_url=issuer.image_url(
            achievement_id, edition, "svg" if content.picture is None else content.picture.kind
        ),
        version=str(edition),
        credits=content.credits,
        alignments=content.details.alignments,
    )


def micro_credential(details: Details) -> MicroCredential:
    """Return an achievement's elements in our own terms, as detailed credentials say them."""
    hours = details.workload_hours
    return MicroCredential(
        outcomes=details.outcomes,
        workload_hours=None if hours is None else f"{hours.normalize():f}",
        country=details.country,
        level=details.level,
        assessment=details.assessment,
        participation=details.participation.value,
        quality=details.quality,
        supervision=details.supervision.value,
        stackability=details.stackability.value,
        prerequisites=details.prerequisites,
    )


def badge_issuer(issuer: Issuer) -> open_badges.Issuer:
    """Return an issuer as credentials state it."""
    return open_badges.Issuer(id=issuer.did, name=issuer.name, url=issuer.url)


def _reserve(session: Session, award_id: AwardId) -> _Reserved | None:
    """Return what to sign for an award; None when it is withdrawn or signed already."""
    # The lock keeps a withdrawal out until the reservation it must revoke can be seen.
    award = get_award(session, award_id, lock=True)
    if award.withdrawn_at is not None or is_erased(session, award.person_id):
        return None
    credential = session.scalar(
        select(Credential).where(
            Credential.award_id == award_id,
            Credential.form == MINIMAL,
            Credential.revoked_at.is_(None),
        )
    )
    if credential is None:
        credential = _take_place(session, award)
    if credential.document is not None:
        return None
    issuer = get_issuer_of(session, tenant())
    achievement = get_achievement(session, award.achievement_id)
    number = session.scalars(
        select(StatusList.number).where(StatusList.id == credential.status_list_id)
    ).one()
    return _Reserved(
        credential_id=credential.id,
        issuer=issuer,
        badge=open_badges.Badge(
            id=issuer.credential_url(credential.id),
            issuer=badge_issuer(issuer),
            achievement=badge_achievement(
                issuer,
                achievement.id,
                edition_content(session, achievement, award.edition),
                edition=award.edition,
            ),
            subject_id=credential.subject_urn,
            valid_from=award.awarded_at.replace(microsecond=0),
            valid_until=award.valid_until and award.valid_until.replace(microsecond=0),
            status=open_badges.StatusEntry(
                list_url=issuer.status_list_url(number), index=credential.status_index
            ),
        ),
    )


def _take_place(session: Session, award: Award) -> Credential:
    """Reserve a credential for an award, at a random free place of a status list.

    Random, so that neighbours in the list say nothing about who was awarded when.
    """
    number = session.scalar(select(func.max(StatusList.number))) or 1
    while True:
        list_id = _get_or_make_list(session, number)
        for _ in range(_TRIES):
            taken: Credential | None = session.scalar(
                insert(Credential)
                .values(
                    institution_id=tenant(),
                    id=new_id(),
                    award_id=award.id,
                    form=MINIMAL,
                    subject_urn=open_badges.subject_urn(uuid4()),
                    status_list_id=list_id,
                    status_index=secrets.randbelow(status_list.LENGTH),
                )
                .on_conflict_do_nothing(
                    index_elements=["institution_id", "status_list_id", "status_index"],
                    index_where=text("form = 'minimal'"),
                )
                .returning(Credential)
            )
            if taken is not None:
                return taken
        number += 1


def _get_or_make_list(session: Session, number: int) -> UUID:
    session.execute(
        insert(StatusList)
        .values(institution_id=tenant(), id=new_id(), number=number, changed_at=clock.now())
        .on_conflict_do_nothing(index_elements=["institution_id", "number"])
    )
    return session.scalars(select(StatusList.id).where(StatusList.number == number)).one()
