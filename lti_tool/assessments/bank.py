"""What is held of questions of the bank, and what their answers tell of them. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from lti_tool.core.language import phrase

# Fewer answers than these tell next to nothing of how a question parts who knows from who does not.
LEAST_FOR_DISCRIMINATION = 30
_WEAK, _EASY, _HARD = 0.1, 0.95, 0.2
_Z = 1.96  # of 95%


class ItemStatus(StrEnum):
    """What the institution holds of a question. A retired one is not taken into new drafts."""

    UNREVIEWED = "unreviewed"
    REVIEWED = "reviewed"
    RETIRED = "retired"


STATUS_WORDS = {
    ItemStatus.UNREVIEWED: phrase("Not reviewed"),
    ItemStatus.REVIEWED: phrase("Reviewed"),
    ItemStatus.RETIRED: phrase("Retired"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemStatistics:
    """What first attempts tell of a question.

    Attributes:
        answers: attempts that asked it, were not deleted and wait for no marks.
        mean: the mean share of its points, 0 to 1: the p value; None without answers.
        spread: the standard deviation of that share; None below two.
        discrimination: the correlation of its share with that of all other questions of the
            attempt, each attempt once: the corrected item-rest correlation. None where it cannot
            be told.
    """

    answers: int
    mean: Decimal | None
    spread: float | None
    discrimination: float | None

    @property
    def told_discrimination(self) -> float | None:
        """Return the discrimination, if enough answers speak for it."""
        return self.discrimination if self.answers >= LEAST_FOR_DISCRIMINATION else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return between which means the true one lies with 95% certainty, roughly."""
        if self.mean is None or self.spread is None:
            return None
        half = _Z * self.spread / self.answers**0.5
        return max(0.0, float(self.mean) - half), min(1.0, float(self.mean) + half)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what somebody should look at, in sentences."""
        told = []
        found = self.told_discrimination
        if found is not None and found < 0:
            told.append(
                phrase("Who did better elsewhere did worse here: look whether the key is right.")
            )
        elif found is not None and found < _WEAK:
            told.append(phrase("It hardly parts who knows from who does not."))
        if self.mean is not None and self.answers >= LEAST_FOR_DISCRIMINATION:
            if self.mean > _EASY:
                told.append(phrase("Nearly everybody has it right."))
            elif self.mean < _HARD:
                told.append(phrase("Hardly anybody has it right: look whether it is clear."))
        return tuple(told)
