"""The way of a browser from the platform's login to a page of ours."""

from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from structlog.testing import capture_logs

from lti_tool.core import keys
from lti_tool.core.audit import CLI
from lti_tool.launch.session import PREFIX
from lti_tool.platforms import invitations, services
from tests.launch.platform import (
    BASE_URL,
    Arrival,
    Browser,
    Connected,
    browsing,
    connect,
    endpoints,
    error_code,
    told,
)


def test_a_student_gets_from_the_course_to_a_page(student: Browser) -> None:
    here = told(student.open(student.connected.place(placement="p1.x")))

    assert here["message_type"] == "LtiResourceLinkRequest"
    assert here["roles"] == ["learner"]
    assert here["institution_id"] == str(student.connected.institution_id)
    assert here["placement_token"] == "p1.x"
    assert here["settings"]["return_url"] == f"{student.connected.site.url}/courses/1/return"
    assert here["context_id"]
    assert here["resource_link_id"]


def test_a_launch_leaves_one_line_that_names_nobody(student: Browser) -> None:
    arrival = student.arrive(student.connected.place())

    with capture_logs() as lines:
        opened = student.post(arrival)

    (line,) = (line for line in lines if line["event"] == "launch")
    assert line["outcome"] == "opened"
    assert line["message_type"] == "LtiResourceLinkRequest"
    assert line["launch_id"] == opened.location.split("/")[2]
    assert line["registration_id"] == str(student.connected.registration_id)
    assert line["institution_id"] == str(student.connected.institution_id)
    assert not {arrival.claims["sub"], arrival.claims["name"]} & set(map(str, line.values()))


def test_an_instructor_gets_to_the_page_that_places_things(instructor: Browser) -> None:
    here = told(instructor.open(instructor.connected.deep_linking_path))

    assert here["message_type"] == "LtiDeepLinkingRequest"
    assert here["settings"]["deep_linking"]["accept_multiple"] is True
    assert here["resource_link_id"] is None


def test_the_platform_is_asked_as_openid_connect_has_it(student: Browser) -> None:
    form = student.login_form(student.connected.place())

    login = student.login(form)

    asked = parse_qs(urlsplit(login.location).query)
    assert len(asked.pop("state")[0]) >= 43
    assert len(asked.pop("nonce")[0]) >= 43
    assert asked == {
        "scope": ["openid"],
        "response_type": ["id_token"],
        "response_mode": ["form_post"],
        "prompt": ["none"],
        "client_id": [student.connected.tool.client_id],
        "redirect_uri": [f"{BASE_URL}/lti/launch"],
        "login_hint": [form["login_hint"]],
        "lti_message_hint": [form["lti_message_hint"]],
    }


def test_a_login_may_come_by_get(student: Browser) -> None:
    form = student.login_form(student.connected.place())
    bounce = student.client.get("/lti/login", query_string=form)

    login = student.client.get(bounce.location)

    assert student.post(student.answer(login)).status_code == 303


def test_a_login_may_be_in_the_address_and_in_the_form(student: Browser) -> None:
    form = student.login_form(student.connected.place())
    iss = form.pop("iss")

    login = student.login(form, path=f"/lti/login?iss={iss}")

    assert student.post(student.answer(login)).status_code == 303


def test_an_authorization_endpoint_keeps_its_own_query(
    student: Browser, connected: Connected
) -> None:
    listens = endpoints("https://lms.example")
    services.add_registration(
        issuer="https://lms.example",
        client_id="c",
        name="LMS",
        endpoints=services.Endpoints(
            auth_url="https://lms.example/auth?tenant=7&plain=",
            token_url=listens.token_url,
            jwks_url=listens.jwks_url,
        ),
    )
    form = student.login_form(connected.place()) | {"iss": "https://lms.example", "client_id": "c"}

    asked = parse_qs(urlsplit(student.login(form).location).query, keep_blank_values=True)

    assert asked["tenant"] == ["7"]
    assert asked["plain"] == [""]
    assert asked["client_id"] == ["c"]


@pytest.mark.parametrize("name", ["iss", "login_hint", "target_link_uri"])
def test_a_login_that_lacks_something_is_refused_in_words(student: Browser, name: str) -> None:
    form = student.login_form(student.connected.place())
    del form[name]

    answer = student.login(form)

    assert (answer.status_code, error_code(answer)) == (400, "login_incomplete")


