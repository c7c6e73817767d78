"""Which learners of a pathway a page asks for. Pure."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from lti_tool.pathways.standing import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What somebody chose; None or empty: everybody.

    Attributes:
        q: part of a name.
        platform: an issuer that they have an account at.
        course: where they began an activity.
        since: the first day, UTC, on which they came onto the pathway; `until` the last.
    """

    q: str
    state: State | None
    platform: str | None
    course: UUID | None
    since: date | None
    until: date | None

    def words(self) -> dict[str, str]:
        """Return them as the query of an address, without what was not chosen."""
        every = {
            "q": self.q,
            "state": self.state,
            "platform": self.platform,
            "course": self.course,
            "since": self.since,
            "until": self.until,
        }
        return {name: str(value) for name, value in every.items() if value}
