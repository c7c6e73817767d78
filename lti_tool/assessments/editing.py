"""An edition as a form: its rules and questions as typed, and what they come to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from lti_tool.assessments import authoring
from lti_tool.assessments.authoring import Form, Problem
from lti_tool.assessments.conditions import LONGEST_MINUTES, MOST_ATTEMPTS, Shown
from lti_tool.assessments.drafts import (
    LONGEST_NAME,
    Band,
    CompetencyAdvice,
    DraftItem,
    EditionDetails,
    EditionDraft,
)
from lti_tool.core.ids import AssessmentId, ItemId
from lti_tool.core.language import WRITTEN, phrase

RULES = (
    "title",
    "summary",
    "competencies",
    "pass_mark",
    "pass_mark_how",
    "pass_mark_by",
    "minutes",
    "max_attempts",
    "cooldown_minutes",
    "answers_shown",
    "feedback_shown",
    "key_shown",
    "bands",
    "reviewed_by",
    "reviewed_on",
    "supervision",
    "marked_by",
    "mark_tolerance",
    "language",
)
_LONGEST = 4000
# A line of it may have a name and words for each side of its mark.
_LONGEST_COMPETENCIES = 40_000
_PERCENT_PLACES = Decimal("0.01")
# So many problems of one question are told; mending them shows the rest.
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftQuestion:
    """A question of a draft: its form, and which one of the bank it is a version of."""

    id: UUID
    form: Form
    item_id: ItemId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What keeps a draft from being published: at one of its rules, or in a question."""

    problem: Problem
    question: DraftQuestion | None = None


def empty_rules(title: str) -> dict[str, str]:
    """Return the rules that a new draft begins with."""
    return {
        **dict.fromkeys(RULES, ""),
        "title": title,
        "pass_mark": "60",
        "answers_shown": Shown.AT_ONCE.value,
        "feedback_shown": Shown.AT_ONCE.value,
        "key_shown": Shown.SETTLED.value,
        "supervision": "unsupervised",
        "marked_by": "one",
        "mark_tolerance": "10",
    }


def sent_rules(sent: dict[str, str]) -> dict[str, str]:
    """Return the rules as they were sent."""
    longest = dict.fromkeys(RULES, _LONGEST) | {"competencies": _LONGEST_COMPETENCIES}
    return {
        name: sent.get(name, "").replace("\r\n", "\n").strip()[: longest[name]] for name in RULES
    }


def rules_of(draft: EditionDraft) -> dict[str, str]:
    """Return the rules that come to just this edition."""
    details = draft.details
    return {
        "title": draft.title,
        "summary": draft.summary,
        "competencies": "\n".join(_line(name, details) for name in draft.competencies),
        "pass_mark": _percent(draft.pass_mark),
        "pass_mark_how": details.pass_mark_how,
        "pass_mark_by": details.pass_mark_by,
        "minutes": str(draft.minutes or ""),
        "max_attempts": str(draft.max_attempts or ""),
        "cooldown_minutes": str(draft.cooldown_minutes or ""),
        "answers_shown": draft.answers_shown.value,
        "feedback_shown": draft.feedback_shown.value,
        "key_shown": draft.key_shown.value,
        "bands": "\n".join(f"{_percent(band.begins)} | {band.words}" for band in details.bands),
        "reviewed_by": details.reviewed_by,
        "reviewed_on": details.reviewed_on.isoformat() if details.reviewed_on else "",
        "supervision": details.supervision,
        "marked_by": _marked_by(details),
        "mark_tolerance": _percent(details.mark_tolerance),
        "language": details.language,
    }


def _marked_by(details: EditionDetails) -> str:
    if details.markers == 1:
        return "one"
    return "two_led" if details.asks_lead else "two"


def _line(name: str, details: EditionDetails) -> str:
    """Return a competency as it is typed: its name, its mark, words for each side of that."""
    if name not in details.competency_marks:
        return name
    advice = details.competency_advice.get(name, CompetencyAdvice())
    parts = [name, _percent(details.competency_marks[name]), advice.mastered, advice.not_yet]
    while not parts[-1]:
        parts.pop()
    return " | ".join(parts)


def names_of(competencies: str) -> list[str]:
    """Return the names of competencies, as far as they are typed."""
    return [name for line in competencies.split("\n") if (name := line.partition("|")[0].strip())]


