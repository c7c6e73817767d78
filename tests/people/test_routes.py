"""Staff sign in at Campus, and every way in which that must fail."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.people import openid_connect
from lti_tool.people.models import IdentityProvider, StaffMember, StaffSession
from lti_tool.people.routes import PENDING_COOKIE
from lti_tool.people.staff_session import COOKIE
from tests.campus.site import Site
from tests.people.sign_in import (
    INSTRUCTOR,
    Desk,
    Liar,
    ask_campus,
    begin,
    change_query,
    error_code,
    local,
    lying,
    open_desk,
    sign_in,
    unsigned,
)


@pytest.fixture(autouse=True)
def _forget_providers() -> Iterator[None]:
    yield
    openid_connect.forget_all()


@pytest.fixture
def desk(client: FlaskClient, campus: Site) -> Desk:  # noqa: ARG001 - binds the database
    return open_desk(campus)


@pytest.fixture
def liar(campus: Site) -> Iterator[Liar]:
    with lying(campus) as liar:
        yield liar


@pytest.fixture
def lied_to(client: FlaskClient, campus: Site, liar: Liar) -> Desk:  # noqa: ARG001
    return open_desk(campus, issuer=liar.url)


def count_of(desk: Desk, table: type[StaffMember | StaffSession]) -> int:
    with transaction(desk.institution_id) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_registrar_signs_in_and_reaches_the_desk(
    client: FlaskClient, desk: Desk, campus: Site
) -> None:
    answer = sign_in(client, desk, campus)

    assert (answer.status_code, answer.location) == (303, f"/desk/{desk.slug}/")
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if COOKIE in line)
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    page = client.get(answer.location)
    assert page.status_code == 200
    assert "Ruth Adeyemi-Clarke" in page.text
    assert "Registrar, Northgate University" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_the_secret_of_a_session_is_not_in_the_database(
    client: FlaskClient, desk: Desk, campus: Site
) -> None:
    sign_in(client, desk, campus)

    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    secret = cookie.value.rpartition(".")[2]
    with transaction(desk.institution_id) as session:
        stored = session.scalars(select(StaffSession.secret_hash)).one()
        entries = audit.list_entries(session)
    assert secret.encode() not in stored
    assert [(entry.act, entry.facts) for entry in entries] == [("sign_in", {"roles": "registrar"})]


def test_the_provider_is_asked_by_code_with_pkce_state_and_nonce(
    client: FlaskClient, desk: Desk, campus: Site
) -> None:
    first = dict(parse_qsl(urlsplit(begin(client, desk)).query))
    second = dict(parse_qsl(urlsplit(begin(client, desk)).query))

    assert first["response_type"] == "code"
    assert first["code_challenge_method"] == "S256"
    assert first["redirect_uri"] == f"http://localhost/staff/{desk.slug}/callback"
    assert first["client_id"] == desk.client.client_id
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 32
        assert first[name] != second[name]
    assert campus.url in begin(client, desk)


def test_what_is_pending_cannot_be_read_from_its_cookie(client: FlaskClient, desk: Desk) -> None:
    asked = dict(parse_qsl(urlsplit(begin(client, desk)).query))

    cookie = client.get_cookie(PENDING_COOKIE)
    assert cookie is not None
    assert asked["state"].encode() not in bytes.fromhex(cookie.value)


def test_the_page_that_was_asked_for_comes_after_signing_in(
    client: FlaskClient, desk: Desk, campus: Site
) -> None:
    asked = client.get(f"/desk/{desk.slug}/?q=x")
    assert asked.status_code == 303
    page = client.get(asked.location)

    link = next(
        line.partition('href="')[2].partition('"')[0].replace("&amp;", "&")
        for line in page.text.splitlines()
        if str(desk.provider_id) in line
    )
    back = client.get(local(ask_campus(campus, client.get(link).location)))

    assert back.location == f"/desk/{desk.slug}/?q=x"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/desk/another/", "\\\\evil.example", "/l/x"],
)
def test_after_signing_in_nobody_is_sent_elsewhere(
    client: FlaskClient, desk: Desk, campus: Site, elsewhere: str
) -> None:
    answer = sign_in(client, desk, campus, next=elsewhere)

    assert answer.location == f"/desk/{desk.slug}/"


def test_somebody_without_a_role_is_told_so_and_nothing_of_them_is_kept(
    client: FlaskClient, desk: Desk, campus: Site
) -> None:
    answer = sign_in(client, desk, campus, INSTRUCTOR)

    assert (answer.status_code, error_code(answer)) == (403, "no_staff_role")
    assert "Northgate University has given you no role" in answer.text
    assert client.get_cookie(COOKIE) is None
    assert count_of(desk, StaffMember) == 0


def test_who_loses_the_role_loses_every_session(
    client: FlaskClient, desk: Desk, campus: Site
) -> None:
    sign_in(client, desk, campus)
    with transaction(desk.institution_id) as session:
        session.execute(update(IdentityProvider).values(role_map={"dean": ["registrar"]}))

    elsewhere = client.application.test_client()
    answer = sign_in(elsewhere, desk, campus)

    assert error_code(answer) == "no_staff_role"
    assert count_of(desk, StaffSession) == 0
    assert client.get(f"/desk/{desk.slug}/").status_code == 303


def test_a_new_sign_in_knows_the_same_person_with_their_new_name(
    client: FlaskClient, lied_to: Desk, liar: Liar, campus: Site
) -> None:
    sign_in(client, lied_to, campus)
    liar.claims = {"name": "Ruth Clarke\x00 " + "x" * 300}

    answer = sign_in(client, lied_to, campus)

    assert "Ruth Clarke x" in client.get(answer.location).text
    assert count_of(lied_to, StaffMember) == 1


def test_a_page_of_staff_asks_to_sign_in_and_a_change_is_refused(
    client: FlaskClient, desk: Desk
) -> None:
    page = client.get(f"/desk/{desk.slug}/")
    change = client.post(desk.path("sign-out"))

    assert page.location == f"/staff/{desk.slug}/sign-in?next=/desk/{desk.slug}/"
    assert (change.status_code, error_code(change)) == (403, "signed_out")


def test_signing_out_ends_the_session_on_the_server_too(
    client: FlaskClient, desk: Desk, campus: Site
) -> None:
    page = client.get(sign_in(client, desk, campus).location)
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]

    unasked = client.post(desk.path("sign-out"))
    answer = client.post(desk.path("sign-out"), data={"csrf_token": token})

    assert error_code(unasked) == "cross_site_request"
    assert answer.location == f"/staff/{desk.slug}/sign-in?out=1"
    assert "You are signed out here." in client.get(answer.location).text
    client.set_cookie(COOKIE, cookie.value)
    assert client.get(f"/desk/{desk.slug}/").status_code == 303


def test_a_session_ends_by_itself(
    client: FlaskClient, desk: Desk, campus: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, desk, campus)
    now = clock.now()

    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=9, minutes=59))
    assert client.get(f"/desk/{desk.slug}/").status_code == 200
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=10, minutes=1))
    assert client.get(f"/desk/{desk.slug}/").status_code == 303


def test_a_session_is_of_one_institution(client: FlaskClient, desk: Desk, campus: Site) -> None:
    other = open_desk(campus)
    sign_in(client, desk, campus)

    assert client.get(f"/desk/{desk.slug}/").status_code == 200
    assert client.get(f"/desk/{other.slug}/").status_code == 303
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    client.set_cookie(COOKIE, f"{other.institution_id}.{cookie.value.partition('.')[2]}")
    assert client.get(f"/desk/{other.slug}/").status_code == 303


@pytest.mark.parametrize("forged", ["", "x", "a.b.c", "{0}.{1}.", "{0}.{1}.guess", "{0}.{0}.{2}"])
def test_a_forged_cookie_opens_nothing(
    client: FlaskClient, desk: Desk, campus: Site, forged: str
) -> None:
    sign_in(client, desk, campus)
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None

    client.set_cookie(COOKIE, forged.format(*cookie.value.split(".")))

    assert client.get(f"/desk/{desk.slug}/").status_code == 303


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


def test_a_provider_that_takes_secrets_only_in_the_form_gets_it_there(
    client: FlaskClient, lied_to: Desk, liar: Liar, campus: Site
) -> None:
    liar.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    assert sign_in(client, lied_to, campus).status_code == 303
