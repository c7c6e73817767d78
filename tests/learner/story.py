"""A university with a course, a learner and things to earn, for tests of learners' pages."""

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import count

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lti_tool.assessments import queries
from lti_tool.assessments import services as assessments
from lti_tool.assessments.drafts import DraftItem, EditionDetails, EditionDraft
from lti_tool.assessments.items import LongText, Option, SingleChoice
from lti_tool.assessments.rules import Save
from lti_tool.badges import services as badges
from lti_tool.badges.artwork import Artwork, Field, Outline
from lti_tool.badges.rules import AchievementDraft, AchievementType
from lti_tool.core import clock
from lti_tool.core.db import transaction
from lti_tool.core.ids import (
    AchievementId,
    AssessmentId,
    AttemptId,
    ContextId,
    DeploymentId,
    EditionId,
    InstitutionId,
    LaunchId,
    PlacementId,
    RegistrationId,
    ResourceLinkId,
    UserId,
    new_id,
)
from lti_tool.core.secret import hash_of, new_secret
from lti_tool.launch.models import Launch
from lti_tool.launch.session import cookie_name, expiry
from lti_tool.pathways import services as pathways
from lti_tool.pathways.expression import AllOf, Earn
from lti_tool.pathways.services import PathwayDraft
from lti_tool.platforms import services as platforms
from lti_tool.platforms.models import Context, ResourceLink, User

