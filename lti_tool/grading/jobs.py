"""Work this package does when others announce something, and by the clock."""

import asyncio
import time
from dataclasses import replace
from uuid import UUID

from lti_tool.assessments.events import PlacementResultChanged
from lti_tool.core import logs, queue
from lti_tool.core.db import system_transaction
from lti_tool.core.errors import ToolError
from lti_tool.core.ids import InstitutionId, RegistrationId
from lti_tool.grading import ags, sender, services
from lti_tool.grading.rules import Answer, Outcome
from lti_tool.grading.sender import Delivered, Line, Parcel
from lti_tool.platforms import quirks, service_client
from lti_tool.platforms.queries import get_registration

log = logs.get(__name__)

_SCORE = (ags.SCORE_SCOPE,)
_READ = (ags.RESULT_SCOPE,)
# A job goes on with the next batch for so long; what is left is handed to a fresh job.
_WORKING_SECONDS = queue.JOB_SECONDS / 2
_FLUSH_SECONDS = 0.02


def desire_score(event: PlacementResultChanged) -> None:
    """Have the gradebook hold the user's present result."""
    services.desire_score(event.institution_id, event.placement_id, event.user_id)


def wake_due_lanes() -> None:
    """Have every lane looked at whose time has come: retries, and wake-ups that were missed."""
    lanes = [[str(word) for word in lane] for lane in services.due_lanes()]
    if lanes:
        queue.enqueue(services.SEND_DUE, *lanes)


def send_due(registration_id: str, institution_id: str) -> None:
    """Send a platform what its gradebook should hold, until nothing is due.

    Does nothing while another worker holds the lane. Stopped at any point, what was
    acknowledged is written and what was not stays due.
    """
    lane = services.lease(
        RegistrationId(UUID(registration_id)), InstitutionId(UUID(institution_id))
    )
    if lane is None:
        return
    shift = _Shift(lane)
    try:
        while shift.goes_on and (batch := services.take_batch(lane)):
            shift.send(batch)
    finally:
        services.release(lane)
    wake_due_lanes()


class _Shift:
    """One job's work on a lane: batch after batch, until time or the platform's patience ends."""

    def __init__(self, lane: services.Lane) -> None:
        self.lane = lane
        self.goes_on = True
        self._ends_at = time.monotonic() + _WORKING_SECONDS
        self._tokens_refused = 0

    def send(self, batch: list[Parcel]) -> None:
        """Send a batch; what the platform would not take now is put off with its reason."""
        try:
            line = _line(self.lane.registration_id)
        except ToolError as error:
            # Without a token nothing goes: the platform's trouble or the registration's.
            self._put_off(batch, Answer(outcome=Outcome.TEMPORARY, status=None, reason=str(error)))
            return
        delivered = asyncio.run(_exchange(self.lane, batch, line))
        outcomes = [item.answer.outcome for item in delivered]
        log.info("scores_sent", **{word: outcomes.count(word) for word in set(outcomes)})
        sent = {item.parcel.id for item in delivered}
        unsent = [parcel for parcel in batch if parcel.id not in sent]
        if Outcome.UNAUTHORIZED in outcomes:
            service_client.forget_token(self.lane.registration_id, _SCORE, line.token)
            self._tokens_refused += 1
        if unsent and self._tokens_refused != 1:
            last = delivered[-1].answer
            self._put_off(unsent, replace(last, outcome=Outcome.TEMPORARY))
        self.goes_on = self.goes_on and time.monotonic() < self._ends_at

    def _put_off(self, parcels: list[Parcel], answer: Answer) -> None:
        services.record_answers(
            self.lane, [Delivered(parcel=parcel, answer=answer) for parcel in parcels]
        )
        self.goes_on = False


def _line(registration_id: RegistrationId) -> Line:
    def read_token() -> str | None:
        try:
            return service_client.access_token(registration_id, _READ)
        except ToolError:
            return None

    with system_transaction() as session:
        product = get_registration(session, registration_id).product
    return Line(
        token=service_client.access_token(registration_id, _SCORE),
        read_token=read_token,
        in_flight=quirks.quirks_of(product).in_flight,
    )


async def _exchange(lane: services.Lane, batch: list[Parcel], line: Line) -> list[Delivered]:
    """Send the batch; write together the answers that came within the same instant.

    Returns:
        What was sent, in the order of its answers; all of it is written.
    """
    answered: list[Delivered] = []
    delivered: list[Delivered] = []
    done = asyncio.Event()

    async def report(item: Delivered) -> None:
        answered.append(item)
        delivered.append(item)

    async def write() -> None:
        while not done.is_set() or answered:
            if answered:
                now, answered[:] = answered[:], []
                await asyncio.to_thread(services.record_answers, lane, now)
            else:
                await asyncio.sleep(_FLUSH_SECONDS)

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        try:
            await sender.send(batch, line, report)
        finally:
            done.set()
    return delivered
