"""The detailed form of a credential, signed when its holder asks: what may be in it, and signing.

It shares the minimal form's place in the status list, so that one withdrawal revokes both.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.assessments import queries as assessments
from lti_tool.assessments.queries import AttemptReview
from lti_tool.badges import issuing, open_badges
from lti_tool.badges.details import Evidence
from lti_tool.badges.errors import NothingAskedError, UnknownCredentialError
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.models import DETAILED, MINIMAL, Award, Credential, StatusList
from lti_tool.badges.open_badges import Achievement
from lti_tool.badges.particulars import IdentityType, Particulars, Result, identity
from lti_tool.badges.queries import (
    edition_content,
    find_pass,
    get_achievement,
    get_award,
    get_issuer_of,
    list_evidence,
)
from lti_tool.core import audit, clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import tenant, transaction
from lti_tool.core.ids import AwardId, CredentialId, InstitutionId, PersonId, new_id
from lti_tool.core.language import phrase
from lti_tool.people.queries import display_names, list_users


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """Something the holder may be recognised by.

    Attributes:
        choice: names it in a form; it says nothing.
        value: as their platform told it.
    """

    choice: str
    kind: IdentityType
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a holder wants in it.

    Attributes:
        identifier: the `choice` of one of theirs; None for none.
    """

    name: bool = False
    results: bool = False
    evidence: bool = False
    identifier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """As what the audit trail notes that a form was signed, and by whom."""

    act: str = "sign_details"
    actor: Actor = audit.SYSTEM  # on the holder's behalf, who may be here without a launch
    reason: str | None = None


