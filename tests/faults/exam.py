"""An exam with people in it: placed, launched and begun, as the services do it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import aiohttp
from sqlalchemy import inspect

from lti_tool.assessments import queries
from lti_tool.assessments.models import Attempt
from lti_tool.assessments.services import bind_placement, open_attempt
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, ItemVersionId, LaunchId, PlacementId, UserId
from lti_tool.core.secret import hash_of
from lti_tool.launch import session as launch_session
from lti_tool.launch.models import Launch
from lti_tool.platforms.models import Deployment, User
from tests.assessments.factories import (
    University,
    course,
    form_of,
    link,
    placed,
    university,
)
from tests.faults.students import Line, Student

SECRET = "only-for-tests"
KEYS = "abcdabcdab"


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """A learner who has begun, and the visit they came by."""

    user_id: UserId
    launch_id: LaunchId
    attempt_id: AttemptId


@dataclass(frozen=True, kw_only=True)
class Exam:
    """What was placed, and who sits."""

    place: University
    placement_id: PlacementId
    items: tuple[ItemVersionId, ...]
    sittings: tuple[Sitting, ...]


def begin_exam(people: int, *, minutes: int | None = 60) -> Exam:
    """Place an exam of ten questions, and have so many people begin it."""
    place = university()
    placement_id = placed(place, keys=KEYS, minutes=minutes)
    context_id = course(place)
    link_id = link(place, context_id)
    with transaction(place.id) as session:
        bind_placement(session, placement_id, link_id, context_id)
        registration_id = session.get_one(Deployment, place.deployment_id).registration_id
        users = [User(issuer="https://lms.example", subject=str(n)) for n in range(people)]
        session.add_all(users)
        session.flush()
        launches = [
            Launch(
                registration_id=registration_id,
                deployment_id=place.deployment_id,
                user_id=user.id,
                resource_link_id=link_id,
                message_type="LtiResourceLinkRequest",
                roles=["learner"],
                settings={},
                secret_hash=hash_of(SECRET),
                created_at=clock.now(),
                expires_at=clock.now() + timedelta(hours=10),
            )
            for user in users
        ]
        session.add_all(launches)
    begun = _begin(place, placement_id, [one.user_id for one in launches])
    sittings = tuple(
        Sitting(user_id=one.user_id, launch_id=one.id, attempt_id=attempt_id)
        for one, attempt_id in zip(launches, begun, strict=True)
    )
    return Exam(
        place=place,
        placement_id=placement_id,
        items=tuple(form_of(place, sittings[0].attempt_id)),
        sittings=sittings,
    )


def _begin(
    place: University, placement_id: PlacementId, user_ids: Sequence[UserId]
) -> list[AttemptId]:
    """Have the first begin by the service, and the others as that left it, all at once."""
    first_id = open_attempt(place.id, placement_id, user_ids[0])
    with transaction(place.id) as session:
        first = queries.get_attempt(session, first_id)
        same = {
            column.key: getattr(first, column.key)
            for column in inspect(Attempt).column_attrs
            if column.key not in {"id", "user_id"}
        }
        others = [Attempt(**same, user_id=user_id) for user_id in user_ids[1:]]
        session.add_all(others)
        session.flush()  # fills the ids in
        return [first_id, *(one.id for one in others)]


@asynccontextmanager
async def students(url: str, exam: Exam, line: Line, seed: int) -> AsyncIterator[Sequence[Student]]:
    """Seat everybody, each as if with the page open."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as http:
        seated = [
            Student(
                url=f"{url}/l/{one.launch_id}/attempts/{one.attempt_id}",
                cookie=f"{launch_session.cookie_name(one.launch_id)}={exam.place.id}.{SECRET}",
                attempt_id=one.attempt_id,
                items=exam.items,
                http=http,
                random=Random(seed + number),  # noqa: S311 - a network's moods
                line=line,
            )
            for number, one in enumerate(exam.sittings)
        ]
        await seated[0].load()
        for student in seated:  # one secret, so one token: nobody else has to load the page
            student.token = seated[0].token
        yield seated


def closed_once(exam: Exam) -> bool:
    """Tell whether each attempt has ended, and each result was made once."""
    with transaction(exam.place.id) as session:
        attempts = queries.list_attempts(session, exam.placement_id)
        results = [standing.result for standing in queries.list_results(session, exam.placement_id)]
    return all(attempt.submitted_at is not None for attempt in attempts) and all(
        result is not None and result.version == 1 for result in results
    )
