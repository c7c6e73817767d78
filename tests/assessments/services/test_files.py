from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from lti_tool.assessments import queries
from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.errors import (
    UnknownItemError,
    UnreadableResponseError,
    UnwantedFileError,
)
from lti_tool.assessments.models import LateResponse
from lti_tool.assessments.rules import Save
from lti_tool.assessments.services import (
    Saved,
    answer_by_file,
    create_assessment,
    create_placement,
    get_file,
    open_attempt,
    publish_edition,
    save_response,
    submit_attempt,
)
from lti_tool.core import clock, keys
from lti_tool.core import settings as settings_module
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import (
    AttachmentId,
    AttemptId,
    ItemVersionId,
    PlacementId,
    UserId,
    new_id,
)
from tests.assessments.conftest import SECRET, Visit, put_cookie, visit
from tests.assessments.factories import University, form_of, learner, question, university
from tests.assessments.items.samples import sample

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    before = settings_module.current()
    settings_module.install(replace(before, storage_dir=tmp_path))
    yield tmp_path
    settings_module.install(before)


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """A learner with an open attempt: a report to send, another one, a choice to make."""

    place: University
    placement_id: PlacementId
    user_id: UserId
    attempt_id: AttemptId
    items: list[ItemVersionId]

    def send(self, name: str = "report.pdf", data: bytes = b"%PDF", item: int = 0) -> Saved:
        return answer_by_file(
            self.place.id,
            self.attempt_id,
            self.items[item],
            user_id=self.user_id,
            name=name,
            data=data,
        )

    def saved(self) -> tuple[str, ...]:
        with transaction(self.place.id) as session:
            found = queries.list_responses(session, self.attempt_id)
        return found[self.items[0]].value if self.items[0] in found else ()

    def save(self, *value: str, item: int = 0, base: int = 0) -> Saved:
        id_ = uuid4()
        save = Save(
            item_version_id=self.items[item],
            value=value,
            flagged=False,
            save_id=id_,
            page_id=id_,
            sequence=base + 1,
            base=base,
        )
        return save_response(self.place.id, self.attempt_id, save, user_id=self.user_id)


def sit() -> Sitting:
    place = university()
    report = sample("file_upload", largest_mb=1)
    edition_id = publish_edition(
        place.id,
        EditionDraft(
            assessment_id=create_assessment(place.id, "Reports"),
            title="Reports",
            summary="",
            pass_mark=Decimal("0.5"),
            items=tuple(DraftItem(item=item) for item in (report, report, question())),
        ),
    )
    placement_id = create_placement(
        place.id, edition_id, context_id=None, created_by=None, title="Reports"
    )
    user_id = learner(place)
    attempt_id = open_attempt(place.id, placement_id, user_id)
    return Sitting(
        place=place,
        placement_id=placement_id,
        user_id=user_id,
        attempt_id=attempt_id,
        items=form_of(place, attempt_id),
    )


def test_a_file_becomes_part_of_the_answer_and_comes_back_as_it_was() -> None:
    sitting = sit()

    sitting.send("../My report\u202e.PDF", b"%PDF one")
    sitting.send("b.docx", b"two")

    first, second = map(_uuid, sitting.saved())
    attachment, stored = get_file(
        sitting.place.id, sitting.attempt_id, first, of_user=sitting.user_id
    )
    assert (attachment.name, attachment.size) == ("My report.PDF", 8)
    assert (stored.data, stored.media_type) == (b"%PDF one", "application/pdf")
    assert get_file(sitting.place.id, sitting.attempt_id, second)[1].data == b"two"


def _uuid(word: str) -> AttachmentId:
    return AttachmentId(UUID(word))


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.exe", b"x"), ("a", b"x"), ("a.pdf", b""), ("a.pdf", bytes(1_000_001)), ("", b"x")],
)
def test_what_is_not_asked_for_is_not_kept(name: str, data: bytes, folder: Path) -> None:
    sitting = sit()

    with pytest.raises(UnwantedFileError):
        sitting.send(name, data)
    assert sitting.saved() == ()
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_question_that_asks_for_no_file_takes_none() -> None:
    sitting = sit()

    with pytest.raises(UnknownItemError):
        sitting.send(item=2)
    with pytest.raises(UnknownItemError):
        answer_by_file(
            sitting.place.id,
            sitting.attempt_id,
            ItemVersionId(new_id()),
            user_id=sitting.user_id,
            name="a.pdf",
            data=b"x",
        )


def test_nobody_sends_more_than_we_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lti_tool.assessments.services.files._MOST_SENT", 2)
    sitting = sit()
    sitting.send()
    sitting.send()

    with pytest.raises(UnwantedFileError):
        sitting.send()
    assert len(sitting.saved()) == 2


