"""The reasons of an evaluation as sentences, for people and for the command line. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from lti_tool.core.ids import AchievementId, AwardId
from lti_tool.core.language import OnDay, joined, phrase, phrases
from lti_tool.pathways.counting import Held
from lti_tool.pathways.expression import AllOf, CreditsAtLeast, Earn, SomeOf
from lti_tool.pathways.rules import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One requirement and how it stands, in words; `parts` in display order."""

    text: str
    done: bool
    parts: "tuple[Explained, ...]" = ()


def explain(
    reason: Reason,
    names: Mapping[AchievementId, str],
    awards: Mapping[AwardId, Held],
) -> Explained:
    """Return a tree of reasons as sentences.

    Args:
        reason: of an evaluation.
        names: of the achievements its leaves name, and of those these need.
        awards: what counts, and where it does not, what else is held.
    """
    node = reason.requirement
    if isinstance(node, Earn):
        return Explained(text=_stone(node, reason, names, awards), done=reason.done)
    return Explained(
        text=phrase("%(title)s. %(group)s", title=node.title, group=_group(reason))
        if node.title
        else _group(reason),
        done=reason.done,
        parts=tuple(explain(part, names, awards) for part in reason.parts),
    )


def _group(reason: Reason) -> str:
    node = reason.requirement
    counted, needed = reason.counted, reason.needed
    if reason.waived:
        return phrase("Waived by a decision.")
    if isinstance(node, CreditsAtLeast):
        kinds = [
            phrase(
                "%(credits)s of kind %(name)s",
                credits=kind.credits,
                name=kind.name,
            )
            for kind in node.of_kind
        ]
        if kinds:
            return phrase(
                "Credits so far: %(counted)s; needed: %(needed)s, with %(kinds)s.",
                counted=counted,
                needed=needed,
                kinds=joined(kinds, ", "),
            )
        return phrase(
            "Credits so far: %(counted)s; needed: %(needed)s.", counted=counted, needed=needed
        )
    if isinstance(node, SomeOf):
        return phrase(
            "%(choose)s of these %(parts)s: %(counted)s so far.",
            choose=node.choose,
            parts=len(reason.parts),
            counted=counted,
        )
    if isinstance(node, AllOf) and node.exclusive:
        return phrase(
            "All of these, each stone counting once: %(counted)s of %(needed)s.",
            counted=counted,
            needed=needed,
        )
    return phrase(
        "All of these: %(counted)s of %(needed)s.",
        counted=counted,
        needed=needed,
    )


def _stone(
    node: Earn,
    reason: Reason,
    names: Mapping[AchievementId, str],
    awards: Mapping[AwardId, Held],
) -> str:
    name = names[node.achievement_id]
    if reason.awards:
        since, until = reason.since, reason.until
        if all(awards[award].achievement_id != node.achievement_id for award in reason.awards):
            other = names.get(awards[reason.awards[0]].achievement_id, phrase("another award"))
            if until:
                return phrase(
                    "%(name)s: %(other)s counts in its place by a decision, "
                    "counts until %(until)s.",
                    name=name,
                    other=other,
                    until=OnDay(until),
                )
            return phrase(
                "%(name)s: %(other)s counts in its place by a decision.", name=name, other=other
            )
        if until:
            return phrase(
                "%(name)s: held since %(since)s, counts until %(until)s.",
                name=name,
                since=since and OnDay(since),
                until=OnDay(until),
            )
        return phrase("%(name)s: held since %(since)s.", name=name, since=since and OnDay(since))
    if reason.waived:
        return phrase(
            "%(name)s: waived by a decision.",
            name=name,
        )
    return phrase("%(name)s: %(why)s", name=name, why=_why(node, reason, names))


def _why(node: Earn, reason: Reason, names: Mapping[AchievementId, str]) -> str:
    needs = ", ".join(names[known] for known in reason.beside)
    if reason.why is None or reason.why == "absent":
        return (
            phrase(
                "not held yet; it needs %(needs)s too.",
                needs=needs,
            )
            if needs
            else phrase("not held yet.")
        )
    return {
        "expired": phrase(
            "held, but it expired on %(own)s.",
            own=_end(reason.nearly),
        ),
        "too_old": phrases(
            "held, but it counts only for %(num)s day after it is earned.",
            "held, but it counts only for %(num)s days after it is earned.",
            node.within_days or 0,
        ),
        "grade": _grade(node, reason.nearly),
        "level": phrase(
            "held, but at least level %(level_at_least)s is needed.",
            level_at_least=node.level_at_least,
        ),
        "needs": phrase(
            "held, but it counts only together with %(needs)s.",
            needs=needs,
        ),
        "elsewhere": phrase("held, but it counts toward another part here."),
    }[reason.why]


def _end(award: Held | None) -> OnDay | str:
    if award is None or award.valid_until is None:
        return phrase("an unknown day")
    return OnDay(award.valid_until)


def _grade(node: Earn, award: Held | None) -> str:
    wanted = (node.grade_at_least or Decimal(0)) * 100
    best = None if award is None else award.grade
    if best is None:
        return phrase(
            "held without a grade; at least %(wanted)s %% is needed.",
            wanted=wanted,
        )
    return phrase(
        "held with %(best)s %%; at least %(wanted)s %% is needed.",
        best=(best * 100),
        wanted=wanted,
    )
