"""Filling in a form: empty, as it was sent, by its buttons, or from a question that exists."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lti_tool.assessments.authoring.kinds import COMMON, KINDS, PLACE, Form, Row
from lti_tool.assessments.items import Item

MOST_ROWS = 60
LONGEST_WORDS = 20_000
# Bounds of a long text, which the form keeps as they are.
_WITHOUT_CONTROL = ("longest", "lines")
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
    form |= {name: str(said[name]) for name in _WITHOUT_CONTROL if name in said}
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
