"""What an operator may decide: one frozen tree, read once, checked at start-up.

`config/cairn.toml` holds what is no secret, the environment the rest; nothing
else in the product reads either.
"""

import base64
import binascii
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

CONFIG = Path(__file__).parents[2] / "config" / "cairn.toml"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_MAIL_PORTS = {"smtp": 587, "smtps": 465}
_HOST = re.compile(r"([a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_IPV4 = re.compile(r"[0-9]+(\.[0-9]+){3}(:|$)")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{24,200}")
_MINIMUM_KEY_BYTES = 32


class SettingsError(Exception):
    """The settings cannot work. The message lists every problem, one a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where the data is.

    Attributes:
        url: as the application's role, which owns nothing.
        owner_url: as the owner of the tables, for migrations; None in processes
            that need none.
        pool_size: connections per process; web threads never exceed it.
    """

    url: str = field(repr=False)
    owner_url: str | None = field(repr=False, default=None)
    pool_size: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """Outgoing calls.

    Attributes:
        allowed_hosts: `host` or `host:port` of private addresses that may be
            called all the same, such as a platform on the campus network.
        timeout_seconds: for one exchange, where the call has no time of its own.
    """

    allowed_hosts: tuple[str, ...] = ()
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long what is over stays.

    Attributes:
        finished_deliveries_days: events that were heard; those given up stay.
        orphaned_files_days: files of learners that no attempt knows.
        ended_launches_days: launches after their session ended, for support.
        answers_days: what learners answered, after an attempt ended; 0: for ever. Points,
            results and awards stay.
    """

    finished_deliveries_days: int = 14
    orphaned_files_days: int = 7
    ended_launches_days: int = 30
    answers_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Who takes our letters.

    Attributes:
        sender: as in the letters' From line.
        security: `none` is for this machine only.
    """

    sender: str
    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str | None = None
    password: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFolder:
    """Where letters are put instead, in the demo."""

    sender: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between two installations.

    Attributes:
        base_url: where browsers and platforms reach us, without a slash at the end.
        issuer_url: the host of every credential's issuer, achievement and status
            list. Never changes after the first credential (design: a setting of its own).
        secret_keys: at least one of 32 bytes; the first encrypts and signs, all are accepted.
        operator_token: whoever shows it reads metrics and what is wrong; None: nobody does.
        mail: how letters leave; None where none are sent.
        mode: `demo` relaxes what only loopback may relax: http, private addresses.
    """

    base_url: str
    issuer_url: str
    database: Database
    redis_url: str = field(repr=False)
    secret_keys: tuple[bytes, ...] = field(repr=False)
    storage_dir: Path
    operator_token: str | None = field(repr=False, default=None)
    mode: Literal["production", "demo"] = "production"
    http: Http = Http()
    mail: MailServer | MailFolder | None = None
    session_hours: int = 10
    keep: Keep = Keep()
    log_json: bool = True

    @property
    def origin(self) -> str:
        """Return the origin our own pages have, as browsers send it."""
        return self.base_url


def load(environ: Mapping[str, str] | None = None, config: Path | None = None) -> Settings:
    """Read and check everything.

    Raises:
        SettingsError: with all problems at once, so that one restart is enough.
    """
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    table = _Table(config or _config_of(environ, problems), problems)
    problems += [
        f"{name} is not set: see docs/production.md"
        for name in ("CAIRN_BASE_URL", "CAIRN_DATABASE_URL", "CAIRN_REDIS_URL", "CAIRN_SECRET_KEY")
        if not environ.get(name)
    ]
    mode = environ.get("CAIRN_MODE", "production")
    if mode not in {"production", "demo"}:
        problems.append(f"CAIRN_MODE is {mode!r}: use production or demo")
    log = environ.get("CAIRN_LOG", "json")
    if log not in {"json", "text"}:
        problems.append(f"CAIRN_LOG is {log!r}: use json or text")
    base_url = _origin(environ.get("CAIRN_BASE_URL", ""))
    issuer_url = _origin(environ.get("CAIRN_ISSUER_URL", "")) or base_url
    for name, url in (("CAIRN_BASE_URL", base_url), ("CAIRN_ISSUER_URL", issuer_url)):
        problems += _url_problems(name, url, is_demo=mode == "demo") if url else []
    if _is_address(issuer_url):
        problems.append(
            f"CAIRN_ISSUER_URL is {issuer_url!r}: an issuer is a host name, not an address "
            "(did:web)"
        )
    for name in ("CAIRN_DATABASE_URL", "CAIRN_OWNER_DATABASE_URL"):
        if environ.get(name) and not environ[name].startswith("postgresql+psycopg://"):
            problems.append(f"{name} must begin with postgresql+psycopg://")
    redis_url = environ.get("CAIRN_REDIS_URL", "")
    if redis_url and not redis_url.startswith(("redis://", "rediss://", "unix://")):
        problems.append("CAIRN_REDIS_URL must begin with redis://, rediss:// or unix://")
    keys = _keys(environ.get("CAIRN_SECRET_KEY", ""), problems)
    token = _operator_token(environ.get("CAIRN_OPERATOR_TOKEN", ""), problems)
    mail = _mail(environ, problems, is_demo=mode == "demo")
    hosts = environ.get("CAIRN_ALLOWED_HOSTS")
    allowed = table.words("http", "allowed_hosts")
    if hosts:
        allowed = hosts.split(",")
    timeout_seconds = table.number("http", "timeout_seconds", default=10)
    pool_size = table.number("database", "pool_size", default=4)
    session_hours = table.number("session", "hours", default=10)
    keep = _keep(table)
    problems += table.unread()
    if problems:
        raise SettingsError("\n".join(problems))
    return Settings(
        base_url=base_url,
        issuer_url=issuer_url,
        database=Database(
            url=environ["CAIRN_DATABASE_URL"],
            owner_url=environ.get("CAIRN_OWNER_DATABASE_URL") or None,
            pool_size=pool_size,
        ),
        redis_url=redis_url,
        secret_keys=keys,
        operator_token=token,
        storage_dir=Path(environ.get("CAIRN_STORAGE_DIR", ".cairn/storage")),
        mode="demo" if mode == "demo" else "production",
        http=Http(
            allowed_hosts=tuple(host.strip() for host in allowed if host.strip()),
            timeout_seconds=timeout_seconds,
        ),
        mail=mail,
        session_hours=session_hours,
        keep=keep,
        log_json=log == "json",
    )


def _config_of(environ: Mapping[str, str], problems: list[str]) -> Path:
    named = environ.get("CAIRN_CONFIG")
    if not named:
        return CONFIG
    if not Path(named).is_file():
        problems.append(f"CAIRN_CONFIG is {named!r}: there is no such file")
    return Path(named)


def _keep(table: "_Table") -> Keep:
    default = Keep()
    return Keep(
        finished_deliveries_days=table.number(
            "keep", "finished_deliveries_days", default=default.finished_deliveries_days
        ),
        orphaned_files_days=table.number(
            "keep", "orphaned_files_days", default=default.orphaned_files_days
        ),
        ended_launches_days=table.number(
            "keep", "ended_launches_days", default=default.ended_launches_days
        ),
        answers_days=table.number("keep", "answers_days", default=default.answers_days, least=0),
    )


class _Table:
    """The configuration file, read value by value: problems are noted, none is raised."""

    def __init__(self, config: Path, problems: list[str]) -> None:
        self._name, self._problems = config.name, problems
        self._left: dict[tuple[str, str], object] = {}
        try:
            document = tomllib.loads(config.read_text()) if config.exists() else {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problems.append(f"{config.name} cannot be read: {error}")
            return
        for section, values in document.items():
            pairs = values.items() if isinstance(values, dict) else [("", values)]
            self._left.update({(section, key): value for key, value in pairs})

    def number(self, section: str, key: str, *, default: int, least: int = 1) -> int:
        """Return a whole number of at least `least`."""
        value = self._left.pop((section, key), default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self._problems.append(
            f"{self._name}, [{section}] {key} is {value!r}: give a whole number of at least {least}"
        )
        return default

    def words(self, section: str, key: str) -> list[str]:
        """Return a list of strings."""
        value = self._left.pop((section, key), [])
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return value
        self._problems.append(
            f'{self._name}, [{section}] {key} is {value!r}: give a list, such as ["a", "b"]'
        )
        return []

    def unread(self) -> list[str]:
        """Return a problem for each value that nobody asked for, such as a misspelt one."""
        return [
            f"{self._name}, [{section}] {key}: there is no such setting"
            for section, key in self._left
        ]


def _origin(url: str) -> str:
    """Write an address as browsers write origins: small letters, no slash, no default port."""
    scheme, colon, rest = url.strip().rstrip("/").partition("://")
    scheme, rest = scheme.lower(), rest.lower()
    return f"{scheme}{colon}{rest.removesuffix(_DEFAULT_PORTS.get(scheme, ':'))}"


def _url_problems(name: str, url: str, *, is_demo: bool) -> list[str]:
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(parts.netloc):
        return [
            f"{name} is {url!r}: give the address browsers use, such as https://cairn.example.edu"
        ]
    if parts.path or parts.query or parts.fragment:
        return [f"{name} is {url!r}: give scheme and host only, no path"]
    if parts.scheme == "http" and not (is_demo and parts.hostname in _LOOPBACK):
        return [f"{name} is {url!r}: browsers keep our cookies only over https"]
    return []


def _mail(
    environ: Mapping[str, str], problems: list[str], *, is_demo: bool
) -> MailServer | MailFolder | None:
    url, sender = environ.get("CAIRN_MAIL_URL", ""), environ.get("CAIRN_MAIL_FROM", "").strip()
    if not url:
        return None
    if "@" not in sender or not sender.isprintable():
        problems.append(
            f"CAIRN_MAIL_FROM is {sender!r}: give the sender, such as Cairn <cairn@example.edu>"
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme == "file" and is_demo:
        return MailFolder(sender=sender, path=Path(unquote(parts.path)))
    if parts.scheme not in _MAIL_PORTS or not host:
        # Not what it is: there may be a password in it.
        problems.append(
            "CAIRN_MAIL_URL must be smtp://user:password@host:587 (STARTTLS) or"
            " smtps://user:password@host:465; special characters as %40"
        )
        return None
    plain: Literal["none", "starttls"] = "none" if host in _LOOPBACK else "starttls"
    return MailServer(
        sender=sender,
        host=host,
        port=port or _MAIL_PORTS[parts.scheme],
        security="tls" if parts.scheme == "smtps" else plain,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _is_address(url: str) -> bool:
    host = urlsplit(url).netloc
    return host.startswith("[") or _IPV4.match(host) is not None


def _keys(text: str, problems: list[str]) -> tuple[bytes, ...]:
    words = [word.strip() for word in text.split(",")] if text else []
    keys = []
    for number, word in enumerate(words, 1):
        try:
            # Strict: a letter of another alphabet, silently left out, would weaken the key.
            key = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            key = b""
        if len(key) < _MINIMUM_KEY_BYTES:
            problems.append(
                f"CAIRN_SECRET_KEY, key {number}: needs 32 random bytes in base64url; make one "
                "with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        keys.append(key)
    return tuple(keys)


def _operator_token(text: str, problems: list[str]) -> str | None:
    if text and not _TOKEN.fullmatch(text):
        problems.append(
            "CAIRN_OPERATOR_TOKEN needs 24 letters, digits, - or _ at least; make one with: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return text or None


_installed: list[Settings] = []


def install(settings: Settings) -> None:
    """Make `settings` the ones of this process. Called once, at start-up."""
    _installed[:] = [settings]


def current() -> Settings:
    """Return this process's settings.

    Raises:
        RuntimeError: `install` was not called: a bug in the entry point.
    """
    if not _installed:
        raise RuntimeError("settings are not installed")
    return _installed[0]