def read(
    assessment_id: AssessmentId, rules: dict[str, str], questions: Sequence[DraftQuestion]
) -> tuple[EditionDraft | None, tuple[Fault, ...]]:
    """Return the edition that a draft comes to, or all that keeps it from being one."""
    trouble: list[Problem] = []
    pass_mark = _share(rules["pass_mark"], "pass_mark", trouble)
    if not rules["title"]:
        trouble.append(Problem(at="title", says=phrase("Name the assessment.")))
    if not rules["pass_mark"] or (pass_mark is not None and pass_mark <= 0):
        trouble.append(
            Problem(at="pass_mark", says=phrase("Enter a pass mark above 0, up to 100."))
        )
    if not rules["pass_mark_how"] or not rules["pass_mark_by"]:
        says = phrase("Say how the pass mark was set, and by whom.")
        at = "pass_mark_by" if rules["pass_mark_how"] else "pass_mark_how"
        trouble.append(Problem(at=at, says=says))
    minutes = _whole(rules["minutes"], "minutes", trouble, LONGEST_MINUTES)
    max_attempts = _whole(rules["max_attempts"], "max_attempts", trouble, MOST_ATTEMPTS)
    cooldown = _whole(rules["cooldown_minutes"], "cooldown_minutes", trouble, LONGEST_MINUTES)
    answers_shown, feedback_shown, key_shown = _shown(rules, trouble)
    names = names_of(rules["competencies"])
    if len(set(names)) < len(names) or any(len(name) > LONGEST_NAME for name in names):
        says = phrase("Name each competency once, in up to %(most)s characters.", most=LONGEST_NAME)
        trouble.append(Problem(at="competencies", says=says))
    marks, advice = _marks(rules["competencies"], trouble)
    bands = _bands(rules["bands"], trouble)
    reviewed_on = _day(rules["reviewed_on"], trouble)
    tolerance = _share(rules["mark_tolerance"], "mark_tolerance", trouble)
    faults = [Fault(problem=problem) for problem in trouble]
    items, in_questions = _items(questions, names)
    if not questions:
        faults.append(Fault(problem=Problem(at="questions", says=phrase("Add a question."))))
    faults += in_questions
    if faults:
        return None, tuple(faults)
    try:
        return (
            EditionDraft(
                assessment_id=assessment_id,
                title=rules["title"],
                summary=rules["summary"],
                competencies=tuple(names),
                pass_mark=pass_mark or Decimal(0),
                minutes=minutes,
                max_attempts=max_attempts,
                cooldown_minutes=cooldown or 0,
                answers_shown=answers_shown,
                feedback_shown=feedback_shown,
                key_shown=key_shown,
                items=tuple(items),
                details=EditionDetails(
                    pass_mark_how=rules["pass_mark_how"],
                    pass_mark_by=rules["pass_mark_by"],
                    competency_marks=marks,
                    competency_advice=advice,
                    bands=bands,
                    reviewed_by=rules["reviewed_by"],
                    reviewed_on=reviewed_on,
                    supervision=rules["supervision"] or "unsupervised",  # type: ignore[arg-type]  # checked there
                    markers=2 if rules["marked_by"].startswith("two") else 1,
                    mark_tolerance=Decimal("0.1") if tolerance is None else tolerance,
                    asks_lead=rules["marked_by"] == "two_led",
                    language=rules["language"] if rules["language"] in WRITTEN else "",
                ),
            ),
            (),
        )
    except ValidationError as error:
        return None, tuple(_fault(one) for one in error.errors())


def _marks(
    competencies: str, trouble: list[Problem]
) -> tuple[dict[str, Decimal], dict[str, CompetencyAdvice]]:
    """Return the cut scores of those competencies that have one of their own, and their words."""
    marks, advice = {}, {}
    for line in competencies.split("\n"):
        name, mark, mastered, not_yet, *more = [*map(str.strip, line.split("|")), "", "", ""]
        share = _share(mark, "competencies", trouble)
        if any(more) or (not mark and (mastered or not_yet)):
            says = phrase(
                "Write a competency as Name | mark | words when shown | words when not yet."
            )
            trouble.append(Problem(at="competencies", says=says))
        elif name and share is not None:
            marks[name] = share
            if mastered or not_yet:
                words = _advice(mastered, not_yet, trouble)
                advice.update({name: words} if words else {})
    return marks, advice


