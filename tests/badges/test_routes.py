import json
import re
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from lti_tool.badges import (
    carriers,
    data_integrity,
    micro_credentials,
    multikey,
    open_badges,
    services,
    status_list,
    vc_jwt,
)
from lti_tool.badges.rules import Shows
from lti_tool.core import audit, clock
from tests.badges.did_documents import document_path, read_document
from tests.badges.factories import DRAFT, Place, held_badges, issue, issuer, place
from tests.badges.samples import changed, published

Json = dict[str, Any]
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def shared(at: Place, *, show_name: bool = False) -> str:
    return services.share(
        at.institution_id, issue(at), person_id=at.person_id, shows=Shows(name=show_name)
    )


def withdraw(at: Place) -> None:
    services.withdraw_award(
        at.institution_id, held_badges(at)[0].award_id, reason="Mistake", actor=audit.SYSTEM
    )


def fetched(client: FlaskClient, url: str) -> Json:
    """Fetch as a verifier would, by the absolute address."""
    response = client.get(url.removeprefix("http://localhost"))
    assert response.status_code == 200, response.text
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    document: Json = json.loads(response.data)
    return document


def test_our_name_alone_leads_to_what_needs_no_account(client: FlaskClient) -> None:
    page = client.get("/", follow_redirects=True)

    assert page.status_code == 200
    assert page.request.path == "/verify"


def test_a_stranger_verifies_a_downloaded_badge_from_the_web_alone(client: FlaskClient) -> None:
    token = shared(place())
    document = json.loads(client.get(f"/i/northfell/shared/{token}.json").data)

    did = document["issuer"]["id"]
    did_document = fetched(client, document_path(did))
    methods = read_document(did_document, did=did)
    listed = fetched(client, document["credentialStatus"]["statusListCredential"])
    bits = status_list.decode(listed["credentialSubject"]["encodedList"])
    achievement = fetched(client, document["credentialSubject"]["achievement"]["id"])

    assert data_integrity.verify(document, methods=methods, at=clock.now()).verified
    assert data_integrity.verify(listed, methods=methods, at=clock.now()).verified
    assert not status_list.is_set(bits, int(document["credentialStatus"]["statusListIndex"]))
    assert achievement["creator"]["id"] == did
    assert achievement["name"] == document["name"]
    assert document["@context"] == open_badges.CONTEXT
    own_context = achievement["@context"][-1]
    assert fetched(client, own_context) == micro_credentials.find_context(own_context)
    assert fetched(client, document["issuer"]["url"] + "/jwks.json")["keys"]


def test_the_terms_of_our_own_may_be_kept_for_ever(client: FlaskClient) -> None:
    response = client.get(micro_credentials.PATH)

    assert response.content_type == "application/ld+json"
    assert "immutable" in response.headers["Cache-Control"]


def test_the_list_that_is_published_knows_of_a_revocation_at_once(client: FlaskClient) -> None:
    at = place()
    token = shared(at)
    document = json.loads(client.get(f"/i/northfell/shared/{token}.json").data)
    withdraw(at)

    listed = fetched(client, document["credentialStatus"]["statusListCredential"])

    bits = status_list.decode(listed["credentialSubject"]["encodedList"])
    assert status_list.is_set(bits, int(document["credentialStatus"]["statusListIndex"]))


def test_a_list_that_one_has_is_not_sent_again_until_something_is_revoked(
    client: FlaskClient,
) -> None:
    at = place()
    shared(at)
    first = client.get("/i/northfell/status/1")
    known = {"If-None-Match": first.headers["ETag"]}

    again = client.get("/i/northfell/status/1", headers=known)
    withdraw(at)
    changed = client.get("/i/northfell/status/1", headers=known)

    assert first.headers["Cache-Control"] == "public, max-age=60"
    assert (again.status_code, again.data) == (304, b"")
    assert changed.status_code == 200


def test_people_get_pages_and_programs_documents(client: FlaskClient) -> None:
    at = place()
    path = f"/i/northfell/achievements/{at.achievement_id}"

    for address in ("/i/northfell", path):
        page = client.get(address, headers=BROWSER)
        assert page.mimetype == "text/html"
        assert "Reading Statistics Critically" in page.text
        for accept in ("*/*", "application/json", "application/ld+json", open_badges.MEDIA_TYPE):
            document = client.get(address, headers={"Accept": accept})
            assert document.mimetype == open_badges.MEDIA_TYPE


def test_the_picture_runs_nothing(client: FlaskClient) -> None:
    at = place()

    response = client.get(f"/i/northfell/achievements/{at.achievement_id}/image.svg")

    assert response.mimetype == "image/svg+xml"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.text.startswith("<svg")


