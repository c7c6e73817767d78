"""What can go wrong with achievements, awards and credentials."""

from lti_tool.core.errors import ConflictError, InvalidRequestError, NotFoundError
from lti_tool.core.language import phrase


class AchievementExistsError(ConflictError):
    """An assessment earns one achievement, and it has one."""

    code = "achievement_exists"
    title = phrase("This assessment has its badge already")


class ReplacesItselfError(ConflictError):
    """Following what replaces what would lead back to where it began."""

    code = "achievement_replaces_itself"
    title = phrase("A badge cannot come after itself")


class UnknownPersonError(NotFoundError):
    """Nobody at the institution is known by the number or address that staff entered."""

    code = "award_person_unknown"
    title = phrase("We do not know this person")


class AmbiguousPersonError(ConflictError):
    """Staff named several people at once."""

    code = "award_person_ambiguous"
    title = phrase("This could be several people")
    steps = (phrase("Use the student number instead of the e-mail address, or the reverse."),)


class UnreadableTableError(InvalidRequestError):
    """What was uploaded is no table of awards."""

    code = "award_table_unreadable"
    title = phrase("We could not read that table")
    steps = (phrase("Save it as CSV (UTF-8), with the columns person and, if you like, reason."),)


class UnusablePictureError(InvalidRequestError):
    """What an issuer uploaded cannot be a badge's picture; the message says why."""

    code = "achievement_picture_unusable"
    title = phrase("We cannot use that picture")


class UnprintableNameError(InvalidRequestError):
    """A certificate cannot be printed with these letters."""

    code = "certificate_unprintable"
    title = phrase("We have no font for some of the letters")
    steps = (
        phrase("Make the certificate without your name."),
        phrase("Tell the people who run Cairn which script the letters belong to."),
    )


class UnknownAwardError(NotFoundError):
    """No such award, or it is another person's or institution's."""

    code = "award_unknown"
    title = phrase("There is no such badge")

    def __init__(
        self, sentence: str = phrase("Its address is mistyped, or it was given elsewhere.")
    ) -> None:
        super().__init__(sentence)


class UnknownCredentialError(NotFoundError):
    """No such credential, not signed yet, or not this person's."""

    code = "credential_unknown"
    title = phrase("There is no such badge")

    def __init__(self, sentence: str = phrase("It is not yours, or not signed yet.")) -> None:
        super().__init__(sentence)


class NothingAskedError(InvalidRequestError):
    """A detailed form was asked for with nothing in it that the minimal one lacks."""

    code = "credential_without_details"
    title = phrase("Choose what to add")
    steps = (phrase("Go back and choose at least one thing to put into the badge."),)


class UnknownTranscriptError(NotFoundError):
    """No such transcript, or it is another person's, or it was taken back."""

    code = "transcript_unknown"
    title = phrase("There is no such transcript")


class TooManyTranscriptsError(ConflictError):
    """A holder makes transcripts without end."""

    code = "transcripts_too_many"
    title = phrase("You have made many transcripts today")
    steps = (
        phrase(
            "Take one that you have made: each can be downloaded and printed as often as you like."
        ),
        phrase("Make another one tomorrow."),
    )


class TakenBackTranscriptError(NotFoundError):
    """A link led to a transcript that was taken back, or that holds a badge that was."""

    code = "transcript_taken_back"
    title = phrase("This transcript was taken back")

    def __init__(
        self,
        sentence: str = phrase("It was taken back, or a badge in it was: do not rely on it."),
    ) -> None:
        super().__init__(sentence)


class ChangedTranscriptError(ConflictError):
    """While a form was being signed, it was sent again with other choices."""

    code = "transcript_changed"
    title = phrase("This transcript was asked for twice at once")
    steps = (phrase("Nothing was signed. Go back, choose what it shall hold, and send it again."),)


class GivenOutTranscriptError(ConflictError):
    """Its holder wants to take back a transcript that the institution gave out."""

    code = "transcript_given_out"
    title = phrase("You cannot take this transcript back")
    steps = (phrase("Ask the registrar: they gave it out, and can take it back."),)


class NothingToTranscribeError(InvalidRequestError):
    """Nothing of what was asked for stands and is signed."""

    code = "transcript_empty"
    title = phrase("There is nothing to put into a transcript")
    steps = (
        phrase("Choose at least one pathway with a badge on it, or all badges."),
        phrase("If a badge was given a moment ago, try again in a minute: it is being signed."),
    )


class TranscriptTooLargeError(InvalidRequestError):
    """So many badges that those who get it could not check it."""

    code = "transcript_too_large"
    title = phrase("That is too much for one transcript")
    steps = (
        phrase("Choose fewer pathways, and make several transcripts."),
        phrase("If you have asked for results, leave them out: each adds to it."),
    )


class PrivateCredentialError(NotFoundError):
    """A credential's id was opened as if it were a page. Nobody learns whether there is one."""

    code = "credential_private"
    title = phrase("A badge is shown by its holder")
    steps = (
        phrase("Ask the holder for a link: they make one on their own badge page."),
        phrase("If you have the badge as a file, check it on the page Check a credential."),
    )


class UnknownShareError(NotFoundError):
    """The link is mistyped, or its maker ended it: which of the two is nobody's business."""

    code = "share_unknown"
    title = phrase("This link shows nothing")
    steps = (
        phrase("Check that the whole link was copied."),
        (
            phrase(
                "Ask the person who gave it to you for a new one: the holder "
                "of a badge can end a link"
                " at any time."
            )
        ),
    )


class UnreadableCredentialError(InvalidRequestError):
    """What was handed in for checking is no credential that could be read."""

    code = "credential_unreadable"
    title = phrase("We could not read that as a credential")
    steps = (
        phrase("Choose the file exactly as you received it, or paste all of its text."),
        phrase("If it came as a link, open the link instead."),
    )
