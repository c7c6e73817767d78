"""From a form to the question it comes to, or to what keeps it from being one."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from lti_tool.assessments.authoring.kinds import COMMON, Form, Problem, Row
from lti_tool.assessments.items import Item, read_item
from lti_tool.core.language import phrase


def read(form: Form) -> tuple[Item | None, tuple[Problem, ...]]:
    """Return the question that a form comes to, or what keeps it from being one."""
    trouble: list[Problem] = []
    stored: dict[str, Any] = {"type": form["type"], "version": 1}
    for name in COMMON:
        words = form.get(name, "")
        if words:
            stored[name] = _paragraphs(words) if name == "references" else words
    if not form.get("stem"):
        trouble.append(Problem(at="stem", says=phrase("Write the question.")))
    stored |= _READERS[form["type"]](_Reading(form=form, trouble=trouble))
    if trouble:
        return None, tuple(trouble)
    try:
        return read_item(stored), ()
    except ValidationError as error:
        return None, tuple(_problem(form, one) for one in error.errors())


def _problem(form: Form, error: ErrorDetails) -> Problem:
    loc = [part for part in error["loc"] if part != form["type"]]
    said = str(error.get("ctx", {}).get("error", "")) or str(error["msg"])
    if error["type"] in {"missing", "string_too_short"}:
        said = phrase("fill this in")
    if error["type"] in {"too_short", "tuple_type"}:
        said = phrase("there are too few of these")
    at = str(loc[0]) if loc else "stem"
    if len(loc) > 2 and isinstance(loc[1], int) and at in {"options", "answers", "units", "rows"}:  # noqa: PLR2004 - table, row, column
        filled = [n for n, row in enumerate(form.get(at, ())) if _is_filled(row)]
        at = f"{at}-{filled[loc[1]]}-{loc[2]}" if loc[1] < len(filled) else at
    elif at in {"choices", "keys", "key"} and form["type"] != "true_false":
        at = "rows" if "rows" in form else "options"
    return Problem(at=at, says=f"{said[:1].upper()}{said[1:]}.".replace("..", "."))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A form while it is read, and where its problems are noted."""

    form: Form
    trouble: list[Problem]

    def word(self, name: str) -> str:
        return str(self.form.get(name, ""))

    def ticked(self, name: str) -> bool:
        return bool(self.word(name))

    def rows(self, table: str) -> list[tuple[int, Row]]:
        return [(n, row) for n, row in enumerate(self.form.get(table, ())) if _is_filled(row)]

    def number(self, words: str, at: str, *, percent: bool = False) -> Decimal | None:
        """Read a number; None for none. What is none is noted."""
        if not words:
            return None
        try:
            found = Decimal(words.replace(",", "."))
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite():
            self.trouble.append(Problem(at=at, says=phrase("Enter a number, like 2 or 2.5.")))
            return None
        return found / 100 if percent else found

    def whole(self, name: str) -> dict[str, int]:
        """Read a whole number under its name; nothing for none."""
        words = self.word(name)
        if not words:
            return {}
        if not (words.isdecimal() and len(words) < 7):  # noqa: PLR2004 - no such number here
            self.trouble.append(Problem(at=name, says=phrase("Enter a whole number.")))
            return {}
        return {name: int(words)}

    def share(self, table: str, number: int, row: Row) -> Decimal:
        """Read what an answer earns; everything where nothing is said."""
        at = f"{table}-{number}-share"
        found = self.number(row.get("share", ""), at, percent=True)
        if found is None:
            return Decimal(1)
        if not 0 <= found <= 1:
            self.trouble.append(Problem(at=at, says=phrase("Enter a share from 0 to 100.")))
        return found

    def ids(self, table: str, letter: str) -> dict[int, str]:
        """Return the id of each row: its own, or the next that is free."""
        rows = self.rows(table)
        taken = {row["id"] for _, row in rows if row.get("id")}
        ids, free = {}, 1
        for number, row in rows:
            while not row.get("id") and f"{letter}{free}" in taken:
                free += 1
            ids[number] = row.get("id") or f"{letter}{free}"
            taken.add(ids[number])
        return ids

    def lacks(self, at: str, says: str) -> None:
        self.trouble.append(Problem(at=at, says=says))


def _is_filled(row: Row) -> bool:
    return any(words for name, words in row.items() if name not in {"id", "tolerance_is"})


