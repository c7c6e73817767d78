"""What is read of a token before anybody has vouched for it."""

import base64
import json
from datetime import UTC, datetime

import pytest

from lti_tool.core.secret import hash_of
from lti_tool.launch.claims import LTI
from lti_tool.launch.errors import MessageRefusedError, Reason
from lti_tool.launch.id_token import ExpectedLogin, claimed_deployment, verify_id_token

NOW = datetime(2027, 3, 16, 12, 0, tzinfo=UTC)
LOGIN = ExpectedLogin(
    issuer="https://lms.example",
    client_id="cairn",
    jwks_url="https://lms.example/keys",
    nonce_hash=bytes(32),
    target_link_hash=hash_of("https://cairn.example/"),
)


def encoded(said: bytes) -> str:
    return base64.urlsafe_b64encode(said).rstrip(b"=").decode()


def refusal(id_token: str) -> Reason:
    with pytest.raises(MessageRefusedError) as refused:
        verify_id_token(id_token, LOGIN, now=NOW)
    return refused.value.reason


def header(letters: int) -> str:
    """Return a header of another algorithm that takes so many letters, a multiple of four."""
    said = json.dumps({"alg": "none"})
    return encoded(said.ljust(letters // 4 * 3).encode())


def test_a_header_is_read_up_to_its_limit() -> None:
    assert refusal(f"{header(4096)}.e30.") is Reason.ALGORITHM
    assert refusal(f"{header(4100)}.e30.") is Reason.UNREADABLE


@pytest.mark.parametrize(
    "token",
    [
        header(400),
        f"{header(400)}.e30.\u00e4",
        f"{encoded(b'[]')}.e30.",
        f"{encoded(b'{')}.e30.",
        f"{encoded(b'[' * 3000)}.e30.",
        "e.e30.",
    ],
    ids=["one part", "other letters", "a list", "no JSON", "deep", "cut off"],
)
def test_what_has_no_header_is_no_token(token: str) -> None:
    assert refusal(token) is Reason.UNREADABLE


@pytest.mark.parametrize("kid", ["", None, 1, ["k"]])
def test_a_key_is_named_by_text(kid: object) -> None:
    said = json.dumps({"alg": "RS256", "kid": kid}).encode()

    assert refusal(f"{encoded(said)}.e30.") is Reason.NO_KEY_ID


def claiming(said: object) -> str:
    return f"e30.{encoded(json.dumps(said).encode())}.{encoded(bytes(256))}"


@pytest.mark.parametrize("name", ["1", "ä:7", "d" * 255])
def test_a_deployment_is_looked_up_by_what_the_token_says(name: str) -> None:
    assert claimed_deployment(claiming({f"{LTI}deployment_id": name})) == name


@pytest.mark.parametrize("name", [None, 1, ["1"], "d" * 256, "a\x00b", "\ud83d"])
def test_what_no_deployment_is_called_is_not_looked_up(name: object) -> None:
    assert claimed_deployment(claiming({f"{LTI}deployment_id": name})) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "e30.e30",
        claiming({f"{LTI}deployment_id": "1"}) + ".x",
        claiming([f"{LTI}deployment_id"]),
        "e30.%.x",
        "e30.e.x",
        f"e30.{encoded(b'[' * 100_000)}.x",
    ],
    ids=["nothing", "two parts", "four parts", "a list", "no base64", "cut off", "deep"],
)
def test_of_what_is_no_token_nothing_is_looked_up(token: str) -> None:
    assert claimed_deployment(token) is None
