"""What an issuer here says today of what somebody earned."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from lti_tool.badges import queries
from lti_tool.badges.rules import AchievementDraft
from lti_tool.badges.stacking import Larger, list_larger
from lti_tool.core.ids import AchievementId


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """What an issuer here says today of what was earned.

    Attributes:
        content: what the edition said that was earned; None where the file names none of ours.
        replaced_by: name and id of the achievement that has taken its place, if one has.
        larger: what it counts toward now.
    """

    content: AchievementDraft | None
    newest_edition: int
    replaced_by: tuple[str, AchievementId] | None
    larger: tuple[Larger, ...]


def earned_of(
    session: Session, achievement_id: AchievementId, content: AchievementDraft | None
) -> Earned:
    """Return what is said today of an achievement that was earned as an edition described it."""
    achievement = queries.get_achievement(session, achievement_id)
    replaced_by = None
    if achievement.replaced_by_id is not None:
        successor = queries.get_achievement(session, achievement.replaced_by_id)
        replaced_by = (successor.name, successor.id)
    return Earned(
        content=content,
        newest_edition=achievement.edition,
        replaced_by=replaced_by,
        larger=list_larger(session, achievement_id),
    )
