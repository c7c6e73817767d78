"""What a learner arrives at: the activity behind a link, and how far they are, in one statement.

Every launch of a learner shows it, so it goes past SQLAlchemy to the driver, like the launch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from lti_tool.assessments.conditions import (
    Allowance,
    Barred,
    Conditions,
    Limits,
    barred,
    strictest,
)
from lti_tool.assessments.queries import SEEING_DELETED, seeing_deleted
from lti_tool.core.db import run, run_in
from lti_tool.core.driver import statement
from lti_tool.core.ids import (
    AchievementId,
    AttemptId,
    EditionId,
    InstitutionId,
    PlacementId,
    ResourceLinkId,
    UserId,
)
from lti_tool.core.language import phrase
from lti_tool.learner.queries.opening import policy_words

_OF_EDITION = "edition_"
_CONDITIONS = ", ".join(
    [
        *(f"p.{name}" for name in Conditions.columns()),
        *(f"e.{name} AS {_OF_EDITION}{name}" for name in Limits.columns()),
    ]
)
_SQL = f"""
    SELECT p.id, p.copied_from_id, p.edition_id, p.title, p.policy, e.summary, e.competencies,
        e.pass_mark,
        e.details->>'supervision' AS supervision,
        coalesce(e.details->>'language', '') AS language, {_CONDITIONS},
        asked.questions, asked.points, coalesce(c.title, c.label) AS course,
        a.id AS offer_id, a.edition AS offer_edition, a.name AS offer_name, i.slug,
        u.name AS learner, more.factor, more.extra_minutes, own.attempts
    FROM placements AS p
    JOIN editions AS e ON e.institution_id = p.institution_id AND e.id = p.edition_id
        AND e.published_at IS NOT NULL
    JOIN institutions AS i ON i.id = p.institution_id
    JOIN users AS u ON u.institution_id = p.institution_id AND u.id = :user_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS questions, sum(q.points) AS points
        FROM edition_items AS q
        WHERE q.institution_id = p.institution_id AND q.edition_id = p.edition_id
    ) AS asked
    LEFT JOIN contexts AS c ON c.institution_id = p.institution_id AND c.id = p.context_id
    LEFT JOIN achievements AS a ON p.gives_badge AND a.institution_id = p.institution_id
        AND a.assessment_id = e.assessment_id
    LEFT JOIN LATERAL (
        SELECT m.factor, m.extra_minutes FROM accommodations AS m
        WHERE m.institution_id = p.institution_id AND (m.id = u.id OR m.id IN (
            SELECT same.id FROM person_users AS self
            JOIN person_users AS same ON same.institution_id = self.institution_id
                AND same.person_id = self.person_id
            WHERE self.institution_id = p.institution_id AND self.id = u.id
        ))
        ORDER BY m.set_at DESC, m.id LIMIT 1
    ) AS more ON true
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(t.id, t.started_at, t.closes_at, t.submitted_at,
            t.deleted_at) ORDER BY t.number, t.id) AS attempts
        FROM attempts AS t
        WHERE t.institution_id = p.institution_id AND t.placement_id = p.id AND t.user_id = u.id
    ) AS own
    WHERE p.resource_link_id = :resource_link_id
