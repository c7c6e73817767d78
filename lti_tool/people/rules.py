"""Who may do what: one table, read by every route through its guard."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum


class Role(StrEnum):
    """What somebody is here: in a course by the platform's word, or at the institution by ours."""

    LEARNER = "learner"
    INSTRUCTOR = "instructor"
    CONTENT_DEVELOPER = "content_developer"
    ADMINISTRATOR = "administrator"
    TEST_USER = "test_user"

    REGISTRAR = "registrar"
    PROGRAMME_LEAD = "programme_lead"
    ISSUER = "issuer"
    AUDITOR = "auditor"
    TOOL_ADMINISTRATOR = "tool_administrator"


class Act(StrEnum):
    """What a route lets somebody do. Each route names one."""

    TAKE_ATTEMPT = "take_attempt"
    ANSWER = "answer"
    TRY = "try"
    SEE_OWN = "see_own"
    SHARE_BADGE = "share_badge"
    PLACE = "place"
    SEE_RESULTS = "see_results"
    RESEND_SCORES = "resend_scores"
    MARK = "mark"
    REGRADE = "regrade"
    SET_CONDITIONS = "set_conditions"
    GIVE_TIME = "give_time"
    DELETE_ATTEMPT = "delete_attempt"
    SEE_PROGRESS = "see_progress"
    SEE_RECORD = "see_record"
    EXPORT = "export"
    ISSUE = "issue"
    AUTHOR = "author"
    REGRADE_EVERYWHERE = "regrade_everywhere"
    COMPOSE = "compose"
    DECIDE = "decide"
    SEE_AUDIT = "see_audit"
    ADMINISTER = "administer"


# What an institution's own sign-in can give. The others are a platform's to give, course by course.
STAFF_ROLES = frozenset(
    {
        Role.REGISTRAR,
        Role.PROGRAMME_LEAD,
        Role.ISSUER,
        Role.AUDITOR,
        Role.TOOL_ADMINISTRATOR,
    }
)

# A launch without a role we know must work all the same (LTI Core 1.3 §5.3.7.1, an empty list is
# allowed): whoever the platform vouches for may look at what is their own, and at nothing else.
_ANYBODY = frozenset({Act.SEE_OWN})

# Who teaches answers in a trial only: to begin an attempt takes another act.
_TEACHING = frozenset(
    {
        Act.SEE_OWN,
        Act.PLACE,
        Act.SEE_RESULTS,
        Act.RESEND_SCORES,
        Act.MARK,
        Act.REGRADE,
        Act.TRY,
        Act.ANSWER,
        Act.SET_CONDITIONS,
        Act.GIVE_TIME,
        Act.DELETE_ATTEMPT,
    }
)

_ACTS: dict[Role, frozenset[Act]] = {
    Role.LEARNER: frozenset({Act.SEE_OWN, Act.TAKE_ATTEMPT, Act.ANSWER, Act.SHARE_BADGE}),
    Role.INSTRUCTOR: _TEACHING,
    Role.CONTENT_DEVELOPER: frozenset({Act.SEE_OWN, Act.PLACE, Act.TRY, Act.ANSWER}),
    Role.ADMINISTRATOR: _TEACHING,
    Role.TEST_USER: frozenset({Act.SEE_OWN, Act.TAKE_ATTEMPT, Act.ANSWER}),
    Role.REGISTRAR: frozenset(
        {
            Act.SEE_PROGRESS,
            Act.SEE_RECORD,
            Act.EXPORT,
            Act.DECIDE,
            Act.COMPOSE,
            Act.SEE_AUDIT,
        }
    ),
    # Says what a pathway of the programme asks for; who is moved to it, the registrar decides.
    Role.PROGRAMME_LEAD: frozenset({Act.SEE_PROGRESS, Act.COMPOSE}),
    Role.ISSUER: frozenset({Act.SEE_PROGRESS, Act.ISSUE, Act.AUTHOR, Act.REGRADE_EVERYWHERE}),
    Role.AUDITOR: frozenset({Act.SEE_PROGRESS, Act.SEE_RECORD, Act.SEE_AUDIT}),
    # Connects platforms and looks after keys; sees no learner.
    Role.TOOL_ADMINISTRATOR: frozenset({Act.ADMINISTER}),
}


# As long as the words that are kept: longer ones begin with these.
LONGEST_WORD = 100
_MARKS = re.compile("[\u0300-\u036f]")
_BETWEEN_WORDS = re.compile(r"[\W_]+")


def search_words(text: str) -> list[str]:
    """Return the beginnings of words that somebody looks for, as names are kept for searching.

    Lower case, without accents; what has an @ stays whole.
    """
    folded = _MARKS.sub("", unicodedata.normalize("NFKD", text.lower()))
    found: list[str] = []
    for token in folded.split():
        found += [token] if "@" in token.strip("@") else filter(None, _BETWEEN_WORDS.split(token))
    return [word[:LONGEST_WORD] for word in dict.fromkeys(found)]


def may(roles: frozenset[Role], act: Act) -> bool:
    """Tell whether somebody with these roles may do `act`. What the table does not name is no."""
    return act in _ANYBODY or any(act in _ACTS.get(role, frozenset()) for role in roles)


def staff_roles(claim: object, role_map: Mapping[str, Sequence[str]]) -> frozenset[Role]:
    """Return the roles that an identity provider's claim gives. Unknown words give none.

    Args:
        claim: one word or a list of them, as the provider sent it.
        role_map: for a word of the provider's, the roles of ours that it gives.
    """
    words = [claim] if isinstance(claim, str) else claim
    if not isinstance(words, list):
        return frozenset()
    given = {role for word in words if isinstance(word, str) for role in role_map.get(word, ())}
    return frozenset(role for role in STAFF_ROLES if role.value in given)
