"""Transcripts: a person's signed credentials together, signed as one, and taken back.

What belongs in one is said by whoever asks (`Contents`); here it is made sure that nothing is in it
that was withdrawn, then and later: when a credential in a transcript is revoked, so is it.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Table, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.badges import (
    clr,
    data_integrity,
    issuing,
    lists,
    open_badges,
    signing,
)
from lti_tool.badges.canonical import UnsafeDocumentError
from lti_tool.badges.carriers import MOST_TEXT_BYTES
from lti_tool.badges.clr import Association, AssociationKind
from lti_tool.badges.errors import (
    ChangedTranscriptError,
    NothingToTranscribeError,
    TooManyTranscriptsError,
    TranscriptTooLargeError,
    UnknownTranscriptError,
)
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.models import (
    MINIMAL,
    TRANSCRIPTS,
    Award,
    Credential,
    StatusList,
    Transcript,
    TranscriptCredential,
    TranscriptLink,
)
from lti_tool.badges.particulars import IdentityType, Particulars, identity, read_identifiers
from lti_tool.badges.queries import edition_content, get_achievement, get_issuer_of
from lti_tool.core import audit, clock, keys, metrics
from lti_tool.core.audit import Actor
from lti_tool.core.db import tenant, transaction
from lti_tool.core.ids import (
    AchievementId,
    AwardId,
    CredentialId,
    InstitutionId,
    PersonId,
    TranscriptId,
    new_id,
)
from lti_tool.core.language import phrase
from lti_tool.core.secret import hash_of
from lti_tool.people.models import Person
from lti_tool.people.queries import current_person, display_names, list_users

# Of one person, made by themselves; each costs half a second to sign.
MOST_A_DAY = 20
_TOKEN_BYTES = 16
_LINK_PURPOSE = "transcript link"
# As a token it is a third longer, and has to be read here, too; with room for the proof, and for a
# reader that writes the same in more characters.
_MOST_BYTES = MOST_TEXT_BYTES * 7 // 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """How one achievement stands to another."""

    kind: AssociationKind
    source: AchievementId
    target: AchievementId


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a transcript is to hold.

    Attributes:
        awards: of the person; those that do not stand, or are not signed yet, are left out.
        ties: among what is awarded, and to what is not.
        is_partial: the person holds more.
    """

    awards: tuple[AwardId, ...]
    ties: tuple[Tie, ...] = ()
    is_partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks for a transcript, and what it says of the holder.

    Attributes:
        actor: staff who gives it out; None: its holder makes it.
        reason: of staff, why.
        recipient: of staff, to whom it goes.
    """

    says_name: bool
    says_number: bool = False
    actor: Actor | None = None
    reason: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeTranscript:
    """A transcript that was signed, as lists of them show it.

    Attributes:
        badges: how many are in it.
    """

    id: TranscriptId
    name: str
    holder: str | None
    is_official: bool
    recipient: str | None
    badges: int
    issued_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reserved:
    issuer: Issuer
    transcript: clr.Transcript | None  # None when it is signed already
    held: frozenset[CredentialId] = frozenset()


def sign_transcript(
    institution_id: InstitutionId,
    transcript_id: TranscriptId,
    person_id: PersonId,
    contents: Contents,
    asked: Asked,
) -> None:
    """Sign a transcript and keep it; who sends the same form twice gets one.

    So does a holder whose newest transcript says the same and stands.

    Args:
        institution_id: whose.
        transcript_id: made with the form.
        person_id: whose badges.
        contents: what is to be in it.
        asked: by whom, and how much of the holder it says.

    Raises:
        NothingToTranscribeError: nothing of it stands and is signed.
        TranscriptTooLargeError: it could not be checked by those who get it.
        TooManyTranscriptsError: a holder has made many today.
        UnknownTranscriptError: it was taken back meanwhile, or is somebody else's, or the id is
            a badge's.
        ChangedTranscriptError: the same form was sent again with other choices meanwhile.
    """
    with transaction(institution_id) as session:
        reserved = _reserve(session, transcript_id, person_id, contents, asked)
    if reserved.transcript is None:
        return
    issuer, transcript = reserved.issuer, reserved.transcript
    try:
        document = signing.sign(issuer, transcript.to_json())
    except UnsafeDocumentError as error:  # what is in it was signed: only all of it is too much
        raise TranscriptTooLargeError from error
    if clr.read(document) != transcript:
        raise signing.SelfCheckError("it does not read as what was meant")
    methods, now = signing.methods(issuer), clock.now()
    for credential in transcript.credentials:
        check = data_integrity.verify(credential, methods=methods, at=now)
        if not check.verified:
            raise signing.SelfCheckError(f"{credential['id']} in it: {check.outcome}")
    with transaction(institution_id) as session:
        # Only by these rows will a withdrawal find it.
        if not _is_as_reserved(session, transcript_id, reserved.held):
            raise ChangedTranscriptError
        kept = session.execute(
            update(Transcript)
            .where(
                Transcript.id == transcript_id,
                Transcript.document.is_(None),
                Transcript.revoked_at.is_(None),
            )
            .values(document=document, issued_at=clock.now())
            .returning(Transcript.id)
        ).all()
        if kept:
            _note(session, transcript_id, len(transcript.credentials), asked)
    if kept:
        metrics.count("cairn_credentials_signed")


def compact_form(institution_id: InstitutionId, transcript_id: TranscriptId) -> str:
    """Return a transcript as a compact JWS, signed when first asked for, then kept.

    Raises:
        UnknownTranscriptError: there is none.
    """
    with transaction(institution_id) as session:
        row = get_transcript(session, transcript_id)
        if row.compact is not None:
            return row.compact
        issuer = get_issuer_of(session, institution_id)
        document = document_of(row)
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    compact = signing.sign_compact(issuer, unsecured)
    with transaction(institution_id) as session:
        session.execute(
            update(Transcript)
            .where(Transcript.id == transcript_id, Transcript.document.is_not(None))
            .values(compact=compact)
        )
    return compact


def link_to(institution_id: InstitutionId, transcript_id: TranscriptId) -> str:
    """Let a transcript's link show it to whoever has it, until it is taken back.

    Returns:
        The token for `Issuer.transcript_url`.

    Raises:
        UnknownTranscriptError: there is none, or it was taken back.
    """
    token = token_of(institution_id, transcript_id)
    with transaction(institution_id) as session:
        if get_transcript(session, transcript_id).revoked_at is not None:
            raise UnknownTranscriptError(phrase("It was taken back."))
        session.execute(
            insert(TranscriptLink)
            .values(
                institution_id=tenant(),
                id=new_id(),
                transcript_id=transcript_id,
                token_hash=hash_of(token),
                created_at=clock.now(),
            )
            .on_conflict_do_nothing(index_elements=["institution_id", "token_hash"])
        )
    return token


def token_of(institution_id: InstitutionId, transcript_id: TranscriptId) -> str:
    """Return the token of a transcript's one link; it shows nothing before `link_to`.

    It follows from the operator's secret, so that it can be printed again and need not be kept.
    """
    tag = keys.mac(_LINK_PURPOSE, institution_id.bytes, transcript_id.bytes)
    return base64.urlsafe_b64encode(tag[:_TOKEN_BYTES]).rstrip(b"=").decode()


def revoke_transcript(
    institution_id: InstitutionId,
    transcript_id: TranscriptId,
    *,
    reason: str | None,
    actor: Actor,
) -> None:
    """Take a transcript back: whoever checks it from now on is told so. Twice is once.

    Raises:
        UnknownTranscriptError: there is none.
    """
    with transaction(institution_id) as session:
        row = get_transcript(session, transcript_id)
        if not revoke_where(session, Transcript.id == transcript_id):
            return
        audit.record(
            session,
            actor=actor,
            act="revoke_transcript",
            object_kind="person",
            object_id=row.person_id,
            reason=reason,
            facts={"transcript": str(transcript_id)},
        )
    issuing.publish_status_lists(institution_id)


def revoke_where(session: Session, condition: ColumnElement[bool]) -> Sequence[TranscriptId]:
    """Revoke transcripts that are not yet; their lists are signed anew when they are asked for."""
    now = clock.now()
    rows = session.execute(
        update(Transcript)
        .where(condition, Transcript.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Transcript.id, Transcript.status_list_id)
        .execution_options(synchronize_session=False)
    ).all()
    session.execute(
        update(StatusList)
        .where(StatusList.id.in_({row.status_list_id for row in rows}))
        .values(changed_at=now, document=None)
    )
    return [row.id for row in rows]


def holds_award(award_ids: Sequence[AwardId]) -> ColumnElement[bool]:
    """Return the condition that a transcript holds a credential of one of these awards."""
    return Transcript.id.in_(
        select(TranscriptCredential.transcript_id)
        .join(Credential, Credential.id == TranscriptCredential.credential_id)
        .where(Credential.award_id.in_(award_ids))
    )


def holds_anothers() -> ColumnElement[bool]:
    """Return the condition that a transcript holds a credential of another person."""
    return Transcript.id.in_(
        select(TranscriptCredential.transcript_id)
        .join(Credential, Credential.id == TranscriptCredential.credential_id)
        .join(Award, Award.id == Credential.award_id)
        .where(
            TranscriptCredential.transcript_id == Transcript.id,
            Award.person_id != Transcript.person_id,
        )
        .correlate(Transcript)
    )


def get_transcript(
    session: Session, transcript_id: TranscriptId, *, of_person: PersonId | None = None
) -> Transcript:
    """Return a transcript that was signed.

    Raises:
        UnknownTranscriptError: there is none, or it is another person's.
    """
    row = session.scalar(
        select(Transcript).where(Transcript.id == transcript_id, Transcript.document.is_not(None))
    )
    if row is None or (of_person is not None and row.person_id != of_person):
        raise UnknownTranscriptError(phrase("There is no such transcript."))
    return row


def document_of(row: Transcript) -> dict[str, Any]:
    """Return what was signed.

    Raises:
        UnknownTranscriptError: nothing, so far.
    """
    if row.document is None:
        raise UnknownTranscriptError(phrase("There is no such transcript."))
    return row.document


def find_linked(session: Session, token_hash: bytes) -> Transcript | None:
    """Return the transcript that a link leads to, also one that was taken back; or None."""
    return session.scalar(
        select(Transcript)
        .join(TranscriptLink, TranscriptLink.transcript_id == Transcript.id)
        .where(TranscriptLink.token_hash == token_hash, Transcript.document.is_not(None))
    )


def list_transcripts(session: Session, person_id: PersonId) -> list[MadeTranscript]:
    """Return a person's transcripts, the newest first."""
    held = (
        select(func.count())
        .where(TranscriptCredential.transcript_id == Transcript.id)
        .correlate(Transcript)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Transcript.id,
            Transcript.document["name"].astext.label("name"),
            Transcript.document["credentialSubject"]["identifier"].label("identifier"),
            Transcript.is_official,
            Transcript.recipient,
            Transcript.issued_at,
            Transcript.revoked_at,
            held.label("held"),
        )
        .where(Transcript.person_id == person_id, Transcript.document.is_not(None))
        .order_by(Transcript.issued_at.desc(), Transcript.id.desc())
    )
    return [
        MadeTranscript(
            id=row.id,
            name=row.name,
            holder=read_identifiers({"identifier": row.identifier or []})[0],
            is_official=row.is_official,
            recipient=row.recipient,
            badges=row.held,
            issued_at=row.issued_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
        if row.issued_at is not None  # never else, says the query
    ]


def _note(session: Session, transcript_id: TranscriptId, badges: int, asked: Asked) -> None:
    # To whom it goes is in the transcript's row: it may be a name, and the trail holds none.
    audit.record(
        session,
        actor=asked.actor or audit.SYSTEM,
        act="sign_transcript" if asked.actor is None else "issue_transcript",
        object_kind="person",
        object_id=get_transcript(session, transcript_id).person_id,
        reason=asked.reason,
        facts={
            "transcript": str(transcript_id),
            "badges": badges,
            "says_who": asked.says_name,
        },
    )


def _reserve(
    session: Session,
    transcript_id: TranscriptId,
    person_id: PersonId,
    contents: Contents,
    asked: Asked,
) -> _Reserved:
    issuer = get_issuer_of(session, tenant())
    person_id = current_person(session, person_id)
    # Of one person one at a time: the same form may be sent twice at once.
    person = session.scalars(
        select(Person).where(Person.id == person_id).with_for_update()
    ).one_or_none()
    if person is None or person.erased_at is not None:
        raise NothingToTranscribeError
    row = _find(session, transcript_id, person_id)
    if row is not None and row.document is not None:
        return _Reserved(issuer=issuer, transcript=None)
    credentials = _standing(session, person_id, contents.awards)
    if not credentials:
        raise NothingToTranscribeError
    if len(credentials) > clr.MOST_CREDENTIALS:
        raise TranscriptTooLargeError
    if row is None:
        if asked.actor is None:
            newest = _newest_own(session, person_id)
            if newest is not None and clr.read(newest.document) == _transcript(
                session, issuer, newest, credentials, contents, asked
            ):
                return _Reserved(issuer=issuer, transcript=None)
            _refuse_many(session, person_id)
        row = _take_place(session, transcript_id, person_id, asked)
    else:
        session.refresh(row, with_for_update=True)
        if row.document is not None:
            return _Reserved(issuer=issuer, transcript=None)
    row.is_official, row.recipient = asked.actor is not None, asked.recipient  # as asked last
    session.execute(
        delete(TranscriptCredential).where(TranscriptCredential.transcript_id == row.id)
    )
    session.add_all(
        TranscriptCredential(transcript_id=row.id, credential_id=one.id) for one in credentials
    )
    transcript = _transcript(session, issuer, row, credentials, contents, asked)
    if len(json.dumps(transcript.to_json()).encode()) > _MOST_BYTES:
        raise TranscriptTooLargeError
    return _Reserved(
        issuer=issuer, transcript=transcript, held=frozenset(one.id for one in credentials)
    )


def _find(session: Session, transcript_id: TranscriptId, person_id: PersonId) -> Transcript | None:
    row = session.scalar(select(Transcript).where(Transcript.id == transcript_id))
    # The id comes with the form, and both kinds of documents are named by theirs alike.
    if session.get(Credential, (transcript_id, tenant())) is not None or (
        row is not None and (row.person_id != person_id or row.revoked_at is not None)
    ):
        raise UnknownTranscriptError(phrase("There is no such transcript."))
    return row


def _newest_own(session: Session, person_id: PersonId) -> Transcript | None:
    """Return the newest signed transcript that a person made, if it stands."""
    newest = session.scalars(
        select(Transcript)
        .where(
            Transcript.person_id == person_id,
            Transcript.is_official.is_(False),
            Transcript.document.is_not(None),
        )
        .order_by(Transcript.issued_at.desc(), Transcript.id.desc())
        .limit(1)
    ).one_or_none()
    return newest if newest is not None and newest.revoked_at is None else None


def _refuse_many(session: Session, person_id: PersonId) -> None:
    today = session.scalar(
        select(func.count()).where(
            Transcript.person_id == person_id,
            Transcript.is_official.is_(False),
            Transcript.reserved_at > clock.now() - timedelta(days=1),
        )
    )
    if (today or 0) >= MOST_A_DAY:
        raise TooManyTranscriptsError


def _transcript(  # noqa: PLR0913, PLR0917 - all that it says
    session: Session,
    issuer: Issuer,
    row: Transcript,
    credentials: "Sequence[_Standing]",
    contents: Contents,
    asked: Asked,
) -> clr.Transcript:
    number = session.scalars(
        select(StatusList.number).where(StatusList.id == row.status_list_id)
    ).one()
    is_partial = contents.is_partial or len(credentials) < len(contents.awards)
    return clr.Transcript(
        id=issuer.credential_url(row.id),
        name=("Partial transcript, " if is_partial else "Transcript, ") + issuer.name,
        issuer=issuing.badge_issuer(issuer),
        subject_id=row.subject_urn,
        valid_from=row.reserved_at.replace(microsecond=0),
        credentials=tuple(one.document for one in credentials),
        is_partial=is_partial,
        status=open_badges.StatusEntry(
            list_url=issuer.status_list_url(number), index=row.status_index
        ),
        holder=_holder(session, row.person_id, asked),
        **_tied(session, issuer, contents.ties, {one.achievement_id for one in credentials}),
    )


def _is_as_reserved(
    session: Session, transcript_id: TranscriptId, held: frozenset[CredentialId]
) -> bool:
    """Tell whether a transcript still holds these, and keep it so until the transaction ends."""
    session.scalars(
        select(Transcript.id).where(Transcript.id == transcript_id).with_for_update()
    ).one()
    rows = session.scalars(
        select(TranscriptCredential.credential_id).where(
            TranscriptCredential.transcript_id == transcript_id
        )
    )
    return held == set(rows)


@dataclass(frozen=True, slots=True)
class _Standing:
    id: CredentialId
    achievement_id: AchievementId
    document: dict[str, Any]


def _standing(
    session: Session, person_id: PersonId, award_ids: Sequence[AwardId]
) -> list[_Standing]:
    """Return the signed credentials of those awards that stand, the oldest first."""
    # The lock keeps a withdrawal out until it can see the transcript that it must revoke.
    stand = session.scalars(
        select(Award.id)
        .where(
            Award.id.in_(award_ids),
            Award.person_id == person_id,
            Award.withdrawn_at.is_(None),
            Award.duplicate_of_id.is_(None),
        )
        .order_by(Award.id)
        .with_for_update(read=True)
    ).all()
    rows = session.execute(
        select(Credential.id, Award.achievement_id, Credential.document)
        .join(Award, Award.id == Credential.award_id)
        .where(
            Award.id.in_(stand),
            Credential.form == MINIMAL,
            Credential.revoked_at.is_(None),
            Credential.document.is_not(None),
        )
        .order_by(Award.awarded_at, Award.id)
    )
    return [_Standing(row.id, row.achievement_id, row.document) for row in rows]


def _take_place(
    session: Session, transcript_id: TranscriptId, person_id: PersonId, asked: Asked
) -> Transcript:
    def take(list_id: UUID, _number: int, index: int) -> Transcript | None:
        taken = session.scalar(
            insert(cast("Table", Transcript.__table__))
            .values(
                institution_id=tenant(),
                id=transcript_id,
                person_id=person_id,
                is_official=asked.actor is not None,
                recipient=asked.recipient,
                subject_urn=open_badges.subject_urn(uuid4()),
                status_list_id=list_id,
                status_index=index,
                reserved_at=clock.now(),
            )
            .on_conflict_do_nothing(
                index_elements=["institution_id", "status_list_id", "status_index"]
            )
            .returning(Transcript.id)
        )
        if taken is None:
            return None
        return session.scalars(select(Transcript).where(Transcript.id == transcript_id)).one()

    return lists.take_place(session, TRANSCRIPTS, take)


def _holder(session: Session, person_id: PersonId, asked: Asked) -> Particulars:
    name = display_names(session, [person_id]).get(person_id) if asked.says_name else None
    numbers = [user.sis_id for user in list_users(session, person_id) if user.sis_id]
    return Particulars(
        name=name,
        identity=(
            identity(IdentityType.SIS, numbers[0]) if asked.says_number and numbers else None
        ),
    )


def _tied(
    session: Session, issuer: Issuer, ties: Sequence[Tie], held: set[AchievementId]
) -> dict[str, Any]:
    """Return associations by address, and what they name that is not held."""
    beside = []
    for missing in sorted({one for tie in ties for one in (tie.source, tie.target)} - held):
        achievement = get_achievement(session, missing)
        content = edition_content(session, achievement, achievement.edition)
        beside.append(
            issuing.badge_achievement(issuer, missing, content, edition=achievement.edition)
        )
    return {
        "beside": tuple(beside),
        "associations": tuple(
            Association(
                kind=tie.kind,
                source=issuer.achievement_url(tie.source),
                target=issuer.achievement_url(tie.target),
            )
            for tie in dict.fromkeys(ties)
        ),
    }


def new_transcript_id() -> TranscriptId:
    """Return an id for a form to carry."""
    return TranscriptId(new_id())