def _advice(mastered: str, not_yet: str, trouble: list[Problem]) -> CompetencyAdvice | None:
    try:
        return CompetencyAdvice(mastered=mastered, not_yet=not_yet)
    except ValidationError as error:
        says = phrase(
            "Please check the words of a competency: %(value)s.", value=error.errors()[0]["msg"]
        )
        trouble.append(Problem(at="competencies", says=says))
        return None


def _bands(lines: str, trouble: list[Problem]) -> tuple[Band, ...]:
    bands = []
    for line in filter(None, lines.split("\n")):
        begins, _, words = (part.strip() for part in line.partition("|"))
        share = _share(begins, "bands", trouble)
        if not begins or not words:
            trouble.append(Problem(at="bands", says=phrase("Write each band as 90 | Excellent.")))
        elif share is not None:
            bands.append(Band(begins=share, words=words[:LONGEST_NAME]))
    return tuple(sorted(bands, key=lambda band: band.begins))


def _fault(error: ErrorDetails) -> Fault:
    named = [str(part) for part in error["loc"] if part in RULES]
    says = phrase("Please check: %(get)s.", get=error["msg"])
    return Fault(problem=Problem(at=named[0] if named else "title", says=says))


def _items(
    questions: Sequence[DraftQuestion], names: Sequence[str]
) -> tuple[list[DraftItem], list[Fault]]:
    items, faults = [], []
    for question in questions:
        item, problems = authoring.read(question.form)
        trouble = list(problems[:_MOST_TOLD])
        points = _number(str(question.form.get("points", "")))
        if points is None or not 0 < points <= 1000:  # noqa: PLR2004 - as `DraftItem` has it
            trouble.append(Problem(at="points", says=phrase("Enter points above 0, up to 1000.")))
        competency = str(question.form.get("competency", "")) or None
        if competency is not None and competency not in names:
            says = phrase(
                "“%(competency)s” is not among the competencies any more.",
                competency=competency,
            )
            trouble.append(Problem(at="competency", says=says))
        faults += [Fault(problem=problem, question=question) for problem in trouble]
        is_told = len(competency or "") > LONGEST_NAME  # with the list of them
        if item is not None and points is not None and not trouble and not is_told:
            items.append(
                DraftItem(item=item, points=points, competency=competency, item_id=question.item_id)
            )
    return items, faults


def _number(words: str) -> Decimal | None:
    try:
        found = Decimal(words.replace(",", ".")) if len(words) < 20 else None  # noqa: PLR2004 - no such number here
    except InvalidOperation:
        return None
    if found is None or not found.is_finite():
        return None
    return found.quantize(Decimal("0.0001")) if abs(found) < 10**6 else None


def _share(words: str, at: str, trouble: list[Problem]) -> Decimal | None:
    if not words:
        return None
    found = _number(words.removesuffix("%").strip())
    if found is None or not 0 <= found <= 100:  # noqa: PLR2004 - per cent
        trouble.append(Problem(at=at, says=phrase("Enter a share from 0 to 100.")))
        return None
    if found != found.quantize(_PERCENT_PLACES):
        trouble.append(Problem(at=at, says=phrase("Enter a share with two decimals at most.")))
        return None
    return found / 100


def _shown(rules: dict[str, str], trouble: list[Problem]) -> tuple[Shown, Shown, Shown]:
    known = {shown.value: shown for shown in Shown}
    answers = known.get(rules["answers_shown"], Shown.AT_ONCE)
    feedback = known.get(rules["feedback_shown"], Shown.AT_ONCE)
    key = known.get(rules["key_shown"], Shown.SETTLED)
    if key.strictness < answers.strictness:
        says = phrase("Right answers cannot be shown before the learner's own.")
        trouble.append(Problem(at="key_shown", says=says))
    return answers, feedback, key


def _whole(words: str, at: str, trouble: list[Problem], most: int) -> int | None:
    if not words:
        return None
    if not (words.isascii() and words.isdecimal() and 0 < int(words[:9]) <= most):
        says = phrase(
            "Enter a whole number from 1 to %(most)s, or nothing.",
            most=most,
        )
        trouble.append(Problem(at=at, says=says))
        return None
    return int(words[:9])


def _day(words: str, trouble: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(words) if words else None
    except ValueError:
        trouble.append(Problem(at="reviewed_on", says=phrase("Enter a date, like 2027-03-16.")))
        return None


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}"
