import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lti_tool.core import clock
from lti_tool.core import settings as settings_module
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import PersonId, new_id
from lti_tool.core.secret import hash_of
from lti_tool.core.settings import MailFolder, Settings
from lti_tool.people import mail_access
from lti_tool.people.errors import MailLinkUsedError, NotAnAddressError, TooManyLettersError
from lti_tool.people.models import LearnerSession, MailLink, Person
from tests.badges.factories import Place, place
from tests.conftest import Worker
from tests.mailserver import newest_letter

ADDRESS = "amara@home.example"

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def mailbox(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """Have letters put into a folder."""
    folder = tmp_path / "mail"
    folder.mkdir()
    how = MailFolder(sender="Cairn <cairn@northfell.example>", path=folder)
    settings_module.install(replace(settings, mail=how))
    yield folder
    settings_module.install(settings)


def token_in(mailbox: Path) -> str:
    """Return the token of the newest letter."""
    found = re.search(r"/my/\S+/(?:confirm|enter)/([A-Za-z0-9_-]{43})", newest_letter(mailbox))
    assert found is not None
    return found[1]


def letters(mailbox: Path) -> int:
    return len(list(mailbox.iterdir()))


def confirmed(at: Place, worker: Worker, mailbox: Path, address: str = ADDRESS) -> None:
    mail_access.ask_confirmation(at.institution_id, at.person_id, address)
    worker.run()
    mail_access.confirm(at.institution_id, token_in(mailbox))


def entered(at: Place, worker: Worker, mailbox: Path) -> str:
    mail_access.ask_sign_in(at.institution_id, ADDRESS)
    worker.run()
    return token_in(mailbox)


def sessions(at: Place) -> int:
    with transaction(at.institution_id) as session:
        return session.scalars(select(func.count(LearnerSession.id))).one()


def test_letters_are_in_the_language_in_which_they_were_asked_for(
    worker: Worker, mailbox: Path
) -> None:
    at = place()
    mail_access.ask_confirmation(at.institution_id, at.person_id, ADDRESS, language="de_AT")
    worker.run()
    first = newest_letter(mailbox)
    mail_access.confirm(at.institution_id, token_in(mailbox))
    entered(at, worker, mailbox)

    assert "Guten Tag," in first
    assert "20 Minuten" in first
    assert "Hello," in newest_letter(mailbox)
    with transaction(at.institution_id) as session:
        [email] = mail_access.list_addresses(session, at.person_id)
    assert email.language == "de_AT"


def test_an_address_that_was_confirmed_lets_its_person_in_once(
    worker: Worker, mailbox: Path
) -> None:
    at = place()
    confirmed(at, worker, mailbox)
    token = entered(at, worker, mailbox)

    opened = mail_access.enter(at.institution_id, token)

    with transaction(at.institution_id) as session:
        found = mail_access.find_session(session, opened.id, opened.secret, clock.now())
        assert found is not None
        assert found[0].person_id == at.person_id
        assert mail_access.find_session(session, opened.id, "other", clock.now()) is None
    with pytest.raises(MailLinkUsedError):
        mail_access.enter(at.institution_id, token)


def test_an_address_nobody_confirmed_gets_no_letter_and_asking_looks_the_same(
    worker: Worker, mailbox: Path
) -> None:
    at = place()
    confirmed(at, worker, mailbox)

    for address in (ADDRESS, "nobody@home.example"):
        mail_access.ask_sign_in(at.institution_id, address)
    with transaction(at.institution_id) as session:
        rows = session.scalars(select(MailLink).where(MailLink.purpose == "sign_in")).all()
        assert {(row.person_id, row.token_hash, row.sent_at) for row in rows} == {
            (None, None, None)
        }
    worker.run()

    assert letters(mailbox) == 2
    assert "nobody@" not in "".join(file.read_text() for file in mailbox.iterdir())


def test_a_link_ends_after_its_minutes(
    worker: Worker, mailbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = place()
    confirmed(at, worker, mailbox)
    token = entered(at, worker, mailbox)

    later = clock.now() + mail_access.LASTS
    monkeypatch.setattr(clock, "now", lambda: later)

    with pytest.raises(MailLinkUsedError):
        mail_access.enter(at.institution_id, token)


def test_a_link_is_for_one_purpose_and_one_institution(worker: Worker, mailbox: Path) -> None:
    at, other = place(), place("halden")
    confirmed(at, worker, mailbox)
    token = entered(at, worker, mailbox)

    with pytest.raises(MailLinkUsedError):
        mail_access.confirm(at.institution_id, token)
    with pytest.raises(MailLinkUsedError):
        mail_access.enter(other.institution_id, token)
    mail_access.enter(at.institution_id, token)


def test_the_table_has_no_token(worker: Worker, mailbox: Path) -> None:
    at = place()
    confirmed(at, worker, mailbox)
    token = entered(at, worker, mailbox)

    with transaction(at.institution_id) as session:
        kept = {row.token_hash for row in session.scalars(select(MailLink))}

    assert hash_of(token) in kept
    assert token.encode() not in kept


def test_more_than_a_few_letters_an_hour_are_not_sent(worker: Worker, mailbox: Path) -> None:
    at = place()
    confirmed(at, worker, mailbox)
    for _ in range(mail_access.MOST_REQUESTS + 3):
        mail_access.ask_sign_in(at.institution_id, ADDRESS)
        worker.run()

    with transaction(at.institution_id) as session:
        asked = session.scalars(select(func.count(MailLink.id))).one()

    assert letters(mailbox) == mail_access.PER_ADDRESS
    assert asked == mail_access.MOST_REQUESTS


def test_a_person_asks_for_a_few_confirmations_an_hour(worker: Worker, mailbox: Path) -> None:
    at = place()
    for number in range(mail_access.PER_PERSON):
        mail_access.ask_confirmation(at.institution_id, at.person_id, f"a{number}@home.example")

    with pytest.raises(TooManyLettersError):
        mail_access.ask_confirmation(at.institution_id, at.person_id, ADDRESS)
    worker.run()
    assert letters(mailbox) == mail_access.PER_PERSON


def test_a_letter_delivered_twice_is_written_once(worker: Worker, mailbox: Path) -> None:
    at = place()
    mail_access.ask_confirmation(at.institution_id, at.person_id, ADDRESS)
    worker.run()
    with transaction(at.institution_id) as session:
        [link] = session.scalars(select(MailLink)).all()

    assert mail_access.prepare_letter(at.institution_id, link.id) is None
    assert letters(mailbox) == 1


def test_a_request_nobody_waits_for_any_more_is_not_answered(
    mailbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mailbox.exists()
    at = place()
    mail_access.ask_confirmation(at.institution_id, at.person_id, ADDRESS)
    with transaction(at.institution_id) as session:
        [link] = session.scalars(select(MailLink)).all()
    later = clock.now() + mail_access.REQUEST_LASTS + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert mail_access.prepare_letter(at.institution_id, link.id) is None


def test_whoever_reads_the_mail_now_has_the_address_and_others_are_signed_out(
    worker: Worker, mailbox: Path
) -> None:
    first = place()
    confirmed(first, worker, mailbox)
    mail_access.enter(first.institution_id, entered(first, worker, mailbox))
    second = replace(first, person_id=another_person(first))

    confirmed(second, worker, mailbox)

    assert sessions(first) == 0
    with transaction(first.institution_id) as session:
        assert not mail_access.list_addresses(session, first.person_id)
        assert len(mail_access.list_addresses(session, second.person_id)) == 1


def test_taking_an_address_away_ends_what_came_through_it(worker: Worker, mailbox: Path) -> None:
    at, other = place(), place("halden")
    confirmed(at, worker, mailbox)
    pending = entered(at, worker, mailbox)
    mail_access.enter(at.institution_id, pending)
    late = entered(at, worker, mailbox)
    with transaction(at.institution_id) as session:
        [email] = mail_access.list_addresses(session, at.person_id)
    for stranger in (other.institution_id, at.institution_id):
        with pytest.raises(NotFoundError):
            mail_access.remove_address(stranger, other.person_id, email.id)

    mail_access.remove_address(at.institution_id, at.person_id, email.id)

    assert sessions(at) == 0
    with pytest.raises(MailLinkUsedError):
        mail_access.enter(at.institution_id, late)


def test_what_is_over_is_forgotten(
    worker: Worker, mailbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = place()
    confirmed(at, worker, mailbox)
    mail_access.enter(at.institution_id, entered(at, worker, mailbox))
    assert mail_access.forget_old_links() == 0

    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert mail_access.forget_old_links() == 2
    assert sessions(at) == 0


@pytest.mark.parametrize("address", ["", "amara", "a@b.example\nBcc: c@d.example"])
def test_what_is_no_address_is_refused(address: str) -> None:
    at = place()

    with pytest.raises(NotAnAddressError):
        mail_access.ask_sign_in(at.institution_id, address)


def another_person(at: Place) -> PersonId:
    with transaction(at.institution_id) as session:
        person = Person(id=PersonId(new_id()), created_at=clock.now())
        session.add(person)
    return person.id