def test_an_answer_names_only_files_that_were_sent_for_it() -> None:
    sitting, other = sit(), sit()
    sitting.send(item=0)
    other.send(item=0)
    [own], [foreign] = sitting.saved(), other.saved()

    for item, word in [(0, str(uuid4())), (0, foreign), (1, own), (0, "x"), (0, "\0")]:
        with pytest.raises(UnreadableResponseError):
            sitting.save(word, item=item, base=1 if item == 0 else 0)
    sitting.save(base=1)
    assert sitting.saved() == ()
    sitting.save(own, base=2)
    assert sitting.saved() == (own,)


def test_a_file_after_the_end_is_kept_apart() -> None:
    sitting = sit()
    submit_attempt(sitting.place.id, sitting.attempt_id, user_id=sitting.user_id)
    with transaction(sitting.place.id) as session:
        assert not queries.awaits_marking(session, sitting.placement_id, sitting.user_id)

    assert sitting.send().is_late
    assert sitting.saved() == ()
    with transaction(sitting.place.id) as session:
        [late] = session.scalars(select(LateResponse)).all()
        assert list(queries.list_attachments(session, sitting.attempt_id)) == late.value


def test_files_wait_for_marking_and_are_looked_back_at() -> None:
    sitting = sit()
    sitting.send("report.pdf")
    submit_attempt(sitting.place.id, sitting.attempt_id, user_id=sitting.user_id)

    with transaction(sitting.place.id) as session:
        review = queries.attempt_review(session, sitting.attempt_id, at=clock.now())

        waits = queries.awaits_marking(session, sitting.placement_id, sitting.user_id)

    assert waits
    assert [item.needs_marking for item in review.items] == [True, False, False]
    [id_] = review.items[0].files
    assert review.attachments[id_].name == "report.pdf"


def test_nobody_gets_anothers_file() -> None:
    sitting, other = sit(), sit()
    sitting.send()
    [word] = sitting.saved()

    somebody = learner(sitting.place)
    anothers_id = open_attempt(sitting.place.id, sitting.placement_id, somebody)
    for place, attempt_id, user_id in [
        (sitting.place, sitting.attempt_id, somebody),
        (sitting.place, anothers_id, None),
        (other.place, sitting.attempt_id, None),
        (other.place, other.attempt_id, None),
    ]:
        with pytest.raises(NotFoundError):
            get_file(place.id, attempt_id, _uuid(word), of_user=user_id)


@pytest.fixture
def arrived(product: Flask, client: FlaskClient) -> tuple[Sitting, Visit]:  # noqa: ARG001 - the result page
    sitting = sit()
    here = visit(sitting.place, sitting.placement_id, sitting.user_id)
    put_cookie(client, here)
    return sitting, here


def as_form(data: bytes, name: str) -> dict[str, Any]:
    """Return what a browser sends; the client's own way leaves large bodies open."""
    token = keys.mac("csrf", SECRET.encode()).hex()
    field = 'Content-Disposition: form-data; name="'
    head = f'--=\r\n{field}csrf_token"\r\n\r\n{token}\r\n'
    head += f'--=\r\n{field}file"; filename="{name}"\r\n\r\n'
    return {
        "data": head.encode() + data + b"\r\n--=--\r\n",
        "content_type": 'multipart/form-data; boundary="="',
    }


def post(
    client: FlaskClient, here: Visit, sitting: Sitting, data: bytes, name: str
) -> tuple[int, str]:
    url = here.url(sitting.attempt_id, "files", str(sitting.items[1]))
    answer = client.post(url, **as_form(data, name))
    return answer.status_code, answer.headers.get("Location", "").rpartition("?")[2]


def test_a_form_sends_a_file_and_comes_back_to_its_question(
    arrived: tuple[Sitting, Visit], client: FlaskClient
) -> None:
    sitting, here = arrived

    assert post(client, here, sitting, b"%PDF", "a.pdf") == (303, "question=2")
    assert post(client, here, sitting, b"x", "a.exe") == (400, "")
    assert post(client, here, sitting, b"x", "") == (400, "")
    page = client.get(here.url(sitting.attempt_id))
    [id_] = [name for name in _links(page.text) if "/files/" in name]
    file = client.get(id_)
    assert file.data == b"%PDF"
    assert file.headers["Content-Disposition"] == "attachment; filename=a.pdf"
    assert file.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def _links(html: str) -> list[str]:
    return [part.partition('"')[0] for part in html.split('href="')[1:]]


def test_only_this_address_takes_more_than_a_megabyte(
    arrived: tuple[Sitting, Visit], client: FlaskClient
) -> None:
    sitting, here = arrived

    taken = post(client, here, sitting, bytes(1_000_000), "a.pdf")
    refused = client.post(
        here.url(sitting.attempt_id, "responses"), **as_form(bytes(1_000_001), "a.pdf")
    )

    assert taken == (303, "question=2")
    assert refused.status_code == 413
