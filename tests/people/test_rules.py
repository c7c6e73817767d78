from hypothesis import given
from hypothesis import strategies as st

from lti_tool.people.rules import STAFF_ROLES, Act, Role, may, staff_roles

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
