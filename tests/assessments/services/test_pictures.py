from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from lti_tool.assessments import content
from lti_tool.assessments.errors import UnreadableImageError
from lti_tool.assessments.services import get_image, store_image
from lti_tool.core import settings as settings_module
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import InstitutionId

PNG = b"\x89PNG\r\n\x1a\n rest"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><title>A line</title></svg>'
ONE, TWO = InstitutionId(UUID(int=1)), InstitutionId(UUID(int=2))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    before = settings_module.current()
    settings_module.install(replace(before, storage_dir=tmp_path))
    yield tmp_path
    settings_module.install(before)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff rest", "image/jpeg"),
        (b"GIF89a rest", "image/gif"),
        (b"RIFF0000WEBP rest", "image/webp"),
        (SVG, "image/svg+xml"),
    ],
)
def test_an_image_is_kept_under_a_name_that_content_may_use(data: bytes, media_type: str) -> None:
    name = store_image(ONE, data)

    stored = get_image(name.removeprefix("image:"))
    assert (stored.data, stored.media_type) == (data, media_type)
    assert content.check(f"![A line]({name})")


def test_the_same_image_has_one_name_in_an_institution_and_another_elsewhere(folder: Path) -> None:
    names = [store_image(institution, PNG) for institution in (ONE, ONE, TWO)]

    assert names[0] == names[1] != names[2]
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><script>alert(1)</script></html>",
        b"<svg><title>of no namespace</title></svg>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        b'<?xml version="1.0" encoding="nowhere"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<?xml version="1.0" encoding="shift_jis"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"%PDF-1.7",
        PNG + bytes(2_000_000),
    ],
)
def test_what_is_no_image_is_refused(data: bytes, folder: Path) -> None:
    with pytest.raises(UnreadableImageError):
        store_image(ONE, data)
    assert list(folder.iterdir()) == []


def test_an_image_is_shown_and_can_run_nothing(client: FlaskClient) -> None:
    name = store_image(ONE, SVG)

    answer = client.get("/images/" + name.removeprefix("image:"))

    assert (answer.status_code, answer.data) == (200, SVG)
    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"].endswith("; sandbox")
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("id_", ["0" * 64, "x", "..%2f..%2fkeys", "A" * 64])
def test_an_image_that_is_not_there_is_not_found(client: FlaskClient, id_: str) -> None:
    assert client.get(f"/images/{id_}").status_code == 404
    with pytest.raises(NotFoundError):
        get_image("0" * 64)
