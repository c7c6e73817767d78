"""Assignment and Grade Services 2.0: the documents and addresses we use.

Spec: https://www.imsglobal.org/spec/lti-ags/v2p0
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from urllib.parse import urlencode, urlsplit

from lti_tool.core.errors import InvalidRequestError

SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
RESULT_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
LINE_ITEM_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
SCORE_MEDIA_TYPE = "application/vnd.ims.lis.v1.score+json"
LINE_ITEM_MEDIA_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
CANVAS_SUBMISSION = "https://canvas.instructure.com/lti/submission"
RESULTS_MEDIA_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"

_HALF_A_CENT = Decimal("0.005")


class ActivityProgress(StrEnum):
    """How far the learner is (AGS 2.0 §3.4.7)."""

    INITIALIZED = "Initialized"
    STARTED = "Started"
    IN_PROGRESS = "InProgress"
    SUBMITTED = "Submitted"
    COMPLETED = "Completed"


class GradingProgress(StrEnum):
    """How far the grading is (AGS 2.0 §3.4.8). Anything but FULLY_GRADED wipes Moodle's grade."""

    FULLY_GRADED = "FullyGraded"
    PENDING = "Pending"
    PENDING_MANUAL = "PendingManual"
    FAILED = "Failed"
    NOT_READY = "NotReady"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A learner's state on one line item.

    Attributes:
        user_id: the platform's `sub` for the learner, never our own id.
        given: points, at least 0; may exceed `maximum` (extra credit). None where there is no
            score any more: the platform clears what it had (AGS 2.0 §3.4.4).
        maximum: points, above 0. The platform rescales to its own column.
        timestamp: aware, in whole seconds: Moodle compares no finer (4.5).
        comment: plain text. One that is left out erases the one before (Moodle 4.5).
        extension: members of a product's own.
    """

    user_id: str
    given: Decimal | None
    maximum: Decimal
    timestamp: datetime
    activity: ActivityProgress = ActivityProgress.COMPLETED
    grading: GradingProgress = GradingProgress.FULLY_GRADED
    comment: str | None = None
    extension: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what the spec forbids, so that no caller has to check."""
        is_number = self.maximum.is_finite() and (self.given is None or self.given.is_finite())
        if not is_number or self.maximum <= 0 or (self.given is not None and self.given < 0):
            raise InvalidRequestError(f"impossible score {self.given}/{self.maximum}")
        if self.timestamp.tzinfo is None:
            raise InvalidRequestError("a score's timestamp needs a time zone")

    def to_json(self) -> dict[str, object]:
        """Return the body to POST with media type `SCORE_MEDIA_TYPE`.

        Both numbers are there, zeros too: Canvas and Moodle refuse a score without its
        maximum, and a missing one reads as "not attempted". Just that is said of a score that
        is no more: nothing was begun, nothing is graded. Moodle (4.5) and Canvas clear by it.
        """
        instant = self.timestamp.astimezone(UTC)
        points = {"scoreGiven": float(self.given)} if self.given is not None else {}
        is_none = self.given is None
        body: dict[str, object] = {
            **points,
            "scoreMaximum": float(self.maximum),
            "userId": self.user_id,
            "activityProgress": ActivityProgress.INITIALIZED if is_none else self.activity,
            "gradingProgress": GradingProgress.NOT_READY if is_none else self.grading,
            # Sub-second digits in the text: some platforms demand them (AGS 2.0 §3.4.9).
            "timestamp": instant.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
        if self.comment:
            body["comment"] = self.comment
        return body | dict(self.extension)


def canvas_submission(*, over_teacher: bool) -> dict[str, object]:
    """Return Canvas' own part of a score (its Score API, 2026).

    The score is no new submission: a resend would be another one, and use up attempts. A
    grade that a teacher gave stays, unless they ask for ours.
    """
    return {
        CANVAS_SUBMISSION: {
            "new_submission": False,
            "prioritize_non_tool_grade": not over_teacher,
        }
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class LineItem:
    """A column we ask for (AGS 2.0 §3.2).

    Attributes:
        resource_link_id: the platform's; None where the column belongs to no link it knows.
        reviewable: states of a score at which a learner's work can be looked at (Submission
            Review 1.0 §3.3).
    """

    label: str
    maximum: Decimal
    resource_link_id: str | None
    resource_id: str
    reviewable: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return the body to POST with media type `LINE_ITEM_MEDIA_TYPE`."""
        body: dict[str, object] = {
            "label": self.label,
            "scoreMaximum": float(self.maximum),
            "resourceId": self.resource_id,
            "submissionReview": {"reviewableStatus": [*self.reviewable]},
        }
        if self.resource_link_id is not None:
            body["resourceLinkId"] = self.resource_link_id
        return body


def read_line_item_url(body: object) -> str:
    """Return the address of a column that a platform made.

    Raises:
        InvalidRequestError: the body is no line item.
    """
    url = body.get("id") if isinstance(body, Mapping) else None
    if not isinstance(url, str) or not url:
        raise InvalidRequestError("the platform did not say where its new column is")
    return url


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the platform holds for one user (AGS 2.0 §3.3); None where it holds no points."""

    score: Decimal | None
    maximum: Decimal | None

    def equals(self, given: Decimal | None, maximum: Decimal) -> bool:
        """Tell whether this is the same share of the column, or nothing where nothing is wanted.

        The platform rescales, keeps two decimals at least, and may cut what is above the
        maximum; shares are told apart to a hundredth of a percent.
        """
        if given is None:
            return self.score is None
        if self.score is None or not self.maximum:
            return False
        wanted = given * self.maximum / maximum
        tolerance = max(_HALF_A_CENT, self.maximum / 10_000)
        is_cut = wanted > self.maximum and self.score == self.maximum
        return is_cut or abs(self.score - wanted) <= tolerance


def scores_url(line_item_url: str) -> str:
    """Add /scores to the path: Moodle's line item URLs end in a query string."""
    return _below(line_item_url, "scores")


def results_url(line_item_url: str, user_id: str | None = None) -> str:
    """Return where results are read, all or one user's (AGS 2.0 §3.3.5).

    Never with a limit: Moodle answers 404 to one (4.5).
    """
    parts = urlsplit(_below(line_item_url, "results"))
    asked = "" if user_id is None else urlencode({"user_id": user_id})
    # What the platform wrote stays as it wrote it.
    return parts._replace(query="&".join(filter(None, (parts.query, asked)))).geturl()


def _below(line_item_url: str, name: str) -> str:
    parts = urlsplit(line_item_url)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl()


def read_results(body: object) -> dict[str, Result]:
    """Return the results of a container, by user.

    Raises:
        InvalidRequestError: the body is no result container.
    """
    if not isinstance(body, list):
        raise InvalidRequestError("the platform's results are not a list")
    return {
        str(entry["userId"]): _result(entry)
        for entry in body
        if isinstance(entry, Mapping) and "userId" in entry
    }


def _result(entry: Mapping[str, object]) -> Result:
    score, maximum = _number(entry.get("resultScore")), _number(entry.get("resultMaximum"))
    # A maximum that is left out is 1 (AGS 2.0 §3.3.4).
    return Result(score=score, maximum=maximum if maximum is not None else Decimal(1))


def read_result(body: object, user_id: str) -> Result:
    """Return the user's result from a result container; one without points if they have none.

    Raises:
        InvalidRequestError: the body is no result container.
    """
    return read_results(body).get(user_id, Result(score=None, maximum=None))


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
