"""What can go wrong with achievements, awards and credentials."""

from lti_tool.core.errors import ConflictError, InvalidRequestError, NotFoundError


class AchievementExistsError(ConflictError):
    """An assessment earns one achievement, and it has one."""

    code = "achievement_exists"
    title = "This assessment has its badge already"


class UnknownAwardError(NotFoundError):
    """No such award, or it is another person's or institution's."""

    code = "award_unknown"
    title = "There is no such badge"


class UnknownCredentialError(NotFoundError):
    """No such credential, not signed yet, or not this person's."""

    code = "credential_unknown"
    title = "There is no such badge"


class UnknownShareError(NotFoundError):
    """The link is mistyped, or its maker ended it: which of the two is nobody's business."""

    code = "share_unknown"
    title = "This link shows nothing"
    steps = (
        "Check that the whole link was copied.",
        (
            "Ask the person who gave it to you for a new one: the holder of a badge can end a link"
            " at any time."
        ),
    )


class UnreadableCredentialError(InvalidRequestError):
    """What was handed in for checking is no credential that could be read."""

    code = "credential_unreadable"
    title = "We could not read that as a credential"
    steps = (
        "Choose the file exactly as you received it, or paste all of its text.",
        "If it came as a link, open the link instead.",
    )
