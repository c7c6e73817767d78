"""What a message must say, to the second and to the letter; roles, and what they mean."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import get_args

import pytest

from lti_tool.administration.forms import Given
from lti_tool.launch.errors import MessageRefusedError, Reason
from lti_tool.launch.rules import (
    GIVEN_ROLES,
    check_issuer,
    check_times,
    return_address,
    roles_of,
    roles_of_nobody,
)
from lti_tool.people.rules import STAFF_ROLES, Act, Role, may

NOW = datetime(2027, 3, 16, 12, 0, tzinfo=UTC)
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
SYSTEM = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        ([f"{MEMBERSHIP}#Learner"], {Role.LEARNER}),
        ([f"{MEMBERSHIP}#Instructor"], {Role.INSTRUCTOR}),
        ([f"{MEMBERSHIP}#ContentDeveloper"], {Role.CONTENT_DEVELOPER}),
        ([f"{MEMBERSHIP}#Administrator"], {Role.ADMINISTRATOR}),
        ([f"{MEMBERSHIP}/Instructor#TeachingAssistant"], {Role.INSTRUCTOR}),
        ([f"{MEMBERSHIP}/Learner#GuestLearner"], {Role.LEARNER}),
        (["Learner", "Instructor"], {Role.LEARNER, Role.INSTRUCTOR}),
        ([f"{MEMBERSHIP}#Mentor"], set()),
        ([f"{MEMBERSHIP}/Instructor"], set()),
        ([f"{MEMBERSHIP}Instructor"], set()),
        ([f"{MEMBERSHIP}Instructor#TeachingAssistant"], set()),
        ([f"{MEMBERSHIP}xInstructor#TeachingAssistant"], set()),
        ([f"{MEMBERSHIP}.example/Instructor#TeachingAssistant"], set()),
        (["instructor"], set()),
        ([], set()),
        # A professor who is a student here is a student here (Canvas sends both).
        ([f"{INSTITUTION}Instructor", f"{MEMBERSHIP}#Learner"], {Role.LEARNER}),
        ([f"{INSTITUTION}Administrator", f"{MEMBERSHIP}#Learner"], {Role.LEARNER}),
        ([f"{INSTITUTION}Instructor"], set()),
        ([f"{INSTITUTION}Faculty"], set()),
        ([f"{INSTITUTION}Student"], {Role.LEARNER}),
        ([f"{INSTITUTION}Administrator"], {Role.ADMINISTRATOR}),
        ([f"{SYSTEM}SysAdmin"], {Role.ADMINISTRATOR}),
        ([f"{SYSTEM}User"], set()),
        ([f"{MEMBERSHIP}#Learner", TEST_USER], {Role.LEARNER, Role.TEST_USER}),
        ([TEST_USER], {Role.TEST_USER}),
    ],
)
def test_a_role_in_the_course_decides_alone(names: list[str], roles: set[Role]) -> None:
    assert roles_of(names) == roles


ASSISTANT = f"{MEMBERSHIP}/Instructor#TeachingAssistant"
OWN_ROLE = "https://lms.example/roles#CourseDesigner"
MAP = {
    ASSISTANT: "learner",
    OWN_ROLE: "content_developer",
    f"{INSTITUTION}Administrator": "none",
    f"{SYSTEM}User": "instructor",
    f"{MEMBERSHIP}#Mentor": "registrar",
}


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        ([ASSISTANT], {Role.LEARNER}),
        ([f"{MEMBERSHIP}#Instructor"], {Role.INSTRUCTOR}),
        ([OWN_ROLE], {Role.CONTENT_DEVELOPER}),
        ([OWN_ROLE, f"{INSTITUTION}Student"], {Role.CONTENT_DEVELOPER}),
        ([f"{INSTITUTION}Administrator"], set()),
        # Somebody with a role elsewhere only keeps it there: the role in the course decides.
        ([f"{SYSTEM}User"], {Role.INSTRUCTOR}),
        ([f"{SYSTEM}User", f"{MEMBERSHIP}#Learner"], {Role.LEARNER}),
        # Nothing that was stored makes staff of anybody.
        ([f"{MEMBERSHIP}#Mentor"], set()),
    ],
)
def test_an_institution_decides_what_a_role_counts_as(names: list[str], roles: set[Role]) -> None:
    assert roles_of(names, MAP) == roles


def test_what_can_be_decided_is_what_the_form_offers() -> None:
    assert get_args(Given) == GIVEN_ROLES
    assert not set(GIVEN_ROLES) & {Role.TEST_USER.value, *(role.value for role in STAFF_ROLES)}


def test_nobody_without_a_role_may_do_more_than_look_at_what_is_theirs() -> None:
    assert {act for act in Act if may(frozenset(), act)} == {Act.SEE_OWN}


def test_a_learner_sees_no_one_elses_results_and_a_teacher_takes_no_attempt() -> None:
    assert not may(frozenset({Role.LEARNER}), Act.SEE_RESULTS)
    assert not may(frozenset({Role.LEARNER}), Act.PLACE)
    assert not may(frozenset({Role.INSTRUCTOR}), Act.TAKE_ATTEMPT)


def test_roles_from_a_platform_never_open_the_registrars_desk() -> None:
    from_platform = frozenset(
        {Role.LEARNER, Role.INSTRUCTOR, Role.CONTENT_DEVELOPER, Role.ADMINISTRATOR, Role.TEST_USER}
    )

    assert not may(from_platform, Act.SEE_PROGRESS)
    assert not may(from_platform, Act.EXPORT)


@pytest.mark.parametrize(
    ("roles", "counts_as"),
    [
        ({Role.LEARNER}, {Role.TEST_USER}),
        ({Role.LEARNER, Role.INSTRUCTOR}, {Role.TEST_USER}),
        ({Role.TEST_USER}, {Role.TEST_USER}),
        ({Role.INSTRUCTOR}, set()),
        ({Role.ADMINISTRATOR}, set()),
        (set(), set()),
    ],
)
def test_somebody_without_a_name_is_at_most_a_visitor(
    roles: set[Role], counts_as: set[Role]
) -> None:
    assert roles_of_nobody(frozenset(roles)) == counts_as


@pytest.mark.parametrize(
    ("iat", "exp", "nbf", "reason"),
    [
        (0, 60, None, None),
        (-100, -59, None, None),
        (-100, -60, None, Reason.EXPIRED),
        (60, 120, None, None),
        (61, 120, None, Reason.NOT_YET_VALID),
        (-360, 60, None, None),
        (-361, 60, None, Reason.TOO_OLD),
        (0, 120, 60, None),
        (0, 120, 61, Reason.NOT_YET_VALID),
        (61, 120, 0, Reason.NOT_YET_VALID),
    ],
)
def test_times_are_judged_to_the_second(
    iat: int, exp: int, nbf: int | None, reason: Reason | None
) -> None:
    at = int(NOW.timestamp())
    claims = {"iat": at + iat, "exp": at + exp} | ({} if nbf is None else {"nbf": at + nbf})

    assert _refusal(lambda: check_times(claims, NOW)) == reason


@pytest.mark.parametrize("odd", [True, None, "1", [1], float("nan"), float("inf"), 10**400])
@pytest.mark.parametrize("name", ["iat", "exp"])
def test_a_time_that_is_no_number_is_no_time(name: str, odd: object) -> None:
    at = int(NOW.timestamp())

    for more in ({}, {"nbf": at}):
        claims = {"iat": at, "exp": at + 60, **more, name: odd}
        assert _refusal(lambda: check_times(claims, NOW)) is Reason.NO_TIMES  # noqa: B023 - at once


@pytest.mark.parametrize("odd", [True, "1", [1], float("nan"), float("inf"), 10**400])
def test_a_beginning_need_not_be_named_but_is_a_number_if_it_is(odd: object) -> None:
    at = int(NOW.timestamp())
    claims = {"iat": at, "exp": at + 60, "nbf": odd}

    assert _refusal(lambda: check_times(claims, NOW)) is Reason.NO_TIMES
    assert _refusal(lambda: check_times({**claims, "nbf": None}, NOW)) is None


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "cairn"}, None),
        ({"aud": ["cairn"]}, None),
        ({"aud": ["other", "cairn"], "azp": "cairn"}, None),
        ({"aud": "cairn", "azp": "cairn"}, None),
        ({"aud": "my-cairn"}, Reason.AUDIENCE),
        ({"aud": "cairn-two"}, Reason.AUDIENCE),
        ({"aud": ["other"]}, Reason.AUDIENCE),
        ({}, Reason.AUDIENCE),
        ({"aud": ["cairn", "other"]}, Reason.AUTHORIZED_PARTY),
        ({"aud": ["cairn", "other"], "azp": "other"}, Reason.AUTHORIZED_PARTY),
        ({"aud": "cairn", "azp": "other"}, Reason.AUTHORIZED_PARTY),
        ({"aud": "cairn", "azp": ""}, Reason.AUTHORIZED_PARTY),
        ({"aud": "cairn", "iss": "https://lms.example/"}, Reason.ISSUER),
        ({"aud": "cairn", "iss": None}, Reason.ISSUER),
    ],
)
def test_a_message_is_of_this_platform_and_for_this_client(
    claims: dict[str, object], reason: Reason | None
) -> None:
    told = {"iss": "https://lms.example", **claims}

    assert _refusal(lambda: check_issuer(told, "https://lms.example", "cairn")) == reason


def test_the_way_back_keeps_parameters_without_a_value() -> None:
    url = return_address("https://lms.example/back?course=7&tab=", message="No", code="c")

    assert url == "https://lms.example/back?course=7&tab=&lti_errormsg=No&lti_errorlog=c"


def _refusal(check: Callable[[], None]) -> Reason | None:
    try:
        check()
    except MessageRefusedError as error:
        return error.reason
    return None
