"""Roles: what platforms send, and what it means."""

from typing import get_args

import pytest

from lti_tool.administration.forms import Given
from lti_tool.launch.rules import GIVEN_ROLES, roles_of
from lti_tool.people.rules import STAFF_ROLES, Act, Role, may

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
