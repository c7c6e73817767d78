"""What an attacker might try between a login and a session: each refused in words, nothing kept."""

import json
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from flask import Flask
from joserfc import jws
from joserfc.jwk import RSAKey
from sqlalchemy import Connection
from structlog.testing import capture_logs

from lti_tool.launch.logins import cookie_name
from tests.campus.site import Site
from tests.launch.forging import (
    NOTHING,
    Change,
    by_platform,
    by_platform_in,
    by_stranger,
    check_line,
    check_refusal,
    half_a_letter,
    header_with,
    payload,
    platform_key,
    raw,
    unencoded,
)
from tests.launch.platform import BASE_URL, Browser, browsing, connect, error_code, now, stored

DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"

# What no list of names is, or a list of what may not be in one (RFC 7515 §4.1.11).
CRITICAL: tuple[object, ...] = (
    *(None, True, 1, "b64", {}),
    *([], [None], [{}], ["alg"], ["b64", "b64"]),
)

TOKENS: dict[str, Change] = {
    "jku": lambda a: by_stranger(a, jku="http://127.0.0.1:1/keys"),
    "jwk": lambda a: by_stranger(a, jwk=...),
    "x5u": lambda a: by_stranger(a, x5u="http://127.0.0.1:1/cert"),
    "x5c": lambda a: by_stranger(a, x5c=["MIIB"]),
    "kid is a path": lambda a: by_stranger(a, kid="../../../../dev/null"),
    "kid is an address": lambda a: by_stranger(a, kid="http://127.0.0.1:1/keys"),
    "kid is SQL": lambda a: by_stranger(a, kid="' OR 1=1 --"),
    "kid has a null": lambda a: by_stranger(a, kid="a\x00b"),
    "kid is huge": lambda a: by_stranger(a, kid="k" * 2900),
    "header is huge": lambda a: by_platform(a, padding="x" * 100_000),
    "critical header": lambda a: by_platform(a, crit=["exp"], exp=1),
    "critical header of nobody": lambda a: by_platform(a, crit=["x"], x=1),
    **{
        f"critical header is {json.dumps(word)}": partial(by_platform, crit=word)
        for word in CRITICAL
    },
    "critical header that is understood elsewhere": lambda a: by_platform(
        a, crit=["b64"], b64=True
    ),
    "unencoded payload": unencoded,
    "alg twice": lambda a: header_with(a, b'{"alg":"RS256","alg":"none","kid":"x"}'),
    "alg in small letters": lambda a: header_with(a, b'{"alg":"rs256","kid":"x"}'),
    "alg is a list": lambda a: header_with(a, b'{"alg":["RS256"],"kid":"x"}'),
    "alg is null": lambda a: header_with(a, b'{"alg":null,"kid":"x"}'),
    "kid is a list": lambda a: header_with(a, b'{"alg":"RS256","kid":["x"]}'),
    "kid is empty": lambda a: by_stranger(a, kid=""),
    "kid has half a letter": lambda a: header_with(a, b'{"alg":"RS256","kid":"\\ud83d"}'),
    "header is no text": lambda a: header_with(a, b"\xff\xfe"),
    **{
        f"header in {encoding}": partial(by_platform_in, encoding=encoding)
        for encoding in ("utf-16", "utf-32", "utf-8-sig")
    },
    "encrypted": lambda a: a.fields.update(id_token="eyJhbGciOiJSU0EifQ.a.b.c.d"),
    "no signature": lambda a: raw(a, 2, ""),
    "signature is no base64": lambda a: raw(a, 2, "!!!!"),
    "signature not in ASCII": lambda a: raw(a, 2, "é" * 300),
    "payload is no base64": lambda a: raw(a, 1, "%%%"),
    "payload is empty": lambda a: raw(a, 1, ""),
    "only dots": lambda a: a.fields.update(id_token=".."),
    "many dots": lambda a: a.fields.update(id_token="." * 5000),
    "a null": lambda a: a.fields.update(id_token="a\x00b.c.d"),
    "300 KB of claims": lambda a: a.change(padding="x" * 300_000),
    "iat is NaN": lambda a: payload(a, "NaN"),
    "iat is infinite": lambda a: payload(a, "1e400"),
    "iat is minus infinite": lambda a: payload(a, "-Infinity"),
    "iat has 5,000 digits": lambda a: payload(a, "9" * 5000),
    "iat is far away": lambda a: payload(a, "1e308"),
    "iat is long ago": lambda a: payload(a, "-1e308"),
    "iat is text": lambda a: payload(a, f'"{now()}"'),
    "iat is an object": lambda a: payload(a, "{}"),
    "nbf is text": lambda a: a.change(nbf="soon"),
    "nbf is a list": lambda a: a.change(nbf=[now()]),
    "nbf is beyond any number": lambda a: a.change(nbf=10**400),
    "exp is text": lambda a: a.change(exp=str(now() + 60)),
    "aud holds an object": lambda a: a.change(aud=[{"a": 1}]),
    "aud is an object": lambda a: a.change(aud={a.claims["aud"]: 1}),
    "aud is empty": lambda a: a.change(aud=[]),
    "aud nests ours": lambda a: a.change(aud=[[a.claims["aud"]]]),
    "aud begins like ours": lambda a: a.change(aud=a.claims["aud"] + " "),
    "azp is a list": lambda a: a.change(aud=[a.claims["aud"], "somebody"], azp=[a.claims["aud"]]),
    "azp is empty": lambda a: a.change(azp=""),
    "iss with a slash more": lambda a: a.change(iss=a.claims["iss"] + "/"),
    "iss is a list": lambda a: a.change(iss=[a.claims["iss"]]),
    "nonce is a list": lambda a: a.change(nonce=[a.claims["nonce"]]),
    "nonce is an object": lambda a: a.change(nonce={}),
    "version is a number": lambda a: a.change(version=1.3),
    "target on another host": lambda a: a.change(target_link_uri="https://evil.example/lti/launch"),
    "target is a list": lambda a: a.change(target_link_uri=[f"{BASE_URL}/lti/launch"]),
    "deployment is a list": lambda a: a.change(deployment_id=["1"]),
    "deployment is a number": lambda a: a.change(deployment_id=1),
    "deployment has a null": lambda a: a.change(deployment_id="1\x00"),
    "deployment has half a letter": lambda a: half_a_letter(a, "deployment_id"),
    "deployment is empty": lambda a: a.change(deployment_id=""),
    "sub is empty": lambda a: a.change(sub=""),
    "sub has 256 letters": lambda a: a.change(sub="x" * 256),
    "sub has half a letter": lambda a: half_a_letter(a, "sub"),
    "link id is empty": lambda a: a.change(resource_link={"id": ""}),
    "context id is empty": lambda a: a.change(context={"id": ""}),
    "sub is a list": lambda a: a.change(sub=["campus-1001"]),
    "sub turns the text": lambda a: a.change(sub="a\u202eb"),
    "custom holds no number": lambda a: a.add("custom", {"x": float("nan")}),
}


