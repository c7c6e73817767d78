import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import jsonschema  # type: ignore[import-untyped]  # ships none
import pytest

from lti_tool.badges import open_badges
from lti_tool.badges.canonical import UnsafeDocumentError, canonicalize
from lti_tool.badges.micro_credentials import MicroCredential
from lti_tool.badges.rules import AchievementType
from tests.badges.samples import BADGE, DID, FULL, changed, published
from tests.helpers import shared_folder


@pytest.mark.parametrize(
    "badge",
    [
        BADGE,
        replace(BADGE, valid_until=datetime(2030, 1, 1, tzinfo=UTC)),
        replace(BADGE, status=None, issuer=replace(BADGE.issuer, url=None)),
        replace(BADGE, achievement=replace(BADGE.achievement, kind=None, image_url=None)),
        replace(BADGE, achievement=replace(BADGE.achievement, credits=Decimal(3))),
        replace(BADGE, achievement=replace(BADGE.achievement, micro=MicroCredential())),
        FULL,
    ],
)
def test_what_is_written_is_read_and_can_be_signed(badge: open_badges.Badge) -> None:
    assert open_badges.read(badge.to_json()) == badge
    assert canonicalize(badge.to_json())


def test_a_signed_badge_reads_like_an_unsigned_one() -> None:
    assert open_badges.read(published().credential) == BADGE


def test_the_holder_is_not_in_it() -> None:
    """Minimal: the subject has a number of its own and nothing else but the achievement."""
    subject = BADGE.to_json()["credentialSubject"]

    assert set(subject) == {"id", "type", "achievement"}
    assert subject["id"].startswith("urn:uuid:")
    assert "identifier" not in json.dumps(BADGE.to_json())


OWN = {"name": "https://example.org/other"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("@context", ...),
        ("@context", [*open_badges.CONTEXT, "https://w3id.org/security/data-integrity/v2"]),
        ("@context", [*open_badges.CONTEXT, OWN]),
        ("@context", open_badges.CONTEXT[::-1]),
        ("credentialSubject.@context", OWN),
        ("evidence", [{"@context": OWN}]),
        ("type", ["VerifiableCredential"]),
        ("type", "VerifiableCredential"),
        ("id", ...),
        ("credentialSubject", ...),
        ("credentialSubject.achievement", ...),
        ("credentialSubject.id", ...),
        ("credentialSubject.achievement.name", ["a", "b"]),
        ("credentialSubject.achievement.criteria", ...),
        ("validFrom", ...),
        ("validUntil", "2027"),
        ("awardedDate", "yesterday"),
        ("credentialStatus", "none"),
        ("credentialStatus.type", "1EdTechRevocationList"),
        ("credentialStatus.statusPurpose", "suspension"),
        ("credentialStatus.statusListIndex", "-1"),
        ("credentialStatus.statusListIndex", "9" * 40),
        ("credentialStatus.statusListIndex", 7),
    ],
    ids=lambda value: str(value)[-60:],
)
def test_another_form_is_refused(path: str, value: object) -> None:
    with pytest.raises(open_badges.NotAnOpenBadgeError):
        open_badges.read(changed(BADGE.to_json(), path, value))


ELSEWHERE = "https://elsewhere.example/contexts/micro-credential-1.json"
SUBJECT = "credentialSubject"
ACHIEVEMENT = f"{SUBJECT}.achievement"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("@context", open_badges.CONTEXT),
        ("@context", [*open_badges.CONTEXT, ELSEWHERE]),
        (f"{ACHIEVEMENT}.id", "https://[1"),
        (f"{ACHIEVEMENT}.microCredential", "ECTS"),
        (f"{ACHIEVEMENT}.microCredential.type", "Another"),
        (f"{ACHIEVEMENT}.microCredential.learningOutcome", "one"),
        (f"{ACHIEVEMENT}.microCredential.level", {"EQF": 6}),
        (f"{ACHIEVEMENT}.creditsAvailable", True),
        (f"{ACHIEVEMENT}.creditsAvailable", float("nan")),
        (f"{ACHIEVEMENT}.creditsAvailable", "2.5"),
        (f"{ACHIEVEMENT}.alignment", "ESCO"),
        (f"{ACHIEVEMENT}.alignment", ["ESCO"]),
        (f"{ACHIEVEMENT}.alignment", [{"targetName": "x", "targetUrl": "javascript:alert(1)"}]),
        (f"{ACHIEVEMENT}.resultDescription", []),
        (f"{SUBJECT}.result", {"value": "1"}),
        (f"{SUBJECT}.identifier", [{"hashed": False, "identityType": "emailAddress"}]),
        ("evidence", [{"name": "x", "id": "javascript:alert(1)"}]),
        ("evidence", [{"narrative": "no name"}]),
    ],
    ids=lambda value: str(value)[-60:],
)
def test_a_detailed_one_of_another_form_is_refused(path: str, value: object) -> None:
    with pytest.raises(open_badges.NotAnOpenBadgeError):
        open_badges.read(changed(FULL.to_json(), path, value))


@pytest.mark.parametrize("path", ["microCredential.ects", "microCredential.level.eqf"])
def test_a_term_that_our_context_does_not_define_is_not_signed(path: str) -> None:
    document = changed(FULL.to_json(), f"{ACHIEVEMENT}.microCredential.level", {})

    with pytest.raises(UnsafeDocumentError, match=r"ects|eqf"):
        canonicalize(changed(document, f"{ACHIEVEMENT}.{path}", "6"))


@pytest.mark.parametrize("document", [None, [], "text", 5])
def test_what_is_no_document_is_refused(document: object) -> None:
    with pytest.raises(open_badges.NotAnOpenBadgeError):
        open_badges.read(document)


def test_an_achievement_stands_alone_with_its_creator() -> None:
    document = open_badges.achievement_document(BADGE.achievement, BADGE.issuer)

    assert document["id"] == BADGE.achievement.id
    assert document["creator"]["id"] == DID
    assert canonicalize(document)


@pytest.mark.parametrize("badge", [BADGE, FULL], ids=["minimal", "detailed"])
@pytest.mark.parametrize("kind", [*AchievementType, None])
def test_the_official_schema_accepts_what_we_write(
    kind: AchievementType | None, badge: open_badges.Badge
) -> None:
    folder = shared_folder("credentials", "contexts")
    schema = json.loads((folder / "ob_v3p0_achievementcredential_schema.json").read_text())
    document = published(badge, valid_until=datetime(2030, 1, 1, tzinfo=UTC)).credential
    document["credentialSubject"]["achievement"]["achievementType"] = kind
    if kind is None:
        del document["credentialSubject"]["achievement"]["achievementType"]

    validator = jsonschema.Draft201909Validator(schema)

    assert [error.message for error in validator.iter_errors(document)] == []
    assert list(validator.iter_errors(changed(document, "validFrom", ...))) != []
