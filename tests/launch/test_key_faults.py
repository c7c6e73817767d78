"""Campus' keys change, or one is missing, while people launch."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from lti_tool.core import clock
from lti_tool.platforms import key_sets
from tests.campus.site import WIRE, Site, running_campus
from tests.launch.platform import Browser, error_code, opened


@pytest.fixture(scope="module")
def campus_site(new_database: Callable[[str], str]) -> Iterator[Site]:
    """A Campus whose keys nobody else needs."""
    with running_campus(new_database("campus")) as site:
        yield site


@pytest.fixture(autouse=True)
def _known_keys() -> Iterator[None]:
    """Know no keys before, and leave none to whoever gets the port next."""
    key_sets.forget_all()
    yield
    key_sets.forget_all()


def put(site: Site, **faults: object) -> None:
    answer = WIRE.post(f"{site.url}/faults", json=faults)
    assert answer.status_code == 200, answer.text


def pass_cool_down(monkeypatch: pytest.MonkeyPatch) -> None:
    later = key_sets.COOL_DOWN + timedelta(seconds=1)
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + later)


def test_a_new_key_in_place_of_the_old_one_is_fetched(
    site: Site, student: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = student.connected.place()
    opened(student, student.arrive(path))
    old = student.arrive(path)

    put(site, rotate_keys="replace")
    pass_cool_down(monkeypatch)

    opened(student, student.arrive(path))
    refused = student.post(old)
    assert error_code(refused) == "token_unknown_key"


def test_a_key_that_the_site_does_not_publish_is_refused_in_words_until_it_does(
    site: Site, student: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = student.connected.place()
    opened(student, student.arrive(path))

    put(site, rotate_keys="publish", missing_key=True)
    pass_cool_down(monkeypatch)
    refused = student.post(student.arrive(path))
    put(site, clear=True)
    too_soon = student.post(student.arrive(path))

    assert refused.status_code == 403
    assert error_code(refused) == error_code(too_soon) == "token_unknown_key"
    assert "publishes no such key" in refused.text
    key_sets.forget_all()  # as another process, which has not just asked
    opened(student, student.arrive(path))
