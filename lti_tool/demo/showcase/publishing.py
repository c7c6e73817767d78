"""Publish the showcase: assessments, what they earn, and the pathways that stack it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from lti_tool.assessments import services as assessment_services
from lti_tool.assessments.drafts import EditionDraft
from lti_tool.badges import services as badge_services
from lti_tool.badges.artwork import Artwork, Field, Outline
from lti_tool.badges.details import Details
from lti_tool.badges.rules import AchievementDraft, AchievementType
from lti_tool.core.audit import SYSTEM
from lti_tool.core.ids import AchievementId, EditionId, InstitutionId, PathwayId
from lti_tool.core.language import SOURCE
from lti_tool.demo.showcase.modules import FOUNDATIONS, SOFT_SKILLS, Module, read_module
from lti_tool.pathways import drafting, outline
from lti_tool.pathways import services as pathway_services
from lti_tool.pathways.expression import AllOf, Earn, Requirement, SomeOf
from lti_tool.pathways.services import PathwayDraft

CERTIFICATE = "Data analysis foundations"
COLLABORATION = "Collaboration skills"
DEGREE = "Quantitative methods, a requirement of the BSc"
_CREDITS = Decimal(2)
_STACKED = Details(assessment="None of its own: each badge that it asks for was assessed by itself")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One module that can be placed in courses."""

    module: Module
    edition_id: EditionId
    achievement_id: AchievementId


def publish_showcase(
    institution_id: InstitutionId, literacy: AchievementId
) -> Mapping[str, Published]:
    """Publish all of it.

    Args:
        institution_id: whose.
        literacy: the certificate of the demo's first pathway, which counts here as well.

    Returns:
        The modules by the names of their files.
    """
    keep_image = partial(assessment_services.store_image, institution_id)
    published = {
        name: _publish_module(institution_id, read_module(name, keep_image))
        for name in (*FOUNDATIONS, *SOFT_SKILLS)
    }
    certificate, foundations = _publish_stack(
        institution_id,
        _stack(
            CERTIFICATE,
            description=(
                "Describes data, charts relationships, reasons with chance, and carries an "
                "analysis from the raw file to advice that others can check."
            ),
            criteria="Earn all four micro-credentials; the last has a performance task.",
            stones=4,
        ),
        AllOf(parts=_all(published, FOUNDATIONS), title="Four micro-credentials"),
    )
    collaboration, _ = _publish_stack(
        institution_id,
        _stack(
            COLLABORATION,
            description="Presents to people who are no specialists, and works in a team.",
            criteria="Earn both micro-credentials; each is observed and marked by a rubric.",
            stones=2,
        ),
        AllOf(parts=_all(published, SOFT_SKILLS), title="Two observed skills"),
    )
    _publish_stack(
        institution_id,
        AchievementDraft(
            name=DEGREE,
            description=(
                "Meets the degree's requirement in quantitative methods: analyses data, and "
                "brings what follows from them to others."
            ),
            criteria=(
                f"Hold the certificate {CERTIFICATE} and one of two others: {COLLABORATION}, or "
                "Data literacy certificate."
            ),
            achievement_type=AchievementType.CERTIFICATE,
            artwork=Artwork(outline=Outline.SHIELD, field=Field.PATH, level=4),
            credits=Decimal(12),
            details=_STACKED,
        ),
        AllOf(
            parts=(
                Earn(achievement_id=certificate),
                SomeOf(
                    choose=1,
                    title="One certificate of choice",
                    parts=(Earn(achievement_id=collaboration), Earn(achievement_id=literacy)),
                ),
            )
        ),
    )
    _leave_draft(institution_id, foundations, _all(published, SOFT_SKILLS))
    return published


def _leave_draft(
    institution_id: InstitutionId, pathway_id: PathwayId, skills: tuple[Earn, ...]
) -> None:
    """Leave a version that somebody composes: it has a choice more, and a group to fill yet."""
    draft_id = drafting.begin_version(institution_id, pathway_id, actor=SYSTEM)
    choice = SomeOf(choose=1, title="One observed skill", parts=skills)
    more: list[Requirement] = [choice, AllOf(parts=(), title="Ethics of data")]
    drafting.change(
        institution_id,
        draft_id,
        lambda tree: outline.add(tree, tree.id, more),
        seen=1,
        actor=SYSTEM,
    )


def _stack(name: str, *, description: str, criteria: str, stones: int) -> AchievementDraft:
    return AchievementDraft(
        name=name,
        description=description,
        criteria=criteria,
        achievement_type=AchievementType.CERTIFICATE,
        artwork=Artwork(outline=Outline.ARCH, field=Field.PATH, level=stones),
        credits=_CREDITS * stones,
        details=_STACKED,
    )


def _all(published: Mapping[str, Published], names: Sequence[str]) -> tuple[Earn, ...]:
    return tuple(Earn(achievement_id=published[name].achievement_id) for name in names)


def _publish_stack(
    institution_id: InstitutionId, draft: AchievementDraft, expression: Requirement
) -> tuple[AchievementId, PathwayId]:
    """Publish a pathway with the achievement that it leads to."""
    achievement_id = badge_services.publish_achievement(institution_id, draft)
    pathway_id = pathway_services.publish_pathway(
        institution_id,
        PathwayDraft(title=draft.name, achievement_id=achievement_id, expression=expression),
        note="The first version.",
    )
    return achievement_id, pathway_id


def _publish_module(institution_id: InstitutionId, module: Module) -> Published:
    assessment_id = assessment_services.create_assessment(institution_id, module.title)
    edition_id = assessment_services.publish_edition(
        institution_id,
        EditionDraft(
            assessment_id=assessment_id,
            title=module.title,
            summary=module.summary,
            competencies=module.competencies,
            pass_mark=module.pass_mark,
            minutes=module.minutes,
            items=module.items,
            details=module.details.model_copy(update={"language": SOURCE}),
        ),
    )
    achievement_id = badge_services.publish_achievement(
        institution_id,
        AchievementDraft(
            name=module.title,
            description=module.summary,
            criteria=module.criteria,
            achievement_type=AchievementType.MICRO_CREDENTIAL,
            artwork=Artwork(outline=Outline.STONE, field=module.field, level=1),
            credits=_CREDITS,
            assessment_id=assessment_id,
            details=replace(module.achievement, assessment=module.assessment),
        ),
    )
    return Published(module=module, edition_id=edition_id, achievement_id=achievement_id)
