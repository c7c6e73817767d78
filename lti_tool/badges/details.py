"""What an achievement says of itself beyond name and criteria, and what an award rests on.

The elements of a micro-credential are those of Annex I of the Council Recommendation on a European
approach to micro-credentials (2022/C 243/02). Where an author says nothing, nothing better than
the truth is said: unsupervised, nobody's identity checked, assessed by ourselves.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from lti_tool.core.language import phrase

_MOST_MONTHS = 600
_MOST_URL = 2000


class Framework(StrEnum):
    """Whose list of competencies an alignment names."""

    ESCO = "ESCO"
    ONET = "O*NET"
    CASE = "CASE"
    OWN = "own"


class Participation(StrEnum):
    """Form of participation in the learning activity."""

    ONLINE = "online"
    ON_SITE = "on site"
    BLENDED = "blended"


class Supervision(StrEnum):
    """How it was seen to who did the work (Annex I, optional element)."""

    UNSUPERVISED = "unsupervised, identity not verified"
    ONLINE = "supervised online, identity verified"
    ON_SITE = "supervised on site, identity verified"


class Stackability(StrEnum):
    """Whether it counts towards something larger."""

    STACKABLE = "stackable towards other credentials"
    INDEPENDENT = "stand-alone"


# How pages say them; credentials carry the plain words.
WORDS: Mapping[Participation | Supervision | Stackability, str] = {
    Participation.ONLINE: phrase("Online"),
    Participation.ON_SITE: phrase("On site"),
    Participation.BLENDED: phrase("Blended"),
    Supervision.UNSUPERVISED: phrase("Unsupervised, identity not verified"),
    Supervision.ONLINE: phrase("Supervised online, identity verified"),
    Supervision.ON_SITE: phrase("Supervised on site, identity verified"),
    Stackability.STACKABLE: phrase("Stackable towards other credentials"),
    Stackability.INDEPENDENT: phrase("Stand-alone"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """A competency of somebody's list that the achievement covers (OB 3.0 Alignment).

    Attributes:
        url: absolute, http or https.
        code: the list's own, such as "S1.2".
    """

    framework: Framework
    name: str
    url: str
    code: str | None = None

    def __post_init__(self) -> None:
        """Refuse what readers could not follow."""
        if not self.name.strip() or not is_web_address(self.url):
            raise ValueError("an alignment needs a name and a web address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an award by hand rests on (OB 3.0 Evidence): an address, or words, or both."""

    name: str
    narrative: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        """Refuse evidence of nothing."""
        if not self.name.strip():
            raise ValueError("evidence needs a name")
        if self.url is not None and not is_web_address(self.url):
            raise ValueError("evidence lies at a web address")

    def to_json(self) -> dict[str, Any]:
        """Return it for storage."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What else readers want to know of an achievement.

    Attributes:
        level: such as "EQF 6".
        valid_months: how long an award of it lasts; None for ever.
        outcomes: what a holder knows and can do, one a line.
        workload_hours: of learning and assessment; None when nobody measured it.
        country: of the issuer, ISO 3166-1 alpha-2.
        assessment: the type of assessment, in words.
        quality: by whom quality is assured, in words.
        prerequisites: needed to take part, in words.
    """

    level: str | None = None
    valid_months: int | None = None
    alignments: tuple[Alignment, ...] = ()
    outcomes: tuple[str, ...] = ()
    workload_hours: Decimal | None = None
    country: str | None = None
    participation: Participation = Participation.ONLINE
    assessment: str = str(phrase("Test on a computer, marked by fixed rules"))
    quality: str = str(phrase("The issuer's own; no outside body has assured it"))
    supervision: Supervision = Supervision.UNSUPERVISED
    stackability: Stackability = Stackability.STACKABLE
    prerequisites: str | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing."""
        if self.valid_months is not None and not 0 < self.valid_months <= _MOST_MONTHS:
            raise ValueError(f"validity is 1 to {_MOST_MONTHS} months")
        if self.workload_hours is not None and self.workload_hours <= 0:
            raise ValueError("workload is more than 0 hours")
        if self.country is not None and not (len(self.country) == 2 and self.country.isupper()):  # noqa: PLR2004 - alpha-2
            raise ValueError("a country is two capital letters")

    def to_json(self) -> dict[str, Any]:
        """Return it for storage."""
        stored = asdict(self)
        if self.workload_hours is not None:
            stored["workload_hours"] = str(self.workload_hours)
        return stored

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Details":
        """Return what `to_json` wrote; what an older version did not write has its default."""
        if not stored:
            return PLAIN
        hours = stored.get("workload_hours")
        return cls(
            **{
                **stored,
                "alignments": tuple(
                    Alignment(**{**entry, "framework": Framework(entry["framework"])})
                    for entry in stored["alignments"]
                ),
                "outcomes": tuple(stored["outcomes"]),
                "workload_hours": None if hours is None else Decimal(hours),
                "participation": Participation(stored["participation"]),
                "supervision": Supervision(stored["supervision"]),
                "stackability": Stackability(stored["stackability"]),
            }
        )


PLAIN = Details()  # of an achievement whose author said nothing


def is_web_address(url: str) -> bool:
    """Tell whether a text is an absolute address of the web, fit for a link."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and len(url) <= _MOST_URL
        and not any(letter.isspace() or letter in '<>"\\^`{|}' for letter in url)
    )
