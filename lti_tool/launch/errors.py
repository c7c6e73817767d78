"""What can go wrong between a click in the LMS and a session of ours, each in words."""

from enum import StrEnum

from lti_tool.core.errors import (
    ConflictError,
    DeniedError,
    InvalidRequestError,
    NotFoundError,
    TemporaryError,
)
from lti_tool.core.language import joined, phrase

_OPEN_AGAIN = (
    phrase("Go back to the course page."),
    phrase("Open the activity there again."),
)
_ASK = phrase("If it happens again, tell the people who run your courses.")


class LaunchEndedError(DeniedError):
    """No session for this page: none was opened here, it ended, or its cookie is gone."""

    code = "launch_ended"
    title = phrase("Please open it again from your course")
    steps = _OPEN_AGAIN

    def __init__(self, return_url: str | None = None) -> None:
        """Take where the person came from, if this browser is theirs."""
        super().__init__(
            phrase("This page belongs to a visit that has ended. What you saved is safe.")
        )
        self.return_url = return_url


class LaunchInterruptedError(TemporaryError):
    """What we know of the platform changed while the message was judged, again and again."""

    code = "launch_interrupted"
    title = phrase("Please open it again from your course")
    steps = _OPEN_AGAIN

    def __init__(self) -> None:
        """Say what happened: nothing was lost."""
        super().__init__(
            phrase("The settings of your course site were being changed just now. Nothing is lost.")
        )


class NotForYourRoleError(DeniedError):
    """The platform gave the person no role that may do this."""

    code = "not_for_your_role"
    title = phrase("This is not for your role in the course")
    steps = (phrase("If you should be able to do this, ask who gives out roles in your course."),)

    def __init__(self, return_url: str | None = None) -> None:
        """Take where the person came from, to lead back there."""
        super().__init__(phrase("Your course tells us who may do what, and this is for others."))
        self.return_url = return_url


class LoginIncompleteError(InvalidRequestError):
    """A login without what OIDC third-party initiation requires (Security Framework 1.0 §5.1.1)."""

    code = "login_incomplete"
    title = phrase("Your course did not say enough to begin")
    steps = (*_OPEN_AGAIN, _ASK)


class UnknownPlatformError(NotFoundError):
    """Nobody registered this issuer or client id with us."""

    code = "login_unknown_platform"
    title = phrase("This course site is not connected to Cairn")
    steps = (phrase("Ask the people who run your courses to connect Cairn again."),)

    def __init__(self) -> None:
        super().__init__(phrase("The site that sent you here is not one that Cairn knows."))


class AmbiguousPlatformError(InvalidRequestError):
    """Several registrations share the issuer, and the login names no client id."""

    code = "login_ambiguous"
    title = phrase("We cannot tell which school you come from")
    steps = (
        phrase(
            "Ask the people who run your courses to use the login "
            "address of their own registration."
        ),
    )

    def __init__(self) -> None:
        super().__init__(
            phrase("Several schools use this course site, and it did not say which is yours.")
        )


class PlatformRefusedError(DeniedError):
    """The platform answered the login with an error instead of a message (OIDC Core §3.1.2.6)."""

    code = "platform_refused"
    title = phrase("Your course site did not let you through")
    steps = (
        phrase("Go back to the course page and reload it."),
        phrase("Sign in there again if it asks you to."),
        phrase("Open the activity again."),
    )


class LaunchUsedError(ConflictError):
    """A state that is unknown, was used before, or is too old: a stranger learns not which."""

    code = "launch_used"
    title = phrase("This launch has been used")
    steps = _OPEN_AGAIN

    def __init__(self) -> None:
        super().__init__(
            phrase(
                "The way from your course to this page works once and for a few minutes. "
                "Nothing is lost."
            )
        )


class OtherBrowserError(DeniedError):
    """A message that arrives in another browser than the login left from."""

    code = "launch_other_browser"
    title = phrase("Your browser did not bring back what we gave it")
    steps = (
        phrase("Go back to the course page."),
        phrase("Open the activity in a new window, if your course offers that."),
        phrase("Otherwise allow cookies for this site, or use another browser."),
    )

    def __init__(self) -> None:
        super().__init__(phrase("So we cannot be sure that it was you who began."))


class DeploymentPendingError(DeniedError):
    """A verified message from a deployment that nobody has given to an institution yet."""

    code = "deployment_pending"
    title = phrase("Cairn is not switched on here yet")
    steps = (
        phrase("Tell the people who run your courses that Cairn waits for approval."),
        phrase("Open the activity again when they say so."),
    )

    def __init__(self, return_url: str | None = None) -> None:
        """Take where the person came from, to lead back there with what happened."""
        super().__init__(
            phrase(
                "The connection is new and has to be approved first. We have "
                "stored nothing about you."
            )
        )
        self.return_url = return_url


