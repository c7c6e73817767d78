"""Every way in which signing in must fail, and the few in which it may differ and succeed."""

import time
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from flask.testing import FlaskClient

from lti_tool.core import clock
from lti_tool.people.models import StaffSession
from lti_tool.people.routes import PENDING_COOKIE
from lti_tool.people.staff_session import COOKIE
from tests.campus.site import Site
from tests.people.sign_in import (
    Desk,
    Liar,
    ask_campus,
    begin,
    change_query,
    count_of,
    error_code,
    local,
    open_desk,
    sign_in,
    unsigned,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_unknown_institution_or_provider_is_not_found(
    client: FlaskClient, desk: Desk, campus: Site
) -> None:
    other = open_desk(campus)

    assert client.get("/staff/nowhere/sign-in").status_code == 404
    assert client.get(desk.path(f"sign-in/{other.provider_id}")).status_code == 404


def test_another_state_is_refused(client: FlaskClient, desk: Desk, campus: Site) -> None:
    back = local(ask_campus(campus, begin(client, desk)))

    answer = client.get(change_query(back, state="another"))

    assert (answer.status_code, error_code(answer)) == (403, "sign_in_wrong_state")
    assert count_of(desk, StaffSession) == 0


def test_an_answer_without_state_is_refused(client: FlaskClient, desk: Desk, campus: Site) -> None:
    back = local(ask_campus(campus, begin(client, desk)))

    assert error_code(client.get(change_query(back, state=None))) == "sign_in_wrong_state"


def test_an_answer_in_another_browser_is_refused(
    client: FlaskClient, desk: Desk, campus: Site
) -> None:
    back = local(ask_campus(campus, begin(client, desk)))

    elsewhere = client.application.test_client()

    assert error_code(elsewhere.get(back)) == "sign_in_not_begun"


def test_a_pending_sign_in_of_one_institution_is_none_of_another(
    client: FlaskClient, desk: Desk, campus: Site
) -> None:
    other = open_desk(campus)
    back = local(ask_campus(campus, begin(client, desk)))

    answer = client.get(back.replace(desk.slug, other.slug))

    assert error_code(answer) == "sign_in_not_begun"


def test_an_answer_is_taken_once(client: FlaskClient, desk: Desk, campus: Site) -> None:
    url = begin(client, desk)
    pending = client.get_cookie(PENDING_COOKIE)
    assert pending is not None
    back = local(ask_campus(campus, url))

    assert client.get(back).status_code == 303
    assert error_code(client.get(back)) == "sign_in_not_begun"
    client.set_cookie(PENDING_COOKIE, pending.value)  # a browser that kept it
    assert error_code(client.get(back)) == "sign_in_code_refused"


def test_an_answer_comes_too_late(
    client: FlaskClient, desk: Desk, campus: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = local(ask_campus(campus, begin(client, desk)))
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=11))

    assert error_code(client.get(back)) == "sign_in_not_begun"


def test_a_code_is_of_no_use_without_the_verifier(
    client: FlaskClient, desk: Desk, campus: Site
) -> None:
    url = change_query(begin(client, desk), code_challenge="A" * 43)

    assert error_code(client.get(local(ask_campus(campus, url)))) == "sign_in_code_refused"


def test_another_nonce_is_refused(client: FlaskClient, desk: Desk, campus: Site) -> None:
    url = change_query(begin(client, desk), nonce="another")

    assert error_code(client.get(local(ask_campus(campus, url)))) == "sign_in_wrong_nonce"


def test_a_missing_nonce_is_refused(client: FlaskClient, desk: Desk, campus: Site) -> None:
    url = change_query(begin(client, desk), nonce=None)

    assert error_code(client.get(local(ask_campus(campus, url)))) == "sign_in_wrong_nonce"


def test_a_provider_that_declines_is_quoted_by_name(client: FlaskClient, desk: Desk) -> None:
    state = dict(parse_qsl(urlsplit(begin(client, desk)).query))["state"]

    answer = client.get(
        desk.path("callback"), query_string={"state": state, "error": "access_denied"}
    )

    assert error_code(answer) == "sign_in_declined"
    assert "Campus ended the sign-in" in answer.text


def test_an_answer_that_names_another_provider_is_refused(
    client: FlaskClient, desk: Desk, campus: Site
) -> None:
    back = local(ask_campus(campus, begin(client, desk)))

    answer = client.get(change_query(back, iss="https://other.example"))

    assert error_code(answer) == "sign_in_wrong_provider"


