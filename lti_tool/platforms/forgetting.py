"""Forgetting what is over: tokens, invitations that nobody took, members of courses long ended."""

from datetime import timedelta

from sqlalchemy import and_, delete, or_, select

from lti_tool.core import clock
from lti_tool.core.db import system_transaction, transaction
from lti_tool.platforms.models import (
    AccessToken,
    RegistrationInvitation,
    Roster,
    RosterMember,
)
from lti_tool.platforms.rounds import every_institution

TOKENS_STAY = timedelta(days=1)
INVITATIONS_STAY = timedelta(days=30)
# Columns are compared for half a year after their last score, and members are read with them.
ROSTERS_STAY = timedelta(days=210)


def forget_unused() -> int:
    """Delete what nobody will use again; returns how many rows. Called now and then."""
    now = clock.now()
    with system_transaction() as session:
        tokens = delete(AccessToken).where(
            or_(
                AccessToken.usable_until < now - TOKENS_STAY,
                and_(AccessToken.usable_until.is_(None), AccessToken.asked_at < now - TOKENS_STAY),
            )
        )
        invitations = delete(RegistrationInvitation).where(
            RegistrationInvitation.used_at.is_(None),
            RegistrationInvitation.expires_at < now - INVITATIONS_STAY,
        )
        gone = len(session.scalars(tokens.returning(AccessToken.scopes)).all())
        gone += len(session.scalars(invitations.returning(RegistrationInvitation.id)).all())
    for institution_id in every_institution():
        old = select(Roster.context_id).where(Roster.read_at < now - ROSTERS_STAY)
        with transaction(institution_id) as session:
            members = delete(RosterMember).where(RosterMember.context_id.in_(old))
            gone += len(session.scalars(members.returning(RosterMember.subject)).all())
            session.execute(delete(Roster).where(Roster.read_at < now - ROSTERS_STAY))
    return gone
