"""Work this package does when others announce something."""

from lti_tool.launch import forgetting
from lti_tool.people.events import PersonErased


def forget_visits(event: PersonErased) -> None:
    """End every session of an erased person and forget that it was."""
    forgetting.forget_visits(event.institution_id, event.user_ids)
