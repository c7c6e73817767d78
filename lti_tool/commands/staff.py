"""`cairn staff`: let an institution's staff sign in to its desk with their own accounts."""

import click

from lti_tool.commands.product import connect
from lti_tool.core.db import system_transaction
from lti_tool.people import services as people_services
from lti_tool.platforms import queries as platform_queries


@click.group()
def staff() -> None:
    """Connect the sign-in of staff."""


@staff.command("connect")
@click.option("--institution", "slug", required=True, help="Slug of the institution.")
@click.option("--issuer", required=True, help="The OpenID provider, exactly as it writes itself.")
@click.option("--client-id", required=True, help="The client id it gave us.")
@click.option(
    "--client-secret",
    envvar="CAIRN_STAFF_CLIENT_SECRET",
    prompt=True,
    hide_input=True,
    help="Its secret; asked for, or from CAIRN_STAFF_CLIENT_SECRET, so that no history keeps it.",
)
@click.option("--name", default="your account", show_default=True, help="What people call it.")
@click.option("--role-claim", default="roles", show_default=True, help="Claim with their groups.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    help="GROUP=ROLE: who is in GROUP there has ROLE here, such as registrar; repeatable.",
)
def connect_staff(  # noqa: PLR0913 - the options of one command
    *,
    slug: str,
    issuer: str,
    client_id: str,
    client_secret: str,
    name: str,
    role_claim: str,
    roles: tuple[str, ...],
) -> None:
    """Connect an OpenID provider, and print what its administrator has to enter there."""
    settings = connect()
    role_map: dict[str, list[str]] = {}
    for pair in roles:
        group, equals, role = pair.rpartition("=")
        if not equals or not group:
            raise click.BadParameter(f"{pair!r} is not GROUP=ROLE.", param_hint="--role")
        role_map.setdefault(group, []).append(role)
    with system_transaction() as session:
        institution_id = platform_queries.get_institution_by_slug(session, slug).id
    people_services.add_identity_provider(
        institution_id, name, issuer, client_id, client_secret, role_map, role_claim=role_claim
    )
    click.echo(f"Connected: {issuer}")
    click.echo("Enter this at the provider, as redirect URI:")
    click.echo(f"  {settings.base_url}/staff/{slug}/callback")
    click.echo("Staff begin here:")
    click.echo(f"  {settings.base_url}/desk/{slug}/")
