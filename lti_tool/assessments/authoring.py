"""Questions as forms: what an author types, kept as typed, and the typed item it comes to. Pure.

A form is a mapping: words by field, and lists of rows by table, each row words by column. It may
be unfinished or wrong; `read` says what is missing and where. Rows keep the ids that the item's
parts have, so that answers to an earlier version can still be scored by a later one.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from lti_tool.assessments.items import Item, read_item

Form = dict[str, Any]
Row = dict[str, str]

MOST_ROWS = 60
LONGEST_WORDS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One control. `kind`: line, area, number, tick, or choice among `options` (value, text)."""

    name: str
    label: str
    kind: str = "line"
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of the same controls. `one` is what a row is called, `begin` how many there are."""

    name: str
    title: str
    one: str
    columns: tuple[Field, ...]
    hint: str = ""
    begin: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type of question: its name, and what its form asks besides what all ask."""

    name: str
    fields: tuple[Field, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What keeps a form from being a question. `at` is the id of a control or a table."""

    at: str
    says: str


_PER_PART = Field(
    name="credit",
    label="Points",
    kind="choice",
    options=(("each", "Each part counts"), ("all_or_nothing", "All right, or nothing")),
)
_SHUFFLE = Field(name="shuffle", label="Shuffle for each learner", kind="tick")
_FEEDBACK = Field(name="feedback", label="Feedback", kind="area")
_SHARE = Field(name="share", label="Earns, in %", kind="number")
_TEXT = Field(name="text", label="Text", kind="area")
_RIGHT = Field(name="right", label="Right", kind="tick")
_RULES = (
    Field(name="case", label="Capitals matter", kind="tick"),
    Field(name="spaces_free", label="Spaces between words do not matter", kind="tick"),
    Field(name="accents_free", label="Accents do not matter", kind="tick"),
)
_OPTIONS = Table(
    name="options", title="Answers", one="answer", columns=(_RIGHT, _TEXT, _FEEDBACK), begin=4
)
_GAP = Field(name="gap", label="Gap", hint="Its name in the text")
_GAP_TEXT = Field(
    name="text",
    label="Text with gaps",
    kind="area",
    hint="Markdown. Name each gap in double brackets: Water boils at [[x]] degrees.",
)
_WRITTEN = Field(
    name="model_answer",
    label="A model answer",
    kind="area",
    hint="For markers, and for learners once the right answers are shown.",
)
_RUBRIC = Table(
    name="rubric",
    title="Rubric",
    one="level",
    hint="One row for each level. Rows of one criterion have the same name of it.",
    columns=(
        Field(name="criterion", label="Criterion"),
        Field(name="weight", label="Weight", kind="number"),
        Field(name="text", label="Level", kind="area"),
        _SHARE,
    ),
    begin=0,
)


def _pairs(once: bool, key: str) -> tuple[Table, Table]:  # noqa: FBT001 - of this module
    return (
        Table(
            name="rows",
            title="Rows",
            one="row",
            columns=(_TEXT, Field(name="key", label=key), _FEEDBACK),
        ),
        Table(
            name="more",
            title="More to choose from" if once else "More categories",
            one="choice",
            hint="That belong to no row.",
            columns=(Field(name="text", label="Text"),),
            begin=0,
        ),
    )


KINDS: Mapping[str, Kind] = {
    "single_choice": Kind(name="One right answer", fields=(_SHUFFLE,), tables=(_OPTIONS,)),
    "multiple_choice": Kind(
        name="Several right answers",
        fields=(
            Field(
                name="credit",
                label="Points",
                kind="choice",
                options=(
                    ("right_minus_wrong", "Right ones count, wrong ones take away"),
                    ("each_option", "Each answer rightly chosen or left counts"),
                    ("all_or_nothing", "Just the right ones, or nothing"),
                ),
            ),
            Field(name="most", label="At most so many", kind="number", hint="Empty: any number"),
            _SHUFFLE,
        ),
        tables=(_OPTIONS,),
    ),
    "true_false": Kind(
        name="True or false",
        fields=(
            Field(
                name="key",
                label="The statement is",
                kind="choice",
                options=(("", "Choose…"), ("true", "True"), ("false", "False")),
            ),
            Field(name="feedback_true", label="Feedback on “true”", kind="area"),
            Field(name="feedback_false", label="Feedback on “false”", kind="area"),
        ),
    ),
    "short_text": Kind(
        name="Short text",
        fields=_RULES,
        tables=(
            Table(
                name="answers",
                title="Answers that count",
                one="answer",
                columns=(Field(name="text", label="Text"), _SHARE, _FEEDBACK),
                begin=1,
            ),
        ),
    ),
    "numeric": Kind(
        name="Number",
        fields=(Field(name="unit", label="Unit", hint="Shown behind the field"),),
        tables=(
            Table(
                name="answers",
                title="Answers that count",
                one="answer",
                hint="A value with its tolerance, or from and to.",
                columns=(
                    Field(name="value", label="Value", kind="number"),
                    Field(name="tolerance", label="Tolerance", kind="number"),
                    Field(
                        name="tolerance_is",
                        label="It is",
                        kind="choice",
                        options=(("absolute", "in the unit"), ("relative", "a share of the value")),
                    ),
                    Field(name="low", label="From", kind="number"),
                    Field(name="high", label="To", kind="number"),
                    _SHARE,
                    _FEEDBACK,
                ),
                begin=1,
            ),
            Table(
                name="units",
                title="Units to choose from",
                one="unit",
                hint="Instead of one unit.",
                columns=(
                    Field(name="text", label="Unit"),
                    Field(name="factor", label="Times the answer's unit", kind="number"),
                ),
                begin=0,
            ),
        ),
    ),
    "inline_choice": Kind(
        name="Gaps to choose for",
        fields=(_GAP_TEXT, _PER_PART),
        tables=(
            Table(
                name="gaps",
                title="What each gap offers",
                one="choice",
                columns=(_GAP, _RIGHT, Field(name="text", label="Text"), _FEEDBACK),
            ),
        ),
    ),
    "fill_in_blanks": Kind(
        name="Gaps to fill in",
        fields=(_GAP_TEXT, _PER_PART, *_RULES),
        tables=(
            Table(
                name="gaps",
                title="What counts in each gap",
                one="answer",
                columns=(_GAP, Field(name="text", label="Text"), _SHARE, _FEEDBACK),
            ),
        ),
    ),
    "matching": Kind(
        name="Matching",
        fields=(Field(name="once", label="Each choice fits one row", kind="tick"), _PER_PART),
        tables=_pairs(once=True, key="Fits"),
    ),
    "categorising": Kind(
        name="Categories", fields=(_PER_PART,), tables=_pairs(once=False, key="Category")
    ),
    "ordering": Kind(
        name="Order",
        fields=(
            Field(
                name="credit",
                label="Points",
                kind="choice",
                options=(
                    ("neighbours", "For what follows each other rightly"),
                    ("places", "For what is in its place"),
                    ("all_or_nothing", "All right, or nothing"),
                ),
            ),
        ),
        tables=(
            Table(
                name="options",
                title="Steps, in the right order",
                one="step",
                columns=(_TEXT, _FEEDBACK),
            ),
        ),
    ),
    "long_text": Kind(
        name="Long text, marked by a person",
        fields=(
            Field(name="words_least", label="Words at least", kind="number"),
            Field(name="words_most", label="Words at most", kind="number"),
            _WRITTEN,
        ),
        tables=(_RUBRIC,),
    ),
    "file_upload": Kind(
        name="Files, marked by a person",
        fields=(
            Field(name="most", label="How many files at most", kind="number"),
            Field(name="largest_mb", label="How large each may be, in MB", kind="number"),
            Field(name="kinds", label="Kinds", hint="Like pdf, docx, odt, txt"),
            _WRITTEN,
        ),
        tables=(_RUBRIC,),
    ),
}
COMMON = ("title", "stimulus", "stem", "rationale", "references", "difficulty")
# Beside the question itself, of its place in the edition.
PLACE = ("points", "competency")
_ROW = re.compile(r"([a-z]+)-(\d{1,2})-([a-z_]+)")


def empty_form(type_: str) -> Form:
    """Return the form of a new question of a type."""
    names = (*COMMON, *PLACE, *(field.name for field in KINDS[type_].fields))
    form: Form = {**dict.fromkeys(names, ""), "type": type_, "points": "1"}
    if type_ == "file_upload":
        form |= {"most": "1", "largest_mb": "10", "kinds": "pdf, docx, odt, txt"}
    if type_ == "matching":
        form["once"] = "1"
    for table in KINDS[type_].tables:
        form[table.name] = [{} for _ in range(table.begin)]
    return form


def sent_form(before: Form, sent: Mapping[str, str]) -> Form:
    """Return the form as it was sent; what has no control stays as it was before."""
    kind = KINDS[before["type"]]
    form = dict(before)
    names = (*COMMON, *PLACE, *(field.name for field in kind.fields))
    form.update({name: _clean(sent.get(name, "")) for name in names})
    for table in kind.tables:
        columns = {"id", *(column.name for column in table.columns)}
        rows: dict[int, Row] = {}
        for name, words in sent.items():
            found = _ROW.fullmatch(name)
            if found and found[1] == table.name and found[3] in columns:
                rows.setdefault(int(found[2]), {})[found[3]] = _clean(words)
        form[table.name] = [rows[number] for number in sorted(rows)][:MOST_ROWS]
    return form


def _clean(words: str) -> str:
    return words.replace("\r\n", "\n").strip()[:LONGEST_WORDS]


def arranged(form: Form, action: str) -> Form:
    """Return the form after a button: `add-<table>`, or `remove|up|down-<table>-<row>`."""
    act, _, rest = action.partition("-")
    table, _, number = rest.partition("-")
    rows = list(form.get(table, ()))
    if table not in {one.name for one in KINDS[form["type"]].tables}:
        return form
    at = int(number) if number.isdecimal() else -1
    if act == "add" and len(rows) < MOST_ROWS:
        rows.append({})
    elif act == "remove" and 0 <= at < len(rows):
        rows.pop(at)
    elif act == "up" and 0 < at < len(rows):
        rows[at - 1], rows[at] = rows[at], rows[at - 1]
    elif act == "down" and 0 <= at < len(rows) - 1:
        rows[at + 1], rows[at] = rows[at], rows[at + 1]
    return {**form, table: rows}


def read(form: Form) -> tuple[Item | None, tuple[Problem, ...]]:
    """Return the question that a form comes to, or what keeps it from being one."""
    trouble: list[Problem] = []
    stored: dict[str, Any] = {"type": form["type"], "version": 1}
    for name in COMMON:
        words = form.get(name, "")
        if words:
            stored[name] = _paragraphs(words) if name == "references" else words
    if not form.get("stem"):
        trouble.append(Problem(at="stem", says="Write the question."))
    stored |= _READERS[form["type"]](_Reading(form=form, trouble=trouble))
    if trouble:
        return None, tuple(trouble)
    try:
        return read_item(stored), ()
    except ValidationError as error:
        return None, tuple(_problem(form, one) for one in error.errors())


def _problem(form: Form, error: Any) -> Problem:  # noqa: ANN401 - pydantic's
    loc = [part for part in error["loc"] if part != form["type"]]
    said = str(error.get("ctx", {}).get("error", "")) or str(error["msg"])
    if error["type"] in {"missing", "string_too_short"}:
        said = "fill this in"
    if error["type"] in {"too_short", "tuple_type"}:
        said = "there are too few of these"
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
            self.trouble.append(Problem(at=at, says="Enter a number, like 2 or 2.5."))
            return None
        return found / 100 if percent else found

    def whole(self, name: str) -> dict[str, int]:
        """Read a whole number under its name; nothing for none."""
        words = self.word(name)
        if not words:
            return {}
        if not (words.isdecimal() and len(words) < 7):  # noqa: PLR2004 - no such number here
            self.trouble.append(Problem(at=name, says="Enter a whole number."))
            return {}
        return {name: int(words)}

    def share(self, table: str, number: int, row: Row) -> Decimal:
        """Read what an answer earns; everything where nothing is said."""
        at = f"{table}-{number}-share"
        found = self.number(row.get("share", ""), at, percent=True)
        if found is None:
            return Decimal(1)
        if not 0 <= found <= 1:
            self.trouble.append(Problem(at=at, says="Enter a share from 0 to 100."))
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
        read_.lacks("options", "Tick one answer as right.")
    return {
        "options": options,
        "key": right[0] if right else "",
        "shuffle": read_.ticked("shuffle"),
    }


def _read_multiple(read_: _Reading) -> dict[str, Any]:
    options, right = _option_rows(read_)
    if not right:
        read_.lacks("options", "Tick the answers that are right.")
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
        read_.lacks("key", "Say whether the statement is true.")
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
            read_.lacks(f"gaps-{number}-gap", "Name the gap as in the text.")
        gaps.setdefault(row.get("gap", ""), []).append((number, row))
    if not read_.word("text"):
        read_.lacks("text", "Write the text with its gaps.")
    if not gaps:
        read_.lacks("gaps", "Say what belongs in each gap.")
    return gaps


def _read_inline(read_: _Reading) -> dict[str, Any]:
    ids, gaps = read_.ids("gaps", "c"), []
    for name, rows in _gap_rows(read_).items():
        right = [ids[number] for number, row in rows if row.get("right")]
        if len(right) != 1:
            read_.lacks("gaps", f"Tick one choice as right for the gap {name}.")
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
            read_.lacks(f"rows-{number}-key", "Say where this belongs.")
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
            read_.lacks(f"rubric-{number}-criterion", "Name the criterion of this level.")
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
        read_.lacks("words_most", "Say both how many words at least and at most, or neither.")
    words = {"words": (least["words_least"], most["words_most"])} if least and most else {}
    return {**_written(read_), **words}


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


def form_of(item: Item) -> Form:
    """Return the form that comes to just this question."""
    said: dict[str, Any] = item.model_dump(mode="json", exclude_none=True)
    form: Form = {"type": item.type}
    for name in ("title", "stimulus", "stem", "rationale", "difficulty"):
        form[name] = str(said.get(name, ""))
    form["references"] = "\n".join(said.get("references", ()))
    for field in KINDS[item.type].fields:
        value = said.get(field.name, "")
        form[field.name] = ("1" if value else "") if isinstance(value, bool) else str(value)
    _fill(form, said)
    return form


def _fill(form: Form, said: Mapping[str, Any]) -> None:
    """Fill in what a type keeps in a shape of its own."""
    counts = said.get("counts", {})
    form |= {
        "case": "1" if counts.get("case") else "",
        "spaces_free": "" if counts.get("spaces", True) else "1",
        "accents_free": "" if counts.get("accents", True) else "1",
    }
    if form["type"] == "true_false":
        form["key"] = "true" if said["key"] else "false"
    if "kinds" in said:
        form["kinds"] = ", ".join(said["kinds"])
    if "words" in said:
        form["words_least"], form["words_most"] = map(str, said["words"])
    keys = {said.get("key"), *said.get("keys", ())}
    for name in ("options", "answers", "units"):
        if name in said:
            form[name] = [_row(one, right=one.get("id") in keys) for one in said[name]]
    if "gaps" in said:
        form["gaps"] = [
            {**_row(one, right=one.get("id") == gap.get("key")), "gap": gap["id"]}
            for gap in said["gaps"]
            for one in gap.get("options", gap.get("answers", ()))
        ]
    if "choices" in said:
        texts = {choice["id"]: choice["text"] for choice in said["choices"]}
        form["choice_ids"] = {text: id_ for id_, text in texts.items()}
        form["rows"] = [{**_row(one), "key": texts[one["key"]]} for one in said["rows"]]
        used = {one["key"] for one in said["rows"]}
        form["more"] = [{"text": text} for id_, text in texts.items() if id_ not in used]
    if "rubric" in said:
        form["criterion_ids"] = {one["text"]: one["id"] for one in said["rubric"]}
        form["rubric"] = [
            {**_row(level), "criterion": one["text"], "weight": _figure(one["weight"])}
            for one in said["rubric"]
            for level in one["levels"]
        ]


def _row(part: Mapping[str, Any], *, right: bool = False) -> Row:
    row = {name: str(value) for name, value in part.items() if name not in {"share", "key"}}
    if "share" in part:
        row["share"] = _figure(Decimal(str(part["share"])) * 100)
    if right:
        row["right"] = "1"
    return row


def _figure(number: object) -> str:
    return f"{Decimal(str(number)).normalize():f}"
