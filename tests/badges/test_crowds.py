"""Many at once, on a real database: constraints and locks, not luck."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import func, select

from lti_tool.badges import issuing, services
from lti_tool.badges.models import Award, AwardCause, Credential, StatusList
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.outbox import OutboxDelivery
from tests.badges.factories import Place, grant, held_badges, place
from tests.badges.test_issuing import credentials, revoked_bits

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
