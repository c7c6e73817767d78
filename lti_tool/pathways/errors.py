"""What can go wrong when a pathway is published."""

from collections.abc import Sequence

from lti_tool.core.errors import ConflictError, InvalidRequestError, NotFoundError
from lti_tool.core.language import joined, phrase


class ImpossiblePathwayError(InvalidRequestError):
    """Nobody could ever complete it, or it is not well formed.

    Attributes:
        problems: sentences, each beginning with the place in the tree.
    """

    code = "impossible_pathway"
    title = phrase("This pathway cannot be completed by anybody")
    steps = (phrase("Change the parts that are named, and publish again."),)

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(joined(problems))
        self.problems = tuple(problems)


class CyclicPathwayError(InvalidRequestError):
    """Its achievement would be needed to earn itself.

    Attributes:
        names: of the achievements on the offending path, the first and the last the same.
    """

    code = "cyclic_pathway"
    title = phrase("This pathway would lead back to itself")
    steps = (phrase("Take one of these achievements out of the pathway that names it."),)

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            phrase(
                "Each of these needs the next: %(names)s.",
                names=" → ".join(names),
            )
        )
        self.names = tuple(names)


class PathwayExistsError(ConflictError):
    """An achievement is awarded by one pathway only."""

    code = "pathway_exists"
    title = phrase("Another pathway leads to this achievement already")
    steps = (phrase("Publish a new version of that pathway, or choose another achievement."),)


class UnknownAchievementError(NotFoundError):
    """A pathway names an achievement that this institution has not published."""

    code = "unknown_achievement"
    title = phrase("This pathway names an achievement that is not published")
    steps = (phrase("Publish the achievement first."),)


class UnknownRequirementError(NotFoundError):
    """A decision is about a requirement that the person's version does not have."""

    code = "unknown_requirement"
    title = phrase("This requirement is not there")
    steps = (phrase("Open the person's record again, and choose the requirement there."),)


class RuledAlreadyError(ConflictError):
    """A decision about the same requirement stands."""

    code = "ruled_already"
    title = phrase("Somebody has decided about this already")
    steps = (phrase("Look at the decision that stands, and undo it first if it shall change."),)


class DraftChangedError(ConflictError):
    """Somebody has changed a draft since the page that wants to change it was made."""

    code = "pathway_draft_changed"
    title = phrase("Somebody has changed this draft meanwhile")
    steps = (phrase("Look at what it is now, and say whether your change shall still be made."),)

    def __init__(self) -> None:
        super().__init__(phrase("Their change is kept. Yours is not made yet."))


class UnfitStepError(ConflictError):
    """A change that the draft, as it is now, cannot take."""

    code = "unfit_step"
    title = phrase("The draft cannot be changed like this")
    steps = (phrase("Go back to the draft, and look at what it is now."),)


class UnnamedDraftError(UnfitStepError):
    """A new pathway is published before it is said what it is called and what it awards."""

    code = "draft_unnamed"
    title = phrase("It cannot be published yet")
    steps = (phrase("Enter a name and choose the badge for completing it."),)


class MoveDecidedError(ConflictError):
    """A move that is not looked at to the end cannot be decided on."""

    code = "move_not_looked_at"
    title = phrase("What it would change is not known yet")
    steps = (phrase("Wait until everybody has been looked at, then decide."),)
