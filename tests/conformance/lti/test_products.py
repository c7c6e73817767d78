"""Login, launch and deep linking as seven products speak them (see `products`)."""

import json
from dataclasses import replace
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from lti_tool.app import PAGES
from lti_tool.campus.claims import DEEP_LINKING, LTI
from lti_tool.launch import deep_linking
from lti_tool.launch.deep_linking import OnlyOneItemError
from lti_tool.platforms import products, quirks
from tests.conformance.lti.products import EACH, PRODUCTS
from tests.conformance.lti.products.canvas import CANVAS
from tests.conformance.lti.products.hosted import BLACKBOARD, SCHOOLOGY
from tests.conformance.lti.products.own_site import MOODLE
from tests.conformance.lti.products.product import SETTINGS, Product
from tests.conformance.lti.products.wire import LAUNCH, Wire, connected, opened
from tests.helpers import shared_folder
from tests.launch.platform import error_code
from tests.launch.test_deep_linking import REVIEW, STATISTICS, claims_of
from tests.launch.test_deep_linking import current_launch as current


def rows(database: Connection, wire: Wire, statement: str) -> list[Any]:
    """Return rows of the institution's."""
    database.execute(
        text("SELECT set_config('app.institution_id', :i, true)"), {"i": str(wire.institution_id)}
    )
    return list(database.execute(text(statement)).all())


USERS = "SELECT subject, name, email, sis_id FROM users"
COURSES = "SELECT platform_id, title, label, line_items_url, memberships_url FROM contexts"
LINKS = "SELECT platform_id, title, line_item_url FROM resource_links"


@EACH
def test_a_student_opens_the_activity_and_what_was_said_is_kept(
    wire: Wire, client: FlaskClient, database: Connection
) -> None:
    here, kept = opened(wire, client, wire.launch()), wire.product.kept

    assert here["message_type"] == "LtiResourceLinkRequest"
    assert here["placement_token"] == "p1.of-this-link"
    assert here["settings"] == kept.settings
    assert rows(database, wire, USERS) == [(kept.subject, kept.name, kept.email, kept.sis_id)]
    assert kept.course is not None
    assert rows(database, wire, COURSES) == [(*kept.course, kept.line_items, kept.members)]
    assert rows(database, wire, LINKS) == [(*kept.link, kept.line_item)]


@pytest.mark.parametrize(
    ("wire", "person"),
    [(product, person) for product in PRODUCTS for person in product.people],
    ids=[f"{product.code}: {person}" for product in PRODUCTS for person in product.people],
    indirect=["wire"],
)
def test_roles_come_to_what_they_mean_in_the_course(
    wire: Wire, client: FlaskClient, person: str
) -> None:
    here = opened(wire, client, wire.launch(person=person))

    assert here["roles"] == wire.product.people[person][1]


@EACH
def test_the_platforms_hint_comes_back_to_it_as_it_was(wire: Wire, client: FlaskClient) -> None:
    """A token, a JSON document, an id with a slash, a letter that is not ASCII."""
    hint = wire.product.login["lti_message_hint"] + ' +&%"é'

    wire.answer(wire.login(client, hint=hint), wire.launch())

    assert wire.hints == {hint}


@EACH
def test_a_hint_that_was_spent_leads_back_to_the_course(wire: Wire, client: FlaskClient) -> None:
    wire.answer(wire.login(client, hint="once"), wire.launch())

    form = wire.answer(wire.login(client, hint="once"), wire.launch())
    answer = client.post("/lti/launch", data=form)

    assert (answer.status_code, error_code(answer)) == (403, "platform_refused")
    assert "used before, or is too old (launch_no_longer_valid)" in answer.text


