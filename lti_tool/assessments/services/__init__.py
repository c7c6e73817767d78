"""What can be done: publish, place, set conditions, take an attempt, mark it, regrade it."""

from lti_tool.assessments.services.attempts import (
    Saved,
    close_overdue,
    open_attempt,
    save_response,
    save_responses,
    submit_attempt,
)
from lti_tool.assessments.services.attending import note_attention
from lti_tool.assessments.services.banking import set_item_status, take_item
from lti_tool.assessments.services.changing import (
    Why,
    decide_late,
    grant_minutes,
    reopen_attempt,
)
from lti_tool.assessments.services.conditions import set_accommodation, set_conditions
from lti_tool.assessments.services.deleting import (
    Deletion,
    delete_attempt,
    restore_attempt,
    try_deletion,
)
from lti_tool.assessments.services.files import answer_by_file, get_file, key_of
from lti_tool.assessments.services.forgetting import (
    count_forgettable,
    erase_answers,
    forget_answers,
)
from lti_tool.assessments.services.marking import mark_answer, set_scheme
from lti_tool.assessments.services.orphans import forget_orphans
from lti_tool.assessments.services.pictures import get_image, store_image
from lti_tool.assessments.services.placing import bind_placement, create_placement
from lti_tool.assessments.services.publishing import create_assessment, publish_edition
from lti_tool.assessments.services.regrading import regrade, try_regrade
from lti_tool.assessments.services.regrading_everywhere import (
    ask_regrade,
    confirm_regrade,
    go_on_regrading,
)
from lti_tool.assessments.services.trials import begin_trial, end_trial, forget_trials

__all__ = [
    "Deletion",
    "Saved",
    "Why",
    "answer_by_file",
    "ask_regrade",
    "begin_trial",
    "bind_placement",
    "close_overdue",
    "confirm_regrade",
    "count_forgettable",
    "create_assessment",
    "create_placement",
    "decide_late",
    "delete_attempt",
    "end_trial",
    "erase_answers",
    "forget_answers",
    "forget_orphans",
    "forget_trials",
    "get_file",
    "get_image",
    "go_on_regrading",
    "grant_minutes",
    "key_of",
    "mark_answer",
    "note_attention",
    "open_attempt",
    "publish_edition",
    "regrade",
    "reopen_attempt",
    "restore_attempt",
    "save_response",
    "save_responses",
    "set_accommodation",
    "set_conditions",
    "set_item_status",
    "set_scheme",
    "store_image",
    "submit_attempt",
    "take_item",
    "try_deletion",
    "try_regrade",
]
