"""The elements of a European micro-credential, in terms of our own, as a credential carries them.

Annex I of the Council Recommendation on a European approach to micro-credentials (2022/C 243/02).
Open Badges 3.0 has terms for some of it (credits, alignments); for the others this is the context
that defines them. It is at the issuers' host, under an address with its version, and never changes:
what was signed with it is verified with it. Another wording is another version beside it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

PATH = "/contexts/micro-credential-1.json"
MEDIA_TYPE = "application/ld+json"
PROPERTY = "microCredential"
_TYPE = "EuropeanMicroCredential"
_DECIMAL = "http://www.w3.org/2001/XMLSchema#decimal"

_ADDRESS = re.compile(rf"https?://[a-z0-9][a-z0-9.-]{{0,252}}(?::[0-9]{{1,5}})?{re.escape(PATH)}")
_MOST_HOSTS = 8  # of documents that somebody hands in; each installation has one

# The term in the credential, by the attribute it is read from.
_TERMS = {
    "outcomes": "learningOutcome",
    "workload_hours": "workloadHours",
    "country": "countryOfIssuer",
    "level": "level",
    "assessment": "assessmentType",
    "participation": "participation",
    "quality": "qualityAssurance",
    "supervision": "supervision",
    "stackability": "stackability",
    "prerequisites": "prerequisites",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MicroCredential:
    """What an achievement says of itself in these terms; all of it words for people.

    Attributes:
        workload_hours: a decimal number as text, such as "12.5".
        country: of the issuer, ISO 3166-1 alpha-2.
    """

    outcomes: tuple[str, ...] = ()
    workload_hours: str | None = None
    country: str | None = None
    level: str | None = None
    assessment: str | None = None
    participation: str | None = None
    quality: str | None = None
    supervision: str | None = None
    stackability: str | None = None
    prerequisites: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the value of `PROPERTY`."""
        document: dict[str, Any] = {"type": [_TYPE]}
        for attribute, term in _TERMS.items():
            value = getattr(self, attribute)
            if value:
                document[term] = list(value) if isinstance(value, tuple) else value
        return document


def read(document: Mapping[str, Any]) -> MicroCredential:
    """Return what `MicroCredential.to_json` wrote.

    Raises:
        ValueError: something else.
    """
    values: dict[str, Any] = {
        attribute: document[term] for attribute, term in _TERMS.items() if term in document
    }
    outcomes = values.pop("outcomes", [])
    if not isinstance(outcomes, list):
        raise ValueError("learningOutcome is not a list")  # noqa: TRY004 - a document's fault
    wrong = [value for value in (*outcomes, *values.values()) if not isinstance(value, str)]
    if wrong or document.get("type") != [_TYPE]:
        raise ValueError(f"not a micro-credential as we write it: {wrong!r:.80}")
    return MicroCredential(outcomes=tuple(outcomes), **values)


def address(host_url: str) -> str:
    """Return where an installation serves the context: scheme and host, and its path."""
    return f"{host_url}{PATH}"


@lru_cache(maxsize=_MOST_HOSTS)
def find_context(url: str) -> dict[str, Any] | None:
    """Return the context at such an address of any installation; None for any other address.

    It follows from the address alone, so that it is asked of no network and no settings.
    """
    if not _ADDRESS.fullmatch(url):
        return None
    inner: dict[str, Any] = {
        term: {"@id": f"{url}#{term}"}
        | ({"@type": _DECIMAL} if term == "workloadHours" else {})
        | ({"@container": "@set"} if term == "learningOutcome" else {})
        for term in _TERMS.values()
    }
    return {
        "@context": {
            "@version": 1.1,
            "@protected": True,
            _TYPE: {
                "@id": f"{url}#{_TYPE}",
                "@context": {"@version": 1.1, "@protected": True, **inner},
            },
            PROPERTY: {"@id": f"{url}#{PROPERTY}"},
        }
    }
