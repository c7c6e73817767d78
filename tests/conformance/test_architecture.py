"""What `docs/architecture.md` draws is how the code stands: floors, tables, what sets off what."""

import re
import tomllib
from pathlib import Path

from lti_tool import subscriptions
from lti_tool.core import outbox
from lti_tool.core.db import Base

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"`([^`]+)`")


def rows(heading: str) -> list[list[list[str]]]:
    """Return what stands in backticks, row by row and cell by cell, of the table below there."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[CODE.findall(cell) for cell in line.split("|")[1:-1]] for line in lines[1:]]


def test_the_floors_are_those_that_imports_are_held_to() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = [set(re.findall(r"\w+", layer)) for layer in contracts["contracts"][0]["layers"]]
    drawn = [set(floor) for floor, _, _ in rows("The floors")]

    flat = [name for floor in drawn for name in floor]
    assert len(flat) == len(set(flat))
    assert set(flat) == set.union(*layers)
    order = {name: number for number, floor in enumerate(drawn) for name in floor}
    heights = [{order[name] for name in layer} for layer in layers]
    assert all(len(height) == 1 for height in heights)
    assert heights == sorted(heights, key=min)


def test_every_table_stands_at_its_package() -> None:
    subscriptions.register()  # with it every feature's tables are loaded
    here = {
        (mapper.class_.__module__.split(".")[1], mapper.class_.__tablename__)
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith("lti_tool.")
    }
    drawn = {
        frozenset(floor): {table for table in tables if table}
        for floor, _, tables in rows("The floors")
    }

    assert {
        floor: {table for package, table in here if package in floor} for floor in drawn
    } == drawn


def test_every_event_is_told_with_its_jobs() -> None:
    subscriptions.register()
    told = rows("What sets off what")

    assert sorted(name for events, _, _ in told for name in events) == sorted(outbox._handlers)
    for events, _, jobs in told:
        assert set(jobs) == {job for event in events for job in outbox._handlers[event]}, events
