"""What an administrator decides about one platform: roles, further addresses, nameless visits."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.administration import queries
from lti_tool.administration.forms import Register, RoleNames, SiteVerdict
from lti_tool.core import web
from lti_tool.core.db import transaction
from lti_tool.core.errors import DeniedError, InvalidRequestError, NotFoundError, ToolError
from lti_tool.core.ids import DeploymentId, RegistrationId
from lti_tool.core.language import phrase
from lti_tool.launch.rules import GIVEN_ROLES, NO_ROLE
from lti_tool.people.matching import declare_authority
from lti_tool.people.queries import list_authorities
from lti_tool.people.rules import Act
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.platforms import deciding
from lti_tool.platforms.models import Deployment
from lti_tool.platforms.queries import find_role_map
from lti_tool.platforms.rules import Copy, copies, learnt

blueprint = Blueprint(
    "platform_settings", __name__, url_prefix="/desk/<slug>/platforms/<uuid:registration_id>"
)

# What is there to fill in at once; saving brings as many again.
BLANK_ROWS = 2
ROLE_NAMES = {
    "learner": phrase("Learner: takes assessments"),
    "instructor": phrase("Instructor: places them, sees results and grades"),
    "content_developer": phrase("Content developer: places them, sees no results"),
    "administrator": phrase("Administrator: as an instructor"),
    NO_ROLE: phrase("Nothing: sees only what is their own"),
}
_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
# Names that platforms send and schools differ about.
SUGGESTED = (
    f"{_MEMBERSHIP}/Instructor#TeachingAssistant",
    f"{_MEMBERSHIP}/Instructor#Grader",
    f"{_MEMBERSHIP}#Mentor",
    f"{_MEMBERSHIP}#Manager",
    f"{_MEMBERSHIP}#Officer",
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Observer",
)


@blueprint.get("/settings")
@staff_page(Act.ADMINISTER)
def show_settings(here: CurrentStaff, registration_id: UUID) -> ResponseReturnValue:
    """Show what was decided about a platform, to be changed."""
    return _show(here, RegistrationId(registration_id))


@blueprint.post("/settings/roles")
@staff_page(Act.ADMINISTER)
def change_roles(here: CurrentStaff, registration_id: UUID) -> ResponseReturnValue:
    """Decide what the platform's roles count as."""
    rows = list(zip(request.form.getlist("name"), request.form.getlist("role"), strict=False))
    try:
        role_map = web.read_form(RoleNames, {"rows": rows}).as_map()
        deciding.decide_roles(
            here.institution_id, RegistrationId(registration_id), role_map, actor=here.actor
        )
    except NotFoundError:
        raise
    except ToolError as error:
        shown = _show(here, RegistrationId(registration_id), rows=rows, problem=error.sentence)
        return shown, web.status_of(error)
    return _back(here, registration_id)


@blueprint.post("/settings/deployments/<uuid:approved_deployment_id>/addresses")
@staff_page(Act.ADMINISTER)
def change_addresses(
    here: CurrentStaff, registration_id: UUID, approved_deployment_id: UUID
) -> ResponseReturnValue:
    """Decide where else a deployment's pages and services are."""
    with transaction(here.institution_id) as session:
        queries.get_platform(session, here.institution_id, RegistrationId(registration_id))
    deployment_id = DeploymentId(approved_deployment_id)
    text = request.form.get("addresses", "")[:20_000]
    try:
        deciding.decide_addresses(
            here.institution_id, deployment_id, text.split(), actor=here.actor
        )
    except NotFoundError:
        raise
    except ToolError as error:
        written = {deployment_id: text}
        shown = _show(
            here, RegistrationId(registration_id), written=written, problem=error.sentence
        )
        return shown, web.status_of(error)
    return _back(here, registration_id)


@blueprint.post("/settings/deployments/<uuid:approved_deployment_id>/learnt")
@staff_page(Act.ADMINISTER)
def change_learnt(
    here: CurrentStaff, registration_id: UUID, approved_deployment_id: UUID
) -> ResponseReturnValue:
    """Take an address away that was learnt, or let it be learnt again."""
    with transaction(here.institution_id) as session:
        queries.get_platform(session, here.institution_id, RegistrationId(registration_id))
    deciding.decide_learnt(
        here.institution_id,
        DeploymentId(approved_deployment_id),
        request.form.get("origin", ""),
        removed="removed" in request.form,
        actor=here.actor,
    )
    return _back(here, registration_id, saved="learnt")


