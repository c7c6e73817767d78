"""Answers that go after their time, and files that nobody knows."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, update

from lti_tool.assessments import services
from lti_tool.assessments.errors import AttemptClosedError
from lti_tool.assessments.models import (
    Attachment,
    Attempt,
    ItemMark,
    ItemVersion,
    LateResponse,
    Placement,
    Response,
)
from lti_tool.assessments.queries import (
    AttemptReview,
    attempt_review,
    item_statistics,
    list_results,
)
from lti_tool.core import clock, queue
from lti_tool.core import settings as settings_module
from lti_tool.core.db import transaction
from lti_tool.core.ids import new_id
from lti_tool.core.settings import Keep
from lti_tool.core.storage import storage
from lti_tool.instructor.marking import count_waiting
from tests.assessments.factories import learner, placed, university
from tests.assessments.services.taking import take
from tests.assessments.services.test_files import Sitting, sit


@pytest.fixture(autouse=True)
def folder(database: Connection, tmp_path: Path) -> Iterator[Path]:
    assert database.in_transaction()
    before = settings_module.current()
    settings_module.install(replace(before, storage_dir=tmp_path, keep=Keep(answers_days=365)))
    yield tmp_path
    settings_module.install(before)


def hand_in(sitting: Sitting, *, days_ago: int = 0) -> None:
    services.submit_attempt(sitting.place.id, sitting.attempt_id, user_id=sitting.user_id)
    with transaction(sitting.place.id) as session:
        session.execute(
            update(Attempt).values(
                submitted_at=clock.now() - timedelta(days=days_ago), awaits_marking=False
            )
        )


def files_in(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def test_answers_go_after_their_time_and_points_stay(folder: Path) -> None:
    sitting = sit()
    sitting.send("b.pdf", b"%PDF")
    sitting.save("b", item=2)
    hand_in(sitting, days_ago=366)
    with pytest.raises(AttemptClosedError):
        sitting.save("a", item=2)
    with transaction(sitting.place.id) as session:
        before = session.scalars(select(Attempt)).one().points_earned
        session.add(
            ItemMark(
                attempt_id=sitting.attempt_id,
                item_version_id=sitting.items[0],
                number=1,
                save_id=new_id(),
                points=1,
                out_of=1,
                levels=[],
                comment="Well said, Amara.",
                marked_by=sitting.user_id,
                marked_at=clock.now(),
            )
        )
    assert files_in(folder) == 1

    assert services.forget_answers() == 1
    assert services.forget_answers() == 0

    assert files_in(folder) == 0
    with transaction(sitting.place.id) as session:
        attempt = session.scalars(select(Attempt)).one()
        assert (attempt.points_earned, attempt.answers_gone_at is not None) == (before, True)
        assert {str(value) for value in session.scalars(select(Response.value))} == {"[]"}
        assert session.scalars(select(ItemMark.comment)).one() == ""
        for table in (Attachment, LateResponse):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_what_an_attempt_came_to_is_told_as_before_once_its_answers_are_gone() -> None:
    place = university()
    attempt = take(place, placed(place, keys="abc"), learner(place), "ab")

    def look() -> AttemptReview:
        with transaction(place.id) as session:
            return attempt_review(session, attempt.id, at=clock.now(), whole=True)

    before = look()
    with transaction(place.id) as session:
        session.execute(update(Attempt).values(submitted_at=clock.now() - timedelta(days=366)))
    assert services.forget_answers() == 1
    after = look()

    assert after.competencies == before.competencies
    told = [(one.points_earned, one.is_right, one.key) for one in after.items]
    assert told == [(one.points_earned, one.is_right, one.key) for one in before.items]
    kept_no_longer = "The answer is no longer kept."
    assert [one.chosen for one in after.items] == [kept_no_longer, kept_no_longer, None]


def test_nothing_of_a_learner_who_was_erased_waits_for_marking() -> None:
    sitting = sit()
    sitting.send("b.pdf", b"%PDF")
    services.submit_attempt(sitting.place.id, sitting.attempt_id, user_id=sitting.user_id)

    services.erase_answers(sitting.place.id, [sitting.user_id])

    with transaction(sitting.place.id) as session:
        [standing] = list_results(session, sitting.placement_id)
        assert standing.to_mark == 0
        review = attempt_review(session, sitting.attempt_id, at=clock.now(), whole=True)
        placement = session.scalars(select(Placement)).one()
        assert count_waiting(session, placement) == 0
    assert not any(one.needs_marking for one in review.items)


def test_an_answer_that_was_erased_unmarked_is_not_counted_as_a_wrong_one() -> None:
    sitting = sit()
    sitting.send("b.pdf", b"%PDF")
    services.submit_attempt(sitting.place.id, sitting.attempt_id, user_id=sitting.user_id)

    services.erase_answers(sitting.place.id, [sitting.user_id])

    with transaction(sitting.place.id) as session:
        asked = session.scalars(select(ItemVersion.item_id)).all()
        assert item_statistics(session, asked) == {}
        [standing] = list_results(session, session.scalars(select(Attempt.placement_id)).one())
    assert (standing.is_unmarked, standing.to_mark) == (True, 0)


@pytest.mark.parametrize("kept", ["young", "open", "to be marked", "for ever"])
def test_answers_that_are_still_wanted_stay(kept: str) -> None:
    sitting = sit()
    sitting.save("b", item=2)
    if kept != "open":
        hand_in(sitting, days_ago=364 if kept == "young" else 366)
    if kept == "to be marked":
        with transaction(sitting.place.id) as session:
            session.execute(update(Attempt).values(awaits_marking=True))
    if kept == "for ever":
        settings_module.install(replace(settings_module.current(), keep=Keep()))

    assert services.forget_answers() == 0
    with transaction(sitting.place.id) as session:
        assert session.scalars(select(Response.value)).one() == ["b"]


def lie(folder: Path, key: str, *, days: int) -> Path:
    """Store a file and let it have lain there for so long."""
    storage().put(key, b"x", "text/plain")
    at = (clock.now() - timedelta(days=days)).timestamp()
    os.utime(folder / key, (at, at))
    return folder / key


def test_files_without_a_row_go_when_they_are_old(folder: Path) -> None:
    sitting = sit()
    sitting.send("b.pdf", b"%PDF")
    [known] = [path for path in folder.rglob("*") if path.is_file()]
    os.utime(known, (0, 0))
    place = f"attachments/{sitting.place.id.hex}/{sitting.attempt_id.hex}"
    orphan = lie(folder, f"{place}/{new_id().hex}", days=8)
    young = lie(folder, f"{place}/{new_id().hex}", days=6)
    strange = lie(folder, "attachments/readme.txt", days=99)
    elsewhere = lie(folder, f"attachments/{new_id().hex}/{new_id().hex}/{new_id().hex}", days=99)
    image = lie(folder, "images/ab/abc", days=99)

    assert services.forget_orphans() == 1

    assert not orphan.exists()
    assert all(path.exists() for path in (known, young, strange, elsewhere, image))


def test_a_run_looks_at_so_many_files_and_the_next_goes_on(folder: Path) -> None:
    sitting = sit()
    place = f"attachments/{sitting.place.id.hex}/{sitting.attempt_id.hex}"
    for _ in range(5):
        lie(folder, f"{place}/{new_id().hex}", days=8)

    assert [services.forget_orphans(most=2) for _ in range(3)] == [2, 2, 1]
    assert queue.connection().get("cairn:orphans:after") is None
    assert files_in(folder) == 0
