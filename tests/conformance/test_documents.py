"""What the documents name, exists: modules, files, tests."""

import re
from functools import cache
from pathlib import Path

import click
import pytest

from lti_tool import cli

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "docs" / "architecture.md",
    ROOT / "docs" / "conformance.md",
    ROOT / "docs" / "accessibility.md",
    *sorted((ROOT / "docs" / "conformance").glob("*.md")),
]
FOR_OPERATORS = [
    ROOT / "README.md",
    *map(ROOT.joinpath("docs").joinpath, ("production.md", "connecting.md")),
]
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"(?:\.\./)?[a-z][\w-]*(?:/[\w.-]+)*(?:/|\.(?:py|js|css|html|md|toml))")
TEST = re.compile(r"test_\w+|Test[A-Z]\w+")


@cache
def names_of_tests() -> frozenset[str]:
    text = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    return frozenset(
        re.findall(r"^\s*(?:async )?(?:def|class) ((?:test_|Test)\w+)", text, re.MULTILINE)
    )


def missing(document: Path) -> list[str]:
    """Return what stands in backticks there, looks like a path or a test, and is neither."""
    found = []
    for code in CODE.findall(document.read_text()):
        word = code.partition(":")[0].strip()
        if TEST.fullmatch(word) and word not in names_of_tests():
            found.append(code)
        if PATH.fullmatch(word) and not any(
            (ROOT / folder / word).exists() for folder in (".", "lti_tool")
        ):
            found.append(code)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_what_a_document_names_exists(document: Path) -> None:
    assert missing(document) == []


def test_every_row_of_the_conformance_table_names_a_module_and_a_test() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "conformance.md").read_text().splitlines()
        if line.startswith("| ") and not line.startswith(("| requirement", "| promise"))
    ]
    assert len(rows) > 20
    for requirement, module, test in rows:
        assert CODE.search(module), requirement
        assert re.search(r"`(?:tests/|test_)", test), requirement


@pytest.mark.parametrize("document", FOR_OPERATORS, ids=lambda path: path.stem)
def test_commands_and_settings_exist(document: Path) -> None:
    text = document.read_text()
    source = "".join(path.read_text() for path in (ROOT / "lti_tool").rglob("*.py"))

    commands = set(re.findall(r"(?:^ {4}|`)cairn ([a-z]+)(?: ([a-z]+)\b)?", text, re.MULTILINE))
    assert commands
    context = click.Context(cli.main)
    for name, below in commands:
        command = cli.main.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            assert below in command.list_commands(context), (name, below)
    for setting in re.findall(r"`(CAIRN_[A-Z_]+)", text):
        assert f'"{setting}"' in source or setting == "CAIRN_REQUIRE_ALL", setting


def test_what_is_missing_is_noticed(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("`test_nobody_wrote_this`, `launch/nowhere.py: f`, `core/`, `core/db.py`")

    assert missing(document) == ["test_nobody_wrote_this", "launch/nowhere.py: f"]


@pytest.mark.parametrize("document", FOR_OPERATORS, ids=lambda path: path.stem)
def test_the_options_of_a_command_exist(document: Path) -> None:
    text = re.sub(r"\\\n *", "", document.read_text())
    context = click.Context(cli.main)
    said = [line for line in text.splitlines() if re.match(r" {4}cairn ", line)]
    said += [code for code in CODE.findall(text) if code.startswith("cairn ")]

    for line in said:
        words = line.partition("#")[0].split()[1:]
        command: click.Command = cli.main
        while isinstance(command, click.Group):
            below = command.get_command(context, words.pop(0))
            assert below is not None, line
            command = below
            if not words:
                break
        known = {option for one in command.params for option in one.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


@pytest.mark.parametrize(
    "document",
    [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text()) if "://" not in link]

    for link in links:
        path, _, heading = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        if heading:
            titles = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in titles}
            assert heading in slugs, link
