from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, func, select

from lti_tool.badges import issuing, queries, services
from lti_tool.badges.errors import (
    AchievementExistsError,
    UnknownAwardError,
    UnknownCredentialError,
    UnknownShareError,
)
from lti_tool.badges.models import Award, AwardCause, Credential, Share
from lti_tool.badges.rules import Shows
from lti_tool.core import audit, clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import AchievementId, AwardId, CredentialId, PersonId, ShareId, new_id
from lti_tool.core.outbox import OutboxDelivery
from tests.badges.factories import (
    DRAFT,
    Place,
    another_achievement,
    assessment,
    grant,
    held_badges,
    issue,
    passed,
    place,
)

pytestmark = pytest.mark.usefixtures("database")


def announced(database: Connection, event_type: str) -> int:
    """Count events, not their deliveries."""
    count = database.scalar(
        select(func.count(func.distinct(OutboxDelivery.event_id))).where(
            OutboxDelivery.event_type == event_type
        )
    )
    assert count is not None
    return count


def causes(at: Place) -> int:
    with transaction(at.institution_id) as session:
        return session.scalars(select(func.count(AwardCause.id))).one()


def withdraw(at: Place, award_id: AwardId) -> None:
    services.withdraw_award(at.institution_id, award_id, reason="By mistake.", actor=audit.SYSTEM)


def test_a_second_cause_is_added_to_the_same_award_and_announces_nothing(
    database: Connection,
) -> None:
    at = place()

    first, second = grant(at), grant(at)

    assert first == second
    assert causes(at) == 2
    assert announced(database, "AwardGranted") == 1


def test_the_same_cause_twice_is_one(database: Connection) -> None:
    at, cause = place(), passed()

    assert grant(at, cause) == grant(at, cause)

    assert causes(at) == 1
    assert announced(database, "AwardGranted") == 1


def test_an_award_counts_from_the_pass_not_from_its_handling() -> None:
    at, long_ago = place(), clock.now() - timedelta(days=3)

    grant(at, passed(at=long_ago))

    assert held_badges(at)[0].awarded_at == long_ago


def test_what_is_not_here_cannot_be_awarded() -> None:
    elsewhere = place("southmoor")
    at = replace(place(), achievement_id=elsewhere.achievement_id)

    with pytest.raises(NotFoundError):
        grant(at)
    with pytest.raises(NotFoundError):
        grant(replace(at, achievement_id=AchievementId(new_id())))


def test_a_withdrawn_award_is_gone_at_once_and_its_credential_revoked(
    database: Connection,
) -> None:
    at = place()
    credential_id = issue(at)
    award_id = held_badges(at)[0].award_id

    withdraw(at, award_id)

    assert held_badges(at) == []
    assert announced(database, "AwardWithdrawn") == 1
    with transaction(at.institution_id) as session:
        credential = session.get_one(Credential, (credential_id, at.institution_id))
        assert credential.revoked_at is not None
        (entry,) = audit.list_entries(session, object_kind="award", object_id=award_id)
    assert (entry.act, entry.reason) == ("withdraw_award", "By mistake.")


def test_what_was_taken_back_is_not_named_where_a_newer_edition_was_earned() -> None:
    at = place()
    award_id = grant(at)
    withdraw(at, award_id)
    with transaction(at.institution_id) as session:
        assert [one.award_id for one in queries.list_withdrawn(session, at.person_id)] == [award_id]

    services.revise_achievement(
        at.institution_id, at.achievement_id, replace(DRAFT, name="Second"), actor=audit.SYSTEM
    )
    assert grant(at, passed(at=clock.now())) != award_id

    with transaction(at.institution_id) as session:
        assert queries.list_withdrawn(session, at.person_id) == []


def test_a_badge_is_called_as_it_was_when_it_was_earned() -> None:
    at = place()
    award_id = grant(at)

    services.revise_achievement(
        at.institution_id, at.achievement_id, replace(DRAFT, name="Second"), actor=audit.SYSTEM
    )

    with transaction(at.institution_id) as session:
        assert [one.name for one in queries.list_held(session, at.person_id)] == [DRAFT.name]
    withdraw(at, award_id)
    with transaction(at.institution_id) as session:
        assert [one.name for one in queries.list_withdrawn(session, at.person_id)] == [DRAFT.name]


def test_withdrawing_twice_is_once(database: Connection) -> None:
    at = place()
    award_id = grant(at)

    withdraw(at, award_id)
    withdraw(at, award_id)

    assert announced(database, "AwardWithdrawn") == 1


def test_a_withdrawn_award_comes_back_for_a_new_cause_only(database: Connection) -> None:
    at, old = place(), passed()
    award_id = grant(at, old)
    withdraw(at, award_id)

    grant(at, old)
    assert held_badges(at) == []

    later = passed(at=clock.now())
    assert grant(at, later) == award_id
    (held,) = held_badges(at)
    assert held.awarded_at == later.caused_at
    assert announced(database, "AwardGranted") == 2