@EACH
def test_something_is_placed_as_the_product_takes_it(wire: Wire, client: FlaskClient) -> None:
    here = opened(wire, client, wire.placing())
    launch, taken = current(here, wire.deployment_id), wire.product.taken

    assert here["message_type"] == "LtiDeepLinkingRequest"
    assert deep_linking.takes_several(launch) == taken.several
    assert deep_linking.takes_new_windows(launch) == taken.windows
    assert deep_linking.takes_columns(launch) == taken.columns
    chosen = [replace(STATISTICS, in_new_window=taken.windows)]
    if taken.several:
        chosen.append(REVIEW)
    else:
        with pytest.raises(OnlyOneItemError):
            deep_linking.response_form(launch, [STATISTICS, REVIEW])
    return_url, token = deep_linking.response_form(launch, chosen)
    claims = claims_of(token)

    assert return_url == wire.product.return_url
    assert claims["iss"] == wire.product.client_id
    assert claims["aud"] in (wire.product.issuer, [wire.product.issuer])
    assert claims[f"{LTI}deployment_id"] == wire.product.deployment_id
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse"
    assert claims.get(f"{DEEP_LINKING}data") == wire.product.data
    first, *others = claims[f"{DEEP_LINKING}content_items"]
    assert len(others) == int(taken.several)
    assert first["type"] == "ltiResourceLink"
    by_address = "?cairn_placement=p1.abc" if wire.product == CANVAS else ""
    assert first["url"] == LAUNCH + by_address
    assert first["custom"]["resource_link_id_history"] == "$ResourceLink.id.history"
    assert first["lineItem"]["scoreMaximum"] == 12.5
    assert ("window" in first) == taken.windows


