"""Any process may be killed while somebody hands in: the score and the badge are there, once."""

import html
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx
import pytest

from lti_tool.campus.seed_data import PEOPLE
from tests.campus.site import new_browser, read_form
from tests.journeys.installation import Installation, wait_for
from tests.journeys.visitor import RIGHT, STATISTICS_TITLE

pytestmark = pytest.mark.timeout(280)

# (who is killed, how many seconds after handing in began, the student's number in Campus)
MOMENTS = [
    ("serve", 0.0, 8),
    ("serve", 0.03, 9),
    ("worker", 0.02, 10),
    ("worker", 0.2, 11),
    ("relay", 0.05, 12),
    ("valkey", 0.0, 13),
    ("valkey", 0.1, 3),
]

# Everything that may be there once only, by the student's number at Campus.
ONCE = """
    SELECT
      (SELECT count(*) FROM attempts WHERE user_id = users.id AND submitted_at IS NOT NULL),
      (SELECT count(*) FROM desired_scores WHERE user_id = users.id),
      (SELECT count(*) FROM awards WHERE person_id = person_users.person_id),
      (SELECT count(*) FROM credentials JOIN awards ON awards.id = credentials.award_id
        WHERE person_id = person_users.person_id AND credentials.document IS NOT NULL)
    FROM users LEFT JOIN person_users ON person_users.id = users.id
    WHERE users.subject = %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """Somebody who has answered everything and is about to hand in."""

    cairn: httpx.Client
    hand_in_path: str
    csrf_token: str

    def hand_in(self) -> int | None:
        """Press the button. Return the status, or None if nobody answered."""
        with suppress(httpx.TransportError):
            form = {"csrf_token": self.csrf_token}
            return self.cairn.post(self.hand_in_path, data=form).status_code
        return None


@contextmanager
def sitting(installation: Installation, person_id: int) -> Iterator[Sitting]:
    """Bring a student from the course to the end of an attempt."""
    with new_browser(installation.campus_url) as campus, new_browser(installation.cairn_url) as us:
        course = campus.get(campus.post("/", data={"as": str(person_id)}).headers["Location"]).text
        link = rf'href="(/courses/1/activities/\d+)">{STATISTICS_TITLE}<'
        start = launch(campus, us, f"{re.findall(link, course)[-1]}/launch")
        token = read_form(us.get(start)).fields["csrf_token"]
        attempts = f"{start.rstrip('/')}/attempts/"
        attempt = us.post(attempts, data={"csrf_token": token}).headers["Location"]
        page = us.get(attempt)
        saved = us.post(f"{attempt}/responses", data=answers(page))
        assert saved.status_code == 303, saved.text
        yield Sitting(cairn=us, hand_in_path=f"{attempt}/submit", csrf_token=token)


def launch(campus: httpx.Client, us: httpx.Client, path: str) -> str:
    """Follow a launch as a browser does; return the address of Cairn's page."""
    login = read_form(campus.get(path))
    answer = us.post(login.action, data=login.fields)
    while answer.headers["Location"].startswith("/"):
        answer = us.get(answer.headers["Location"])
    message = read_form(campus.get(answer.headers["Location"]))
    answer = us.post(message.action, data=message.fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def answers(page: httpx.Response) -> dict[str, str]:
    """Fill in the attempt's form with the right answers."""
    radio = r'type="radio" name="(answer-[^"]+)" value="([^"]+)".*?<span>(.*?)</span>'
    right = {
        name: value
        for name, value, markup in re.findall(radio, page.text, re.DOTALL)
        if html.unescape(re.sub("<[^>]+>", "", markup)).strip() in RIGHT
    }
    assert len(right) == 5, page.text
    return {**read_form(page).fields, **right, "review": "1"}


@pytest.mark.usefixtures("placed")
def test_a_kill_while_handing_in_loses_and_doubles_nothing(installation: Installation) -> None:
    for victim, delay_seconds, person_id in MOMENTS:
        with sitting(installation, person_id) as student:
            hand_in = threading.Thread(target=student.hand_in)
            hand_in.start()
            time.sleep(delay_seconds)
            killed = installation.kill(victim)
            hand_in.join()
            installation.wait_for_another(victim, killed)

            # Whoever sees no answer loads the page again and presses the button once more.
            assert student.hand_in() == 303, (victim, delay_seconds)

    people = [person_id for _, _, person_id in MOMENTS]
    wait_for(lambda: all(scored(installation, people)), "every score", seconds=150)
    for victim, delay_seconds, person_id in MOMENTS:
        wait_for(
            lambda person_id=person_id: once(installation, person_id)[3] > 0,  # type: ignore[misc]
            f"the badge of {person_id} ({victim}, {delay_seconds} s)",
            seconds=100,
        )
        assert once(installation, person_id) == (1, 1, 1, 1), (victim, delay_seconds)


def scored(installation: Installation, people: list[int]) -> list[bool]:
    """Tell of each student whether the gradebook's newest column has the full score."""
    with new_browser(installation.campus_url) as campus:
        page = campus.get(campus.post("/", data={"as": "1"}).headers["Location"]).text
    found = []
    for given, family, *_ in (PEOPLE[person_id - 1] for person_id in people):
        who = re.escape(f"{given} {family}, {STATISTICS_TITLE}")
        cells = re.findall(rf'aria-label="([^"]*): {who}"', html.unescape(page))
        found.append(bool(cells) and cells[-1] == "100 / 100")
    return found


def once(installation: Installation, person_id: int) -> tuple[int, int, int, int]:
    """Count attempts handed in, desired scores, awards and signed credentials."""
    with installation.tenant() as connection:
        counts = connection.execute(ONCE, [f"campus-{1000 + person_id}"]).fetchone()
    assert counts is not None
    return counts[0], counts[1], counts[2], counts[3]
