import re

import pytest
from sqlalchemy import Connection, text

from lti_tool.assessments import queries as assessment_queries
from lti_tool.assessments.items import SingleChoice
from lti_tool.badges import queries as badge_queries
from lti_tool.core.db import transaction
from lti_tool.core.settings import Settings
from lti_tool.demo.content import DATA_MANAGEMENT, STATISTICS
from lti_tool.demo.seed import MODULES, PATHWAY, connect_campus, connect_staff, publish_content
from lti_tool.platforms.services import add_institution
from tests.campus.site import Site


def test_both_modules_can_be_placed_and_both_badges_lead_to_the_certificate(
    database: Connection,
) -> None:
    institution_id = add_institution("northgate", "Northgate University")

    publish_content(institution_id)

    with transaction(institution_id) as session:
        editions = assessment_queries.list_published_editions(session)
        badges = badge_queries.list_achievements(session)
    assert {edition.title for edition in editions} == {module.title for module in MODULES}
    assert {badge.name for badge in badges} == {*(module.title for module in MODULES), PATHWAY}
    database.execute(
        text("SELECT set_config('app.institution_id', :id, true)"), {"id": str(institution_id)}
    )
    assert database.scalar(text("SELECT count(*) FROM pathway_stones")) == 2


def test_campus_and_cairn_know_each_other(
    database: Connection, campus: Site, settings: Settings
) -> None:
    institution_id = add_institution("northgate", "Northgate University")

    connect_campus(settings, campus.campus, institution_id)
    connect_staff(settings, campus.campus, institution_id)

    issuer, approved = database.execute(
        text("SELECT issuer, approved_at IS NOT NULL FROM registrations JOIN deployments ON true")
    ).one()
    assert (issuer, approved) == (campus.url, True)
    with campus.sign_in(4) as registrar:
        assert f'href="{settings.base_url}/desk/northgate/"' in registrar.get("/").text


@pytest.mark.parametrize("item", [*STATISTICS, *DATA_MANAGEMENT], ids=lambda item: item.title)
def test_a_question_tells_everybody_who_was_wrong_why(item: SingleChoice) -> None:
    wrong = [option for option in item.options if option.id != item.key]

    assert len(item.options) == 4
    assert all(option.feedback for option in wrong)
    assert item.rationale
    # The right answer must not be known by its length.
    lengths = sorted(len(re.sub(r"[*`]", "", option.text)) for option in item.options)
    assert lengths[-1] < 3 * lengths[0] + 60


def test_the_right_answers_are_not_all_in_one_place() -> None:
    for items in (STATISTICS, DATA_MANAGEMENT):
        assert len({item.key for item in items}) >= 3
