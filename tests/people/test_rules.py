import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.people.rules import STAFF_ROLES, Act, Role, may, search_words, staff_roles

MAP = {
    "registry": ["registrar", "auditor", "programme_lead"],
    "dean": ["issuer", "tool_administrator"],
    "odd": ["learner", "king"],
}


def test_words_give_the_roles_that_the_map_says() -> None:
    assert staff_roles(["registry"], MAP) == {
        Role.REGISTRAR,
        Role.AUDITOR,
        Role.PROGRAMME_LEAD,
    }
    assert staff_roles("dean", MAP) == {Role.ISSUER, Role.TOOL_ADMINISTRATOR}
    assert staff_roles(["dean", "registry", "dean"], MAP) == STAFF_ROLES


def test_a_role_of_a_course_cannot_be_given_by_sign_in() -> None:
    assert staff_roles(["odd"], MAP) == frozenset()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).filter(lambda claim: not isinstance(claim, str) or claim not in MAP)
)
def test_whatever_else_a_claim_holds_gives_nothing(claim: object) -> None:
    words = [word for word in claim if isinstance(word, str)] if isinstance(claim, list) else []
    if not set(words) & set(MAP):
        assert staff_roles(claim, MAP) == frozenset()


_TEACHES = (
    "place see_results resend_scores mark regrade try answer set_conditions give_time"
    " delete_attempt"
)


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        (Role.LEARNER, "take_attempt answer share_badge"),
        (Role.TEST_USER, "take_attempt answer"),
        (Role.INSTRUCTOR, _TEACHES),
        (Role.ADMINISTRATOR, _TEACHES),
        (Role.CONTENT_DEVELOPER, "place try answer"),
        (Role.REGISTRAR, "see_progress see_record export decide compose see_audit"),
        (Role.PROGRAMME_LEAD, "see_progress compose"),
        (Role.ISSUER, "see_progress issue author regrade_everywhere"),
        (Role.AUDITOR, "see_progress see_record see_audit"),
        (Role.TOOL_ADMINISTRATOR, "administer"),
    ],
)
def test_each_role_may_do_this_and_no_more(role: Role, acts: str) -> None:
    """Written out again: other tests ask the table itself what to expect of a page."""
    allowed = {act.value for act in Act if may(frozenset({role}), act)}

    assert allowed == {"see_own", *acts.split()}


def test_two_roles_may_do_what_either_may() -> None:
    both = frozenset({Role.PROGRAMME_LEAD, Role.TOOL_ADMINISTRATOR})

    allowed = {act for act in Act if may(both, act)}

    assert allowed == {Act.SEE_OWN, Act.SEE_PROGRESS, Act.COMPOSE, Act.ADMINISTER}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Linh \u0110\u1eb7ng", ["linh", "\u0111ang"]),
        ("N\u00fa\u00f1ez  nunez", ["nunez"]),
        ("O'Brien-Smith_2", ["o", "brien", "smith", "2"]),
        ("amara.n@x.example", ["amara.n@x.example"]),
        ("@amara @", ["amara"]),
        ("x" * 101, ["x" * 100]),
        (" ", []),
    ],
)
def test_names_are_looked_for_by_the_beginnings_of_their_words(
    typed: str, words: list[str]
) -> None:
    assert search_words(typed) == words


def test_an_institutions_roles_open_nothing_in_a_course_and_the_reverse() -> None:
    course = {Act.TAKE_ATTEMPT, Act.SHARE_BADGE, Act.PLACE, Act.SEE_RESULTS, Act.RESEND_SCORES}
    course |= {Act.ANSWER, Act.TRY, Act.MARK, Act.REGRADE, Act.SET_CONDITIONS, Act.GIVE_TIME}
    course |= {Act.DELETE_ATTEMPT}
    desk = {
        Act.SEE_PROGRESS,
        Act.SEE_RECORD,
        Act.EXPORT,
        Act.DECIDE,
        Act.SEE_AUDIT,
        Act.ISSUE,
        Act.AUTHOR,
        Act.REGRADE_EVERYWHERE,
        Act.COMPOSE,
        Act.ADMINISTER,
    }

    assert course | desk | {Act.SEE_OWN} == set(Act)
    for role in Role:
        forbidden = course if role in STAFF_ROLES else desk
        assert not any(may(frozenset({role}), act) for act in forbidden)


def test_only_the_registrar_decides_and_takes_data_along() -> None:
    for act in (Act.DECIDE, Act.EXPORT):
        assert [role for role in Role if may(frozenset({role}), act)] == [Role.REGISTRAR]


def test_who_leads_a_programme_composes_pathways_and_sees_no_record() -> None:
    lead = frozenset({Role.PROGRAMME_LEAD})
    assert {act for act in Act if may(lead, act)} == {
        Act.SEE_OWN,
        Act.SEE_PROGRESS,
        Act.COMPOSE,
    }


def test_nobody_in_particular_may_only_see_their_own() -> None:
    assert {act for act in Act if may(frozenset(), act)} == {Act.SEE_OWN}


def test_who_looks_after_the_tool_sees_no_learner_and_nobody_else_looks_after_it() -> None:
    assert [role for role in Role if may(frozenset({role}), Act.ADMINISTER)] == [
        Role.TOOL_ADMINISTRATOR
    ]
    administrator = frozenset({Role.TOOL_ADMINISTRATOR})
    assert {act for act in Act if may(administrator, act)} == {Act.SEE_OWN, Act.ADMINISTER}