"""  # noqa: S608 - put together once, from names of ours; every value is a parameter
_ARRIVE = statement(_SQL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An attempt of the learner's, ended or not."""

    id: AttemptId
    started_at: datetime
    closes_at: datetime | None
    submitted_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The badge that a pass earns here.

    Attributes:
        slug: of the institution that issues it.
    """

    id: AchievementId
    edition: int
    name: str
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An activity, as the learner who opens it finds it.

    Attributes:
        course: its title, if the platform told one.
        learner: their name, if the platform told it.
        language: in which it is written; empty where nobody said.
        points_to_pass: of `points`; the least that passes.
        conditions: what holds here, edition and placement together.
        attempts: the learner's own, oldest first.
        deleted: those that staff deleted, the last deleted first.
        supervision: who watches (`EditionDetails`).
    """

    placement_id: PlacementId
    copied_from_id: PlacementId | None
    edition_id: EditionId
    title: str
    summary: str
    competencies: Sequence[str]
    language: str
    course: str | None
    learner: str | None
    policy: str
    questions: int
    points: Decimal
    points_to_pass: Decimal
    supervision: str
    conditions: Conditions
    allowance: Allowance
    offer: Offer | None
    attempts: Sequence[Begun]
    deleted: Sequence[Begun]

    @property
    def open_attempt(self) -> Begun | None:
        """Return what was begun and not ended, be its time up or not."""
        return next((one for one in self.attempts if one.submitted_at is None), None)

    def find_bar(self, at: datetime) -> Barred | None:
        """Return why no other attempt can begin at an instant. The service decides for good."""
        ended = [one.submitted_at for one in self.attempts if one.submitted_at is not None]
        return barred(
            self.conditions, at, used=len(self.attempts), last_ended_at=max(ended, default=None)
        )

    @property
    def attempts_words(self) -> str:
        """Say what stands behind the number of attempts allowed, the number itself left out."""
        allowed, used = self.conditions.max_attempts, len(self.attempts)
        words = (
            phrase("attempt")
            if allowed == 1
            else phrase(
                "attempts; %(policy_words)s",
                policy_words=policy_words(self.policy),
            )
        )
        if allowed is None:
            words = phrase(
                "to the number of %(words)s",
                words=words,
            )
        return (
            phrase(
                "%(words)s. You have used %(used)s.",
                words=words,
                used=used,
            )
            if used
            else words
        )


def find_arrival(
    session: Session, resource_link_id: ResourceLinkId, user_id: UserId
) -> Arrival | None:
    """Return what a link leads this user to; None if no placement is bound to it."""
    values = {"resource_link_id": resource_link_id, "user_id": user_id}
    with seeing_deleted(session):
        row = next(iter(run(session, _ARRIVE, values)), None)
    return None if row is None else _arrival(row)


def arrive(
    institution_id: InstitutionId, resource_link_id: ResourceLinkId, user_id: UserId
) -> Arrival | None:
    """Return the same in a transaction of its own, for pages that need to know no more."""
    values = {"resource_link_id": resource_link_id, "user_id": user_id}
    row = next(iter(run_in(institution_id, _ARRIVE, values, SEEING_DELETED)), None)
    return None if row is None else _arrival(row)


def _arrival(row: Any) -> Arrival:  # noqa: ANN401 - a named tuple of the statement above
    begun = [_begun(*one) for one in row.attempts or ()]
    deleted = [one for one in begun if one.deleted_at is not None]
    conditions = _conditions(row)
    return Arrival(
        placement_id=row.id,
        copied_from_id=row.copied_from_id,
        edition_id=row.edition_id,
        title=row.title,
        summary=row.summary,
        competencies=row.competencies,
        language=row.language,
        course=row.course,
        learner=row.learner,
        policy=row.policy,
        questions=row.questions,
        supervision=row.supervision or "unsupervised",
        points=row.points,
        points_to_pass=row.points * row.pass_mark,
        conditions=conditions,
        allowance=Allowance(minutes=conditions.minutes)
        if row.factor is None
        else Allowance(
            minutes=conditions.minutes, factor=row.factor, extra_minutes=row.extra_minutes
        ),
        offer=None
        if row.offer_id is None
        else Offer(id=row.offer_id, edition=row.offer_edition, name=row.offer_name, slug=row.slug),
        attempts=[one for one in begun if one.deleted_at is None],
        deleted=sorted(deleted, key=lambda one: one.deleted_at or one.started_at, reverse=True),
    )


def _conditions(row: Any) -> Conditions:  # noqa: ANN401 - the same
    return strictest(Limits.read(row, _OF_EDITION), Conditions.read(row))


def _begun(
    attempt_id: str, started_at: str, closes_at: str | None, ended: str | None, deleted: str | None
) -> Begun:
    return Begun(
        id=AttemptId(UUID(attempt_id)),
        started_at=datetime.fromisoformat(started_at),
        closes_at=_instant(closes_at),
        submitted_at=_instant(ended),
        deleted_at=_instant(deleted),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
