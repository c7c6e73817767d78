"""What can go wrong in connecting a platform and in calling its services."""

from lti_tool.core.errors import ConflictError, DeniedError, InvalidRequestError


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
