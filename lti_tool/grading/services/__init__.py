"""What grading does: wants scores, sends them, looks what became of them, makes columns."""

from lti_tool.grading.errors import CannotMakeColumnError, ColumnThereError
from lti_tool.grading.services.aside import (
    other_columns_wait,
    other_columns_work,
    put_off_column,
)
from lti_tool.grading.services.columns import make_column
from lti_tool.grading.services.comparing import (
    COMPARE,
    ask_comparison,
    compare_column,
    list_compared,
    take_lanes_to_compare,
)
from lti_tool.grading.services.desired import (
    desire_score,
    desire_scores_of_context,
    desire_scores_of_placement,
    erase_scores,
    send_again,
)
from lti_tool.grading.services.lanes import (
    PROBE,
    SEND_DUE,
    Lane,
    due_lanes,
    first_address,
    lease,
    note_clock,
    pause,
    record_answers,
    release,
    take_batch,
)

__all__ = [
    "COMPARE",
    "PROBE",
    "SEND_DUE",
    "CannotMakeColumnError",
    "ColumnThereError",
    "Lane",
    "ask_comparison",
    "compare_column",
    "desire_score",
    "desire_scores_of_context",
    "desire_scores_of_placement",
    "due_lanes",
    "erase_scores",
    "first_address",
    "lease",
    "list_compared",
    "make_column",
    "note_clock",
    "other_columns_wait",
    "other_columns_work",
    "pause",
    "put_off_column",
    "record_answers",
    "release",
    "send_again",
    "take_batch",
    "take_lanes_to_compare",
]
