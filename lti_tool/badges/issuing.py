"""Turning awards into signed credentials, and revocations into signed status lists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Table, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.badges import kept_revocations, lists, open_badges, signing, status_list
from lti_tool.badges.data_integrity import xml_datetime
from lti_tool.badges.details import Details
from lti_tool.badges.errors import UnknownAwardError, UnknownCredentialError
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.micro_credentials import MicroCredential
from lti_tool.badges.models import (
    CREDENTIALS,
    MINIMAL,
    AchievementEdition,
    Award,
    AwardCause,
    Credential,
    StatusList,
)
from lti_tool.badges.queries import (
    edition_content,
    find_status_list,
    get_achievement,
    get_issuer_of,
    list_revoked_indexes,
)
from lti_tool.badges.rules import AchievementDraft
from lti_tool.core import clock, metrics
from lti_tool.core.db import tenant, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId, AwardId, CredentialId, InstitutionId, new_id
from lti_tool.core.language import phrase
from lti_tool.people.models import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reserved:
    """All that is needed to sign, read in one transaction."""

    credential_id: CredentialId
    issuer: Issuer
    badge: open_badges.Badge


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A credential's id, its subject and where its revocation bit is."""

    credential_id: CredentialId
    subject_urn: str
    list_number: int
    index: int


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


def renew_credential(institution_id: InstitutionId, award_id: AwardId) -> None:
    """Sign an award's credential anew, under its id, if it was earned again and ends later now.

    Open Badges 3.0: of two of one issuer and id the one with the newer `validFrom` replaces the
    other. Links and its place in the status list stay. Safe to run again, and beside itself.

    Raises:
        UnknownAwardError: there is no such award here.
    """
    with transaction(institution_id) as session:
        reserved = _reserve(session, award_id, renews=True)
    if reserved is None:
        return
    document = _signed(reserved.issuer, reserved.badge)
    is_older: ColumnElement[bool] = Credential.document.is_(None)
    if "validUntil" in document:  # else there is none to replace: it says all there is to say
        is_older |= Credential.document["validUntil"].astext < document["validUntil"]
    with transaction(institution_id) as session:
        session.execute(
            update(Credential)
            .where(
                Credential.id == reserved.credential_id,
                Credential.revoked_at.is_(None),
                is_older,
            )
            .values(document=document, compact=None, issued_at=clock.now())
        )
    metrics.count("cairn_credentials_signed")


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
    document = _signed(issuer, badge)
    with transaction(institution_id) as session:
        session.execute(
            update(Credential)
            .where(Credential.id == credential_id, Credential.document.is_(None))
            .values(document=document, issued_at=clock.now())
        )
    metrics.count("cairn_credentials_signed")


def _signed(issuer: Issuer, badge: open_badges.Badge) -> dict[str, Any]:
    document = signing.sign(issuer, badge.to_json())
    if open_badges.read(document) != badge:
        raise signing.SelfCheckError("it does not read as what was meant")
    return document


def compact_form(institution_id: InstitutionId, credential_id: CredentialId) -> str:
    """Return a signed credential as a compact JWS, signed when first asked for, then kept.

    Raises:
        UnknownCredentialError: there is none, or it is not signed yet.
    """
    with transaction(institution_id) as session:
        row = session.scalar(select(Credential).where(Credential.id == credential_id))
        if row is None or row.document is None:
            raise UnknownCredentialError
        if row.compact is not None:
            return row.compact
        issuer = get_issuer_of(session, institution_id)
    unsecured = {name: value for name, value in row.document.items() if name != "proof"}
    compact = signing.sign_compact(issuer, unsecured)
    with transaction(institution_id) as session:
        kept = session.scalar(
            update(Credential)
            .where(
                Credential.id == credential_id,
                Credential.compact.is_(None),
                Credential.issued_at == row.issued_at,
            )
            .values(compact=compact)
            .returning(Credential.id)
        )
    # Otherwise it was renewed, or asked for by another, meanwhile: theirs is what counts.
    return compact if kept is not None else compact_form(institution_id, credential_id)


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
            raise NotFoundError(phrase("There is no status list of this number."))
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


