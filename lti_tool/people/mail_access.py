"""Coming back without an LMS: addresses that people confirmed, and links mailed to them.

A link is asked for by anybody who knows an address, so that asking must tell nothing: the same
rows are written and the same page answers, whether the address is known or not. Only the job that
writes the letter looks. A token exists in the letter alone; we keep its hash.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lti_tool.core import audit, clock, mail, outbox, settings
from lti_tool.core.db import tenant, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import InstitutionId, PersonId, new_id
from lti_tool.core.language import SOURCE, phrase
from lti_tool.core.language import language as reading
from lti_tool.core.secret import hash_of, new_secret
from lti_tool.people import letters
from lti_tool.people.errors import MailLinkUsedError, NotAnAddressError, TooManyLettersError
from lti_tool.people.events import MailLinkAsked
from lti_tool.people.models import LearnerSession, MailLink, PersonEmail, PersonUser
from lti_tool.people.queries import current_people, current_person
from lti_tool.platforms.models import Institution, User
from lti_tool.platforms.queries import get_institution
from lti_tool.platforms.rounds import every_institution

CONFIRM, SIGN_IN = "confirm", "sign_in"
LASTS = timedelta(minutes=20)  # from the letter
# A mail server that is away for longer finds nobody waiting for the letter any more.
REQUEST_LASTS = timedelta(hours=1)
KEPT = timedelta(days=1)
PER_ADDRESS, PER_PERSON = 3, 5
MOST_REQUESTS = 10  # an hour for one address, known or not: more are not written down
_PER = timedelta(hours=1)
MOST_ADDRESSES = 5


def ask_sign_in(institution_id: InstitutionId, address: str, *, language: str = SOURCE) -> None:
    """Have a link to somebody's badges mailed to an address, if somebody confirmed it.

    Tells nothing, neither by answer nor by the time it takes; too many in an hour are not sent.

    Raises:
        NotAnAddressError: nobody could have it.
    """
    folded = _folded(address)
    with transaction(institution_id) as session:
        if _count(session, MailLink.address == folded) < MOST_REQUESTS:
            _ask(session, SIGN_IN, folded, None, language)


def ask_confirmation(
    institution_id: InstitutionId, person_id: PersonId, address: str, *, language: str = SOURCE
) -> None:
    """Have a link mailed by which a person shows that an address is theirs.

    The language is that of the letter, and of later ones to this address.

    Raises:
        NotAnAddressError: it is none.
        TooManyLettersError: they have asked too often for now.
    """
    folded = _folded(address)
    with transaction(institution_id) as session:
        own = MailLink.person_id == person_id
        if _count(session, own) >= PER_PERSON or _count_addresses(session, person_id) >= (
            MOST_ADDRESSES
        ):
            raise TooManyLettersError
        _ask(session, CONFIRM, folded, person_id, language)


def _folded(address: str) -> str:
    folded = mail.fold_address(address)
    if folded is None:
        raise NotAnAddressError(phrase("Enter an address such as name@example.org."))
    return folded


def _ask(
    session: Session, purpose: str, address: str, person_id: PersonId | None, language: str
) -> None:
    link = MailLink(
        id=new_id(),
        purpose=purpose,
        address=address,
        language=language,
        person_id=person_id,
        asked_at=clock.now(),
    )
    session.add(link)
    outbox.record(session, MailLinkAsked(institution_id=InstitutionId(tenant()), link_id=link.id))


def _count(session: Session, of: ColumnElement[bool]) -> int:
    since = clock.now() - _PER
    query = select(func.count(MailLink.id)).where(of, MailLink.asked_at > since)
    return session.scalars(query).one()


def _count_addresses(session: Session, person_id: PersonId) -> int:
    return session.scalars(
        select(func.count(PersonEmail.id)).where(PersonEmail.person_id == person_id)
    ).one()


def prepare_letter(institution_id: InstitutionId, link_id: UUID) -> mail.Mail | None:
    """Return the letter for a request, with a token made for it; None when there is none to send.

    There is none for an address that nobody confirmed, after too many to one address, and for a
    request that was answered or is too old.
    """
    now, token = clock.now(), new_secret()
    with transaction(institution_id) as session:
        link = session.scalar(select(MailLink).where(MailLink.id == link_id).with_for_update())
        if link is None or link.sent_at is not None or link.asked_at < now - REQUEST_LASTS:
            return None
        sent = session.scalars(
            select(func.count(MailLink.id)).where(
                MailLink.address == link.address, MailLink.sent_at > now - _PER
            )
        ).one()
        if sent >= PER_ADDRESS:
            return None
        if link.purpose == SIGN_IN and _owner(session, link.address) is None:
            return None
        link.token_hash, link.expires_at = hash_of(token), now + LASTS
        place = get_institution(session, institution_id)
    write = letters.confirmation if link.purpose == CONFIRM else letters.sign_in
    return write(
        link.address,
        institution=place.name,
        link=f"{settings.current().base_url}/my/{place.slug}/{_WORDS[link.purpose]}/{token}",
        lasts=LASTS,
        reader=reading(link.language),
    )


_WORDS = {CONFIRM: "confirm", SIGN_IN: "enter"}


def note_sent(institution_id: InstitutionId, link_id: UUID) -> None:
    """Note that a letter was handed over."""
    with transaction(institution_id) as session:
        session.execute(
            update(MailLink)
            .where(MailLink.id == link_id, MailLink.sent_at.is_(None))
            .values(sent_at=clock.now())
        )


def find_link(session: Session, purpose: str, token: str) -> MailLink | None:
    """Return the request behind a link that still works, or None."""
    return session.scalar(select(MailLink).where(*_works(purpose, token)))


def _works(purpose: str, token: str) -> tuple[ColumnElement[bool], ...]:
    return (
        MailLink.purpose == purpose,
        MailLink.token_hash == hash_of(token),
        MailLink.used_at.is_(None),
        MailLink.expires_at > clock.now(),
    )


def confirm(institution_id: InstitutionId, token: str) -> str:
    """Note that an address is the person's who asked; returns the address.

    Whoever reads the mail now has the address: it is taken from a person who had it before, and
    sessions opened through it end.

    Raises:
        MailLinkUsedError: the link has been used or is too old, or is none.
    """
    with transaction(institution_id) as session:
        _hold_people(session, CONFIRM, token)
        link = _use(session, CONFIRM, token)
        before = _owner(session, link.address)
        if before != link.person_id:
            _end_sessions_of_address(session, link.address)
        session.execute(
            insert(PersonEmail)
            .values(
                institution_id=tenant(),
                id=new_id(),
                person_id=link.person_id,
                address=link.address,
                language=link.language,
                verified_at=clock.now(),
            )
            .on_conflict_do_update(
                index_elements=["institution_id", "address"],
                set_={
                    "person_id": link.person_id,
                    "language": link.language,
                    "verified_at": clock.now(),
                },
            )
        )
    return link.address


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """A learner's session. The secret is told only here; its hash is kept."""

    id: UUID
    secret: str = field(repr=False)


