"""What Python says to people can be said in another language."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lti_tool.app  # noqa: F401 - every module that declares errors
from lti_tool.core.errors import ToolError
from lti_tool.core.language import Phrase

PACKAGE = Path(__file__).parents[2] / "lti_tool"
# Another product, content in English, commands, and what only operators and logs read.
APART = {"campus", "demo", "commands", "migrations", "cli.py", "worker.py"}
# Sentences of programs to programs, which no page shows.
TECHNICAL = {
    "administration/doctor.py",
    "badges/baking.py",
    "badges/canonical.py",
    "badges/clr.py",
    "badges/data_integrity.py",
    "badges/issuing.py",
    "badges/open_badges.py",
    "badges/signing.py",
    "badges/status_list.py",
    "badges/transcripts/making.py",
    "badges/vc_jwt.py",
    "core/driver.py",
    "core/processes.py",
    "core/servers.py",
    "core/settings.py",
    "grading/ags.py",
    "launch/id_token.py",
}
_WORDS = re.compile(r"[A-Za-z]{2,} (?:[a-z]{2,}|…)")
BUILT_IN = {"ValueError", "RuntimeError", "TypeError", "LookupError", "KeyError", "AssertionError"}


def errors(family: type[ToolError] = ToolError) -> Iterator[type[ToolError]]:
    yield family
    for one in family.__subclasses__():
        yield from errors(one)


def test_an_errors_title_and_steps_can_be_said_in_any_language() -> None:
    ours = [one for one in errors() if one.__module__.startswith("lti_tool.")]
    bare = {
        f"{one.__module__}.{one.__name__}: {words}"
        for one in ours
        for words in (one.title, *one.steps)
        if not isinstance(words, Phrase)
    }

    assert len(ours) > 50
    assert bare == set()


def bare_messages(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = ast.unparse(node.exc.func).rpartition(".")[2]
            if name.endswith("Error") and name not in BUILT_IN:
                yield from (
                    ast.unparse(said) for said in node.exc.args if _WORDS.search(_plain(said))
                )


# What is said to other servers, to operators, or stands in signed documents; each with the words.
NOT_SHOWN = {
    "administration/metrics.py": "help of a metric",
    "badges/certificate.py": "a document in English",
    "badges/detailing.py": "evidence in a signed document",
    "badges/transcripts/files.py": "a document in English",
    "core/doctor.py": "a command",
    "core/metrics.py": "help of a metric",
    "grading/rules.py": "the comment beside a grade in the LMS",
    "launch/by_hand.py": "what Canvas shows of the tool",
    "launch/dynamic_registration.py": "what the platform shows of the tool",
}
_SENTENCE = re.compile(r"[A-Z“…].*[a-z…”%)] ?.*[.?!]", re.DOTALL)
_MARKING = {"phrase", "phrases", "marked"}


def bare_sentences(source: str) -> Iterator[str]:
    """Yield sentences that nothing marks; not docstrings, nor what programmers are told."""
    tree = ast.parse(source)
    apart = {
        id(part)
        for node in ast.walk(tree)
        if _is_apart(node)
        for part in ast.walk(node)
        if part is not node or isinstance(node, ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in apart:
            text = _plain(node)
            if " " in text.strip() and _SENTENCE.fullmatch(text):
                yield text
            apart.update(id(part) for part in ast.walk(node))


def _is_apart(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        return name in _MARKING or name in BUILT_IN
    return False


def test_no_module_says_a_sentence_outside_of_the_catalogue() -> None:
    bare = {
        name: list(bare_sentences(path.read_text()))
        for path in modules()
        if (name := str(path.relative_to(PACKAGE))) not in NOT_SHOWN
    }

    assert {path: words for path, words in bare.items() if words} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('wrong["kind"] = "Choose one of them."', 1),
        ('told = f"Counts for {days} days."', 1),
        ('told = phrase("Counts for %(days)s days.", days=days)', 0),
        ('def f():\n    """Return it all."""', 0),
        ('ONE = "from here to there"', 0),
    ],
)
def test_a_bare_sentence_is_found(source: str, found: int) -> None:
    assert len(list(bare_sentences(source))) == found


def _plain(said: ast.expr) -> str:
    if isinstance(said, ast.JoinedStr):
        return "".join(map(_plain, said.values))
    return str(said.value) if isinstance(said, ast.Constant) else "…"


def modules() -> list[Path]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return [
        path
        for path in paths
        if path.relative_to(PACKAGE).parts[0] not in APART
        and str(path.relative_to(PACKAGE)) not in TECHNICAL
    ]


def test_what_is_raised_can_be_said_in_any_language() -> None:
    bare = {
        str(path.relative_to(PACKAGE)): list(bare_messages(path.read_text())) for path in modules()
    }

    assert {path: words for path, words in bare.items() if words} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise NotFoundError("There is nothing.")', 1),
        ('raise errors.DeniedError(f"No {thing}")', 1),
        ('raise NotFoundError(phrase("There is nothing."))', 0),
        ('raise ValueError("a name for programmers")', 0),
        ('raise NotFoundError("code")', 0),
    ],
)
def test_a_bare_message_is_found(source: str, found: int) -> None:
    assert len(list(bare_messages(source))) == found
