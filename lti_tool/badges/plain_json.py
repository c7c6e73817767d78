"""JSON of strangers, read so that every later reader sees the same and none stumbles over it."""

import json
from typing import Any, NoReturn

# Who reads it next may be deeper in Python's stack; a record of endorsed badges nests 14 deep.
MOST_DEPTH = 64


def read(text: str | bytes) -> Any:  # noqa: ANN401 - a stranger's; the caller checks its shape
    """Return the value, in which no name is twice and every text can be shown.

    Raises:
        ValueError: not JSON, nested too deep, with a name twice in one object, or with half a
            character.
    """
    text = text.decode() if isinstance(text, bytes) else text
    try:
        value = json.loads(
            text, parse_constant=_refuse_constant, object_pairs_hook=_without_doubles
        )
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    _refuse_depth(value)
    json.dumps(value, ensure_ascii=False).encode()  # half a character alone is in no encoding
    return value


def _refuse_depth(value: object) -> None:
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise ValueError("nested too deep")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that is there twice: of two readers each may see another value."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
