"""A pathway, the awards of one person and an instant in one document, so that anybody can check us.

    {"expression": {...}, "awards": [{"achievement_id": ..., "awarded_at": ...}], "at": ...}

Names of achievements are optional; without one its id is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, TypeAdapter

from lti_tool.core.ids import AchievementId, AwardId, new_id
from lti_tool.pathways import rules, soundness
from lti_tool.pathways.errors import ImpossiblePathwayError
from lti_tool.pathways.expression import Requirement, stones, to_json
from lti_tool.pathways.rules import Evaluation, Held, Reason
from lti_tool.pathways.words import Explained, explain

_STRICT_KEYS = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAward:
    """An award that stands."""

    __pydantic_config__ = _STRICT_KEYS

    achievement_id: AchievementId
    awarded_at: AwareDatetime
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that an evaluation depends on."""

    __pydantic_config__ = _STRICT_KEYS

    expression: Requirement
    awards: tuple[CaseAward, ...]
    at: AwareDatetime
    names: dict[AchievementId, str] = field(default_factory=dict)

    @property
    def held(self) -> list[Held]:
        """Return the awards as the rules take them."""
        return [
            Held(
                award_id=AwardId(award.id),
                achievement_id=award.achievement_id,
                awarded_at=award.awarded_at,
            )
            for award in self.awards
        ]


_adapter: TypeAdapter[Case] = TypeAdapter(Case)


def read_case(text: str | bytes) -> Case:
    """Return the case of a document.

    Raises:
        ValueError: it is no such document (a pydantic ValidationError, naming the places).
    """
    return _adapter.validate_json(text)


def case_document(case: Case) -> dict[str, Any]:
    """Return the document of a case; `read_case` makes the same of it."""
    document: dict[str, Any] = _adapter.dump_python(case, mode="json")
    return {**document, "expression": to_json(case.expression)}


def evaluate_case(case: Case) -> dict[str, Any]:
    """Judge a case; return what came out as JSON: decimals are text, instants ISO 8601.

    Raises:
        ImpossiblePathwayError: nobody could complete the expression, or it is too large.
    """
    found = list(soundness.size_problems(case.expression))
    names = {
        stone.achievement_id: case.names.get(stone.achievement_id, str(stone.achievement_id))
        for stone in (() if found else stones(case.expression))
    }
    if found := found or soundness.problems(case.expression, names):
        raise ImpossiblePathwayError([problem.sentence for problem in found])
    evaluation = rules.evaluate(case.expression, case.held, case.at)
    awarded_at = {AwardId(award.id): award.awarded_at for award in case.awards}
    return _document(evaluation, names, awarded_at)


def _document(
    evaluation: Evaluation,
    names: Mapping[AchievementId, str],
    awarded_at: Mapping[AwardId, datetime],
) -> dict[str, Any]:
    return {
        "done": evaluation.done,
        "share": str(evaluation.share),
        "missing": evaluation.missing,
        "nearest": [{"id": str(known), "name": names[known]} for known in evaluation.nearest],
        "reasons": _reason(evaluation.reasons, explain(evaluation.reasons, names, awarded_at)),
    }


def _reason(reason: Reason, explained: Explained) -> dict[str, Any]:
    return {
        "requirement": str(reason.requirement.id),
        "kind": reason.requirement.kind,
        "done": reason.done,
        "counted": f"{reason.counted:f}",
        "needed": f"{reason.needed:f}",
        "share": str(reason.share),
        "text": explained.text,
        "awards": [str(award) for award in reason.awards],
        "parts": [
            _reason(part, words) for part, words in zip(reason.parts, explained.parts, strict=True)
        ],
    }
