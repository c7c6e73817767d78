"""One column of Campus' gradebook, the placement behind it, and its learners."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy import select, update

from lti_tool.assessments import services as assessments
from lti_tool.assessments.services import create_placement
from lti_tool.campus import adding, store
from lti_tool.campus.personality import Personality
from lti_tool.core import clock
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import ContextId, InstitutionId, PlacementId, RegistrationId, UserId
from lti_tool.grading import services
from lti_tool.grading.models import DesiredScore, SenderLane
from lti_tool.launch.record import LaunchRecord, record
from lti_tool.platforms.models import Context, ResourceLink, User
from lti_tool.platforms.services import (
    Endpoints,
    add_deployment,
    add_institution,
    add_registration,
)
from tests.assessments.factories import Page, University, form_of, published
from tests.campus.site import Site

# Campus' people by their order in its seed: the students.
AMARA, LINH, INGRID, BJORN = "campus-1002", "campus-1003", "campus-1006", "campus-1007"
MIRELA = "campus-1001"  # the teacher


@dataclass(frozen=True, kw_only=True)
class Course:
    """Where learners take an assessment of three questions and Campus keeps their grade."""

    site: Site
    university: University
    registration_id: RegistrationId
    placement_id: PlacementId
    context_id: ContextId
    line_item_id: int
    url: str  # of the column

    @property
    def institution_id(self) -> InstitutionId:
        return self.university.id

    def user(self, subject: str) -> UserId:
        """Return the user with this `sub`, stored as a launch would."""
        with transaction(self.institution_id) as session:
            known = session.scalar(select(User).where(User.subject == subject))
            if known is not None:
                return known.id
            user = User(issuer=self.site.url, subject=subject, name=subject)
            session.add(user)
            session.flush()
            return user.id

    def take(self, subject: str, answers: str) -> UserId:
        """Take the assessment (its key is "abc") to the end."""
        user_id = self.user(subject)
        attempt_id = assessments.open_attempt(self.institution_id, self.placement_id, user_id)
        page = Page()
        for item, letter in zip(form_of(self.university, attempt_id), answers, strict=True):
            save = page.save(item, letter)
            assessments.save_response(self.institution_id, attempt_id, save, user_id=user_id)
        assessments.submit_attempt(self.institution_id, attempt_id, user_id=user_id)
        return user_id

    @contextmanager
    def personality(self, habits: Personality) -> Iterator[None]:
        """Let Campus be like a product, within the block."""
        campus = self.site.campus
        before = campus.settings
        settings = replace(before, personality=habits)
        object.__setattr__(campus, "settings", settings)
        try:
            yield
        finally:
            object.__setattr__(campus, "settings", before)

    def beside(self) -> "Course":
        """Place another assessment in the same course, with a column of its own."""
        parts = urlsplit(self.url)
        with self.site.campus.engine.begin() as connection:
            line_item = adding.add_line_item(
                connection,
                course_id=1,
                tool_id=int(parts.query.removeprefix("type_id=")),
                activity_id=None,
                label="Another",
                score_maximum=10,
                resource_id="another",
                tag="",
                starts_at=None,
                ends_at=None,
            )
        url = parts._replace(path=f"{parts.path.rpartition('/')[0]}/{line_item.id}").geturl()
        placement_id = create_placement(
            self.institution_id,
            published(self.university),
            context_id=self.context_id,
            created_by=None,
            title="Another",
        )
        with transaction(self.institution_id) as session:
            link = ResourceLink(
                deployment_id=self.university.deployment_id,
                context_id=self.context_id,
                platform_id=f"link of {line_item.id}",
                line_item_url=url,
            )
            session.add(link)
            session.flush()  # the placement's foreign key
            assessments.bind_placement(session, placement_id, link.id, self.context_id)
        return replace(self, placement_id=placement_id, line_item_id=line_item.id, url=url)

    def forget_column(self) -> str:
        """Have the link without a column, as a launch may say. Returns the column's address."""
        with transaction(self.institution_id) as session:
            session.execute(update(ResourceLink).values(line_item_url=None))
        return self.url

    def launch(
        self, *, line_item_url: str | None = None, scopes: Sequence[str] = store.SCOPES
    ) -> None:
        """Record a launch of the link by its teacher."""
        with transaction(self.institution_id) as session:
            link = session.scalars(select(ResourceLink)).one()
            context = session.scalars(select(Context)).one()
            now = clock.now()
            record(
                session,
                LaunchRecord(
                    institution_id=self.institution_id,
                    registration_id=self.registration_id,
                    deployment_id=self.university.deployment_id,
                    issuer=self.site.url,
                    subject=MIRELA,
                    name=None,
                    email=None,
                    sis_id=None,
                    context_platform_id=context.platform_id,
                    context_title=None,
                    context_label=None,
                    line_items_url=context.line_items_url,
                    memberships_url=context.memberships_url,
                    service_scopes=list(scopes),
                    has_endpoint=True,
                    link_platform_id=link.platform_id,
                    link_title=None,
                    line_item_url=line_item_url or self.url,
                    message_type="LtiResourceLinkRequest",
                    roles=["instructor"],
                    placement_token=None,
                    settings={},
                    secret_hash=b"x" * 32,
                    now=now,
                    expires_at=now + timedelta(hours=1),
                ),
            )

    def held(self) -> dict[str, Decimal | None]:
        """Return what Campus' gradebook holds in the column, by `sub`, of 3 points."""
        scores = store.gradebook(self.site.campus.engine, 1)
        return {
            sub: score.given for (item, sub), score in scores.items() if item == self.line_item_id
        }

    def row(self, user_id: UserId) -> DesiredScore:
        """Return what we want for a user."""
        with transaction(self.institution_id) as session:
            return session.scalars(
                select(DesiredScore).where(
                    DesiredScore.user_id == user_id,
                    DesiredScore.placement_id == self.placement_id,
                )
            ).one()

    def lane_row(self) -> SenderLane:
        """Return what is known of the platform as a whole."""
        with system_transaction() as session:
            return session.scalars(
                select(SenderLane).where(SenderLane.institution_id == self.institution_id)
            ).one()

    def lane(self) -> services.Lane:
        """Take the lane, as a worker does that may be killed with it."""
        lane = services.lease(self.registration_id, self.institution_id)
        assert lane is not None
        return lane


