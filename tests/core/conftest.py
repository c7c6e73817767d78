"""Servers outside, for what calls them."""

from collections.abc import Iterator

import pytest

from tests.core.outside import Names, Server


@pytest.fixture
def server() -> Iterator[Server]:
    with Server().running() as server:
        yield server


@pytest.fixture
def other() -> Iterator[Server]:
    with Server().running() as server:
        yield server


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)
