"""A statement without any WHERE sees one institution: in a page and in a job; outside both, none.

That launches of two institutions on one client id never mix is tested with launches.
"""

from uuid import UUID

import pytest
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from lti_tool.core import queue
from lti_tool.core.db import Base, TenantRow, system_transaction, transaction
from lti_tool.core.ids import InstitutionId
from lti_tool.launch.session import CurrentLaunch, launch_page
from lti_tool.people.rules import Act
from tests.conftest import Worker
from tests.learner import story

TABLES = sorted(
    mapper.persist_selectable.description
    for mapper in Base.registry.mappers
    if issubclass(mapper.class_, TenantRow)
)
# What a launch, a pass and a pathway leave behind, so that there is something to see.
FILLED = {
    *("achievements", "assessments", "attempts", "award_causes", "awards", "contexts"),
    *("contributions", "credentials", "editions", "items", "launches", "pathway_completions"),
    *("pathways", "persons", "placement_results", "placements", "resource_links", "responses"),
    *("status_lists", "users"),
}

Seen = dict[str, list[str]]
seen_by_job: list[Seen] = []


def owners(session: Session) -> Seen:
    """Return by table whose rows there are to see, asking for all."""
    metadata = Base.metadata
    return {
        name: [
            str(found)
            for found in session.scalars(select(metadata.tables[name].c.institution_id).distinct())
        ]
        for name in TABLES
    }


def look(institution_id: str) -> None:
    """Do what a careless job would."""
    with transaction(InstitutionId(UUID(institution_id))) as session:
        seen_by_job.append(owners(session))


@launch_page(Act.SEE_OWN)
def careless_page(here: CurrentLaunch) -> ResponseReturnValue:
    with transaction(here.institution_id) as session:
        return jsonify(owners(session))


def inhabited(worker: Worker) -> tuple[story.University, str, tuple[str, str]]:
    """Open a university with somebody who has completed a pathway; return it and their visit."""
    here = story.open_university()
    activity, user_id = story.add_activity(here, "Counting"), story.enrol(here)
    story.make_pathway(here, "Counting well", activity.achievement_id)
    story.take(here, activity, user_id, "right", "right")
    worker.run()
    visit = story.launch(here, user_id, activity.link_id)
    return here, visit.url, visit.cookie


@pytest.fixture
def universities(
    worker: Worker,
) -> list[tuple[story.University, str, tuple[str, str]]]:
    return [inhabited(worker) for _ in range(2)]


def check(seen: Seen, here: story.University) -> None:
    own = str(here.institution_id)
    assert {name: found for name, found in seen.items() if set(found) - {own}} == {}
    assert {name for name in FILLED if seen[name] != [own]} == set()


def test_in_a_page(
    app: Flask, universities: list[tuple[story.University, str, tuple[str, str]]]
) -> None:
    app.view_functions.setdefault("careless.page", careless_page)
    app.url_map.add(Rule("/l/<uuid:launch_id>/careless", endpoint="careless.page"))
    for here, url, cookie in universities:
        client = app.test_client()
        client.set_cookie(*cookie)

        check(client.get(f"{url}/careless").get_json(), here)


def test_in_a_job(
    worker: Worker, universities: list[tuple[story.University, str, tuple[str, str]]]
) -> None:
    for here, _, _ in universities:
        queue.enqueue(f"{__name__}.look", [str(here.institution_id)])
        worker.run()

        check(seen_by_job[-1], here)


@pytest.mark.usefixtures("universities")
def test_without_an_institution_there_is_nothing(database: Connection) -> None:
    assert database.in_transaction()
    with system_transaction() as session:
        assert {name: found for name, found in owners(session).items() if found} == {}