def _feedback(row: Row) -> dict[str, str]:
    return {"feedback": row["feedback"]} if row.get("feedback") else {}


def _paragraphs(words: str) -> list[str]:
    return [part.strip() for part in words.split("\n") if part.strip()]


def _option_rows(read_: _Reading) -> tuple[list[dict[str, Any]], list[str]]:
    ids = read_.ids("options", "o")
    options = [
        {"id": ids[number], "text": row.get("text", ""), **_feedback(row)}
        for number, row in read_.rows("options")
    ]
    return options, [ids[number] for number, row in read_.rows("options") if row.get("right")]


def _read_single(read_: _Reading) -> dict[str, Any]:
    options, right = _option_rows(read_)
    if len(right) != 1:
        read_.lacks("options", phrase("Tick one answer as right."))
    return {
        "options": options,
        "key": right[0] if right else "",
        "shuffle": read_.ticked("shuffle"),
    }


def _read_multiple(read_: _Reading) -> dict[str, Any]:
    options, right = _option_rows(read_)
    if not right:
        read_.lacks("options", phrase("Tick the answers that are right."))
    credit = {"credit": read_.word("credit")} if read_.word("credit") else {}
    return {
        "options": options,
        "keys": right,
        "shuffle": read_.ticked("shuffle"),
        **read_.whole("most"),
        **credit,
    }


def _read_true_false(read_: _Reading) -> dict[str, Any]:
    if read_.word("key") not in {"true", "false"}:
        read_.lacks("key", phrase("Say whether the statement is true."))
    said = {name: read_.word(name) for name in ("feedback_true", "feedback_false")}
    return {
        "key": read_.word("key") == "true",
        **{name: text for name, text in said.items() if text},
    }


def _rules(read_: _Reading) -> dict[str, bool]:
    return {
        "case": read_.ticked("case"),
        "spaces": not read_.ticked("spaces_free"),
        "accents": not read_.ticked("accents_free"),
    }


def _read_short(read_: _Reading) -> dict[str, Any]:
    answers = [
        {
            "text": row.get("text", ""),
            "share": read_.share("answers", number, row),
            **_feedback(row),
        }
        for number, row in read_.rows("answers")
    ]
    return {"answers": answers, "counts": _rules(read_)}


def _read_numeric(read_: _Reading) -> dict[str, Any]:
    answers = []
    for number, row in read_.rows("answers"):
        answer: dict[str, Any] = {"share": read_.share("answers", number, row), **_feedback(row)}
        for name in ("value", "tolerance", "low", "high"):
            found = read_.number(row.get(name, ""), f"answers-{number}-{name}")
            if found is not None:
                answer[name] = found
        if row.get("tolerance_is"):
            answer["tolerance_is"] = row["tolerance_is"]
        answers.append(answer)
    ids, units = read_.ids("units", "u"), []
    for number, row in read_.rows("units"):
        factor = read_.number(row.get("factor", ""), f"units-{number}-factor")
        unit = {"id": ids[number], "text": row.get("text", "")}
        units.append({**unit, "factor": factor} if factor is not None else unit)
    unit = {"unit": read_.word("unit")} if read_.word("unit") else {}
    return {"answers": answers, "units": units, **unit}


def _gap_rows(read_: _Reading) -> dict[str, list[tuple[int, Row]]]:
    gaps: dict[str, list[tuple[int, Row]]] = {}
    for number, row in read_.rows("gaps"):
        if not row.get("gap"):
            read_.lacks(f"gaps-{number}-gap", phrase("Name the gap as in the text."))
        gaps.setdefault(row.get("gap", ""), []).append((number, row))
    if not read_.word("text"):
        read_.lacks("text", phrase("Write the text with its gaps."))
    if not gaps:
        read_.lacks("gaps", phrase("Say what belongs in each gap."))
    return gaps


def _read_inline(read_: _Reading) -> dict[str, Any]:
    ids, gaps = read_.ids("gaps", "c"), []
    for name, rows in _gap_rows(read_).items():
        right = [ids[number] for number, row in rows if row.get("right")]
        if len(right) != 1:
            read_.lacks(
                "gaps",
                phrase(
                    "Tick one choice as right for the gap %(name)s.",
                    name=name,
                ),
            )
        options = [
            {"id": ids[number], "text": row.get("text", ""), **_feedback(row)}
            for number, row in rows
        ]
        gaps.append({"id": name, "options": options, "key": right[0] if right else ""})
    return {"text": read_.word("text"), "gaps": gaps, "credit": read_.word("credit") or "each"}