def placed_course(site: Site, *, tool_url: str, product: str = "generic") -> Course:
    """Connect a tool that listens at `tool_url`, place an assessment, bind it to a column."""
    tool = store.connect_tool(
        site.campus.engine,
        name="Cairn",
        login_url=f"{tool_url}/lti/login",
        launch_url=f"{tool_url}/lti/launch",
        deep_link_url=f"{tool_url}/lti/launch",
        jwks_url=f"{tool_url}/lti/jwks.json",
        redirect_uris=[f"{tool_url}/lti/launch"],
    )
    slug = f"u{uuid4().hex[:12]}"
    institution_id = add_institution(slug, f"University {slug}")
    endpoints = Endpoints(
        auth_url=f"{site.url}/lti/auth",
        token_url=f"{site.url}/lti/token",
        jwks_url=f"{site.url}/lti/jwks",
    )
    registration_id = add_registration(
        issuer=site.url,
        client_id=tool.client_id,
        name="Campus",
        endpoints=endpoints,
        product=product,
    )
    deployment_id = add_deployment(registration_id, tool.deployment_id, institution_id)
    university = University(id=institution_id, slug=slug, deployment_id=deployment_id)
    with site.campus.engine.begin() as connection:
        activity = adding.add_activity(
            connection,
            course_id=1,
            section_id=1,
            tool_id=tool.tool_id,
            title="Reading statistics critically",
            description="",
            url=f"{tool_url}/lti/launch",
            custom={},
            opens_at=None,
            closes_at=None,
        )
        line_item = adding.add_line_item(
            connection,
            course_id=1,
            tool_id=tool.tool_id,
            activity_id=activity.id,
            label="Reading statistics critically",
            score_maximum=10,
            resource_id="r",
            tag="",
            starts_at=None,
            ends_at=None,
        )
    url = f"{site.url}/lti/courses/1/lineitems/{line_item.id}?type_id={tool.tool_id}"
    placement_id = create_placement(
        institution_id,
        published(university),
        context_id=None,
        created_by=None,
        title="Reading statistics critically",
    )
    with transaction(institution_id) as session:
        context = Context(
            deployment_id=deployment_id,
            platform_id="1",
            line_items_url=f"{site.url}/lti/courses/1/lineitems?type_id={tool.tool_id}",
            memberships_url=f"{site.url}/lti/courses/1/memberships?type_id={tool.tool_id}",
            service_scopes=list(store.SCOPES),
        )
        session.add(context)
        session.flush()  # the link's foreign key
        link = ResourceLink(
            deployment_id=deployment_id,
            context_id=context.id,
            platform_id=str(activity.id),
            line_item_url=url,
        )
        session.add(link)
        session.flush()  # the placement's foreign key
        assessments.bind_placement(session, placement_id, link.id, context.id)
        context_id = context.id
    return Course(
        site=site,
        university=university,
        registration_id=registration_id,
        placement_id=placement_id,
        context_id=context_id,
        line_item_id=line_item.id,
        url=url,
    )
