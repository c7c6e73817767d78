"""`cairn serve` under many browsers: each keeps its connection open after the answer."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from lti_tool.core.settings import Settings
from tests.test_cli import running, wait_for
from tests.test_stopping import free_port, is_up

BROWSERS = 400
ASK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextmanager
def open_files(number: int) -> Iterator[None]:
    """Let this process, and those it starts within the block, open so many files."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_browsers_that_keep_their_connections_leave_room_for_the_next(
    live_settings: Settings,
) -> None:
    port = free_port()
    settings = replace(live_settings, base_url=f"http://localhost:{port}")
    with ExitStack() as stack:
        stack.enter_context(open_files(1024))  # this process holds the browsers' ends
        with open_files(256):
            stack.enter_context(running(settings, "serve", "--port", str(port)))
        wait_for(lambda: is_up(f"http://127.0.0.1:{port}"), "it serves")
        for number in range(BROWSERS):
            browser = socket.create_connection(("127.0.0.1", port), timeout=20)
            stack.callback(browser.close)
            browser.sendall(ASK)
            answer = browser.recv(4096)  # a time-out if nobody accepts the connection
            assert answer.startswith(b"HTTP/1.1 200"), (number, answer)
