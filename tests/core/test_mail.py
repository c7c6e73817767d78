from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from lti_tool.core import mail, settings
from lti_tool.core.mail import Mail
from lti_tool.core.settings import MailFolder, Settings
from lti_tool.core.settings import MailServer as MailServerSettings
from tests.mailserver import MailServer, mail_server

SENDER = "Cairn <cairn@northfell.example>"
LETTER = Mail(to="amara@northfell.example", subject="Håndbok", text="Hallo, Åse\n.\nhttps://x/y\n")

pytestmark = pytest.mark.usefixtures("kept_settings")


@pytest.fixture
def kept_settings(settings: Settings) -> Iterator[None]:
    """Put the process's settings back after a test."""
    yield
    install(settings)


def install(changed: Settings) -> None:
    settings.install(changed)


def with_server(base: Settings, server: MailServer) -> None:
    how = MailServerSettings(sender=SENDER, host="127.0.0.1", port=server.port, security="none")
    install(replace(base, mail=how))


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


class TestSending:
    def test_a_letter_arrives_whole(self, settings: Settings, server: MailServer) -> None:
        with_server(settings, server)

        mail.send(LETTER)

        [letter] = server.letters
        assert (letter["To"], letter["From"], letter["Subject"]) == (
            LETTER.to,
            SENDER,
            LETTER.subject,
        )
        assert letter.get_content().splitlines() == LETTER.text.splitlines()
        assert letter["Auto-Submitted"] == "auto-generated"

    @pytest.mark.parametrize(
        ("code", "refusal"), [(451, mail.MailServerAwayError), (550, mail.MailRefusedError)]
    )
    def test_a_refusal_is_final_or_not_as_the_server_says(
        self, settings: Settings, server: MailServer, code: int, refusal: type[Exception]
    ) -> None:
        with_server(settings, server)
        server.refuses_recipient = code

        with pytest.raises(refusal):
            mail.send(LETTER)

    def test_a_server_that_is_away_is_asked_again(self, settings: Settings) -> None:
        with mail_server() as gone:
            with_server(settings, gone)

        with pytest.raises(mail.MailServerAwayError):
            mail.send(LETTER)

    def test_nothing_is_sent_in_the_clear_where_encryption_is_wanted(
        self, settings: Settings, server: MailServer
    ) -> None:
        how = MailServerSettings(
            sender=SENDER, host="127.0.0.1", port=server.port, security="starttls"
        )
        install(replace(settings, mail=how))

        with pytest.raises(mail.MailServerAwayError):
            mail.send(LETTER)
        assert server.letters == []

    def test_a_folder_takes_letters_as_files(self, settings: Settings, tmp_path: Path) -> None:
        folder = tmp_path / "mail"
        install(replace(settings, mail=MailFolder(sender=SENDER, path=folder)))

        mail.send(LETTER)

        [file] = folder.iterdir()
        letter = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert letter["To"] == LETTER.to
        assert str(folder) in mail.check()

    def test_without_a_server_it_says_so(self, settings: Settings) -> None:
        install(settings)

        assert not mail.is_set_up()
        with pytest.raises(mail.NoMailError):
            mail.send(LETTER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "amara",
        "amara@localhost",
        "a@b@c.example",
        "a b@c.example",
        "a@c.example\nBcc: x@y.example",
        "a@c.example\0",
        "<a@c.example>",
        "a" * 65 + "@c.example",
        "a@" + "b" * 300 + ".example",
        "a@-c.example",
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert mail.fold_address(text) is None


def test_an_address_is_compared_in_small_letters() -> None:
    assert mail.fold_address(" Amara.O'Neil+x@North-Fell.Example ") == (
        "amara.o'neil+x@north-fell.example"
    )
