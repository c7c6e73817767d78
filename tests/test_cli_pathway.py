"""`cairn pathway evaluate` of what is no case: which field is wrong, and what belongs there."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from lti_tool.cli import main
from lti_tool.commands import pathway_cases
from lti_tool.core import settings as settings_module
from lti_tool.pathways.jobs import count_award
from tests.pathways.records import university
from tests.test_cli import run

FIRST, SECOND = (str(UUID(int=number)) for number in (1, 2))
NOON = "2026-03-02T12:00:00Z"
TWO: list[dict[str, Any]] = [{"kind": "earn", "achievement_id": known} for known in (FIRST, SECOND)]


def case(**changes: object) -> dict[str, Any]:
    return {
        "expression": {"kind": "all_of", "parts": TWO},
        "awards": [{"achievement_id": FIRST, "awarded_at": NOON}],
        "at": NOON,
        **changes,
    }


def stone(**changes: object) -> dict[str, Any]:
    """A case of one group with one stone."""
    part = {"kind": "earn", "achievement_id": FIRST, **changes}
    return case(expression={"kind": "all_of", "parts": [part]})


def nested(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = TWO[0]
    for _ in range(depth):
        tree = {"kind": "all_of", "parts": [tree]}
    return tree


def evaluate(data: bytes) -> tuple[int, str]:
    """Judge what comes from standard input."""
    outcome = CliRunner().invoke(main, ["pathway", "evaluate", "-"], input=data)
    return outcome.exit_code, outcome.output


def told(document: object) -> str:
    code, printed = evaluate(json.dumps(document).encode())
    assert code == 1
    return printed


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "It is empty."),
        (b" \n", "It is empty."),
        (bytes(range(256)), "It is no JSON text:"),
        (b'{"expression":', "It is no JSON text: EOF while parsing"),
        (b"[]", "The document has to be an object."),
        (b'{"a":' * 5000, "It is no JSON text:"),
        (b" " * (pathway_cases.MOST_BYTES + 1), "It is larger than 5 MB."),
    ],
    ids=["empty", "blank", "binary", "cut off", "list", "deep", "large"],
)
def test_what_is_no_document_is_said_to_be_none(data: bytes, says: str) -> None:
    code, printed = evaluate(data)

    assert code == 1
    assert printed.startswith("Error: Standard input is no case.\n  ")
    assert says in printed


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (case(at=NOON[:-1]), f'at needs a time zone, as in {NOON}, not "{NOON[:-1]}".'),
        (case(at="Monday"), f'at has to be an instant, as in {NOON}, not "Monday".'),
        (case(more=1), "more is no field here, not 1."),
        ({"at": NOON}, "expression is missing."),
        (case(expression={"parts": []}), 'expression needs a "kind": one of "earn",'),
        (case(expression={"kind": "any"}), 'expression has to have as "kind" one of "earn",'),
        (stone(achievement_id="7"), "expression.parts[0].achievement_id has to be an id:"),
        (stone(grade_at_least="high"), "expression.parts[0].grade_at_least has to be a number,"),
        (stone(within_days=1.5), "expression.parts[0].within_days has to be a whole number,"),
        (stone(counts_expired="so"), "expression.parts[0].counts_expired has to be true or false,"),
        (stone(needs="x"), "expression.parts[0].needs has to be a list"),
        (case(awards=[{"x": 1}] * 9), "and 17 more"),
    ],
)
def test_a_field_that_is_wrong_is_named_with_what_belongs_there(
    document: object, says: str
) -> None:
    printed = told(document)

    assert says in printed
    assert "pydantic" not in printed
    assert "type=" not in printed


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (stone(within_days=10**12), "can count for at most 36,500 days"),
        (stone(within_days=0), "must count for at least a day"),
        (stone(credits="1e400000"), "has to be a number with at most 9 digits"),
        (case(at="9999-12-31T23:59:59Z"), "at has to be in the years 1000 to 9000."),
        (case(expression=nested(9)), "Groups lie at most 8 deep, not 10."),
        (case(expression={"kind": "all_of", "parts": TWO * 101}), "at most 200 requirements"),
        (
            case(expression={"kind": "all_of", "parts": [{**one, "id": FIRST} for one in TWO]}),
            f"2 requirements have the id {FIRST}.",
        ),
        (
            case(awards=[{"achievement_id": FIRST, "awarded_at": NOON, "grade": "80"}]),
            'awards[0].grade has to be a share of the points, "0" to "1".',
        ),
        (
            case(awards=[{"achievement_id": FIRST, "awarded_at": NOON, "valid_until": NOON}]),
            "awards[0].valid_until has to be later than awarded_at.",
        ),
        (
            case(rulings=[{"requirement_id": FIRST, "since": NOON}]),
            f"rulings[0].requirement_id: no requirement has the id {FIRST}.",
        ),
        (
            case(
                expression={"kind": "all_of", "parts": TWO, "id": SECOND},
                rulings=[{"requirement_id": SECOND, "since": NOON, "award_id": FIRST}],
            ),
            "rulings[0]: an award can count in place of a stone only, not of a group.",
        ),
        (
            case(
                awards=[
                    {"achievement_id": known, "awarded_at": NOON, "id": FIRST}
                    for known in (FIRST, SECOND)
                ]
            ),
            f"Awards of different achievements have the id {FIRST}.",
        ),
        (
            case(
                expression={
                    "kind": "all_of",
                    "parts": [
                        {**TWO[0], "needs": [SECOND]},
                        {**TWO[1], "needs": [FIRST]},
                    ],
                },
                names={FIRST: "Hen", SECOND: "Egg"},
            ),
            "These wait for each other: Hen needs Egg, Egg needs Hen.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(document: object, says: str) -> None:
    assert says in told(document)


def test_a_stored_standing_is_explained_and_strange_ids_are_refused(live_app: Flask) -> None:
    assert live_app.testing
    here, elsewhere = university("northgate"), university("southgate")
    pathway_id, ada = here.pathway("Certificate", ("Ethics", "Data")), here.person()
    count_award(here.grant(ada, "Ethics"))
    stranger, other = elsewhere.person(), here.person()

    def explain(*arguments: str) -> Result:
        return run(settings_module.current(), "pathway", "explain", *map(str, arguments))

    at_home = ("--institution", "northgate")
    told = explain(str(pathway_id), str(ada), *at_home)
    assert (told.exit_code, told.stdout.splitlines()[0]) == (0, "open  All of these: 1 of 2.")
    both = json.loads(explain(str(pathway_id), str(ada), *at_home, "--json").stdout)
    assert both["evaluation"]["missing"] == 1
    judged = evaluate(json.dumps(both["case"]).encode())
    assert json.loads(judged[1]) == both["evaluation"]
    for arguments, code, says in (
        ((str(pathway_id), str(ada), "--institution", "nowhere"), 1, "no institution"),
        ((str(uuid4()), str(ada), *at_home), 1, "no such pathway"),
        ((str(pathway_id), str(ada), "--institution", "southgate"), 1, "no such pathway"),
        ((str(pathway_id), str(stranger), *at_home), 1, "no such person"),
        ((str(pathway_id), str(other), *at_home), 1, "This person is not on this pathway."),
        (("x", str(ada), *at_home), 2, "'x' is not a valid UUID"),
        ((str(pathway_id), str(ada)), 2, "Missing option '--institution'"),
    ):
        refused = explain(*arguments)
        assert refused.exit_code == code, arguments
        assert says in refused.stderr, refused.stderr


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.json"):
        outcome = CliRunner().invoke(main, ["pathway", "evaluate", str(path)])

        assert outcome.exit_code == 2
        assert str(path) in outcome.output