def test_a_login_for_another_tools_page_is_refused(student: Browser) -> None:
    form = student.login_form(student.connected.place())
    form["target_link_uri"] = "https://evil.example/lti/launch"

    assert error_code(student.login(form)) == "login_incomplete"


@pytest.mark.parametrize("changes", [{"iss": "https://other.example"}, {"client_id": "other"}])
def test_a_platform_nobody_registered_is_told_so(student: Browser, changes: dict[str, str]) -> None:
    form = student.login_form(student.connected.place()) | changes

    answer = student.login(form)

    assert (answer.status_code, error_code(answer)) == (404, "login_unknown_platform")


def test_without_a_client_id_one_registration_is_enough_and_two_are_too_many(
    student: Browser,
) -> None:
    connected = student.connected
    form = student.login_form(connected.place())
    del form["client_id"]
    other = connect(connected.site)

    answer = student.login(form)

    assert (answer.status_code, error_code(answer)) == (400, "login_ambiguous")
    own = student.login(form, path=f"/lti/login/{connected.registration_id}")
    assert parse_qs(urlsplit(own.location).query)["client_id"] == [connected.tool.client_id]
    form["client_id"] = connected.tool.client_id
    wrong = student.login(form, path=f"/lti/login/{other.registration_id}")
    assert error_code(wrong) == "login_unknown_platform"


def test_the_cookie_check_comes_before_the_platform_and_only_once(student: Browser) -> None:
    form = student.login_form(student.connected.place())

    first = student.client.post("/lti/login", data=form)
    assert first.status_code == 303
    assert urlsplit(first.location).path == "/lti/login/check"
    assert "Partitioned" in first.headers["Set-Cookie"]
    assert student.client.get(first.location).status_code == 302

    second = student.client.post("/lti/login", data=form)
    assert second.status_code == 302


def test_without_cookies_a_new_window_is_offered_and_the_hint_is_kept(
    product: Flask, student: Browser
) -> None:
    form = student.login_form(student.connected.place())
    blocked = product.test_client(use_cookies=False)
    bounce = blocked.post(f"/lti/login/{student.connected.registration_id}", data=form)

    page = blocked.get(bounce.location)

    assert page.status_code == 200
    assert 'target="_blank"' in page.text
    href = page.text.partition('class="button primary" href="')[2].partition('"')[0]
    again = urlsplit(href.replace("&amp;", "&"))
    assert again.path == f"/lti/login/{student.connected.registration_id}"
    assert dict(parse_qsl(again.query)) == {**form, "window": "new"}
    in_window = student.client.get(f"{again.path}?{again.query}")
    login = student.client.get(in_window.location)
    assert student.post(student.answer(login)).status_code == 303


def test_a_window_without_cookies_says_what_to_allow(product: Flask, student: Browser) -> None:
    form = student.login_form(student.connected.place())
    blocked = product.test_client(use_cookies=False)
    bounce = blocked.get("/lti/login", query_string={**form, "window": "new"})

    page = blocked.get(bounce.location)

    assert "Your browser keeps no cookies" in page.text
    assert 'target="_blank"' not in page.text


def test_an_error_can_be_seen_in_whatever_page_asked(product: Flask) -> None:
    answer = product.test_client().post("/lti/login", data={"iss": "https://unknown.example"})

    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors *")


def test_a_script_gets_codes_instead_of_pages(product: Flask) -> None:
    answer = product.test_client().post("/lti/launch", headers={"Accept": "application/json"})

    assert answer.get_json()["code"] == "launch_incomplete"


def test_two_logins_at_once_do_not_disturb_each_other(student: Browser) -> None:
    first = student.arrive(student.connected.place())
    second = student.arrive(student.connected.place())

    assert student.post(second).status_code == 303
    assert student.post(first).status_code == 303


def test_the_cookies_of_a_login_go_with_it(student: Browser) -> None:
    student.post(student.arrive(student.connected.place()))

    names = [name for _, _, name in student.client._cookies or ()]
    assert not [name for name in names if name.startswith(f"{PREFIX}login-")]


