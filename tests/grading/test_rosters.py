"""The members of a course, read from Campus."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from lti_tool.assessments import queries as assessments
from lti_tool.campus import store
from lti_tool.campus.personality import CANVAS, MOODLE, OPEN_EDX, STRICT, Personality
from lti_tool.core.db import transaction
from lti_tool.instructor.queries import list_without_result
from lti_tool.launch.models import Launch
from lti_tool.people.rules import Role
from lti_tool.platforms.models import Deployment, RosterMember, User
from lti_tool.platforms.rosters import KnownRoster, find_roster, refresh_roster
from tests.grading.course import AMARA, MIRELA, Course


def roster(course: Course) -> KnownRoster:
    with transaction(course.institution_id) as session:
        return find_roster(session, course.context_id)


def refresh(course: Course, habits: Personality = STRICT) -> KnownRoster:
    with course.personality(habits):
        refresh_roster(course.institution_id, course.context_id)
    return roster(course)


@pytest.mark.parametrize("habits", [STRICT, MOODLE, CANVAS], ids=lambda one: one.name)
def test_everybody_is_there_once_however_small_the_pages(
    course: Course, habits: Personality
) -> None:
    whole = {member.subject for member in refresh(course).members}

    found = refresh(course, replace(habits, page_size=2))

    assert [member.subject for member in found.members].count(AMARA) == 1
    assert {member.subject for member in found.members} == whole
    assert found.error is None
    assert MIRELA in whole


@pytest.mark.parametrize(
    "habits",
    [
        replace(STRICT, page_size=2, stuck_members_link=True),
        replace(OPEN_EDX, most_members=3),
    ],
    ids=["a circle", "too many"],
)
def test_a_part_is_never_taken_for_the_whole(course: Course, habits: Personality) -> None:
    before = refresh(course)

    after = refresh(course, habits)

    assert after.error
    assert after.members == before.members
    assert after.read_at == before.read_at


def test_a_platform_that_is_away_leaves_what_is_known(course: Course) -> None:
    before = refresh(course)
    course.site.campus.faults.change({"html": True})

    after = refresh(course)

    assert after.error
    assert after.members == before.members


def test_who_left_is_gone_from_the_next_whole_list(course: Course) -> None:
    before = {member.subject for member in refresh(course).members}
    store.unenrol(course.site.campus.engine, course_id=1, person_id=2)
    try:
        after = {member.subject for member in refresh(course).members}
    finally:
        store.enrol(course.site.campus.engine, course_id=1, person_id=2, role="Learner")

    assert before - after == {AMARA}
    assert after < before


def test_nothing_is_known_before_the_first_time(course: Course) -> None:
    assert roster(course) == KnownRoster(members=(), read_at=None, error=None)


def test_who_lacks_a_grade_is_told_by_the_roles_that_the_institution_decided(
    course: Course,
) -> None:
    [teacher] = [one for one in refresh(course).members if one.subject == MIRELA]
    assert MIRELA not in without_result(course)
    with transaction(course.institution_id) as session:
        session.execute(
            update(Deployment).values(role_map=dict.fromkeys(teacher.roles, Role.LEARNER.value))
        )

    assert MIRELA in without_result(course)


def test_who_came_to_teach_lacks_no_grade_whatever_the_list_calls_them(course: Course) -> None:
    """Moodle's list calls teachers who may not edit learners."""
    refresh(course)
    with transaction(course.institution_id) as session:
        session.execute(update(RosterMember).values(roles=["Learner"]))
    assert {AMARA, MIRELA} <= without_result(course)

    course.launch()

    assert MIRELA not in without_result(course)
    assert AMARA in without_result(course)


def test_who_came_to_teach_once_and_as_a_learner_too_is_a_learner_who_lacks_a_grade(
    course: Course,
) -> None:
    refresh(course)
    with transaction(course.institution_id) as session:
        session.execute(update(RosterMember).values(roles=["Learner"]))
    for _ in range(2):
        course.launch()
    assert MIRELA not in without_result(course)
    with transaction(course.institution_id) as session:
        theirs = select(Launch).join(User, User.id == Launch.user_id).where(User.subject == MIRELA)
        launch = session.scalars(theirs.order_by(Launch.id.desc()).limit(1)).one()
        launch.roles = ["learner"]

    assert MIRELA in without_result(course)


def without_result(course: Course) -> set[str]:
    with transaction(course.institution_id) as session:
        placement = assessments.get_placement(session, course.placement_id)
        known = find_roster(session, course.context_id)
        return {one.subject for one in list_without_result(session, placement, known)}
