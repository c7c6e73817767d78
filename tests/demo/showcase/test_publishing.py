"""The showcase as it is published: what can be placed, and how it stacks."""

from collections.abc import Mapping
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from lti_tool.assessments import queries as assessment_queries
from lti_tool.assessments import services as assessment_services
from lti_tool.badges import queries as badge_queries
from lti_tool.badges.rules import Cause, CauseKind
from lti_tool.badges.services import grant_award
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId, PersonId
from lti_tool.demo.seed import publish_content
from lti_tool.demo.showcase.publishing import (
    CERTIFICATE,
    COLLABORATION,
    DEGREE,
    Published,
    publish_showcase,
)
from lti_tool.pathways import composing, drafting
from lti_tool.platforms.services import add_institution
from tests.conftest import Worker
from tests.pathways.records import University


@pytest.fixture
def institution_id(database: Connection) -> InstitutionId:  # noqa: ARG001 - its transaction
    return add_institution("northgate", "Northgate University")


@pytest.fixture
def published(institution_id: InstitutionId) -> Mapping[str, Published]:
    return publish_showcase(institution_id, literacy=publish_content(institution_id))


def test_every_picture_that_questions_show_is_kept(
    institution_id: InstitutionId, published: Mapping[str, Published]
) -> None:
    with transaction(institution_id) as session:
        editions = assessment_queries.list_published_editions(session)
    ids = {
        stimulus.partition("(image:")[2].partition(")")[0]
        for module in published.values()
        for stimulus in (draft.item.stimulus or "" for draft in module.module.items)
        if "(image:" in stimulus
    }

    assert len(editions) == len(published) + 2
    assert len(ids) == 3
    for id_ in ids:
        assert assessment_services.get_image(id_).media_type == "image/svg+xml"


def test_a_draft_of_the_foundations_waits_with_something_to_mend(
    institution_id: InstitutionId,
    published: Mapping[str, Published],  # noqa: ARG001 - publishing leaves it
) -> None:
    with transaction(institution_id) as session:
        [row] = drafting.list_drafts(session)
        composed = composing.compose(session, row.draft)

    assert (row.title, row.number) == (CERTIFICATE, 2)
    assert [one.text for one in composed.checked.all_problems] == ["The group is empty."]


def test_micro_credentials_make_two_certificates_and_these_the_degrees_requirement(
    institution_id: InstitutionId, published: Mapping[str, Published], worker: Worker
) -> None:
    person_id = University(institution_id).person()

    grant(institution_id, person_id, published, *list(published)[:5])
    worker.run()
    assert held(institution_id, person_id) & {CERTIFICATE, COLLABORATION, DEGREE} == {CERTIFICATE}

    grant(institution_id, person_id, published, list(published)[5])
    worker.run()
    assert {CERTIFICATE, COLLABORATION, DEGREE} <= held(institution_id, person_id)


def grant(
    institution_id: InstitutionId,
    person_id: PersonId,
    published: Mapping[str, Published],
    *names: str,
) -> None:
    for name in names:
        cause = Cause(kind=CauseKind.PASS, id=uuid4(), caused_at=clock.now())
        achievement_id = published[name].achievement_id
        grant_award(institution_id, person_id, achievement_id, cause=cause)


def held(institution_id: InstitutionId, person_id: PersonId) -> set[str]:
    with transaction(institution_id) as session:
        return {badge.name for badge in badge_queries.list_held(session, person_id)}
