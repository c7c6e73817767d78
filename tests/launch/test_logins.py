"""Logins that leave no row: what comes back is ours, whole and once; what is known is true."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from lti_tool.core import settings
from lti_tool.core.audit import CLI
from lti_tool.launch import logins
from lti_tool.launch.errors import LaunchUsedError
from lti_tool.platforms import known, services
from tests.launch.forging import Change, by_stranger, header_with, raw
from tests.launch.platform import (
    Arrival,
    Browser,
    browsing,
    connect,
    endpoints,
    error_code,
    now,
    told,
)


def cookie_of(browser: Browser, arrival: Arrival) -> str:
    cookie = browser.client.get_cookie(logins.cookie_name(arrival.fields["state"]))
    assert cookie is not None
    return cookie.value


def other_letter(letter: str) -> str:
    return "B" if letter == "A" else "A"


@pytest.mark.parametrize("place", [0, 25, 70, 120, -2])
def test_a_login_cookie_with_another_letter_is_none(student: Browser, place: int) -> None:
    arrival = student.arrive(student.connected.place())
    value = cookie_of(student, arrival)
    forged = [*value]
    forged[place] = other_letter(forged[place])
    name = logins.cookie_name(arrival.fields["state"])
    student.client.set_cookie(name, "".join(forged))

    assert error_code(student.post(arrival)) == "launch_other_browser"

    student.client.set_cookie(name, value)
    assert student.post(arrival).status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value + "=",
        lambda value: value + "AAAA",
        lambda value: value[:-4],
        lambda value: value.replace("-", "+").replace("_", "/") + "é",
        lambda _: "",
    ],
    ids=["padded", "longer", "shorter", "no letters of ours", "empty"],
)
def test_a_login_cookie_has_one_spelling(student: Browser, change: Callable[[str], str]) -> None:
    arrival = student.arrive(student.connected.place())
    name, value = logins.cookie_name(arrival.fields["state"]), cookie_of(student, arrival)
    student.client.set_cookie(name, change(value))

    assert error_code(student.post(arrival)) == "launch_other_browser"


def test_a_state_that_says_another_time_is_of_no_login(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())
    state, value = arrival.fields["state"], cookie_of(student, arrival)
    later = logins._encoded((2**32 - 1).to_bytes(4) + logins._decoded(state, 32)[4:])
    student.client.set_cookie(logins.cookie_name(later), value)
    arrival.fields["state"] = later

    assert error_code(student.post(arrival)) == "launch_other_browser"


@pytest.mark.parametrize("state", ["x", "A" * 43, "A" * 4000, "ÿ" * 43, "\U0001f5dd" * 11])
def test_a_state_that_is_none_is_used_up(student: Browser, state: str) -> None:
    arrival = student.arrive(student.connected.place())
    arrival.fields["state"] = state

    assert error_code(student.post(arrival)) == "launch_used"


def test_a_login_under_an_earlier_secret_still_opens(
    student: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrival = student.arrive(student.connected.place())
    now = settings.current()
    newer = replace(now, secret_keys=(b"n" * 32, *now.secret_keys))
    monkeypatch.setattr(settings, "_installed", [newer])

    assert student.post(arrival).status_code == 303


SIGNED: dict[str, tuple[Change, str]] = {
    "another nonce": (lambda a: a.change(nonce="another"), "token_nonce"),
    "of long ago": (lambda a: a.change(iat=now() - 3600), "token_too_old"),
    "another audience": (lambda a: a.change(aud="another"), "token_audience"),
    "no JSON": (lambda a: a.sign_bytes(b"{"), "token_unreadable"),
    "a null": (lambda a: a.change(name="a\x00b"), "token_unreadable"),
    "no LTI": (lambda a: a.sign({"iss": a.claims["iss"]}), "message_not_lti"),
}
UNSIGNED: dict[str, tuple[Change, str]] = {
    "an error": (lambda a: a.fields.update(error="login_required"), "platform_refused"),
    "no token": (lambda a: a.fields.update(id_token="x"), "token_unreadable"),
    "no algorithm": (lambda a: header_with(a, b'{"alg":"none"}'), "token_algorithm"),
    "no key": (lambda a: by_stranger(a, kid=""), "token_no_key_id"),
    "a stranger's key": (lambda a: by_stranger(a, kid="theirs"), "token_unknown_key"),
    "a stranger's signature": (by_stranger, "token_signature"),
    "a signature that is none": (lambda a: raw(a, 2, "!!!!"), "token_signature"),
}


def used(database: Connection) -> int:
    return len(database.execute(text("SELECT 1 FROM used_logins")).all())


@pytest.mark.parametrize(("change", "code"), SIGNED.values(), ids=list(SIGNED))
def test_what_the_platform_signed_uses_its_login_up_if_it_is_refused(
    student: Browser, database: Connection, change: Change, code: str
) -> None:
    arrival = student.arrive(student.connected.place())
    good = dict(arrival.fields)
    change(arrival)

    assert error_code(student.post(arrival)) == code

    assert used(database) == 1
    arrival.fields = good
    assert error_code(student.post(arrival)) == "launch_used"


@pytest.mark.parametrize(("change", "code"), UNSIGNED.values(), ids=list(UNSIGNED))
def test_what_it_did_not_sign_leaves_no_row_and_spoils_no_login(
    student: Browser, database: Connection, change: Change, code: str
) -> None:
    arrival = student.arrive(student.connected.place())
    good = dict(arrival.fields)
    change(arrival)

    assert [error_code(student.post(arrival)) for _ in range(2)] == [code, code]

    assert used(database) == 0
    arrival.fields = good
    assert student.post(arrival).status_code == 303
    assert used(database) == 1


def test_a_login_is_used_up_once(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())
    login = logins.answered(arrival.fields["state"], cookie_of(student, arrival))

    logins.use_up(login)

    with pytest.raises(LaunchUsedError):
        logins.use_up(login)


def test_a_login_to_a_registration_that_is_gone_is_over(
    product: Flask, student: Browser, database: Connection
) -> None:
    waiting = connect(student.connected.site, approved=False)
    with browsing(product, waiting, 2) as browser:
        arrival = browser.arrive(waiting.place())
        gone = text("DELETE FROM registrations WHERE id = :id")
        database.execute(gone, {"id": waiting.registration_id})

        assert error_code(browser.post(arrival)) == "launch_used"


def test_keys_moved_to_another_address_are_looked_for_there(
    student: Browser, database: Connection
) -> None:
    """An administrator mends the registration: the next launch goes by it, in every process."""
    path = student.connected.place()
    right = endpoints(student.connected.site.url).jwks_url
    change = text("UPDATE registrations SET jwks_url = :url WHERE id = :id")
    of_this = {"id": student.connected.registration_id}
    database.execute(change, {**of_this, "url": right + "/gone"})
    arrival = student.arrive(path)
    assert error_code(student.post(arrival)) == "keys_unreachable"

    database.execute(change, {**of_this, "url": right})

    assert student.post(arrival).status_code == 303, "nor was the login used up"


def test_a_role_that_was_mapped_meanwhile_counts_at_the_next_launch(
    student: Browser, database: Connection
) -> None:
    path = student.connected.place()
    role = "https://lms.example/roles#Proctor"
    before = told(
        student.client.get(student.post(student.arrive(path).change(roles=[role])).location)
    )

    database.execute(
        text("UPDATE deployments SET role_map = jsonb_build_object(CAST(:r AS text), 'learner')"),
        {"r": role},
    )

    after = told(
        student.client.get(student.post(student.arrive(path).change(roles=[role])).location)
    )
    assert (before["roles"], after["roles"]) == ([], ["learner"])


def test_a_deployment_given_to_another_institution_opens_there_at_once(
    student: Browser,
) -> None:
    path, connected = student.connected.place(), student.connected
    here = told(student.open(path))
    other = services.add_institution("elsewhere", "Elsewhere")
    assert connected.deployment_id is not None

    services.approve_deployment(connected.deployment_id, other, actor=CLI)

    there = told(student.open(path))
    assert here["institution_id"] == str(connected.institution_id)
    assert there["institution_id"] == str(other)


def test_a_platform_that_changes_at_every_look_opens_nothing(
    student: Browser, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, arrival = known.look_again, student.arrive(student.connected.place())

    def look_and_change(*asked: object) -> object:
        found = look(*asked)  # type: ignore[arg-type]
        database.execute(text("UPDATE registrations SET name = name || '.'"))
        return found

    monkeypatch.setattr(known, "look_again", look_and_change)

    assert error_code(student.post(arrival)) == "launch_interrupted"
    assert database.scalar(text("SELECT count(*) FROM launches")) == 0
    assert database.scalar(text("SELECT count(*) FROM users")) == 0


def test_a_second_registration_of_an_issuer_is_seen_by_the_next_login(
    product: Flask, student: Browser
) -> None:
    form = student.login_form(student.connected.place())
    form.pop("client_id")
    assert student.login(form).status_code == 302

    with browsing(product, connect(student.connected.site), 2):
        assert error_code(student.login(form)) == "login_ambiguous"
