"""`cairn registration`: connecting platforms."""

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

import click

from lti_tool.commands.product import connect
from lti_tool.core.audit import CLI
from lti_tool.core.db import system_transaction
from lti_tool.core.ids import InstitutionId, RegistrationId
from lti_tool.core.settings import Settings
from lti_tool.platforms import invitations
from lti_tool.platforms import queries as platform_queries
from lti_tool.platforms import services as platform_services
from lti_tool.platforms.models import Registration
from lti_tool.platforms.queries import DeploymentChoice
from lti_tool.platforms.services import Endpoints


@click.group()
def registration() -> None:
    """Connect platforms."""


@registration.command("add")
@click.option("--issuer", required=True, help="The platform's issuer, exactly as it writes it.")
@click.option("--client-id", required=True, help="The client id it gave us.")
@click.option("--auth-url", required=True, help="Its OIDC authorization endpoint.")
@click.option("--token-url", required=True, help="Its OAuth 2 token endpoint.")
@click.option("--token-audience", help="`aud` of token requests, if it is not the token URL.")
@click.option("--jwks-url", required=True, help="Its key set.")
@click.option("--name", help="What to call it; the issuer's host if omitted.")
@click.option("--product", default="generic", help="canvas, moodle, blackboard ... for its quirks.")
@click.option("--deployment", "deployments", multiple=True, help="A deployment id; repeatable.")
@click.option("--approve", is_flag=True, help="Approve the deployments for --institution.")
@click.option("--institution", "slug", help="Slug of the tenant; made if missing.")
@click.option("--institution-name", "tenant", help="Its name, if it is made; shown to everybody.")
@click.option("--json", "as_json", is_flag=True, help="Print our addresses as JSON.")
def add_registration(  # noqa: PLR0913 - the options of one command
    *,
    issuer: str,
    client_id: str,
    auth_url: str,
    token_url: str,
    token_audience: str | None,
    jwks_url: str,
    name: str | None,
    product: str,
    deployments: tuple[str, ...],
    approve: bool,
    slug: str | None,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Register a platform, and print the addresses its administrator has to enter there.

    Running it again with the same values adds the deployments that are new.
    """
    settings = connect()
    endpoints = Endpoints(
        auth_url=auth_url, token_url=token_url, jwks_url=jwks_url, token_audience=token_audience
    )
    if _find_registration(issuer, client_id) is None:
        platform_services.add_registration(
            issuer=issuer,
            client_id=client_id,
            name=name or urlsplit(issuer).hostname or issuer,
            endpoints=endpoints,
            product=product,
        )
    known = _find_registration(issuer, client_id)
    if known is None:
        raise click.ClickException("The registration was removed meanwhile; run this again.")
    _require_same(known, endpoints)
    institution_id = _institution_for(slug, tenant, issuer) if approve else None
    for platform_id in deployments:
        _add_deployment(known.id, platform_id, institution_id)
    _print_addresses(settings, known, deployments, as_json=as_json)


def _find_registration(issuer: str, client_id: str) -> Registration | None:
    with system_transaction() as session:
        found = platform_queries.find_registration(session, issuer, client_id)
    return found[0] if found else None


def _require_same(known: Registration, endpoints: Endpoints) -> None:
    wrong = [
        f"{name.replace('_', '-')} {getattr(known, name)}"
        for name in ("auth_url", "token_url", "jwks_url")
        if getattr(known, name) != getattr(endpoints, name)
    ]
    if wrong:
        raise click.ClickException(
            f"{known.issuer} with client id {known.client_id} is registered already, with "
            f"{', '.join(wrong)}. Nothing was changed."
        )


def _add_deployment(
    registration_id: RegistrationId, platform_id: str, institution_id: InstitutionId | None
) -> None:
    with system_transaction() as session:
        known = platform_queries.find_deployment(session, registration_id, platform_id)
    deployment_id = (
        platform_services.add_deployment(registration_id, platform_id)
        if known is None
        else known.id
    )
    owner = None if known is None else known.institution_id
    if institution_id is None or owner == institution_id:
        return
    if owner is not None:
        raise click.ClickException(
            f"The deployment {platform_id} belongs to another institution. It was left there."
        )
    # Also for one that launched before it was added: a decision of its own, which is audited.
    platform_services.approve_deployment(deployment_id, institution_id, actor=CLI)


def _institution_for(slug: str | None, name: str | None, issuer: str | None) -> InstitutionId:
    """Return the tenant to approve for: the named one, the only one, or a new one."""
    with system_transaction() as session:
        institutions = platform_queries.list_institutions(session)
    if slug is None and len(institutions) > 1:
        raise click.UsageError(
            "there are several institutions; say which: --institution "
            + " | ".join(institution.slug for institution in institutions)
        )
    if slug is None and institutions:
        return institutions[0].id
    if slug is None and issuer is None:
        raise click.UsageError("there is no institution yet; name it: --institution <slug>")
    host = urlsplit(issuer or "").hostname or "institution"
    name = name or slug or host
    slug = slug or host.replace(".", "-").lower()
    for institution in institutions:
        if institution.slug == slug:
            return institution.id
    return platform_services.add_institution(slug, name)


def _print_addresses(
    settings: Settings, registration: Registration, deployments: Sequence[str], *, as_json: bool
) -> None:
    base = settings.base_url
    addresses = {
        "login_url": f"{base}/lti/login",
        "launch_url": f"{base}/lti/launch",
        "deep_link_url": f"{base}/lti/launch",
        "jwks_url": f"{base}/lti/jwks.json",
    }
    if as_json:
        known = {"registration_id": str(registration.id), "deployments": [*deployments]}
        click.echo(json.dumps({**known, **addresses}, indent=2))
        return
    click.echo(f"Registered: {registration.issuer}, client {registration.client_id}")
    click.echo("Enter these at the platform:")
    for name, address in addresses.items():
        click.echo(f"  {name.replace('_', ' '):<14}{address}")


@registration.command("invite")
@click.option("--institution", "slug", help="Slug of the tenant it is for; made if missing.")
@click.option("--institution-name", "tenant", help="Its name, if it is made; shown to everybody.")
@click.option("--any", "for_anybody", is_flag=True, help="For no tenant: approve it afterwards.")
def invite(*, slug: str | None, tenant: str | None, for_anybody: bool) -> None:
    """Print an address that connects one LMS by dynamic registration, once, within seven days."""
    settings = connect()
    institution_id = None if for_anybody else _institution_for(slug, tenant, None)
    secret = invitations.invite(institution_id, actor=CLI)
    click.echo(f"{settings.base_url}/lti/register/{secret}")


@registration.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_registrations(*, as_json: bool) -> None:
    """List registrations and their deployments; those without institution wait for approval."""
    connect()
    with system_transaction() as session:
        registrations = platform_queries.list_registrations(session)
        choices = platform_queries.list_deployments(session)
    if as_json:
        rows = [
            {
                "registration_id": str(one.id),
                "issuer": one.issuer,
                "client_id": one.client_id,
                "deployments": [
                    {"id": platform_id, "institution": institution}
                    for platform_id, institution in _deployments_of(one, choices)
                ],
            }
            for one in registrations
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for one in registrations:
        click.echo(f"{one.issuer}\t{one.client_id}\t{one.id}")
        for platform_id, institution in _deployments_of(one, choices):
            click.echo(f"\t{platform_id}\t{institution or 'waits for approval'}")


def _deployments_of(
    registration: Registration, choices: Sequence[DeploymentChoice]
) -> list[tuple[str, str | None]]:
    return [
        (choice.deployment.platform_id, choice.institution_name)
        for choice in choices
        if choice.deployment.registration_id == registration.id
    ]
