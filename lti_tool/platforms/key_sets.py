"""The keys by which platforms sign, kept: in this process, and in the database for its outages.

A set is fetched when it was never seen, when a message names a key it lacks, and twice a day;
never per launch. An answer that is no key set replaces nothing (RFC 7517).

A process has a few threads for all platforms: one that answers late, or never, keeps one of them
waiting now and then, and not its whole course.
"""

import base64
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lti_tool.core import clock, http, logs
from lti_tool.core.db import system_transaction
from lti_tool.platforms.errors import KeySetUnreachableError
from lti_tool.platforms.models import KeySet

# A stranger may name keys that do not exist: the platform hears of it this often at most.
COOL_DOWN = timedelta(seconds=30)
# The same after a failure with nothing to fall back on, when every launch waits for us.
COLD_COOL_DOWN = timedelta(seconds=3)
# Who answers late is left alone for as many times as long as it took.
RESTS = 10
_SECONDS = 5.0
# Launches wait so long for another one that asks the same platform; not at all for a late one.
_PATIENCE_SECONDS = 3.0
_LATE = timedelta(seconds=1)
# A key that a platform withdrew is believed no longer than this.
REFRESH_AFTER = timedelta(hours=12)
MIN_KEY_BITS, MOST_KEY_BITS = 2048, 8192
_MOST_URLS = 1000

log = logs.get(__name__)


@dataclass(slots=True)
class _Entry:
    """What is known of one address. The lock lets one launch fetch while the others wait.

    Attributes:
        took: how long it was asked the last time.
    """

    lock: threading.Lock
    took: timedelta = timedelta()
    keys: dict[str, RSAKey] | None = None
    fetched_at: datetime | None = None
    tried_at: datetime | None = None


_entries: dict[str, _Entry] = {}


def verification_key(url: str, kid: str) -> RSAKey | None:
    """Return the platform's key of this id, or None: it publishes no such key.

    May call the platform, so never inside a transaction.

    Raises:
        KeySetUnreachableError: its keys, or this one, were never seen and cannot be had now.
    """
    entry = _entry(url)
    key = _fresh(entry, kid)
    if key is not None:
        return key
    with _turn(entry) as is_ours:
        if is_ours and _fresh(entry, kid) is None:  # another launch may have fetched it meanwhile
            _refresh(url, entry, kid)
    key = entry.keys.get(kid) if entry.keys is not None else None
    if entry.keys is None or (key is None and not is_ours):
        raise KeySetUnreachableError
    return key


@contextmanager
def _turn(entry: _Entry) -> Iterator[bool]:
    """Wait for one's turn to ask, within reason; yields whether it has come."""
    is_ours = entry.lock.acquire(timeout=0 if entry.took > _LATE else _PATIENCE_SECONDS)
    try:
        yield is_ours
    finally:
        if is_ours:
            entry.lock.release()


def forget_all() -> None:
    """Forget what this process knows; the database still remembers. For tests."""
    _entries.clear()


def _entry(url: str) -> _Entry:
    entry = _entries.get(url)
    if entry is None:
        while len(_entries) >= _MOST_URLS:
            _entries.pop(next(iter(_entries)), None)
        entry = _entries.setdefault(url, _Entry(threading.Lock()))
    return entry


def _fresh(entry: _Entry, kid: str) -> RSAKey | None:
    if entry.keys is None or entry.fetched_at is None:
        return None
    if clock.now() - entry.fetched_at > REFRESH_AFTER:
        return None
    return entry.keys.get(kid)


def _refresh(url: str, entry: _Entry, kid: str) -> None:
    """Take what another process fetched if that helps, else ask the platform."""
    now = clock.now()
    cool_down = COOL_DOWN if entry.keys is not None else COLD_COOL_DOWN
    if entry.tried_at is not None and now - entry.tried_at < max(cool_down, RESTS * entry.took):
        return
    _load(url, entry)
    if _fresh(entry, kid) is not None:
        return
    entry.tried_at, began = now, time.monotonic()
    try:
        document = http.get_json(url, timeout_seconds=_SECONDS)
    except (http.OutboundFailedError, http.OutboundRefusedError) as error:
        log.warning("key_set_not_fetched", url=url, error=str(error), kept=entry.keys is not None)
        return
    finally:
        entry.took = timedelta(seconds=time.monotonic() - began)
    keys = _usable(document)
    if not keys:
        log.warning("key_set_without_keys", url=url, kept=entry.keys is not None)
        return
    entry.keys, entry.fetched_at = keys, now
    _store(url, keys, now)


def _load(url: str, entry: _Entry) -> None:
    with system_transaction() as session:
        row = session.execute(
            select(KeySet.document, KeySet.fetched_at).where(KeySet.url == url)
        ).one_or_none()
    if row is not None and (entry.fetched_at is None or row.fetched_at > entry.fetched_at):
        entry.keys, entry.fetched_at = _usable(row.document), row.fetched_at


def _store(url: str, keys: dict[str, RSAKey], now: datetime) -> None:
    """Keep what was used of a set, and nothing else of a stranger's document."""
    members = [{**key.as_dict(private=False), "kid": kid} for kid, key in keys.items()]
    values = {"document": {"keys": members}, "fetched_at": now}
    with system_transaction() as session:
        session.execute(
            insert(KeySet)
            .values(url=url, **values)
            .on_conflict_do_update(index_elements=["url"], set_=values)
        )


def _usable(document: Any) -> dict[str, RSAKey]:  # noqa: ANN401 - a stranger's JSON, checked here
    """Return the RSA keys meant for RS256 signatures, by id; what we cannot use is passed over.

    Platforms leave out `use` and `alg` (Open edX), and publish keys of other kinds beside.
    """
    members = document.get("keys") if isinstance(document, dict) else None
    keys = {}
    for member in members if isinstance(members, list) else ():
        if not isinstance(member, dict) or member.get("kty") != "RSA":
            continue
        if member.get("use", "sig") != "sig" or member.get("alg", "RS256") != "RS256":
            continue
        kid, modulus = member.get("kid"), member.get("n")
        if not isinstance(kid, str) or not kid or not kid.isprintable():
            continue
        if not isinstance(modulus, str) or not _is_of_a_size(modulus):
            continue
        try:
            key = RSAKey.import_key({"kty": "RSA", "n": modulus, "e": member["e"]})
        except (JoseError, ValueError, KeyError, TypeError):
            log.warning("key_unreadable", kid=kid)
            continue
        keys[kid] = key
    return keys


def _is_of_a_size(modulus: str) -> bool:
    """Tell whether a modulus is neither too short to be safe nor too long to calculate with.

    By its number, not its letters: those may begin with noughts.
    """
    if len(modulus) * 6 > 2 * MOST_KEY_BITS:
        return False
    try:
        number = int.from_bytes(base64.urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4)))
    except ValueError:
        return False
    return MIN_KEY_BITS <= number.bit_length() <= MOST_KEY_BITS
