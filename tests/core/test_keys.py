import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from flask import Flask
from sqlalchemy import Connection, select, text

from lti_tool.core import keys
from lti_tool.core import settings as settings_module
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import InstitutionId
from lti_tool.core.jwk import public_jwk
from lti_tool.core.keys import CurrentKeyError, KeyRow, LoadedKey, SealBrokenError
from lti_tool.core.settings import Settings
from lti_tool.platforms.services import add_institution

OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def first(database: Connection) -> InstitutionId:  # noqa: ARG001 - what it is stored in
    return add_institution("first", "First University")


@pytest.fixture
def second(database: Connection) -> InstitutionId:  # noqa: ARG001 - what it is stored in
    return add_institution("second", "Second University")


@pytest.fixture
def secrets(settings: Settings) -> Iterator[None]:
    """Let the test change the operator's secrets."""
    before = settings_module._installed[:]
    settings_module.install(replace(settings, secret_keys=(OLD,)))
    yield
    settings_module._installed[:] = before


def _use(settings: Settings, *secret_keys: bytes) -> None:
    settings_module.install(replace(settings, secret_keys=secret_keys))
    keys.forget()


def _a_minute_later(monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.monotonic() + keys.RECHECK_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)


def _rows(institution_id: InstitutionId | None) -> list[KeyRow]:
    opened = system_transaction() if institution_id is None else transaction(institution_id)
    with opened as session:
        return list(session.scalars(select(KeyRow).order_by(KeyRow.created_at)))


@pytest.mark.usefixtures("database")
def test_the_first_call_makes_a_key_and_every_further_one_finds_it() -> None:
    key = keys.current("lti")
    keys.forget()
    again = keys.current("lti")
    assert again.id == key.id
    assert isinstance(key.private, RSAPrivateKey)
    assert key.private.key_size == 2048
    assert isinstance(again.private, RSAPrivateKey)
    assert again.private.private_numbers() == key.private.private_numbers()
    assert again.public_jwk == public_jwk(key.private)
    assert (key.algorithm, key.kid) == ("RS256", key.public_jwk["kid"])


def test_purposes_and_institutions_have_keys_of_their_own(
    first: InstitutionId, second: InstitutionId
) -> None:
    made = [
        keys.current("lti"),
        keys.current("credential"),
        keys.current("credential", first),
        keys.current("credential", second),
    ]
    assert len({key.kid for key in made}) == 4
    assert isinstance(made[2].private, Ed25519PrivateKey)
    assert made[2].algorithm == "Ed25519"
    for institution_id, key in ((None, made[1]), (first, made[2]), (second, made[3])):
        assert [each.kid for each in keys.published("credential", institution_id)] == [key.kid]


def test_an_institution_sees_no_other_key_even_unasked(
    first: InstitutionId, second: InstitutionId
) -> None:
    ours = keys.current("credential", first)
    keys.current("credential", second)
    keys.current("lti")
    assert [row.kid for row in _rows(first)] == [ours.kid]
    assert [row.purpose for row in _rows(None)] == ["lti"]


@pytest.mark.usefixtures("database")
def test_a_private_key_is_neither_stored_nor_shown_in_clear() -> None:
    key = keys.current("credential")
    assert isinstance(key.private, Ed25519PrivateKey)
    secret = key.private.private_bytes_raw()
    (row,) = _rows(None)
    assert secret not in row.private_encrypted
    assert "d" not in row.public_jwk
    assert "private" not in repr(key)


@pytest.mark.usefixtures("database")
def test_a_rotated_key_signs_at_once_and_the_old_one_stays_published() -> None:
    old = keys.current("lti")
    new = keys.rotate("lti")
    newest = keys.rotate("lti")
    assert keys.current("lti").id == newest.id
    shown = keys.published("lti")
    assert [each.kid for each in shown] == [newest.kid, new.kid, old.kid]
    assert [each.retired_at is None for each in shown] == [True, False, False]


@pytest.mark.usefixtures("database")
def test_a_rotation_elsewhere_is_followed_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    old = keys.current("credential")
    remembered = dict(keys._rings)
    new = keys.rotate("credential")
    keys._rings.clear()
    keys._rings.update(remembered)  # as another process would remember

    assert keys.current("credential").id == old.id
    _a_minute_later(monkeypatch)
    assert keys.current("credential").id == new.id


@pytest.mark.usefixtures("database")
def test_a_key_is_loaded_once_and_not_again_when_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = keys.current("lti")
    assert keys.current("lti") is key
    _a_minute_later(monkeypatch)
    assert keys.current("lti") is key


