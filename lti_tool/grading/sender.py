"""Many scores under way at once to one platform: the network half of sending.

aiohttp, since the cost of httpx grows with its open connections. Nothing here
knows the database: scores come in, answers go out one by one as they arrive.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import aiohttp

from lti_tool.core import clock, http
from lti_tool.core.errors import ToolError
from lti_tool.core.ids import DesiredScoreId
from lti_tool.core.language import phrase
from lti_tool.grading import ags, rules
from lti_tool.grading.rules import Answer, Outcome
from lti_tool.platforms.quirks import Quirks
from lti_tool.platforms.rules import is_throttled, measure_lead

REQUEST_SECONDS = 15
MEASURE_SECONDS = 5
FAILURES_IN_A_ROW = 8
_MAX_BODY_BYTES = 100_000
_OK = 200
_FAILS = frozenset({408, 425, *range(500, 600)})
# For whoever looks after a course, and whoever has to mend it; the first that fits.
_FAILURES: Final = (
    (aiohttp.ClientConnectorCertificateError, phrase("its certificate is not trusted")),
    (aiohttp.ClientSSLError, phrase("no secure connection comes about with it")),
    (aiohttp.ClientConnectorDNSError, phrase("its host name is not known")),
    (aiohttp.ClientConnectorError, phrase("nothing answers at its address")),
    (aiohttp.ServerDisconnectedError, phrase("it ended the connection without an answer")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One score to be sent: which row, which version of it, where to, and what.

    Attributes:
        tries: how often it failed before.
        conflicts: how often in a row the platform said now that it holds a newer one.
        may_read: the platform lets us read results of this column.
    """

    id: DesiredScoreId
    version: int
    tries: int
    line_item_url: str
    score: ags.Score
    may_read: bool = True
    conflicts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A parcel and how it went."""

    parcel: Parcel
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why sending stopped: the platform asked for patience, or failed many times in a row.

    Attributes:
        answer: the last one.
        column: the only one that was seen to fail, by its address; None if the platform does.
    """

    answer: Answer
    column: str | None


