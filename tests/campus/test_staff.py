import base64
import hashlib
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from sqlalchemy import text

from lti_tool.campus import store
from tests.campus.site import WIRE, Site, new_browser

REDIRECT = "http://localhost:1/staff/callback"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


class Party:
    """A relying party and the browser of its user."""

    def __init__(self, site: Site, browser: httpx.Client) -> None:
        self.site, self.browser = site, browser
        self.client = store.connect_staff_client(site.campus.engine, redirect_uri=REDIRECT)

    def authorize(self, **changes: str) -> httpx.Response:
        query = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": REDIRECT,
            "scope": "openid profile email",
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        query = {name: value for name, value in query.items() if value}
        return self.browser.get("/oidc/authorize", params=query)

    def code(self, **changes: str) -> str:
        return answered(self.authorize(**changes))["code"]

    def redeem(self, redeemed: str, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": redeemed,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            "client_id": self.client.client_id,
            "client_secret": self.client.client_secret,
            **changes,
        }
        return WIRE.post(f"{self.site.url}/oidc/token", data=form)


def answered(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 303, response.text
    location = urlsplit(response.headers["Location"])
    assert location.geturl().startswith(f"{REDIRECT}?")
    return {name: values[0] for name, values in parse_qs(location.query).items()}


@pytest.fixture
def party(site: Site) -> Iterator[Party]:
    with site.sign_in(4) as browser:
        yield Party(site, browser)


def test_the_registrar_signs_in(party: Party) -> None:
    configuration = WIRE.get(f"{party.site.url}/oidc/.well-known/openid-configuration").json()
    answer = party.redeem(party.code())
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    user = WIRE.get(configuration["userinfo_endpoint"], headers=headers).json()

    token = answer.json()["id_token"]
    key = jwt.PyJWKClient(configuration["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token,
        key.key,
        algorithms=["RS256"],
        audience=party.client.client_id,
        issuer=f"{party.site.url}/oidc",
    )
    assert configuration["issuer"] == claims["iss"]
    assert configuration["authorization_endpoint"] == f"{party.site.url}/oidc/authorize"
    assert configuration["token_endpoint"] == f"{party.site.url}/oidc/token"
    assert claims["nonce"] == "n-1"
    assert claims["roles"] == ["registrar"]
    assert claims["name"] == "Ruth Adeyemi-Clarke"
    assert user["sub"] == claims["sub"] == "campus-1004"
    assert user["email"] == claims["email"] == "person4@campus.example"


def test_the_keys_whole_are_not_those_for_launches(site: Site) -> None:
    staff = WIRE.get(f"{site.url}/oidc/jwks").json()["keys"]
    launches = WIRE.get(f"{site.url}/lti/jwks").json()["keys"]

    assert not {key["kid"] for key in staff} & {key["kid"] for key in launches}


def test_state_comes_back_and_basic_credentials_do(party: Party) -> None:
    answer = answered(party.authorize())
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    credentials = (party.client.client_id, party.client.client_secret)

    token = WIRE.post(f"{party.site.url}/oidc/token", data=form, auth=credentials)

    assert answer["state"] == "s-1"
    assert token.status_code == 200


def test_nobody_signed_in_is_asked_who_they_are(site: Site) -> None:
    with new_browser(site.url) as browser:
        party = Party(site, browser)
        page = party.authorize()
        assert page.status_code == 200
        assert page.text.index("Ruth Adeyemi-Clarke") < page.text.index("Mirela Dragomir")
        answer = browser.post(str(page.url), data={"as": "4"})
        code = answered(answer)["code"]
        # And Campus itself knows them now.
        assert answered(party.authorize())["code"] != code
        assert party.redeem(code).status_code == 200


def test_an_instructor_may_sign_in_but_is_no_registrar(site: Site) -> None:
    with site.sign_in(1) as browser:
        party = Party(site, browser)
        page = party.authorize()
        assert "At the moment you are <b>Mirela Dragomir</b>" in page.text
        code = answered(browser.post(str(page.url), data={"as": "1"}))["code"]
        token = party.redeem(code).json()["id_token"]

    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["roles"] == ["instructor"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
    ],
)
def test_a_wrong_request_goes_back_with_its_error(
    party: Party, changes: dict[str, str], error: str
) -> None:
    answer = answered(party.authorize(**changes))

    assert (answer["error"], answer["state"]) == (error, "s-1")


def test_prompt_none_never_asks(site: Site) -> None:
    with new_browser(site.url) as browser:
        assert answered(Party(site, browser).authorize(prompt="none"))["error"] == "login_required"


def test_prompt_select_account_always_asks(party: Party) -> None:
    assert party.authorize(prompt="select_account").status_code == 200


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_stranger_gets_no_redirect(party: Party, name: str) -> None:
    answer = party.authorize(**{name: "http://elsewhere.example/"})

    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_secret": "guessed"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"code": "guessed"}, 400, "invalid_grant"),
        ({"redirect_uri": "http://localhost:1/other"}, 400, "invalid_grant"),
        ({"code_verifier": "w" * 43}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_grant"),
    ],
)
def test_a_wrong_exchange_is_refused(
    party: Party, changes: dict[str, str], status: int, error: str
) -> None:
    answer = party.redeem(party.code(), **changes)

    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_code_of_another_party_is_refused(party: Party) -> None:
    other = Party(party.site, party.browser)

    assert other.redeem(party.code()).json()["error"] == "invalid_grant"


def test_a_code_works_once_and_takes_its_token_along(party: Party) -> None:
    code = party.code()
    token = party.redeem(code).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert WIRE.get(f"{party.site.url}/oidc/userinfo", headers=headers).status_code == 200

    again = party.redeem(code)

    assert again.json()["error"] == "invalid_grant"
    assert WIRE.get(f"{party.site.url}/oidc/userinfo", headers=headers).status_code == 401


def test_a_code_expires(party: Party) -> None:
    code = party.code()
    with party.site.campus.engine.begin() as connection:
        connection.execute(text("UPDATE staff_codes SET expires_at = now() - interval '1 s'"))

    assert party.redeem(code).json()["error"] == "invalid_grant"


def test_userinfo_needs_its_token(site: Site) -> None:
    assert WIRE.get(f"{site.url}/oidc/userinfo").status_code == 401
