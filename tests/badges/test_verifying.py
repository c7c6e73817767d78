import json
import time
from typing import Any

import pytest

from lti_tool.badges import carriers, services, signing
from lti_tool.badges.data_integrity import ProofOutcome
from lti_tool.badges.errors import UnknownShareError, UnreadableCredentialError
from lti_tool.badges.examination import Status, Verdict
from lti_tool.badges.models import Credential
from lti_tool.badges.rules import Shows
from lti_tool.badges.verifying.checking import check
from lti_tool.badges.verifying.handed_in import check_data
from lti_tool.badges.verifying.issuers import find_issuer
from lti_tool.badges.verifying.links import open_share
from lti_tool.core import audit
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from tests.badges.factories import Place, another_achievement, held_badges, issue, issuer, place
from tests.badges.samples import changed, published

pytestmark = pytest.mark.usefixtures("database")

Json = dict[str, Any]


def issued_document(at: Place) -> Json:
    credential_id = issue(at)
    with transaction(at.institution_id) as session:
        credential = session.get_one(Credential, (credential_id, at.institution_id))
    assert credential.document is not None
    return credential.document


def shared(at: Place, *, show_name: bool = False) -> str:
    return services.share(
        at.institution_id, issue(at), person_id=at.person_id, shows=Shows(name=show_name)
    )


def withdraw(at: Place) -> None:
    services.withdraw_award(
        at.institution_id, held_badges(at)[0].award_id, reason="Mistake", actor=audit.SYSTEM
    )


def test_what_was_issued_here_is_valid() -> None:
    at = place()

    checked = check(issued_document(at))

    assert checked.examination.verdict is Verdict.VALID
    assert checked.issuer == issuer(at)


def test_a_revoked_one_is_revoked_before_the_list_is_signed_anew() -> None:
    at = place()
    document = issued_document(at)

    withdraw(at)

    assert check(document).examination.verdict is Verdict.REVOKED


def test_a_neighbours_revocation_is_its_own() -> None:
    at = place()
    document = issued_document(at)
    neighbour = another_achievement(at, "Explaining Risk")
    issue(neighbour)
    (held,) = [badge for badge in held_badges(at) if badge.name == "Explaining Risk"]

    services.withdraw_award(at.institution_id, held.award_id, reason="Mistake", actor=audit.SYSTEM)

    assert check(document).examination.verdict is Verdict.VALID


def test_a_changed_one_is_altered() -> None:
    document = changed(issued_document(place()), "credentialSubject.achievement.name", "PhD")

    assert check(document).examination.verdict is Verdict.ALTERED


def test_one_of_another_issuer_is_unproven_not_forged() -> None:
    place()

    checked = check(published().credential)

    assert checked.issuer is None
    assert checked.examination.verdict is Verdict.UNPROVEN


def test_one_that_borrows_anothers_name_is_not_believed() -> None:
    """Signed by one institution here, but saying that another one did."""
    at, elsewhere = place(), place("southmoor")
    document = issued_document(at)
    del document["proof"]
    document["issuer"]["id"] = issuer(elsewhere).did
    forged = resigned(at, document)

    checked = check(forged)

    assert checked.issuer == issuer(elsewhere)
    assert checked.examination.verdict is not Verdict.VALID


