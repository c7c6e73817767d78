"""A site that sends the ids of another one: a copy for tests, or the same under a new guid."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, text

from lti_tool.core import clock
from lti_tool.core.audit import SYSTEM
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.errors import ConflictError, NotFoundError
from lti_tool.core.ids import DeploymentId, new_id
from lti_tool.launch.services import institution_of
from lti_tool.platforms import deciding, known, services
from lti_tool.platforms.deciding import Verdict
from lti_tool.platforms.models import Deployment
from lti_tool.platforms.rules import (
    MOST_COPIES,
    copies,
    has_open_copies,
    is_noted,
    note_copy,
)
from tests.launch.platform import Browser, error_code, opened, stored

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_a_crowd_of_other_sites_is_noted_a_few_times_a_day() -> None:
    now, found, writes = clock.now(), dict[str, Any](), 0
    for number in range(300):
        guid = str(number % 30)
        if not is_noted(found, guid, now):
            found, writes = note_copy(found, guid, now), writes + 1

    assert writes == MOST_COPIES
    assert is_noted(found, "29", now)
    assert not is_noted(found, "29", now + timedelta(days=1))


def test_a_site_with_two_names_can_have_both(student: Browser, database: Connection) -> None:
    launch(student, "production", 1)
    launch(student, STAGING, 1)
    decide(student, Verdict.SAME)
    launch(student, "production", 1)
    decide(student, Verdict.SAME, "production")

    for line_item, guid in enumerate((STAGING, "production", STAGING), start=2):
        launch(student, guid, line_item)
        assert column(database, student) == str(line_item)
    assert not has_open_copies(deployment(student).other_guids)
    with pytest.raises(ConflictError):
        decide(student, Verdict.KEEP_OUT, "production")  # it is the deployment's own
    decide(student, Verdict.KEEP_OUT)
    arrival = student.arrive(student.connected.course_path)
    refused = student.post(arrival.change(tool_platform={"guid": STAGING}))
    assert error_code(refused) == "copy_refused"


def test_an_empty_guid_is_no_site(student: Browser) -> None:
    with system_transaction() as session:
        held = session.get_one(Deployment, student.connected.deployment_id)
        held.platform_guid = ""

    launch(student, "production")

    assert deployment(student).platform_guid == "production"
    assert deployment(student).other_guids == {}


def looked_up(browser: Browser) -> known.Known:
    found = known.look_again(browser.connected.registration_id, deployment(browser).platform_id)
    assert found is not None
    return found


def test_a_launch_is_held_up_by_what_people_decide_and_not_by_what_launches_teach(
    student: Browser,
) -> None:
    connected = student.connected
    assert connected.deployment_id is not None
    place, deployment_id = connected.institution_id, connected.deployment_id
    school = "https://school.example"
    launch(student, "production")
    before = looked_up(student).version

    with transaction(place) as session:
        services.learn_frames(session, place, deployment_id, [school])
        services.learn_guid(session, place, deployment_id, STAGING)

    taught = looked_up(student)
    assert (school in taught.learnt_origins, list(taught.other_guids)) == (True, [STAGING])
    assert taught.version == before
    seen = [before]
    decisions: list[Callable[[], object]] = [
        lambda: decide(student, Verdict.KEEP_OUT),
        lambda: decide(student, Verdict.SAME),
        lambda: deciding.decide_roles(
            place, connected.registration_id, {"Tutor": "learner"}, actor=SYSTEM
        ),
        lambda: deciding.decide_addresses(place, deployment_id, [school], actor=SYSTEM),
        lambda: deciding.decide_learnt(place, deployment_id, school, removed=True, actor=SYSTEM),
        lambda: deciding.decide_learnt(place, deployment_id, school, removed=False, actor=SYSTEM),
        lambda: services.allow_anonymous(connected.registration_id, allowed=True),
    ]
    for decision in decisions:
        decision()
        seen.append(looked_up(student).version)
        assert seen[-1] != seen[-2]


def test_what_goes_wrong_is_told_the_institution_that_has_the_deployment_now(
    student: Browser,
) -> None:
    before = looked_up(student)
    other = services.add_institution("elsewhere", "Elsewhere")
    assert before.deployment_id is not None
    services.approve_deployment(before.deployment_id, other, actor=SYSTEM)

    looked_up(student)

    assert institution_of(before) == other


def test_of_too_many_the_last_looked_up_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_MOST", 3)
    kept: dict[int, int] = {}

    for number in (1, 2, 3, 1, 4):
        known._keep(kept, number, number)

    assert list(kept) == [2, 3, 4]
