"""What a detailed credential says beyond the minimal one (Open Badges 3.0 §B.1).

Who holds it as far as they chose to say, what was scored of what, and what it rests on.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from lti_tool.badges.details import Evidence, is_web_address
from lti_tool.core.language import phrase

_SALT_BYTES = 16
_NAME = "name"
_ALGORITHM = "sha256$"


class IdentityType(StrEnum):
    """What a holder may be recognised by; words of Open Badges 3.0 §B.1.25."""

    EMAIL = "emailAddress"
    SIS = "sisSourcedId"
    LTI = "ltiUserId"


_IDENTITY_WORDS = {
    IdentityType.EMAIL: phrase("E-mail address, hashed"),
    IdentityType.SIS: phrase("Student number, hashed"),
    IdentityType.LTI: phrase("LMS user number, hashed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An identifier of the holder, hashed: who knows it can compare, nobody can read it off.

    Attributes:
        hashed: as Open Badges writes it, `sha256$` and the digest in hexadecimal digits.
    """

    kind: IdentityType
    hashed: str
    salt: str

    def fits(self, identifier: str) -> bool:
        """Tell whether it is this identifier's."""
        return secrets.compare_digest(self.hashed, _hash(identifier, self.salt))


def identity(kind: IdentityType, identifier: str) -> Identity:
    """Return an identifier hashed with a salt of its own, so that no two hashes are the same."""
    salt = secrets.token_hex(_SALT_BYTES)
    return Identity(kind=kind, hashed=_hash(identifier, salt), salt=salt)


def _hash(identifier: str, salt: str) -> str:
    return _ALGORITHM + sha256(f"{identifier}{salt}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Points of the whole or of one competency.

    Attributes:
        id: of its description, absolute; the achievement's address and a fragment.
        value: points earned of `most`, both decimal numbers as text.
        required: the cut score; None where none was set.
    """

    id: str
    name: str
    value: str
    most: str
    required: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """Beyond the minimal: each part only if the holder asked for it."""

    name: str | None = None
    identity: Identity | None = None
    results: tuple[Result, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether a credential with these is a minimal one."""
        return self == NOTHING

    @property
    def words(self) -> list[str]:
        """What is in it, part by part, to tell several apart."""
        told = (
            (phrase("Name"), self.name),
            (phrase("Results"), self.results),
            (phrase("Evidence"), self.evidence),
            (_IDENTITY_WORDS[self.identity.kind] if self.identity else "", self.identity),
        )
        return [word for word, part in told if part]

    def identifiers_json(self) -> list[dict[str, Any]]:
        """Return the subject's `identifier`s."""
        told = []
        if self.name is not None:
            told.append(_identity_json(_NAME, self.name))
        if self.identity is not None:
            own = self.identity
            told.append(_identity_json(own.kind, own.hashed, salt=own.salt))
        return told

    def results_json(self) -> list[dict[str, Any]]:
        """Return the subject's `result`s."""
        return [
            {"type": ["Result"], "resultDescription": one.id, "value": one.value}
            for one in self.results
        ]

    def descriptions_json(self) -> list[dict[str, Any]]:
        """Return the achievement's `resultDescription`s."""
        return [
            {
                "id": one.id,
                "type": ["ResultDescription"],
                "name": one.name,
                "resultType": "RawScore",
                "valueMin": "0",
                "valueMax": one.most,
                **({} if one.required is None else {"requiredValue": one.required}),
            }
            for one in self.results
        ]

    def evidence_json(self) -> list[dict[str, Any]]:
        """Return the credential's `evidence`."""
        return [
            {
                **({} if one.url is None else {"id": one.url}),
                "type": ["Evidence"],
                "name": one.name,
                **({} if one.narrative is None else {"narrative": one.narrative}),
            }
            for one in self.evidence
        ]


NOTHING = Particulars()


def read(document: Mapping[str, Any]) -> Particulars:
    """Return what a credential with an achievement says in these parts, in the form we write.

    Raises:
        ValueError: it has one of them in another form.
    """
    subject = document["credentialSubject"]
    described = {
        _word(one, "id"): one for one in _objects(subject["achievement"], "resultDescription")
    }
    name, own = read_identifiers(subject)
    return Particulars(
        name=name,
        identity=own,
        results=tuple(_result(one, described) for one in _objects(subject, "result")),
        evidence=tuple(map(_evidence, _objects(document, "evidence"))),
    )


def read_identifiers(subject: Mapping[str, Any]) -> tuple[str | None, Identity | None]:
    """Return the holder's name and what they may be recognised by, as far as a subject says.

    Raises:
        ValueError: it has one of them in another form than ours.
    """
    name, own = None, None
    for one in _objects(subject, "identifier"):
        if one.get("hashed") is True:
            own = Identity(
                kind=IdentityType(_word(one, "identityType")),
                hashed=_word(one, "identityHash"),
                salt=_word(one, "salt"),
            )
        elif _word(one, "identityType") == _NAME:
            name = _word(one, "identityHash")
        else:
            raise ValueError("an identifier that anybody can read")
    return name, own


def _identity_json(kind: str, value: str, *, salt: str | None = None) -> dict[str, Any]:
    return {
        "type": "IdentityObject",
        "hashed": salt is not None,
        "identityHash": value,
        "identityType": str(kind),
        **({} if salt is None else {"salt": salt}),
    }


def _result(result: Mapping[str, Any], described: Mapping[str, Mapping[str, Any]]) -> Result:
    description = described.get(_word(result, "resultDescription"))
    if description is None or description.get("resultType") != "RawScore":
        raise ValueError("a result that nothing describes")
    return Result(
        id=_word(description, "id"),
        name=_word(description, "name"),
        value=_word(result, "value"),
        most=_word(description, "valueMax"),
        required=_word(description, "requiredValue") if "requiredValue" in description else None,
    )


def _evidence(document: Mapping[str, Any]) -> Evidence:
    url = _word(document, "id") if "id" in document else None
    if url is not None and not is_web_address(url):
        raise ValueError("evidence that lies at no web address")
    return Evidence(
        name=_word(document, "name"),
        narrative=_word(document, "narrative") if "narrative" in document else None,
        url=url,
    )


def _objects(holder: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    found = holder.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise ValueError(f"{name} is not a list of objects")
    return found


def _word(holder: Mapping[str, Any], name: str) -> str:
    found = holder.get(name)
    if not isinstance(found, str) or not found:
        raise ValueError(f"no {name}")
    return found
