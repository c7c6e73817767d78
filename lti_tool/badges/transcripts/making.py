"""Signing a transcript: once for each form, and only what still stands when it is kept."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from uuid import UUID, uuid4

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.badges import clr, detailing, kept_proofs, lists, open_badges, signing
from lti_tool.badges.canonical import UnsafeDocumentError
from lti_tool.badges.carriers import MOST_TEXT_BYTES
from lti_tool.badges.errors import (
    ChangedTranscriptError,
    NothingAskedError,
    NothingToTranscribeError,
    TooManyTranscriptsError,
    TranscriptTooLargeError,
    UnknownCredentialError,
    UnknownTranscriptError,
)
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.models import TRANSCRIPTS, Credential, Transcript, TranscriptCredential
from lti_tool.badges.queries import get_issuer_of
from lti_tool.badges.transcripts.contents import (
    Asked,
    Contents,
    Standing,
    compose,
    list_standing,
)
from lti_tool.badges.transcripts.kept import document_of, get_transcript
from lti_tool.core import audit, clock, metrics
from lti_tool.core.db import tenant, transaction
from lti_tool.core.ids import AwardId, CredentialId, InstitutionId, PersonId, TranscriptId, new_id
from lti_tool.core.language import phrase
from lti_tool.people.models import Person
from lti_tool.people.queries import current_person

# Of one person, made by themselves; each costs half a second to sign.
MOST_A_DAY = 20
# As a token it is a third longer, and has to be read here, too; with room for the proof, and for a
# reader that writes the same in more characters.
_MOST_BYTES = MOST_TEXT_BYTES * 7 // 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reserved:
    issuer: Issuer
    transcript: clr.Transcript | None  # None when it is signed already
    held: frozenset[CredentialId] = frozenset()


def new_transcript_id() -> TranscriptId:
    """Return an id for a form to carry."""
    return TranscriptId(new_id())


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
    detailed: Mapping[AwardId, CredentialId] = {}
    if asked.says_results:
        with transaction(institution_id) as session:
            standing = _look_first(session, transcript_id, person_id, contents, asked)
        detailed = _sign_results(institution_id, person_id, standing, asked)
    with transaction(institution_id) as session:
        reserved = _reserve(session, transcript_id, person_id, contents, asked, detailed)
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
        check = kept_proofs.verify(credential, methods=methods, at=now)
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


def _look_first(
    session: Session,
    transcript_id: TranscriptId,
    person_id: PersonId,
    contents: Contents,
    asked: Asked,
) -> Sequence[Standing]:
    """Return the badges to sign with results; none if the same form was signed before.

    What is refused here leaves no signed results behind that nobody asked for by themselves. How
    large they make it shows only then.
    """
    person_id = current_person(session, person_id)
    row = _find(session, transcript_id, person_id)
    if row is not None and row.document is not None:
        return ()
    standing = list_standing(session, person_id, contents.awards)
    _refuse_unfit(standing)
    if row is None and asked.actor is None:
        _refuse_many(session, person_id)
    return standing


def _refuse_unfit(standing: Sequence[Standing]) -> None:
    if not standing:
        raise NothingToTranscribeError
    at_least = sum(len(json.dumps(one.document)) for one in standing)
    if len(standing) > clr.MOST_CREDENTIALS or at_least > _MOST_BYTES:
        raise TranscriptTooLargeError


def _sign_results(
    institution_id: InstitutionId,
    person_id: PersonId,
    standing: Sequence[Standing],
    asked: Asked,
) -> dict[AwardId, CredentialId]:
    """Return, by award, the credential that says what was scored, signed if it is not yet.

    It is the very one that a holder has signed who asks for results, so that a transcript and a
    badge say the same; an award without any, such as by prior learning, is left out.
    """
    with transaction(institution_id) as session:
        own = current_person(session, person_id)
    signed = {}
    for one in standing:
        # Withdrawn just now, it is not in the transcript either.
        with suppress(NothingAskedError, UnknownCredentialError):
            signed[one.award_id] = detailing.sign_detailed(
                institution_id,
                one.award_id,
                person_id=own,
                asked=detailing.Asked(results=True),
                noted=detailing.Noted(
                    act="sign_results", actor=asked.actor or audit.SYSTEM, reason=asked.reason
                ),
            )
    return signed


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
            "says_results": asked.says_results,
        },
    )


def _reserve(  # noqa: PLR0913, PLR0917 - all that it says
    session: Session,
    transcript_id: TranscriptId,
    person_id: PersonId,
    contents: Contents,
    asked: Asked,
    detailed: Mapping[AwardId, CredentialId],
) -> _Reserved:
    issuer = get_issuer_of(session, tenant())
    person_id = current_person(session, person_id)
    # Of one person one at a time: the same form may be sent twice at once. With the key left
    # free, for both have it by now from finding out who it is.
    person = session.scalars(
        select(Person).where(Person.id == person_id).with_for_update(key_share=True)
    ).one_or_none()
    if person is None or person.erased_at is not None:
        raise NothingToTranscribeError
    row = _find(session, transcript_id, person_id)
    if row is not None and row.document is not None:
        return _Reserved(issuer=issuer, transcript=None)
    credentials = list_standing(session, person_id, contents.awards, detailed)
    _refuse_unfit(credentials)
    if row is None:
        if asked.actor is None:
            newest = _newest_own(session, person_id)
            if newest is not None and clr.read(newest.document) == compose(
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
    transcript = compose(session, issuer, row, credentials, contents, asked)
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