_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class University:
    """A tenant with one platform and one course on it."""

    institution_id: InstitutionId
    registration_id: RegistrationId
    deployment_id: DeploymentId
    context_id: ContextId
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """An assessment placed in the course, with the badge it earns."""

    assessment_id: AssessmentId
    edition_id: EditionId
    achievement_id: AchievementId
    placement_id: PlacementId
    link_id: ResourceLinkId


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A launch that became a session: its address and the cookie that belongs to it."""

    url: str
    cookie: tuple[str, str]


def open_university(name: str = "Northfell University") -> University:
    number = next(_numbers)
    slug = f"northfell-{number}"
    institution_id = platforms.add_institution(slug, name)
    lms = f"https://lms{number}.example"
    registration_id = platforms.add_registration(
        issuer=lms,
        client_id="cairn",
        name="LMS",
        endpoints=platforms.Endpoints(
            auth_url=f"{lms}/auth", token_url=f"{lms}/token", jwks_url=f"{lms}/jwks"
        ),
    )
    deployment_id = platforms.add_deployment(registration_id, "1", institution_id)
    context_id = ContextId(new_id())
    with transaction(institution_id) as session:
        session.add(
            Context(
                id=context_id,
                deployment_id=deployment_id,
                platform_id="c1",
                title="Biostatistics 2, Spring",
            )
        )
    return University(
        institution_id=institution_id,
        registration_id=registration_id,
        deployment_id=deployment_id,
        context_id=context_id,
        slug=slug,
    )


def enrol(here: University, name: str | None = "Amara Nwosu") -> UserId:
    user_id = UserId(new_id())
    with transaction(here.institution_id) as session:
        session.add(User(id=user_id, issuer="https://lms.example", subject=str(user_id), name=name))
    return user_id


def add_link(here: University, title: str, *, line_item_url: str | None = None) -> ResourceLinkId:
    link_id = ResourceLinkId(new_id())
    with transaction(here.institution_id) as session:
        session.add(
            ResourceLink(
                id=link_id,
                deployment_id=here.deployment_id,
                context_id=here.context_id,
                platform_id=str(link_id),
                title=title,
                line_item_url=line_item_url,
            )
        )
    return link_id


def publish(
    here: University,
    title: str,
    *,
    minutes: int | None = None,
    questions: int = 2,
    is_written: bool = False,
) -> tuple[AssessmentId, EditionId, AchievementId]:
    """Publish an assessment whose right answers are all "right", with a badge for a pass.

    Args:
        here: where.
        title: of the assessment and its badge.
        minutes: allowed.
        questions: how many there are to choose an answer to.
        is_written: ask one more, that a person marks.
    """
    assessment_id = assessments.create_assessment(here.institution_id, title)
    items = tuple(
        DraftItem(
            item=SingleChoice(
                title=f"Question about {number}",
                stem=f"What is {number}?",
                options=(
                    Option(id="right", text=f"It is {number}"),
                    Option(id="wrong", text="It is not", feedback="Think again."),
                ),
                key="right",
                rationale="A number is what it is.",
            )
        )
        for number in range(questions)
    )
    if is_written:
        items += (DraftItem(item=LongText(title="Why", stem="Why do you count?")),)
    draft = EditionDraft(
        assessment_id=assessment_id,
        title=title,
        summary="You show that you can count.",
        competencies=("Whole numbers",),
        pass_mark=Decimal("0.5"),
        minutes=minutes,
        items=items,
        details=EditionDetails(language="en"),
    )
    edition_id = assessments.publish_edition(here.institution_id, draft)
    achievement_id = badges.publish_achievement(
        here.institution_id,
        AchievementDraft(
            name=title,
            description="Can count.",
            criteria="Pass the assessment.",
            achievement_type=AchievementType.MICRO_CREDENTIAL,
            artwork=Artwork(outline=Outline.STONE, field=Field.STATISTICS, level=2),
            assessment_id=assessment_id,
        ),
    )
    return assessment_id, edition_id, achievement_id


def add_activity(  # noqa: PLR0913 - the choices of whoever places it
    here: University,
    title: str,
    *,
    minutes: int | None = None,
    max_attempts: int | None = None,
    gives_badge: bool = True,
    line_item_url: str | None = None,
    is_written: bool = False,
) -> Activity:
    assessment_id, edition_id, achievement_id = publish(
        here, title, minutes=minutes, is_written=is_written
    )
    placement_id = assessments.create_placement(
        here.institution_id,
        edition_id,
        context_id=here.context_id,
        created_by=None,
        title=title,
        max_attempts=max_attempts,
        gives_badge=gives_badge,
    )
    link_id = add_link(here, title, line_item_url=line_item_url)
    with transaction(here.institution_id) as session:
        assessments.bind_placement(session, placement_id, link_id, here.context_id)
    return Activity(
        assessment_id=assessment_id,
        edition_id=edition_id,
        achievement_id=achievement_id,
        placement_id=placement_id,
        link_id=link_id,
    )


def launch(  # noqa: PLR0913 - what a message may say
    here: University,
    user_id: UserId,
    link_id: ResourceLinkId | None,
    *,
    roles: tuple[str, ...] = ("learner",),
    token: str | None = None,
    settings: dict[str, object] | None = None,
) -> Visit:
    launch_id, secret, now = LaunchId(new_id()), new_secret(), clock.now()
    with transaction(here.institution_id) as session:
        session.add(
            Launch(
                id=launch_id,
                registration_id=here.registration_id,
                deployment_id=here.deployment_id,
                user_id=user_id,
                context_id=here.context_id,
                resource_link_id=link_id,
                message_type="LtiResourceLinkRequest",
                roles=list(roles),
                placement_token=token,
                settings=settings or {},
                secret_hash=hash_of(secret),
                created_at=now,
                expires_at=expiry(now),
            )
        )
    cookie = (cookie_name(launch_id), f"{here.institution_id}.{secret}")
    return Visit(url=f"/l/{launch_id}", cookie=cookie)


def visit(
    client: FlaskClient,
    here: University,
    user_id: UserId,
    link_id: ResourceLinkId | None,
    **launched: object,
) -> str:
    """Launch in a test client. Return the address that all pages of the launch begin with."""
    opened = launch(here, user_id, link_id, **launched)  # type: ignore[arg-type]  # passed through
    client.set_cookie(*opened.cookie)
    return opened.url


def csrf_token(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page.text)
    assert found, page.text
    return found.group(1)


def take(here: University, activity: Activity, user_id: UserId, *answers: str) -> AttemptId:
    """Take the activity and hand it in."""
    attempt_id = assessments.open_attempt(here.institution_id, activity.placement_id, user_id)
    answer(here, attempt_id, user_id, *answers)
    assessments.submit_attempt(here.institution_id, attempt_id, user_id=user_id)
    return attempt_id


def answer(here: University, attempt_id: AttemptId, user_id: UserId, *answers: str) -> None:
    """Answer the questions in the form's order: "right", "wrong" or "" for none."""
    with transaction(here.institution_id) as session:
        form = queries.list_form(session, queries.get_attempt(session, attempt_id))
    saves = [
        Save(
            item_version_id=asked.id,
            value=(value,),
            flagged=False,
            save_id=new_id(),
            page_id=new_id(),
            sequence=1,
            base=0,
        )
        for asked, value in zip(form, answers, strict=True)
        if value
    ]
    assessments.save_responses(here.institution_id, attempt_id, saves, user_id=user_id)


def make_pathway(here: University, title: str, *stones: AchievementId) -> AchievementId:
    """Publish a pathway that needs all these stones. Return the achievement on its top."""
    top = badges.publish_achievement(
        here.institution_id,
        AchievementDraft(
            name=title,
            description="Can count well.",
            criteria="Earn all the stones.",
            achievement_type=AchievementType.CERTIFICATE,
            artwork=Artwork(outline=Outline.ARCH, field=Field.PATH, level=3),
        ),
    )
    parts = tuple(Earn(achievement_id=stone) for stone in stones)
    draft = PathwayDraft(title=title, achievement_id=top, expression=AllOf(parts=parts))
    pathways.publish_pathway(here.institution_id, draft)
    return top
