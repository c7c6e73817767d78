"""A pathway's dashboard: each figure counts those whom it opens, and filters hold for all of it."""

import re
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId, first_of
from lti_tool.pathways.figures import QUIET_WEEKS, get_figures
from lti_tool.pathways.jobs import count_award
from lti_tool.pathways.models import Progress
from lti_tool.registrar.filters import Period, cohorts, half_year
from tests.registrar.desk import STONES, Desk, open_desk
from tests.registrar.test_routes import learners_of


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    desk = open_desk()
    desk.enter(client, "registrar")
    return desk


def change(desk: Desk, person_id: PersonId, **values: object) -> None:
    with transaction(desk.university.id) as session:
        session.execute(update(Progress).where(Progress.person_id == person_id).values(**values))


def busy(desk: Desk) -> None:
    """Put learners into every state, at every age."""
    now = clock.now()
    for number, weeks in enumerate((0, 12, 13, 17, 18, 25, 26, 51, 52, 300)):
        person = desk.learner(f"Slow {number}", *STONES[: 1 + number % 2])
        change(desk, person, quiet_since=now - timedelta(weeks=weeks, hours=1))
    desk.learner("Done", *STONES)
    for number, days in enumerate((-1, 10, 59, 61, 100, 300)):
        person = desk.learner(f"Old {number}", *STONES)
        change(desk, person, changes_at=now + timedelta(days=days))


def opened(page: str) -> dict[str, int]:
    """Return the addresses that figures open, with the figure of each."""
    links = re.findall(r'<a href="([^"]+)#learners">([\d,]+)<', page)
    tiles = re.findall(r'<a href="([^"]+)#learners">[a-z ]+</a></dt>\s*<dd>([\d,]+)</dd>', page)
    return {url.replace("&amp;", "&"): int(figure) for url, figure in [*links, *tiles]}


@pytest.mark.parametrize("query", ["", "?cohort={now}"], ids=["everybody", "a cohort"])
def test_every_figure_opens_as_many_as_it_counts(
    client: FlaskClient, desk: Desk, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lti_tool.registrar.routes.PAGE", 100)
    busy(desk)
    other = desk.learner("Came long ago", STONES[0])
    change(desk, other, id=first_of(clock.now() - timedelta(days=800)))
    today = clock.now().date()

    page = client.get(desk.pathway_path + query.format(now=cohorts(today, today)[0])).text

    figures = opened(page)
    everybody = 17 if query else 18
    assert max(figures.values()) == everybody
    assert len(figures) > 12
    for url, figure in figures.items():
        assert len(learners_of(client.get(url).text)) == figure, url


def test_stalled_and_lapsing_are_told_by_weeks_and_months(desk: Desk) -> None:
    busy(desk)

    with transaction(desk.university.id) as session:
        figures = get_figures(session, desk.pathway_id)

    assert list(figures.quiet) == list(zip(QUIET_WEEKS, (2, 2, 2, 2), strict=True))
    assert (figures.stalled, figures.expiring, figures.completed) == (8, 3, 7)
    assert sum(learners for _, learners in figures.months) == 6
    assert len(figures.months) == 12


def test_a_stone_ends_the_quiet_and_its_loss_does_not(desk: Desk) -> None:
    amara = desk.learner("Amara", STONES[0])
    change(desk, amara, quiet_since=clock.now() - timedelta(days=200))
    count_award(desk.university.grant(amara, STONES[1], minutes=5))

    with transaction(desk.university.id) as session:
        assert get_figures(session, desk.pathway_id).stalled == 0


def test_a_page_without_anybody_who_fits_says_so_and_keeps_its_filters(
    client: FlaskClient, desk: Desk
) -> None:
    desk.learner("Amara", STONES[0])

    page = client.get(f"{desk.pathway_path}?cohort=2001-2").text

    assert "Joined July to December 2001" in page
    assert "No learner on this pathway fits" in page
    assert "Nobody is on this pathway yet" not in page


def test_learners_of_a_programme_are_those_who_are_on_it_too(
    client: FlaskClient, desk: Desk
) -> None:
    programme = desk.university.pathway("Bachelor", ["Thesis"])
    amara = desk.learner("Amara", STONES[0])
    count_award(desk.university.grant(amara, "Thesis"))
    desk.learner("Linh", STONES[0])

    page = client.get(f"{desk.pathway_path}?programme={programme}").text

    assert [row[:5] for row in learners_of(page)] == ["Amara"]
    assert "Also on: Bachelor" in page


def test_cohorts_are_half_years_the_newest_first() -> None:
    assert cohorts(date(2025, 3, 1), date(2026, 8, 1)) == ["2026-2", "2026-1", "2025-2", "2025-1"]
    assert len(cohorts(date(1990, 1, 1), date(2026, 8, 1))) == 20
    assert half_year("2026-1") == Period(since=date(2026, 1, 1), until=date(2026, 6, 30))
    assert half_year("2026-2") == Period(since=date(2026, 7, 1), until=date(2026, 12, 31))
