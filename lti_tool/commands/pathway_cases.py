"""Reading a case that somebody wrote: what is wrong with it is told field by field, in words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from lti_tool.pathways.case import Case, read_case
from lti_tool.pathways.expression import CreditsAtLeast, Earn, Requirement, SomeOf, nodes

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

MOST_BYTES = 5_000_000
MOST_TOLD = 10
MOST_LETTERS = 40
FIRST_YEAR, LAST_YEAR = 1000, 9000
LARGEST, SMALLEST_EXPONENT = Decimal(10**9), -9

KINDS = ("earn", "all_of", "some_of", "credits_at_least")
_KINDS_IN_WORDS = "one of " + ", ".join(f'"{kind}"' for kind in KINDS)
# By the beginning of pydantic's own name of what is wrong.
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is no field here",
    "unexpected_keyword_argument": "is no field here",
    "union_tag_not_found": f'needs a "kind": {_KINDS_IN_WORDS}',
    "union_tag_invalid": f'has to have as "kind" {_KINDS_IN_WORDS}',
    "literal_error": f"has to be {_KINDS_IN_WORDS}",
    "uuid": "has to be an id: a UUID as text",
    "timezone": "needs a time zone, as in 2026-03-02T12:00:00Z",
    "datetime": "has to be an instant, as in 2026-03-02T12:00:00Z",
    "decimal": 'has to be a number, as in "2.5"',
    "finite_number": 'has to be a number, as in "2.5"',
    "int": "has to be a whole number",
    "bool": "has to be true or false",
    "string": "has to be text",
    "tuple": "has to be a list",
    "dict": "has to be an object",
    "dataclass": "has to be an object",
    "model": "has to be an object",
}


class NotACaseError(ValueError):
    """What was handed in is no case; the text says all that is wrong, a line each."""

    def __init__(self, lines: list[str]) -> None:
        """Tell the first of them, and how many more there are."""
        more = len(lines) - MOST_TOLD
        told = lines if more <= 0 else [*lines[:MOST_TOLD], f"and {more} more"]
        super().__init__("\n".join(f"  {line}" for line in told))


def load(data: bytes) -> Case:
    """Return the case that a document holds.

    Raises:
        NotACaseError: it holds none, or one that means nothing.
    """
    if len(data) > MOST_BYTES:
        raise NotACaseError([f"It is larger than {MOST_BYTES // 10**6} MB."])
    if not data.strip():
        raise NotACaseError(["It is empty."])
    try:
        case = read_case(data)
    except ValidationError as error:
        raise NotACaseError([_line(one) for one in error.errors(include_url=False)]) from error
    if found := list(_contradictions(case)):
        raise NotACaseError(found)
    return case


def _line(error: Mapping[str, Any]) -> str:
    kind, where = error["type"], place(error["loc"])
    if kind == "json_invalid":
        return f"It is no JSON text: {error['ctx']['error']}."
    words = next(
        (words for start, words in _WORDS.items() if kind.startswith(start)), error["msg"].lower()
    )
    if not where:
        return f"The document {words}."
    given = error["input"]
    is_shown = kind not in {"missing", "union_tag_not_found"} and isinstance(
        given, str | int | float
    )
    return f"{where} {words}{f', not {_shown(given)}' if is_shown else ''}."


def place(steps: tuple[str | int, ...]) -> str:
    """Return where something is, as in `expression.parts[2].needs[0]`.

    The kind of a requirement is no step: it is the same place whichever it is.
    """
    told = ""
    for before, step in zip((None, *steps), steps, strict=False):
        if isinstance(step, int):
            told += f"[{step}]"
        elif step != "[key]" and not (
            step in KINDS and (isinstance(before, int) or before == "expression")
        ):
            told += f".{step}" if told else step
    return told


def _shown(given: object) -> str:
    if isinstance(given, bool):
        return str(given).lower()
    text = str(given)
    if len(text) > MOST_LETTERS:
        text = f"{text[:MOST_LETTERS]}..."
    return f'"{text}"' if isinstance(given, str) else text


def _contradictions(case: Case) -> Iterator[str]:
    """Yield what can be read and cannot be meant."""
    yield from _strange_instants(case)
    yield from _strange_numbers(case)
    tree = list(nodes(case.expression))
    for known, times in Counter(node.id for node in tree).items():
        if times > 1:
            yield f"{times} requirements have the id {known}."
    of_award: dict[UUID, set[UUID]] = {}
    for award in case.awards:
        of_award.setdefault(award.id, set()).add(award.achievement_id)
    for known, achievements in of_award.items():
        if len(achievements) > 1:
            yield f"Awards of different achievements have the id {known}."
    known_nodes = {node.id: node for node in tree}
    for number, ruling in enumerate(case.rulings):
        node = known_nodes.get(ruling.requirement_id)
        if node is None:
            wanted = ruling.requirement_id
            yield f"rulings[{number}].requirement_id: no requirement has the id {wanted}."
        elif ruling.award_id is not None and not isinstance(node, Earn):
            yield f"rulings[{number}]: an award can count in place of a stone only, not of a group."
        if ruling.award_id is not None and ruling.award_id not in of_award:
            yield f"rulings[{number}].award_id: no award has the id {ruling.award_id}."


def _strange_instants(case: Case) -> Iterator[str]:
    instants: list[tuple[str, datetime]] = [("at", case.at)]
    for number, award in enumerate(case.awards):
        instants.append((f"awards[{number}].awarded_at", award.awarded_at))
        if award.valid_until is not None and award.valid_until <= award.awarded_at:
            yield f"awards[{number}].valid_until has to be later than awarded_at."
    for number, ruling in enumerate(case.rulings):
        instants.append((f"rulings[{number}].since", ruling.since))
    for where, instant in instants:
        if not FIRST_YEAR <= instant.year <= LAST_YEAR:
            yield f"{where} has to be in the years {FIRST_YEAR} to {LAST_YEAR}."


def _strange_numbers(case: Case) -> Iterator[str]:
    for number, award in enumerate(case.awards):
        if award.grade is not None and not 0 <= award.grade <= 1:
            yield f'awards[{number}].grade has to be a share of the points, "0" to "1".'
    for where, value in _credits(case.expression):
        exponent = value.as_tuple().exponent
        if not (-LARGEST < value < LARGEST and int(exponent) >= SMALLEST_EXPONENT):
            yield f"{where} has to be a number with at most 9 digits before and after its point."


def _credits(expression: Requirement) -> Iterator[tuple[str, Decimal]]:
    """Yield the numbers of a tree that are added up, and whose they are."""
    for node in nodes(expression):
        if isinstance(node, Earn):
            yield f"credits of the stone {node.id}", node.credits
            if node.grade_at_least is not None:
                yield f"grade_at_least of the stone {node.id}", node.grade_at_least
        elif isinstance(node, CreditsAtLeast):
            yield f"credits of the group {node.id}", node.credits
            for kind in node.of_kind:
                yield f'credits of kind "{kind.name}"', kind.credits
        elif isinstance(node, SomeOf):
            yield f"choose of the group {node.id}", Decimal(node.choose)
