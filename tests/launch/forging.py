"""Forged and broken messages: how they are made, and what becomes of each."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from tests.launch.platform import Arrival, error_code

Change = Callable[[Arrival], object]
NOTHING = {"launches": 0, "users": 0, "contexts": 0}


def platform_key(arrival: Arrival) -> RSAKey:
    key, _ = arrival.connected.site.campus.keys._live["lti"][-1]
    assert isinstance(key, RSAKey)
    return key


def by_platform(arrival: Arrival, **header: object) -> None:
    """Have the platform sign with more in the header than we look at."""
    key = platform_key(arrival)
    arrival.fields["id_token"] = jwt.encode(
        arrival.claims,
        key.as_pem(private=True),
        algorithm="RS256",
        headers={"kid": key.kid, **header},
    )


def by_platform_in(arrival: Arrival, encoding: str) -> None:
    """Have the platform sign a header that is JSON, and not in UTF-8 (RFC 7515 §2)."""
    key = platform_key(arrival)
    head = json.dumps({"alg": "RS256", "kid": key.kid}).encode(encoding)
    _, body, _ = arrival.fields["id_token"].split(".")
    signed = f"{base64.urlsafe_b64encode(head).rstrip(b'=').decode()}.{body}"
    private = load_pem_private_key(key.as_pem(private=True), None)
    assert isinstance(private, RSAPrivateKey)
    tag = private.sign(signed.encode(), PKCS1v15(), SHA256())
    arrival.fields["id_token"] = f"{signed}.{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}"


def by_stranger(arrival: Arrival, **header: object) -> None:
    """Sign with a key that the token itself brings or points at."""
    key = RSAKey.import_key(generate_private_key(65537, 2048))
    brought = {**key.as_dict(private=False), "kid": "mine"}
    good = platform_key(arrival).kid
    arrival.fields["id_token"] = jwt.encode(
        arrival.claims,
        key.as_pem(private=True),
        algorithm="RS256",
        headers={"kid": good, **{n: brought if v is ... else v for n, v in header.items()}},
    )


def unencoded(arrival: Arrival) -> None:
    """Use RFC 7797, where the payload is not base64."""
    key = platform_key(arrival)
    head = {"alg": "RS256", "kid": key.kid or "", "b64": False, "crit": ["b64"]}
    encoded = base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode()
    good = arrival.fields["id_token"].split(".")
    arrival.fields["id_token"] = f"{encoded}.{good[1]}.{good[2]}"


def raw(arrival: Arrival, part: int, value: str) -> None:
    parts = arrival.fields["id_token"].split(".")
    parts[part] = value
    arrival.fields["id_token"] = ".".join(parts)


def header_with(arrival: Arrival, text: bytes) -> None:
    raw(arrival, 0, base64.urlsafe_b64encode(text).rstrip(b"=").decode())


def payload(arrival: Arrival, text: str) -> None:
    """Sign the claims with this text in the place of iat's value."""
    body = json.dumps({**arrival.claims, "iat": "HERE"}).replace('"HERE"', text)
    arrival.sign_bytes(body.encode())


def half_a_letter(arrival: Arrival, name: str) -> None:
    """Sign half of an emoji, escaped in capitals: JSON that no text in a database can be."""
    arrival.change(**{name: "HALF"})
    arrival.sign_bytes(json.dumps(arrival.claims).replace('"HALF"', '"\\uD83D"').encode())


def check_refusal(answer: TestResponse) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    assert "<h1>" in answer.text
    assert error_code(answer)
    assert not any("__Host-cairn-" in one for one in answer.headers.getlist("Set-Cookie"))


def check_line(lines: Sequence[Mapping[str, Any]], answer: TestResponse) -> None:
    """See that one line, for whoever looks for the fault, says that it was refused and why."""
    (line,) = (line for line in lines if line["event"] == "launch")
    assert (line["outcome"], line["code"]) == ("refused", error_code(answer))