def test_a_shared_badge_says_what_was_checked(client: FlaskClient) -> None:
    token = shared(place(), show_name=True)

    page = client.get(f"/i/northfell/shared/{token}", headers=BROWSER)

    assert page.status_code == 200
    for words in (
        "Genuine and valid",
        "Amara Nwosu",
        "The signature is right",
        "Not revoked",
        f"http://localhost/i/northfell/shared/{token}",
    ):
        assert words in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_without_leave_no_name_is_in_the_page(client: FlaskClient) -> None:
    token = shared(place())

    page = client.get(f"/i/northfell/shared/{token}", headers=BROWSER)

    assert page.status_code == 200
    assert "Amara" not in page.text


def test_a_revoked_badge_says_so_and_no_longer_that_it_is_valid(client: FlaskClient) -> None:
    at = place()
    token = shared(at)
    withdraw(at)

    page = client.get(f"/i/northfell/shared/{token}", headers=BROWSER)

    assert "Revoked: do not rely on it" in page.text
    assert "Genuine and valid" not in page.text
    assert "Not revoked" not in page.text
    assert "certifies that" not in page.text


@pytest.mark.parametrize("suffix", ["", ".json"])
def test_an_ended_link_is_gone(client: FlaskClient, suffix: str) -> None:
    at = place()
    token = shared(at)
    services.end_share(at.institution_id, held_badges(at)[0].shares[0].id, person_id=at.person_id)

    response = client.get(f"/i/northfell/shared/{token}{suffix}", headers=BROWSER)

    assert response.status_code == 404
    assert "This link shows nothing" in response.text
    assert "its holder has ended it" in response.text
    assert 'href="/verify"' in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/i/nobody",
        "/i/nobody/did.json",
        "/i/nobody/jwks.json",
        "/i/northfell/status/9",
        "/i/northfell/status/99999999999999999999",
        "/i/northfell/achievements/0195d3f0-0000-7000-8000-000000000001",
        "/i/northfell/shared/0123456789012345678901",
    ],
)
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    place()

    assert client.get(path).status_code == 404


def test_a_credentials_id_shows_nothing_and_does_not_say_whether_it_exists(
    client: FlaskClient,
) -> None:
    at = place()
    real = issue(at)
    other = "0195d3f0-0000-7000-8000-000000000001"

    pages = [
        client.get(f"/i/northfell/credentials/{name}", headers=BROWSER) for name in (real, other)
    ]

    assert [page.status_code for page in pages] == [404, 404]
    first, second = (page.text.replace(page.headers["X-Request-Id"], "") for page in pages)
    assert first.replace(str(real), "") == second.replace(other, "")
    assert "Reading Statistics" not in first


def test_another_institutions_achievement_is_not_shown_under_this_name(
    client: FlaskClient,
) -> None:
    place()
    elsewhere = place("southmoor")

    path = f"/achievements/{elsewhere.achievement_id}"

    assert client.get(f"/i/northfell{path}").status_code == 404
    assert client.get(f"/i/southmoor{path}").status_code == 200


def uploaded(client: FlaskClient, data: bytes, name: str = "badge.json") -> str:
    response = client.post("/verify", data={"file": (BytesIO(data), name)}, headers=BROWSER)
    return f"{response.status_code} {response.text}"


def document_of(client: FlaskClient, token: str) -> Json:
    document: Json = json.loads(client.get(f"/i/northfell/shared/{token}.json").data)
    return document


def test_an_uploaded_badge_is_checked(client: FlaskClient) -> None:
    at = place()
    document = document_of(client, shared(at))

    page = uploaded(client, json.dumps(document).encode())
    assert page.startswith("200")
    assert "Genuine and valid" in page
    assert "badge.json" in page

    forged = changed(document, "credentialSubject.achievement.name", "PhD")
    page = uploaded(client, json.dumps(forged).encode())
    assert "Not genuine: do not rely on it" in page
    assert "Genuine and valid" not in page
    assert "says that it was issued by Northfell University" in page
    assert "Not revoked" not in page

    withdraw(at)
    page = uploaded(client, json.dumps(document).encode())
    assert "Revoked: do not rely on it" in page


def test_a_pasted_badge_is_checked(client: FlaskClient) -> None:
    document = document_of(client, shared(place()))

    page = client.post("/verify", data={"text": json.dumps(document)}, headers=BROWSER)

    assert "Genuine and valid" in page.text


def test_a_badge_of_another_issuer_is_not_judged(client: FlaskClient) -> None:
    page = uploaded(client, json.dumps(published().credential).encode())

    assert "We cannot tell whether it is genuine" in page
    assert "is not one of those here" in page


@pytest.mark.parametrize("suffix", ["", ".json", "?utm=1", "#checks"])
def test_a_pasted_link_of_ours_leads_to_its_page(client: FlaskClient, suffix: str) -> None:
    at = place()
    link = issuer(at).share_url(shared(at))

    response = client.post("/verify", data={"text": f" {link}{suffix} "}, headers=BROWSER)

    assert response.status_code == 303
    assert response.location == link.removeprefix("http://localhost")


