"""Staff sign in at Campus; their sessions and how those end."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
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
    count_of,
    error_code,
    local,
    open_desk,
    sign_in,
)


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
        entries = audit.list_entries(session, object_kind="staff_member")
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
