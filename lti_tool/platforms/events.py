"""What this package announces. Ids only: handlers read current state."""

from dataclasses import dataclass

from lti_tool.core.ids import ContextId, InstitutionId


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseServicesChanged:
    """A launch said something new about what we may do in a course: a link's column, a scope."""

    institution_id: InstitutionId
    context_id: ContextId
