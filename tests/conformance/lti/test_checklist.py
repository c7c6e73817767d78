"""docs/conformance/lti.md names a test for each of the 49 official checks and 16 of ours."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
CHECKLIST = ROOT / "docs" / "conformance" / "lti.md"
NAMED = re.compile(r"`(tests/[^`]+::[^`]+)`")


def test_every_check_is_there_once_and_names_a_test() -> None:
    rows = re.findall(r"^\| (\d+)°? \|(.*)$", CHECKLIST.read_text(), re.MULTILINE)

    assert [int(number) for number, _ in rows] == list(range(1, 66))
    assert [number for number, row in rows if not NAMED.search(row)] == []


def test_the_tests_it_names_exist() -> None:
    named = set(NAMED.findall(CHECKLIST.read_text()))
    files = sorted({name.partition("::")[0] for name in named})

    found = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert named - set(found.stdout.splitlines()) == set()
