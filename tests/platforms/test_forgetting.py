"""What nobody will use again goes by itself, what is in use stays."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from lti_tool.core import audit, clock
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId
from lti_tool.people.models import StaffSession
from lti_tool.people.services import forget_sessions
from lti_tool.platforms import invitations
from lti_tool.platforms.forgetting import forget_unused
from lti_tool.platforms.models import (
    AccessToken,
    RegistrationInvitation,
    Roster,
    RosterMember,
)
from tests.administration.staff import office
from tests.learner import story


def test_old_tokens_invitations_and_rosters_go(app: Flask) -> None:
    assert app.testing
    here = story.open_university()
    now = clock.now()
    for _ in range(3):
        invitations.invite(here.institution_id, actor=audit.CLI)
    with system_transaction() as session:
        for scopes, usable_until, asked_at in (
            ("old", now - timedelta(days=2), now - timedelta(days=3)),
            ("given up", None, now - timedelta(days=2)),
            ("asking", None, now),
            ("good", now + timedelta(hours=1), now),
        ):
            session.add(
                AccessToken(
                    registration_id=here.registration_id,
                    scopes=scopes,
                    usable_until=usable_until,
                    asked_at=asked_at,
                )
            )
        first, used, _ = session.scalars(select(RegistrationInvitation)).all()
        first.expires_at = used.expires_at = now - timedelta(days=31)
        used.used_at = now - timedelta(days=32)
    read(here, now - timedelta(days=211))

    assert forget_unused() == 2 + 1 + 1
    assert forget_unused() == 0

    with system_transaction() as session:
        assert set(session.scalars(select(AccessToken.scopes))) == {"asking", "good"}
        assert len(session.scalars(select(RegistrationInvitation.id)).all()) == 2
    read(here, now - timedelta(days=209))
    assert forget_unused() == 0


def read(here: story.University, at: object) -> None:
    with transaction(here.institution_id) as session:
        session.add(Roster(context_id=here.context_id, read_at=at))
        session.add(
            RosterMember(
                context_id=here.context_id, subject="s", name="N", roles=[], is_active=True
            )
        )


def test_ended_sessions_of_staff_go(app: Flask) -> None:
    client = app.test_client()
    desk = office(client, "registrar")
    institution_id = InstitutionId(desk.institution_id)
    assert forget_sessions() == 0
    with transaction(institution_id) as session:
        session.scalars(select(StaffSession)).one().expires_at = clock.now()

    assert forget_sessions() == 1