def _read_fill(read_: _Reading) -> dict[str, Any]:
    gaps = [
        {
            "id": name,
            "answers": [
                {
                    "text": row.get("text", ""),
                    "share": read_.share("gaps", number, row),
                    **_feedback(row),
                }
                for number, row in rows
            ],
        }
        for name, rows in _gap_rows(read_).items()
    ]
    return {
        "text": read_.word("text"),
        "gaps": gaps,
        "credit": read_.word("credit") or "each",
        "counts": _rules(read_),
    }


def _id_of(text: str, known: Mapping[str, str]) -> str:
    """Return the id of something that is told by its text: the one it has, or one made of it."""
    return known.get(text) or "t" + hashlib.sha256(text.encode()).hexdigest()[:12]


def _read_pairs(read_: _Reading) -> dict[str, Any]:
    known, ids = read_.form.get("choice_ids", {}), read_.ids("rows", "r")
    texts: dict[str, None] = {}
    rows = []
    for number, row in read_.rows("rows"):
        if not row.get("key"):
            read_.lacks(f"rows-{number}-key", phrase("Say where this belongs."))
            continue
        texts[row["key"]] = None
        rows.append(
            {
                "id": ids[number],
                "text": row.get("text", ""),
                "key": _id_of(row["key"], known),
                **_feedback(row),
            }
        )
    texts |= dict.fromkeys(row["text"] for _, row in read_.rows("more") if row.get("text"))
    # By the alphabet: the order of the rows would tell.
    choices = [
        {"id": _id_of(text, known), "text": text} for text in sorted(texts, key=str.casefold)
    ]
    return {"rows": rows, "choices": choices, "credit": read_.word("credit") or "each"}


def _read_matching(read_: _Reading) -> dict[str, Any]:
    return {**_read_pairs(read_), "once": read_.ticked("once")}


def _read_ordering(read_: _Reading) -> dict[str, Any]:
    options, _ = _option_rows(read_)
    return {"options": options, "credit": read_.word("credit") or "neighbours"}


def _rubric(read_: _Reading) -> list[dict[str, Any]]:
    known, ids = read_.form.get("criterion_ids", {}), read_.ids("rubric", "l")
    criteria: dict[str, dict[str, Any]] = {}
    for number, row in read_.rows("rubric"):
        name = row.get("criterion", "")
        if not name:
            read_.lacks(f"rubric-{number}-criterion", phrase("Name the criterion of this level."))
            continue
        found = criteria.setdefault(name, {"id": _id_of(name, known), "text": name, "levels": []})
        weight = read_.number(row.get("weight", ""), f"rubric-{number}-weight")
        if weight is not None:
            found["weight"] = weight
        share = read_.share("rubric", number, row)
        found["levels"].append({"id": ids[number], "text": row.get("text", ""), "share": share})
    return list(criteria.values())


def _written(read_: _Reading) -> dict[str, Any]:
    model = {"model_answer": read_.word("model_answer")} if read_.word("model_answer") else {}
    return {"rubric": _rubric(read_), **model}


def _read_long(read_: _Reading) -> dict[str, Any]:
    least, most = read_.whole("words_least"), read_.whole("words_most")
    if bool(least) != bool(most):
        read_.lacks(
            "words_most", phrase("Say both how many words at least and at most, or neither.")
        )
    words = {"words": (least["words_least"], most["words_most"])} if least and most else {}
    return {**_written(read_), **words, **read_.whole("longest"), **read_.whole("lines")}


def _read_files(read_: _Reading) -> dict[str, Any]:
    kinds = [kind.lstrip(".").lower() for kind in re.split(r"[\s,;]+", read_.word("kinds")) if kind]
    return {
        **_written(read_),
        **read_.whole("most"),
        **read_.whole("largest_mb"),
        "kinds": list(dict.fromkeys(kinds)),
    }


_READERS: Mapping[str, Callable[[_Reading], dict[str, Any]]] = {
    "single_choice": _read_single,
    "multiple_choice": _read_multiple,
    "true_false": _read_true_false,
    "short_text": _read_short,
    "numeric": _read_numeric,
    "inline_choice": _read_inline,
    "fill_in_blanks": _read_fill,
    "matching": _read_matching,
    "categorising": _read_pairs,
    "ordering": _read_ordering,
    "long_text": _read_long,
    "file_upload": _read_files,
}
