"""Tables of what is asked, where it is placed, and what learners answered."""

from lti_tool.assessments.models.attempts import (
    Attachment,
    Attempt,
    AttemptTime,
    ItemMark,
    LateResponse,
    Response,
)
from lti_tool.assessments.models.editions import (
    Assessment,
    DraftItem,
    Edition,
    EditionItem,
    Item,
    ItemVersion,
    RulesDraft,
)
from lti_tool.assessments.models.placements import Accommodation, Placement, PlacementResult
from lti_tool.assessments.models.regrades import RegradePlace, RegradeRun

__all__ = [
    "Accommodation",
    "Assessment",
    "Attachment",
    "Attempt",
    "AttemptTime",
    "DraftItem",
    "Edition",
    "EditionItem",
    "Item",
    "ItemMark",
    "ItemVersion",
    "LateResponse",
    "Placement",
    "PlacementResult",
    "RegradePlace",
    "RegradeRun",
    "Response",
    "RulesDraft",
]
