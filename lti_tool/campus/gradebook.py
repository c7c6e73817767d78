"""What a gradebook takes from a tool and what not: AGS 2.0 §3.2 and §3.4. Pure."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from lti_tool.campus.errors import RefusalError
from lti_tool.campus.personality import Personality
from lti_tool.campus.records import Score

ACTIVITY_PROGRESS: Final = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
GRADING_PROGRESS: Final = ("FullyGraded", "Pending", "PendingManual", "Failed", "NotReady")
_CANVAS_SUBMISSION: Final = "https://canvas.instructure.com/lti/submission"
_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedScore:
    """A valid score post. Points are None where the tool sent none.

    Attributes:
        submits: it is a new submission (Canvas' extension; the default there).
        yields_to_teacher: a grade that a teacher gave stays (the same extension).
    """

    user_id: str
    given: Decimal | None
    maximum: Decimal | None
    comment: str | None
    activity_progress: str
    grading_progress: str
    timestamp: datetime
    submits: bool = True
    yields_to_teacher: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedLineItem:
    """A valid line item body (AGS 2.0 §3.2.4)."""

    label: str
    score_maximum: Decimal
    resource_id: str | None
    tag: str | None
    resource_link_id: str | None
    starts_at: datetime | None
    ends_at: datetime | None


def parse_instant(value: object) -> datetime | None:
    """Return an ISO 8601 instant that has a zone; None for anything else."""
    if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:  # such as 30 February
        return None


def parse_object(body: bytes) -> dict[str, object]:
    """Return the JSON object of a request; numbers with a point as Decimal.

    Raises:
        RefusalError: it is no JSON, no object, or has NaN or an infinity.
    """
    try:
        value = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except ValueError as problem:
        raise _refused(f"the body is no JSON: {problem}") from problem
    if not isinstance(value, dict):
        raise _refused("the body is no JSON object")
    return value


def read_score(body: Mapping[str, object]) -> PostedScore:
    """Return the score of a body.

    Raises:
        RefusalError: something is missing or of the wrong kind.
    """
    user_id = body.get("userId")
    if not isinstance(user_id, str) or not user_id:
        raise _refused("userId is missing")
    timestamp = parse_instant(body.get("timestamp"))
    if timestamp is None:
        raise _refused("timestamp must be an ISO 8601 time with an offset")
    activity, grading = body.get("activityProgress"), body.get("gradingProgress")
    if not isinstance(activity, str) or activity not in ACTIVITY_PROGRESS:
        raise _refused(f"activityProgress must be one of {', '.join(ACTIVITY_PROGRESS)}")
    if not isinstance(grading, str) or grading not in GRADING_PROGRESS:
        raise _refused(f"gradingProgress must be one of {', '.join(GRADING_PROGRESS)}")
    given, maximum = _points(body, "scoreGiven"), _points(body, "scoreMaximum")
    if given is not None and maximum is None:
        raise _refused("scoreMaximum is required with scoreGiven")
    if maximum is not None and maximum <= 0:
        raise _refused("scoreMaximum must be above 0")
    comment = body.get("comment")
    if comment is not None and not isinstance(comment, str):
        raise _refused("comment must be a string")
    return PostedScore(
        user_id=user_id,
        given=given,
        maximum=maximum,
        comment=comment,
        activity_progress=activity,
        grading_progress=grading,
        timestamp=timestamp,
        submits=_told(body, "new_submission", default=True),
        yields_to_teacher=_told(body, "prioritize_non_tool_grade", default=False),
    )


def _told(body: Mapping[str, object], name: str, *, default: bool) -> bool:
    """Return a member of Canvas' part of a score."""
    extension = body.get(_CANVAS_SUBMISSION)
    value = extension.get(name, default) if isinstance(extension, Mapping) else default
    if not isinstance(value, bool):
        raise _refused(f"{name} must be true or false")
    return value


def read_line_item(body: Mapping[str, object]) -> PostedLineItem:
    """Return the line item of a body.

    Raises:
        RefusalError: something is missing or of the wrong kind.
    """
    label, maximum = body.get("label"), _points(body, "scoreMaximum")
    if not isinstance(label, str) or not label.strip():
        raise _refused("label is missing")
    if maximum is None or maximum <= 0:
        raise _refused("scoreMaximum must be a number above 0")
    words = {}
    for name in ("resourceId", "tag", "resourceLinkId"):
        value = body.get(name)
        if value is not None and not isinstance(value, str):
            raise _refused(f"{name} must be a string")
        words[name] = value
    times = {}
    for name in ("startDateTime", "endDateTime"):
        times[name] = parse_instant(body.get(name))
        if body.get(name) is not None and times[name] is None:
            raise _refused(f"{name} must be an ISO 8601 time with an offset")
    return PostedLineItem(
        label=label,
        score_maximum=maximum,
        resource_id=words["resourceId"],
        tag=words["tag"],
        resource_link_id=words["resourceLinkId"],
        starts_at=times["startDateTime"],
        ends_at=times["endDateTime"],
    )


def decide_score(posted: PostedScore, stored: Score | None, habits: Personality) -> PostedScore:
    """Return what to store of a score that comes after what is stored.

    Instants are compared in whole seconds, as Moodle 4.5 does.

    Raises:
        RefusalError: the stored score is newer, or as new (AGS 2.0 §3.4.9 has 409 for it).
    """
    if stored is not None and stored.scored_at is not None:
        new, old = int(posted.timestamp.timestamp()), int(stored.scored_at.timestamp())
        if new < old or (new == old and habits.equal_timestamp_conflicts):
            message = f"a score of {stored.scored_at.isoformat()} is already here"
            raise RefusalError(habits.stale_score_status, "conflict", message)
    given, maximum = posted.given, posted.maximum
    if posted.grading_progress != "FullyGraded":
        kept = stored if stored is not None and not habits.progress_clears_grade else None
        given, maximum = (kept.given, kept.maximum) if kept else (None, None)
    if given is not None and maximum is not None and not habits.scales_over_maximum:
        given = min(given, maximum)
    return PostedScore(
        user_id=posted.user_id,
        given=given,
        maximum=maximum,
        comment=posted.comment,
        activity_progress=posted.activity_progress,
        grading_progress=posted.grading_progress,
        timestamp=posted.timestamp,
        submits=habits.submission_extension and posted.submits,
        yields_to_teacher=posted.yields_to_teacher or not habits.submission_extension,
    )


def to_number(value: Decimal) -> int | float:
    """Return a Decimal as the JSON number people expect: 100, not 100.0."""
    return int(value) if value == value.to_integral_value() else float(value)


def _points(body: Mapping[str, object], name: str) -> Decimal | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not math.isfinite(value):
        raise _refused(f"{name} must be a number")
    if value < 0:
        raise _refused(f"{name} must not be below 0")
    return Decimal(value)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _refused(message: str) -> RefusalError:
    return RefusalError(400, "bad_request", message)
