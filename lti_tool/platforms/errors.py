"""What can go wrong in connecting a platform and in calling its services."""

from lti_tool.core.errors import (
    ConflictError,
    DeniedError,
    InvalidRequestError,
    TemporaryError,
)


class AlreadyKnownError(ConflictError):
    """The same institution, registration or deployment was added before."""

    code = "already_known"
    title = "That is there already"


class NotAWebAddressError(InvalidRequestError):
    """An endpoint of a platform that could never be called."""

    code = "not_a_web_address"
    title = "That is not a web address"


class TokenRefusedError(DeniedError):
    """The platform gave no access token, and would not if asked again (RFC 6749 §5.2)."""

    code = "token_refused"
    title = "The course site does not let us use its services"
    steps = ("Ask the people who run your courses to look at the services Cairn may use there.",)


class KeySetUnreachableError(TemporaryError):
    """A platform's keys were never seen, and cannot be fetched now."""

    code = "keys_unreachable"
    title = "We cannot reach your course site just now"
    steps = ("Wait a minute.", "Go back to the course page.", "Open the activity there again.")

    def __init__(self) -> None:
        super().__init__("Its keys, by which we know its messages, do not answer.")
