"""What launches leave in the database: each thing once, written only when it differs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from pydantic import TypeAdapter
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from lti_tool.core import clock, outbox
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import ContextId, InstitutionId, LaunchId
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.launch.record import LaunchRecord, record, record_alone
from lti_tool.platforms import services
from lti_tool.platforms.events import CourseServicesChanged
from lti_tool.platforms.services import Endpoints
from tests.conftest import Worker


def one_launch(client_id: str = "c") -> LaunchRecord:
    """Make an institution, a deployment, and the record of a launch there."""
    listens = Endpoints(
        auth_url="https://lms.example/a",
        token_url="https://lms.example/t",
        jwks_url="https://lms.example/k",
    )
    institution_id = services.add_institution(f"i-{client_id}", "A university")
    registration_id = services.add_registration(
        issuer="https://lms.example", client_id=client_id, name="LMS", endpoints=listens
    )
    now = clock.now()
    return LaunchRecord(
        institution_id=institution_id,
        registration_id=registration_id,
        deployment_id=services.add_deployment(registration_id, "d", institution_id),
        issuer="https://lms.example",
        subject="s-1",
        name="Amara Nwosu",
        email="amara@lms.example",
        sis_id="S1",
        context_platform_id="course-1",
        context_title="Biostatistics 2",
        context_label="BIO2",
        line_items_url="https://lms.example/lineitems",
        memberships_url="https://lms.example/members",
        service_scopes=["score"],
        has_endpoint=True,
        link_platform_id="link-1",
        link_title="Reading statistics",
        line_item_url="https://lms.example/lineitems/1",
        message_type="LtiResourceLinkRequest",
        roles=["learner"],
        placement_token="p1.x",
        settings={"locale": "en"},
        secret_hash=b"h" * 32,
        now=now,
        expires_at=now + timedelta(hours=10),
    )


def write(launch: LaunchRecord) -> LaunchId:
    with transaction(launch.institution_id) as session:
        return record(session, launch)


def write_alone(launch: LaunchRecord) -> LaunchId:
    return record_alone(launch)


def rows(session: Session, table: str) -> list[dict[str, Any]]:
    """Return all rows the institution sees; `ctid` changes when PostgreSQL writes a row anew."""
    query = text(f"SELECT *, ctid::text FROM {table} ORDER BY id")  # noqa: S608
    return [dict(row) for row in session.execute(query).mappings()]


def kept(institution_id: InstitutionId) -> dict[str, list[dict[str, Any]]]:
    with transaction(institution_id) as session:
        return {t: rows(session, t) for t in ("contexts", "resource_links", "users")}


pytestmark = pytest.mark.timeout(60)


def test_everything_a_launch_says_is_kept_and_tied_together(live_app: Flask) -> None:  # noqa: ARG001
    launch = one_launch()

    launch_id = write(launch)

    with transaction(launch.institution_id) as session:
        (context,) = rows(session, "contexts")
        (link,) = rows(session, "resource_links")
        (user,) = rows(session, "users")
        (stored,) = rows(session, "launches")
    assert context["title"] == "Biostatistics 2"
    assert context["service_scopes"] == ["score"]
    assert context["memberships_url"] == "https://lms.example/members"
    assert link["context_id"] == context["id"]
    assert link["line_item_url"] == "https://lms.example/lineitems/1"
    assert (user["subject"], user["name"], user["sis_id"]) == ("s-1", "Amara Nwosu", "S1")
    assert stored["id"] == launch_id
    assert stored["user_id"] == user["id"]
    assert stored["context_id"] == context["id"]
    assert stored["resource_link_id"] == link["id"]
    assert (stored["roles"], stored["settings"]) == (["learner"], {"locale": "en"})


def test_the_same_launch_again_writes_no_row_but_its_own(live_app: Flask) -> None:  # noqa: ARG001
    launch = one_launch()
    write(launch)
    before = kept(launch.institution_id)

    write(launch)

    after = kept(launch.institution_id)
    for table, old in before.items():
        assert [r["ctid"] for r in after[table]] == [r["ctid"] for r in old]


@pytest.mark.parametrize(
    ("said", "value", "table", "column"),
    [
        ("context_title", "Biostatistics 3", "contexts", "title"),
        ("service_scopes", [], "contexts", "service_scopes"),
        ("line_items_url", None, "contexts", "line_items_url"),
        ("link_title", "Renamed", "resource_links", "title"),
        ("line_item_url", None, "resource_links", "line_item_url"),
        ("name", "Amara N. Nwosu", "users", "name"),
    ],
)
def test_only_what_differs_is_written(
    live_app: Flask,  # noqa: ARG001
    said: str,
    value: object,
    table: str,
    column: str,
) -> None:
    launch = one_launch()
    write(launch)
    before = kept(launch.institution_id)

    changes: dict[str, Any] = {said: value}
    write(replace(launch, **changes))

    after = kept(launch.institution_id)
    assert after[table][0][column] == value
    assert after[table][0]["id"] == before[table][0]["id"]
    for other in after.keys() - {table}:
        assert after[other][0]["ctid"] == before[other][0]["ctid"]


def test_what_a_platform_does_not_say_is_not_forgotten(live_app: Flask) -> None:  # noqa: ARG001
    launch = one_launch()
    write(launch)
    before = kept(launch.institution_id)

    silent: dict[str, Any] = dict.fromkeys(
        ("name", "email", "sis_id", "context_title", "context_label", "link_title",
         "memberships_url", "line_items_url", "line_item_url")
    )  # fmt: skip
    write(replace(launch, has_endpoint=False, service_scopes=[], **silent))

    after = kept(launch.institution_id)
    for table, old in before.items():
        assert [r["ctid"] for r in after[table]] == [r["ctid"] for r in old]


def test_a_launch_may_have_neither_context_nor_link(live_app: Flask) -> None:  # noqa: ARG001
    launch = replace(one_launch(), context_platform_id=None, link_platform_id=None)

    write(launch)

    found = kept(launch.institution_id)
    assert (found["contexts"], found["resource_links"], len(found["users"])) == ([], [], 1)


def test_the_first_launches_of_a_course_at_once_make_each_thing_once(
    live_app: Flask,  # noqa: ARG001
) -> None:
    launch, crowd = one_launch(), 4
    start = Barrier(crowd, timeout=10)

    def arrive(number: int) -> None:
        for round_ in range(6):
            start.wait()
            write(
                replace(
                    launch,
                    context_platform_id=f"course-{round_}",
                    link_platform_id=f"link-{round_}",
                    subject=f"s-{number % 2}",
                )
            )

    with ThreadPoolExecutor(crowd) as threads:
        for each in [threads.submit(arrive, number) for number in range(crowd)]:
            each.result()

    found = kept(launch.institution_id)
    assert {r["platform_id"] for r in found["contexts"]} == {f"course-{n}" for n in range(6)}
    assert len(found["contexts"]) == len(found["resource_links"]) == 6
    assert len(found["users"]) == 2
    with transaction(launch.institution_id) as session:
        launches = rows(session, "launches")
        links = {r["id"]: r["context_id"] for r in found["resource_links"]}
    assert len(launches) == crowd * 6
    assert all(links[r["resource_link_id"]] == r["context_id"] for r in launches)


def test_launches_of_a_known_course_do_not_wait_for_each_other(live_app: Flask) -> None:  # noqa: ARG001
    launch = one_launch()
    write(launch)
    write(replace(launch, subject="s-2"))

    def second() -> None:
        with transaction(launch.institution_id) as session:
            session.execute(text("SET LOCAL lock_timeout = '500ms'"))
            record(session, replace(launch, subject="s-2"))

    with ThreadPoolExecutor(1) as thread, transaction(launch.institution_id) as session:
        record(session, launch)
        thread.submit(second).result()  # the first has not committed


def announced(institution_id: InstitutionId) -> list[OutboxDelivery]:
    with system_transaction() as session:
        found = select(OutboxDelivery).where(OutboxDelivery.institution_id == institution_id)
        return list(session.scalars(found))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("written", [write, write_alone])
@pytest.mark.parametrize(
    "changed", [{"line_item_url": "https://lms.example/lineitems/2"}, {"service_scopes": ["all"]}]
)
def test_another_column_or_other_rights_are_announced_once(
    written: Callable[[LaunchRecord], LaunchId], changed: dict[str, Any]
) -> None:
    launch = one_launch()
    written(launch)
    written(launch)
    assert not announced(launch.institution_id)

    written(replace(launch, **changed))
    written(replace(launch, **changed))

    [delivery] = announced(launch.institution_id)
    [context] = kept(launch.institution_id)["contexts"]
    event = CourseServicesChanged(
        institution_id=launch.institution_id, context_id=ContextId(context["id"])
    )
    assert delivery.payload == TypeAdapter(CourseServicesChanged).dump_python(event, mode="json")
    assert delivery.subscriber == "desire_scores_of_course"
    assert delivery.due_at == launch.now + outbox.HAND_OVER


@pytest.mark.usefixtures("database")
def test_another_column_of_a_link_in_no_course_is_announced_to_nobody() -> None:
    launch = replace(one_launch(), context_platform_id=None)
    write(launch)

    write(replace(launch, line_item_url="https://lms.example/lineitems/2"))

    assert not announced(launch.institution_id)
    [link] = kept(launch.institution_id)["resource_links"]
    assert link["line_item_url"] == "https://lms.example/lineitems/2"


@pytest.mark.parametrize("written", [write, write_alone])
def test_what_is_announced_is_handed_over(
    written: Callable[[LaunchRecord], LaunchId], worker: Worker
) -> None:
    launch = one_launch()
    written(launch)
    written(replace(launch, line_item_url=None))

    worker.run()

    [delivery] = announced(launch.institution_id)
    assert delivery.finished_at is not None


def test_two_institutions_hold_the_same_ids_apart(live_app: Flask) -> None:  # noqa: ARG001
    one, other = one_launch("one"), one_launch("other")
    write(one)

    write(other)

    mine, theirs = kept(one.institution_id), kept(other.institution_id)
    for table in mine:
        assert len(mine[table]) == len(theirs[table]) == 1
        assert mine[table][0]["id"] != theirs[table][0]["id"]
