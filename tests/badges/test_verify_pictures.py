"""A picture of a QR code at /verify: it leads where the code leads, if that is a badge of ours."""

import io

import pytest
import segno
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from lti_tool.badges import queries, services
from lti_tool.badges.errors import UnknownShareError, UnreadableCredentialError
from lti_tool.badges.verifying.handed_in import check_data
from lti_tool.core.db import transaction
from tests.badges.factories import Place, held_badges, place
from tests.badges.test_routes import BROWSER, shared

HOST = "http://localhost/i/northfell/shared/"


def coded(*texts: str) -> bytes:
    """A picture of these codes, one beside the other."""
    sheet = Image.new("L", (500 * len(texts), 500), "white")
    for number, text in enumerate(texts):
        segno.make(text, error="m").save(out := io.BytesIO(), kind="png", scale=8)
        sheet.paste(Image.open(out).convert("L"), (500 * number + 20, 20))
    sheet.save(out := io.BytesIO(), format="PNG")
    return out.getvalue()


def handed_in(client: FlaskClient, data: bytes) -> TestResponse:
    file = (io.BytesIO(data), "photo.png")
    return client.post("/verify", data={"file": file}, headers=BROWSER)


def end_shares(at: Place) -> None:
    (held,) = held_badges(at)
    for share in held.shares:
        services.end_share(at.institution_id, share.id, person_id=at.person_id)


def test_a_code_leads_to_the_badge_and_is_counted_as_one_opening(client: FlaskClient) -> None:
    at = place()
    token = shared(at)

    answer = handed_in(client, coded(f"{HOST}{token}"))

    assert (answer.status_code, answer.location) == (303, f"/i/northfell/shared/{token}")
    client.get(answer.location, headers=BROWSER)
    with transaction(at.institution_id) as session:
        (held,) = queries.list_held(session, at.person_id)
    assert [share.opened for share in held.shares] == [1]


def test_a_code_whose_link_was_ended_says_so(client: FlaskClient) -> None:
    at = place()
    token = shared(at)
    end_shares(at)

    answer = handed_in(client, coded(f"{HOST}{token}"))

    assert answer.status_code == 303
    assert "This link shows nothing" in client.get(answer.location).text


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (("https://evil.example/i/northfell/shared/AbCdEfGhIjKlMnOpQrStUv",), "does not lead"),
        (("javascript:alert(1)",), "does not lead"),
        (("<script>alert(1)</script>",), "does not lead"),
        ((f"{HOST}{'A' * 22}", f"{HOST}{'B' * 22}"), "codes of several badges"),
    ],
    ids=["elsewhere", "script", "markup", "two"],
)
def test_other_codes_are_not_followed(
    client: FlaskClient, texts: tuple[str, ...], says: str
) -> None:
    answer = handed_in(client, coded(*texts))

    assert answer.status_code == 400
    assert says in answer.text
    assert "<script>alert" not in answer.text


@pytest.mark.usefixtures("database")
def test_the_command_checks_what_the_code_leads_to() -> None:
    token = shared(place())

    checked = check_data(coded(f"{HOST}{token}"))

    assert checked.examination.verdict == "valid"
    with pytest.raises(UnknownShareError):
        check_data(coded(f"{HOST}{'A' * 22}"))
    with pytest.raises(UnreadableCredentialError):
        check_data(coded("hello"))
