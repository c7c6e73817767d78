"""Every address of the product: who may ask for it is decided, and nobody is found elsewhere."""

import io
import logging
import re
import sys
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from lti_tool.core import logs
from lti_tool.people.rules import Act

# Addresses that anybody may ask for, and why that is so.
PUBLIC = {
    "static": "files of ours",
    "images.show_image": "an image of a question, by a name that nobody can guess",
    "launch.login": "a platform begins here, before anybody is known",
    "launch.check_cookie": "the second half of the login",
    "launch.launch": "takes a message, which is verified",
    "launch.explain_launch": "says that the address works once",
    "launch.show_keys": "our public keys",
    "registration.show": "a platform's administrator holds an invitation; nobody has a session yet",
    "registration.register": "the same, and a token of the form that is bound to the invitation",
    "people.choose_provider": "names the ways to sign in",
    "people.sign_in": "sends to the identity provider",
    "people.finish_sign_in": "takes the provider's answer, which is verified",
    "own.ask_link": "asks for an address; about nobody",
    "own.send_link": "says the same of every address",
    "own.open_link": "whoever has a link from a letter, which nobody can guess",
    "own.enter": "the same, once",
    "own.open_confirmation": "whoever has a link from a letter, which nobody can guess",
    "own.confirm": "the same, once",
}
OPENINGS = ("/l/<uuid:launch_id>/", "/desk/<slug>/", "/staff/<slug>/", "/my/<slug>/")
PUBLIC_BLUEPRINTS = {
    "health": "for monitors; what is wrong, and metrics, by the operator's token",
    "check": "says what works in a browser; about nobody",
    "by_hand": "what an LMS administrator enters by hand; nothing secret",
    "transcripts": "whoever has a link that nobody can guess; checked as it is shown",
    "badges": "what credentials refer to, and the check of what is handed in",
}


def rules(app: Flask) -> list[Rule]:
    """Return the product's own addresses: other tests lend it pages called probe."""
    return [rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith("probe")]


def is_public(endpoint: str) -> bool:
    return endpoint in PUBLIC or endpoint.partition(".")[0] in PUBLIC_BLUEPRINTS


def test_every_address_names_its_act_or_is_declared_public(app: Flask) -> None:
    for rule in rules(app):
        act = getattr(app.view_functions[rule.endpoint], "act", None)
        assert isinstance(act, Act) or is_public(rule.endpoint), f"{rule.rule} names no act"
        assert act is None or not is_public(rule.endpoint), f"{rule.rule} is public and has an act"


def test_nothing_is_declared_public_that_is_not_there(app: Flask) -> None:
    assert set(PUBLIC) <= {rule.endpoint for rule in rules(app)}
    assert set(PUBLIC_BLUEPRINTS) <= set(app.blueprints)


def test_addresses_of_a_launch_and_of_the_desk_are_guarded_by_them(app: Flask) -> None:
    """An act alone is an attribute; the guard that sets it takes the id from the address."""
    for rule in rules(app):
        if not is_public(rule.endpoint):
            assert rule.rule.startswith(OPENINGS)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_session_no_guarded_address_answers(
    app: Flask, client: FlaskClient, method: str
) -> None:
    asked = 0
    for rule in rules(app):
        if is_public(rule.endpoint) or method not in (rule.methods or ()):
            continue
        answer = client.open(filled(rule.rule), method=method)
        asked += 1
        if rule.rule.startswith("/my/") and method == "GET":
            assert (answer.status_code, answer.location) == (303, "/my/nowhere/sign-in"), rule.rule
        elif rule.rule.startswith("/desk/") and method == "GET":
            assert answer.status_code == 303, rule.rule
            assert answer.location.startswith("/staff/nowhere/sign-in"), rule.rule
        else:
            assert answer.status_code == 403, rule.rule
            assert re.search(r"<code>(launch_ended|signed_out) ", answer.text), rule.rule
    assert asked


def filled(rule: str) -> str:
    """Return an address of this form."""
    rule = rule.replace("<slug>", "nowhere")
    rule = re.sub(r"<any\((\w+)[^)]*\):\w+>", r"\1", rule)
    return re.sub(r"<[^>]+>", lambda _: str(uuid4()), rule)


def test_a_page_that_goes_wrong_is_logged_by_its_name_and_not_by_its_address(app: Flask) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.formatter(json=True))
    logging.getLogger().addHandler(handler)
    try:
        with app.test_request_context("/my/example/enter/a-secret-of-a-letter"):
            try:
                int("wrong")
            except ValueError:
                app.log_exception(sys.exc_info())
    finally:
        logging.getLogger().removeHandler(handler)

    assert '"endpoint":"own.open_link"' in written.getvalue()
    assert "invalid literal" in written.getvalue()
    assert "a-secret-of-a-letter" not in written.getvalue()
