import time
import uuid
from collections.abc import Callable

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from lti_tool.campus import store
from tests.campus.site import WIRE, Site, Tool, connected_tool

Claims = dict[str, object]


def test_a_good_assertion_buys_a_token_of_an_hour(tool: Tool) -> None:
    scopes = f"{store.SCORE_SCOPE} {store.RESULT_SCOPE}"

    answer = tool.ask_token(tool.sign(tool.assertion_claims()), scopes)

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, scopes)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json"


WRONG_CLAIMS: dict[str, tuple[Callable[[Claims], Claims], str]] = {
    "other sub": (lambda _: {"sub": "somebody"}, "sub"),
    "unknown iss": (lambda _: {"iss": "somebody"}, "iss"),
    "wrong aud": (lambda _: {"aud": "https://elsewhere.example/token"}, "aud"),
    "issuer as aud": (lambda c: {"aud": str(c["aud"]).removesuffix("/lti/token")}, "aud"),
    "no aud": (lambda _: {"aud": None}, "aud"),
    "no iat": (lambda _: {"iat": None}, "iat"),
    "no exp": (lambda _: {"exp": None}, "exp"),
    "expired": (lambda _: {"iat": time.time() - 90, "exp": time.time() - 30}, "exp"),
    "from the future": (lambda _: {"iat": time.time() + 30, "exp": time.time() + 90}, "future"),
    "old": (lambda _: {"iat": time.time() - 4000}, "hour ago"),
    "long-lived": (lambda _: {"exp": time.time() + 7200}, "exp"),
    "no jti": (lambda _: {"jti": None}, "jti"),
}


@pytest.mark.parametrize("case", WRONG_CLAIMS)
def test_wrong_claims_are_refused(tool: Tool, case: str) -> None:
    change, word = WRONG_CLAIMS[case]
    claims = tool.assertion_claims()
    claims = {k: v for k, v in (claims | change(claims)).items() if v is not None}

    answer = tool.ask_token(tool.sign(claims), store.SCORE_SCOPE)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client"
    assert word in answer.json()["error_description"]


def test_a_jti_works_once(tool: Tool) -> None:
    claims = tool.assertion_claims()
    tool.ask_token(tool.sign(claims), store.SCORE_SCOPE)

    again = tool.ask_token(tool.sign(claims), store.SCORE_SCOPE)

    assert again.json()["error"] == "invalid_client"
    assert "used before" in again.json()["error_description"]


def test_only_the_tools_own_key_signs(tool: Tool) -> None:
    stranger = generate_private_key(65537, 2048)
    claims = tool.assertion_claims()
    forged = jwt.encode(claims, stranger, algorithm="RS256", headers={"kid": tool.kid})
    unknown = jwt.encode(claims, stranger, algorithm="RS256", headers={"kid": "unknown"})
    nameless = jwt.encode(claims, tool.keys[tool.kid], algorithm="RS256")
    other_algorithm = jwt.encode(
        claims, tool.keys[tool.kid], algorithm="RS384", headers={"kid": tool.kid}
    )
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": tool.kid})
    symmetric = jwt.encode(claims, "x" * 64, algorithm="HS256", headers={"kid": tool.kid})

    for token in (forged, unknown, nameless, other_algorithm, unsigned, symmetric, "no.jwt", ""):
        answer = tool.ask_token(token, store.SCORE_SCOPE)
        assert answer.status_code == 400, token
        assert "access_token" not in answer.json()
    # The claims themselves were good.
    assert tool.ask_token(tool.sign(claims), store.SCORE_SCOPE).status_code == 200


def test_a_rotated_key_of_the_tool_is_found(tool: Tool) -> None:
    tool.bearer(store.SCORE_SCOPE)
    time.sleep(1.05)  # the key set is not asked for more often than each second
    tool.keys["second"] = generate_private_key(65537, 2048)
    tool.kid = "second"

    assert tool.bearer(store.SCORE_SCOPE)


def test_a_key_set_that_cannot_be_had_is_said_so(site: Site) -> None:
    with connected_tool(site, jwks_url="http://127.0.0.1:9/jwks") as tool:
        answer = tool.ask_token(tool.sign(tool.assertion_claims()), store.SCORE_SCOPE)

    assert answer.status_code == 400
    assert "could not be read" in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "jwt"}, "invalid_request"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": f"{store.SCORE_SCOPE} https://elsewhere.example/all"}, "invalid_scope"),
    ],
)
def test_a_wrong_request_is_refused(tool: Tool, changes: dict[str, str], error: str) -> None:
    assertion = tool.sign(tool.assertion_claims())

    answer = tool.ask_token(assertion, **({"scope": store.SCORE_SCOPE} | changes))

    assert answer.status_code == 400
    assert answer.json()["error"] == error


def test_scopes_that_were_not_registered_are_refused(site: Site) -> None:
    with connected_tool(site, scopes=[store.RESULT_SCOPE]) as tool:
        answer = tool.ask_token(tool.sign(tool.assertion_claims()), store.SCORE_SCOPE)

    assert answer.json()["error"] == "invalid_scope"


def test_a_json_body_is_refused(site: Site) -> None:
    answer = WIRE.post(f"{site.url}/lti/token", json={"grant_type": "client_credentials"})

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_the_key_set_shows_no_private_part(site: Site) -> None:
    keys = WIRE.get(f"{site.url}/lti/jwks").json()["keys"]

    assert {(key["kty"], key["alg"], key["use"]) for key in keys} == {("RSA", "RS256", "sig")}
    assert not any({"d", "p", "q", "dp", "dq", "qi"} & set(key) for key in keys)


def test_a_token_that_was_never_issued_opens_nothing(site: Site, tool: Tool) -> None:
    url = f"{site.url}/lti/courses/1/lineitems?type_id={tool.connected.tool_id}"
    accept = {"Accept": "application/vnd.ims.lis.v2.lineitemcontainer+json"}

    for credentials in ({}, {"Authorization": f"Bearer {uuid.uuid4().hex}"}):
        answer = WIRE.get(url, headers=accept | credentials)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
