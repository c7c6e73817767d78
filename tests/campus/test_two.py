"""Two LMSs of one host, one below the other's root, as the demo has them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from lti_tool.campus import store
from lti_tool.campus.app import CampusSettings, create_campus
from lti_tool.campus.personality import MOODLE

HOST = "http://127.0.0.1:9"


@pytest.fixture
def visitor(new_database: Callable[[str], str]) -> Iterator[Client]:
    with ExitStack() as stack:
        campus, evening = (
            create_campus(
                CampusSettings(
                    database_url=new_database(name),
                    base_url=HOST + path,
                    secret_key="only for tests",
                    name=name.title(),
                    personality=MOODLE,
                )
            )
            for name, path in (("day", ""), ("evening", "/evening"))
        )
        for app in (campus, evening):
            engine = app.extensions["campus"].engine
            store.seed(engine)
            stack.callback(engine.dispose)
        application = DispatcherMiddleware(campus, {"/evening": evening})
        yield Client(application)


def test_each_knows_who_one_is_there(visitor: Client) -> None:
    for path, person in (("/", "2"), ("/evening/", "1")):
        done = visitor.post(path, data={"as": person}, base_url=HOST, headers={"Origin": HOST})
        assert done.status_code == 303, done.text

    day, evening = (
        visitor.get(f"{path}/courses/1", base_url=HOST).text for path in ("", "/evening")
    )
    assert "You are <b>Amara Nwosu</b>" in day
    assert "You are <b>Mirela Dragomir</b>" in evening
    assert 'href="/evening/' in evening
    assert 'href="/evening/' not in day


def test_a_form_of_another_site_is_refused_by_both(visitor: Client) -> None:
    for path, name in (("/", "Day"), ("/evening/", "Evening")):
        answer = visitor.post(
            path, data={"as": "1"}, base_url=HOST, headers={"Origin": "http://127.0.0.1:10"}
        )

        assert answer.status_code == 403
        assert f"{name} refused this" in answer.text