@EACH
def test_the_pages_behind_are_shown(
    wire: Wire, client: FlaskClient, product: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(product.config, "CAIRN_PAGES", PAGES)

    picker = client.get(wire.send(client, wire.placing()).location)
    activity = client.get(wire.send(client, wire.launch()).location)

    assert (picker.status_code, activity.status_code) == (200, 200)
    assert "<h1" in picker.text
    assert "<h1" in activity.text  # that nothing is placed here: the token is none of ours


@EACH
def test_a_deep_linking_request_says_nothing_about_an_activity(
    wire: Wire, client: FlaskClient, database: Connection
) -> None:
    """Some carry a resource link: a handle of the placement, or the block that is being made."""
    opened(wire, client, wire.launch())
    before = rows(database, wire, LINKS)

    here = opened(wire, client, wire.placing(resource_link={"id": wire.product.kept.link[0]}))

    assert here["resource_link_id"] is None
    assert rows(database, wire, LINKS) == before


@EACH
def test_what_the_product_may_leave_out_may_lack(
    wire: Wire, client: FlaskClient, database: Connection
) -> None:
    """Canvas' privacy levels, Brightspace's security settings: no names, no course, no way back."""
    claims = dict(wire.launch())
    personal = ("name", "given_name", "family_name", "email", "lis")
    optional = ("context", "launch_presentation", "custom", "tool_platform", "endpoint")
    for long in list(claims):
        if long.rpartition("/")[2] in {*personal, *optional, "namesroleservice"}:
            del claims[long]

    here = opened(wire, client, claims)

    assert here["context_id"] is None
    assert here["settings"] == {}
    assert rows(database, wire, USERS) == [(wire.product.kept.subject, None, None, None)]


@EACH
def test_a_variable_that_was_not_replaced_is_nobodys_number(
    wire: Wire, client: FlaskClient, database: Connection
) -> None:
    lis = {"person_sourcedid": "$Person.sourcedId"}
    custom = {"placement": "$placement", "context_id_history": "$Context.id.history"}

    here = opened(wire, client, wire.launch(lis=lis, custom=custom))

    assert [row.sis_id for row in rows(database, wire, USERS)] == [None]
    assert "course_history" not in here["settings"]


def test_canvas_launches_a_course_by_the_courses_own_id(
    client: FlaskClient, product: Flask, database: Connection
) -> None:
    """Its navigation has no link of its own (instructure/canvas-lms#1944)."""
    del product
    with connected(CANVAS) as wire:
        course = CANVAS.common[f"{LTI}context"]["id"]
        endpoint = CANVAS.common["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]

        here = opened(
            wire,
            client,
            wire.launch(resource_link={"id": course}, custom={}, endpoint=endpoint),
        )

        assert here["placement_token"] is None
        assert rows(database, wire, LINKS) == [(course, None, None)]


@pytest.mark.parametrize("installed", [CANVAS, MOODLE], ids=lambda p: p.code)
def test_links_in_canvas_pages_are_told_by_their_address_where_all_have_the_courses_id(
    client: FlaskClient, product: Flask, database: Connection, installed: Product
) -> None:
    """In Moodle a link may have the course's number by chance: it stays one link."""
    del product
    with connected(installed) as wire:
        course = installed.common[f"{LTI}context"]["id"]

        def open_link(token: str) -> str:
            target = f"{LAUNCH}?cairn_placement={token}"
            claims = wire.launch(
                target_link_uri=target, resource_link={"id": course, "title": token}, custom=None
            )
            here = opened(wire, client, claims)
            assert here["placement_token"] == token
            return str(here["resource_link_id"])

        first, second = open_link("p1.a"), open_link("p1.b")
        again = open_link("p1.a")

        assert first == again
        assert (first == second) == (installed == MOODLE)
        ids = [row.platform_id for row in rows(database, wire, LINKS)]
        assert all(one.startswith(course) for one in ids)
        assert len(ids) == (1 if installed == MOODLE else 2)


def test_a_custom_parameter_counts_before_the_address(client: FlaskClient, product: Flask) -> None:
    del product
    with connected(CANVAS) as wire:
        for said, token in (("p1.x", "p1.x"), ("$placement", "p1.a"), ("", "p1.a")):
            claims = wire.launch(
                target_link_uri=f"{LAUNCH}?cairn_placement=p1.a", custom={"placement": said}
            )

            assert opened(wire, client, claims)["placement_token"] == token


def test_an_address_that_says_placement_for_a_reason_of_its_own_is_no_token(
    client: FlaskClient, product: Flask, database: Connection
) -> None:
    """Canvas' own example of an address behind a course's menu."""
    del product
    with connected(CANVAS) as wire:
        course = CANVAS.common[f"{LTI}context"]["id"]
        menu = wire.launch(
            target_link_uri=f"{LAUNCH}?placement=course_navigation",
            resource_link={"id": course, "title": "Course"},
            custom=None,
        )

        assert opened(wire, client, menu)["placement_token"] is None
        assert [row.platform_id for row in rows(database, wire, LINKS)] == [course]


@pytest.mark.parametrize("product_of_many", [CANVAS, BLACKBOARD, SCHOOLOGY], ids=lambda p: p.code)
def test_customers_of_one_client_are_told_by_their_deployment(
    client: FlaskClient, product: Flask, database: Connection, product_of_many: Product
) -> None:
    del product
    other = replace(product_of_many, deployment_id="another-customers")
    with (
        connected(product_of_many) as wire,
        connected(other, registration_id=wire.registration_id) as neighbour,
    ):
        neighbour.keys = wire.keys  # the maker signs for all of them

        opened(wire, client, wire.launch())
        here = opened(neighbour, client, neighbour.launch())

        assert here["institution_id"] == str(neighbour.institution_id)
        assert len(rows(database, wire, USERS)) == len(rows(database, neighbour, USERS)) == 1


def test_moodle_sends_an_empty_address_for_a_column_that_is_not_there(
    client: FlaskClient, product: Flask, database: Connection
) -> None:
    del product
    name = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
    with connected(MOODLE) as wire:
        opened(wire, client, wire.launch(endpoint={**MOODLE.link[name], "lineitem": ""}))

        assert [row.line_item_url for row in rows(database, wire, LINKS)] == [None]


@pytest.mark.parametrize("person", ["teacher", "site administrator"])
def test_moodle_has_staff_review_one_persons_work(
    client: FlaskClient, product: Flask, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = {**product.config["CAIRN_PAGES"], "LtiSubmissionReviewRequest": "probe.show"}
    monkeypatch.setitem(product.config, "CAIRN_PAGES", pages)
    with connected(MOODLE) as wire:
        claims = {
            **wire.launch(person=person, message_type="LtiSubmissionReviewRequest"),
            f"{LTI}for_user": {"user_id": "4"},
        }

        here = opened(wire, client, claims)

    assert here["settings"]["for_user"] == "4"


@pytest.mark.parametrize("product_said", PRODUCTS, ids=lambda product: product.code)
def test_addresses_that_we_fill_in_are_the_products(product_said: Product) -> None:
    """What the desk offers for a product by hand (`platforms/products.py`)."""
    site = product_said.issuer
    filled = products.filled(product_said.code, site=site, client_id=product_said.client_id)

    assert filled.issuer == product_said.issuer
    assert filled.auth_url == product_said.auth_url
    assert filled.token_url in {"", product_said.token_url}
    keys_url = product_said.jwks_url.replace("{client_id}", product_said.client_id)
    assert filled.jwks_url in {"", keys_url}
    addresses = (product_said.auth_url, product_said.issuer, product_said.token_url)
    assert quirks.origins(product_said.code, addresses)


def shape(value: object) -> object:
    """Return names and types alone."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return type(value).__name__


def test_our_moodle_says_what_a_real_one_said() -> None:
    folder = shared_folder("lti", "moodle_4.5_samples")
    own = {**MOODLE.common, f"{LTI}deployment_id": "2", f"{LTI}target_link_uri": LAUNCH}
    for name, claims in (
        ("launch_resource_link_student1", {**own, **MOODLE.link}),
        ("launch_deep_linking_teacher1", {**own, **MOODLE.placing}),
    ):
        recorded = json.loads((folder / f"{name}.json").read_text())["claims"]
        by_token = {"iss", "aud", "iat", "exp", "nonce"}
        by_wire = {f"{LTI}{word}" for word in ("roles", "version", "message_type", "custom")}
        assert shape({n: v for n, v in claims.items() if n not in by_wire}) == shape(
            {n: v for n, v in recorded.items() if n not in by_token | by_wire}
        )


def test_what_is_said_here_agrees_with_the_profiles() -> None:
    folder = shared_folder("lti")
    profiles = json.loads((folder / "platform_profiles.json").read_text())
    for product_said in PRODUCTS:
        profile = profiles["d2l" if product_said.code == "brightspace" else product_said.code]
        token, asked = profile.get("id_token", {}), profile.get("deep_linking", {})
        if "exp_seconds" in token:
            assert product_said.lifetime_s == token["exp_seconds"]
        for sent, _ in product_said.people.values():
            assert sent
        said = {frozenset(sent) for sent, _ in product_said.people.values()}
        for person, roles in profile.get("roles", {}).items():
            if isinstance(roles, list) and not any("(" in role for role in roles):
                assert frozenset(roles) in said, (product_said.code, person)
        settings = product_said.placing[SETTINGS]
        if "accept_types" in asked:
            assert settings["accept_types"] == asked["accept_types"]
        for name in profile.get("id_token", {}).get("claims_extra", ()):
            if isinstance(name, str) and name.startswith("https://purl.sakailms"):
                assert name in product_said.common


def test_the_wire_signs_what_another_library_verifies(client: FlaskClient, product: Flask) -> None:
    """The witness of the tests here: a token of the wire, checked by PyJWT with its key set."""
    del product
    with connected(SCHOOLOGY) as wire:
        form = wire.answer(wire.login(client), wire.launch())
        fetched = jwt.PyJWKClient(f"{wire.url}/keys").get_signing_key_from_jwt(form["id_token"])

        claims = jwt.decode(
            form["id_token"], fetched, algorithms=["RS256"], audience=SCHOOLOGY.client_id
        )

    assert claims["aud"] == [SCHOOLOGY.client_id]
