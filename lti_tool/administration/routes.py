"""The administrator's desk: platforms, what waits for approval, keys, who gets which role."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.administration import queries
from lti_tool.administration.forms import ByHand, Product, Retirement, Rotation
from lti_tool.administration.platform_health import get_health
from lti_tool.core import clock, http, keys, settings, web
from lti_tool.core.db import transaction
from lti_tool.core.errors import DeniedError, NotFoundError, ToolError
from lti_tool.core.ids import DeploymentId, RegistrationId
from lti_tool.core.language import phrase
from lti_tool.launch.examination import Finding, examine
from lti_tool.launch.platform_description import SCOPES
from lti_tool.people.queries import list_identity_providers
from lti_tool.people.rules import STAFF_ROLES, Act
from lti_tool.people.services import change_role_map
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.platforms import invitations
from lti_tool.platforms import services as platforms
from lti_tool.platforms.products import PRODUCTS, filled
from lti_tool.platforms.quirks import habits, quirks_of
from lti_tool.platforms.rules import has_open_copies
from lti_tool.platforms.services import Endpoints

blueprint = Blueprint("administration", __name__, url_prefix="/desk/<slug>")

PURPOSES: tuple[tuple[keys.Purpose, str, str], ...] = (
    (
        "credential",
        phrase("Badges"),
        phrase("Signs every badge as Open Badges 3.0 with a Data Integrity proof."),
    ),
    ("credential_jwt", phrase("Badges as JWT"), phrase("Signs the second form of a badge.")),
    (
        "lti",
        phrase("Messages to platforms"),
        phrase("Shared by all institutions of this installation."),
    ),
)


@blueprint.get("/platforms")
@staff_page(Act.ADMINISTER)
def show_platforms(here: CurrentStaff) -> ResponseReturnValue:
    """Show the institution's platforms, what waits for approval, and open invitations."""
    with transaction(here.institution_id) as session:
        rows = queries.list_platforms(session, here.institution_id)
        waiting = queries.list_waiting(session, here.institution_id)
        invited = queries.list_invitations(session, here.institution_id, clock.now())
    return render_template(
        "administration/show_platforms.html",
        here=here,
        platforms=rows,
        waiting=waiting,
        invitations=invited,
    )


@blueprint.post("/platforms/invitations")
@staff_page(Act.ADMINISTER)
def invite(here: CurrentStaff) -> ResponseReturnValue:
    """Make an invitation and show its address, this once."""
    secret = invitations.invite(here.institution_id, actor=here.actor)
    return render_template(
        "administration/show_invitation.html",
        here=here,
        address=f"{settings.current().base_url}/lti/register/{secret}",
    )


@blueprint.post("/platforms/invitations/<uuid:invitation_id>/withdraw")
@staff_page(Act.ADMINISTER)
def withdraw(here: CurrentStaff, invitation_id: UUID) -> ResponseReturnValue:
    """End an invitation that nobody has used."""
    invitations.withdraw(here.institution_id, invitation_id, actor=here.actor)
    return _to_platforms(here)


@blueprint.post("/platforms/waiting/<uuid:deployment_id>/approve")
@staff_page(Act.ADMINISTER)
def approve(here: CurrentStaff, deployment_id: UUID) -> ResponseReturnValue:
    """Take a deployment for this institution's, if it is its to decide."""
    with transaction(here.institution_id) as session:
        ours = {one.deployment.id for one in queries.list_waiting(session, here.institution_id)}
    if DeploymentId(deployment_id) not in ours:
        raise NotFoundError(phrase("Nothing of this kind waits for your approval."))
    platforms.approve_deployment(DeploymentId(deployment_id), here.institution_id, actor=here.actor)
    return _to_platforms(here)


@blueprint.get("/platforms/add")
@staff_page(Act.ADMINISTER)
def ask_platform(here: CurrentStaff) -> ResponseReturnValue:
    """Ask for what an LMS shows when it is connected by hand; fill in what its name tells."""
    wanted = web.read_form(Product, request.args.to_dict())
    known = filled(wanted.product, site=wanted.site, client_id=wanted.client_id)
    values = {
        "product": wanted.product,
        "name": "",
        "client_id": wanted.client_id,
        "issuer": known.issuer,
        "auth_url": known.auth_url,
        "token_url": known.token_url,
        "jwks_url": known.jwks_url,
        "deployment_id": "",
    }
    return _ask(here, wanted, values, None)


@blueprint.post("/platforms/add")
@staff_page(Act.ADMINISTER)
def add_platform(here: CurrentStaff) -> ResponseReturnValue:
    """Store it; what cannot be is asked for again, with what was entered."""
    sent = request.form.to_dict()
    try:
        entered = web.read_form(ByHand, sent)
        for url in (entered.token_url, entered.jwks_url):
            http.check_url(url)
        registration_id = platforms.add_by_hand(
            here.institution_id,
            issuer=entered.issuer,
            client_id=entered.client_id,
            name=entered.name,
            product=entered.product if entered.product in PRODUCTS else "generic",
            endpoints=Endpoints(
                auth_url=entered.auth_url, token_url=entered.token_url, jwks_url=entered.jwks_url
            ),
            platform_deployment_id=entered.deployment_id or None,
            actor=here.actor,
        )
    except ToolError as error:
        product = sent.get("product", "")
        wanted = Product(product=product if product in PRODUCTS else "generic")
        values = {name: sent.get(name, "") for name in ByHand.model_fields}
        return _ask(here, wanted, values, error.sentence), web.status_of(error)
    return redirect(
        url_for(".show_platform", slug=here.institution_slug, registration_id=registration_id),
        303,
    )


