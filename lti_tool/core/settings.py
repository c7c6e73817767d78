"""What an operator may decide: one frozen tree, read once, checked at start-up.

`config/cairn.toml` holds what is no secret, the environment the rest; nothing
else in the product reads either.
"""

import base64
import binascii
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

CONFIG = Path(__file__).parents[2] / "config" / "cairn.toml"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
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
    """

    allowed_hosts: tuple[str, ...] = ()
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between two installations.

    Attributes:
        base_url: where browsers and platforms reach us, without a slash at the end.
        issuer_url: the host of every credential's issuer, achievement and status
            list. Never changes after the first credential (design: a setting of its own).
        secret_keys: at least one of 32 bytes; the first encrypts and signs, all are accepted.
        mode: `demo` relaxes what only loopback may relax: http, private addresses.
    """

    base_url: str
    issuer_url: str
    database: Database
    redis_url: str = field(repr=False)
    secret_keys: tuple[bytes, ...] = field(repr=False)
    storage_dir: Path
    mode: Literal["production", "demo"] = "production"
    http: Http = Http()
    session_hours: int = 10
    log_json: bool = True

    @property
    def origin(self) -> str:
        """Return the origin our own pages have, as browsers send it."""
        return self.base_url


def load(environ: Mapping[str, str] | None = None, config: Path = CONFIG) -> Settings:
    """Read and check everything.

    Raises:
        SettingsError: with all problems at once, so that one restart is enough.
    """
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    table = tomllib.loads(config.read_text()) if config.exists() else {}
    problems += [
        f"{name} is not set: see docs/production.md"
        for name in ("CAIRN_BASE_URL", "CAIRN_DATABASE_URL", "CAIRN_REDIS_URL", "CAIRN_SECRET_KEY")
        if not environ.get(name)
    ]
    mode = environ.get("CAIRN_MODE", "production")
    if mode not in {"production", "demo"}:
        problems.append(f"CAIRN_MODE is {mode!r}: use production or demo")
    base_url = environ.get("CAIRN_BASE_URL", "").rstrip("/")
    issuer_url = environ.get("CAIRN_ISSUER_URL", base_url).rstrip("/")
    for name, url in (("CAIRN_BASE_URL", base_url), ("CAIRN_ISSUER_URL", issuer_url)):
        problems += _url_problems(name, url) if url else []
    keys = _keys(environ.get("CAIRN_SECRET_KEY", ""), problems)
    hosts = environ.get("CAIRN_ALLOWED_HOSTS")
    allowed = hosts.split(",") if hosts else table.get("http", {}).get("allowed_hosts", [])
    if problems:
        raise SettingsError("\n".join(problems))
    return Settings(
        base_url=base_url,
        issuer_url=issuer_url,
        database=Database(
            url=environ["CAIRN_DATABASE_URL"],
            owner_url=environ.get("CAIRN_OWNER_DATABASE_URL"),
            pool_size=int(table.get("database", {}).get("pool_size", 4)),
        ),
        redis_url=environ["CAIRN_REDIS_URL"],
        secret_keys=keys,
        storage_dir=Path(environ.get("CAIRN_STORAGE_DIR", ".cairn/storage")),
        mode="demo" if mode == "demo" else "production",
        http=Http(
            allowed_hosts=tuple(host.strip() for host in allowed),
            timeout_seconds=float(table.get("http", {}).get("timeout_seconds", 10)),
        ),
        session_hours=int(table.get("session", {}).get("hours", 10)),
        log_json=environ.get("CAIRN_LOG", "json") == "json",
    )


def _url_problems(name: str, url: str) -> list[str]:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return [
            f"{name} is {url!r}: give the address browsers use, such as https://cairn.example.edu"
        ]
    if parts.path or parts.query or parts.fragment:
        return [f"{name} is {url!r}: give scheme and host only, no path"]
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        return [f"{name} is {url!r}: browsers keep our cookies only over https"]
    return []


def _keys(text: str, problems: list[str]) -> tuple[bytes, ...]:
    keys = []
    for number, word in enumerate(filter(None, text.split(",")), 1):
        try:
            key = base64.urlsafe_b64decode(word.strip() + "=" * (-len(word.strip()) % 4))
        except (binascii.Error, ValueError):
            key = b""
        if len(key) < _MINIMUM_KEY_BYTES:
            problems.append(
                f"CAIRN_SECRET_KEY, key {number}: needs 32 random bytes in base64url; make one "
                "with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        keys.append(key)
    return tuple(keys)


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
