"""What can go wrong in connecting a platform and in calling its services."""

from lti_tool.core.errors import (
    ConflictError,
    DeniedError,
    InvalidRequestError,
    NotFoundError,
    TemporaryError,
)
from lti_tool.core.language import phrase


class AlreadyKnownError(ConflictError):
    """The same institution, registration or deployment was added before."""

    code = "already_known"
    title = phrase("That is there already")


class NotAWebAddressError(InvalidRequestError):
    """An endpoint of a platform that could never be called."""

    code = "not_a_web_address"
    title = phrase("That is not a web address")


class KeyStillNeededError(ConflictError):
    """A key that platforms may not have replaced yet."""

    code = "key_still_needed"
    title = phrase("That key is still needed")
    steps = (phrase("Wait a day after a new key began to sign, then retire the one before."),)

    def __init__(self) -> None:
        super().__init__(phrase("Platforms keep our keys for a while. Nothing was changed."))


class TokenRefusedError(DeniedError):
    """The platform gave no access token, and would not if asked again (RFC 6749 §5.2)."""

    code = "token_refused"
    title = phrase("The course site does not let us use its services")
    steps = (
        phrase("Ask the people who run your courses to look at the services Cairn may use there."),
    )


class ServiceRefusedError(DeniedError):
    """A service of the platform said no to a token it gave us."""

    code = "service_refused"
    title = phrase("The course site does not let us see that")
    steps = (
        phrase("Ask the people who run your courses to look at the services Cairn may use there."),
    )


class ListGoneError(NotFoundError):
    """A list the platform once had is not there any more."""

    code = "list_gone"
    title = phrase("The course site no longer has that list")


class PartialListError(TemporaryError):
    """A platform's list could not be read to its end, so nothing of it counts."""

    code = "partial_list"
    title = phrase("The course site did not send the whole list")


class KeySetUnreachableError(TemporaryError):
    """A platform's keys were never seen, and cannot be fetched now."""

    code = "keys_unreachable"
    title = phrase("We cannot reach your course site just now")
    steps = (
        phrase("Wait a minute."),
        phrase("Go back to the course page."),
        phrase("Open the activity there again."),
    )

    def __init__(self) -> None:
        super().__init__(phrase("Its keys, by which we know its messages, do not answer."))


_ASK_FOR_A_LINK = phrase(
    "Ask whoever sent you the link for a new one, and begin again in your LMS."
)


class InvitationEndedError(NotFoundError):
    """There is no such invitation, or its time is over, or it was withdrawn."""

    code = "invitation_ended"
    title = phrase("This link to connect Cairn does not work any more")
    steps = (_ASK_FOR_A_LINK,)

    def __init__(self) -> None:
        super().__init__(phrase("It was mistyped, withdrawn, or is older than seven days."))


class InvitationUsedError(ConflictError):
    """A platform has registered with it."""

    code = "invitation_used"
    title = phrase("This link has been used")
    steps = (
        phrase("If it was you: Cairn is connected. Look for it among the tools of your LMS."),
        phrase("If not: ask whoever sent you the link for a new one, and begin again in your LMS."),
    )

    def __init__(self) -> None:
        super().__init__(phrase("It connects one LMS, once."))


class InvitationTakenError(ConflictError):
    """Somebody is registering with it in this moment."""

    code = "invitation_taken"
    title = phrase("Somebody is connecting with this link just now")
    steps = (
        phrase("Wait a minute."),
        phrase("See among the tools of your LMS whether Cairn is there."),
    )

    def __init__(self) -> None:
        super().__init__(phrase("Perhaps you pressed twice. Nothing was done a second time."))


class RegisteredElsewhereError(ConflictError):
    """A renewed registration that serves other institutions only."""

    code = "registered_elsewhere"
    title = phrase("This LMS is connected for another institution")
    steps = (phrase("Ask the people who run Cairn to look at it."),)

    def __init__(self) -> None:
        super().__init__(
            phrase("Its registration belongs to somebody else. Nothing here was changed.")
        )
