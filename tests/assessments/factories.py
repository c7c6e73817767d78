"""A university with a course, people and a placed assessment; answers by the letter."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from lti_tool.assessments import queries
from lti_tool.assessments.drafts import DraftItem, EditionDraft
from lti_tool.assessments.items import Option, SingleChoice
from lti_tool.assessments.rules import Policy, Save
from lti_tool.assessments.services import create_assessment, create_placement, publish_edition
from lti_tool.core import clock
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import (
    AssessmentId,
    AttemptId,
    ContextId,
    DeploymentId,
    EditionId,
    InstitutionId,
    ItemVersionId,
    PlacementId,
    ResourceLinkId,
    UserId,
)
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.platforms.models import Context, ResourceLink, User
from lti_tool.platforms.services import (
    Endpoints,
    add_deployment,
    add_institution,
    add_registration,
)

START = datetime(2027, 3, 16, 12, 0, tzinfo=UTC)


@dataclass
class Watch:
    """The clock of a test: stands still until told."""

    now: datetime = START

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


def stopped_clock(monkeypatch: pytest.MonkeyPatch, at: datetime = START) -> Watch:
    watch = Watch(now=at)
    monkeypatch.setattr(clock, "now", lambda: watch.now)
    return watch


@dataclass(frozen=True, kw_only=True)
class University:
    """A tenant with one deployment."""

    id: InstitutionId
    slug: str
    deployment_id: DeploymentId


def university() -> University:
    slug = f"u{uuid4().hex[:12]}"
    institution_id = add_institution(slug, f"University {slug}")
    platform = f"https://{slug}.example"
    registration_id = add_registration(
        issuer=platform,
        client_id="cairn",
        name=slug,
        endpoints=Endpoints(
            auth_url=f"{platform}/auth", token_url=f"{platform}/token", jwks_url=f"{platform}/jwks"
        ),
    )
    deployment_id = add_deployment(registration_id, "1", institution_id)
    return University(
        id=institution_id,
        slug=slug,
        deployment_id=deployment_id,
    )


def course(place: University) -> ContextId:
    with transaction(place.id) as session:
        context = Context(deployment_id=place.deployment_id, platform_id=uuid4().hex)
        session.add(context)
        session.flush()
        return context.id


def link(place: University, context_id: ContextId) -> ResourceLinkId:
    with transaction(place.id) as session:
        made = ResourceLink(
            deployment_id=place.deployment_id, context_id=context_id, platform_id=uuid4().hex
        )
        session.add(made)
        session.flush()
        return made.id


def learner(place: University) -> UserId:
    with transaction(place.id) as session:
        user = User(issuer=f"https://{place.slug}.example", subject=uuid4().hex)
        session.add(user)
        session.flush()
        return user.id


def question(key: str = "a", **extra: object) -> SingleChoice:
    return SingleChoice.model_validate(
        {
            "stem": "Which is right?",
            "options": [Option(id=letter, text=f"Answer {letter.upper()}") for letter in "abcd"],
            "key": key,
            **extra,
        }
    )


def published(  # noqa: PLR0913 - what tests vary
    place: University,
    *,
    keys: str = "abc",
    minutes: int | None = None,
    pass_mark: str = "0.6",
    title: str = "Reading statistics critically",
    assessment_id: AssessmentId | None = None,
) -> EditionId:
    """Publish an edition with one question per letter of `keys`, a point each."""
    return publish_edition(
        place.id,
        EditionDraft(
            assessment_id=assessment_id or create_assessment(place.id, title),
            title=title,
            summary="You judge figures in a report.",
            competencies=("Base rates", "Charts"),
            pass_mark=Decimal(pass_mark),
            minutes=minutes,
            items=tuple(
                DraftItem(
                    item=question(key, title=f"Question {number}"),
                    competency="Base rates" if number == 1 else "Charts",
                )
                for number, key in enumerate(keys, 1)
            ),
        ),
    )


def placed(
    place: University,
    *,
    keys: str = "abc",
    minutes: int | None = None,
    policy: Policy = Policy.BEST,
    max_attempts: int | None = None,
) -> PlacementId:
    return create_placement(
        place.id,
        published(place, keys=keys, minutes=minutes),
        context_id=None,
        created_by=None,
        title="Reading statistics critically",
        policy=policy,
        max_attempts=max_attempts,
    )


def form_of(place: University, attempt_id: AttemptId) -> list[ItemVersionId]:
    """Return the questions of an attempt, in order."""
    with transaction(place.id) as session:
        attempt = queries.get_attempt(session, attempt_id)
        return [queries.form_item_id(asked) for asked in attempt.form]


@dataclass
class Page:
    """An open page of a learner: numbers its saves as a browser does."""

    id: UUID = field(default_factory=uuid4)
    seen: dict[ItemVersionId, int] = field(default_factory=dict)

    def save(self, item: ItemVersionId, letter: str, *, flagged: bool = False) -> Save:
        base = self.seen.get(item, 0)
        self.seen[item] = base + 1
        return Save(
            item_version_id=item,
            value=tuple(letter),
            flagged=flagged,
            save_id=uuid4(),
            page_id=self.id,
            sequence=base + 1,
            base=base,
        )


def announced(kind: type) -> list[dict[str, object]]:
    """Return the payloads of this type of event, oldest first. Somebody must be subscribed."""
    with system_transaction() as session:
        rows = session.scalars(
            select(OutboxDelivery)
            .where(OutboxDelivery.event_type == kind.__name__)
            .order_by(OutboxDelivery.recorded_at, OutboxDelivery.id)
        ).all()
    by_event = {row.event_id: row.payload for row in rows}
    return list(by_event.values())
