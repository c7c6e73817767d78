"""Every address of the product, asked by every role, and for rows that are not theirs.

A new address is walked by itself: its act says who may, its parameters which rows it is about.
What it takes besides, forms say: they are sent empty, so that a form may be refused before a row
is looked for, but no row of somebody else's is ever shown or changed.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import pytest
from flask import Flask
from sqlalchemy import Connection
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from lti_tool.people.rules import Act, Role, may
from tests.conformance.world import Visitor, World, next_door, settled
from tests.conftest import Worker
from tests.test_routes import is_public, rules

NOT_YOURS = re.compile(r"<code>not_for_your_(staff_)?role ")
# Who signs in at the desk comes to their own first page, wherever the address leads.
LED_ELSEWHERE = {("registrar.show_dashboard", Role.TOOL_ADMINISTRATOR)}
# What is in no row, and so not in this world: files themselves, deleted attempts, drafts.
NOT_KEPT = {
    "assessments.get_file",
    "marking.get_answer_file",
    "deleting.restore",
    "draft_trials.ask",
    "draft_trials.tell",
}
# What whoever places assessments may look at, whichever course they teach.
OF_ALL_COURSES = {"edition_id"}
# Pages that a role may open and is told there, in words of their own, that it is for others.
TELLS_MORE = {"instructor.review"}


@dataclass(frozen=True)
class Address:
    """One address and one way to ask for it."""

    rule: Rule
    method: str
    act: Act

    @property
    def parameters(self) -> list[str]:
        """Return the rows that it names, besides whose launch or desk it is."""
        return re.findall(r"<uuid:(\w+)>", self.rule.rule.replace("<uuid:launch_id>", ""))

    @property
    def is_of_launch(self) -> bool:
        return self.rule.rule.startswith("/l/")

    def filled(self, base: str, world: World, *, strangers: World, foreign: str = "") -> str:
        """Return the address, with the parameter `foreign` (or all: "*") of the strangers."""
        rest = re.sub(r"^/(?:l|desk|staff|my)/<[^>]+>", "", self.rule.rule)
        if self.rule.rule.startswith("/staff/"):
            base = base.replace("/desk/", "/staff/")
        for name in self.parameters:
            whose = strangers if foreign in {name, "*"} else world
            rest = rest.replace(f"<uuid:{name}>", str(whose.id_of(name)))
        return base + re.sub(r"<any\((\w+)[^)]*\):\w+>", r"\1", rest)


def addresses(app: Flask) -> list[Address]:
    return [
        Address(rule, method, cast("Act", vars(app.view_functions[rule.endpoint])["act"]))
        for rule in rules(app)
        if not is_public(rule.endpoint) and not rule.endpoint.startswith("careless")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.fixture
def worlds(worker: Worker) -> tuple[World, World]:
    return settled(worker), settled(worker)


@contextmanager
def undone(database: Connection) -> Iterator[None]:
    """Let what the block does leave nothing."""
    savepoint = database.begin_nested()
    yield
    savepoint.rollback()


def ask(app: Flask, who: Visitor, address: Address, path: str) -> TestResponse:
    data = {"csrf_token": who.csrf_token} if address.method == "POST" else None
    answer = who.client(app).open(path, method=address.method, data=data)
    assert answer.status_code < 500, f"{address.method} {path}: {answer.text}"
    return answer


def people(world: World, address: Address) -> list[tuple[Role | None, Visitor]]:
    if address.is_of_launch:
        return list(world.in_course.items())
    if address.rule.rule.startswith("/my/"):
        return [(Role.LEARNER, world.at_home)]
    return list(world.at_desk.items())


def test_every_role_is_let_through_and_refused_as_the_table_says(
    app: Flask, database: Connection, worlds: tuple[World, World]
) -> None:
    world, strangers = worlds
    for address in addresses(app):
        for role, who in people(world, address):
            path = address.filled(who.base, world, strangers=strangers)
            with undone(database):
                answer = ask(app, who, address, path)
            refused = answer.status_code == 403 and bool(NOT_YOURS.search(answer.text))
            expected = not may(frozenset({role} if role else ()), address.act)
            if (address.rule.endpoint, role) in LED_ELSEWHERE:
                assert answer.status_code == 303
            elif address.rule.endpoint not in TELLS_MORE or expected:
                assert refused == expected, f"{role}: {address.method} {path}: {answer.status}"


def test_rows_of_another_institution_are_not_found_and_stay_as_they_are(
    app: Flask, database: Connection, worlds: tuple[World, World]
) -> None:
    world, strangers = worlds
    before = strangers.everything()
    asked = 0
    for address in addresses(app):
        for foreign in {*address.parameters, "*"} if address.parameters else ():
            for role, who in people(world, address):
                if not may(frozenset({role} if role else ()), address.act):
                    continue
                path = address.filled(who.base, world, strangers=strangers, foreign=foreign)
                told = f"{role}: {address.method} {path}"
                with undone(database):
                    answer = ask(app, who, address, path)
                    asked += 1
                    if address.method == "GET" or answer.status_code != 400:
                        assert answer.status_code == 404, f"{told}: {answer.status}"
                    else:
                        assert strangers.everything() == before, told
    assert asked > 50


def test_rows_of_their_own_institution_are_found(
    app: Flask, database: Connection, worlds: tuple[World, World]
) -> None:
    """Else the test above would show nothing: a wrong address is not found either."""
    world, strangers = worlds
    lacking = []
    for address in addresses(app):
        if not all(map(world.find, address.parameters)) or address.rule.endpoint in NOT_KEPT:
            continue
        statuses = []
        for role, who in people(world, address) if address.parameters else ():
            if may(frozenset({role} if role else ()), address.act):
                path = address.filled(who.base, world, strangers=strangers)
                with undone(database):
                    statuses.append(ask(app, who, address, path).status_code)
        if set(statuses) == {404}:
            lacking.append(f"{address.method} {address.rule}")
    assert lacking == [], "see world.py"


def test_what_another_learner_has_is_not_found(
    app: Flask, database: Connection, worlds: tuple[World, World]
) -> None:
    world, strangers = worlds
    asked = 0
    for address in addresses(app):
        if (
            address.is_of_launch
            and address.parameters
            and may(frozenset({Role.LEARNER}), address.act)
        ):
            path = address.filled(world.other_learner.base, world, strangers=strangers)
            with undone(database):
                answer = ask(app, world.other_learner, address, path)
            assert answer.status_code in {404, 400}, f"{address.method} {path}: {answer.status}"
            asked += 1
    assert asked > 5


def test_what_another_course_has_is_not_found(
    app: Flask, database: Connection, worker: Worker
) -> None:
    """Who teaches there is of the same institution, and has no business in this course."""
    world = settled(worker)
    there = next_door(world)
    asked = 0
    for address in addresses(app):
        rows = [name for name in address.parameters if name not in OF_ALL_COURSES]
        for role, who in there.items() if address.is_of_launch and rows else ():
            if may(frozenset({role}), address.act):
                path = address.filled(who.base, world, strangers=world)
                with undone(database):
                    answer = ask(app, who, address, path)
                told = f"{role}: {address.method} {path}: {answer.status}"
                assert answer.status_code == 404 or (
                    answer.status_code == 400 and address.method == "POST"
                ), told
                assert "Amara Nwosu" not in answer.text, told
                asked += 1
    assert asked > 30


def test_somebody_elses_session_opens_nothing(
    app: Flask, database: Connection, worlds: tuple[World, World]
) -> None:
    """Neither another person's launch, nor another institution's, nor its desk."""
    world, strangers = worlds
    for address in addresses(app):
        for (_, who), (_, owner) in [
            *zip(people(world, address), people(strangers, address), strict=True),
            *zip(people(world, address), people(world, address)[1:], strict=False),
        ]:
            if who.base == owner.base:
                continue
            client = who.client(app)
            _, value = who.cookie
            client.set_cookie(owner.cookie[0], value)
            data = {"csrf_token": who.csrf_token} if address.method == "POST" else None
            path = address.filled(owner.base, strangers, strangers=strangers)
            with undone(database):
                answer = client.open(path, method=address.method, data=data)
            if address.method == "GET" and not address.is_of_launch:
                assert answer.status_code == 303, path
                assert "/sign-in" in answer.location, path
            else:
                assert answer.status_code == 403, f"{path}: {answer.text}"
                assert re.search("launch_ended|signed_out", answer.text), path
