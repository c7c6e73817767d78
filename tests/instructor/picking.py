"""The picker of one launch, as an instructor uses it."""

from sqlalchemy import func, select

from lti_tool.assessments.models import Placement
from lti_tool.core.db import transaction
from lti_tool.core.ids import EditionId
from tests.instructor.course import csrf_of
from tests.launch.platform import Browser, Connected


class Picker:
    """The picker of one launch."""

    def __init__(self, browser: Browser) -> None:
        self.client = browser.client
        answer = browser.post(browser.arrive(browser.connected.deep_linking_path))
        self.url = answer.location
        self.page = self.client.get(self.url)
        assert self.page.status_code == 200, self.page.text
        self.token = csrf_of(self.page)

    def search(self, *chosen: EditionId, **query: str) -> str:
        values = [("assessment", str(edition)) for edition in chosen]
        self.page = self.client.get(self.url, query_string=[*query.items(), *values])
        assert self.page.status_code == 200, self.page.text
        return self.page.text

    def add(self, *chosen: EditionId, points: str = "100") -> None:
        data = {
            "csrf_token": self.token,
            "assessment": list(map(str, chosen)),
            "points": points,
        }
        self.page = self.client.post(self.url, data=data)


def count_of_placements(connected: Connected) -> int:
    with transaction(connected.institution_id) as session:
        return session.scalar(select(func.count()).select_from(Placement)) or 0