class CopyRefusedError(DeniedError):
    """A verified message of a site that the institution keeps out: a copy of its course site."""

    code = "copy_refused"
    title = phrase("This copy of your course site is not connected to Cairn")
    steps = (
        phrase("Open the activity in your real course site."),
        phrase(
            "If this is your real course site, tell the people who run your courses: "
            "they can let it in, in Cairn's settings of this platform."
        ),
    )

    def __init__(self, return_url: str | None = None) -> None:
        """Take where the person came from, to lead back there with what happened."""
        super().__init__(
            phrase("It says that it is another site than the one that your school connected.")
        )
        self.return_url = return_url


class Reason(StrEnum):
    """Why a message was refused; the value is the error's stable code."""

    INCOMPLETE = "launch_incomplete"
    UNREADABLE = "token_unreadable"
    ALGORITHM = "token_algorithm"
    NO_KEY_ID = "token_no_key_id"
    UNKNOWN_KEY = "token_unknown_key"
    SIGNATURE = "token_signature"
    NOT_LTI = "message_not_lti"
    ISSUER = "token_issuer"
    AUDIENCE = "token_audience"
    AUTHORIZED_PARTY = "token_authorized_party"
    NO_TIMES = "token_no_times"
    EXPIRED = "token_expired"
    NOT_YET_VALID = "token_not_yet_valid"
    TOO_OLD = "token_too_old"
    NONCE = "token_nonce"
    VERSION = "message_version"
    MESSAGE_TYPE = "message_type"
    DEPLOYMENT = "message_deployment"
    SUBJECT = "message_subject"
    ROLES = "message_roles"
    TARGET_LINK = "message_target_link"
    RESOURCE_LINK = "message_resource_link"
    DEEP_LINKING = "message_deep_linking"
    OTHER_CONTENT = "message_other_content"
    FOR_USER = "message_for_user"
    LINE_ITEM = "message_line_item"
    CLAIM = "message_claim"
    IDENTIFIER = "message_identifier"


_SENTENCES = {
    Reason.INCOMPLETE: phrase("The message has no state or no id_token."),
    Reason.UNREADABLE: phrase("The id_token is not a signed token that we can read."),
    Reason.ALGORITHM: phrase("The id_token is not signed with RS256."),
    Reason.NO_KEY_ID: phrase("The id_token does not say which key signed it (kid)."),
    Reason.UNKNOWN_KEY: phrase("The site publishes no such key as the id_token names (kid)."),
    Reason.SIGNATURE: phrase("The signature of the id_token does not match its content."),
    Reason.NOT_LTI: phrase("The id_token carries no LTI message."),
    Reason.ISSUER: phrase("The id_token is by another issuer than the login."),
    Reason.AUDIENCE: phrase("The id_token is for another tool (aud)."),
    Reason.AUTHORIZED_PARTY: phrase("The id_token was made for another client (azp)."),
    Reason.NO_TIMES: phrase(
        "The id_token does not say from when and until when it holds (iat, exp)."
    ),
    Reason.EXPIRED: phrase("The id_token is no longer valid (exp). Is the site's clock right?"),
    Reason.NOT_YET_VALID: phrase(
        "The id_token is from the future (iat, nbf). Is the site's clock right?"
    ),
    Reason.TOO_OLD: phrase("The id_token was made long ago (iat). Is the site's clock right?"),
    Reason.NONCE: phrase("The id_token does not answer our login (nonce)."),
    Reason.VERSION: phrase("The message is not of LTI version 1.3.0."),
    Reason.MESSAGE_TYPE: phrase("The message has no type, or one that Cairn does not take."),
    Reason.DEPLOYMENT: phrase("The message does not name its deployment (deployment_id)."),
    Reason.SUBJECT: phrase(
        "The message does not say who you are (sub), so we could not keep your work."
    ),
    Reason.ROLES: phrase("The message has no list of roles."),
    Reason.TARGET_LINK: phrase(
        "The message is for another address than the login (target_link_uri)."
    ),
    Reason.RESOURCE_LINK: phrase(
        "The message does not say which activity it is for (resource_link.id)."
    ),
    Reason.DEEP_LINKING: phrase(
        "The site does not say how something is placed there (deep_linking_settings)."
    ),
    Reason.OTHER_CONTENT: phrase(
        "This place of your course takes files or links, but no activities (accept_types)."
    ),
    Reason.FOR_USER: phrase(
        "The message does not say whose work is to be seen (for_user.user_id)."
    ),
    Reason.LINE_ITEM: phrase(
        "The message does not say which column of the gradebook it is about (endpoint.lineitem)."
    ),
    Reason.CLAIM: phrase("A part of the message has not the form that LTI gives it."),
    Reason.IDENTIFIER: phrase(
        "An identifier in the message is longer than 255 characters, or no text."
    ),
}


