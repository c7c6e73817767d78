from pathlib import Path

import pytest

from tests.sharing import LONGEST, piece_of, rank_of

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", [name for names in LONGEST for name in names])
def test_what_goes_first_is_still_there(name: str) -> None:
    assert (ROOT / name).exists()


def test_a_file_is_one_piece_and_so_are_the_journeys() -> None:
    assert piece_of("tests/core/test_jwk.py::test_one[a::b]") == "tests/core/test_jwk.py"
    assert piece_of("tests/core/test_jwk.py::TestKeys::test_two") == "tests/core/test_jwk.py"
    assert piece_of("tests/journeys/test_tour.py::test_it") == "tests/journeys/"
    assert piece_of("tests/journeys/test_restarts.py::test_it") == "tests/journeys/"


def test_of_those_who_kill_whole_installations_none_run_side_by_side() -> None:
    assert piece_of("tests/faults/test_exam.py::test_it") == piece_of(
        "tests/demo/test_supervisor.py::test_it"
    )


def test_what_takes_long_goes_before_the_rest() -> None:
    names = ["tests/a.py::test_it", "tests/test_cli.py::test_it", "tests/journeys/test_tour.py::t"]

    assert sorted(names, key=rank_of) == names[::-1]
