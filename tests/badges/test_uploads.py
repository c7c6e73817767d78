"""Pictures that issuers upload, from the editor to everything that shows them."""

import re
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from pypdf import PdfReader
from werkzeug.test import TestResponse

from lti_tool.badges import exporting, forgetting, queries, services, uploads
from lti_tool.badges.carriers import Carrier
from lti_tool.badges.errors import UnusablePictureError
from lti_tool.badges.exporting import FileKind
from lti_tool.badges.pictures import PictureKind, UploadedPicture
from lti_tool.badges.rules import AchievementDraft
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from tests.badges.factories import DRAFT, Place, issue, place
from tests.badges.pictures import SVG, png, svg, telling_png
from tests.badges.test_carriers import credential_in
from tests.badges.test_desk import DESK, EDITION, enter, sent

WORDS = "Waves below a pale sky"


@pytest.fixture
def at(client: FlaskClient) -> Place:
    """Return an institution at which an issuer is signed in."""
    at = place()
    enter(client, at, "issuer")
    return at


def publish(client: FlaskClient, data: bytes, path: str = "/new", **fields: str) -> TestResponse:
    page = client.get(f"{DESK}{path}")
    form: dict[str, object] = {**sent(page, **EDITION), "picture_words": WORDS, **fields}
    answer = client.post(f"{DESK}{path}", data={**form, "picture": (BytesIO(data), "picture")})
    answer.request.environ["wsgi.input"].close()  # what the client wrote of a large form
    return answer


def content(at: Place, edition: int | None = None) -> AchievementDraft:
    with transaction(at.institution_id) as session:
        achievement = queries.get_achievement(session, at.achievement_id)
        return queries.edition_content(session, achievement, edition or achievement.edition)


def with_picture(at: Place, data: bytes) -> None:
    picture = uploads.keep(at.institution_id, data, words=WORDS)
    services.revise_achievement(
        at.institution_id, at.achievement_id, replace(DRAFT, picture=picture), actor=audit.SYSTEM
    )


def picture_url(at: Place, edition: int, kind: str) -> str:
    return f"/i/northfell/achievements/{at.achievement_id}/editions/{edition}/image.{kind}"


def test_an_uploaded_picture_is_shown_in_place_of_the_drawn_one(
    client: FlaskClient, at: Place
) -> None:
    answer = publish(client, SVG.encode(), f"/{at.achievement_id}/edit")

    assert answer.status_code == 303
    assert content(at).picture is not None
    page = client.get(
        f"/i/northfell/achievements/{at.achievement_id}", headers={"Accept": "text/html"}
    )
    assert f'alt="{WORDS}"' in page.text
    assert picture_url(at, 2, "svg") in page.text
    shown = client.get(picture_url(at, 2, "svg"))
    assert "M0 60 Q25 50" in shown.text
    assert "made by hand" not in shown.text


def test_editions_keep_the_pictures_they_had(client: FlaskClient, at: Place) -> None:
    with_picture(at, SVG.encode())
    with_picture(at, png(300))

    assert "stroke-linecap" in client.get(picture_url(at, 1, "svg")).text
    assert "M0 60 Q25 50" in client.get(picture_url(at, 2, "svg")).text
    assert "data:image/png" in client.get(picture_url(at, 3, "svg")).text
    assert client.get(picture_url(at, 4, "svg")).status_code == 404
    now = client.get(f"/i/northfell/achievements/{at.achievement_id}/image.png")
    assert now.data == client.get(picture_url(at, 3, "png")).data


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_it_is_served_for_ever_to_everybody_and_runs_nothing(
    client: FlaskClient, at: Place, kind: str
) -> None:
    with_picture(at, SVG.encode())

    answer = client.get(picture_url(at, 2, kind))

    assert answer.mimetype == {"svg": "image/svg+xml", "png": "image/png"}[kind]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(("data", "kind"), [(SVG.encode(), "svg"), (telling_png(), "png")])
