from collections.abc import Callable
from pathlib import Path

import pytest

from lti_tool.core import settings
from lti_tool.core.settings import MailFolder, MailServer, Settings, SettingsError

KEY = "kY3vP0n8w1QzXc5RtBhJm7LgDf2SaE9uIoN6xVbTqHU"
OTHER_KEY = "Zm9yIHRlc3RzIG9ubHk6IDMyIGJ5dGVzIG9mIGtleSE"
GOOD = {
    "CAIRN_BASE_URL": "https://cairn.example.edu",
    "CAIRN_DATABASE_URL": "postgresql+psycopg://cairn:hunter2@db/cairn",
    "CAIRN_REDIS_URL": "redis://queue/0",
    "CAIRN_SECRET_KEY": KEY,
}

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load settings from a good environment, changed by keywords, and a file."""

    def load(config: str = "", **changes: str) -> Settings:
        path = tmp_path / "cairn.toml"
        path.write_text(config)
        return settings.load({**GOOD, **changes}, path)

    return load


def test_what_is_needed_suffices(load: Load) -> None:
    loaded = load()

    assert loaded.base_url == loaded.issuer_url == loaded.origin == "https://cairn.example.edu"
    assert (loaded.mode, loaded.session_hours, loaded.log_json) == ("production", 10, True)
    assert len(loaded.secret_keys[0]) == 32


def test_the_file_and_the_environment_are_read(load: Load) -> None:
    loaded = load(
        '[http]\nallowed_hosts = ["lms.internal"]\n[database]\npool_size = 9\n',
        CAIRN_ISSUER_URL="https://badges.example.edu",
        CAIRN_SECRET_KEY=f"{KEY}, {OTHER_KEY}",
    )

    assert loaded.http.allowed_hosts == ("lms.internal",)
    assert loaded.database.pool_size == 9
    assert loaded.issuer_url == "https://badges.example.edu"
    assert len(loaded.secret_keys) == 2


def test_hosts_of_the_environment_come_before_those_of_the_file(load: Load) -> None:
    loaded = load('[http]\nallowed_hosts = ["a"]\n', CAIRN_ALLOWED_HOSTS="b, c:8443,")

    assert loaded.http.allowed_hosts == ("b", "c:8443")


def test_an_empty_environment_names_all_that_is_needed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.load({}, tmp_path / "missing.toml")

    names = [line.split()[0] for line in str(refused.value).splitlines()]
    assert names == list(GOOD)


def test_all_problems_are_told_together(load: Load) -> None:
    with pytest.raises(SettingsError) as refused:
        load(
            '[database]\npool_size = "many"\n[sesion]\nhours = 3\n[http]\nallowed_hosts = "a"\n',
            CAIRN_BASE_URL="http://cairn.example.edu",
            CAIRN_ISSUER_URL="https://10.1.2.3",
            CAIRN_MODE="test",
            CAIRN_LOG="xml",
            CAIRN_DATABASE_URL="mysql://db",
            CAIRN_OWNER_DATABASE_URL="postgres://db",
            CAIRN_REDIS_URL="queue:6379",
            CAIRN_SECRET_KEY=f"{KEY},short",
        )

    lines = str(refused.value).splitlines()
    for words in (
        "CAIRN_BASE_URL is 'http://cairn.example.edu': browsers keep our cookies only over https",
        "CAIRN_ISSUER_URL is 'https://10.1.2.3': an issuer is a host name",
        "CAIRN_MODE is 'test'",
        "CAIRN_LOG is 'xml'",
        "CAIRN_DATABASE_URL must begin with",
        "CAIRN_OWNER_DATABASE_URL must begin with",
        "CAIRN_REDIS_URL must begin with",
        "CAIRN_SECRET_KEY, key 2",
        "cairn.toml, [database] pool_size is 'many'",
        "cairn.toml, [http] allowed_hosts is 'a'",
        "cairn.toml, [sesion] hours: there is no such setting",
    ):
        assert any(line.startswith(words) for line in lines), words
    assert len(lines) == 11


@pytest.mark.parametrize(
    "url",
    [
        "cairn.example.edu",
        "ftp://cairn.example.edu",
        "https://",
        "https://user@cairn.example.edu",
        "https://cairn.example.edu/tool",
        "https://cairn.example.edu?x=1",
        "https://cairn.example.edu; script-src *",
        "https://cairn.example.edu:eighty",
        "http://localhost:8400",
    ],
)
def test_an_address_that_cannot_be_ours_is_refused(load: Load, url: str) -> None:
    with pytest.raises(SettingsError, match=r"^CAIRN_BASE_URL is"):
        load(CAIRN_BASE_URL=url, CAIRN_ISSUER_URL="https://badges.example.edu")


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://Cairn.Example.edu/", "https://cairn.example.edu"),
        ("HTTPS://cairn.example.edu:443", "https://cairn.example.edu"),
        ("https://cairn.example.edu:8443", "https://cairn.example.edu:8443"),
    ],
)
def test_the_base_url_is_written_as_browsers_write_origins(
    load: Load, written: str, origin: str
) -> None:
    assert load(CAIRN_BASE_URL=written).origin == origin


def test_plain_http_is_for_the_demo_on_this_machine(load: Load) -> None:
    assert load(CAIRN_MODE="demo", CAIRN_BASE_URL="http://localhost:80").origin == (
        "http://localhost"
    )
    with pytest.raises(SettingsError, match="only over https"):
        load(CAIRN_MODE="demo", CAIRN_BASE_URL="http://cairn.example.edu")


@pytest.mark.parametrize("host", ["127.0.0.1:8400", "[::1]:8400"])
def test_an_issuer_has_a_name(load: Load, host: str) -> None:
    with pytest.raises(SettingsError, match=r"did:web"):
        load(CAIRN_MODE="demo", CAIRN_ISSUER_URL=f"http://{host}")


def test_an_empty_issuer_is_the_base_url(load: Load) -> None:
    assert load(CAIRN_ISSUER_URL="").issuer_url == "https://cairn.example.edu"


@pytest.mark.parametrize("keys", [",", f"{KEY},", "a" * 42, f"{KEY}!", "not base64 at all"])
def test_a_weak_or_misspelt_secret_is_refused_and_not_repeated(load: Load, keys: str) -> None:
    with pytest.raises(SettingsError, match="CAIRN_SECRET_KEY, key") as refused:
        load(CAIRN_SECRET_KEY=keys)

    assert KEY not in str(refused.value)


def test_a_file_that_is_no_toml_is_a_problem_among_others(load: Load) -> None:
    with pytest.raises(SettingsError, match=r"cairn.toml cannot be read") as refused:
        load("[http", CAIRN_MODE="test")

    assert "CAIRN_MODE" in str(refused.value)


@pytest.mark.parametrize("hours", ["0", "-1", "true", "1.5", '"10"'])
def test_a_number_is_whole_and_positive(load: Load, hours: str) -> None:
    with pytest.raises(SettingsError, match=r"\[session\] hours is"):
        load(f"[session]\nhours = {hours}\n")


def test_secrets_are_not_printed(load: Load) -> None:
    printed = repr(load(CAIRN_OWNER_DATABASE_URL="postgresql+psycopg://o:hunter3@db/cairn"))

    for secret in ("hunter2", "hunter3", "redis://", repr(load().secret_keys[0])):
        assert secret not in printed


def test_nobody_reads_settings_before_they_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_installed", [])

    with pytest.raises(RuntimeError, match="not installed"):
        settings.current()


def test_the_file_we_ship_can_be_loaded() -> None:
    assert settings.load(GOOD, settings.CONFIG).http.allowed_hosts == ()


def test_another_configuration_file_can_be_named(tmp_path: Path) -> None:
    named = tmp_path / "our.toml"
    named.write_text("[keep]\nanswers_days = 365\n")

    assert settings.load({**GOOD, "CAIRN_CONFIG": str(named)}).keep.answers_days == 365
    named.unlink()
    with pytest.raises(settings.SettingsError, match="there is no such file"):
        settings.load({**GOOD, "CAIRN_CONFIG": str(named)})


def test_days_to_keep_are_whole_and_some_may_be_none(tmp_path: Path) -> None:
    config = tmp_path / "cairn.toml"
    config.write_text("[keep]\nanswers_days = -1\nfinished_deliveries_days = 0\n")

    with pytest.raises(settings.SettingsError) as refused:
        settings.load(GOOD, config)
    assert "answers_days is -1: give a whole number of at least 0" in str(refused.value)
    assert "finished_deliveries_days is 0: give a whole number of at least 1" in str(refused.value)


def test_a_short_operator_token_is_refused() -> None:
    good = "0123456789abcdefghijklmn"
    assert settings.load({**GOOD, "CAIRN_OPERATOR_TOKEN": good}).operator_token == good
    assert good not in repr(settings.load({**GOOD, "CAIRN_OPERATOR_TOKEN": good}))
    assert settings.load(GOOD).operator_token is None
    with pytest.raises(settings.SettingsError, match="CAIRN_OPERATOR_TOKEN"):
        settings.load({**GOOD, "CAIRN_OPERATOR_TOKEN": "guess me"})


SENDER = "Cairn <cairn@example.edu>"


def test_without_a_mail_server_no_letters_are_sent(load: Load) -> None:
    assert load().mail is None


@pytest.mark.parametrize(
    ("url", "host", "port", "security"),
    [
        ("smtp://mail.example.edu", "mail.example.edu", 587, "starttls"),
        ("smtp://mail.example.edu:25", "mail.example.edu", 25, "starttls"),
        ("smtps://mail.example.edu", "mail.example.edu", 465, "tls"),
        ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, "none"),
    ],
)
def test_a_mail_server_is_spoken_to_in_secret_unless_it_is_this_machine(
    load: Load, url: str, host: str, port: int, security: str
) -> None:
    mail = load(CAIRN_MAIL_URL=url, CAIRN_MAIL_FROM=SENDER).mail

    assert isinstance(mail, MailServer)
    assert (mail.host, mail.port, mail.security, mail.user) == (host, port, security, None)


def test_a_mail_servers_password_is_read_and_not_shown(load: Load) -> None:
    mail = load(
        CAIRN_MAIL_URL="smtps://us%40er:p%40ss%2Fword@mail.example.edu", CAIRN_MAIL_FROM=SENDER
    ).mail

    assert isinstance(mail, MailServer)
    assert (mail.user, mail.password) == ("us@er", "p@ss/word")
    assert "p@ss" not in repr(mail)


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("http://mail.example.edu", SENDER),
        ("smtp://", SENDER),
        ("smtp://user:hunter2@mail.example.edu:port", SENDER),
        ("file:///tmp/letters", SENDER),
        ("smtp://mail.example.edu", ""),
        ("smtp://mail.example.edu", "Cairn"),
        ("smtp://mail.example.edu", "a@b.example\nBcc: c@d.example"),
    ],
)
def test_mail_settings_that_cannot_work_are_told_without_the_password(
    load: Load, url: str, sender: str
) -> None:
    with pytest.raises(SettingsError, match="CAIRN_MAIL_") as refused:
        load(CAIRN_MAIL_URL=url, CAIRN_MAIL_FROM=sender)

    assert "hunter2" not in str(refused.value)


def test_letters_go_into_a_folder_in_the_demo_only(load: Load) -> None:
    mail = load(
        CAIRN_MODE="demo", CAIRN_MAIL_URL="file:///srv/my%20mail", CAIRN_MAIL_FROM=SENDER
    ).mail

    assert mail == MailFolder(sender=SENDER, path=Path("/srv/my mail"))