def _reserve(session: Session, award_id: AwardId, *, renews: bool = False) -> _Reserved | None:
    """Return what to sign for an award; None when it is withdrawn or signed already.

    If it `renews`, then also None when what is signed ends when the award does.
    """
    # The lock keeps a withdrawal out until the reservation it must revoke can be seen.
    award = session.execute(
        select(
            Award.person_id,
            Award.achievement_id,
            Award.edition,
            Award.awarded_at,
            Award.valid_until,
            Award.first_valid_until,
            Award.withdrawn_at,
            AchievementEdition.content,
        )
        .outerjoin(
            AchievementEdition,
            (AchievementEdition.achievement_id == Award.achievement_id)
            & (AchievementEdition.edition == Award.edition),
        )
        .where(Award.id == award_id)
        .with_for_update(of=Award)
    ).one_or_none()
    if award is None:
        raise UnknownAwardError
    # A statement of its own: what was reserved or erased while this one waited is seen by it.
    state = session.execute(
        select(
            Person.erased_at,
            Credential.id,
            Credential.subject_urn,
            Credential.status_index,
            Credential.issued_at,
            Credential.document["validUntil"].astext.label("ends"),
            StatusList.number,
        )
        .select_from(Person)
        .outerjoin(
            Credential,
            (Credential.award_id == award_id)
            & (Credential.form == MINIMAL)
            & Credential.revoked_at.is_(None),
        )
        .outerjoin(StatusList, StatusList.id == Credential.status_list_id)
        .where(Person.id == award.person_id)
    ).one()
    valid_until = award.valid_until and award.valid_until.replace(microsecond=0)
    if award.withdrawn_at is not None or state.erased_at is not None:
        return None
    if state.issued_at is not None and (
        not renews or valid_until is None or xml_datetime(valid_until) == state.ends
    ):
        return None
    place = (
        _take_place(session, award_id)
        if state.id is None
        else _Place(
            credential_id=state.id,
            subject_urn=state.subject_urn,
            list_number=state.number,
            index=state.status_index,
        )
    )
    issuer = get_issuer_of(session, tenant())
    content = (
        edition_content(session, get_achievement(session, award.achievement_id), award.edition)
        if award.content is None
        else AchievementDraft.from_json(award.content)
    )
    return _Reserved(
        credential_id=place.credential_id,
        issuer=issuer,
        badge=open_badges.Badge(
            id=issuer.credential_url(place.credential_id),
            issuer=badge_issuer(issuer),
            achievement=badge_achievement(
                issuer, award.achievement_id, content, edition=award.edition
            ),
            subject_id=place.subject_urn,
            valid_from=(
                award.awarded_at
                if award.first_valid_until is None
                else last_earned_at(session, award_id, award.valid_until)
            ).replace(microsecond=0),
            valid_until=valid_until,
            awarded_at=award.first_valid_until and award.awarded_at.replace(microsecond=0),
            status=open_badges.StatusEntry(
                list_url=issuer.status_list_url(place.list_number), index=place.index
            ),
        ),
    )


def last_earned_at(session: Session, award_id: AwardId, valid_until: datetime) -> datetime:
    """Return when an award was earned again for as long as it is valid now."""
    return session.scalars(
        select(func.max(AwardCause.caused_at)).where(
            AwardCause.award_id == award_id,
            AwardCause.renews,
            AwardCause.counts,
            AwardCause.valid_until == valid_until,
        )
    ).one()


def _take_place(session: Session, award_id: AwardId) -> _Place:
    """Reserve a credential for an award, at a place of a status list."""

    def take(list_id: UUID, number: int, index: int) -> _Place | None:
        place = _Place(
            credential_id=CredentialId(new_id()),
            subject_urn=open_badges.subject_urn(uuid4()),
            list_number=number,
            index=index,
        )
        taken = session.scalar(
            insert(cast("Table", Credential.__table__))
            .values(
                institution_id=tenant(),
                id=place.credential_id,
                award_id=award_id,
                form=MINIMAL,
                subject_urn=place.subject_urn,
                status_list_id=list_id,
                status_index=place.index,
            )
            .on_conflict_do_nothing(
                index_elements=["institution_id", "status_list_id", "status_index"],
                index_where=text("form = 'minimal'"),
            )
            .returning(Credential.id)
        )
        return place if taken is not None else None

    return lists.take_place(session, CREDENTIALS, take)
