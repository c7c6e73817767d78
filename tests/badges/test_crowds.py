"""Many at once, on a real database: constraints and locks, not luck."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import Connection, create_engine, func, select, text
from sqlalchemy.pool import NullPool

from lti_tool.assessments.services import create_assessment
from lti_tool.badges import issuing, services
from lti_tool.badges.errors import AchievementExistsError, ReplacesItselfError
from lti_tool.badges.models import Award, AwardCause, Credential, StatusList
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.core.settings import Settings
from tests.badges.factories import DRAFT, Place, grant, held_badges, place
from tests.badges.test_issuing import credentials, revoked_bits
from tests.helpers import wait_for_a_lock

pytestmark = pytest.mark.usefixtures("live_app")

Result = TypeVar("Result")


def at_once(*acts: Callable[[], Result]) -> list[Result]:
    """Call each in a thread of its own, in one instant; raises what any of them raised."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Result]) -> Result:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def count(at: Place, table: type) -> int:
    with transaction(at.institution_id) as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_passes_in_one_instant_are_one_award_with_all_its_causes() -> None:
    at = place()

    awards = at_once(*[lambda: grant(at)] * 4)

    assert len(set(awards)) == 1
    assert (count(at, Award), count(at, AwardCause)) == (1, 4)
    with transaction(at.institution_id) as session:
        recorded = select(func.count(func.distinct(OutboxDelivery.event_id))).where(
            OutboxDelivery.event_type == "AwardGranted"
        )
        assert session.scalars(recorded).one() == 1


@contextmanager
def another(at: Place, live_settings: Settings) -> Iterator[Connection]:
    """Yield a connection of its own, in a transaction of the institution's."""
    engine = create_engine(live_settings.database.url, poolclass=NullPool)
    with engine.connect() as connection:
        tenant = text("SELECT set_config('app.institution_id', :id, true)")
        connection.execute(tenant, {"id": str(at.institution_id)})
        yield connection


def test_of_two_badges_that_are_published_for_one_assessment_at_once_one_is_refused(
    live_settings: Settings,
) -> None:
    at = place()
    wanted = replace(DRAFT, assessment_id=create_assessment(at.institution_id, "Charts"))
    hold = text("SELECT id FROM assessments WHERE id = :id FOR NO KEY UPDATE")

    with another(at, live_settings) as other, ThreadPoolExecutor(max_workers=2) as pool:
        other.execute(hold, {"id": wanted.assessment_id})
        tried = [
            pool.submit(services.publish_achievement, at.institution_id, wanted) for _ in range(2)
        ]
        wait_for_a_lock(other)
        other.rollback()

    refused = [one.exception() for one in tried if one.exception() is not None]
    assert [type(error) for error in refused] == [AchievementExistsError]


def test_who_says_what_follows_what_while_another_does_closes_no_ring(
    live_settings: Settings,
) -> None:
    at = place()
    one, two, three = (services.publish_achievement(at.institution_id, DRAFT) for _ in range(3))
    follow = partial(services.replace_achievement, at.institution_id, actor=audit.SYSTEM)
    follow(two, replaced_by=three)

    with another(at, live_settings) as other, ThreadPoolExecutor(max_workers=1) as pool:
        other.execute(text("SELECT id FROM achievements WHERE id = :one FOR UPDATE"), {"one": one})
        other.execute(
            text("UPDATE achievements SET replaced_by_id = :two WHERE id = :one"),
            {"one": one, "two": two},
        )
        decided = pool.submit(follow, three, replaced_by=one)
        wait_for_a_lock(other)
        other.commit()
        with pytest.raises(ReplacesItselfError):
            decided.result()


def test_signers_in_one_instant_make_one_credential_at_one_place() -> None:
    at = place()
    award_id = grant(at)

    at_once(*[lambda: issuing.issue_credential(at.institution_id, award_id)] * 4)

    assert (count(at, Credential), count(at, StatusList)) == (1, 1)
    assert held_badges(at)[0].issued_at is not None


def test_signing_and_withdrawing_in_one_instant_leave_nothing_valid() -> None:
    at = place()
    award_id = grant(at)

    at_once(
        lambda: issuing.issue_credential(at.institution_id, award_id),
        lambda: services.withdraw_award(
            at.institution_id, award_id, reason="Mistake", actor=audit.SYSTEM
        ),
    )

    assert held_badges(at) == []
    signed = credentials(at)
    assert all(credential.revoked_at is not None for credential in signed)
    if signed:
        assert revoked_bits(at) == {credential.status_index for credential in signed}
