"""Cases that anybody can check: read, judged, and the same as what is stored."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lti_tool.cli import main
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.pathways.case import case_document, evaluate_case, read_case
from lti_tool.pathways.expression import AllOf, to_json
from lti_tool.pathways.foresight import foresee, get_case
from lti_tool.pathways.jobs import count_award
from tests.pathways.records import university
from tests.pathways.trees import ACHIEVEMENTS, NOON, earn


def document(**changes: object) -> dict[str, Any]:
    """A pathway of two stones, one of them held from noon."""
    return {
        "expression": to_json(AllOf(title="Both", parts=(earn(1), earn(2)))),
        "awards": [{"achievement_id": str(ACHIEVEMENTS[0]), "awarded_at": NOON.isoformat()}],
        "at": NOON.isoformat(),
        "names": {str(ACHIEVEMENTS[0]): "First"},
        **changes,
    }


def evaluate(case: dict[str, Any], path: Path) -> tuple[int, str]:
    path.write_text(json.dumps(case))
    outcome = CliRunner().invoke(main, ["pathway", "evaluate", str(path)])
    return outcome.exit_code, outcome.output


def test_a_case_is_judged_without_a_database(tmp_path: Path) -> None:
    code, printed = evaluate(document(), tmp_path / "case.json")

    outcome = json.loads(printed)
    assert code == 0
    assert (outcome["done"], outcome["share"], outcome["missing"]) == (False, "0.5", 1)
    assert outcome["nearest"] == [{"id": str(ACHIEVEMENTS[1]), "name": str(ACHIEVEMENTS[1])}]
    assert outcome["reasons"]["text"] == "Both. All of these: 1 of 2."
    assert [part["text"] for part in outcome["reasons"]["parts"]] == [
        "First: held since 2 March 2026.",
        f"{ACHIEVEMENTS[1]}: not held yet.",
    ]


def test_the_instant_decides(tmp_path: Path) -> None:
    before = (NOON - timedelta(seconds=1)).isoformat()

    _, printed = evaluate(document(at=before), tmp_path / "case.json")

    assert json.loads(printed)["missing"] == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"at": "2026-03-02T12:00:00"}, "time zone"),
        ({"more": 1}, "more"),
        ({"expression": {"kind": "some_of", "choose": 1, "parts": []}}, "The group is empty."),
    ],
)
def test_what_is_no_case_is_refused_with_the_place(
    tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    code, printed = evaluate(document(**changes), tmp_path / "case.json")

    assert code == 1
    assert says in printed


@pytest.mark.usefixtures("client")
def test_a_stored_standing_is_a_case_that_comes_out_the_same() -> None:
    place = university("cases")
    pathway_id = place.pathway("Certificate", ("One", "Two"))
    person = place.person()
    count_award(place.grant(person, "One"))

    with transaction(place.id) as session:
        case = get_case(session, pathway_id, person)
        [foreseen] = foresee(session, person, place.achievements["Two"], gained=True)
    again = read_case(json.dumps(case_document(case)))

    assert evaluate_case(again) == evaluate_case(case)
    assert evaluate_case(case)["missing"] == place.progress(pathway_id, person).missing == 1
    assert (foreseen.before, foreseen.after) == (1, 0)


@pytest.mark.usefixtures("client")
def test_somebody_who_is_not_on_a_pathway_has_no_case() -> None:
    place = university("cases")
    pathway_id, person = place.pathway("Certificate", ("One",)), place.person()

    with transaction(place.id) as session, pytest.raises(NotFoundError):
        get_case(session, pathway_id, person)
