"""Load the demo's content, as an author and an administrator would: by the product's services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from lti_tool.assessments import services as assessment_services
from lti_tool.assessments.drafts import (
    Band,
    CompetencyAdvice,
    DraftItem,
    EditionDetails,
    EditionDraft,
)
from lti_tool.assessments.items import SingleChoice
from lti_tool.badges import services as badge_services
from lti_tool.badges.artwork import Artwork, Field, Outline
from lti_tool.badges.rules import AchievementDraft, AchievementType
from lti_tool.campus import store
from lti_tool.campus.app import Campus
from lti_tool.campus.personality import STRICT
from lti_tool.campus.seed_data import PEOPLE
from lti_tool.core import clock
from lti_tool.core.ids import AchievementId, InstitutionId
from lti_tool.core.language import SOURCE
from lti_tool.core.settings import Settings
from lti_tool.demo.content import DATA_MANAGEMENT, STATISTICS
from lti_tool.demo.showcase.course import Connection, ShowcaseCourse, open_course
from lti_tool.demo.showcase.learners import Cast, read_cast
from lti_tool.demo.showcase.modules import FOUNDATIONS
from lti_tool.demo.showcase.publishing import Published, publish_showcase
from lti_tool.demo.showcase.story import Story, play
from lti_tool.pathways import services as pathway_services
from lti_tool.pathways.expression import AllOf, Earn
from lti_tool.pathways.services import PathwayDraft
from lti_tool.people import services as people_services
from lti_tool.platforms import services as platform_services
from lti_tool.platforms.services import Endpoints

SLUG, NAME = "northgate", "Northgate University"
PATHWAY = "Data literacy certificate"
_PUBLISHED_BEFORE = timedelta(days=80)
_EVENING_NUMBERS = 500  # from here on, people who are not at Campus


@dataclass(frozen=True, slots=True, kw_only=True)
class _Module:
    """An assessment and the achievement that passing it earns."""

    title: str
    summary: str
    criteria: str
    field: Field
    items: Sequence[tuple[SingleChoice, str]]  # with the competency each shows
    advice: Mapping[str, CompetencyAdvice]


_BANDS = (
    Band(begins=Decimal(0), words="Not there yet. Your answers below say where to look again."),
    Band(begins=Decimal("0.8"), words="Passed: that will carry you through most papers."),
    Band(begins=Decimal(1), words="Everything right."),
)
_PROBABILITY, _FIGURES = "Risk and probability", "Evidence and figures"
_OPENNESS, _CARE = "Making data usable", "Keeping data safe"

MODULES = (
    _Module(
        title="Reading statistics critically",
        summary=(
            "Tells absolute from relative risks, weighs a positive test by how common the disease "
            "is, looks for common causes, and reads charts and intervals for what they show."
        ),
        criteria="Answer at least four of five questions on reported statistics rightly.",
        field=Field.STATISTICS,
        items=tuple(
            zip(
                STATISTICS,
                (_PROBABILITY, _PROBABILITY, _FIGURES, _FIGURES, _FIGURES),
                strict=True,
            )
        ),
        advice={
            _PROBABILITY: CompetencyAdvice(
                mastered="You ask “of how many?” before you believe a risk.",
                not_yet="Turn every risk into people: of a thousand, how many, and how many of the "
                "others?",
            ),
            _FIGURES: CompetencyAdvice(
                mastered="You look for what else could explain a figure.",
                not_yet="Of each figure ask where its axis begins, and what else moved at the same "
                "time.",
            ),
        },
    ),
    _Module(
        title="Research data management",
        summary=(
            "Names, describes and keeps research data so that others can find and trust them, and "
            "protects the people they are about."
        ),
        criteria="Answer at least four of five questions on the handling of data rightly.",
        field=Field.DATA,
        items=tuple(
            zip(
                DATA_MANAGEMENT,
                (_OPENNESS, _OPENNESS, _OPENNESS, _CARE, _CARE),
                strict=True,
            )
        ),
        advice={
            _OPENNESS: CompetencyAdvice(
                mastered="Others will find your data and understand them.",
                not_yet="Describe your data for somebody who meets them in ten years, without you.",
            ),
            _CARE: CompetencyAdvice(
                mastered="The people behind your data can trust you.",
                not_yet="Ask of each column whom it could hurt, together with the others.",
            ),
        },
    ),
)


def seed_demo(settings: Settings, campus: Campus, evening: Campus) -> None:
    """Fill empty databases: Cairn's and those of two LMSs.

    Args:
        settings: of this process, which is connected to Cairn's database.
        campus: on its own database.
        evening: another, of the same university's evening school.
    """
    institution_id = platform_services.add_institution(SLUG, NAME)
    cast, now = read_cast(), clock.now()
    with clock.at(now - _PUBLISHED_BEFORE):
        published = publish_showcase(institution_id, literacy=publish_content(institution_id))
    store.seed(campus.engine)
    connection = connect_campus(settings, campus, institution_id)
    connect_staff(settings, campus, institution_id)
    people = store.add_students(
        campus.engine, [(*one.name, one.note, one.featured) for one in cast.learners]
    )
    course = open_course(
        campus,
        connection,
        published,
        label="DAF",
        title="Data Analysis Foundations",
        teacher=store.people(campus.engine)[0],  # Mirela Dragomir
        learners=people,
    )
    in_the_evening = _open_evening(settings, evening, institution_id, published, cast)
    play([Story(course, cast, cast.learners), Story(in_the_evening, cast, cast.evening)], now)


def _open_evening(
    settings: Settings,
    evening: Campus,
    institution_id: InstitutionId,
    published: Mapping[str, Published],
    cast: Cast,
) -> ShowcaseCourse:
    """Open the course at the evening school as well; who is at both is known by the number."""
    habits = evening.settings.personality
    numbers = {one.name: n for n, one in enumerate(cast.learners, start=len(PEOPLE) + 1)}
    rows = [
        ("Halima", "Osei", "instructor", "Instructor: teaches in the evening", True),
        *((*one.name, "student", one.note, one.featured) for one in cast.evening),
    ]
    teacher, *learners = (
        store.add_person(
            evening.engine, numbers.get(row[:2], _EVENING_NUMBERS + place), row, habits
        )
        for place, row in enumerate(rows)
    )
    return open_course(
        evening,
        connect_campus(settings, evening, institution_id),
        {name: published[name] for name in FOUNDATIONS},
        label="DAF-E",
        title="Data Analysis in the Evening",
        teacher=teacher,
        learners=learners,
    )


def publish_content(institution_id: InstitutionId) -> AchievementId:
    """Publish two assessments with a badge each, and the certificate they lead to.

    Returns:
        The certificate.
    """
    badges = [_publish_module(institution_id, module) for module in MODULES]
    certificate = badge_services.publish_achievement(
        institution_id,
        AchievementDraft(
            name=PATHWAY,
            description=(
                "Reads numbers critically, and handles the data behind them so that others can "
                "rely on them."
            ),
            criteria=f"Earn the badges of both modules: {MODULES[0].title}; {MODULES[1].title}.",
            achievement_type=AchievementType.CERTIFICATE,
            artwork=Artwork(outline=Outline.ARCH, field=Field.PATH, level=2),
            credits=Decimal(2),
        ),
    )
    pathway_services.publish_pathway(
        institution_id,
        PathwayDraft(
            title=PATHWAY,
            achievement_id=certificate,
            expression=AllOf(parts=tuple(Earn(achievement_id=badge) for badge in badges)),
        ),
    )
    return certificate


def _publish_module(institution_id: InstitutionId, module: _Module) -> AchievementId:
    assessment_id = assessment_services.create_assessment(institution_id, module.title)
    assessment_services.publish_edition(
        institution_id,
        EditionDraft(
            assessment_id=assessment_id,
            title=module.title,
            summary=module.summary,
            competencies=tuple(dict.fromkeys(competency for _, competency in module.items)),
            pass_mark=Decimal("0.8"),
            minutes=30,
            items=tuple(
                DraftItem(item=item, competency=competency) for item, competency in module.items
            ),
            details=EditionDetails.model_validate(
                {
                    "pass_mark_how": "Four of five questions; teachers agreed on it.",
                    "pass_mark_by": "Graduate school, Northgate University",
                    "competency_marks": dict.fromkeys(module.advice, Decimal("0.5")),
                    "competency_advice": dict(module.advice),
                    "bands": _BANDS,
                    "language": SOURCE,
                }
            ),
        ),
    )
    return badge_services.publish_achievement(
        institution_id,
        AchievementDraft(
            name=module.title,
            description=module.summary,
            criteria=module.criteria,
            achievement_type=AchievementType.MICRO_CREDENTIAL,
            artwork=Artwork(outline=Outline.STONE, field=module.field, level=1),
            credits=Decimal(1),
            assessment_id=assessment_id,
        ),
    )


def connect_campus(settings: Settings, campus: Campus, institution_id: InstitutionId) -> Connection:
    """Introduce Cairn and an LMS to each other, as tool and platform."""
    base, platform = settings.base_url, campus.settings.base_url
    habits = campus.settings.personality
    tool = store.connect_tool(
        campus.engine,
        name="Cairn",
        login_url=f"{base}/lti/login",
        launch_url=f"{base}/lti/launch",
        deep_link_url=f"{base}/lti/launch",
        jwks_url=f"{base}/lti/jwks.json",
        redirect_uris=[f"{base}/lti/launch"],
        habits=habits,
    )
    registration_id = platform_services.add_registration(
        issuer=platform,
        client_id=tool.client_id,
        name=campus.settings.title,
        endpoints=Endpoints(
            auth_url=f"{platform}/lti/auth",
            token_url=f"{platform}/lti/token",
            jwks_url=f"{platform}/lti/jwks",
        ),
        product="generic" if habits == STRICT else habits.name,
    )
    deployment_id = platform_services.add_deployment(
        registration_id, tool.deployment_id, institution_id
    )
    return Connection(
        institution_id=institution_id,
        registration_id=registration_id,
        deployment_id=deployment_id,
        tool_id=tool.tool_id,
    )


def connect_staff(settings: Settings, campus: Campus, institution_id: InstitutionId) -> None:
    """Let the desk's staff sign in with their accounts at Campus."""
    base = settings.base_url
    staff = store.connect_staff_client(
        campus.engine,
        redirect_uri=f"{base}/staff/{SLUG}/callback",
        name="Cairn's desk",
        home_url=f"{base}/desk/{SLUG}/",
    )
    people_services.add_identity_provider(
        institution_id,
        "Campus",
        f"{campus.settings.base_url}/oidc",
        staff.client_id,
        staff.client_secret,
        {"registrar": ["registrar", "issuer"], "administrator": ["tool_administrator"]},
    )