@pytest.mark.parametrize("change", TOKENS.values(), ids=list(TOKENS))
def test_a_forged_or_broken_token_is_refused_in_words_and_leaves_nothing(
    student: Browser, database: Connection, change: Change
) -> None:
    arrival = student.arrive(student.connected.place())
    change(arrival)

    with capture_logs() as lines:
        answer = student.post(arrival)

    check_refusal(answer)
    check_line(lines, answer)
    assert stored(database, student) == NOTHING


def test_a_key_without_a_name_is_told_as_that(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())
    by_stranger(arrival, kid="")

    assert error_code(student.post(arrival)) == "token_no_key_id"


def test_the_right_cookie_with_another_secret_is_another_browser(
    student: Browser, database: Connection
) -> None:
    arrival = student.arrive(student.connected.place())
    name = cookie_name(arrival.fields["state"])
    assert student.client.get_cookie(name) is not None
    student.client.set_cookie(name, "guessed")

    answer = student.post(arrival)

    assert error_code(answer) == "launch_other_browser"
    assert stored(database, student) == NOTHING


def test_two_browsers_cannot_exchange_their_states(product: Flask, site: Site) -> None:
    connected = connect(site)
    with browsing(product, connected, 2) as amara, browsing(product, connected, 3) as other:
        place = connected.place()
        mine, theirs = amara.arrive(place), other.arrive(place)
        mine.fields, theirs.fields = theirs.fields, mine.fields

        assert error_code(amara.post(mine)) == "launch_other_browser"
        assert error_code(other.post(theirs)) == "launch_other_browser"


HARMLESS: dict[str, Change] = {
    "sub has 255 letters": lambda a: a.change(sub="x" * 255),
    "a claim twice: the last one counts": lambda a: a.sign_bytes(
        b'{"sub":"somebody",' + json.dumps(a.claims).encode()[1:]
    ),
    "exp in the year 9999": lambda a: a.change(exp=253402300799),
    "exp beyond years": lambda a: a.change(exp=1e300),
    "foreign services": lambda a: a.change(
        endpoint={
            "scope": [],
            "lineitem": "https://evil.example/1",
            "lineitems": "javascript:alert(1)",
        },
        namesroleservice={"context_memberships_url": "file:///etc/passwd"},
    ),
    "a script as the way back": lambda a: a.change(
        launch_presentation={"return_url": "javascript:alert(1)"}
    ),
    "a placement that is none": lambda a: a.add("custom", {"placement": {"a": ["b"] * 500}}),
    "custom nests": lambda a: a.add("custom", {"x": nested(400)}),
    "history of nobody": lambda a: a.add(
        "custom", {"link_history": "x," * 20_000, "context_history": ["x"] * 9000}
    ),
}


