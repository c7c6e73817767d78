"""What can go wrong on the instructor's pages."""

from lti_tool.core.errors import NotFoundError


class NothingPlacedError(NotFoundError):
    """The link that was opened stands for no assessment of ours."""

    code = "nothing_placed"
    title = "No assessment is behind this link"
    steps = (
        "Go back to the course page.",
        "Add an activity there, choose Cairn, and pick an assessment.",
        "Then delete this link.",
    )

    def __init__(self) -> None:
        super().__init__("The link leads to Cairn, but does not say to which assessment.")


class NothingToReviewError(NotFoundError):
    """A review was asked for that the message named nobody for, or of somebody else's work."""

    code = "nothing_to_review"
    title = "There is no such work to look at"
    steps = (
        "Go back to the gradebook of your course.",
        "Open the learner's grade there again.",
    )

    def __init__(self) -> None:
        super().__init__("Your course did not say whose work you want to see, or it is not here.")