def test_a_provider_that_promised_to_name_itself_has_to(
    client: FlaskClient, lied_to: Desk, liar: Liar, campus: Site
) -> None:
    liar.discovery = {"authorization_response_iss_parameter_supported": True}
    back = local(ask_campus(campus, begin(client, lied_to)))

    assert error_code(client.get(back)) == "sign_in_wrong_provider"
    back = local(ask_campus(campus, begin(client, lied_to)))
    assert client.get(change_query(back, iss=liar.url)).status_code == 303


PAST, FUTURE = 1_000_000_000, 4_000_000_000
Wrong = tuple[dict[str, object], str]


@pytest.mark.parametrize(
    "wrong",
    [
        ({"iss": "https://other.example"}, "sign_in_wrong_claims"),
        ({"iss": None}, "sign_in_wrong_claims"),
        ({"aud": "another"}, "sign_in_wrong_claims"),
        ({"aud": None}, "sign_in_wrong_claims"),
        ({"azp": "another"}, "sign_in_wrong_claims"),
        ({"exp": PAST}, "sign_in_wrong_claims"),
        ({"exp": None}, "sign_in_wrong_claims"),
        ({"exp": "later"}, "sign_in_wrong_claims"),
        ({"iat": FUTURE}, "sign_in_wrong_claims"),
        ({"iat": None}, "sign_in_wrong_claims"),
        ({"nbf": FUTURE}, "sign_in_wrong_claims"),
        ({"sub": None}, "sign_in_wrong_claims"),
        ({"sub": ""}, "sign_in_wrong_claims"),
        ({"sub": "x" * 256}, "sign_in_wrong_claims"),
        ({"sub": "x\x00y"}, "sign_in_wrong_claims"),
        ({"sub": 4}, "sign_in_wrong_claims"),
        ({"sub": ["ruth"]}, "sign_in_wrong_claims"),
        ({"sub": {"id": "ruth"}}, "sign_in_wrong_claims"),
        ({"sub": True}, "sign_in_wrong_claims"),
        ({"at_hash": "AAAA"}, "sign_in_wrong_claims"),
        ({"nonce": "another"}, "sign_in_wrong_nonce"),
        ({"nonce": None}, "sign_in_wrong_nonce"),
        ({"nonce": ["x"]}, "sign_in_wrong_nonce"),
        ({"roles": None}, "no_staff_role"),
        ({"roles": ["student", 4, None]}, "no_staff_role"),
        ({"roles": {"registrar": True}}, "no_staff_role"),
    ],
    ids=str,
)
def test_a_wrong_statement_is_refused_for_its_reason(
    client: FlaskClient, lied_to: Desk, liar: Liar, campus: Site, wrong: Wrong
) -> None:
    liar.claims, code = wrong

    answer = sign_in(client, lied_to, campus)

    assert (answer.status_code, error_code(answer)) == (403, code)
    assert client.get_cookie(COOKIE) is None
    assert count_of(lied_to, StaffSession) == 0


def test_an_audience_without_us_and_several_without_our_azp_are_refused(
    client: FlaskClient, lied_to: Desk, liar: Liar, campus: Site
) -> None:
    ours = lied_to.client.client_id

    for aud in ("another", ["another"], ["another", "third"]):
        liar.claims = {"aud": aud, "azp": ours}
        assert error_code(sign_in(client, lied_to, campus)) == "sign_in_wrong_claims"
    liar.claims = {"aud": [ours, "another"]}
    assert error_code(sign_in(client, lied_to, campus)) == "sign_in_wrong_claims"
    liar.claims = {"aud": [ours, "another"], "azp": ours}
    assert sign_in(client, lied_to, campus).status_code == 303


def good_claims(desk: Desk, nonce: str) -> dict[str, object]:
    return {
        "iss": desk.issuer,
        "aud": desk.client.client_id,
        "sub": "ruth",
        "iat": int(time.time()),
        "exp": int(time.time()) + 600,
        "nonce": nonce,
        "roles": ["registrar"],
    }


