"""Access tokens from a platform that checks what it is asked."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from flask import Flask
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, text

from lti_tool.campus import store
from lti_tool.core import clock, keys
from lti_tool.core.errors import NotFoundError
from lti_tool.core.http import OutboundFailedError, OutboundRefusedError
from lti_tool.core.ids import RegistrationId, new_id
from lti_tool.platforms import service_client, services
from lti_tool.platforms.errors import TokenRefusedError
from lti_tool.platforms.service_client import access_token, forget_token
from tests.campus.site import Site
from tests.helpers import serving
from tests.launch.platform import Connected, connect, published_keys

SCORE = (store.SCORE_SCOPE,)


def asked(site: Site) -> int:
    """Count the token requests Campus has answered with a token."""
    with site.campus.engine.begin() as connection:
        return connection.scalar(text("SELECT count(*) FROM access_tokens")) or 0


def test_a_token_opens_the_services_it_was_asked_for(connected: Connected) -> None:
    token = access_token(connected.registration_id, (store.LINE_ITEM_SCOPE,))

    answer = httpx.get(
        f"{connected.site.url}/lti/courses/1/lineitems?type_id={connected.tool.tool_id}",
        headers={
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.ims.lis.v2.lineitemcontainer+json",
        },
        timeout=5,
    )

    assert answer.status_code == 200


def test_a_token_is_fetched_once_and_found_by_other_processes(connected: Connected) -> None:
    before = asked(connected.site)
    token = access_token(connected.registration_id, SCORE)

    assert access_token(connected.registration_id, SCORE) == token
    service_client.forget_all()
    assert access_token(connected.registration_id, SCORE) == token
    assert access_token(connected.registration_id, SCORE * 2) == token
    assert asked(connected.site) == before + 1


def test_the_order_of_scopes_makes_no_difference_and_other_scopes_do(connected: Connected) -> None:
    two = (store.SCORE_SCOPE, store.RESULT_SCOPE)
    token = access_token(connected.registration_id, two)

    assert access_token(connected.registration_id, two[::-1]) == token
    assert access_token(connected.registration_id, SCORE) != token


def test_a_token_lies_encrypted_and_bound_to_its_place(
    connected: Connected, database: Connection
) -> None:
    token = access_token(connected.registration_id, SCORE)

    sealed = database.scalar(text("SELECT token_encrypted FROM access_tokens"))

    assert sealed is not None
    assert token.encode() not in bytes(sealed)
    database.execute(text("UPDATE access_tokens SET scopes = 'other'"))
    service_client.forget_all()
    with pytest.raises(keys.SealBrokenError):
        access_token(connected.registration_id, ("other",))


def test_a_token_is_renewed_a_minute_before_it_ends(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = access_token(connected.registration_id, SCORE)
    start = clock.now()

    monkeypatch.setattr(clock, "now", lambda: start + timedelta(seconds=3530))
    assert access_token(connected.registration_id, SCORE) == token

    monkeypatch.setattr(clock, "now", lambda: start + timedelta(seconds=3541))
    # The assertion is from Campus' future; its answer says what time it is there.
    assert access_token(connected.registration_id, SCORE) != token


def test_a_refusal_that_is_no_matter_of_clocks_stays_one(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(minutes=3))

    with pytest.raises(TokenRefusedError):
        access_token(connected.registration_id, ["no-such-scope"])


def test_a_token_that_is_no_longer_taken_is_dropped_but_not_its_successor(
    connected: Connected,
) -> None:
    old = access_token(connected.registration_id, SCORE)
    forget_token(connected.registration_id, SCORE, old)
    new = access_token(connected.registration_id, SCORE)
    assert new != old

    forget_token(connected.registration_id, SCORE, old)  # another worker, late

    assert access_token(connected.registration_id, SCORE) == new
    service_client.forget_all()
    assert access_token(connected.registration_id, SCORE) == new


def test_a_scope_the_administrator_did_not_grant_is_refused_in_words(connected: Connected) -> None:
    with pytest.raises(TokenRefusedError, match="Campus: “invalid_scope”"):
        access_token(connected.registration_id, ("https://example.org/scope/everything",))

    assert access_token(connected.registration_id, SCORE)


@pytest.mark.parametrize("status", [500, 503])
def test_an_outage_is_temporary_and_over_when_it_is_over(connected: Connected, status: int) -> None:
    connected.site.campus.faults.change({"token_status": status})
    with pytest.raises(OutboundFailedError):
        access_token(connected.registration_id, SCORE)

    connected.site.campus.faults.clear()
    assert access_token(connected.registration_id, SCORE)


def test_a_login_page_is_no_token(connected: Connected) -> None:
    connected.site.campus.faults.change({"html": True})

    with pytest.raises(OutboundFailedError):
        access_token(connected.registration_id, SCORE)


def test_a_registration_nobody_made_has_no_token(connected: Connected) -> None:  # noqa: ARG001
    with pytest.raises(NotFoundError):
        access_token(RegistrationId(new_id()), SCORE)


def test_many_that_ask_at_once_cost_the_platform_one_request(live_app: Flask, site: Site) -> None:
    with live_app.app_context(), published_keys() as url:
        connected = connect(site, jwks_url=url)
        before = asked(site)
        start = threading.Barrier(4, timeout=10)

        def ask() -> str:
            start.wait()
            service_client._kept.clear()  # each as if a process of its own
            return access_token(connected.registration_id, SCORE)

        with ThreadPoolExecutor(4) as threads:
            tokens = {each.result() for each in [threads.submit(ask) for _ in range(4)]}

    assert len(tokens) == 1
    assert asked(site) == before + 1


def test_one_that_died_while_asking_is_not_waited_for_for_ever(
    connected: Connected, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    died = clock.now() - service_client.LEASE
    database.execute(
        text("INSERT INTO access_tokens (registration_id, scopes, asked_at) VALUES (:r, :s, :at)"),
        {"r": connected.registration_id, "s": store.SCORE_SCOPE, "at": died},
    )
    assert access_token(connected.registration_id, SCORE)

    monkeypatch.setattr(service_client, "LEASE", timedelta(seconds=0.3))
    asking = "https://example.org/scope/asking"
    database.execute(
        text("INSERT INTO access_tokens (registration_id, scopes, asked_at) VALUES (:r, :s, :at)"),
        {"r": connected.registration_id, "s": asking, "at": clock.now() + timedelta(hours=1)},
    )
    with pytest.raises(OutboundFailedError):
        access_token(connected.registration_id, (asking,))


@contextmanager
def answering(**answer: object) -> Iterator[RegistrationId]:
    """Serve a platform that gives a token so; 400 with an error."""
    lms = Flask("tokens")

    @lms.post("/token")
    def token() -> ResponseReturnValue:
        return answer, 400 if "error" in answer else 200

    with serving(lms) as url:
        listens = services.Endpoints(
            auth_url=f"{url}/auth", token_url=f"{url}/token", jwks_url=f"{url}/jwks"
        )
        yield services.add_registration(issuer=url, client_id="c", name="Odd", endpoints=listens)


@pytest.mark.parametrize(
    "lifetime", [10**9, 10**15, 10**400, 3600.5, "an hour", None, -1], ids=repr
)
def test_a_token_is_taken_whatever_is_said_of_its_lifetime(
    product: Flask,  # noqa: ARG001 - binds the database
    lifetime: object,
) -> None:
    with answering(access_token="token", expires_in=lifetime) as registration_id:
        assert access_token(registration_id, SCORE) == "token"
        service_client.forget_all()
        assert access_token(registration_id, SCORE) == "token"


def test_a_refusal_is_quoted_as_far_as_it_can_be_seen(product: Flask) -> None:  # noqa: ARG001
    with (
        answering(error="no\x00t \ud800 now") as registration_id,
        pytest.raises(TokenRefusedError, match="Odd: “not now”"),
    ):
        access_token(registration_id, SCORE)


def test_an_address_inside_our_network_is_not_called(product: Flask) -> None:  # noqa: ARG001
    listens = services.Endpoints(
        auth_url="http://10.0.0.1/auth",
        token_url="http://10.0.0.1/token",
        jwks_url="http://10.0.0.1/jwks",
    )
    registration_id = services.add_registration(
        issuer="http://10.0.0.1", client_id="c", name="Inside", endpoints=listens
    )

    with pytest.raises(OutboundRefusedError):
        access_token(registration_id, SCORE)