def test_a_renewed_award_gets_a_credential_of_its_own() -> None:
    at = place()
    old = issue(at)
    withdraw(at, held_badges(at)[0].award_id)

    new = issue(at)

    assert new != old
    with transaction(at.institution_id) as session:
        rows = session.scalars(select(Credential).order_by(Credential.id)).all()
    assert {row.id: row.revoked_at is not None for row in rows} == {old: True, new: False}
    assert len({row.status_index for row in rows}) == 2


def test_an_award_of_another_institution_is_unknown() -> None:
    at, elsewhere = place(), place("southmoor")
    award_id = grant(elsewhere)

    with pytest.raises(UnknownAwardError):
        withdraw(at, award_id)

    assert len(held_badges(elsewhere)) == 1


def test_a_link_is_kept_as_a_hash_and_shown_to_its_maker() -> None:
    at = place()
    credential_id = issue(at)

    token = services.share(
        at.institution_id, credential_id, person_id=at.person_id, shows=Shows(name=True)
    )

    with transaction(at.institution_id) as session:
        kept = session.scalars(select(Share)).one()
    assert len(token) == 22
    assert token.encode() not in kept.token_hash
    (shown,) = held_badges(at)[0].shares
    assert (shown.id, shown.show_name) == (kept.id, True)


def test_an_ended_link_is_no_longer_listed_and_ending_it_again_keeps_the_moment() -> None:
    at = place()
    services.share(at.institution_id, issue(at), person_id=at.person_id, shows=Shows(name=False))
    (shown,) = held_badges(at)[0].shares

    services.end_share(at.institution_id, shown.id, person_id=at.person_id)
    assert not held_badges(at)[0].shares
    with transaction(at.institution_id) as session:
        ended_at = session.scalars(select(Share.ended_at)).one()
    services.end_share(at.institution_id, shown.id, person_id=at.person_id)

    with transaction(at.institution_id) as session:
        assert session.scalars(select(Share.ended_at)).one() == ended_at


def test_only_the_holder_shares_and_ends() -> None:
    at, somebody = place(), PersonId(new_id())
    credential_id = issue(at)
    services.share(
        at.institution_id, credential_id, person_id=at.person_id, shows=Shows(name=False)
    )
    (shown,) = held_badges(at)[0].shares

    with pytest.raises(UnknownCredentialError):
        services.share(
            at.institution_id, credential_id, person_id=somebody, shows=Shows(name=False)
        )
    with pytest.raises(UnknownShareError):
        services.end_share(at.institution_id, shown.id, person_id=somebody)
    with pytest.raises(UnknownShareError):
        services.end_share(at.institution_id, ShareId(uuid4()), person_id=at.person_id)

    assert len(held_badges(at)[0].shares) == 1


def test_what_is_not_signed_yet_is_held_but_cannot_be_shared() -> None:
    at = place()
    award_id = grant(at)
    with transaction(at.institution_id) as session:
        issuing._reserve(session, award_id)
        reserved = session.scalars(select(Credential.id)).one()

    (held,) = held_badges(at)

    assert (held.credential_id, held.issued_at) == (None, None)
    with pytest.raises(UnknownCredentialError):
        services.share(
            at.institution_id,
            CredentialId(reserved),
            person_id=at.person_id,
            shows=Shows(name=False),
        )


def test_what_one_holds_is_listed_newest_first_with_its_picture() -> None:
    at = place()
    later = another_achievement(at, "Explaining Risk")
    grant(at, passed(at=clock.now() - timedelta(days=1)))
    grant(later)

    held = held_badges(at)

    assert [badge.name for badge in held] == ["Explaining Risk", DRAFT.name]
    assert (
        held[1].image_path == f"/i/northfell/achievements/{at.achievement_id}/editions/1/image.svg"
    )


def test_nobody_elses_awards_are_listed() -> None:
    at, elsewhere = place(), place("southmoor")
    grant(elsewhere)

    assert held_badges(at) == []
    assert held_badges(replace(at, person_id=elsewhere.person_id)) == []


def test_an_award_at_another_edition_is_another_award() -> None:
    at = place()
    grant(at)
    with transaction(at.institution_id) as session:
        session.execute(
            Award.__table__.update().values(edition=0)  # type: ignore[attr-defined]  # a Table
        )

    grant(at)

    assert len(held_badges(at)) == 2


def test_an_assessment_has_one_achievement() -> None:
    at = place()
    draft = replace(DRAFT, assessment_id=assessment(at))
    services.publish_achievement(at.institution_id, draft)

    with pytest.raises(AchievementExistsError):
        services.publish_achievement(at.institution_id, draft)