@pytest.mark.usefixtures("database")
def test_a_key_that_is_removed_is_published_no_more_and_the_current_one_cannot_be() -> None:
    old = keys.current("lti")
    new = keys.rotate("lti")
    with pytest.raises(CurrentKeyError):
        keys.remove(new.kid, "lti")
    with pytest.raises(NotFoundError):
        keys.remove("unknown", "lti")
    keys.remove(old.kid, "lti")
    assert [each.kid for each in keys.published("lti")] == [new.kid]


def test_keys_are_asked_for_outside_transactions_even_when_remembered(
    first: InstitutionId,
) -> None:
    keys.current("credential", first)
    with transaction(first), pytest.raises(RuntimeError, match="outside"):
        keys.current("credential", first)
    with transaction(first), pytest.raises(RuntimeError, match="outside"):
        keys.rotate("credential", first)


@pytest.mark.usefixtures("database", "secrets")
def test_a_new_secret_opens_nothing_until_the_old_one_stands_beside_it(
    settings: Settings,
) -> None:
    key = keys.current("credential")

    _use(settings, NEW)
    with pytest.raises(SealBrokenError):
        keys.current("credential")

    _use(settings, NEW, OLD)
    assert keys.current("credential").id == key.id


@pytest.mark.usefixtures("database", "secrets")
def test_a_sealed_key_cannot_be_moved_or_changed(database: Connection) -> None:
    keys.current("credential")
    keys.current("lti")
    database.execute(
        text(
            "UPDATE keys SET private_encrypted = "
            "(SELECT private_encrypted FROM keys WHERE purpose = 'credential') "
            "WHERE purpose = 'lti'"
        )
    )
    keys.forget()
    with pytest.raises(SealBrokenError):
        keys.current("lti")


@pytest.mark.usefixtures("secrets")
def test_a_seal_opens_only_where_it_was_made_and_unchanged(settings: Settings) -> None:
    sealed = keys.seal(b"secret", bound_to=b"here")
    assert keys.unseal(sealed, bound_to=b"here") == b"secret"
    assert keys.seal(b"secret", bound_to=b"here") != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for broken in (changed, sealed[:20], sealed[:5], b"", b"\x02" + sealed[1:]):
        with pytest.raises(SealBrokenError):
            keys.unseal(broken, bound_to=b"here")
    with pytest.raises(SealBrokenError):
        keys.unseal(sealed, bound_to=b"there")
    _use(settings, NEW, OLD)
    assert keys.unseal(sealed, bound_to=b"here") == b"secret"


@pytest.mark.usefixtures("secrets")
def test_a_mac_is_of_its_purpose_its_parts_and_their_borders(settings: Settings) -> None:
    tag = keys.mac("placement", b"ab", b"c")
    assert len(tag) == 32
    assert keys.mac_matches(tag, "placement", b"ab", b"c")
    for purpose, parts in (
        ("share", (b"ab", b"c")),
        ("placement", (b"a", b"bc")),
        ("placement", (b"abc",)),
        ("placement", (b"ab", b"c", b"")),
    ):
        assert not keys.mac_matches(tag, purpose, *parts)
    assert not keys.mac_matches(b"", "placement", b"ab", b"c")
    _use(settings, NEW, OLD)
    assert keys.mac_matches(tag, "placement", b"ab", b"c")
    assert keys.mac("placement", b"ab", b"c") != tag
    _use(settings, NEW)
    assert not keys.mac_matches(tag, "placement", b"ab", b"c")


@pytest.mark.parametrize("act", [keys.current, keys.rotate])
def test_many_at_once_make_one_key(live_app: Flask, act: object) -> None:  # noqa: ARG001 - connects
    before = keys.current("credential") if act is keys.rotate else None
    together, made = threading.Barrier(4), list[LoadedKey]()

    def run() -> None:
        together.wait()
        made.append(keys.rotate("credential") if act is keys.rotate else keys.current("credential"))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 4
    rows = _rows(None)
    assert sum(row.retired_at is None for row in rows) == 1
    if before is None:
        assert {key.id for key in made} == {rows[0].id}
        assert len(rows) == 1
    else:
        assert made[0].id != before.id


def test_a_stored_key_loads_in_a_few_milliseconds(database: Connection) -> None:  # noqa: ARG001 - settings
    key = keys.current("lti")
    assert isinstance(key.private, RSAPrivateKey)
    (row,) = _rows(None)
    fastest = min(_seconds_to_load(row) for _ in range(5))
    assert fastest < 0.02
    loaded = keys._load(row).private
    assert isinstance(loaded, RSAPrivateKey)
    public = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert loaded.public_key().public_bytes(*public) == key.private.public_key().public_bytes(
        *public
    )
    assert isinstance(row.id, UUID)


def _seconds_to_load(row: KeyRow) -> float:
    began = time.perf_counter()
    keys._load(row)
    return time.perf_counter() - began
