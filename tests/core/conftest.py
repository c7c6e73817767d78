"""Servers outside, for what calls them; somebody who hears events."""

from collections.abc import Iterator

import pytest

from lti_tool.core import outbox
from lti_tool.core import settings as settings_module
from lti_tool.core.settings import Settings
from tests.core.bells import BellRang, Listener
from tests.core.outside import Names, Server


@pytest.fixture
def installed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings for what needs no database, whichever tests came before."""
    monkeypatch.setattr(settings_module, "_installed", [settings])
    return settings


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


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    outbox.subscribe(BellRang, [listener.hear_bell, listener.echo_bell])
    yield listener
    del outbox._event_types["BellRang"], outbox._handlers["BellRang"]