# What else to do than to open the activity again, where that would not help.
_STEPS = {
    Reason.DEEP_LINKING: (
        phrase("Go back to the course page."),
        phrase("Add an activity there, and choose Cairn again."),
        _ASK,
    ),
    Reason.OTHER_CONTENT: (
        phrase("Go back to the course page."),
        phrase("Add an activity or an assignment there, and choose Cairn as its tool."),
    ),
}


class MessageRefusedError(DeniedError):
    """A message that is not what it has to be. `code` says in which point.

    Attributes:
        is_signed: by the platform, as far as anybody looked; if not, anybody may have made it.
    """

    title = phrase("Your course site sent something we cannot accept")
    is_signed = True

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(joined([_SENTENCES[reason], detail]) if detail else _SENTENCES[reason])
        self.reason = reason
        self.code = reason.value
        self.steps = _STEPS.get(reason, (*_OPEN_AGAIN, _ASK))


_TITLES = {
    one.code: one.title
    for one in (
        PlatformRefusedError,
        DeploymentPendingError,
        CopyRefusedError,
        LaunchUsedError,
        OtherBrowserError,
    )
}


def words_of(code: str) -> str:
    """Return why launches with this code were refused, for administrators; else the code."""
    if code in set(Reason):
        return _SENTENCES[Reason(code)]
    return joined([_TITLES[code], ""], ".") if code in _TITLES else code


_BEGIN_AGAIN = phrase("Begin again in your LMS, with the same link: it has not been used up.")


class RegistrationIncompleteError(InvalidRequestError):
    """The address was opened without what an LMS adds to it."""

    code = "registration_incomplete"
    title = phrase("Your LMS did not say enough to begin")
    steps = (
        _BEGIN_AGAIN,
        phrase("If it happens again, connect Cairn by hand."),
    )


class ForeignConfigurationError(DeniedError):
    """A configuration that lies elsewhere than its issuer (Dynamic Registration 1.0 §3.5.1)."""

    code = "registration_foreign"
    title = phrase("We cannot be sure which LMS this is")
    steps = (
        phrase("Begin in the LMS itself, by the same link. It has not been used up."),
        phrase("If it happens again, connect Cairn by hand."),
    )

    def __init__(self, *, issuer: str, host: str) -> None:
        super().__init__(
            phrase(
                "%(host)s describes an LMS that calls itself %(issuer)s. An LMS has to speak "
                "for itself, so nothing was sent there.",
                host=host,
                issuer=issuer,
            )
        )


class PlatformAddressError(InvalidRequestError):
    """A platform at an address that we may not call: in a private network, or no https."""

    code = "registration_address"
    title = phrase("Cairn may not call your LMS at this address")
    steps = (
        phrase(
            "If your LMS is in your own network, ask the people who run Cairn to allow its host."
        ),
        _BEGIN_AGAIN,
    )


class PlatformDescriptionError(InvalidRequestError):
    """What should describe a platform does not."""

    code = "registration_unreadable"
    title = phrase("We could not read how your LMS is set up")
    steps = (
        _BEGIN_AGAIN,
        phrase("If it happens again, connect Cairn by hand, and tell us this sentence."),
    )

    def __init__(self, host: str, what: str) -> None:
        super().__init__(phrase("%(host)s %(what)s.", host=host, what=what))


class RegistrationTokenError(DeniedError):
    """The platform's registration token is not good, or not any more."""

    code = "registration_token"
    title = phrase("Your LMS does not take this registration any more")
    steps = (
        phrase("See among the tools of your LMS whether Cairn is there already."),
        _BEGIN_AGAIN,
    )

    def __init__(self, said: str) -> None:
        over = phrase("What it gave us to register with was used before, or its time is over.")
        super().__init__(
            joined([over, phrase("It says: “%(said)s”.", said=said)]) if said else over
        )


class RegistrationRefusedError(DeniedError):
    """The platform refused our registration, or answered with none."""

    code = "registration_refused"
    title = phrase("Your LMS did not register Cairn")
    steps = (_BEGIN_AGAIN, phrase("If it happens again, connect Cairn by hand."))

    def __init__(self, host: str, said: str) -> None:
        super().__init__(f"{host}: “{said}”")