def enter(institution_id: InstitutionId, token: str) -> OpenedSession:
    """Open a session for whom a link was mailed to.

    Raises:
        MailLinkUsedError: the link has been used or is too old, or is none.
    """
    now, secret = clock.now(), new_secret()
    with transaction(institution_id) as session:
        _hold_people(session, SIGN_IN, token)
        link = _use(session, SIGN_IN, token)
        person_id = _owner(session, link.address)
        if person_id is None:  # taken away since the letter was written
            raise MailLinkUsedError
        session.execute(delete(LearnerSession).where(LearnerSession.expires_at <= now))
        opened = LearnerSession(
            id=new_id(),
            person_id=person_id,
            address=link.address,
            secret_hash=hash_of(secret),
            created_at=now,
            expires_at=now + timedelta(hours=settings.current().session_hours),
        )
        session.add(opened)
        audit.record(
            session,
            actor=audit.SYSTEM,
            act="enter_by_mail",
            object_kind="person",
            object_id=person_id,
        )
    return OpenedSession(id=opened.id, secret=secret)


def _hold_people(session: Session, purpose: str, token: str) -> None:
    """Lock whoever a link is about before what is theirs, as merges, splits and erasures do."""
    told = session.execute(
        select(MailLink.person_id, PersonEmail.person_id)
        .outerjoin(PersonEmail, PersonEmail.address == MailLink.address)
        .where(*_works(purpose, token))
    ).one_or_none()
    if told is not None:
        current_people(session, [one for one in told if one is not None])