@pytest.mark.parametrize(
    "text",
    [
        "https://elsewhere.example/i/northfell/shared/0123456789012345678901",
        "http://localhost.elsewhere.example/i/northfell/shared/0123456789012345678901",
        "http://localhost/i/../../x",
        "javascript:alert(1)",
        "https://[",
    ],
)
def test_a_strange_link_is_not_followed(client: FlaskClient, text: str) -> None:
    response = client.post("/verify", data={"text": text}, headers=BROWSER)

    assert response.status_code == 400
    assert "We could not read that as a credential" in response.text
    assert ("does not lead to a badge" in response.text) == text.startswith("http")


def test_a_file_of_a_badge_that_was_replaced_says_what_is_earned_now(client: FlaskClient) -> None:
    at = place()
    document = json.dumps(document_of(client, shared(at))).encode()
    assert "is edition 1" not in uploaded(client, document)

    services.revise_achievement(
        at.institution_id, at.achievement_id, replace(DRAFT, name="Counting"), actor=audit.SYSTEM
    )
    assert "s is edition 2." in uploaded(client, document)

    newer_id = services.publish_achievement(
        at.institution_id, replace(DRAFT, name="Reading Figures"), actor=audit.SYSTEM
    )
    services.replace_achievement(
        at.institution_id, at.achievement_id, replaced_by=newer_id, actor=audit.SYSTEM
    )
    page = uploaded(client, document)
    assert "Genuine and valid" in page
    assert "There is a newer badge" in page
    assert "Reading Figures" in page


def test_too_large_a_file_is_refused_in_words(client: FlaskClient) -> None:
    page = uploaded(client, b"{" + b" " * carriers.MOST_TEXT_BYTES)

    assert page.startswith("400")
    assert "larger than 256 KB" in page


def test_what_a_badge_says_cannot_become_markup(client: FlaskClient) -> None:
    document = document_of(client, shared(place()))
    evil = changed(document, "credentialSubject.achievement.name", "<script>alert(1)</script>")

    page = uploaded(client, json.dumps(evil).encode(), name="<b>.json")

    assert "<script>alert" not in page
    assert "<b>.json" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("credentialSubject.achievement.name", "half a \ud83d"),
        ("issuer.id", "did:web:\udfff"),
        ("proof.verificationMethod", "\ud800"),
        ("extra", json.loads("[" * 400 + "]" * 400)),
        ("extra", json.loads('{"a":' * 100 + "1" + "}" * 100)),
    ],
    ids=["name", "issuer", "proof", "lists", "objects"],
)
def test_what_no_page_can_show_is_refused_in_words(
    client: FlaskClient, path: str, value: object
) -> None:
    document = document_of(client, shared(place()))

    page = uploaded(client, json.dumps(changed(document, path, value)).encode())

    assert page.startswith("400")
    assert "We could not read that as a credential" in page


def test_a_token_that_no_page_can_show_is_refused_in_words(client: FlaskClient) -> None:
    token = client.get(f"/i/northfell/shared/{shared(place())}.jwt").text
    _header, payload, signature = token.split(".")
    header = multikey.to_base64url(b'{"alg": "\\ud800", "kid": "\\ud800"}')

    page = uploaded(client, f"{header}.{payload}.{signature}".encode())

    assert page.startswith("200")
    assert "Genuine and valid" not in page


def test_a_shared_badge_has_a_preview_and_a_box_for_other_pages(client: FlaskClient) -> None:
    at = place()
    token = shared(at)

    page = client.get(f"/i/northfell/shared/{token}", headers=BROWSER)
    box = client.get(f"/i/northfell/shared/{token}/embed", headers=BROWSER)
    picture = re.search(r'property="og:image" content="http://localhost([^"]+)"', page.text)

    assert picture is not None
    assert client.get(picture[1]).data.startswith(b"\x89PNG")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors *" in box.headers["Content-Security-Policy"]
    assert "Genuine and valid" in box.text
    withdraw(at)
    box = client.get(f"/i/northfell/shared/{token}/embed", headers=BROWSER)
    assert "Revoked: do not rely on it" in box.text


@pytest.mark.parametrize("kind", ["json", "jwt", "svg", "png"])
def test_every_downloaded_form_is_checked_by_the_page(client: FlaskClient, kind: str) -> None:
    at = place()
    data = client.get(f"/i/northfell/shared/{shared(at)}.{kind}").data

    assert "Genuine and valid" in uploaded(client, data, f"badge.{kind}")
    withdraw(at)
    assert "Revoked: do not rely on it" in uploaded(client, data, f"badge.{kind}")


def test_the_key_set_has_the_keys_of_both_forms(client: FlaskClient) -> None:
    at = place()
    token = shared(at)
    keys = fetched(client, "/i/northfell/jwks.json")["keys"]
    compact = client.get(f"/i/northfell/shared/{token}.jwt").text

    assert {key["kty"] for key in keys} == {"OKP", "RSA"}
    assert vc_jwt.verify(compact, published=keys).verified
