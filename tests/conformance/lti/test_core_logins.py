"""A login is answered once, in the browser it began in, and by the platform's keys.

What of it the certification guide asks is named in docs/conformance/lti.md.
"""

from datetime import timedelta

import pytest

from lti_tool.core import clock
from lti_tool.launch.logins import cookie_name
from lti_tool.platforms import key_sets
from tests.launch.platform import Browser, error_code, now, opened


def test_a_message_works_once(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())
    opened(student, arrival)

    again = student.post(arrival)

    assert (again.status_code, error_code(again)) == (409, "launch_used")


def test_a_refused_message_cannot_be_mended_and_sent_again(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())
    good = arrival.fields["id_token"]
    arrival.change(version="1.2")
    student.post(arrival)

    arrival.fields["id_token"] = good

    assert error_code(student.post(arrival)) == "launch_used"


def test_a_second_token_for_the_same_state_is_refused(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())
    opened(student, arrival)

    again = student.post(arrival.change(iat=now()))

    assert error_code(again) == "launch_used"


def test_a_state_of_nobody_is_refused_like_a_used_one(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())
    arrival.fields["state"] = "guess"

    assert error_code(student.post(arrival)) == "launch_used"


def test_a_nonce_of_another_login_is_refused(student: Browser) -> None:
    first = student.arrive(student.connected.place())
    second = student.arrive(student.connected.place())

    answer = student.post(second.change(nonce=first.claims["nonce"]))

    assert error_code(answer) == "token_nonce"


def test_another_browser_cannot_finish_a_login(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())
    other = Browser(student.client.application.test_client(), student.campus, student.connected)

    assert error_code(other.post(arrival)) == "launch_other_browser"
    assert student.post(arrival).status_code == 303, "nor spoil it"


def test_a_cookie_of_another_login_does_not_help(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())
    other = Browser(student.client.application.test_client(), student.campus, student.connected)
    of_other = cookie_name(other.arrive(student.connected.place()).fields["state"])
    secret = other.client.get_cookie(of_other)
    assert secret is not None
    student.client.set_cookie(cookie_name(arrival.fields["state"]), secret.value)

    assert error_code(student.post(arrival)) == "launch_other_browser"


def test_a_login_that_took_too_long_is_over(
    student: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrival = student.arrive(student.connected.place())
    later = clock.now() + timedelta(minutes=10, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert error_code(student.post(arrival)) == "launch_used"


def test_a_platform_that_says_no_is_quoted(student: Browser) -> None:
    form = student.login_form(student.connected.place())
    login = student.login(form)
    student.answer(login)  # spends Campus' hint
    arrival = student.answer(student.login(form))

    answer = student.post(arrival)

    assert (answer.status_code, error_code(answer)) == (403, "platform_refused")
    assert "Campus: “" in answer.text


def test_words_of_a_stranger_are_not_shown(student: Browser) -> None:
    fields = {"state": "guess", "error": "x", "error_description": "Call this number"}

    answer = student.client.post("/lti/launch", data=fields)

    assert error_code(answer) == "launch_used"
    assert "Call this number" not in answer.text


def test_going_back_to_the_address_says_that_it_works_once(student: Browser) -> None:
    assert error_code(student.client.get("/lti/launch?id_token=x&state=y")) == "launch_used"


def test_a_rotated_key_is_fetched_when_the_platform_signs_with_it(
    student: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = student.connected.place()
    opened(student, student.arrive(path))
    student.connected.site.campus.keys.rotate("lti")

    assert error_code(student.post(student.arrive(path))) == "token_unknown_key"

    later = clock.now() + key_sets.COOL_DOWN
    monkeypatch.setattr(clock, "now", lambda: later)
    opened(student, student.arrive(path))


def test_launches_go_on_while_the_platforms_keys_are_down(student: Browser) -> None:
    path = student.connected.place()
    opened(student, student.arrive(path))
    key_sets.forget_all()  # another process, which finds them in the database
    student.connected.site.campus.faults.change({"jwks_status": 500})

    opened(student, student.arrive(path))


def test_a_platform_whose_keys_were_never_seen_is_waited_for(
    student: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = student.connected.place()
    student.connected.site.campus.faults.change({"jwks_status": 500})

    answer = student.post(student.arrive(path))

    assert (answer.status_code, error_code(answer)) == (503, "keys_unreachable")
    student.connected.site.campus.faults.clear()
    later = clock.now() + key_sets.COLD_COOL_DOWN
    monkeypatch.setattr(clock, "now", lambda: later)
    opened(student, student.arrive(path))