@blueprint.get("/platforms/<uuid:registration_id>")
@staff_page(Act.ADMINISTER)
def show_platform(here: CurrentStaff, registration_id: UUID) -> ResponseReturnValue:
    """Show how one platform is connected and how it is doing."""
    return _platform(here, RegistrationId(registration_id), None)


@blueprint.post("/platforms/<uuid:registration_id>/test")
@staff_page(Act.ADMINISTER)
def test_platform(here: CurrentStaff, registration_id: UUID) -> ResponseReturnValue:
    """Try keys, tokens, roster and gradebook, and say what is still to be ticked."""
    with transaction(here.institution_id) as session:
        queries.get_platform(session, here.institution_id, RegistrationId(registration_id))
    findings = examine(here.institution_id, RegistrationId(registration_id))
    return _platform(here, RegistrationId(registration_id), findings)


@blueprint.get("/keys")
@staff_page(Act.ADMINISTER)
def show_keys(here: CurrentStaff) -> ResponseReturnValue:
    """Show which keys sign, since when, and which older ones are still published."""
    with transaction(here.institution_id) as session:
        is_alone = queries.is_alone(session)
    shown = [
        (
            purpose,
            name,
            text,
            keys.published(purpose, None if purpose == "lti" else here.institution_id),
            purpose != "lti" or is_alone,
        )
        for purpose, name, text in PURPOSES
    ]
    return render_template(
        "administration/show_keys.html",
        here=here,
        purposes=shown,
        retirable_before=clock.now() - platforms.KEY_KEPT_FOR,
    )


@blueprint.post("/keys/rotate")
@staff_page(Act.ADMINISTER)
def rotate_key(here: CurrentStaff) -> ResponseReturnValue:
    """Make a new key current; the one before stays published."""
    wanted = web.read_form(Rotation, request.form.to_dict())
    shared = wanted.purpose == "lti"
    if shared:
        _refuse_where_shared(here)
    platforms.rotate_keys(here.institution_id, wanted.purpose, actor=here.actor, shared=shared)
    return redirect(url_for(".show_keys", slug=here.institution_slug), 303)


@blueprint.post("/keys/retire")
@staff_page(Act.ADMINISTER)
def retire_key(here: CurrentStaff) -> ResponseReturnValue:
    """Stop publishing an older key for messages to platforms."""
    wanted = web.read_form(Retirement, request.form.to_dict())
    _refuse_where_shared(here)
    platforms.retire_key(here.institution_id, wanted.kid, actor=here.actor)
    return redirect(url_for(".show_keys", slug=here.institution_slug), 303)


@blueprint.get("/roles")
@staff_page(Act.ADMINISTER)
def show_roles(here: CurrentStaff) -> ResponseReturnValue:
    """Show which words of each sign-in give which roles at this desk."""
    with transaction(here.institution_id) as session:
        providers = list_identity_providers(session)
    return render_template(
        "administration/show_roles.html",
        here=here,
        providers=[
            (
                one,
                [
                    (
                        role.value,
                        ", ".join(word for word in one.role_map if role in one.role_map[word]),
                    )
                    for role in sorted(STAFF_ROLES)
                ],
            )
            for one in providers
        ],
    )


@blueprint.post("/roles/<uuid:provider_id>")
@staff_page(Act.ADMINISTER)
def change_roles(here: CurrentStaff, provider_id: UUID) -> ResponseReturnValue:
    """Decide anew who gets which role with their next sign-in."""
    role_map: dict[str, list[str]] = {}
    for role in sorted(STAFF_ROLES):
        for word in request.form.get(role.value, "")[:2000].split(","):
            if word.strip():
                role_map.setdefault(word.strip(), []).append(role.value)
    change_role_map(here.institution_id, provider_id, role_map, actor=here.actor)
    return redirect(url_for(".show_roles", slug=here.institution_slug), 303)


def _refuse_where_shared(here: CurrentStaff) -> None:
    with transaction(here.institution_id) as session:
        if not queries.is_alone(session):
            raise DeniedError(
                phrase("This key serves other institutions too: an operator rotates it.")
            )


def _to_platforms(here: CurrentStaff) -> ResponseReturnValue:
    return redirect(url_for(".show_platforms", slug=here.institution_slug), 303)


def _ask(here: CurrentStaff, wanted: Product, values: dict[str, str], problem: str | None) -> str:
    return render_template(
        "administration/ask_platform.html",
        here=here,
        products=[(key, one.name) for key, one in PRODUCTS.items()],
        wanted=wanted,
        asks_site=PRODUCTS.get(wanted.product, PRODUCTS["generic"]).asks_site,
        values=values,
        problem=problem,
    )


def _platform(
    here: CurrentStaff, registration_id: RegistrationId, findings: list[Finding] | None
) -> str:
    with transaction(here.institution_id) as session:
        row = queries.get_platform(session, here.institution_id, registration_id)
        deployments = queries.list_deployments(session, here.institution_id, registration_id)
        refusals = queries.list_refusals(session, registration_id)
        health = get_health(session, here.institution_id, registration_id, clock.now())
        keys_fetched_at = queries.find_keys_fetched_at(session, row.registration.jwks_url)
    granted = row.registration.scopes
    return render_template(
        "administration/show_platform.html",
        here=here,
        platform=row,
        deployments=deployments,
        other_sites=any(has_open_copies(one.other_guids) for one in deployments),
        refusals=refusals,
        keys_fetched_at=keys_fetched_at,
        habits=habits(quirks_of(row.registration.product)),
        health=health,
        product_name=PRODUCTS.get(row.registration.product, PRODUCTS["generic"]).name,
        missing=[SCOPES[scope] for scope in SCOPES if granted and scope not in granted],
        login_url=f"{settings.current().base_url}/lti/login/{registration_id}",
        findings=findings,
    )
