"""Publishing achievements, granting and withdrawing awards, sharing what one holds."""

from lti_tool.badges.services.awards import (
    grant_award,
    restore_award,
    withdraw_award,
    withdraw_within,
)
from lti_tool.badges.services.publishing import (
    publish_achievement,
    replace_achievement,
    revise_achievement,
)
from lti_tool.badges.services.sharing import count_opening, end_share, share

__all__ = [
    "count_opening",
    "end_share",
    "grant_award",
    "publish_achievement",
    "replace_achievement",
    "restore_award",
    "revise_achievement",
    "share",
    "withdraw_award",
    "withdraw_within",
]