def nested(depth: int) -> object:
    found: object = 1
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize("change", HARMLESS.values(), ids=list(HARMLESS))
def test_what_does_no_harm_opens_and_is_not_believed(student: Browser, change: Change) -> None:
    arrival = student.arrive(student.connected.place())
    change(arrival)

    answer = student.post(arrival)

    assert answer.status_code == 303, answer.text
    page = student.client.get(answer.location)
    assert page.status_code == 200
    assert "javascript:" not in page.text
    assert "evil.example" not in page.headers["Content-Security-Policy"]


SETTINGS: dict[str, tuple[dict[str, object], bool]] = {
    "the way back is a script": ({"deep_link_return_url": "javascript:alert(1)"}, False),
    "the way back is data": ({"deep_link_return_url": "data:text/html,x"}, False),
    "the way back has no host": ({"deep_link_return_url": "/lti/launch"}, False),
    "the way back carries a password": ({"deep_link_return_url": "https://a:b@c.example"}, False),
    "data is infinite": ({"data": float("inf")}, False),
    "data is no number": ({"data": {"x": [float("nan")]}}, False),
    "data nests": ({"data": nested(900)}, False),
    "data is long": ({"data": "x" * 100_000}, True),
    "the way back has letters that no header holds": (
        {"deep_link_return_url": "https://schüle.example/dl"},
        False,
    ),
    "only links are taken": ({"accept_types": ["link", "file"]}, False),
    "nowhere is it shown": ({"accept_presentation_document_targets": []}, False),
    "types are numbers": ({"accept_types": [1]}, False),
    "types are words": ({"accept_types": "ltiResourceLink"}, False),
    "several is a word": ({"accept_multiple": "false"}, True),
    "several is a list": ({"accept_multiple": [True]}, True),
    "columns are an object": ({"accept_lineitem": {}}, True),
}


@pytest.mark.parametrize(("change", "opens"), SETTINGS.values(), ids=list(SETTINGS))
def test_deep_linking_settings_that_are_none_are_refused(
    instructor: Browser,
    change: dict[str, Any],
    opens: bool,  # noqa: FBT001 - what is expected
) -> None:
    arrival = instructor.arrive(instructor.connected.deep_linking_path)
    arrival.claims[DEEP_LINKING] = {**arrival.claims[DEEP_LINKING], **change}
    arrival.sign_bytes(json.dumps(arrival.claims).encode())

    answer = instructor.post(arrival)

    if opens:
        assert answer.status_code == 303
        assert instructor.client.get(answer.location).status_code == 200
        picker = instructor.client.get(f"/l/{answer.location.split('/')[2]}/pick")
        assert picker.status_code == 200
    else:
        check_refusal(answer)


@pytest.mark.parametrize("half", ["\\ud83d", "\\uD83D", "\\u0000"])
def test_what_is_to_be_echoed_is_text_that_can_be_kept(instructor: Browser, half: str) -> None:
    arrival = instructor.arrive(instructor.connected.deep_linking_path)
    arrival.claims[DEEP_LINKING] = {**arrival.claims[DEEP_LINKING], "data": "HALF"}
    arrival.sign_bytes(json.dumps(arrival.claims).replace("HALF", half).encode())

    assert error_code(instructor.post(arrival)) == "token_unreadable"


def test_a_token_of_another_registration_is_no_answer(product: Flask, site: Site) -> None:
    """Nor is one with the nonce that the other login was given."""
    ours, theirs = connect(site), connect(site)
    with browsing(product, ours, 2) as amara, browsing(product, theirs, 2) as other:
        for mend in (False, True):
            mine, foreign = amara.arrive(ours.place()), other.arrive(theirs.place())
            if mend:
                foreign.change(nonce=mine.claims["nonce"])
            mine.fields["id_token"] = foreign.fields["id_token"]

            assert error_code(amara.post(mine)) == "token_audience"


def test_a_nonce_of_another_registrations_login_is_refused(product: Flask, site: Site) -> None:
    ours, theirs = connect(site), connect(site)
    with browsing(product, ours, 2) as amara, browsing(product, theirs, 2) as other:
        mine, foreign = amara.arrive(ours.place()), other.arrive(theirs.place())
        mine.change(nonce=foreign.claims["nonce"])

        assert error_code(amara.post(mine)) == "token_nonce"


def test_signing_says_nothing_of_a_token_that_was_changed(student: Browser) -> None:
    """A token whose signature fails tells nothing of what else is wrong in it."""
    arrival = student.arrive(student.connected.place())
    key = platform_key(arrival)
    body = json.dumps({"iss": "https://nobody.example"}).encode()
    other = RSAKey.import_key(generate_private_key(65537, 2048))
    arrival.fields["id_token"] = jws.serialize_compact(
        {"alg": "RS256", "kid": key.kid or ""}, body, other
    )

    assert error_code(student.post(arrival)) == "token_signature"
