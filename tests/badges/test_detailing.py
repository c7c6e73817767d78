from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from lti_tool.badges import detailing, issuing, open_badges, services
from lti_tool.badges.detailing import Asked
from lti_tool.badges.details import Evidence
from lti_tool.badges.errors import NothingAskedError, UnknownAwardError, UnknownCredentialError
from lti_tool.badges.examination import Verdict
from lti_tool.badges.models import Credential
from lti_tool.badges.particulars import IdentityType
from lti_tool.badges.rules import Cause, CauseKind, Shows
from lti_tool.badges.verifying import checking, links
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import AwardId, CredentialId
from lti_tool.platforms.models import User
from tests.badges.factories import Place, grant, held_badges, issue, place

pytestmark = pytest.mark.usefixtures("database")

REPORT = Evidence(name="Report", narrative="Read.", url="https://northfell.example/report")


def known(at: Place) -> AwardId:
    """Have a holder with an address and a number, awarded by hand with evidence."""
    with transaction(at.institution_id) as session:
        session.execute(
            update(User)
            .where(User.id == at.user_id)
            .values(email="amara@northfell.example", sis_id="4711")
        )
    award_id = grant(
        at,
        Cause(
            kind=CauseKind.DECISION,
            id=uuid4(),
            caused_at=clock.now(),
            reason="Seen.",
            evidence=(REPORT,),
        ),
    )
    issuing.issue_credential(at.institution_id, award_id)
    return award_id


def choice(at: Place, award_id: AwardId, kind: IdentityType) -> str:
    with transaction(at.institution_id) as session:
        offered = detailing.offer(session, at.person_id, award_id).identifiers
    return next(one.choice for one in offered if one.kind is kind)


def sign(at: Place, award_id: AwardId, asked: Asked) -> CredentialId:
    return detailing.sign_detailed(at.institution_id, award_id, person_id=at.person_id, asked=asked)


def document(at: Place, credential_id: CredentialId) -> dict[str, object]:
    with transaction(at.institution_id) as session:
        row = session.scalars(select(Credential).where(Credential.id == credential_id)).one()
    assert row.document is not None
    return row.document


def test_each_part_is_in_it_only_if_asked_for() -> None:
    at = place()
    award_id = known(at)
    own = choice(at, award_id, IdentityType.EMAIL)

    for asked in (
        Asked(name=True),
        Asked(evidence=True),
        Asked(identifier=own),
        Asked(name=True, evidence=True, identifier=own),
    ):
        said = open_badges.read(document(at, sign(at, award_id, asked))).particulars
        assert said.name == ("Amara Nwosu" if asked.name else None)
        assert said.evidence == ((REPORT,) if asked.evidence else ())
        assert (said.identity is not None) == (asked.identifier is not None)
        assert said.identity is None or said.identity.fits("amara@northfell.example")


def test_it_says_the_elements_in_our_own_terms_and_shares_the_place_of_the_minimal_one() -> None:
    at = place()
    award_id = known(at)
    [minimal] = held_badges(at)
    assert minimal.credential_id is not None

    detailed = open_badges.read(document(at, sign(at, award_id, Asked(name=True))))
    first = open_badges.read(document(at, minimal.credential_id))

    assert detailed.status == first.status
    assert detailed.achievement.micro is not None
    assert replace(detailed.achievement, micro=None) == first.achievement
    assert (detailed.id, detailed.subject_id) != (first.id, first.subject_id)


def test_asking_for_the_same_again_signs_nothing_anew_until_it_says_something_else() -> None:
    at = place()
    award_id = known(at)
    asked = Asked(name=True, identifier=choice(at, award_id, IdentityType.SIS))

    first, second = sign(at, award_id, asked), sign(at, award_id, asked)
    with transaction(at.institution_id) as session:
        session.execute(update(User).where(User.id == at.user_id).values(name="Amara Eze"))
    third = sign(at, award_id, asked)

    assert first == second != third
    assert len(held_badges(at)[0].detailed) == 2


def test_one_withdrawal_revokes_every_form() -> None:
    at = place()
    award_id = known(at)
    detailed = document(at, sign(at, award_id, Asked(name=True)))
    assert checking.check(detailed).examination.verdict is Verdict.VALID

    services.withdraw_award(at.institution_id, award_id, reason="Mistake", actor=audit.SYSTEM)

    assert checking.check(detailed).examination.verdict is Verdict.REVOKED
    with pytest.raises(UnknownCredentialError):
        sign(at, award_id, Asked(name=True))


def test_after_a_new_start_the_old_one_stays_revoked_and_a_new_one_is_signed() -> None:
    at = place()
    award_id = known(at)
    old = document(at, sign(at, award_id, Asked(name=True)))
    services.withdraw_award(at.institution_id, award_id, reason="Mistake", actor=audit.SYSTEM)
    services.restore_award(
        at.institution_id, award_id, decision_id=uuid4(), reason="No mistake", actor=audit.SYSTEM
    )
    issuing.issue_credential(at.institution_id, award_id)

    new = document(at, sign(at, award_id, Asked(name=True)))

    assert checking.check(old).examination.verdict is Verdict.REVOKED
    assert checking.check(new).examination.verdict is Verdict.VALID


def test_what_was_reserved_and_not_signed_is_signed_by_the_next_try() -> None:
    at = place()
    award_id = known(at)
    reserved = sign(at, award_id, Asked(name=True))
    with transaction(at.institution_id) as session:
        # As it is after a crash between the two transactions.
        session.execute(
            update(Credential)
            .where(Credential.id == reserved)
            .values(document=None, issued_at=None)
        )
    assert not held_badges(at)[0].detailed

    assert sign(at, award_id, Asked(name=True)) == reserved
    assert document(at, reserved)


@pytest.mark.parametrize(
    "asked", [Asked(), Asked(results=True), Asked(name=True, identifier="emailAddress-other")]
)
def test_nothing_is_signed_of_what_is_not_there(asked: Asked) -> None:
    at = place()
    award_id = known(at)

    with pytest.raises(NothingAskedError):
        sign(at, award_id, asked)

    assert not held_badges(at)[0].detailed


def test_nobody_has_anothers_badge_signed() -> None:
    at, other = place(), place("halden")
    award_id = known(at)
    issue(other)
    stranger = replace(at, person_id=other.person_id)

    with pytest.raises(UnknownCredentialError):
        sign(stranger, award_id, Asked(name=True))
    with pytest.raises(UnknownAwardError):
        sign(other, award_id, Asked(name=True))
    with transaction(at.institution_id) as session, pytest.raises(UnknownCredentialError):
        detailing.offer(session, other.person_id, award_id)


def test_a_badge_that_is_still_being_signed_has_no_detailed_form() -> None:
    at = place()

    with pytest.raises(UnknownCredentialError):
        sign(at, grant(at), Asked(name=True))


def test_links_to_a_detailed_form_are_listed_with_the_others() -> None:
    at = place()
    award_id = known(at)
    detailed = sign(at, award_id, Asked(name=True))

    token = services.share(
        at.institution_id,
        detailed,
        person_id=at.person_id,
        shows=Shows(name=False),
    )

    [badge] = held_badges(at)
    assert [share.is_detailed for share in badge.shares] == [True]
    opened = links.open_share("northfell", token)
    assert opened.holder == "Amara Nwosu"
    assert opened.checked.examination.verdict is Verdict.VALID
