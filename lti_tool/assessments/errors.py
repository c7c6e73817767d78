"""What can go wrong when an assessment is taken, in words for the learner."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lti_tool.core.errors import ConflictError, InvalidRequestError, NotFoundError
from lti_tool.core.language import joined, phrase


class UnknownItemError(InvalidRequestError):
    """An answer to a question that this attempt does not ask."""

    code = "unknown_item"
    title = phrase("That question is not part of this attempt")
    steps = (phrase("Reload the page. Everything saved so far is still there."),)


class UnreadableResponseError(InvalidRequestError):
    """An answer that the question does not offer."""

    code = "unreadable_response"
    title = phrase("We could not read that answer")
    steps = (phrase("Reload the page and choose again. Everything saved so far is still there."),)


class UnwantedFileError(InvalidRequestError):
    """A file that the question does not ask for."""

    code = "unwanted_file"
    title = phrase("We did not take that file")
    steps = (
        phrase("Go back, look at what the question asks for, and send another file."),
        phrase("Everything saved so far is still there."),
    )


class UnreadableImageError(InvalidRequestError):
    """A file that is no image we can show."""

    code = "unreadable_image"
    title = phrase("We cannot show that image")
    steps = (phrase("Save it as PNG, JPEG or SVG, no larger than 2 MB, and send it again."),)


class ResponseConflictError(ConflictError):
    """Another window saved a different answer that this one had not seen.

    `details["stored"]` is the server's copy.
    """

    code = "response_conflict"
    title = phrase("Another window saved a different answer")
    steps = (phrase("Look at the answer that is saved, and choose again if you want another."),)

    def __init__(self, stored: Mapping[str, Any]) -> None:
        super().__init__(phrase("Nothing was overwritten. The answer saved first is kept."))
        self.details = {"stored": dict(stored)}


class AttemptClosedError(ConflictError):
    """A change to an attempt that is handed in or out of time.

    What was sent is kept apart, for the instructor to decide.
    """

    code = "attempt_closed"
    title = phrase("This attempt has ended")
    steps = (phrase("See your result. If an answer arrived too late, your instructor can see it."),)

    def __init__(self) -> None:
        super().__init__(
            phrase(
                "The answer arrived after the end. It is kept, and your "
                "instructor decides about it."
            )
        )


class NoAttemptsLeftError(ConflictError):
    """As many attempts as the placement allows have been taken."""

    code = "no_attempts_left"
    title = phrase("You have taken all your attempts")
    steps = (phrase("See your result. Ask your instructor if you need another attempt."),)

    def __init__(self, allowed: int) -> None:
        super().__init__(
            phrase(
                "This activity allows %(allowed)s of them.",
                allowed=allowed,
            )
        )


class UnfitMarkError(InvalidRequestError):
    """Points that a question cannot give, or none at all."""

    code = "unfit_mark"
    title = phrase("The mark is not complete")
    steps = (phrase("Go back, choose a level for each criterion or enter points, and save again."),)


class NothingToMarkError(NotFoundError):
    """An answer that nobody has to mark: none was given, or the question marks itself."""

    code = "nothing_to_mark"
    title = phrase("There is nothing to mark there")
    steps = (phrase("Go back to what waits for marking, and choose again."),)


class MarkedMeanwhileError(ConflictError):
    """Somebody else has marked an answer that this page showed as it was before."""

    code = "marked_meanwhile"
    title = phrase("Somebody else has marked this answer meanwhile")
    steps = (phrase("Look at their mark, and save yours again if it shall count instead."),)

    def __init__(self) -> None:
        super().__init__(phrase("Their mark is kept. Yours is not saved yet."))


class MarkingBegunError(ConflictError):
    """Another way of marking is wanted where somebody has marked already."""

    code = "marking_begun"
    title = phrase("Somebody has marked here already")
    steps = (phrase("Go on as marking was begun."),)

    def __init__(self) -> None:
        super().__init__(
            phrase("How many people mark an answer stays as it was when the first one did.")
        )


class UnfitRegradeError(ConflictError):
    """A later edition whose questions cannot score the answers that were given."""

    code = "unfit_regrade"
    title = phrase("These attempts cannot be scored by that edition")
    steps = (
        phrase("Publish an edition in which these questions offer the same answers as before."),
        phrase("Or leave a question out: then it no longer counts."),
    )


class RegradeOutdatedError(ConflictError):
    """A regrade that would come out differently from what was looked at."""

    code = "regrade_outdated"
    title = phrase("Something has changed since you looked")
    steps = (phrase("Look again at what would change, and decide then."),)

    def __init__(self) -> None:
        super().__init__(
            phrase(
                "Learners handed in, answers were marked, or rules changed meanwhile. "
                "Nothing was done."
            )
        )


class NothingToRegradeError(ConflictError):
    """A newer edition for every course, where every course uses the newest."""

    code = "nothing_to_regrade"
    title = phrase("There is nothing to score anew")
    steps = (phrase("Publish an edition in which the mistake is mended, then come back."),)

    def __init__(self) -> None:
        super().__init__(phrase("No course uses an earlier edition of this assessment."))


class RegradeUndecidedError(ConflictError):
    """A decision about courses that are still being looked at."""

    code = "regrade_undecided"
    title = phrase("Not every course has been looked at yet")
    steps = (phrase("Wait until all are, look at what would change, and decide then."),)

    def __init__(self) -> None:
        super().__init__(phrase("Nothing was done."))


class TooEarlyError(ConflictError):
    """An attempt cannot begin yet: the window opens later, or the last attempt is too recent."""

    code = "too_early"
    title = phrase("You cannot start yet")
    steps = (phrase("Come back then, and open the activity from your course."),)

    def __init__(self, until: datetime) -> None:
        super().__init__(
            phrase(
                "You can start from %(until)s.",
                until=until,
            )
        )
        self.until = until


class WindowClosedError(ConflictError):
    """The time in which attempts may begin is over."""

    code = "window_closed"
    title = phrase("This activity has closed")
    steps = (phrase("Ask your instructor if you think that you should still be able to take it."),)

    def __init__(self) -> None:
        super().__init__(phrase("No attempt can be started any more."))


class ImpossibleConditionsError(InvalidRequestError):
    """Conditions of a placement that loosen the edition's, or contradict themselves.

    `details["problems"]` has a sentence for each field.
    """

    code = "impossible_conditions"
    title = phrase("These rules cannot be set")
    steps = (phrase("Go back, mend what is named here, and save again."),)

    def __init__(self, sentences: Mapping[str, str]) -> None:
        super().__init__(joined(list(sentences.values())))
        self.details = {"problems": dict(sentences)}


class NotChangeableError(ConflictError):
    """An attempt that cannot be given time or opened again as it stands."""

    code = "not_changeable"
    title = phrase("This attempt cannot be changed like that")
    steps = (phrase("Go back to the learner, and look at how the attempt stands now."),)


class AttemptDeletedError(NotFoundError):
    """A learner's own attempt that whoever teaches has deleted."""

    code = "attempt_deleted"
    title = phrase("This attempt was deleted")
    steps = (
        phrase("Open the activity from your course again."),
        phrase("Ask your instructor about it."),
    )

    def __init__(self) -> None:
        super().__init__(
            phrase("Somebody who teaches this course deleted it. It no longer counts.")
        )


