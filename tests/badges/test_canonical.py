import json
from typing import Any

import pytest

from lti_tool.badges.canonical import (
    CONTEXTS_FOLDER,
    MOST_DEPTH,
    UnsafeDocumentError,
    bundled_contexts,
    canonicalize,
)
from lti_tool.badges.open_badges import CONTEXT
from tests.badges.samples import BADGE

# 1EdTech openbadges-specification, ob_v3p0/impl/test-vectors/obv3p0/document-canon.txt, of the
# credential in the implementation guide, "Linked Data Proof Test Vector for Open Badges 3.0".
VOCABULARY = "https://purl.imsglobal.org/spec/vc/ob/vocab.html"
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
VC = "https://www.w3.org/2018/credentials"
SUBJECT = "<did:example:ebfeb1f712ebc6f1c276e12ec21>"
CREDENTIAL = "<http://example.com/credentials/3527>"
TEAMWORK = "<https://example.com/achievements/21st-century-skills/teamwork>"
ISSUER = "<https://example.edu/issuers/565049>"
DESCRIPTION = (
    "This badge recognizes the development of the capacity to collaborate within a group"
    " environment."
)
NARRATIVE = (
    "Team members are nominated for this badge by their peers and recognized upon review by"
    " Example Corp management."
)
PUBLISHED_FORM = f"""\
{SUBJECT} {TYPE} <{VOCABULARY}#AchievementSubject> .
{SUBJECT} <{VOCABULARY}#achievement> {TEAMWORK} .
{CREDENTIAL} {TYPE} <{VOCABULARY}#OpenBadgeCredential> .
{CREDENTIAL} {TYPE} <{VC}#VerifiableCredential> .
{CREDENTIAL} <https://schema.org/name> "Teamwork Badge" .
{CREDENTIAL} <{VC}#credentialSubject> {SUBJECT} .
{CREDENTIAL} <{VC}#issuer> {ISSUER} .
{CREDENTIAL} <{VC}#validFrom> \
"2010-01-01T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
{TEAMWORK} {TYPE} <{VOCABULARY}#Achievement> .
{TEAMWORK} <{VOCABULARY}#Criteria> _:c14n0 .
{TEAMWORK} <https://schema.org/description> "{DESCRIPTION}" .
{TEAMWORK} <https://schema.org/name> "Teamwork" .
{ISSUER} {TYPE} <{VOCABULARY}#Profile> .
{ISSUER} <https://schema.org/name> "Example Corp" .
{ISSUER} <https://schema.org/url> \
"https://www.imsglobal.org"^^<https://www.w3.org/2001/XMLSchema#anyURI> .
_:c14n0 <{VOCABULARY}#narrative> "{NARRATIVE}" .
"""


def teamwork() -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        "id": "http://example.com/credentials/3527",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {
            "id": "https://example.edu/issuers/565049",
            "type": ["Profile"],
            "url": "https://www.imsglobal.org",
            "name": "Example Corp",
        },
        "validFrom": "2010-01-01T00:00:00Z",
        "name": "Teamwork Badge",
        "credentialSubject": {
            "id": "did:example:ebfeb1f712ebc6f1c276e12ec21",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": "https://example.com/achievements/21st-century-skills/teamwork",
                "type": ["Achievement"],
                "criteria": {"narrative": NARRATIVE},
                "description": DESCRIPTION,
                "name": "Teamwork",
            },
        },
    }


def test_the_form_is_the_one_1edtech_publishes() -> None:
    assert canonicalize(teamwork()).decode() == PUBLISHED_FORM


def test_the_order_of_keys_does_not_matter() -> None:
    document = BADGE.to_json()
    reordered = {name: document[name] for name in reversed(document)}

    assert list(reordered) != list(document)
    assert canonicalize(reordered) == canonicalize(document)


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("grade", "A", "grade"),
        ("id", "credentials/1", "relative:///credentials/1"),
        ("type", ["VerifiableCredential", "Diplom"], "relative:///Diplom"),
        ("evidence", {"id": "not an iri", "type": ["Evidence"]}, "not an iri"),
        ("description", {"@value": "x", "@language": "not a language"}, "not a language"),
        ("@context", [*CONTEXT, "https://example.org/own"], "https://example.org/own"),
    ],
)
def test_what_signing_would_drop_is_refused(name: str, value: object, found: str) -> None:
    with pytest.raises(UnsafeDocumentError, match=found):
        canonicalize({**BADGE.to_json(), name: value})


def test_a_bundled_context_is_named_once_and_exists() -> None:
    files = json.loads((CONTEXTS_FOLDER / "index.json").read_text())

    assert len(set(files.values())) == len(files)
    assert {path.name for path in CONTEXTS_FOLDER.glob("*.json")} - {"index.json"} == set(
        files.values()
    )
    assert all("@context" in document for document in bundled_contexts().values())


def test_a_deep_nest_is_refused_before_it_is_read() -> None:
    nest: Any = "end"
    for _ in range(MOST_DEPTH * 50):
        nest = [nest]

    with pytest.raises(UnsafeDocumentError, match="deep"):
        canonicalize({**BADGE.to_json(), "evidence": nest})


def test_a_crowd_of_nameless_nodes_is_refused() -> None:
    crowd = [{"type": ["Evidence"], "name": str(number)} for number in range(201)]

    with pytest.raises(UnsafeDocumentError, match="more than 200"):
        canonicalize({**BADGE.to_json(), "evidence": crowd})


def labyrinth(size: int) -> dict[str, Any]:
    """Nodes that each point at all others: nothing tells them apart."""
    names = [f"_:n{number}" for number in range(size)]
    return {
        "@context": {"knows": {"@id": "urn:example:knows", "@type": "@id"}},
        "@graph": [
            {"@id": own, "knows": [other for other in names if other != own]} for own in names
        ],
    }


@pytest.mark.timeout(5)
def test_a_labyrinth_of_nameless_nodes_is_refused_not_walked() -> None:
    assert canonicalize(labyrinth(5))
    with pytest.raises(UnsafeDocumentError, match="tells apart"):
        canonicalize(labyrinth(12))


def test_equal_nameless_nodes_side_by_side_are_no_labyrinth() -> None:
    """Twenty like entries cost nothing, as what they hang on has a name."""
    alike = [{"type": ["Evidence"], "name": "Photograph"}] * 20

    lines = canonicalize({**BADGE.to_json(), "evidence": alike}).splitlines()

    assert sum(b"Photograph" in line for line in lines) == 20


def test_a_tree_of_nameless_nodes_that_differ_is_no_labyrinth() -> None:
    nested: dict[str, Any] = {"urn:example:level": "0"}
    for level in range(1, 12):
        nested = {"urn:example:level": str(level), "urn:example:inner": nested}

    assert len(canonicalize(nested).splitlines()) == 23
