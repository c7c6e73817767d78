"""A pathway, the awards of one person and an instant in one document, so that anybody can check us.

    {"expression": {...}, "awards": [{"achievement_id": ..., "awarded_at": ...}], "at": ...}

Names of achievements are optional; without one its id is shown.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, TypeAdapter

from lti_tool.core.ids import AchievementId, AwardId, new_id
from lti_tool.pathways import rules, soundness
from lti_tool.pathways.errors import ImpossiblePathwayError
from lti_tool.pathways.expression import Requirement, named, to_json
from lti_tool.pathways.rules import Held, Reason, Rulings
from lti_tool.pathways.words import Explained, explain

_STRICT_KEYS = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAward:
    """An award that stands; `Held` says what its fields mean."""

    __pydantic_config__ = _STRICT_KEYS

    achievement_id: AchievementId
    awarded_at: AwareDatetime
    valid_until: AwareDatetime | None = None
    grade: Decimal | None = None
    level: int | None = None
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRuling:
    """A decision about one requirement: waived, or met by an award in its achievement's place."""

    __pydantic_config__ = _STRICT_KEYS

    requirement_id: UUID
    since: AwareDatetime
    award_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that an evaluation depends on."""

    __pydantic_config__ = _STRICT_KEYS

    expression: Requirement
    awards: tuple[CaseAward, ...]
    at: AwareDatetime
    names: dict[AchievementId, str] = field(default_factory=dict)
    rulings: tuple[CaseRuling, ...] = ()

    @property
    def held(self) -> list[Held]:
        """Return the awards as the rules take them."""
        return [
            Held(
                award_id=AwardId(award.id),
                achievement_id=award.achievement_id,
                awarded_at=award.awarded_at,
                valid_until=award.valid_until,
                grade=award.grade,
                level=award.level,
            )
            for award in self.awards
        ]

    @property
    def decided(self) -> Rulings:
        """Return the decisions as the rules take them."""
        return Rulings(
            waived={one.requirement_id: one.since for one in self.rulings if one.award_id is None},
            substitutes={
                one.requirement_id: (AwardId(one.award_id), one.since)
                for one in self.rulings
                if one.award_id is not None
            },
        )


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
    asked_for = set() if found else named(case.expression)
    names = {
        known: case.names.get(known, str(known))
        for known in asked_for.union(award.achievement_id for award in case.awards)
    }
    if found := found or soundness.problems(case.expression, names):
        raise ImpossiblePathwayError([problem.sentence for problem in found])
    evaluation = rules.evaluate(case.expression, case.held, case.at, case.decided)
    words = explain(evaluation.reasons, names, {one.award_id: one for one in case.held})
    return {
        "done": evaluation.done,
        "share": str(evaluation.share),
        "credits": f"{evaluation.credits:f}",
        "missing": evaluation.missing,
        "nearest": [{"id": str(known), "name": names[known]} for known in evaluation.nearest],
        "expires": [
            {
                "requirement": str(one.requirement_id),
                "id": str(one.achievement_id),
                "name": names[one.achievement_id],
                "at": one.at.isoformat(),
            }
            for one in evaluation.expiries
        ],
        "reasons": _reason(evaluation.reasons, words),
    }


def _reason(reason: Reason, explained: Explained) -> dict[str, Any]:
    return {
        "requirement": str(reason.requirement.id),
        "kind": reason.requirement.kind,
        "done": reason.done,
        "counted": f"{reason.counted:f}",
        "needed": f"{reason.needed:f}",
        "share": str(reason.share),
        "waived": reason.waived,
        "why": reason.why,
        "until": reason.until.isoformat() if reason.until else None,
        "text": explained.text,
        "awards": [str(award) for award in reason.awards],
        "parts": [
            _reason(part, words) for part, words in zip(reason.parts, explained.parts, strict=True)
        ],
    }
