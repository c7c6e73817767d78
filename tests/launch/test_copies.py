"""A site that sends the ids of another one: a copy for tests, or the same under a new guid."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from lti_tool.core import clock
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import system_transaction
from lti_tool.core.errors import ConflictError, NotFoundError
from lti_tool.core.ids import DeploymentId, new_id
from lti_tool.platforms import deciding
from lti_tool.platforms.deciding import Verdict
from lti_tool.platforms.models import Deployment
from lti_tool.platforms.rules import MOST_COPIES, copies, has_open_copies, note_copy
from tests.launch.platform import Browser, error_code, opened, stored

ENDPOINT = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
STAGING = "staging"


def launch(browser: Browser, guid: object, line_item: int = 1) -> dict[str, Any]:
    site = browser.connected.site.url
    lineitems = f"{site}/lti/courses/1/lineitems"
    endpoint = {"scope": [], "lineitems": lineitems, "lineitem": f"{lineitems}/{line_item}"}
    arrival = browser.arrive(browser.connected.course_path)
    return opened(browser, arrival.change(tool_platform={"guid": guid}, **{ENDPOINT: endpoint}))


def deployment(browser: Browser) -> Deployment:
    with system_transaction() as session:
        return session.get_one(Deployment, browser.connected.deployment_id)


def decide(browser: Browser, verdict: Verdict, guid: str = STAGING) -> None:
    deployment_id = browser.connected.deployment_id
    assert deployment_id is not None
    deciding.decide_copy(
        browser.connected.institution_id, deployment_id, guid, verdict, actor=SYSTEM
    )


def column(database: Connection, browser: Browser) -> str:
    stored(database, browser)  # sees the institution's rows from here on
    url = database.scalar(text("SELECT line_item_url FROM resource_links"))
    return str(url).rpartition("/")[2]


def test_a_copy_gets_in_and_moves_no_grades(student: Browser, database: Connection) -> None:
    launch(student, "production", 1)

    here = launch(student, STAGING, 2)

    assert here["roles"] == ["learner"]
    assert column(database, student) == "1"
    found = deployment(student)
    assert found.platform_guid == "production"
    assert [one.guid for one in copies(found.other_guids)] == [STAGING]


@pytest.mark.parametrize("guid", ["production", None, "", 5], ids=str)
def test_the_same_site_or_one_that_does_not_say_is_no_copy(
    student: Browser, database: Connection, guid: object
) -> None:
    launch(student, "production", 1)

    launch(student, guid, 2)

    assert column(database, student) == "2"
    assert deployment(student).other_guids == {}


def test_the_site_under_its_new_guid_brings_its_grades_along_once_that_is_decided(
    student: Browser, database: Connection
) -> None:
    launch(student, "production", 1)
    launch(student, STAGING, 2)

    decide(student, Verdict.SAME)
    launch(student, STAGING, 2)

    assert column(database, student) == "2"
    assert deployment(student).platform_guid == STAGING
    launch(student, "production", 1)
    assert column(database, student) == "2", "now the former one is the copy"


def test_a_copy_that_is_kept_out_is_refused_in_words_until_it_is_let_in(student: Browser) -> None:
    launch(student, "production")
    launch(student, STAGING)
    decide(student, Verdict.KEEP_OUT)
    decide(student, Verdict.KEEP_OUT)

    arrival = student.arrive(student.connected.course_path)
    refused = student.post(arrival.change(tool_platform={"guid": STAGING}))

    assert error_code(refused) == "copy_refused"
    assert "Go back to your course" in refused.text
    launch(student, "production")
    decide(student, Verdict.LET_IN)
    launch(student, STAGING)
    assert has_open_copies(deployment(student).other_guids)


def test_only_what_was_seen_can_be_decided_about(student: Browser) -> None:
    launch(student, "production")
    launch(student, STAGING)

    with pytest.raises(ConflictError):
        decide(student, Verdict.SAME, "another")
    with pytest.raises(NotFoundError):
        deciding.decide_copy(
            student.connected.institution_id,
            DeploymentId(new_id()),
            STAGING,
            Verdict.SAME,
            actor=SYSTEM,
        )


def test_a_copy_is_noted_once_a_day_with_its_first_and_last_day() -> None:
    first = clock.now()
    later = first + timedelta(days=2)

    (one,) = copies(note_copy(note_copy({}, STAGING, first), STAGING, later))

    assert (one.since, one.last_at) == (first, later)


def test_of_many_the_latest_are_kept_and_those_that_were_refused() -> None:
    now = clock.now()
    found: dict[str, Any] = {"out": {**note_copy({}, "out", now)["out"], "refused_at": str(now)}}
    for number in range(MOST_COPIES + 3):
        found = note_copy(found, str(number), now + timedelta(seconds=number + 1))

    names = {one.guid for one in copies(found)}

    assert names == {"out", *map(str, range(3, MOST_COPIES + 3))}
