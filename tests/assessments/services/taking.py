"""One learner's go at an attempt by the services, and what the database has of it."""

from sqlalchemy import select

from lti_tool.assessments import queries
from lti_tool.assessments.models import Attempt, LateResponse
from lti_tool.assessments.services import open_attempt, save_responses, submit_attempt
from lti_tool.core.db import transaction
from lti_tool.core.ids import AttemptId, ItemVersionId, PlacementId, UserId
from tests.assessments.factories import Page, University, form_of


def begin(place: University, placement_id: PlacementId, user_id: UserId) -> AttemptId:
    return open_attempt(place.id, placement_id, user_id)


def answer(place: University, attempt_id: AttemptId, user_id: UserId, letters: str) -> None:
    """Answer the first questions by these letters; a space leaves one out."""
    page = Page()
    saves = [
        page.save(item, letter)
        for item, letter in zip(form_of(place, attempt_id), letters, strict=False)
        if letter != " "
    ]
    save_responses(place.id, attempt_id, saves, user_id=user_id)


def take(place: University, placement_id: PlacementId, user_id: UserId, letters: str) -> Attempt:
    attempt_id = begin(place, placement_id, user_id)
    answer(place, attempt_id, user_id, letters)
    return submit_attempt(place.id, attempt_id, user_id=user_id)


def saved_values(place: University, attempt_id: AttemptId) -> dict[ItemVersionId, str]:
    with transaction(place.id) as session:
        found = queries.list_responses(session, attempt_id)
    return {item: "".join(copy.value) for item, copy in found.items()}


def late_values(place: University, attempt_id: AttemptId) -> list[list[str]]:
    with transaction(place.id) as session:
        rows = session.scalars(select(LateResponse).where(LateResponse.attempt_id == attempt_id))
        return [row.value for row in rows]
