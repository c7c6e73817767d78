"""Students at an exam: each a page that saves as `attempt/saver.js` does, on a bad line."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID, uuid4

import aiohttp

from lti_tool.core.ids import AttemptId, ItemVersionId

PATIENCE = aiohttp.ClientTimeout(total=8)
# A page that is handed in waits as browsers do: who gives up early only adds to the queue.
PATIENCE_WITH_PAGES = aiohttp.ClientTimeout(total=60)
RETRY_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Line:
    """What a network does to requests; each a share of them, 0 to 1."""

    lost_before: float = 0.0
    lost_after: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0
    repeated_later: float = 0.0


GOOD = Line()
BAD = Line(lost_before=0.05, lost_after=0.05, doubled=0.08, delayed=0.1, repeated_later=0.08)


class LostError(Exception):
    """No answer came."""


@dataclass(kw_only=True)
class Student:
    """One learner with one open page.

    Attributes:
        said: what the page called saved: answer and sequence, by question.
        seconds: how long each request took that was answered.
    """

    url: str
    cookie: str
    attempt_id: AttemptId
    items: Sequence[ItemVersionId]
    http: aiohttp.ClientSession
    random: Random
    line: Line
    token: str = ""
    page_id: UUID = field(default_factory=uuid4)
    base: dict[ItemVersionId, int] = field(default_factory=dict)
    last: dict[ItemVersionId, int] = field(default_factory=dict)
    said: dict[ItemVersionId, tuple[list[str], int]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    stray: list[asyncio.Task[None]] = field(default_factory=list)

    async def load(self) -> None:
        """Open the page; try again until it is there."""
        text = await self._until_answered("GET", self.url, {200})
        found = re.search(r'name="csrf_token" value="([^"]+)"', text)
        assert found is not None, text
        self.token = found[1]

    async def type_all(self, pause_seconds: float, changes: int = 2) -> None:
        """Answer every question, changing one's mind; every change is saved before the next."""
        for item in self.items:
            for _ in range(changes):
                await asyncio.sleep(self.random.random() * pause_seconds)
                await self.save(item, self.random.choice("abcd"))

    async def save(self, item: ItemVersionId, letter: str) -> None:
        """Save one change, sending it again unchanged until the server has it."""
        sequence = self.last[item] = max(self.last.get(item, 0), self.base.get(item, 0)) + 1
        save = {
            "item_version_id": str(item),
            "value": [letter],
            "flagged": False,
            "save_id": str(uuid4()),
            "page_id": str(self.page_id),
            "sequence": sequence,
            "base": self.base.get(item, 0),
        }
        while True:
            try:
                status, told = await self._send(save)
            except LostError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if status == 200:
                self.base[item] = told["sequence"]
                self.said[item] = ([letter], sequence)
                return
            assert status in {408, 429, 500, 502, 503, 504}, (status, told)
            await asyncio.sleep(RETRY_SECONDS)

    async def _send(self, save: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        line, chance = self.line, self.random.random
        if chance() < line.delayed:
            await asyncio.sleep(chance() * 0.4)
        if chance() < line.lost_before:
            raise LostError
        if chance() < line.repeated_later:
            self.stray.append(asyncio.create_task(self._again(save, chance() * 1.5)))
        if chance() < line.doubled:
            self.stray.append(asyncio.create_task(self._again(save, 0)))
        answer = await self.post(save)
        if chance() < line.lost_after:
            raise LostError
        return answer

    async def _again(self, save: dict[str, Any], after_seconds: float) -> None:
        """Let a copy of a save arrive, perhaps after newer ones; nobody hears what comes of it."""
        await asyncio.sleep(after_seconds)
        try:
            status, told = await self.post(save)
        except LostError:
            return
        assert status != 409 or told["code"] == "attempt_closed", told

    async def post(self, save: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send a save once. Return the status and what was said."""
        begun = time.perf_counter()
        try:
            async with self.http.post(
                f"{self.url}/responses",
                json=save,
                headers={**self._headers(), "Accept": "application/json"},
                timeout=PATIENCE,
            ) as answer:
                told = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise LostError from error
        self.seconds.append(time.perf_counter() - begun)
        return answer.status, told if isinstance(told, dict) else {}

    async def hand_in(self) -> None:
        """Press the button, again and again until the result is shown."""
        await self._until_answered("POST", f"{self.url}/submit", {303})
        await asyncio.gather(*self.stray)

    async def _until_answered(self, method: str, url: str, good: set[int]) -> str:
        deadline = time.monotonic() + 150
        while True:
            begun = time.perf_counter()
            try:
                async with self.http.request(
                    method,
                    url,
                    data={"csrf_token": self.token} if method == "POST" else None,
                    headers=self._headers(),
                    allow_redirects=False,
                    timeout=PATIENCE_WITH_PAGES,
                ) as answer:
                    text = await answer.text()
                    if answer.status in good:
                        self.seconds.append(time.perf_counter() - begun)
                        return text
                    assert answer.status >= 500 or answer.status in {408, 429}, text
            except (aiohttp.ClientError, TimeoutError):
                pass
            assert time.monotonic() < deadline, f"{url} was not answered"
            await asyncio.sleep(RETRY_SECONDS)

    def _headers(self) -> dict[str, str]:
        origin = "/".join(self.url.split("/")[:3])
        return {"Cookie": self.cookie, "X-CSRF-Token": self.token, "Origin": origin}
