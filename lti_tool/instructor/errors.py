"""What can go wrong on the instructor's pages."""

from lti_tool.core.errors import NotFoundError
from lti_tool.core.language import phrase


class NothingPlacedError(NotFoundError):
    """The link that was opened stands for no assessment of ours."""

    code = "nothing_placed"
    title = phrase("No assessment is behind this link")
    steps = (
        phrase("Go back to the course page."),
        phrase("Add an activity there, choose Cairn, and pick an assessment."),
        phrase("Then delete this link."),
    )

    def __init__(self) -> None:
        super().__init__(phrase("The link leads to Cairn, but does not say to which assessment."))


class NothingToReviewError(NotFoundError):
    """A review was asked for that the message named nobody for, or of somebody else's work."""

    code = "nothing_to_review"
    title = phrase("There is no such work to look at")
    steps = (
        phrase("Go back to the gradebook of your course."),
        phrase("Open the learner's grade there again."),
    )

    def __init__(self) -> None:
        super().__init__(
            phrase("Your course did not say whose work you want to see, or it is not here.")
        )
