"""Questions that offer answers to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lti_tool.assessments import content
from lti_tool.assessments.items.parts import (
    RIGHT,
    WRONG,
    Markdown,
    Option,
    OptionId,
    Question,
    Score,
    ShownItem,
    ShownOption,
    Takes,
    Told,
    check_unique,
    feedbacks,
    listed,
    shown_options,
    shuffled,
)
from lti_tool.core.language import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChoices(ShownItem):
    """Radio buttons, or boxes to tick when `several` may be chosen."""

    control: ClassVar[str] = "choices"

    options: tuple[ShownOption, ...]
    several: bool


class _Choices(Question):
    """Options in the author's order, or shuffled for each attempt."""

    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=26)]
    shuffle: bool = False

    def _draw_options(self, random: Random) -> tuple[str, ...]:
        ids = tuple(option.id for option in self.options)
        return shuffled(ids, random) if self.shuffle else ids

    def _shown_options(self, order: Sequence[str]) -> tuple[ShownOption, ...]:
        return shown_options({option.id: option.text for option in self.options}, order)

    def _told(self, value: Sequence[str], keys: Sequence[str]) -> Told:
        chosen = [option for option in self.options if option.id in value]
        right = [content.inline(option.text) for option in self.options if option.id in keys]
        return Told(
            given=listed([content.inline(option.text) for option in chosen]) if chosen else None,
            feedback=feedbacks([option.feedback for option in chosen]),
            key=listed(right),
        )


class SingleChoice(_Choices):
    """One right answer among several.

    Attributes:
        key: the id of the right option.
    """

    type: Literal["single_choice"] = "single_choice"
    version: Literal[1] = 1
    key: OptionId

    @model_validator(mode="after")
    def _fits(self) -> Self:
        ids = [option.id for option in self.options]
        check_unique(ids, "options")
        if self.key not in ids:
            raise ValueError("the key is not one of the options")
        return self

    def draw(self, random: Random) -> Takes:
        """Offer each option."""
        return Takes(takes="one", options=self._draw_options(random))

    def shown(self, order: Sequence[str]) -> ShownChoices:
        """Show radio buttons."""
        return ShownChoices(
            **self._head(),
            hint=phrase("Choose one."),
            options=self._shown_options(order),
            several=False,
        )

    def score(self, value: Sequence[str]) -> Score:
        """Give all or nothing."""
        return Score(share=RIGHT if list(value) == [self.key] else WRONG)

    def told(self, value: Sequence[str]) -> Told:
        """Tell the option chosen."""
        return self._told(value, [self.key])


class MultipleChoice(_Choices):
    """Any number of right answers among several.

    Attributes:
        keys: the ids of the right options, at least one.
        credit: `all_or_nothing`: just the right ones; `right_minus_wrong`: each right one
            counts, each wrong one takes as much away; `each_option`: each option counts
            that is rightly chosen or rightly left.
        most: how many may be chosen; with more nothing counts. None for as many as there are.
    """

    type: Literal["multiple_choice"] = "multiple_choice"
    version: Literal[1] = 1
    keys: Annotated[tuple[OptionId, ...], Field(min_length=1)]
    credit: Literal["all_or_nothing", "right_minus_wrong", "each_option"] = "right_minus_wrong"
    most: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        ids = [option.id for option in self.options]
        check_unique(ids, "options")
        if len(set(self.keys)) < len(self.keys) or not set(self.keys) <= set(ids):
            raise ValueError("the keys are not options, each named once")
        if self.most is not None and self.most < len(self.keys):
            raise ValueError("fewer may be chosen than are right")
        if self.credit == "right_minus_wrong" and len(self.keys) == len(ids):
            raise ValueError("all options are right: choosing everything would take no thought")
        return self

    def draw(self, random: Random) -> Takes:
        """Offer each option."""
        return Takes(takes="several", options=self._draw_options(random))

    def shown(self, order: Sequence[str]) -> ShownChoices:
        """Show boxes to tick."""
        return ShownChoices(
            **self._head(),
            hint=phrase(
                "Choose at most %(most)s.",
                most=self.most,
            )
            if self.most
            else phrase("Choose all that apply."),
            options=self._shown_options(order),
            several=True,
        )

    def score(self, value: Sequence[str]) -> Score:
        """Give credit by the item's rule; nothing chosen, or too many, earns nothing."""
        if not value or self.problem(value):
            return Score(share=WRONG)
        keys, chosen = set(self.keys), set(value)
        right, wrong = len(chosen & keys), len(chosen - keys)
        match self.credit:
            case "all_or_nothing":
                return Score(share=RIGHT if chosen == keys else WRONG)
            case "right_minus_wrong":
                return Score(share=max(WRONG, Decimal(right - wrong) / len(keys)))
            case "each_option":
                missed = len(keys) - right
                options = len(self.options)
                return Score(share=Decimal(options - wrong - missed) / options)

    def told(self, value: Sequence[str]) -> Told:
        """Tell the options chosen."""
        return self._told(value, self.keys)

    def problem(self, value: Sequence[str]) -> str | None:
        """Say when too many are chosen."""
        if self.most is not None and len(value) > self.most:
            return phrase(
                "You have chosen %(value)s. With more than %(most)s, none counts.",
                value=len(value),
                most=self.most,
            )
        return None


class TrueFalse(Question):
    """A statement to judge.

    Attributes:
        key: whether the stem is true.
        feedback_true, feedback_false: for those who chose it.
    """

    type: Literal["true_false"] = "true_false"
    version: Literal[1] = 1
    key: bool
    feedback_true: Markdown | None = None
    feedback_false: Markdown | None = None

    def draw(self, random: Random) -> Takes:  # noqa: ARG002 - true comes first everywhere
        """Offer both."""
        return Takes(takes="one", options=("true", "false"))

    def shown(self, order: Sequence[str]) -> ShownChoices:
        """Show two radio buttons."""
        return ShownChoices(
            **self._head(),
            hint=phrase("Is this true or false?"),
            options=shown_options(_JUDGEMENTS, order, plain=True),
            several=False,
        )

    def score(self, value: Sequence[str]) -> Score:
        """Give all or nothing."""
        return Score(share=RIGHT if list(value) == [self._right] else WRONG)

    def told(self, value: Sequence[str]) -> Told:
        """Tell the judgement."""
        said = {"true": self.feedback_true, "false": self.feedback_false}
        return Told(
            given=listed([_JUDGEMENTS[word] for word in value]) if value else None,
            feedback=feedbacks([said[word] for word in value]),
            key=listed([_JUDGEMENTS[self._right]]),
        )

    @property
    def _right(self) -> str:
        return "true" if self.key else "false"


_JUDGEMENTS = {"true": phrase("True"), "false": phrase("False")}
