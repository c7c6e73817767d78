"""What servers outside answer: too large, packed, slow, broken, and what becomes of it."""

import gzip
import socket
import time
import tracemalloc
from http.server import BaseHTTPRequestHandler

import pytest

from lti_tool.core import http
from lti_tool.core.http import OutboundFailedError, OutboundRefusedError
from tests.core.outside import Answer, Names, Server, redirects, sends

pytestmark = pytest.mark.usefixtures("installed")


def test_a_body_larger_than_agreed_is_not_read(server: Server) -> None:
    server.answers["/"] = sends(b"x" * 1001)
    url = f"{server.url}/"
    assert len(http.get(url, max_bytes=1001, allowed_hosts=[server.host]).content) == 1001
    with pytest.raises(OutboundRefusedError):
        http.get(url, max_bytes=1000, allowed_hosts=[server.host])


def test_an_endless_body_is_cut(server: Server) -> None:
    written: list[int] = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            written.append(handler.wfile.write(b"x" * 65536))

    server.answers["/"] = endless
    with (
        pytest.raises(OutboundRefusedError),
        http.client(max_bytes=100_000, allowed_hosts=[server.host]) as client,
    ):
        client.get(f"{server.url}/")
    assert sum(written) < 50_000_000


def test_a_gzip_bomb_is_not_unpacked(server: Server) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    server.answers["/"] = sends(bomb, Content_Encoding="gzip")

    tracemalloc.start()
    try:
        with pytest.raises(OutboundRefusedError):
            http.get(f"{server.url}/", max_bytes=100_000, allowed_hosts=[server.host])
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most_bytes < 5_000_000


def test_compression_nobody_asked_for_is_read_within_the_bound(server: Server) -> None:
    server.answers["/"] = sends(gzip.compress(b'{"a": 1}'), Content_Encoding="gzip")
    assert http.get_json(f"{server.url}/", allowed_hosts=[server.host]) == {"a": 1}
    assert server.asked[0][1]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("body", "encoding"),
    # Without the time in it: workers that collect in different seconds must name it alike.
    [(gzip.compress(b"whole" * 9, mtime=0)[:-9], "gzip"), (b"?", "gzip"), (b"?", "br")],
)
def test_a_broken_compression_is_a_failure(server: Server, body: bytes, encoding: str) -> None:
    server.answers["/"] = sends(body, Content_Encoding=encoding)
    with pytest.raises(OutboundFailedError):
        http.get(f"{server.url}/", max_bytes=100, allowed_hosts=[server.host])


def _drips_head(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(handler)


def _drips_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    _drip(handler)


def _drip(handler: BaseHTTPRequestHandler) -> None:
    for _ in range(50):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)


def _silent(_handler: BaseHTTPRequestHandler) -> None:
    time.sleep(2)


def _stalls(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    time.sleep(0.3)
    handler.wfile.write(b"x")
    handler.wfile.flush()
    time.sleep(2)


@pytest.mark.parametrize("slow", [_drips_head, _drips_body, _silent, _stalls])
def test_a_server_that_takes_its_time_is_left(server: Server, slow: Answer) -> None:
    server.answers["/"] = slow
    began = time.monotonic()
    with pytest.raises(OutboundFailedError, match="in time"):
        http.get(f"{server.url}/", max_bytes=1000, timeout_seconds=0.4, allowed_hosts=[server.host])
    assert time.monotonic() - began < 0.6


def test_the_time_is_for_all_redirects_together(server: Server) -> None:
    def slow_redirect(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)
        redirects("/")(handler)

    server.answers["/"] = slow_redirect
    with pytest.raises(OutboundFailedError, match="in time"):
        http.get(f"{server.url}/", max_bytes=10, timeout_seconds=0.5, allowed_hosts=[server.host])


def test_nobody_listening_and_no_such_name_are_failures_that_may_pass(names: Names) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(OutboundFailedError) as failed:
            http.get(f"http://{host}/", max_bytes=10, allowed_hosts=[host])
        assert failed.value.status is None
    with pytest.raises(OutboundFailedError):
        http.get(f"https://{'x.' * 130}example/", max_bytes=10, allowed_hosts=[])
    assert names.asked == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_trouble_is_a_failure(server: Server, status: int) -> None:
    server.answers["/"] = sends(b"{}", status)
    with pytest.raises(OutboundFailedError) as failed:
        http.get(f"{server.url}/", max_bytes=10, allowed_hosts=[server.host])
    assert failed.value.status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>", 200),
        (b"", 200),
        (b"{}", 404),
        (b"[NaN]", 200),
        (b"[" * 100_000, 200),
        (b'"\xff"', 200),
    ],
)
def test_what_is_not_json_is_a_failure(server: Server, body: bytes, status: int) -> None:
    server.answers["/"] = sends(body, status)
    with pytest.raises(OutboundFailedError):
        http.get_json(f"{server.url}/", allowed_hosts=[server.host])


def test_a_final_status_is_an_answer(server: Server) -> None:
    server.answers["/"] = sends(b"gone", 404)
    response = http.get(f"{server.url}/", max_bytes=10, allowed_hosts=[server.host])
    assert (response.status_code, response.content) == (404, b"gone")
