"""What a course or a link was before it was copied, as custom parameters tell.

`$Context.id.history` and `$ResourceLink.id.history` (LTI Core 1.3 appendix D.1): the ids of what
was copied, the latest first, with commas between. Blackboard, Brightspace and Sakai fill them in;
Moodle and Canvas the course's only (their sources, 2024). What is not known stays as it was
written, or empty.
"""

from collections.abc import Mapping
from typing import Any, Final

from lti_tool.launch.claims import MAX_IDENTIFIER

COURSE_PARAMETER: Final = "context_id_history"
LINK_PARAMETER: Final = "resource_link_id_history"
PARAMETERS: Final = {
    COURSE_PARAMETER: "$Context.id.history",
    LINK_PARAMETER: "$ResourceLink.id.history",
}
# A course is copied once a term; older ancestors than this decide nothing.
_MOST: Final = 20


def course_ids(custom: Mapping[str, Any] | None) -> list[str]:
    """Return the platform's ids of the courses this one was copied from, the latest first."""
    return _ids(custom, COURSE_PARAMETER)


def link_ids(custom: Mapping[str, Any] | None) -> list[str]:
    """Return the platform's ids of the links this one was copied from, the latest first."""
    return _ids(custom, LINK_PARAMETER)


def _ids(custom: Mapping[str, Any] | None, name: str) -> list[str]:
    value = (custom or {}).get(name)
    if not isinstance(value, str) or value.startswith("$"):
        return []
    words = (word.strip() for word in value.split(","))
    kept = [word for word in words if word and word.isprintable() and len(word) <= MAX_IDENTIFIER]
    return list(dict.fromkeys(kept))[:_MOST]
