"""The types of questions as forms: the controls and the tables of rows that each has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lti_tool.core.language import phrase

Form = dict[str, Any]
Row = dict[str, str]


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
    label=phrase("Points"),
    kind="choice",
    options=(
        ("each", phrase("Each part counts")),
        ("all_or_nothing", phrase("All right, or nothing")),
    ),
)
_SHUFFLE = Field(name="shuffle", label=phrase("Shuffle for each learner"), kind="tick")
_FEEDBACK = Field(name="feedback", label=phrase("Feedback"), kind="area")
_SHARE = Field(name="share", label=phrase("Earns, in %"), kind="number")
_TEXT = Field(name="text", label=phrase("Text"), kind="area")
_RIGHT = Field(name="right", label=phrase("Right"), kind="tick")
_RULES = (
    Field(name="case", label=phrase("Capitals matter"), kind="tick"),
    Field(name="spaces_free", label=phrase("Spaces between words do not matter"), kind="tick"),
    Field(name="accents_free", label=phrase("Accents do not matter"), kind="tick"),
)
_OPTIONS = Table(
    name="options",
    title=phrase("Answers"),
    one=phrase("answer"),
    columns=(_RIGHT, _TEXT, _FEEDBACK),
    begin=4,
)
_GAP = Field(name="gap", label=phrase("Gap"), hint=phrase("Its name in the text"))
_GAP_TEXT = Field(
    name="text",
    label=phrase("Text with gaps"),
    kind="area",
    hint=phrase("Markdown. Name each gap in double brackets: Water boils at [[x]] degrees."),
)
_WRITTEN = Field(
    name="model_answer",
    label=phrase("A model answer"),
    kind="area",
    hint=phrase("For markers, and for learners once the right answers are shown."),
)
_RUBRIC = Table(
    name="rubric",
    title=phrase("Rubric"),
    one=phrase("level"),
    hint=phrase("One row for each level. Rows of one criterion have the same name of it."),
    columns=(
        Field(name="criterion", label=phrase("Criterion")),
        Field(name="weight", label=phrase("Weight"), kind="number"),
        Field(name="text", label=phrase("Level"), kind="area"),
        _SHARE,
    ),
    begin=0,
)


def _pairs(*, once: bool, key: str) -> tuple[Table, Table]:
    return (
        Table(
            name="rows",
            title=phrase("Rows"),
            one=phrase("row"),
            columns=(_TEXT, Field(name="key", label=key), _FEEDBACK),
        ),
        Table(
            name="more",
            title=phrase("More to choose from") if once else phrase("More categories"),
            one=phrase("choice"),
            hint=phrase("That belong to no row."),
            columns=(Field(name="text", label=phrase("Text")),),
            begin=0,
        ),
    )


KINDS: Mapping[str, Kind] = {
    "single_choice": Kind(name=phrase("One right answer"), fields=(_SHUFFLE,), tables=(_OPTIONS,)),
    "multiple_choice": Kind(
        name=phrase("Several right answers"),
        fields=(
            Field(
                name="credit",
                label=phrase("Points"),
                kind="choice",
                options=(
                    ("right_minus_wrong", phrase("Right ones count, wrong ones take away")),
                    ("each_option", phrase("Each answer rightly chosen or left counts")),
                    ("all_or_nothing", phrase("Just the right ones, or nothing")),
                ),
            ),
            Field(
                name="most",
                label=phrase("At most so many"),
                kind="number",
                hint=phrase("Empty: any number"),
            ),
            _SHUFFLE,
        ),
        tables=(_OPTIONS,),
    ),
    "true_false": Kind(
        name=phrase("True or false"),
        fields=(
            Field(
                name="key",
                label=phrase("The statement is"),
                kind="choice",
                options=(
                    ("", phrase("Choose…")),
                    ("true", phrase("True")),
                    ("false", phrase("False")),
                ),
            ),
            Field(name="feedback_true", label=phrase("Feedback on “true”"), kind="area"),
            Field(name="feedback_false", label=phrase("Feedback on “false”"), kind="area"),
        ),
    ),
    "short_text": Kind(
        name=phrase("Short text"),
        fields=_RULES,
        tables=(
            Table(
                name="answers",
                title=phrase("Answers that count"),
                one=phrase("answer"),
                columns=(Field(name="text", label=phrase("Text")), _SHARE, _FEEDBACK),
                begin=1,
            ),
        ),
    ),
    "numeric": Kind(
        name=phrase("Number"),
        fields=(Field(name="unit", label=phrase("Unit"), hint=phrase("Shown behind the field")),),
        tables=(
            Table(
                name="answers",
                title=phrase("Answers that count"),
                one=phrase("answer"),
                hint=phrase("A value with its tolerance, or from and to."),
                columns=(
                    Field(name="value", label=phrase("Value"), kind="number"),
                    Field(name="tolerance", label=phrase("Tolerance"), kind="number"),
                    Field(
                        name="tolerance_is",
                        label=phrase("It is"),
                        kind="choice",
                        options=(
                            ("absolute", phrase("in the unit")),
                            ("relative", phrase("a share of the value")),
                        ),
                    ),
                    Field(name="low", label=phrase("From"), kind="number"),
                    Field(name="high", label=phrase("To"), kind="number"),
                    _SHARE,
                    _FEEDBACK,
                ),
                begin=1,
            ),
            Table(
                name="units",
                title=phrase("Units to choose from"),
                one=phrase("unit"),
                hint=phrase("Instead of one unit."),
                columns=(
                    Field(name="text", label=phrase("Unit")),
                    Field(name="factor", label=phrase("Times the answer's unit"), kind="number"),
                ),
                begin=0,
            ),
        ),
    ),
    "inline_choice": Kind(
        name=phrase("Gaps to choose for"),
        fields=(_GAP_TEXT, _PER_PART),
        tables=(
            Table(
                name="gaps",
                title=phrase("What each gap offers"),
                one=phrase("choice"),
                columns=(_GAP, _RIGHT, Field(name="text", label=phrase("Text")), _FEEDBACK),
            ),
        ),
    ),
    "fill_in_blanks": Kind(
        name=phrase("Gaps to fill in"),
        fields=(_GAP_TEXT, _PER_PART, *_RULES),
        tables=(
            Table(
                name="gaps",
                title=phrase("What counts in each gap"),
                one=phrase("answer"),
                columns=(_GAP, Field(name="text", label=phrase("Text")), _SHARE, _FEEDBACK),
            ),
        ),
    ),
    "matching": Kind(
        name=phrase("Matching"),
        fields=(
            Field(name="once", label=phrase("Each choice fits one row"), kind="tick"),
            _PER_PART,
        ),
        tables=_pairs(once=True, key=phrase("Fits")),
    ),
    "categorising": Kind(
        name=phrase("Categories"),
        fields=(_PER_PART,),
        tables=_pairs(once=False, key=phrase("Category")),
    ),
    "ordering": Kind(
        name=phrase("Order"),
        fields=(
            Field(
                name="credit",
                label=phrase("Points"),
                kind="choice",
                options=(
                    ("neighbours", phrase("For what follows each other rightly")),
                    ("places", phrase("For what is in its place")),
                    ("all_or_nothing", phrase("All right, or nothing")),
                ),
            ),
        ),
        tables=(
            Table(
                name="options",
                title=phrase("Steps, in the right order"),
                one=phrase("step"),
                columns=(_TEXT, _FEEDBACK),
            ),
        ),
    ),
    "long_text": Kind(
        name=phrase("Long text, marked by a person"),
        fields=(
            Field(name="words_least", label=phrase("Words at least"), kind="number"),
            Field(name="words_most", label=phrase("Words at most"), kind="number"),
            _WRITTEN,
        ),
        tables=(_RUBRIC,),
    ),
    "file_upload": Kind(
        name=phrase("Files, marked by a person"),
        fields=(
            Field(name="most", label=phrase("How many files at most"), kind="number"),
            Field(name="largest_mb", label=phrase("How large each may be, in MB"), kind="number"),
            Field(name="kinds", label=phrase("Kinds"), hint=phrase("Like pdf, docx, odt, txt")),
            _WRITTEN,
        ),
        tables=(_RUBRIC,),
    ),
}
COMMON = ("title", "stimulus", "stem", "rationale", "references", "difficulty")
# Beside the question itself, of its place in the edition.
PLACE = ("points", "competency")
