"""What a registrar decides about people on a pathway: waive, put in place, confirm, move, allocate.

Each is written into the audit trail with who, why and what was so before. Each can be undone, and
each can be looked at first: what it would change, for one person or many.
"""

from lti_tool.pathways.deciding.completing import (
    confirm_completion,
    get_completion,
    grant_credit,
    list_unconfirmed,
    set_confirmation,
)
from lti_tool.pathways.deciding.decision import Change, Decision
from lti_tool.pathways.deciding.moving import allocate, move, preview_move
from lti_tool.pathways.deciding.waiving import (
    get_ruling,
    list_rulings,
    preview_undo,
    preview_waiver,
    undo_ruling,
    waive,
)

__all__ = [
    "Change",
    "Decision",
    "allocate",
    "confirm_completion",
    "get_completion",
    "get_ruling",
    "grant_credit",
    "list_rulings",
    "list_unconfirmed",
    "move",
    "preview_move",
    "preview_undo",
    "preview_waiver",
    "set_confirmation",
    "undo_ruling",
    "waive",
]
