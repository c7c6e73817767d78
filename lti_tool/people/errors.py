"""What can go wrong with signing in, roles, addresses and merging people, each in words."""

from enum import StrEnum

from lti_tool.core.errors import (
    ConflictError,
    DeniedError,
    InvalidRequestError,
    NotFoundError,
    TemporaryError,
)
from lti_tool.core.language import joined, phrase

_START_AGAIN = phrase("Start to sign in again.")
_ASK = phrase("If it happens again, tell the people who run your sign-in.")


class Reason(StrEnum):
    """Why an answer of an identity provider was not believed. The error's code."""

    NO_PENDING = "sign_in_not_begun"
    STATE = "sign_in_wrong_state"
    PROVIDER = "sign_in_wrong_provider"
    NO_CODE = "sign_in_no_code"
    CODE_REFUSED = "sign_in_code_refused"
    NO_TOKEN = "sign_in_no_id_token"  # noqa: S105 - a code, no secret
    SIGNATURE = "sign_in_wrong_signature"
    CLAIMS = "sign_in_wrong_claims"
    NONCE = "sign_in_wrong_nonce"
    SUBJECT = "sign_in_wrong_subject"


_SENTENCES = {
    Reason.NO_PENDING: phrase(
        "This browser did not begin to sign in, or took longer than ten minutes."
    ),
    Reason.STATE: phrase("The answer belongs to another attempt to sign in."),
    Reason.PROVIDER: phrase("The answer comes from another place than the one that was asked."),
    Reason.NO_CODE: phrase("The answer has not the form that OpenID Connect gives it."),
    Reason.CODE_REFUSED: phrase("The code in the answer was used before, or has expired."),
    Reason.NO_TOKEN: phrase("The answer does not say who you are."),
    Reason.SIGNATURE: phrase("The statement of who you are is not signed as it should be."),
    Reason.CLAIMS: phrase("The statement of who you are is not meant for us, or not for now."),
    Reason.NONCE: phrase("The statement of who you are was made for another attempt to sign in."),
    Reason.SUBJECT: phrase("Two statements of who you are speak of different people."),
}


class SignInRefusedError(DeniedError):
    """An answer that is not what it has to be. `code` says in which point."""

    title = phrase("We could not sign you in")
    steps = (_START_AGAIN, _ASK)

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(joined([_SENTENCES[reason], detail]) if detail else _SENTENCES[reason])
        self.reason = reason
        self.code = reason.value


class ProviderDeclinedError(DeniedError):
    """The identity provider did not let the person through (OpenID Connect Core 1.0 §3.1.2.6)."""

    code = "sign_in_declined"
    title = phrase("Your sign-in did not let you through")
    steps = (_START_AGAIN, _ASK)

    def __init__(self, provider: str) -> None:
        super().__init__(
            phrase(
                "%(provider)s ended the sign-in without saying who you are.",
                provider=provider,
            )
        )


class ProviderUnusableError(TemporaryError):
    """The identity provider describes itself in a way that cannot be used, or not at all."""

    code = "identity_provider_unusable"
    title = phrase("We cannot reach your sign-in just now")
    steps = (phrase("Wait a minute."), _START_AGAIN, _ASK)


class NoStaffRoleError(DeniedError):
    """Somebody is who they say, and has no role here. Any session they had is ended."""

    code = "no_staff_role"
    title = phrase("You have no access to this desk")
    steps = (phrase("If you should have, ask whoever gives out roles at your institution."),)

    def __init__(self, institution: str) -> None:
        super().__init__(
            phrase(
                "We know who you are, but %(institution)s has given you no role at its desk.",
                institution=institution,
            )
        )


class NotForYourStaffRoleError(DeniedError):
    """A member of staff without the role this takes."""

    code = "not_for_your_staff_role"
    title = phrase("This is not for your role")
    steps = (phrase("If you should be able to do this, ask whoever gives out roles."),)

    def __init__(self) -> None:
        super().__init__(
            phrase("Your institution tells us who may do what, and this is for others.")
        )


class SignedOutError(DeniedError):
    """A change sent by somebody whose session has ended."""

    code = "signed_out"
    title = phrase("You have been signed out")
    steps = (phrase("Sign in again."), phrase("Then do it once more."))

    def __init__(self) -> None:
        super().__init__(phrase("Nothing was changed."))


class UnknownRoleError(InvalidRequestError):
    """A role map names a role that staff cannot have."""

    code = "unknown_role"
    title = phrase("There is no such role")


class NoAdministratorLeftError(ConflictError):
    """Nobody could undo it at the desk: no word of any sign-in would give the role any more."""

    code = "no_administrator_left"
    title = phrase("Nobody would be left to administer")
    steps = (
        phrase("Go back and name a word of the sign-in that gives the role of tool administrator."),
    )

    def __init__(self) -> None:
        super().__init__(
            phrase("Then these pages would be closed to everybody. Nothing was changed.")
        )


class NotAnAddressError(InvalidRequestError):
    """What somebody entered is no e-mail address."""

    code = "mail_address_unusable"
    title = phrase("That is no e-mail address")


class TooManyLettersError(ConflictError):
    """Somebody has asked for many confirmations, or has many addresses."""

    code = "mail_too_many"
    title = phrase("That was often enough for now")

    def __init__(self) -> None:
        super().__init__(
            phrase("Five letters an hour and five addresses are all. Try again later.")
        )


class MailLinkUsedError(NotFoundError):
    """A link from a letter that was used, is too old, or is none: which is nobody's business."""

    code = "mail_link_used"
    title = phrase("This link does not work any more")
    steps = (phrase("Ask for a new one; the newest letter has the one that works."),)

    def __init__(self) -> None:
        super().__init__(phrase("A link in a letter works once, and for 20 minutes."))


class SamePersonError(InvalidRequestError):
    """Two ids of which both are the same."""

    code = "same_person"
    title = phrase("This is one person already")

    def __init__(self) -> None:
        super().__init__(phrase("Choose two different people."))


class MergedMeanwhileError(ConflictError):
    """One of two persons was merged into a third since the page was shown."""

    code = "merged_meanwhile"
    title = phrase("One of the two has been merged since")
    steps = (phrase("Open the learner again."), phrase("Then compare once more."))

    def __init__(self) -> None:
        super().__init__(phrase("Nothing was changed."))


class MergedFurtherError(ConflictError):
    """A merge into somebody who was themselves merged since: the later one comes off first."""

    code = "merged_further"
    title = phrase("There is a later merge above this one")
    steps = (phrase("Undo the later merge first."),)

    def __init__(self) -> None:
        super().__init__(phrase("The person who stayed was merged into somebody else since."))