@blueprint.post("/settings/deployments/<uuid:approved_deployment_id>/sites")
@staff_page(Act.ADMINISTER)
def decide_site(
    here: CurrentStaff, registration_id: UUID, approved_deployment_id: UUID
) -> ResponseReturnValue:
    """Say what another site is that launches under a deployment: the same, or one to keep out."""
    with transaction(here.institution_id) as session:
        queries.get_platform(session, here.institution_id, RegistrationId(registration_id))
    deciding.decide_copy(
        here.institution_id,
        DeploymentId(approved_deployment_id),
        request.form.get("guid", ""),
        web.read_form(SiteVerdict, {"verdict": request.form.get("verdict", "")}).verdict,
        actor=here.actor,
    )
    return _back(here, registration_id)


@blueprint.post("/settings/anonymous")
@staff_page(Act.ADMINISTER)
def change_anonymous(here: CurrentStaff, registration_id: UUID) -> ResponseReturnValue:
    """Decide whether people may come without a name."""
    with transaction(here.institution_id) as session:
        queries.get_platform(session, here.institution_id, RegistrationId(registration_id))
        ours = queries.is_ours_alone(session, here.institution_id, RegistrationId(registration_id))
    if not ours:
        raise DeniedError(
            phrase("This platform serves other institutions too: an operator decides.")
        )
    deciding.decide_anonymous(
        here.institution_id,
        RegistrationId(registration_id),
        allowed="allowed" in request.form,
        actor=here.actor,
    )
    return _back(here, registration_id)


@blueprint.post("/settings/register")
@staff_page(Act.ADMINISTER)
def change_register(here: CurrentStaff, registration_id: UUID) -> ResponseReturnValue:
    """Decide of which register the platform's student numbers are."""
    with transaction(here.institution_id) as session:
        platform = queries.get_platform(
            session, here.institution_id, RegistrationId(registration_id)
        )
        ours = queries.list_deployments(
            session, here.institution_id, RegistrationId(registration_id)
        )
    if not ours:
        raise NotFoundError(phrase("There is no deployment of this platform here yet."))
    written = request.form.get("register_name", "")
    try:
        wanted = web.read_form(Register, {"register_name": written})
    except InvalidRequestError as error:
        shown = _show(here, RegistrationId(registration_id), register=written[:200])
        return shown, web.status_of(error)
    declare_authority(
        here.institution_id,
        platform.registration.issuer,
        wanted.register_name or None,
        actor=here.actor,
    )
    return _back(here, registration_id, saved="register")


def _other_sites(deployment: Deployment) -> list[Copy]:
    return [one for one in copies(deployment.other_guids) if one.guid != deployment.platform_guid]


def _back(
    here: CurrentStaff, registration_id: UUID, *, saved: str = "launch"
) -> ResponseReturnValue:
    where = url_for(
        ".show_settings", slug=here.institution_slug, registration_id=registration_id, saved=saved
    )
    return redirect(where, 303)


def _show(  # noqa: PLR0913 - what a refused form said
    here: CurrentStaff,
    registration_id: RegistrationId,
    *,
    rows: Sequence[tuple[str, str]] | None = None,
    written: dict[DeploymentId, str] | None = None,
    register: str | None = None,
    problem: str | None = None,
) -> str:
    with transaction(here.institution_id) as session:
        platform = queries.get_platform(session, here.institution_id, registration_id)
        deployments = queries.list_deployments(session, here.institution_id, registration_id)
        role_map = find_role_map(session, here.institution_id, registration_id)
        ours = queries.is_ours_alone(session, here.institution_id, registration_id)
        registers = {one.issuer: one.namespace for one in list_authorities(session)}
    issuer = platform.registration.issuer
    shown = list(rows) if rows is not None else sorted(role_map.items())
    return render_template(
        "administration/show_settings.html",
        here=here,
        registration=platform.registration,
        deployments=[
            (
                one,
                (written or {}).get(one.id, "\n".join(one.frame_origins)),
                learnt(one.learnt_origins),
            )
            for one in deployments
        ],
        sites=[(one, found) for one in deployments if (found := _other_sites(one))],
        rows=[*shown, *[("", "learner")] * BLANK_ROWS],
        roles=[(role, ROLE_NAMES[role]) for role in GIVEN_ROLES],
        suggested=SUGGESTED,
        may_decide=ours,
        register=registers.get(issuer, "") if register is None else register,
        register_refused=register is not None,
        registers=sorted(set(registers.values())),
        same_register=[
            one
            for one in sorted(registers)
            if one != issuer and registers[one] == registers.get(issuer)
        ],
        saved=request.args.get("saved", ""),
        problem=problem,
        problem_at="roles" if written is None else "addresses",
    )