FOR_ITS_HOLDER = Noted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What there is that could be in it."""

    name: str | None
    results: tuple[Result, ...]
    evidence: tuple[Evidence, ...]
    identifiers: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reserved:
    credential_id: CredentialId
    issuer: Issuer
    badge: open_badges.Badge | None  # None when it is signed already


def offer(session: Session, person_id: PersonId, award_id: AwardId) -> Offer:
    """Return what a person may have signed into a detailed form of a credential they hold.

    Raises:
        UnknownCredentialError: the award is not theirs or withdrawn, or it is not signed yet.
    """
    award, _ = _get_own(session, person_id, award_id)
    return _offer(session, award, get_issuer_of(session, tenant()))


def sign_detailed(
    institution_id: InstitutionId,
    award_id: AwardId,
    *,
    person_id: PersonId,
    asked: Asked,
    noted: Noted = FOR_ITS_HOLDER,
) -> CredentialId:
    """Sign a detailed form of an award's credential; who asks for the same again gets the same.

    Args:
        institution_id: whose credential.
        award_id: which has a minimal form.
        person_id: who asks; they hold it.
        asked: what shall be in it.
        noted: as what it is noted.

    Raises:
        UnknownCredentialError: the award is not theirs or withdrawn, or it is not signed yet.
        NothingAskedError: nothing of what was asked for is there.
    """
    with transaction(institution_id) as session:
        reserved = _reserve(session, person_id, award_id, asked, noted)
    if reserved.badge is None:
        return reserved.credential_id
    issuing.sign_reserved(institution_id, reserved.credential_id, reserved.issuer, reserved.badge)
    return reserved.credential_id


def _get_own(
    session: Session, person_id: PersonId, award_id: AwardId, *, lock: bool = False
) -> tuple[Award, Credential]:
    # The lock keeps a withdrawal out until what it must revoke can be seen.
    award = get_award(session, award_id, lock=lock)
    credential = session.scalar(
        select(Credential).where(
            Credential.award_id == award_id,
            Credential.form == MINIMAL,
            Credential.issued_at.is_not(None),
            Credential.revoked_at.is_(None),
        )
    )
    if award.person_id != person_id or credential is None:
        raise UnknownCredentialError
    return award, credential


def _offer(session: Session, award: Award, issuer: Issuer) -> Offer:
    attempt_id = find_pass(session, award.id)
    review = None
    if attempt_id is not None:
        review = assessments.attempt_review(session, attempt_id, at=clock.now(), whole=True)
    return Offer(
        name=display_names(session, [award.person_id]).get(award.person_id),
        results=_results(review, issuer.achievement_url(award.achievement_id)) if review else (),
        evidence=(*([_sitting(review)] if review else []), *list_evidence(session, award.id)),
        identifiers=tuple(_identifiers(session, award.person_id)),
    )


def _results(review: AttemptReview, achievement_url: str) -> tuple[Result, ...]:
    edition, attempt = review.edition, review.attempt
    if attempt.points_earned is None or attempt.points_possible is None:
        return ()
    # An achievement can be earned by several editions of its assessment.
    start = f"{achievement_url}#edition-{edition.edition_id}-result"
    whole = Result(
        id=f"{start}-0",
        name=edition.title,
        value=_number(attempt.points_earned),
        most=_number(attempt.points_possible),
        required=_number(edition.pass_mark * attempt.points_possible),
    )
    return (
        whole,
        *(
            Result(
                id=f"{start}-{number}",
                name=one.name,
                value=_number(one.earned),
                most=_number(one.possible),
                required=None if one.needed is None else _number(one.needed),
            )
            for number, one in enumerate(review.competencies, 1)
        ),
    )


def _sitting(review: AttemptReview) -> Evidence:
    handed_in = review.attempt.submitted_at or review.attempt.started_at
    day, questions = f"{handed_in.day} {handed_in:%B %Y}", len(review.items)
    return Evidence(
        name=review.edition.title,
        narrative=(
            f"An assessment of one question, handed in on {day}."
            if questions == 1
            else f"An assessment of {questions} questions, handed in on {day}."
        ),
    )


def _identifiers(session: Session, person_id: PersonId) -> Sequence[Identifier]:
    found: dict[tuple[IdentityType, str], Identifier] = {}
    for user in list_users(session, person_id):
        told = (
            (IdentityType.EMAIL, user.email),
            (IdentityType.SIS, user.sis_id),
            (IdentityType.LTI, user.subject),
        )
        for kind, value in told:
            if value:
                choice = f"{kind}-{user.id}"
                found.setdefault((kind, value), Identifier(choice=choice, kind=kind, value=value))
    return sorted(found.values(), key=lambda one: list(IdentityType).index(one.kind))


def _reserve(
    session: Session, person_id: PersonId, award_id: AwardId, asked: Asked, noted: Noted
) -> _Reserved:
    award, minimal = _get_own(session, person_id, award_id, lock=True)
    issuer = get_issuer_of(session, tenant())
    offered = _offer(session, award, issuer)
    chosen = next((one for one in offered.identifiers if one.choice == asked.identifier), None)
    told = Particulars(
        name=offered.name if asked.name else None,
        results=offered.results if asked.results else (),
        evidence=offered.evidence if asked.evidence else (),
    )
    if (asked.identifier is not None and chosen is None) or (told == Particulars() and not chosen):
        raise NothingAskedError(phrase("There is nothing of that to put into it."))
    content = _digest(told, chosen, award)
    is_new = session.scalar(
        insert(Credential)
        .values(
            institution_id=tenant(),
            id=new_id(),
            award_id=award.id,
            form=DETAILED,
            content_hash=content,
            subject_urn=open_badges.subject_urn(uuid4()),
            status_list_id=minimal.status_list_id,
            status_index=minimal.status_index,
        )
        .on_conflict_do_nothing(
            index_elements=["institution_id", "award_id", "content_hash"],
            index_where=text("revoked_at IS NULL AND form = 'detailed'"),
        )
        .returning(Credential.id)
    )
    if is_new is not None:
        audit.record(
            session,
            actor=noted.actor,
            act=noted.act,
            object_kind="award",
            object_id=award.id,
            reason=noted.reason,
            facts={"says_who": asked.name, "says_identifier": asked.identifier is not None},
        )
    credential = session.scalars(
        select(Credential).where(
            Credential.award_id == award.id,
            Credential.content_hash == content,
            Credential.revoked_at.is_(None),
        )
    ).one()
    if credential.document is not None:
        return _Reserved(credential_id=credential.id, issuer=issuer, badge=None)
    own = identity(chosen.kind, chosen.value) if chosen else None
    number = session.scalars(
        select(StatusList.number).where(StatusList.id == credential.status_list_id)
    ).one()
    return _Reserved(
        credential_id=credential.id,
        issuer=issuer,
        badge=open_badges.Badge(
            id=issuer.credential_url(credential.id),
            issuer=issuing.badge_issuer(issuer),
            achievement=_achievement(session, award, issuer),
            subject_id=credential.subject_urn,
            valid_from=(
                award.awarded_at
                if award.first_valid_until is None or award.valid_until is None
                else issuing.last_earned_at(session, award.id, award.valid_until)
            ).replace(microsecond=0),
            valid_until=award.valid_until and award.valid_until.replace(microsecond=0),
            awarded_at=award.first_valid_until and award.awarded_at.replace(microsecond=0),
            status=open_badges.StatusEntry(
                list_url=issuer.status_list_url(number), index=credential.status_index
            ),
            particulars=replace(told, identity=own),
        ),
    )


def _achievement(session: Session, award: Award, issuer: Issuer) -> Achievement:
    achievement = get_achievement(session, award.achievement_id)
    content = edition_content(session, achievement, award.edition)
    return replace(
        issuing.badge_achievement(issuer, achievement.id, content, edition=award.edition),
        micro=issuing.micro_credential(content.details),
    )


def _digest(told: Particulars, chosen: Identifier | None, award: Award) -> bytes:
    """Return what two detailed forms that say the same have in common; their salts differ."""
    said = [
        told.name,
        told.descriptions_json(),
        told.results_json(),
        told.evidence_json(),
        chosen and [chosen.kind, chosen.value],
    ]
    if award.first_valid_until is not None and award.valid_until is not None:
        said.append(award.valid_until.isoformat())  # earned again, it is another
    return sha256(json.dumps(said, sort_keys=True).encode()).digest()


def _number(points: Decimal) -> str:
    return f"{points.normalize():f}"
