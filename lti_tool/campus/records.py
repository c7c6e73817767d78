"""The rows of Campus as values; a field per column of `schema.sql`."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody at the university. `subject` is their `sub` in messages."""

    id: int
    subject: str
    given_name: str
    family_name: str
    email: str
    sis_id: str
    kind: str
    note: str
    featured: bool

    @property
    def name(self) -> str:
        """The name to show."""
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffHome:
    """Where staff begin in a product that signs them in with Campus."""

    name: str
    home_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A course; a context in messages."""

    id: int
    label: str
    title: str
    sis_id: str
    public_id: str | None = None
    copied_from: int | None = None

    @property
    def context_id(self) -> str:
        """Its id in messages."""
        return self.public_id or str(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a course page."""

    id: int
    course_id: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A page of text in a section."""

    id: int
    section_id: int
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One deployment of a connected tool. `claims` are the personal ones it may see."""

    id: int
    client_id: str
    deployment_id: str
    name: str
    login_url: str
    launch_url: str
    deep_link_url: str
    jwks_url: str
    redirect_uris: list[str]
    scopes: list[str]
    claims: list[str]
    custom: dict[str, str]
    is_on: bool = True
    places: list[str] = field(default_factory=list)

    def has(self, url: str) -> bool:
        """Tell whether an address is on the tool's own site."""
        try:
            return urlsplit(url)[:2] == urlsplit(self.launch_url)[:2]
        except ValueError:  # such as a bracket that is never closed
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """A tool's resource link in a course."""

    id: int
    course_id: int
    section_id: int
    tool_id: int
    title: str
    description: str
    url: str
    custom: dict[str, str]
    opens_at: datetime | None
    closes_at: datetime | None
    public_id: str | None = None
    in_window: bool = False

    @property
    def link_id(self) -> str:
        """Its id in messages."""
        return self.public_id or str(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineItem:
    """A column of a gradebook. `link_id` is its activity's id in messages.

    `submission_review` is what the tool said of it (Submission Review 1.0 §3.3).
    """

    id: int
    course_id: int
    tool_id: int
    activity_id: int | None
    label: str
    score_maximum: Decimal
    resource_id: str | None
    tag: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    link_id: str | None = None
    submission_review: dict[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A cell of a gradebook: what the tool said and what a teacher put over it.

    `submissions` counts what the platform took for one, where it counts them.
    """

    line_item_id: int
    person_id: int
    given: Decimal | None
    maximum: Decimal | None
    override: Decimal | None
    comment: str | None
    activity_progress: str
    grading_progress: str
    scored_at: datetime | None
    submissions: int = 0

    def grade(self, line_item: LineItem) -> Decimal | None:
        """Return the points in the column, of the column's maximum, if there are any."""
        if self.override is not None:
            return self.override
        if self.given is None or self.maximum is None:
            return None
        return self.given * line_item.score_maximum / self.maximum


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A launch that was begun: what a message hint stands for."""

    message_type: str
    person_id: int
    tool_id: int
    course_id: int
    activity_id: int | None
    section_id: int | None
    document_target: str
    place: str | None = None
    line_item_id: int | None = None
    for_person_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepLinking:
    """A deep linking request that waits for its response."""

    person_id: int
    tool_id: int
    course_id: int
    section_id: int
    data: str
    expires_at: datetime
    used_at: datetime | None
    place: str | None = None
    claims: dict[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A line of the log of messages."""

    id: int
    at: datetime
    direction: str
    kind: str
    outcome: str
    detail: dict[str, object]
