"""Nothing that a page called saved is lost, whatever is killed; every attempt ends and counts once.

Real processes: two web workers, PostgreSQL and Valkey, killed by SIGKILL while people type.
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from lti_tool.app import create_app
from lti_tool.assessments import queries, rules
from lti_tool.assessments.models import LateResponse
from lti_tool.assessments.services import close_overdue
from lti_tool.core.db import transaction
from tests.conftest import another_product
from tests.faults.exam import KEYS, Exam, begin_exam, closed_once, students
from tests.faults.site import Site, running_site
from tests.faults.students import BAD, GOOD, Student

pytestmark = pytest.mark.timeout(280)

PEOPLE, CROWD = 50, 500


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("faults")) as (site, settings), another_product():
        create_app(settings)
        yield site


def test_what_a_page_called_saved_is_there_whatever_is_killed(site: Site) -> None:
    exam = begin_exam(PEOPLE)

    seated = asyncio.run(sit_through(site, exam))

    with transaction(exam.place.id) as session:
        for student in seated:
            kept = queries.list_responses(session, student.attempt_id)
            assert {
                id_: (list(one.value), one.sequence) for id_, one in kept.items()
            } == student.said
            attempt = queries.get_attempt(session, student.attempt_id)
            right = sum(
                student.said[item][0] == [key] for item, key in zip(exam.items, KEYS, strict=True)
            )
            assert attempt.points_earned == right
    assert closed_once(exam)
    assert announced_once(site, exam)


async def sit_through(site: Site, exam: Exam) -> list[Student]:
    """Have everybody type on a bad line while one thing after another is killed; hand in."""
    async with students(site.url, exam, BAD, seed=7) as seated:
        typing = [asyncio.create_task(student.type_all(pause_seconds=0.8)) for student in seated]
        kills = [site.kill_worker, site.kill_database, site.kill_worker, site.kill_web]
        for kill in kills:
            await asyncio.sleep(1.5)
            assert not all(task.done() for task in typing), f"too late for {kill.__name__}"
            await here(kill)
        await asyncio.gather(*typing)
        handing_in = [asyncio.create_task(student.hand_in()) for student in seated]
        await asyncio.sleep(0.1)
        await here(site.kill_worker)
        await asyncio.gather(*handing_in)
        return list(seated)


async def here(kill: Any) -> None:  # noqa: ANN401 - any of the site's
    """Kill on this thread, to which the servers are tied; students wait for that moment."""
    kill()
    await asyncio.sleep(0)


def announced_once(site: Site, exam: Exam) -> bool:
    """Tell whether of each attempt's result one delivery was written for the gradebook."""
    with site.connect() as connection:
        rows = connection.execute(
            "SELECT payload->>'user_id', count(*) FROM outbox_deliveries"
            " WHERE event_type = 'PlacementResultChanged' AND payload->>'placement_id' = %s"
            " GROUP BY 1",
            [str(exam.placement_id)],
        ).fetchall()
    return len(rows) == len(exam.sittings) and all(count == 1 for _, count in rows)


def test_a_crowd_that_hands_in_within_one_second_is_scored_once_each(
    site: Site,
    record_property: Any,  # noqa: ANN401 - pytest's
) -> None:
    exam = begin_exam(CROWD)

    seconds = asyncio.run(hand_in_at_once(site, exam))

    assert closed_once(exam)
    assert announced_once(site, exam)
    slowest = sorted(seconds)[int(len(seconds) * 0.95)]
    record_property("p95_seconds", round(slowest, 2))
    # On a machine that does nothing else it is a tenth of that.
    assert slowest < rules.GRACE.total_seconds()


async def hand_in_at_once(site: Site, exam: Exam) -> list[float]:
    """Have everybody press the button within a second."""
    async with students(site.url, exam, GOOD, seed=11) as seated:
        for student in seated:
            student.seconds.clear()

        async def press(student: Student, number: int) -> None:
            await asyncio.sleep(number / len(seated))
            await student.hand_in()

        await asyncio.gather(*(press(one, number) for number, one in enumerate(seated)))
        return [second for student in seated for second in student.seconds]


def test_a_laptop_that_is_back_20_minutes_late_loses_nothing_and_changes_no_score(
    site: Site,
) -> None:
    exam = begin_exam(1, minutes=30)
    [sitting] = exam.sittings

    told = asyncio.run(come_back_late(site, exam))

    assert told == (409, "attempt_closed")
    with transaction(exam.place.id) as session:
        attempt = queries.get_attempt(session, sitting.attempt_id)
        kept = queries.list_responses(session, sitting.attempt_id)
        late = session.scalars(
            select(LateResponse).where(LateResponse.attempt_id == sitting.attempt_id)
        ).all()
    assert attempt.ended_by == "clock"
    assert attempt.points_earned == 1
    assert {tuple(one.value) for one in kept.values()} == {("a",)}
    assert [one.value for one in late] == [["b"]]
    assert closed_once(exam)


async def come_back_late(site: Site, exam: Exam) -> tuple[int, str]:
    """Answer the first question, vanish, and send the second 20 minutes after the end."""
    async with students(site.url, exam, GOOD, seed=3) as [student]:
        await student.save(exam.items[0], "a")
        shift = timedelta(minutes=50)
        with site.connect() as connection:
            connection.execute(
                "UPDATE attempts SET started_at = started_at - %s, closes_at = closes_at - %s"
                " WHERE id = %s",
                [shift, shift, student.attempt_id],
            )
        assert close_overdue() == 1
        save = {
            "item_version_id": str(exam.items[1]),
            "value": ["b"],
            "flagged": False,
            "save_id": str(uuid4()),
            "page_id": str(student.page_id),
            "sequence": 1,
            "base": 0,
        }
        first = await student.post(save)
        again = await student.post(save)
        assert first[1]["code"] == again[1]["code"]
        return first[0], first[1]["code"]
