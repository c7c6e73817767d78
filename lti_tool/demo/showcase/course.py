"""The showcase's courses, with an activity for each module and everybody in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from lti_tool.assessments.services import bind_placement, create_placement
from lti_tool.campus import adding, claims, store
from lti_tool.campus.app import Campus
from lti_tool.campus.records import Person
from lti_tool.core import clock, settings
from lti_tool.core.db import transaction
from lti_tool.core.ids import (
    DeploymentId,
    InstitutionId,
    PlacementId,
    RegistrationId,
    UserId,
)
from lti_tool.core.secret import hash_of, new_secret
from lti_tool.demo.showcase.publishing import Published
from lti_tool.launch import history, placement_token, rules
from lti_tool.launch.claims import PLACEMENT_PARAMETER
from lti_tool.launch.logins import LAUNCH_PATH
from lti_tool.launch.models import Launch
from lti_tool.launch.record import LaunchRecord, record
from lti_tool.launch.session import expiry

_POINTS = Decimal(100)
_SECTIONS = {
    "describing": "Weeks 1 and 2: Describing data",
    "relationships": "Weeks 3 and 4: Relationships",
    "inference": "Weeks 5 and 6: Inference",
    "reproducible": "Weeks 7 and 8: A project of your own",
    "presenting": "Beside the course: Soft skills",
    "teamwork": "Beside the course: Soft skills",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How Cairn and a platform know each other."""

    institution_id: InstitutionId
    registration_id: RegistrationId
    deployment_id: DeploymentId
    tool_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """A module in the course: a resource link with its column."""

    module: Published
    placement_id: PlacementId
    link_id: int
    line_item_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowcaseCourse:
    """The course as both sides know it.

    Attributes:
        learners: the LMS's people, in the order of the cast.
    """

    campus: Campus
    connection: Connection
    course_id: int
    label: str
    title: str
    teacher: Person
    learners: Sequence[Person]
    activities: Mapping[str, Activity]

    def visit(self, person: Person, module: str, *, role: str = "Learner") -> UserId:
        """Leave what a launch of a module leaves, and return who it was."""
        activity, known = self.activities[module], self.connection
        line_items = self.campus.url(claims.line_items_path(self.course_id))
        query = f"?type_id={known.tool_id}"
        now = clock.now()
        launch = LaunchRecord(
            institution_id=known.institution_id,
            registration_id=known.registration_id,
            deployment_id=known.deployment_id,
            issuer=self.campus.settings.base_url,
            subject=person.subject,
            name=person.name,
            email=person.email,
            sis_id=person.sis_id,
            context_platform_id=str(self.course_id),
            context_title=self.title,
            context_label=self.label,
            line_items_url=line_items + query,
            memberships_url=self.campus.url(f"/lti/courses/{self.course_id}/memberships{query}"),
            service_scopes=[scope for scope in store.SCOPES if scope != store.MEMBERS_SCOPE],
            has_endpoint=True,
            link_platform_id=str(activity.link_id),
            link_title=activity.module.module.title,
            line_item_url=f"{line_items}/{activity.line_item_id}{query}",
            message_type=claims.RESOURCE_LINK,
            roles=sorted(rules.roles_of(self.campus.settings.personality.roles[role])),
            placement_token=None,
            settings={},
            secret_hash=hash_of(new_secret()),
            now=now,
            expires_at=expiry(now),
        )
        with transaction(known.institution_id) as session:
            row = session.scalars(select(Launch).where(Launch.id == record(session, launch))).one()
            if role == "Instructor" and row.resource_link_id is not None:
                bind_placement(session, activity.placement_id, row.resource_link_id, row.context_id)
        return row.user_id


def open_course(  # noqa: PLR0913 - all that a course is
    campus: Campus,
    connection: Connection,
    published: Mapping[str, Published],
    *,
    label: str,
    title: str,
    teacher: Person,
    learners: Sequence[Person],
) -> ShowcaseCourse:
    """Make the course at an LMS, with everybody in it and these modules placed."""
    course_id, sections = store.add_course(
        campus.engine,
        label=label,
        title=title,
        sections=list(dict.fromkeys(_SECTIONS[name] for name in published)),
        members={teacher.id: "Instructor"} | {person.id: "Learner" for person in learners},
    )
    return ShowcaseCourse(
        campus=campus,
        connection=connection,
        course_id=course_id,
        label=label,
        title=title,
        teacher=teacher,
        learners=learners,
        activities={
            name: _place(campus, connection, course_id, sections[_SECTIONS[name]], module)
            for name, module in published.items()
        },
    )


def _place(
    campus: Campus, connection: Connection, course_id: int, section_id: int, module: Published
) -> Activity:
    """Place a module as deep linking does."""
    title = module.module.title
    placement_id = create_placement(
        connection.institution_id,
        module.edition_id,
        context_id=None,
        created_by=None,
        title=title,
        points=_POINTS,
    )
    token = placement_token.make(placement_id, connection.institution_id, module.edition_id)
    with campus.engine.begin() as rows:
        link = adding.add_activity(
            rows,
            course_id=course_id,
            section_id=section_id,
            tool_id=connection.tool_id,
            title=title,
            description=module.module.summary,
            url=settings.current().base_url + LAUNCH_PATH,
            custom={PLACEMENT_PARAMETER: token, **history.PARAMETERS},
            opens_at=None,
            closes_at=None,
        )
        column = adding.add_line_item(
            rows,
            course_id=course_id,
            tool_id=connection.tool_id,
            activity_id=link.id,
            label=title,
            score_maximum=_POINTS,
            resource_id=str(placement_id),
            tag=None,
            starts_at=None,
            ends_at=None,
            submission_review={"reviewableStatus": ["Submitted", "Completed"]},
        )
    return Activity(
        module=module, placement_id=placement_id, link_id=link.id, line_item_id=column.id
    )
