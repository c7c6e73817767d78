"""What else a newer edition changes at a placement, besides questions and scores. Pure functions.

What is told here is kept with a run over all courses and translated again when it is read
(`core.language.recalled`): so nothing here has plural forms.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from lti_tool.assessments.conditions import Conditions, Limits, Shown, strictest
from lti_tool.assessments.marking import Scheme
from lti_tool.core.language import marked, phrase

_Showing = Literal["answers_shown", "feedback_shown", "key_shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds at a placement: its own rules and its edition's together.

    Attributes:
        pass_mark: share of the points, 0 to 1.
        conditions: of taking it, and of what is shown afterwards.
        scheme: how people mark.
    """

    pass_mark: Decimal
    conditions: Conditions
    scheme: Scheme


_WHEN = {
    Shown.AT_ONCE: phrase("When it is handed in"),
    Shown.SETTLED: phrase("After a pass or the last attempt"),
    Shown.AFTER_WINDOW: phrase("When the activity has closed for everybody"),
    Shown.NEVER: phrase("Never"),
}
# Of each thing that is shown: that it comes earlier, that it comes later, that it would.
_SHOWN: dict[_Showing, tuple[str, str, str]] = {
    "answers_shown": (
        marked(
            "Learners see their answers earlier, also of past attempts: “%(after)s” in "
            "place of “%(before)s”."
        ),
        marked(
            "Learners see their answers later, also of past attempts: “%(after)s” in place "
            "of “%(before)s”."
        ),
        marked(
            "The edition would show learners their answers earlier. Here it stays as it "
            "is: “%(before)s”."
        ),
    ),
    "feedback_shown": (
        marked(
            "Learners see feedback earlier, also on past attempts: “%(after)s” in place of "
            "“%(before)s”."
        ),
        marked(
            "Learners see feedback later, also on past attempts: “%(after)s” in place of "
            "“%(before)s”."
        ),
        marked(
            "The edition would show learners feedback earlier. Here it stays as it is: "
            "“%(before)s”."
        ),
    ),
    "key_shown": (
        marked(
            "Learners see the right answers earlier, also of past attempts: “%(after)s” in "
            "place of “%(before)s”."
        ),
        marked(
            "Learners see the right answers later, also of past attempts: “%(after)s” in "
            "place of “%(before)s”."
        ),
        marked(
            "The edition would show learners the right answers earlier. Here it stays as "
            "it is: “%(before)s”."
        ),
    ),
}


def holding_back(before: Conditions, limits: Limits, own: Conditions) -> Conditions:
    """Return a placement's own conditions by which a newer edition shows nothing earlier.

    Args:
        before: what holds now.
        limits: what the newer edition allows.
        own: what the placement says for itself now; kept where that is enough.
    """
    after = strictest(limits, own)
    return replace(
        own,
        answers_shown=_held(before.answers_shown, after.answers_shown, own.answers_shown),
        feedback_shown=_held(before.feedback_shown, after.feedback_shown, own.feedback_shown),
        key_shown=_held(before.key_shown, after.key_shown, own.key_shown),
    )


def _held(before: Shown, after: Shown, own: Shown) -> Shown:
    return before if after.strictness < before.strictness else own


def differences(before: Rules, after: Rules, *, holds_back: bool = False) -> tuple[str, ...]:
    """Return in sentences what of the rules a newer edition changes at a placement.

    Args:
        before: what holds now.
        after: what would hold by the newer edition.
        holds_back: what it would show earlier stays as it is (`holding_back`).
    """
    return (
        *_of_passing(before.pass_mark, after.pass_mark),
        *_of_limits(before.conditions, after.conditions),
        *_of_showing(before.conditions, after.conditions, holds_back=holds_back),
        *_of_marking(before.scheme, after.scheme),
    )


def _of_passing(before: Decimal, after: Decimal) -> Iterator[str]:
    if before != after:
        yield phrase(
            "The pass mark changes from %(before)s%% to %(after)s%% of the points.",
            before=before * 100,
            after=after * 100,
        )


def _of_limits(before: Conditions, after: Conditions) -> Iterator[str]:
    minutes, minutes_then = before.minutes, after.minutes
    if minutes != minutes_then:
        if minutes is None:
            yield phrase("New attempts get a limit of minutes: %(after)s.", after=minutes_then)
        elif minutes_then is None:
            yield phrase(
                "New attempts have no time limit any more. The limit in minutes was %(before)s.",
                before=minutes,
            )
        else:
            yield phrase(
                "The minutes for a new attempt change from %(before)s to %(after)s.",
                before=minutes,
                after=minutes_then,
            )
    most, most_then = before.max_attempts, after.max_attempts
    if most != most_then:
        if most is None:
            yield phrase(
                "The number of attempts gets a limit: %(after)s. Those already made count.",
                after=most_then,
            )
        elif most_then is None:
            yield phrase(
                "The number of attempts has no limit any more. It was %(before)s.", before=most
            )
        else:
            yield phrase(
                "The number of attempts changes from %(before)s to %(after)s. "
                "Those already made count.",
                before=most,
                after=most_then,
            )
    if before.cooldown_minutes != after.cooldown_minutes:
        yield phrase(
            "The minutes between two attempts change from %(before)s to %(after)s.",
            before=before.cooldown_minutes,
            after=after.cooldown_minutes,
        )


def _of_showing(before: Conditions, after: Conditions, *, holds_back: bool) -> Iterator[str]:
    for name, (earlier, later, stays) in _SHOWN.items():
        now: Shown = getattr(before, name)
        then: Shown = getattr(after, name)
        if now == then:
            continue
        told = later
        if then.strictness < now.strictness:
            told = stays if holds_back else earlier
        yield phrase(told, before=_WHEN[now], after=_WHEN[then])


def _of_marking(before: Scheme, after: Scheme) -> Iterator[str]:
    if before.markers == 1 < after.markers:
        yield (
            phrase(
                "Two people mark each long text and file, blind; a lead marker decides "
                "where they differ."
            )
            if after.is_led
            else phrase(
                "Two people mark each long text and file, blind; a third decides where they differ."
            )
        )
        return
    if after.is_led and not before.is_led:
        yield phrase("Where two marks differ, a lead marker decides, no longer any third person.")
    elif before.is_led and not after.is_led:
        yield phrase("Where two marks differ, any third person decides, no longer a lead marker.")
    if after.markers > 1 and before.tolerance != after.tolerance:
        yield phrase(
            "Two marks agree within %(after)s%% of the points, no longer within %(before)s%%.",
            before=before.tolerance * 100,
            after=after.tolerance * 100,
        )