def test_an_unknown_deployment_waits_and_nothing_personal_is_kept(
    product: Flask, student: Browser, database: Connection
) -> None:
    waiting = connect(student.connected.site, approved=False)
    with browsing(product, waiting, 2) as browser:
        answer = browser.post(browser.arrive(waiting.place()))
        again = browser.post(browser.arrive(waiting.place()))

    assert (answer.status_code, error_code(answer)) == (403, "deployment_pending")
    assert error_code(again) == "deployment_pending"
    assert f'href="{waiting.site.url}/courses/1/return?lti_errormsg=' in answer.text
    rows = database.execute(
        text("SELECT * FROM deployments WHERE registration_id = :id"),
        {"id": waiting.registration_id},
    ).mappings()
    (row,) = rows
    assert row["institution_id"] is None
    assert row["platform_name"] == "Campus"
    assert not {"Amara", "Nwosu", "campus-1002"} & set(str(dict(row)).split("'"))
    assert database.scalar(text("SELECT count(*) FROM used_logins")) == 2


def test_of_deployments_that_wait_only_so_many_are_remembered(
    student: Browser, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who signs a platform's messages could fill our tables, and bury those that are meant."""
    monkeypatch.setattr(invitations, "MOST_WAITING", 2)
    path = student.connected.place()

    for name in ("one", "two", "three", "four", "one"):
        arrival = student.arrive(path).change(deployment_id=name)
        assert error_code(student.post(arrival)) == "deployment_pending"

    waiting = text("SELECT platform_id FROM deployments WHERE institution_id IS NULL")
    assert set(database.scalars(waiting)) == {"one", "two"}
    assert student.post(student.arrive(path)).status_code == 303


def test_an_approved_deployment_opens_from_the_next_launch_on(
    product: Flask, student: Browser, database: Connection
) -> None:
    waiting = connect(student.connected.site, approved=False)
    with browsing(product, waiting, 2) as browser:
        browser.post(browser.arrive(waiting.place()))
        deployment_id = database.scalar(
            text("SELECT id FROM deployments WHERE registration_id = :id"),
            {"id": waiting.registration_id},
        )
        assert deployment_id is not None
        services.approve_deployment(deployment_id, waiting.institution_id, actor=CLI)

        here = told(browser.open(waiting.place()))

    assert here["institution_id"] == str(waiting.institution_id)


def test_two_deployments_of_one_client_never_mix(student: Browser) -> None:
    """Blackboard has one client id for all its customers; ids of links repeat among them."""
    one = student.connected
    two = connect(one.site, sharing=one)
    path = one.place()
    first = student.arrive(path)
    here = told(student.client.get(student.post(first).location))

    other: Arrival = student.arrive(path).change(deployment_id=two.tool.deployment_id)
    there = told(student.client.get(student.post(other).location))

    assert first.claims["sub"] == other.claims["sub"]
    assert here["institution_id"] == str(one.institution_id)
    assert there["institution_id"] == str(two.institution_id)
    for name in ("user_id", "context_id", "resource_link_id"):
        assert here[name] != there[name]


def test_our_public_keys_are_published(product: Flask) -> None:
    answer = product.test_client().get("/lti/jwks.json")

    (key,) = answer.get_json()["keys"]
    assert key["kid"] == keys.current("lti").kid
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    assert "d" not in key
    assert answer.headers["Cache-Control"] == "public, max-age=300"


def test_a_deployment_of_another_registration_is_not_ours_by_its_name(student: Browser) -> None:
    """Platforms number their deployments: many have a "1"."""
    other = connect(student.connected.site)
    arrival = student.arrive(student.connected.place())

    answer = student.post(arrival.change(deployment_id=other.tool.deployment_id))

    assert error_code(answer) == "deployment_pending"


def test_a_gradebook_elsewhere_is_not_kept_so_that_no_grade_goes_there(
    student: Browser, database: Connection
) -> None:
    arrival = student.arrive(student.connected.place())
    claim = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
    own = arrival.claims[claim]["lineitems"]
    arrival.claims[claim]["lineitem"] = "https://evil.example/lineitems/1"
    arrival.claims["https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"] = {
        "context_memberships_url": "https://evil.example/members"
    }

    told(student.client.get(student.post(arrival.sign(arrival.claims)).location))

    tenant = {"id": str(student.connected.institution_id)}
    database.execute(text("SELECT set_config('app.institution_id', :id, true)"), tenant)
    link = database.execute(text("SELECT line_item_url FROM resource_links")).one()
    context = database.execute(text("SELECT line_items_url, memberships_url FROM contexts")).one()
    assert (link.line_item_url, context.line_items_url, context.memberships_url) == (
        None,
        own,
        None,
    )