def _use(session: Session, purpose: str, token: str) -> MailLink:
    """Spend a link: of two that come at once, one finds it."""
    link: MailLink | None = session.scalar(
        update(MailLink)
        .where(*_works(purpose, token))
        .values(used_at=clock.now())
        .returning(MailLink)
    )
    if link is None:
        raise MailLinkUsedError
    return link


def _owner(session: Session, address: str) -> PersonId | None:
    return session.scalar(select(PersonEmail.person_id).where(PersonEmail.address == address))


def list_addresses(session: Session, person_id: PersonId) -> Sequence[PersonEmail]:
    """Return the addresses a person has confirmed, the first first."""
    return session.scalars(
        select(PersonEmail)
        .where(PersonEmail.person_id == person_id)
        .order_by(PersonEmail.verified_at, PersonEmail.id)
    ).all()


def remove_address(institution_id: InstitutionId, person_id: PersonId, email_id: UUID) -> None:
    """Take an address away; sessions opened through it end at once.

    Raises:
        NotFoundError: it is not the person's.
    """
    with transaction(institution_id) as session:
        current_person(session, person_id)  # first, as above
        address = session.scalar(
            delete(PersonEmail)
            .where(PersonEmail.id == email_id, PersonEmail.person_id == person_id)
            .returning(PersonEmail.address)
        )
        if address is None:
            raise NotFoundError(phrase("You have confirmed no such address."))
        _end_sessions_of_address(session, address)


def set_notices(
    institution_id: InstitutionId, person_id: PersonId, email_id: UUID, *, wanted: bool
) -> None:
    """Say whether an address is written to when a certificate of the person lapses.

    Raises:
        NotFoundError: it is not the person's.
    """
    with transaction(institution_id) as session:
        changed = session.scalar(
            update(PersonEmail)
            .where(PersonEmail.id == email_id, PersonEmail.person_id == person_id)
            .values(gets_notices=wanted)
            .returning(PersonEmail.id)
        )
        if changed is None:
            raise NotFoundError(phrase("You have confirmed no such address."))


def _end_sessions_of_address(session: Session, address: str) -> None:
    session.execute(delete(LearnerSession).where(LearnerSession.address == address))


def find_session(
    session: Session, session_id: UUID, secret: str, at: datetime
) -> tuple[LearnerSession, Institution, str | None] | None:
    """Return an open session, where it is, and the language that its person chose, if any.

    None when it has ended or the secret is not its.
    """
    chosen = (
        select(func.max(User.language))
        .join(PersonUser, PersonUser.id == User.id)
        .where(PersonUser.person_id == LearnerSession.person_id)
        .scalar_subquery()
    )
    row = session.execute(
        select(LearnerSession, Institution, chosen)
        .join(Institution, Institution.id == LearnerSession.institution_id)
        .where(LearnerSession.id == session_id, LearnerSession.expires_at > at)
    ).one_or_none()
    if row is None or not hmac.compare_digest(row[0].secret_hash, hash_of(secret)):
        return None
    return row[0], row[1], row[2]


def end_session(institution_id: InstitutionId, session_id: UUID) -> None:
    """Sign one browser out."""
    with transaction(institution_id) as session:
        session.execute(delete(LearnerSession).where(LearnerSession.id == session_id))


def end_sessions(institution_id: InstitutionId, person_id: PersonId) -> None:
    """Sign out every browser of a person that came by a link."""
    with transaction(institution_id) as session:
        session.execute(delete(LearnerSession).where(LearnerSession.person_id == person_id))


def forget_old_links() -> int:
    """Delete requests and sessions that have ended; returns how many. Called now and then."""
    count = 0
    for institution_id in every_institution():
        with transaction(institution_id) as session:
            gone = session.scalars(
                delete(MailLink)
                .where(MailLink.asked_at < clock.now() - KEPT)
                .returning(MailLink.id)
            ).all()
        with transaction(institution_id) as session:  # by itself: others take them the other way
            session.execute(delete(LearnerSession).where(LearnerSession.expires_at <= clock.now()))
        count += len(gone)
    return count
