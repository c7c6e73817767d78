from decimal import Decimal

import pytest

from lti_tool.assessments.queries import find_result
from lti_tool.badges.models import Achievement
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import UserId
from lti_tool.grading.models import DesiredScore
from lti_tool.learner.queries.badges import get_badge, list_badges
from lti_tool.learner.queries.result import (
    Arrivals,
    BadgeState,
    EarnedBadge,
    ScoreStanding,
    ScoreState,
    find_score,
)
from lti_tool.people.queries import find_person
from tests.conftest import Worker
from tests.learner import story
from tests.learner.story import Activity, University

COLUMN = "https://lms.example/lineitems/1"


def standing(here: University, activity: Activity, user_id: UserId) -> ScoreStanding:
    with transaction(here.institution_id) as session:
        counted = find_result(session, activity.placement_id, user_id)
        assert counted is not None
        return find_score(session, counted)


def desire(here: University, activity: Activity, user_id: UserId, **values: object) -> None:
    now = clock.now()
    row: dict[str, object] = {
        "registration_id": here.registration_id,
        "placement_id": activity.placement_id,
        "user_id": user_id,
        "subject": "learner",
        "line_item_url": COLUMN,
        "given": Decimal(1),
        "maximum": Decimal(2),
        "result_version": 1,
        "version": 1,
        "changed_at": now,
    }
    with transaction(here.institution_id) as session:
        session.add(DesiredScore(**(row | values)))


@pytest.mark.parametrize(
    ("column", "state"), [(None, "no_column"), ("", "no_column"), (COLUMN, "sending")]
)
def test_before_a_score_is_desired_the_link_says_whether_one_will_be(
    here: University, column: str | None, state: str
) -> None:
    activity = story.add_activity(here, "Counting", line_item_url=column)
    user_id = story.enrol(here)
    story.take(here, activity, user_id, "right", "wrong")

    assert standing(here, activity, user_id).state == state


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, ScoreState.SENDING),
        ({"acknowledged_version": 1, "acknowledged_at": clock.now()}, ScoreState.RECEIVED),
        ({"refused_at": clock.now()}, ScoreState.REFUSED),
        ({"refused_at": clock.now(), "last_outcome": "replaced"}, ScoreState.REPLACED),
        (
            {"version": 2, "acknowledged_version": 1, "acknowledged_at": clock.now()},
            ScoreState.SENDING,
        ),
    ],
)
def test_a_score_has_arrived_when_its_newest_version_was_acknowledged(
    here: University, values: dict[str, object], state: ScoreState
) -> None:
    activity = story.add_activity(here, "Counting", line_item_url=COLUMN)
    user_id = story.enrol(here)
    story.take(here, activity, user_id, "right", "wrong")
    desire(here, activity, user_id, **values)

    assert standing(here, activity, user_id).state == state


def test_an_older_result_that_arrived_says_nothing_of_a_newer(here: University) -> None:
    activity = story.add_activity(here, "Counting", line_item_url=COLUMN)
    user_id = story.enrol(here)
    story.take(here, activity, user_id, "right", "wrong")
    desire(here, activity, user_id, acknowledged_version=1, acknowledged_at=clock.now())
    assert standing(here, activity, user_id).state == ScoreState.RECEIVED

    story.take(here, activity, user_id, "right", "right")

    assert standing(here, activity, user_id).state == ScoreState.SENDING


@pytest.mark.parametrize(
    ("score", "badge", "settled"),
    [
        (ScoreState.SENDING, None, False),
        (ScoreState.RECEIVED, None, True),
        (ScoreState.REFUSED, None, True),
        (ScoreState.NO_COLUMN, BadgeState.SIGNING, False),
        (ScoreState.NO_COLUMN, BadgeState.VALID, True),
        (ScoreState.NO_COLUMN, BadgeState.WITHDRAWN, True),
        (ScoreState.SENDING, BadgeState.VALID, False),
    ],
)
def test_all_is_settled_when_nothing_more_comes_by_itself(
    score: ScoreState, badge: BadgeState | None, *, settled: bool
) -> None:
    earned = (
        EarnedBadge(achievement=Achievement(name="Counting"), state=badge, award=None)
        if badge
        else None
    )

    arrivals = Arrivals(score=ScoreStanding(state=score), badge=earned, ways=())

    assert arrivals.settled is settled


def test_a_document_is_for_its_holder_only(here: University, worker: Worker) -> None:
    activity = story.add_activity(here, "Counting")
    user_id, other_id = story.enrol(here), story.enrol(here, "Tomás")
    story.take(here, activity, user_id, "right", "right")
    story.take(here, activity, other_id, "right", "right")
    worker.run()

    with transaction(here.institution_id) as session:
        own, other = find_person(session, user_id), find_person(session, other_id)
        [badge], [others] = list_badges(session, own), list_badges(session, other)
        assert own is not None
        assert other is not None
        assert badge.credential_id is not None
        assert others.credential_id != badge.credential_id
        assert get_badge(session, own, badge.credential_id).person_id == own
        with pytest.raises(NotFoundError):
            get_badge(session, other, badge.credential_id)
