"""Work this package does when others announce something."""

from lti_tool.assessments import services
from lti_tool.assessments.events import RegradeAsked
from lti_tool.people.events import PersonErased


def erase_answers(event: PersonErased) -> None:
    """Empty the attempts of an erased person; their points stay."""
    services.erase_answers(event.institution_id, event.user_ids)


def regrade_everywhere(event: RegradeAsked) -> None:
    """Look at the next placements of a run or score them, for a while."""
    services.go_on_regrading(event.institution_id, event.run_id)
