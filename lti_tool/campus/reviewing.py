"""Reviews: what a column says of them, and where the gradebook offers one.

Submission Review 1.0 §3.3: https://www.imsglobal.org/spec/lti-sr/v1p0/
"""

from typing import Final

from sqlalchemy import Connection

from lti_tool.campus import queries
from lti_tool.campus.errors import RefusalError
from lti_tool.campus.gradebook import ACTIVITY_PROGRESS
from lti_tool.campus.personality import Personality
from lti_tool.campus.records import LineItem, Person, Score, Tool

_NO_SCORE: Final = "None"
_WORDS: Final = "See the work"


def read_review(
    value: object, tool: Tool, habits: Personality, where: str
) -> dict[str, object] | None:
    """Return a column's `submissionReview`; None where there is none, or it is not looked at.

    Raises:
        RefusalError: it is not as the specification has it, or leads to another site.
    """
    if value is None or not habits.reviews:
        return None
    if not isinstance(value, dict):
        raise _refused(where, "is not an object")
    known = {*ACTIVITY_PROGRESS, _NO_SCORE}
    statuses = value.get("reviewableStatus")
    if not isinstance(statuses, list) or not all(
        isinstance(status, str) and status in known for status in statuses
    ):
        raise _refused(where, f"needs reviewableStatus, a list of {', '.join(sorted(known))}")
    for name, most in {"label": 255, "url": 2000}.items():
        words = value.get(name, "")
        if not isinstance(words, str) or len(words) > most:
            raise _refused(where, f"has a {name} that is no string of at most {most}")
    url = value.get("url")
    if url is not None and not tool.has(url):
        raise _refused(where, f"leads to {url}, which is not the tool's own site")
    custom = value.get("custom", {})
    if not isinstance(custom, dict) or not all(isinstance(one, str) for one in custom.values()):
        raise _refused(where, "has custom with values that are not strings")
    names = ("reviewableStatus", "label", "url", "custom")
    return {name: value[name] for name in names if name in value}


def is_reviewable(line_item: LineItem, score: Score | None, habits: Personality) -> bool:
    """Tell whether the tool shows somebody's work at the state that it last reported.

    A grade that a teacher gave is no word of the tool's.
    """
    review = line_item.submission_review
    if review is None or not habits.reviews:
        return False
    reported = score is not None and score.scored_at is not None
    status = score.activity_progress if score and reported else _NO_SCORE
    statuses = review["reviewableStatus"]
    return isinstance(statuses, list) and status in statuses


def words_of(line_item: LineItem) -> str:
    """Return what the tool calls it, or our own words."""
    return str((line_item.submission_review or {}).get("label") or _WORDS)


def get_reviewable(
    connection: Connection,
    habits: Personality,
    *,
    course_id: int,
    line_item_id: int,
    person_id: int,
) -> tuple[LineItem, Person]:
    """Return the column and the student whose work its tool shows."""
    line_item = queries.get_line_item(connection, course_id, line_item_id)
    student = queries.get_student(connection, course_id, person_id)
    score = queries.list_scores(connection, course_id).get((line_item_id, person_id))
    if not is_reviewable(line_item, score, habits):
        raise RefusalError(409, "nothing_to_review", "The tool has no work to show here yet.")
    return line_item, student


def target_of(line_item: LineItem, otherwise: str) -> str:
    """Return where a review is sent: to its own address, or as every other launch."""
    return str((line_item.submission_review or {}).get("url") or otherwise)


def custom_of(line_item: LineItem) -> dict[str, str]:
    """Return the parameters of a review alone; they go over the activity's."""
    custom = (line_item.submission_review or {}).get("custom", {})
    return {**custom} if isinstance(custom, dict) else {}


def _refused(where: str, reason: str) -> RefusalError:
    return RefusalError(400, "bad_request", f"{where} {reason}")
