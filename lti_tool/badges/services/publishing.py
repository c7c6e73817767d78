"""Publishing achievements, their editions, and what comes after them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.assessments.models import Assessment
from lti_tool.badges.errors import AchievementExistsError, ReplacesItselfError
from lti_tool.badges.models import Achievement, AchievementEdition
from lti_tool.badges.queries import (
    edition_content,
    find_achievement_of_assessment,
    get_achievement,
)
from lti_tool.badges.rules import AchievementDraft
from lti_tool.core import audit, clock
from lti_tool.core.audit import Actor
from lti_tool.core.db import transaction
from lti_tool.core.ids import AchievementId, InstitutionId, new_id
from lti_tool.core.language import phrase


def publish_achievement(
    institution_id: InstitutionId, draft: AchievementDraft, *, actor: Actor = audit.SYSTEM
) -> AchievementId:
    """Publish an achievement; it can be earned from now on.

    Raises:
        AchievementExistsError: the assessment has one.
    """
    with transaction(institution_id) as session:
        # Locked, so that of two who publish at once the second finds what the first made.
        session.scalar(
            select(Assessment.id)
            .where(Assessment.id == draft.assessment_id)
            .with_for_update(key_share=True)
        )
        if (
            draft.assessment_id is not None
            and find_achievement_of_assessment(session, draft.assessment_id) is not None
        ):
            raise AchievementExistsError(
                phrase(
                    "A pass of this assessment earns a badge already. Choose another one, or none."
                )
            )
        achievement = Achievement(
            id=AchievementId(new_id()), edition=1, assessment_id=draft.assessment_id
        )
        _write(achievement, draft)
        session.add(achievement)
        session.flush()  # the edition refers to it
        session.add(_edition(achievement, draft))
        _note_publication(session, achievement, actor)
    return achievement.id


def revise_achievement(
    institution_id: InstitutionId,
    achievement_id: AchievementId,
    draft: AchievementDraft,
    *,
    actor: Actor,
) -> int:
    """Publish a new edition of an achievement; its address stays, and so do earlier awards.

    Returns:
        The number of the edition; the one before if nothing differs.

    Raises:
        NotFoundError: the achievement is not here.
    """
    with transaction(institution_id) as session:
        achievement = get_achievement(session, achievement_id, lock=True)
        if draft.to_json() == edition_content(session, achievement, achievement.edition).to_json():
            return achievement.edition
        achievement.edition += 1
        _write(achievement, draft)
        session.add(_edition(achievement, draft))
        _note_publication(session, achievement, actor)
    return achievement.edition


def replace_achievement(
    institution_id: InstitutionId,
    achievement_id: AchievementId,
    *,
    replaced_by: AchievementId | None,
    actor: Actor,
) -> None:
    """Say which achievement has taken an achievement's place, or that none has.

    Raises:
        NotFoundError: one of them is not here.
        ReplacesItselfError: following the replacements would never end.
    """
    with transaction(institution_id) as session:
        # All of them, in one order: two who decide at once cannot close a ring between them.
        every = select(Achievement.id).order_by(Achievement.id)
        session.scalars(every.with_for_update(key_share=True)).all()
        achievement = get_achievement(session, achievement_id)
        following = replaced_by
        while following is not None:
            if following == achievement_id:
                raise ReplacesItselfError(
                    phrase("Following what replaces what would lead back to this badge.")
                )
            following = get_achievement(session, following).replaced_by_id
        achievement.replaced_by_id = replaced_by
        audit.record(
            session,
            actor=actor,
            act="replace_achievement",
            object_kind="achievement",
            object_id=achievement_id,
            facts={"replaced_by": str(replaced_by) if replaced_by else None},
        )


def _write(achievement: Achievement, draft: AchievementDraft) -> None:
    """Have an achievement say what the draft says."""
    content = draft.to_json()
    for name in ("achievement_type", "name", "description", "criteria", "artwork", "details"):
        setattr(achievement, name, content[name])
    achievement.credits = draft.credits
    achievement.published_at = clock.now()


def _note_publication(session: Session, achievement: Achievement, actor: Actor) -> None:
    audit.record(
        session,
        actor=actor,
        act="publish_achievement",
        object_kind="achievement",
        object_id=achievement.id,
        facts={"edition": achievement.edition},
    )


def _edition(achievement: Achievement, draft: AchievementDraft) -> AchievementEdition:
    return AchievementEdition(
        achievement_id=achievement.id,
        edition=achievement.edition,
        content=draft.to_json(),
        published_at=achievement.published_at,
    )
