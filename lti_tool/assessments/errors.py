"""What can go wrong when an assessment is taken, in words for the learner."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lti_tool.core.errors import ConflictError, InvalidRequestError, NotFoundError


class UnknownItemError(InvalidRequestError):
    """An answer to a question that this attempt does not ask."""

    code = "unknown_item"
    title = "That question is not part of this attempt"
    steps = ("Reload the page. Everything saved so far is still there.",)


class UnreadableResponseError(InvalidRequestError):
    """An answer that the question does not offer."""

    code = "unreadable_response"
    title = "We could not read that answer"
    steps = ("Reload the page and choose again. Everything saved so far is still there.",)


class UnwantedFileError(InvalidRequestError):
    """A file that the question does not ask for."""

    code = "unwanted_file"
    title = "We did not take that file"
    steps = (
        "Go back, look at what the question asks for, and send another file.",
        "Everything saved so far is still there.",
    )


class UnreadableImageError(InvalidRequestError):
    """A file that is no image we can show."""

    code = "unreadable_image"
    title = "We cannot show that image"
    steps = ("Save it as PNG, JPEG or SVG, no larger than 2 MB, and send it again.",)


class ResponseConflictError(ConflictError):
    """Another window saved a different answer that this one had not seen.

    `details["stored"]` is the server's copy.
    """

    code = "response_conflict"
    title = "Another window saved a different answer"
    steps = ("Look at the answer that is saved, and choose again if you want another.",)

    def __init__(self, stored: Mapping[str, Any]) -> None:
        super().__init__("Nothing was overwritten. The answer saved first is kept.")
        self.details = {"stored": dict(stored)}


class AttemptClosedError(ConflictError):
    """A change to an attempt that is handed in or out of time.

    What was sent is kept apart, for the instructor to decide.
    """

    code = "attempt_closed"
    title = "This attempt has ended"
    steps = ("See your result. If an answer arrived too late, your instructor can see it.",)

    def __init__(self) -> None:
        super().__init__(
            "The answer arrived after the end. It is kept, and your instructor decides about it."
        )


class NoAttemptsLeftError(ConflictError):
    """As many attempts as the placement allows have been taken."""

    code = "no_attempts_left"
    title = "You have taken all your attempts"
    steps = ("See your result. Ask your instructor if you need another attempt.",)

    def __init__(self, allowed: int) -> None:
        super().__init__(f"This activity allows {allowed} of them.")


class UnfitMarkError(InvalidRequestError):
    """Points that a question cannot give, or none at all."""

    code = "unfit_mark"
    title = "The mark is not complete"
    steps = ("Go back, choose a level for each criterion or enter points, and save again.",)


class NothingToMarkError(NotFoundError):
    """An answer that nobody has to mark: none was given, or the question marks itself."""

    code = "nothing_to_mark"
    title = "There is nothing to mark there"
    steps = ("Go back to what waits for marking, and choose again.",)


class MarkedMeanwhileError(ConflictError):
    """Somebody else has marked an answer that this page showed as it was before."""

    code = "marked_meanwhile"
    title = "Somebody else has marked this answer meanwhile"
    steps = ("Look at their mark, and save yours again if it shall count instead.",)

    def __init__(self) -> None:
        super().__init__("Their mark is kept. Yours is not saved yet.")


class MarkingBegunError(ConflictError):
    """Another way of marking is wanted where somebody has marked already."""

    code = "marking_begun"
    title = "Somebody has marked here already"
    steps = ("Go on as marking was begun.",)

    def __init__(self) -> None:
        super().__init__("How many people mark an answer stays as it was when the first one did.")


class UnfitRegradeError(ConflictError):
    """A later edition whose questions cannot score the answers that were given."""

    code = "unfit_regrade"
    title = "These attempts cannot be scored by that edition"
    steps = (
        "Publish an edition in which these questions offer the same answers as before.",
        "Or leave a question out: then it no longer counts.",
    )


class RegradeOutdatedError(ConflictError):
    """A regrade that would come out differently from what was looked at."""

    code = "regrade_outdated"
    title = "Something has changed since you looked"
    steps = ("Look again at what would change, and decide then.",)

    def __init__(self) -> None:
        super().__init__("Learners handed in, or answers were marked meanwhile. Nothing was done.")


class TooEarlyError(ConflictError):
    """An attempt cannot begin yet: the window opens later, or the last attempt is too recent."""

    code = "too_early"
    title = "You cannot start yet"
    steps = ("Come back then, and open the activity from your course.",)

    def __init__(self, until: datetime) -> None:
        super().__init__(f"You can start from {_said(until)}.")
        self.until = until


class WindowClosedError(ConflictError):
    """The time in which attempts may begin is over."""

    code = "window_closed"
    title = "This activity has closed"
    steps = ("Ask your instructor if you think that you should still be able to take it.",)

    def __init__(self) -> None:
        super().__init__("No attempt can be started any more.")


class ImpossibleConditionsError(InvalidRequestError):
    """Conditions of a placement that loosen the edition's, or contradict themselves.

    `details["problems"]` has a sentence for each field.
    """

    code = "impossible_conditions"
    title = "These rules cannot be set"
    steps = ("Go back, mend what is named here, and save again.",)

    def __init__(self, sentences: Mapping[str, str]) -> None:
        super().__init__(" ".join(sentences.values()))
        self.details = {"problems": dict(sentences)}


class NotChangeableError(ConflictError):
    """An attempt that cannot be given time or opened again as it stands."""

    code = "not_changeable"
    title = "This attempt cannot be changed like that"
    steps = ("Go back to the learner, and look at how the attempt stands now.",)


class AttemptDeletedError(NotFoundError):
    """A learner's own attempt that whoever teaches has deleted."""

    code = "attempt_deleted"
    title = "This attempt was deleted"
    steps = ("Open the activity from your course again.", "Ask your instructor about it.")

    def __init__(self) -> None:
        super().__init__("Somebody who teaches this course deleted it. It no longer counts.")


class DeletionOutdatedError(ConflictError):
    """A deletion whose consequences are others than those that were looked at."""

    code = "deletion_outdated"
    title = "Something has changed since you looked"
    steps = ("Look again at what would follow, and decide then.",)

    def __init__(self) -> None:
        super().__init__("The learner went on, or a mark was given meanwhile. Nothing was deleted.")


def _said(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%d %B %Y, %H:%M} UTC"


class DraftChangedError(ConflictError):
    """Somebody else has changed a draft that this page showed as it was before."""

    code = "draft_changed"
    title = "Somebody else has changed this meanwhile"
    steps = ("What you typed is still in the form. Save again if it shall replace theirs.",)

    def __init__(self) -> None:
        super().__init__("Their change is kept. Yours is not saved yet.")


class UnfitDraftError(ConflictError):
    """A draft that something is missing from."""

    code = "unfit_draft"
    title = "The draft is not complete"
    steps = ("Go back to the draft: what is missing is named there.",)

    def __init__(self, faults: int) -> None:
        super().__init__(f"Nothing was published. To mend: {faults}.")


class NotTakeableError(ConflictError):
    """A question of the bank that a draft cannot take."""

    code = "not_takeable"
    title = "The draft cannot take this question"
    steps = ("Go back to the question, and choose another draft.",)
