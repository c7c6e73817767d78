"""Firefox as its makers build it, for Playwright: run as a program, it stands between the two.

Playwright drives an unchanged Firefox by WebDriver BiDi (W3C), and asks every context for a colour
scheme with a command that Firefox ESR 153 does not know yet. Here it is told that this was done;
everything else goes through as it is.
"""

import asyncio
import contextlib
import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
from playwright.sync_api import Browser, sync_playwright

from tests.helpers import require

UNKNOWN = frozenset({"emulation.setMediaFeaturesOverride"})
ANNOUNCED = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
ROOT = Path(__file__).parents[1]
PREFERENCES: dict[str, str | float | bool] = {
    # What people have: cookies of framed sites are kept apart for each site around them
    # (Total Cookie Protection). Playwright's profile would let them through.
    "browser.contentblocking.category": "custom",
    "network.cookie.cookieBehavior": 5,
    # Clicks go the way of a real mouse's, into frames of other sites too.
    "remote.events.async.mouse.enabled": True,
}

# Its window: what a page has beyond that is not to be clicked at.
SCREEN: dict[str, str | float | bool] = {
    "MOZ_HEADLESS_WIDTH": "1600",
    "MOZ_HEADLESS_HEIGHT": "1400",
}


@contextmanager
def running_firefox(home: Path) -> Iterator[Browser]:
    """Run Firefox, headless; skip where it is missing, unless everything is required."""
    firefox, python = require("firefox-esr"), shlex.quote(sys.executable)
    program = home / "firefox"
    program.write_text(
        f'#!/bin/sh\ncd {shlex.quote(str(ROOT))} && exec {python} -m tests.firefox {firefox} "$@"\n'
    )
    program.chmod(0o700)
    with sync_playwright() as playwright:
        browser = playwright.firefox.launch(
            channel="moz-firefox",
            executable_path=program,
            env={**os.environ, **SCREEN},
            firefox_user_prefs=PREFERENCES,
        )
        yield browser
        browser.close()


async def relay(command: list[str]) -> int:
    """Run Firefox, and offer its WebDriver BiDi to one client until it ends. Return its status."""
    firefox = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert firefox.stderr is not None
    address = ""
    while not address:
        line = (await firefox.stderr.readline()).decode(errors="replace")
        if not line:  # it ended, and has said why
            return await firefox.wait()
        found = ANNOUNCED.search(line)
        address = f"{found[1]}/session" if found else ""
        if not found:
            sys.stderr.write(line)
    heard = asyncio.create_task(_read_to_the_end(firefox.stderr))

    async def join(request: web.Request) -> web.WebSocketResponse:
        client = web.WebSocketResponse(max_msg_size=0)
        await client.prepare(request)
        async with ClientSession() as session, session.ws_connect(address, max_msg_size=0) as there:
            back = asyncio.create_task(_hand_back(there, client))
            async for message in client:
                if message.type is WSMsgType.TEXT:
                    await _hand_on(message.data, there, client)
            await there.close()
            await back
        return client

    application = web.Application()
    application.router.add_get("/session", join)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    sys.stderr.write(f"WebDriver BiDi listening on ws://127.0.0.1:{port}\n")
    sys.stderr.flush()
    status = await firefox.wait()
    await heard
    await runner.cleanup()
    return status


async def _hand_on(
    text: str, there: ClientWebSocketResponse, client: web.WebSocketResponse
) -> None:
    command = json.loads(text)
    if command["method"] in UNKNOWN:
        await client.send_json({"type": "success", "id": command["id"], "result": {}})
        return
    with contextlib.suppress(ConnectionError):  # Firefox ended before it was asked
        await there.send_str(text)


async def _hand_back(there: ClientWebSocketResponse, client: web.WebSocketResponse) -> None:
    async for message in there:
        if message.type is WSMsgType.TEXT and not client.closed:
            await client.send_str(message.data)
    await client.close()


async def _read_to_the_end(stream: asyncio.StreamReader) -> None:
    while await stream.read(65_536):
        pass  # nobody listens; a full pipe would stop Firefox


if __name__ == "__main__":
    sys.exit(asyncio.run(relay(sys.argv[1:])))