class DeletionOutdatedError(ConflictError):
    """A deletion whose consequences are others than those that were looked at."""

    code = "deletion_outdated"
    title = phrase("Something has changed since you looked")
    steps = (phrase("Look again at what would follow, and decide then."),)

    def __init__(self) -> None:
        super().__init__(
            phrase("The learner went on, or a mark was given meanwhile. Nothing was deleted.")
        )


class DraftChangedError(ConflictError):
    """Somebody else has changed a draft that this page showed as it was before."""

    code = "draft_changed"
    title = phrase("Somebody else has changed this meanwhile")
    steps = (phrase("What you typed is still in the form. Save again if it shall replace theirs."),)

    def __init__(self) -> None:
        super().__init__(phrase("Their change is kept. Yours is not saved yet."))


class UnfitDraftError(ConflictError):
    """A draft that something is missing from."""

    code = "unfit_draft"
    title = phrase("The draft is not complete")
    steps = (phrase("Go back to the draft: what is missing is named there."),)

    def __init__(self, faults: int) -> None:
        super().__init__(
            phrase(
                "Nothing was published. To mend: %(faults)s.",
                faults=faults,
            )
        )


class NotTakeableError(ConflictError):
    """A question of the bank that a draft cannot take."""

    code = "not_takeable"
    title = phrase("The draft cannot take this question")
    steps = (phrase("Go back to the question, and choose another draft."),)
