"""The types of questions as forms: the controls and the tables of rows that each has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


def _pairs(*, once: bool, key: str) -> tuple[Table, Table]:
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
