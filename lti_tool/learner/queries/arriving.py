"""What a learner arrives at: the activity behind a link, and how far they are, in one query.

Every launch of a learner shows it, so it is looked up along with the session of the page.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
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
from lti_tool.badges.issuer import image_path
from lti_tool.core.db import look_up
from lti_tool.core.ids import (
    AttemptId,
    EditionId,
    PlacementId,
    ResourceLinkId,
    UserId,
)
from lti_tool.core.language import phrase
from lti_tool.core.lookup import lookup
from lti_tool.launch.session import Also
from lti_tool.learner.queries.opening import policy_words


def _document(table: str, columns: Sequence[str]) -> str:
    """Return the SQL of a JSON document of columns, by their names."""
    pairs = ", ".join(f"'{name}', {table}.{name}" for name in columns)
    return f"json_build_object({pairs})"


# The activity as a text of its own: it is the same for nearly everybody who opens it.
_SQL = f"""
    SELECT p.id, p.copied_from_id, p.edition_id, u.name AS learner, own.attempts,
        json_build_object(
            'title', p.title, 'policy', p.policy, 'summary', e.summary,
            'competencies', e.competencies, 'pass_mark', e.pass_mark::text,
            'supervision', e.details->>'supervision', 'language', e.details->>'language',
            'allowed', {_document("e", Limits.columns())},
            'wanted', {_document("p", Conditions.columns())},
            'questions', asked.questions, 'points', asked.points::text,
            'course', coalesce(c.title, c.label), 'offer_id', a.id, 'offer_edition', a.edition,
            'offer_name', a.name, 'slug', i.slug, 'factor', more.factor::text,
            'extra_minutes', more.extra_minutes
        )::text AS activity
    FROM placements AS p
    JOIN editions AS e ON e.institution_id = p.institution_id AND e.id = p.edition_id
        AND e.published_at IS NOT NULL
    JOIN institutions AS i ON i.id = p.institution_id
    JOIN users AS u ON u.institution_id = p.institution_id AND u.id = {{user_id}}
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
    WHERE p.resource_link_id = {{link_id}}
"""  # noqa: S608 - put together once, from names of ours; every value is a parameter
_ARRIVE = lookup(_SQL.format(user_id=":user_id", link_id=":link_id"))
# For the page of a launch.
ARRIVING = Also(_SQL.format(user_id="l.user_id", link_id="l.resource_link_id"), SEEING_DELETED)


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
        art_path: its picture, from the institution that issues it.
    """

    name: str
    art_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What is asked and on which terms: the same for all who open it, but for extra time.

    Attributes:
        course: its title, if the platform told one.
        language: in which it is written; empty where nobody said.
        points_to_pass: of `points`; the least that passes.
        supervision: who watches (`EditionDetails`).
        conditions: what holds here, edition and placement together.
        allowance: of the learner.
    """

    title: str
    summary: str
    competencies: tuple[str, ...]
    language: str
    course: str | None
    policy: str
    questions: int
    points: Decimal
    points_to_pass: Decimal
    supervision: str
    conditions: Conditions
    allowance: Allowance
    offer: Offer | None

    def attempts_words(self, used: int) -> str:
        """Say what stands behind the number of attempts allowed, the number itself left out."""
        allowed = self.conditions.max_attempts
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An activity, as the learner who opens it finds it.

    Attributes:
        learner: their name, if the platform told it.
        attempts: the learner's own, oldest first.
        deleted: those that staff deleted, the last deleted first.
    """

    placement_id: PlacementId
    copied_from_id: PlacementId | None
    edition_id: EditionId
    activity: Activity
    learner: str | None
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
            self.activity.conditions,
            at,
            used=len(self.attempts),
            last_ended_at=max(ended, default=None),
        )


def find_arrival(
    session: Session, resource_link_id: ResourceLinkId, user_id: UserId
) -> Arrival | None:
    """Return what a link leads this user to; None if no placement is bound to it."""
    values = {"link_id": resource_link_id, "user_id": user_id}
    with seeing_deleted(session):
        found = look_up(session, _ARRIVE, values)
    return None if found is None else read_arrival(found)


def read_arrival(found: Mapping[str, Any]) -> Arrival:
    """Return what was found by the query of `ARRIVING`."""
    begun = [_begun(*one) for one in found["attempts"] or ()]
    deleted = [one for one in begun if one.deleted_at is not None]
    copied_from = found["copied_from_id"]
    return Arrival(
        placement_id=PlacementId(UUID(found["id"])),
        copied_from_id=None if copied_from is None else PlacementId(UUID(copied_from)),
        edition_id=EditionId(UUID(found["edition_id"])),
        activity=_activity(found["activity"]),
        learner=found["learner"],
        attempts=[one for one in begun if one.deleted_at is None],
        deleted=sorted(deleted, key=lambda one: one.deleted_at or one.started_at, reverse=True),
    )


@lru_cache(maxsize=512)
def _activity(document: str) -> Activity:
    found = json.loads(document)
    conditions, points = _conditions(found), Decimal(found["points"])
    return Activity(
        title=found["title"],
        summary=found["summary"],
        competencies=tuple(found["competencies"]),
        language=found["language"] or "",
        course=found["course"],
        policy=found["policy"],
        questions=found["questions"],
        points=points,
        points_to_pass=points * Decimal(found["pass_mark"]),
        supervision=found["supervision"] or "unsupervised",
        conditions=conditions,
        allowance=_allowance(found, conditions),
        offer=None if found["offer_id"] is None else _offer(found),
    )


def _conditions(found: Mapping[str, Any]) -> Conditions:
    wanted = found["wanted"]
    window = {name: _instant(wanted[name]) for name in ("opens_at", "closes_at")}
    return strictest(Limits.of(found["allowed"]), Conditions.of({**wanted, **window}))


def _allowance(found: Mapping[str, Any], conditions: Conditions) -> Allowance:
    if found["factor"] is None:
        return Allowance(minutes=conditions.minutes)
    return Allowance(
        minutes=conditions.minutes,
        factor=Decimal(found["factor"]),
        extra_minutes=found["extra_minutes"],
    )


def _offer(found: Mapping[str, Any]) -> Offer:
    return Offer(
        name=found["offer_name"],
        art_path=image_path(found["slug"], UUID(found["offer_id"]), found["offer_edition"]),
    )


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
