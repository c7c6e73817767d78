"""What is to be in a transcript, and what of it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from lti_tool.badges import clr, issuing, open_badges
from lti_tool.badges.clr import Association, AssociationKind
from lti_tool.badges.issuer import Issuer
from lti_tool.badges.models import MINIMAL, Award, Credential, StatusList, Transcript
from lti_tool.badges.particulars import IdentityType, Particulars, identity
from lti_tool.badges.queries import edition_content, get_achievement
from lti_tool.core.audit import Actor
from lti_tool.core.ids import AchievementId, AwardId, CredentialId, PersonId
from lti_tool.people.queries import display_names, list_users


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """How one achievement stands to another."""

    kind: AssociationKind
    source: AchievementId
    target: AchievementId


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a transcript is to hold.

    Attributes:
        awards: of the person; those that do not stand, or are not signed yet, are left out.
        ties: among what is awarded, and to what is not.
        is_partial: the person holds more.
    """

    awards: tuple[AwardId, ...]
    ties: tuple[Tie, ...] = ()
    is_partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks for a transcript, and what it says of the holder.

    Attributes:
        says_results: what was scored of what, where that is known.
        actor: staff who gives it out; None: its holder makes it.
        reason: of staff, why.
        recipient: of staff, to whom it goes.
    """

    says_name: bool
    says_number: bool = False
    says_results: bool = False
    actor: Actor | None = None
    reason: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A signed badge that was not withdrawn."""

    id: CredentialId
    award_id: AwardId
    achievement_id: AchievementId
    document: dict[str, Any]


def list_standing(
    session: Session,
    person_id: PersonId,
    award_ids: Sequence[AwardId],
    detailed: Mapping[AwardId, CredentialId] = MappingProxyType({}),
) -> list[Standing]:
    """Return the signed credentials of those awards that stand, the oldest first.

    Args:
        session: of one institution.
        person_id: whose.
        award_ids: which.
        detailed: of these awards the credential that says more is returned in place of the minimal.
    """
    # The lock keeps a withdrawal out until it can see the transcript that it must revoke.
    stand = session.scalars(
        select(Award.id)
        .where(
            Award.id.in_(award_ids),
            Award.person_id == person_id,
            Award.withdrawn_at.is_(None),
            Award.duplicate_of_id.is_(None),
        )
        .order_by(Award.id)
        .with_for_update(read=True)
    ).all()
    rows = session.execute(
        select(Credential.id, Credential.award_id, Award.achievement_id, Credential.document)
        .join(Award, Award.id == Credential.award_id)
        .where(
            Award.id.in_(stand),
            or_(
                and_(Credential.form == MINIMAL, Award.id.not_in(detailed)),
                Credential.id.in_(detailed.values()),
            ),
            Credential.revoked_at.is_(None),
            Credential.document.is_not(None),
        )
        .order_by(Award.awarded_at, Award.id)
    )
    return [Standing(row.id, row.award_id, row.achievement_id, row.document) for row in rows]


def compose(  # noqa: PLR0913, PLR0917 - all that it says
    session: Session,
    issuer: Issuer,
    row: Transcript,
    credentials: Sequence[Standing],
    contents: Contents,
    asked: Asked,
) -> clr.Transcript:
    """Return what a transcript says, before it is signed."""
    number = session.scalars(
        select(StatusList.number).where(StatusList.id == row.status_list_id)
    ).one()
    is_partial = contents.is_partial or len(credentials) < len(contents.awards)
    return clr.Transcript(
        id=issuer.credential_url(row.id),
        name=("Partial transcript, " if is_partial else "Transcript, ") + issuer.name,
        issuer=issuing.badge_issuer(issuer),
        subject_id=row.subject_urn,
        valid_from=row.reserved_at.replace(microsecond=0),
        credentials=tuple(one.document for one in credentials),
        is_partial=is_partial,
        status=open_badges.StatusEntry(
            list_url=issuer.status_list_url(number), index=row.status_index
        ),
        holder=_holder(session, row.person_id, asked),
        **_tied(session, issuer, contents.ties, {one.achievement_id for one in credentials}),
    )


def _holder(session: Session, person_id: PersonId, asked: Asked) -> Particulars:
    name = display_names(session, [person_id]).get(person_id) if asked.says_name else None
    numbers = [user.sis_id for user in list_users(session, person_id) if user.sis_id]
    return Particulars(
        name=name,
        identity=(
            identity(IdentityType.SIS, numbers[0]) if asked.says_number and numbers else None
        ),
    )


def _tied(
    session: Session, issuer: Issuer, ties: Sequence[Tie], held: set[AchievementId]
) -> dict[str, Any]:
    """Return associations by address, and what they name that is not held."""
    beside = []
    for missing in sorted({one for tie in ties for one in (tie.source, tie.target)} - held):
        achievement = get_achievement(session, missing)
        content = edition_content(session, achievement, achievement.edition)
        beside.append(
            issuing.badge_achievement(issuer, missing, content, edition=achievement.edition)
        )
    return {
        "beside": tuple(beside),
        "associations": tuple(
            Association(
                kind=tie.kind,
                source=issuer.achievement_url(tie.source),
                target=issuer.achievement_url(tie.target),
            )
            for tie in dict.fromkeys(ties)
        ),
    }