def test_credentials_name_it_and_every_file_has_it(at: Place, data: bytes, kind: str) -> None:
    with_picture(at, data)
    credential_id = issue(at)

    files = {
        one: exporting.credential_file(at.institution_id, credential_id, one) for one in FileKind
    }
    certificate = exporting.certificate_file(
        at.institution_id,
        credential_id,
        link="https://cairn.example/i/x/shared/t",
        verify_url="https://cairn.example/verify",
        holder=None,
    )

    document = credential_in(files[FileKind.JSON].data).document
    assert document["credentialSubject"]["achievement"]["image"]["id"].endswith(
        f"/editions/2/image.{kind}"
    )
    for one, carrier in ((FileKind.SVG, Carrier.SVG), (FileKind.PNG, Carrier.PNG)):
        found = credential_in(files[one].data)
        assert (found.carrier, found.document) == (carrier, document)
    assert b"Amara" not in files[FileKind.PNG].data
    assert Image.open(BytesIO(files[FileKind.PNG].data)).size == (
        (512, 512) if kind == "svg" else (300, 300)
    )
    shape = b"M0 60 Q25 50" if kind == "svg" else b"data:image/png"
    assert shape in files[FileKind.SVG].data
    assert credential_in(certificate.data).document == document
    assert WORDS in _alternatives(certificate.data)


def _alternatives(pdf: bytes) -> str:
    """Return what a screen reader says of the pictures in a certificate."""
    reader = PdfReader(BytesIO(pdf))
    told = []
    for number in range(1, int(str(reader.trailer["/Size"]))):
        one: Any = reader.get_object(number)
        if isinstance(one, dict) and "/Alt" in one:
            told.append(str(one["/Alt"]))
    return " ".join(told)


def test_without_words_or_with_something_hostile_nothing_is_published(
    client: FlaskClient, at: Place
) -> None:
    for data, words, says in (
        (SVG.encode(), "  ", "what the picture shows"),
        (SVG.encode(), "Waves \x01", "what the picture shows"),
        (SVG.encode(), "Waves " * 60, "what the picture shows"),
        (svg("<script>alert(1)</script>"), WORDS, "It contains a script"),
        (png(300, 200), WORDS, "300 wide and 200 high"),
        (b"%PDF-1.7", WORDS, "no PNG and no SVG"),
        (png() + bytes(2_000_000), WORDS, "larger than 2 MB"),
    ):
        answer = publish(client, data, picture_words=words)
        assert answer.status_code == 400
        assert says in answer.text
        assert "Programme board" in answer.text  # nothing typed is lost
    with transaction(at.institution_id) as session:
        assert len(queries.list_achievements(session)) == 1


def test_a_picture_need_not_be_chosen_again_when_something_else_is_wrong(
    client: FlaskClient, at: Place
) -> None:
    refused = publish(client, SVG.encode(), f"/{at.achievement_id}/edit", country="Eire")
    kept = dict(re.findall(r'name="(picture_\w+)" value="([^"]*)"', refused.text))
    page = client.get(f"{DESK}/new")

    answer = client.post(
        f"{DESK}/{at.achievement_id}/edit",
        data={**sent(page, **EDITION), **kept, "picture_words": WORDS},
    )

    assert answer.status_code == 303
    assert content(at).picture == UploadedPicture(
        id=kept["picture_id"], kind=PictureKind.SVG, words=WORDS
    )


def test_another_edition_keeps_the_picture_until_it_is_given_up(
    client: FlaskClient, at: Place
) -> None:
    with_picture(at, SVG.encode())
    edit = f"{DESK}/{at.achievement_id}/edit"
    page = client.get(edit)
    hidden = dict(re.findall(r'name="(picture_\w+)" value="([^"]*)"', page.text))

    client.post(edit, data=sent(page, **EDITION, **hidden))
    kept = content(at).picture
    client.post(edit, data=sent(page, **EDITION, **hidden, drawn="1"))

    assert kept is not None
    assert content(at).picture is None


def test_what_another_institution_uploaded_cannot_be_named(client: FlaskClient, at: Place) -> None:
    other = place("elsewhere")
    theirs = uploads.keep(other.institution_id, SVG.encode(), words=WORDS)
    page = client.get(f"{DESK}/new")
    form = sent(page, **EDITION)

    for picture_id in (theirs.id, "0" * 64, "../../keys"):
        named = {"picture_id": picture_id, "picture_kind": "svg", "picture_words": WORDS}
        answer = client.post(f"{DESK}/new", data={**form, **named})
        assert answer.status_code == 400
    with transaction(at.institution_id) as session:
        assert len(queries.list_achievements(session)) == 1


