"""A pathway's dashboard: each figure counts those whom it opens, and filters hold for all of it."""

import re
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import PersonId, first_of
from lti_tool.pathways.figures import QUIET_WEEKS, get_figures
from lti_tool.pathways.jobs import count_award
from lti_tool.pathways.models import Progress
from lti_tool.people.models import PersonUser
from lti_tool.platforms.models import User
from lti_tool.registrar.filters import Period, cohorts, half_year
from tests.registrar.desk import STONES, Desk, open_desk
from tests.registrar.test_exports import rows as read_rows
from tests.registrar.test_exports import take
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


def listed(client: FlaskClient, url: str) -> list[str]:
    """Return the rows of the learners behind an address, page after page."""
    found: list[str] = []
    following: str | None = url
    while following:
        page = client.get(following).text
        found += learners_of(page)
        link = re.search(r'href="([^"]+)#learners" rel="next"', page)
        following = link and link[1].replace("&amp;", "&")
    return found


@pytest.mark.parametrize(
    ("query", "everybody"),
    [
        ("", 19),
        ("?cohort={cohort}", 18),
        ("?since={today}&until={today}", 18),
        ("?until=2020-01-01", 0),
        ("?platform=https://evening.example", 4),
        ("?programme={programme}", 2),
        ("?programme={programme}&platform=https://evening.example&cohort={cohort}", 1),
    ],
    ids=["everybody", "cohort", "period", "nobody", "platform", "programme", "together"],
)
def test_every_figure_opens_as_many_as_it_counts(
    client: FlaskClient,
    desk: Desk,
    query: str,
    everybody: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lti_tool.registrar.routes.PAGE", 5)
    busy(desk)
    fell = desk.learner("Fell away", *STONES[:2])
    change(desk, fell, completed_at=clock.now())
    other = desk.learner("Came long ago", STONES[0])
    change(desk, other, id=first_of(clock.now() - timedelta(days=800)))
    programme = desk.university.pathway("Bachelor", ["Thesis"])
    with transaction(desk.university.id) as session:
        users = session.execute(
            select(User, PersonUser.person_id)
            .join(PersonUser, PersonUser.id == User.id)
            .where(User.name.in_(["Slow 2", "Slow 9", "Old 0", "Fell away"]))
            .order_by(User.name)
        ).all()
        for user, _ in users:
            user.issuer = "https://evening.example"
    for person_id in (users[0].person_id, other):
        count_award(desk.university.grant(person_id, "Thesis"))
    today = clock.now().date()
    words = {"cohort": cohorts(today, today)[0], "today": today, "programme": programme}

    page = client.get(desk.pathway_path + "?" + query.format(**words).partition("?")[2]).text

    figures = opened(page)
    assert max(figures.values(), default=0) == everybody
    assert len(figures) > 12 or everybody < 10
    assert bool(figures) == bool(everybody)
    for url, figure in figures.items():
        rows = listed(client, url)
        assert len(rows) == len(set(rows)) == figure, url
        asked = url.partition("?")[2]
        taken = take(client, f"{desk.pathway_path}/export?{asked}")[2]
        assert len(taken.splitlines()) == 1 + figure, url


def test_every_figure_of_all_pathways_opens_as_many_as_it_counts(
    client: FlaskClient, desk: Desk
) -> None:
    busy(desk)
    other = desk.university.pathway("Bachelor", ["Thesis", "Defence"])
    bored = desk.learner("Bored", STONES[0], *STONES[1:])
    count_award(desk.university.grant(bored, "Thesis"))

    figures = opened(client.get(f"{desk.path}/").text)

    assert {url for url in figures if str(other) in url} == {
        f"{desk.path}/pathways/{other}",
        f"{desk.path}/pathways/{other}?state=one_away",
    }
    assert len(figures) == 5
    for url, figure in figures.items():
        assert len(listed(client, url)) == figure, url


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


def test_table_file_filter_and_plot_tell_of_one_day(client: FlaskClient, desk: Desk) -> None:
    """Both earned it on one day: it began to count for the one long ago, and now for the other."""
    now = clock.now()
    days = {"Slow": now - timedelta(days=100), "Quick": now}
    for name, day in days.items():
        with clock.at(day):
            desk.learner(name, STONES[0])
    said = {f"{day.day} {day:%B %Y}" for day in days.values()}

    rows = learners_of(client.get(desk.pathway_path).text)
    stalled = learners_of(client.get(f"{desk.pathway_path}?state=stalled").text)
    file = read_rows(take(client, f"{desk.pathway_path}/export")[2])
    figures = opened(client.get(desk.pathway_path).text)

    assert {re.findall(r"\d+ \w+ \d{4}$", row)[0] for row in rows} == said
    assert [row.split()[0] for row in stalled] == ["Slow"]
    assert {row["Name"]: row["Nothing new counted since (UTC)"] for row in file} == {
        name: f"{day:%Y-%m-%d}" for name, day in days.items()
    }
    assert [
        figure for url, figure in figures.items() if url.endswith("?state=stalled&weeks=13")
    ] == [1]


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
