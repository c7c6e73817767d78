"""Many learners at once: rows as submissions leave them, without the submissions' time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from uuid import uuid4

from sqlalchemy import select, text

from lti_tool.assessments.models import PlacementResult
from lti_tool.campus import store
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import UserId
from lti_tool.grading import queries, services
from lti_tool.grading.queries import ScoreRow
from lti_tool.platforms.models import User
from tests.grading.course import Course

_PEOPLE = text(
    "INSERT INTO people (subject, given_name, family_name, email, sis_id, kind)"
    " SELECT :tag || n, 'Learner', n::text, 'c@campus.example', :tag || n, 'student'"
    " FROM generate_series(1, :count) AS n RETURNING id"
)
_ENROLMENTS = text(
    "INSERT INTO enrolments (course_id, person_id, role)"
    " SELECT 1, id, 'Learner' FROM people WHERE starts_with(subject, :tag)"
)
_LEAVE = (
    "DELETE FROM scores USING people WHERE person_id = people.id AND starts_with(subject, :tag)",
    (
        "DELETE FROM enrolments USING people"
        " WHERE person_id = people.id AND starts_with(subject, :tag)"
    ),
    "DELETE FROM people WHERE starts_with(subject, :tag)",
)
_USERS = text(
    "INSERT INTO users (institution_id, id, issuer, subject, is_visitor)"
    " SELECT :institution_id, gen_random_uuid(), :issuer, :tag || n, false"
    " FROM generate_series(1, :count) AS n"
)
# Points by the number in the name: 0 to 3 of 3.
_RESULTS = text(
    "INSERT INTO placement_results (institution_id, id, placement_id, user_id, points_earned,"
    " points_possible, passed, version, changed_at)"
    " SELECT institution_id, gen_random_uuid(), :placement_id, id,"
    " (hashtext(subject) & 3), 3, (hashtext(subject) & 3) >= 2, 1, :now"
    " FROM users WHERE starts_with(subject, :tag)"
)
_REGRADE = text(
    "UPDATE placement_results AS result SET points_earned = 3 - points_earned,"
    " version = version + 1, changed_at = :now FROM users"
    " WHERE users.id = result.user_id AND starts_with(subject, :tag)"
    " AND hashtext(subject) % 2 = 0 RETURNING users.id"
)


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """So many learners of one course, each with a result."""

    course: Course
    tag: str

    def hand_in(self) -> None:
        """Want every result in the gradebook, as after submissions."""
        course = self.course
        services.desire_scores_of_context(course.institution_id, course.context_id)

    def regrade(self) -> int:
        """Turn about half of the results round; returns how many."""
        parameters = {"tag": self.tag, "now": clock.now()}
        with transaction(self.course.institution_id) as session:
            changed = list(session.scalars(_REGRADE, parameters))
        self.hand_in()
        return len(changed)

    def users(self) -> dict[str, UserId]:
        """Return the learners by `sub`."""
        with transaction(self.course.institution_id) as session:
            rows = session.execute(
                select(User.subject, User.id).where(User.subject.startswith(self.tag))
            )
            return {row.subject: row.id for row in rows}

    def results(self) -> dict[str, Decimal]:
        """Return what we hold, of 3 points, by `sub`."""
        with transaction(self.course.institution_id) as session:
            rows = session.execute(
                select(User.subject, PlacementResult.points_earned)
                .join(User, User.id == PlacementResult.user_id)
                .where(User.subject.startswith(self.tag))
            )
            return {row.subject: row.points_earned for row in rows}

    def rows(self) -> dict[str, ScoreRow]:
        """Return the rows of the sync page by `sub`."""
        with transaction(self.course.institution_id) as session:
            found = queries.list_scores(session, self.course.placement_id)
        return {row.subject: row for row in found}

    def in_gradebook(self) -> dict[str, Decimal | None]:
        """Return what Campus holds, of 3 points, by `sub`."""
        return {sub: given for sub, given in self.course.held().items() if sub.startswith(self.tag)}

    def waits(self) -> bool:
        """Tell whether a score has yet to be sent."""
        with transaction(self.course.institution_id) as session:
            return bool(
                session.scalar(
                    text("SELECT EXISTS (SELECT FROM desired_scores WHERE due_at IS NOT NULL)")
                )
            )

    def stamped_ahead(self) -> int:
        """Return how many scores Campus took whose timestamp was in its future."""
        with self.course.site.campus.engine.begin() as connection:
            ahead: int = connection.execute(
                text(
                    "SELECT count(*) FROM messages WHERE outcome = 'score stored'"
                    " AND starts_with(detail->>'userId', :tag)"
                    " AND (detail->>'timestamp')::timestamptz > at"
                ),
                {"tag": self.tag},
            ).scalar_one()
        return ahead

    def submissions(self) -> int:
        """Return how many submissions Campus counted for them."""
        scores = store.gradebook(self.course.site.campus.engine, 1)
        return sum(
            score.submissions for (_, sub), score in scores.items() if sub.startswith(self.tag)
        )


@contextmanager
def crowd_of(course: Course, count: int) -> Iterator[Crowd]:
    """Enrol learners in Campus and give each a result here; they leave when the block ends."""
    tag = f"crowd-{uuid4().hex[:6]}-"
    engine = course.site.campus.engine
    with engine.begin() as connection:
        connection.execute(_PEOPLE, {"tag": tag, "count": count})
        connection.execute(_ENROLMENTS, {"tag": tag})
    parameters = {
        "institution_id": course.institution_id,
        "issuer": course.site.url,
        "tag": tag,
        "count": count,
    }
    with transaction(course.institution_id) as session:
        session.execute(_USERS, parameters)
        session.execute(
            _RESULTS, {"placement_id": course.placement_id, "tag": tag, "now": clock.now()}
        )
    yield Crowd(course=course, tag=tag)
    with engine.begin() as connection:
        for statement in _LEAVE:
            connection.execute(text(statement), {"tag": tag})
