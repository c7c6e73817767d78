"""Reads of issuers, achievements, what persons hold and what they share."""

from lti_tool.badges.queries.achievements import (
    edition_content,
    find_achievement_of_assessment,
    get_achievement,
    get_award,
    get_issuer,
    get_issuer_of,
    list_achievements,
    list_achievements_with_holders,
    list_awards,
    list_editions,
    list_holders,
    list_unearned_assessments,
)
from lti_tool.badges.queries.holding import (
    DetailedForm,
    HeldBadge,
    list_evidence,
    list_held,
)
from lti_tool.badges.queries.sharing import (
    OpenShare,
    Points,
    Shared,
    find_pass,
    find_points,
    find_shared,
    find_shown,
)
from lti_tool.badges.queries.statuses import (
    find_status_list,
    is_revoked,
    list_revoked_indexes,
)
from lti_tool.badges.queries.withdrawn import WithdrawnBadge, list_courses, list_withdrawn

__all__ = [
    "DetailedForm",
    "HeldBadge",
    "OpenShare",
    "Points",
    "Shared",
    "WithdrawnBadge",
    "edition_content",
    "find_achievement_of_assessment",
    "find_pass",
    "find_points",
    "find_shared",
    "find_shown",
    "find_status_list",
    "get_achievement",
    "get_award",
    "get_issuer",
    "get_issuer_of",
    "is_revoked",
    "list_achievements",
    "list_achievements_with_holders",
    "list_awards",
    "list_courses",
    "list_editions",
    "list_evidence",
    "list_held",
    "list_holders",
    "list_revoked_indexes",
    "list_unearned_assessments",
    "list_withdrawn",
]
