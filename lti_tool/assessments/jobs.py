"""Work this package does when others announce something."""

from lti_tool.assessments import services
from lti_tool.people.events import PersonErased


def erase_answers(event: PersonErased) -> None:
    """Empty the attempts of an erased person; their points stay."""
    services.erase_answers(event.institution_id, event.user_ids)
