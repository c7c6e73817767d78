"""LTI Advantage Conformance Certification Guide 1.3, §6.1: tool, core. Numbers are the guide's.

Each message is Campus' own, changed in one point and signed by Campus' key; each must be refused
with a page that says so, for that very reason, and leave nothing behind.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from flask import Flask
from sqlalchemy import Connection

from tests.launch.platform import (
    Arrival,
    Browser,
    Connected,
    browsing,
    error_code,
    now,
    opened,
    stored,
)

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
Change = Callable[[Arrival], object]


def header(arrival: Arrival, **changes: object) -> None:
    """Sign by a key of nobody's, under a header of the test's."""
    key = generate_private_key(65537, 2048)
    good = jwt.get_unverified_header(arrival.fields["id_token"])
    headers = {name: value for name, value in {**good, **changes}.items() if value is not None}
    arrival.fields["id_token"] = jwt.encode(
        arrival.claims, key, algorithm="RS256", headers={"typ": "JWT", **headers}
    )


def unsigned(arrival: Arrival) -> None:
    """Say that no signature is needed."""
    kid = jwt.get_unverified_header(arrival.fields["id_token"])["kid"]
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none", "kid": kid}, arrival.claims)
    )
    arrival.fields["id_token"] = f"{head}.{body}."


def rs384(arrival: Arrival) -> None:
    kid = jwt.get_unverified_header(arrival.fields["id_token"])["kid"]
    arrival.fields["id_token"] = jwt.encode(
        arrival.claims, generate_private_key(65537, 2048), algorithm="RS384", headers={"kid": kid}
    )


def hs256_by_public_key(arrival: Arrival) -> None:
    """The classic: the public key, which everybody has, as the secret."""
    public: Any = arrival.connected.site.campus.keys.public("lti")
    kid = jwt.get_unverified_header(arrival.fields["id_token"])["kid"]
    arrival.fields["id_token"] = jwt.encode(
        arrival.claims, public["keys"][0]["n"], algorithm="HS256", headers={"kid": kid}
    )


def tampered(arrival: Arrival) -> None:
    """Make the student an instructor without touching the signature."""
    head, _, signature = arrival.fields["id_token"].split(".")
    claims = {**arrival.claims, "https://purl.imsglobal.org/spec/lti/claim/roles": ["Instructor"]}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    arrival.fields["id_token"] = f"{head}.{body}.{signature}"


def no_lti_claims(arrival: Arrival) -> None:
    arrival.sign({n: v for n, v in arrival.claims.items() if "purl.imsglobal.org" not in n})


def link_id(arrival: Arrival, value: object) -> None:
    arrival.change(resource_link={"id": value} if value is not None else {"title": "no id"})


KNOWN_BAD: dict[str, tuple[Change, str]] = {
    "1 no kid": (lambda a: header(a, kid=None), "token_no_key_id"),
    "2 incorrect kid": (lambda a: header(a, kid="of-nobody"), "token_unknown_key"),
    "3 wrong version": (lambda a: a.change(version="11.3"), "message_version"),
    "4 no version": (lambda a: a.change(version=None), "message_version"),
    "5 not an LTI message": (lambda a: a.sign({"name": "badltilaunch"}), "message_not_lti"),
    "6 no LTI claims": (no_lti_claims, "message_not_lti"),
    "7 expired": (lambda a: a.change(iat=now() - 200, exp=now() - 120), "token_expired"),
    "7 from the future": (
        lambda a: a.change(iat=now() + 600, exp=now() + 900),
        "token_not_yet_valid",
    ),
    "8 no message type": (lambda a: a.change(message_type=None), "message_type"),
    "9 no roles": (lambda a: a.change(roles=None), "message_roles"),
    "10 no deployment": (lambda a: a.change(deployment_id=None), "message_deployment"),
    "11 no resource link id": (lambda a: link_id(a, None), "message_resource_link"),
    "11 no resource link": (lambda a: a.change(resource_link=None), "message_resource_link"),
    "12 no sub": (lambda a: a.change(sub=None), "message_subject"),
}
OURS: dict[str, tuple[Change, str]] = {
    "signed by somebody else": (header, "token_signature"),
    "changed after signing": (tampered, "token_signature"),
    "alg none": (unsigned, "token_algorithm"),
    "HS256 with the public key": (hs256_by_public_key, "token_algorithm"),
    "RS384": (rs384, "token_algorithm"),
    "not a token": (lambda a: a.fields.update(id_token="badltilaunch"), "token_unreadable"),
    "no token": (lambda a: a.fields.pop("id_token"), "launch_incomplete"),
    "no state": (lambda a: a.fields.pop("state"), "launch_incomplete"),
    "header is a list": (lambda a: a.fields.update(id_token="W10.e30.x"), "token_unreadable"),
    "header nests": (
        lambda a: a.fields.update(
            id_token=base64.urlsafe_b64encode(b"[" * 2900).decode() + ".e30.x"
        ),
        "token_unreadable",
    ),
    "no claims": (lambda a: a.sign({}), "message_not_lti"),
    "claims are a list": (lambda a: a.sign_bytes(b"[]"), "token_unreadable"),
    "claims are no JSON": (lambda a: a.sign_bytes(b"{"), "token_unreadable"),
    "claims nest": (lambda a: a.sign_bytes(b"[" * 100_000), "token_unreadable"),
    "claims are in UTF-16": (
        lambda a: a.sign_bytes(json.dumps(a.claims).encode("utf-16")),
        "token_unreadable",
    ),
    "another issuer": (lambda a: a.change(iss="https://other.example"), "token_issuer"),
    "no issuer": (lambda a: a.change(iss=None), "token_issuer"),
    "another audience": (lambda a: a.change(aud="somebody"), "token_audience"),
    "no audience": (lambda a: a.change(aud=None), "token_audience"),
    "two audiences without azp": (
        lambda a: a.change(aud=["somebody", a.claims["aud"]]),
        "token_authorized_party",
    ),
    "made for another client": (lambda a: a.change(azp="somebody"), "token_authorized_party"),
    "azp is no text": (lambda a: a.change(azp=["x"]), "token_authorized_party"),
    "no exp": (lambda a: a.change(exp=None), "token_no_times"),
    "no iat": (lambda a: a.change(iat=None), "token_no_times"),
    "iat is a word": (lambda a: a.change(iat="now"), "token_no_times"),
    "exp is true": (lambda a: a.change(exp=True), "token_no_times"),
    "exp never": (lambda a: a.change(exp=float("inf")), "token_unreadable"),
    "exp beyond any number": (lambda a: a.change(exp=10**400), "token_no_times"),
    "exp is past the leeway": (lambda a: a.change(exp=now() - 61), "token_expired"),
    "made ten minutes ago": (lambda a: a.change(iat=now() - 600), "token_too_old"),
    "not before": (lambda a: a.change(nbf=now() + 300), "token_not_yet_valid"),
    "no nonce": (lambda a: a.change(nonce=None), "token_nonce"),
    "another nonce": (lambda a: a.change(nonce="of another login"), "token_nonce"),
    "nonce is a number": (lambda a: a.change(nonce=7), "token_nonce"),
    "unknown message type": (lambda a: a.change(message_type="LtiGuess"), "message_type"),
    "a page of ours as type": (lambda a: a.change(message_type="result"), "message_type"),
    "type is a list": (lambda a: a.change(message_type=["x"]), "message_type"),
    "another target": (
        lambda a: a.change(target_link_uri="http://localhost/elsewhere"),
        "message_target_link",
    ),
    "no target": (lambda a: a.change(target_link_uri=None), "message_target_link"),
    "sub is empty": (lambda a: a.change(sub=""), "message_subject"),
    "sub is a number": (lambda a: a.change(sub=7), "message_subject"),
    "sub is too long": (lambda a: a.change(sub="x" * 256), "message_identifier"),
    "sub cannot be seen": (lambda a: a.change(sub="a\tb"), "message_identifier"),
    "sub has a null": (lambda a: a.change(sub="a\x00b"), "token_unreadable"),
    "name has half a letter, escaped": (
        lambda a: a.sign_bytes(json.dumps({**a.claims, "name": "\ud83d"}).encode()),
        "token_unreadable",
    ),
    "name has half a letter, raw": (
        lambda a: a.sign_bytes(
            json.dumps({**a.claims, "name": "\ud83d"}, ensure_ascii=False).encode(
                errors="surrogatepass"
            )
        ),
        "token_unreadable",
    ),
    "deployment is too long": (lambda a: a.change(deployment_id="x" * 256), "message_identifier"),
    "link id is too long": (lambda a: link_id(a, "x" * 256), "message_identifier"),
    "link id is a number": (lambda a: link_id(a, 5), "message_resource_link"),
    "context has no id": (lambda a: a.change(context={"title": "?"}), "message_claim"),
    "context is a word": (lambda a: a.change(context="Biostatistics"), "message_claim"),
    "roles is a word": (lambda a: a.change(roles="Instructor"), "message_roles"),
    "roles holds numbers": (lambda a: a.change(roles=[1]), "message_roles"),
    "resource link is a list": (lambda a: a.change(resource_link=["x"]), "message_resource_link"),
}


@pytest.mark.parametrize(
    ("change", "code"), (KNOWN_BAD | OURS).values(), ids=list(KNOWN_BAD | OURS)
)
def test_a_bad_message_is_refused_for_its_own_reason(
    student: Browser, database: Connection, change: Change, code: str
) -> None:
    arrival = student.arrive(student.connected.place())
    change(arrival)

    answer = student.post(arrival)

    assert error_code(answer) == code
    assert answer.status_code == 403
    assert "<h1>" in answer.text
    assert "Set-Cookie" not in answer.headers
    assert stored(database, student) == {"launches": 0, "users": 0, "contexts": 0}


ROLES: dict[str, list[str]] = {
    "plain": [f"{MEMBERSHIP}#{{0}}"],
    "several roles": [f"{MEMBERSHIP}#{{0}}", "http://purl.imsglobal.org/vocab/lis/v2/person#User"],
    "short role": ["{0}"],
    "unknown role beside it": [
        "http://purl.imsglobal.org/vocab/lis/v2/unknown/unknown#Helper",
        f"{MEMBERSHIP}#{{0}}",
    ],
}
WITH_ROLE = {
    "13 plain instructor": ("plain", "Instructor"),
    "14 several roles": ("several roles", "Instructor"),
    "15 short role": ("short role", "Instructor"),
    "16 unknown role beside instructor": ("unknown role beside it", "Instructor"),
    "23 plain student": ("plain", "Learner"),
    "24 several roles": ("several roles", "Learner"),
    "25 short role": ("short role", "Learner"),
    "26 unknown role beside student": ("unknown role beside it", "Learner"),
}


@pytest.mark.parametrize(("names", "role"), WITH_ROLE.values(), ids=list(WITH_ROLE))
def test_a_launch_with_a_role_works(student: Browser, names: str, role: str) -> None:
    arrival = student.arrive(student.connected.place())
    arrival.change(roles=[name.format(role) for name in ROLES[names]])

    here = opened(student, arrival)

    assert here["roles"] == [role.lower()]


WITHOUT_ROLE: dict[str, tuple[int, list[str]]] = {
    "16 unknown role, instructor": (
        1,
        ["http://purl.imsglobal.org/vocab/lis/v2/unknown/unknown#Helper"],
    ),
    "17 no role, instructor, empty list": (1, []),
    "17 no role, instructor, empty word": (1, [""]),
    "26 unknown role, student": (
        2,
        ["http://purl.imsglobal.org/vocab/lis/v2/unknown/unknown#Helper"],
    ),
    "27 no role, student, empty list": (2, []),
    "27 no role, student, empty word": (2, [""]),
}


@pytest.mark.parametrize(("person", "names"), WITHOUT_ROLE.values(), ids=list(WITHOUT_ROLE))
def test_a_launch_without_a_known_role_works_and_allows_nothing(
    product: Flask, connected: Connected, person: int, names: list[str]
) -> None:
    with browsing(product, connected, person) as browser:
        arrival = browser.arrive(connected.place()).change(roles=names)

        here = opened(browser, arrival)

        assert here["roles"] == []
        page = f"/l/{here['launch_id']}/probe"
        taken = browser.client.post(f"{page}/take", data={"csrf_token": here["csrf_token"]})
        assert error_code(taken) == "not_for_your_role"
        assert error_code(browser.client.get(f"{page}/place")) == "not_for_your_role"


NAMES: tuple[str, ...] = ("name", "given_name", "family_name")
LESS: dict[str, tuple[int, tuple[str, ...]]] = {
    "18 email only, instructor": (1, (*NAMES, "lis")),
    "19 names only, instructor": (1, ("email", "lis")),
    "20 nothing personal, instructor": (1, (*NAMES, "email", "lis")),
    "21 email without context, instructor": (1, (*NAMES, "context")),
    "28 email only, student": (2, (*NAMES, "lis")),
    "29 names only, student": (2, ("email", "lis")),
    "30 nothing personal, student": (2, (*NAMES, "email", "lis")),
    "31 email without context, student": (2, (*NAMES, "context")),
}


@pytest.mark.parametrize(("person", "dropped"), LESS.values(), ids=list(LESS))
def test_a_launch_works_with_less_about_the_person(
    product: Flask, connected: Connected, person: int, dropped: tuple[str, ...]
) -> None:
    with browsing(product, connected, person) as browser:
        arrival = browser.arrive(connected.place()).change(**dict.fromkeys(dropped))

        here = opened(browser, arrival)

    assert (here["context_id"] is None) == ("context" in dropped)
    assert here["roles"] == [{1: "instructor", 2: "learner"}[person]]


@pytest.mark.parametrize("person", [1, 2], ids=["22 instructor", "32 student"])
def test_a_new_resource_link_is_taken(product: Flask, connected: Connected, person: int) -> None:
    with browsing(product, connected, person) as browser:
        first = opened(browser, browser.arrive(connected.place()))
        second = opened(browser, browser.arrive(connected.place("Another")))

    assert first["resource_link_id"] != second["resource_link_id"]
    assert first["context_id"] == second["context_id"]
    assert first["user_id"] == second["user_id"]


GOOD: dict[str, Change] = {
    "clock a minute ahead": lambda a: a.change(iat=now() + 55, exp=now() + 120),
    "clock a minute behind": lambda a: a.change(iat=now() - 60, exp=now() - 55),
    "azp is ours": lambda a: a.change(azp=a.claims["aud"]),
    "audience is a list": lambda a: a.change(aud=[a.claims["aud"]]),
    "two audiences with azp": lambda a: a.change(
        aud=["somebody", a.claims["aud"]], azp=a.claims["aud"]
    ),
    "unknown claims": lambda a: a.add("something_new", {"x": 1}),
    "PHP's empty objects": lambda a: a.add("custom", []).add("lis", []),
    "empty objects": lambda a: a.change(context={}, launch_presentation={}, for_user={}),
    "scopes that are null": lambda a: a.change(endpoint={"scope": None}),
    "null optional claims": lambda a: a.add("tool_platform", None).change(name=None),
    "identifiers of 255 characters": lambda a: a.change(sub="x" * 255),
    "identifiers not in ASCII": lambda a: a.change(sub="Ångström"),
    "an emoji in escapes": lambda a: a.change(name="Ada \U0001f9ed"),
    "control characters in a title": lambda a: a.change(context={"id": "1", "title": "a\nb"}),
    "return_url is no address": lambda a: a.change(
        launch_presentation={"return_url": "javascript:alert(1)"}
    ),
}


@pytest.mark.parametrize("change", GOOD.values(), ids=list(GOOD))
def test_what_is_allowed_is_accepted(student: Browser, change: Change) -> None:
    arrival = student.arrive(student.connected.place())
    change(arrival)

    here = opened(student, arrival)

    assert "return_url" not in here["settings"] or here["settings"]["return_url"].startswith("http")