@pytest.mark.parametrize("kind", ["none", "hs256", "other_key", "unknown_kid", "no_kid", "text"])
def test_a_statement_that_the_provider_did_not_sign_is_refused(
    client: FlaskClient, lied_to: Desk, liar: Liar, campus: Site, kind: str
) -> None:
    url = begin(client, lied_to)
    claims = good_claims(lied_to, dict(parse_qsl(urlsplit(url).query))["nonce"])
    [key] = httpx.get(f"{campus.url}/oidc/jwks").json()["keys"]
    other = generate_private_key(65537, 2048)
    forged: dict[str, Callable[[], str]] = {
        "none": lambda: unsigned(claims),
        "hs256": lambda: jwt.encode(claims, "k" * 64, "HS256", headers={"kid": key["kid"]}),
        "other_key": lambda: jwt.encode(claims, other, "RS256", headers={"kid": key["kid"]}),
        "unknown_kid": lambda: jwt.encode(claims, other, "RS256", headers={"kid": "another"}),
        "no_kid": lambda: jwt.encode(claims, other, "RS256"),
        "text": lambda: "no token",
    }
    liar.id_token = forged[kind]()

    answer = client.get(local(ask_campus(campus, url)))

    assert (answer.status_code, error_code(answer)) == (403, "sign_in_wrong_signature")


def test_the_same_claims_signed_by_the_provider_are_believed(
    client: FlaskClient, lied_to: Desk, liar: Liar, campus: Site
) -> None:
    url = begin(client, lied_to)
    claims = good_claims(lied_to, dict(parse_qsl(urlsplit(url).query))["nonce"])
    liar.id_token = liar.sign(claims)

    assert client.get(local(ask_campus(campus, url))).status_code == 303


def test_roles_may_come_from_the_userinfo_endpoint(
    client: FlaskClient, lied_to: Desk, liar: Liar, campus: Site
) -> None:
    liar.claims = {"roles": None, "sub": "ruth"}
    liar.userinfo = {"sub": "ruth", "roles": ["registrar"]}

    assert sign_in(client, lied_to, campus).status_code == 303


def test_userinfo_of_somebody_else_is_refused(
    client: FlaskClient, lied_to: Desk, liar: Liar, campus: Site
) -> None:
    liar.userinfo = {"sub": "somebody else", "roles": ["registrar"]}

    assert error_code(sign_in(client, lied_to, campus)) == "sign_in_wrong_subject"


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://other.example"},
        {"authorization_endpoint": None},
        {"token_endpoint": "javascript:alert(1)"},
        {"jwks_uri": ["https://x.example"]},
    ],
    ids=str,
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(
    client: FlaskClient, lied_to: Desk, liar: Liar, discovery: dict[str, object]
) -> None:
    liar.discovery = discovery

    answer = client.get(lied_to.start)

    assert (answer.status_code, error_code(answer)) == (503, "identity_provider_unusable")


def test_a_provider_that_is_away_is_said_to_be(client: FlaskClient, campus: Site) -> None:
    desk = open_desk(campus, issuer="http://127.0.0.1:9")

    answer = client.get(desk.start)

    assert (answer.status_code, error_code(answer)) == (503, "identity_provider_unusable")


def test_a_wrong_client_secret_is_the_operators_trouble(client: FlaskClient, campus: Site) -> None:
    desk = open_desk(campus, secret="another")

    answer = sign_in(client, desk, campus)

    assert error_code(answer) == "identity_provider_unusable"
    assert "Campus does not accept us: invalid_client." in answer.text


@pytest.mark.parametrize(
    "tokens", [{"expires_in": "soon"}, {"expires_in": []}, {"expires_at": {}}], ids=str
)
def test_a_token_of_a_strange_lifetime_lets_people_in_all_the_same(
    client: FlaskClient, lied_to: Desk, liar: Liar, campus: Site, tokens: dict[str, object]
) -> None:
    liar.tokens = tokens

    assert sign_in(client, lied_to, campus).status_code == 303


@pytest.mark.parametrize("methods", [4, {"client_secret_basic": True}, "client_secret_basic"])
def test_a_provider_that_garbles_how_secrets_are_sent_gets_them_the_usual_way(
    client: FlaskClient, lied_to: Desk, liar: Liar, campus: Site, methods: object
) -> None:
    liar.discovery = {"token_endpoint_auth_methods_supported": methods}

    assert sign_in(client, lied_to, campus).status_code == 303


def test_a_provider_that_takes_secrets_only_in_the_form_gets_it_there(
    client: FlaskClient, lied_to: Desk, liar: Liar, campus: Site
) -> None:
    liar.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    assert sign_in(client, lied_to, campus).status_code == 303
