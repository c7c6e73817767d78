from collections.abc import Callable

import psycopg
import pytest
from redis import Redis

from tests.helpers import require


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