def resigned(at: Place, document: Json) -> Json:
    """Sign with the institution's key, whatever the document says."""
    from lti_tool.badges import data_integrity, did_web  # noqa: PLC0415
    from lti_tool.core import clock, keys  # noqa: PLC0415

    private = keys.current(signing.PURPOSE, at.institution_id).private
    method = did_web.verification_method(issuer(at).did, private.public_key())  # type: ignore[arg-type]
    return data_integrity.sign(
        document,
        key=private,  # type: ignore[arg-type]
        method_id=method.id,
        created_at=clock.now(),
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("statusListCredential", "https://cairn.elsewhere.example/i/northfell/status/1"),
        ("statusListCredential", "http://localhost/i/southmoor/status/1"),
        ("statusListCredential", "http://localhost/i/northfell/status/99"),
        ("statusListCredential", "http://localhost/i/northfell/status/" + "9" * 30),
        ("statusListCredential", "http://localhost/i/northfell/status/-1"),
    ],
    ids=str,
)
def test_a_list_that_is_not_the_issuers_says_nothing(path: str, value: str) -> None:
    document = changed(issued_document(place()), f"credentialStatus.{path}", value)

    assert check(document).examination.status is Status.UNREADABLE


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "Choose a file"),
        (b"  \n", "Choose a file"),
        (b"hello", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"\xff\xfe\x00", "no file of a kind"),
        (b"[]", "not a credential"),
        (b" " * (carriers.MOST_TEXT_BYTES + 1) + b"{}", "larger than 256 KB"),
        (b"{" + b" " * carriers.MOST_FILE_BYTES, "larger than 10 MB"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_document_is_refused_with_a_reason(data: bytes, says: str) -> None:
    with pytest.raises(UnreadableCredentialError, match=says):
        check_data(data)


def test_a_document_of_another_form_is_not_shown() -> None:
    document = changed(issued_document(place()), "credentialSubject.@context", {"name": "urn:x"})

    with pytest.raises(UnreadableCredentialError, match="a context inside"):
        check(document)


def test_a_number_larger_than_any_that_computers_reckon_with_is_an_alteration() -> None:
    path = "credentialSubject.achievement.creditsAvailable"
    document = changed(issued_document(place()), path, 10**400)

    checked = check_data(json.dumps(document).encode())

    assert checked.examination.verdict is Verdict.ALTERED


def evidence(count: int) -> list[Json]:
    return [
        {"id": f"https://x.example/{n}", "type": ["Evidence"], "name": "x"} for n in range(count)
    ]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("padding", "outcome"),
    [
        ({"description": "x" * 200_000}, ProofOutcome.WRONG),
        ({"evidence": evidence(380)}, ProofOutcome.WRONG),
        (
            {"evidence": [{"id": "https://x.example", "name": str(n)} for n in range(600)]},
            ProofOutcome.WRONG,
        ),
        ({"evidence": evidence(3_000)}, ProofOutcome.UNSAFE),
        ({"unknown": {str(n): {} for n in range(20_000)}}, ProofOutcome.UNSAFE),
    ],
    ids=lambda value: str(len(str(value))),
)
def test_a_hostile_document_of_any_size_costs_little(padding: Json, outcome: ProofOutcome) -> None:
    document = {**issued_document(place()), **padding}
    data = json.dumps(document).encode()
    assert len(data) < carriers.MOST_TEXT_BYTES

    before = time.process_time()
    checked = check_data(data)

    assert checked.examination.proof.outcome is outcome
    assert time.process_time() - before < 1


def test_a_link_shows_the_name_only_if_its_maker_chose_so() -> None:
    at = place()
    token = services.share(
        at.institution_id, issue(at), person_id=at.person_id, shows=Shows(name=True)
    )
    nameless = services.share(
        at.institution_id, issue_again(at), person_id=at.person_id, shows=Shows(name=False)
    )

    assert open_share("northfell", token).holder == "Amara Nwosu"
    assert open_share("northfell", nameless).holder is None


def issue_again(at: Place) -> Any:  # noqa: ANN401 - the credential there is
    return held_badges(at)[0].credential_id


def test_a_name_that_no_platform_gave_cannot_be_shown() -> None:
    at = place(name=None)

    assert open_share("northfell", shared(at, show_name=True)).holder is None


def test_an_ended_link_shows_nothing() -> None:
    at = place()
    token = shared(at)
    services.end_share(at.institution_id, held_badges(at)[0].shares[0].id, person_id=at.person_id)

    with pytest.raises(UnknownShareError):
        open_share("northfell", token)


def test_a_link_under_another_issuers_name_shows_nothing() -> None:
    at = place()
    place("southmoor")
    token = shared(at)

    with pytest.raises(UnknownShareError):
        open_share("southmoor", token)


@pytest.mark.parametrize("token", ["", "short", "x" * 22, "../../" + "x" * 16])
def test_a_guessed_link_shows_nothing(token: str) -> None:
    place()

    with pytest.raises(UnknownShareError):
        open_share("northfell", token)


@pytest.mark.parametrize("slug", ["", "nobody", "North fell", "a" * 80, "x\x00"])
def test_an_unknown_issuer_is_not_found(slug: str) -> None:
    with pytest.raises(NotFoundError):
        find_issuer(slug)


def test_a_link_to_a_revoked_badge_says_so() -> None:
    at = place()
    token = shared(at)

    withdraw(at)

    assert open_share("northfell", token).checked.examination.verdict is Verdict.REVOKED
