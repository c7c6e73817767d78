"""What can go wrong in connecting a platform and in calling its services."""

from lti_tool.core.errors import (
    ConflictError,
    DeniedError,
    InvalidRequestError,
    NotFoundError,
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


class KeyStillNeededError(ConflictError):
    """A key that platforms may not have replaced yet."""

    code = "key_still_needed"
    title = "That key is still needed"
    steps = ("Wait a day after a new key began to sign, then retire the one before.",)

    def __init__(self) -> None:
        super().__init__("Platforms keep our keys for a while. Nothing was changed.")


class TokenRefusedError(DeniedError):
    """The platform gave no access token, and would not if asked again (RFC 6749 §5.2)."""

    code = "token_refused"
    title = "The course site does not let us use its services"
    steps = ("Ask the people who run your courses to look at the services Cairn may use there.",)


class ServiceRefusedError(DeniedError):
    """A service of the platform said no to a token it gave us."""

    code = "service_refused"
    title = "The course site does not let us see that"
    steps = ("Ask the people who run your courses to look at the services Cairn may use there.",)


class ListGoneError(NotFoundError):
    """A list the platform once had is not there any more."""

    code = "list_gone"
    title = "The course site no longer has that list"


class PartialListError(TemporaryError):
    """A platform's list could not be read to its end, so nothing of it counts."""

    code = "partial_list"
    title = "The course site did not send the whole list"


class KeySetUnreachableError(TemporaryError):
    """A platform's keys were never seen, and cannot be fetched now."""

    code = "keys_unreachable"
    title = "We cannot reach your course site just now"
    steps = ("Wait a minute.", "Go back to the course page.", "Open the activity there again.")

    def __init__(self) -> None:
        super().__init__("Its keys, by which we know its messages, do not answer.")


_ASK_FOR_A_LINK = "Ask whoever sent you the link for a new one, and begin again in your LMS."


class InvitationEndedError(NotFoundError):
    """There is no such invitation, or its time is over, or it was withdrawn."""

    code = "invitation_ended"
    title = "This link to connect Cairn does not work any more"
    steps = (_ASK_FOR_A_LINK,)

    def __init__(self) -> None:
        super().__init__("It was mistyped, withdrawn, or is older than seven days.")


class InvitationUsedError(ConflictError):
    """A platform has registered with it."""

    code = "invitation_used"
    title = "This link has been used"
    steps = (
        "If it was you: Cairn is connected. Look for it among the tools of your LMS.",
        f"If not: {_ASK_FOR_A_LINK[0].lower()}{_ASK_FOR_A_LINK[1:]}",
    )

    def __init__(self) -> None:
        super().__init__("It connects one LMS, once.")


class InvitationTakenError(ConflictError):
    """Somebody is registering with it in this moment."""

    code = "invitation_taken"
    title = "Somebody is connecting with this link just now"
    steps = ("Wait a minute.", "See among the tools of your LMS whether Cairn is there.")

    def __init__(self) -> None:
        super().__init__("Perhaps you pressed twice. Nothing was done a second time.")


class RegisteredElsewhereError(ConflictError):
    """A renewed registration that serves other institutions only."""

    code = "registered_elsewhere"
    title = "This LMS is connected for another institution"
    steps = ("Ask the people who run Cairn to look at it.",)

    def __init__(self) -> None:
        super().__init__("Its registration belongs to somebody else. Nothing here was changed.")
