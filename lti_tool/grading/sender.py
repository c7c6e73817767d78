"""Many scores under way at once to one platform: the network half of sending.

aiohttp, since the cost of httpx grows with its open connections. Nothing here
knows the database: scores come in, answers go out one by one as they arrive.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import aiohttp

from lti_tool.core import clock, http
from lti_tool.core.errors import ToolError
from lti_tool.core.ids import DesiredScoreId
from lti_tool.grading import ags
from lti_tool.grading.rules import Answer, Outcome, read_answer

REQUEST_SECONDS = 15
FAILURES_IN_A_ROW = 8
_MAX_BODY_BYTES = 100_000
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One score to be sent: which row, which version of it, where to, and what.

    `tries` is how often it failed before.
    """

    id: DesiredScoreId
    version: int
    tries: int
    line_item_url: str
    score: ags.Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A parcel and how it went."""

    parcel: Parcel
    answer: Answer


Report = Callable[[Delivered], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How to reach one platform.

    Attributes:
        token: for posting scores.
        read_token: gives one for reading results, or None when the platform grants none.
            May take as long as a call.
        in_flight: how many requests it bears at once.
    """

    token: str
    read_token: Callable[[], str | None]
    in_flight: int


async def send(parcels: Sequence[Parcel], line: Line, report: Report) -> None:
    """Send every parcel and report each as soon as its answer is there.

    When the token is no longer accepted, the platform asks for patience, or it fails many
    times in a row, what has not been sent yet is neither sent nor reported.
    """
    waiting = list(reversed(parcels))
    failures = 0
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    headers = {"User-Agent": http.USER_AGENT}
    async with aiohttp.ClientSession(
        connector=http.guarded_connector(line.in_flight),
        timeout=timeout,
        headers=headers,
        trust_env=False,
    ) as session:

        async def lane() -> None:
            nonlocal failures
            while waiting:
                parcel = waiting.pop()
                answer = await _deliver(session, line, parcel)
                failures = failures + 1 if answer.outcome is Outcome.TEMPORARY else 0
                unwelcome = answer.outcome is Outcome.UNAUTHORIZED or answer.retry_after
                if unwelcome or failures >= FAILURES_IN_A_ROW:
                    waiting.clear()
                await report(Delivered(parcel=parcel, answer=answer))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(line.in_flight, len(parcels))):
                group.create_task(lane())


async def _deliver(session: aiohttp.ClientSession, line: Line, parcel: Parcel) -> Answer:
    """Post one score; on a conflict look what the platform holds: equal means acknowledged."""
    answer = await _post(session, line, parcel)
    if answer.outcome is not Outcome.CONFLICT:
        return answer
    held = await _read(session, line, parcel)
    if held is not None and held.equals(parcel.score.given, parcel.score.maximum):
        return replace(answer, outcome=Outcome.ACKNOWLEDGED)
    return answer


async def _post(session: aiohttp.ClientSession, line: Line, parcel: Parcel) -> Answer:
    try:
        # Never to another address than the line item's: the token and the grade go along.
        async with session.post(
            ags.scores_url(parcel.line_item_url),
            data=json.dumps(parcel.score.to_json()),
            headers={
                "Authorization": f"Bearer {line.token}",
                "Content-Type": ags.SCORE_MEDIA_TYPE,
            },
            allow_redirects=False,
        ) as response:
            text = await _text(response)
            return read_answer(response.status, response.headers, text, clock.now())
    except TimeoutError:
        reason = f"no answer within {REQUEST_SECONDS} seconds"
        return Answer(outcome=Outcome.TEMPORARY, status=None, reason=reason)
    except aiohttp.ClientError as error:
        reason = f"connection failed ({type(error).__name__})"
        return Answer(outcome=Outcome.TEMPORARY, status=None, reason=reason)
    except http.OutboundRefusedError as error:
        return Answer(outcome=Outcome.REFUSED, status=None, reason=str(error))


async def _read(session: aiohttp.ClientSession, line: Line, parcel: Parcel) -> ags.Result | None:
    """Return what the platform holds; None when it does not say."""
    token = await asyncio.to_thread(line.read_token)
    if token is None:
        return None
    user_id = parcel.score.user_id
    try:
        async with session.get(
            ags.results_url(parcel.line_item_url, user_id),
            headers={"Authorization": f"Bearer {token}", "Accept": ags.RESULTS_MEDIA_TYPE},
            allow_redirects=False,
        ) as response:
            if response.status != _OK:
                return None
            return ags.read_result(json.loads(await _text(response)), user_id)
    except (aiohttp.ClientError, TimeoutError, ValueError, ToolError):
        return None


async def _text(response: aiohttp.ClientResponse) -> str:
    """Read what is short; the rest of a long body is of no use to us."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(8192):
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            response.close()
            break
    return body.decode(errors="replace")
