"""Work this package does when others announce something, and by the clock."""

import asyncio
import time
from uuid import UUID

from lti_tool.assessments.events import PlacementPutBack, PlacementResultChanged
from lti_tool.core import audit, logs, queue
from lti_tool.core.db import system_transaction
from lti_tool.core.errors import ToolError
from lti_tool.core.ids import InstitutionId, PlacementId, RegistrationId
from lti_tool.grading import ags, sender, services
from lti_tool.grading.rules import Answer, Outcome
from lti_tool.grading.sender import Delivered, Line, Parcel, Stop
from lti_tool.people.events import PersonErased
from lti_tool.platforms import quirks, service_client
from lti_tool.platforms.events import CourseServicesChanged
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


def desire_scores_of_course(event: CourseServicesChanged) -> None:
    """Have the gradebook hold what could not be sent, or not there, before."""
    services.desire_scores_of_context(event.institution_id, event.context_id)


def send_put_back(event: PlacementPutBack) -> None:
    """Have the gradebook hold a placement's results again, those that came meanwhile as well."""
    services.desire_scores_of_placement(event.institution_id, event.placement_id)
    services.send_again(event.institution_id, event.placement_id, actor=audit.SYSTEM)


def erase_scores(event: PersonErased) -> None:
    """Send nothing more for an erased person."""
    services.erase_scores(event.institution_id, event.user_ids)


def wake_due_lanes() -> None:
    """Have every lane looked at whose time has come: retries, and wake-ups that were missed."""
    lanes = [[str(word) for word in lane] for lane in services.due_lanes()]
    if lanes:
        queue.enqueue(services.SEND_DUE, *lanes)


def compare_lanes() -> None:
    """Have every column that was not read since yesterday read: a lane's at a time."""
    for registration_id, institution_id in services.take_lanes_to_compare():
        found = services.list_compared(institution_id, registration_id)
        calls = [[str(institution_id), str(placement_id)] for placement_id in found]
        if calls:
            queue.enqueue(services.COMPARE, *calls)


def compare_column(institution_id: str, placement_id: str) -> None:
    """Read what one placement's column holds, and who is in its course."""
    services.compare_column(InstitutionId(UUID(institution_id)), PlacementId(UUID(placement_id)))


def send_due(registration_id: str, institution_id: str) -> None:
    """Send a platform what its gradebook should hold, until nothing is due.

    Does nothing while another worker holds the lane, or it is paused. Stopped at any point,
    what was acknowledged is written and what was not stays due.
    """
    lane = services.lease(
        RegistrationId(UUID(registration_id)), InstitutionId(UUID(institution_id))
    )
    if lane is None:
        return
    try:
        failure = _work(lane)
        if failure is not None:
            services.pause(lane, failure)
    finally:
        services.release(lane)
    wake_due_lanes()


def _work(lane: services.Lane) -> Answer | None:
    """Send batch after batch until nothing is due or the time is over.

    Returns:
        Why the platform is to be left alone for a while, if it is.
    """
    ends_at = time.monotonic() + _WORKING_SECONDS
    may_try_others = True
    with system_transaction() as session:
        habits = quirks.quirks_of(get_registration(session, lane.registration_id).product)
    try:
        if not lane.knows_clock and (address := services.first_address(lane)):
            services.note_clock(lane, asyncio.run(sender.measure(address)))
        while batch := services.take_batch(lane, habits):
            line = _line(lane.registration_id, habits)
            is_doubted = lane.is_failing or not may_try_others
            stop = asyncio.run(_exchange(lane, batch, line, is_doubted=is_doubted))
            if stop is not None and not _set_aside(lane, stop, may_try=may_try_others):
                return stop.answer
            may_try_others = stop is None
            if time.monotonic() > ends_at:
                return None
    except ToolError as error:
        # No answer, or no token: the platform's trouble, or the registration's. Nothing goes.
        return Answer(outcome=Outcome.TEMPORARY, status=None, reason=str(error))
    return None


def _set_aside(lane: services.Lane, stop: Stop, *, may_try: bool) -> bool:
    """Put off a column that fails while others work; False if it is the platform that fails.

    Args:
        lane: whose.
        stop: what was seen.
        may_try: others that are due may be tried, to see whether they work.
    """
    if stop.column is None:
        return False
    works = services.other_columns_work(lane, stop.column)
    if not works and not (may_try and services.other_columns_wait(lane, stop.column)):
        return False
    services.put_off_column(lane, stop.column, stop.answer)
    return True


def _line(registration_id: RegistrationId, habits: quirks.Quirks) -> Line:
    def renew(refused: str) -> str:
        service_client.forget_token(registration_id, _SCORE, refused)
        try:
            return service_client.access_token(registration_id, _SCORE)
        except ToolError:
            return refused

    def read_token(refused: str | None) -> str | None:
        if refused is not None:
            service_client.forget_token(registration_id, _READ, refused)
        try:
            return service_client.access_token(registration_id, _READ)
        except ToolError:
            return None

    token = service_client.access_token(registration_id, _SCORE)
    return Line(token=token, renew=renew, read_token=read_token, quirks=habits)


async def _exchange(
    lane: services.Lane, batch: list[Parcel], line: Line, *, is_doubted: bool
) -> Stop | None:
    """Send the batch; write together the answers that came within the same instant.

    Returns:
        Why not all was sent, if it was not. What was sent is written.
    """
    patience = sender.FAILURES_IN_A_ROW
    if is_doubted:  # a few are sent to see whether it is back: all of them failed, it is not
        patience = min(patience, len(batch))
    answered: list[Delivered] = []
    outcomes: list[str] = []
    done = asyncio.Event()

    async def report(item: Delivered) -> None:
        answered.append(item)
        outcomes.append(item.answer.outcome)

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
            stop = await sender.send(batch, line, report, patience=patience)
        finally:
            done.set()
    log.info("scores_sent", **{word: outcomes.count(word) for word in set(outcomes)})
    return stop