Report = Callable[[Delivered], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How to reach one platform. The functions may take as long as a call.

    Attributes:
        token: for posting scores.
        renew: returns another one for a token that is no longer taken, or the same if the
            platform gives no other.
        read_token: gives one for reading results, another than the refused one if that is named;
            None when the platform grants none.
        quirks: of the product.
    """

    token: str
    renew: Callable[[str], str]
    read_token: Callable[[str | None], str | None]
    quirks: Quirks


async def send(
    parcels: Sequence[Parcel], line: Line, report: Report, *, patience: int = FAILURES_IN_A_ROW
) -> Stop | None:
    """Send every parcel and report each as soon as its answer is there.

    Args:
        parcels: what to send, in this order.
        line: where to.
        report: is told of each answer.
        patience: how many failures in a row are the platform's, not the scores'.

    Returns:
        None when all was sent, else why nothing more was. What was not sent is not reported.
    """
    async with _session(line.quirks.in_flight, REQUEST_SECONDS) as session:
        run = _Run(parcels, line, report, session, patience)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(line.quirks.in_flight, len(parcels))):
                group.create_task(run.work())
        return run.stopped


async def measure(url: str) -> timedelta | None:
    """Return how far our clock is ahead of a server's, at most; None if it does not say.

    Any answer will do, a refusal too: no token goes along.

    Raises:
        OutboundFailedError: there is no answer.
        OutboundRefusedError: we do not call that address.
    """
    try:
        async with (
            _session(1, MEASURE_SECONDS) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            return measure_lead(response.headers, clock.now())
    except (aiohttp.ClientError, TimeoutError) as error:
        raise http.OutboundFailedError(
            phrase(
                "The course site does not answer (%(name)s).",
                name=type(error).__name__,
            )
        ) from error


def _session(connections: int, seconds: float) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=http.guarded_connector(connections),
        timeout=aiohttp.ClientTimeout(total=seconds),
        headers={"User-Agent": http.USER_AGENT},
        trust_env=False,
    )


class _Run:
    """One batch on its way, worked on by several tasks."""

    def __init__(
        self,
        parcels: Sequence[Parcel],
        line: Line,
        report: Report,
        session: aiohttp.ClientSession,
        patience: int,
    ) -> None:
        self._patience = patience
        self.stopped: Stop | None = None
        self._waiting = list(reversed(parcels))
        self._line = line
        self._report = report
        self._session = session
        self._token = line.token
        self._renewing = asyncio.Lock()
        self._failing: list[str] = []  # the columns of the failures in a row

    async def work(self) -> None:
        """Deliver one parcel after the other until none is left or it has to stop."""
        while self._waiting and self.stopped is None:
            parcel = self._waiting.pop()
            answer = await self._deliver(parcel)
            self._judge(parcel.line_item_url, answer)
            await self._report(Delivered(parcel=parcel, answer=answer))

    def _judge(self, column: str, answer: Answer) -> None:
        if answer.outcome not in {Outcome.TEMPORARY, Outcome.UNAUTHORIZED}:
            self._failing.clear()
            return
        self._failing.append(column)
        if answer.retry_after is not None:
            self.stopped = Stop(answer=answer, column=None)
        elif len(self._failing) >= self._patience:
            is_columns = answer.status is not None and set(self._failing) == {column}
            self.stopped = Stop(answer=answer, column=column if is_columns else None)

    async def _deliver(self, parcel: Parcel) -> Answer:
        """Post one score; on a conflict look what the platform holds: equal is acknowledged."""
        token = self._token
        answer = await self._post(parcel, token)
        if answer.outcome is Outcome.UNAUTHORIZED:
            renewed = await self._renew(token)
            if renewed != token:
                answer = await self._post(parcel, renewed)
        if answer.outcome is not Outcome.CONFLICT:
            return answer
        try:
            held = await self._read(parcel)
        except (aiohttp.ClientError, TimeoutError):
            # A timestamp that is not newer may be our own, of a try whose answer was lost:
            # only what the platform holds can tell, so the same is asked again later.
            reason = phrase("said that it has this already, but not what it holds")
            return replace(answer, outcome=Outcome.TEMPORARY, reason=reason)
        if held is not None and held.equals(parcel.score.given, parcel.score.maximum):
            return replace(answer, outcome=Outcome.ACKNOWLEDGED, reason="")
        return rules.judge_conflict(answer, parcel.conflicts)

    async def _renew(self, refused: str) -> str:
        """Return another token than this; of many that ask, one fetches it."""
        async with self._renewing:
            if self._token == refused:
                self._token = await asyncio.to_thread(self._line.renew, refused)
            return self._token

    async def _post(self, parcel: Parcel, token: str) -> Answer:
        try:
            # Never to another address than the line item's: the token and the grade go along.
            async with self._session.post(
                ags.scores_url(parcel.line_item_url),
                data=json.dumps(parcel.score.to_json()),
                headers={
                    "Authorization": f"Bearer {token}",
                    "Content-Type": ags.SCORE_MEDIA_TYPE,
                },
                allow_redirects=False,
            ) as response:
                arrived_at = clock.now()
                body = await _text(response)
                quirks = self._line.quirks
                said = response.reason or ""
                return rules.read_answer(
                    response.status, response.headers, body, arrived_at, quirks, said
                )
        except TimeoutError:
            reason = phrase("no answer within %(seconds)s seconds", seconds=REQUEST_SECONDS)
            return Answer(outcome=Outcome.TEMPORARY, status=None, reason=reason)
        except aiohttp.ClientError as error:
            return Answer(outcome=Outcome.TEMPORARY, status=None, reason=_why_failed(error))
        except http.OutboundRefusedError as error:
            return Answer(outcome=Outcome.REFUSED, status=None, reason=str(error))

    async def _read(self, parcel: Parcel) -> ags.Result | None:
        """Return what the platform holds; None when it does not let us read it.

        Raises:
            aiohttp.ClientError: the line broke, or the platform fails just now.
            TimeoutError: there was no answer in time.
        """
        if not parcel.may_read:
            return None
        token = await asyncio.to_thread(self._line.read_token, None)
        if token is None:
            return None
        status, body = await self._get(parcel, token)
        if self._line.quirks.refuses_token(status, body):
            renewed = await asyncio.to_thread(self._line.read_token, token)
            if renewed is not None:
                status, body = await self._get(parcel, renewed)
        if status != _OK:
            return None
        try:
            return ags.read_result(json.loads(body), parcel.score.user_id)
        except (ValueError, RecursionError, ToolError):
            return None

    async def _get(self, parcel: Parcel, token: str) -> tuple[int, str]:
        async with self._session.get(
            ags.results_url(parcel.line_item_url, parcel.score.user_id),
            headers={"Authorization": f"Bearer {token}", "Accept": ags.RESULTS_MEDIA_TYPE},
            allow_redirects=False,
        ) as response:
            body = await _text(response)
            is_busy = is_throttled(response.status, response.headers, body.lower())
            if is_busy or response.status in _FAILS:
                response.raise_for_status()
            return response.status, body


def _why_failed(error: aiohttp.ClientError) -> str:
    for kind, words in _FAILURES:
        if isinstance(error, kind):
            return words
    return phrase("the connection failed (%(name)s)", name=type(error).__name__)


async def _text(response: aiohttp.ClientResponse) -> str:
    """Read what is short; the rest of a long body is of no use to us."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(8192):
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            response.close()
            break
    return body.decode(errors="replace")