def test_the_same_picture_is_kept_once_and_its_words_are_the_editions(at: Place) -> None:
    one = uploads.keep(at.institution_id, png(300), words="One")
    two = uploads.keep(at.institution_id, png(300), words="Two")

    assert one.id == two.id
    assert (one.words, two.words) == ("One", "Two")


def test_what_takes_too_long_to_draw_is_refused(at: Place) -> None:
    # Few pieces, each of which covers everything through a pattern of patterns.
    inside = '<pattern id="p0" width=".001" height=".001"><path d="M0 0h9v9z"/></pattern>'
    for number in range(1, 12):
        rects = f'<rect width="1" height="1" fill="url(#p{number - 1})"/>' * 3
        units = 'patternContentUnits="objectBoundingBox"'
        inside += f'<pattern id="p{number}" width=".01" height=".01" {units}>{rects}</pattern>'
    inside += '<rect width="100" height="100" fill="url(#p11)"/>' * 20

    with pytest.raises(UnusablePictureError):
        uploads.keep(at.institution_id, svg(inside), words=WORDS)


def test_how_it_will_look_is_shown_before_anything_is_published(
    client: FlaskClient, at: Place
) -> None:
    looked = publish(client, png(), look="1", name="", colour="ethics")
    [shown] = re.findall(r'<img class="badge-art[^>]*src="([^"]+)"', looked.text, re.DOTALL)
    picture = client.get(shown)
    drawn = publish(client, b"", look="1", drawn="1", colour="ethics")
    [address] = re.findall(r'<img class="badge-art[^>]*src="([^"]+)"', drawn.text, re.DOTALL)
    drawing = client.get(address.replace("&amp;", "&"))

    assert looked.status_code == 200
    assert "The picture that you uploaded is kept." in looked.text
    assert picture.mimetype == "image/png"
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    assert address.startswith(f"{DESK}/look.svg?")
    assert drawing.mimetype == "image/svg+xml"
    assert "#4a3a6b" in drawing.text  # violet, which is not that of data
    with transaction(at.institution_id) as session:
        assert [one.name for one in queries.list_achievements(session)] == [DRAFT.name]


@pytest.mark.usefixtures("at")
def test_a_picture_that_cannot_be_used_is_told_of_when_one_wants_to_see_it(
    client: FlaskClient,
) -> None:
    refused = publish(client, b"no picture at all", look="1")

    assert refused.status_code == 400
    assert "Reading Figures" in refused.text  # what was typed stays


@pytest.mark.parametrize(
    "path",
    [
        f"pictures/{'a' * 64}.png",
        "pictures/nonsense.png",
        f"pictures/{'A' * 64}.svg",
        f"pictures/{'a' * 64}%0A.png",
    ],
)
@pytest.mark.usefixtures("at")
def test_a_picture_that_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"{DESK}/{path}").status_code == 404


@pytest.mark.usefixtures("at")
def test_another_institutions_picture_is_not_shown(client: FlaskClient) -> None:
    other = place("elsewhere")
    theirs = uploads.keep(other.institution_id, png(), words=WORDS)

    assert client.get(f"{DESK}/pictures/{theirs.id}.png").status_code == 404


@pytest.mark.usefixtures("at")
def test_a_look_at_nonsense_is_refused(client: FlaskClient) -> None:
    assert client.get(f"{DESK}/look.svg?outline=cube&sign=data&stones=9").status_code == 400
    look = f"{DESK}/look.svg?outline=stone&sign=data&stones=1"
    assert client.get(f"{look}&letters=ok").status_code == 200
    assert client.get(f"{look}&letters=<no>").status_code == 400


def test_a_picture_that_no_edition_names_is_forgotten_after_a_day(
    at: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_picture(at, png())
    named = content(at).picture
    unnamed = uploads.keep(at.institution_id, SVG.encode(), words=WORDS)
    assert named is not None

    young = forgetting.forget_pictures()
    later = clock.now() + forgetting.WAITS + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    old = forgetting.forget_pictures()

    assert young == 0
    assert old == 2  # as SVG and as PNG
    assert uploads.is_kept(at.institution_id, named)
    assert not uploads.is_kept(at.institution_id, unnamed)
