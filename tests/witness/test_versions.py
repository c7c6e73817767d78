"""What `docs/compatibility.md` says was tried is what the tests try."""

import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
DOCUMENT = (FOLDER.parents[1] / "docs" / "compatibility.md").read_text()
PACKAGES: dict[str, str] = json.loads((FOLDER / "package.json").read_text())["dependencies"]
LOCKED = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
# Beneath those that the table names; it tells theirs in no cell.
BENEATH = {"@digitalbazaar/data-integrity"}


def versions_beside(name: str) -> set[str]:
    """Return the versions in the row of the table that names a verifier."""
    rows = [line.split("|") for line in DOCUMENT.splitlines() if line.startswith("| ")]
    return {
        version
        for row in rows
        if re.search(rf"`(?:@digital(?:bazaar|credentials)/)?{re.escape(name)}`", row[1])
        for version in re.split(r",\s*", row[2].strip())
    }


@pytest.mark.parametrize("package", sorted(set(PACKAGES) - BENEATH))
def test_the_document_tells_the_version_of_each_package_that_is_tried(package: str) -> None:
    assert PACKAGES[package] in versions_beside(package.rpartition("/")[2])


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_the_lock_file_holds_the_same_version(package: str) -> None:
    assert LOCKED[f"node_modules/{package}"]["version"] == PACKAGES[package]


def test_the_document_tells_the_version_of_openbadgeslib() -> None:
    lock = (FOLDER / "openbadgeslib.txt").read_text()
    locked = re.search(r"^openbadgeslib==(\S+)", lock, re.MULTILINE)

    assert locked is not None
    assert versions_beside("openbadgeslib") == {locked[1]}
