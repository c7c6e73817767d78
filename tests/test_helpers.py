import socket
import struct
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from flask import Flask, Response
from redis import Redis

from tests.helpers import require, serving


def test_a_missing_program_skips_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAIRN_REQUIRE_ALL", raising=False)

    with pytest.raises(pytest.skip.Exception, match="no-such-program is not installed"):
        require("no-such-program")


def test_a_missing_program_fails_where_all_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_REQUIRE_ALL", "1")

    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed"):
        require("no-such-program")


def test_every_database_is_another_one(
    database_url: str, live_database: str, new_database: Callable[[str], str], redis_url: str
) -> None:
    urls = {database_url, live_database, new_database("campus"), new_database("campus")}

    names = set()
    for url in urls:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            names.add(connection.info.dbname)
    assert len(names) == 4
    with Redis.from_url(redis_url) as redis:
        assert redis.ping()


def test_an_answer_is_closed_though_its_client_is_gone() -> None:
    app, gone, closed = Flask(__name__), threading.Event(), threading.Event()

    def words() -> Iterator[bytes]:
        yield b"x"
        gone.wait(10)

    @app.get("/")
    def answer() -> Response:
        response = Response(words(), headers={"Content-Length": "1"})
        response.call_on_close(closed.set)
        return response

    with serving(app) as url:
        with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)) as client:
            # Closing resets the connection instead of ending it.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            client.recv(1000)
        gone.set()

        assert closed.wait(10)


def test_serving_ends_after_the_requests_that_are_under_way() -> None:
    app, begun, go_on, finished = Flask(__name__), threading.Event(), threading.Event(), []

    @app.get("/")
    def slow() -> str:
        begun.set()
        go_on.wait(10)
        finished.append(True)
        return "done"

    with serving(app) as origin:
        browser = threading.Thread(target=lambda: httpx.get(origin))
        browser.start()
        assert begun.wait(10)
        threading.Timer(0.2, go_on.set).start()

    assert finished
    browser.join()
