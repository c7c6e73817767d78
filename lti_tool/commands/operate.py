"""Looking after an installation: schema, health, what waits, keys."""

import dataclasses
import json
import sys
from datetime import datetime, timedelta

import click
from sqlalchemy import func, select

from lti_tool.administration import doctor as features
from lti_tool.commands.product import connect
from lti_tool.core import clock, doctor, keys, schema
from lti_tool.core import settings as settings_module
from lti_tool.core.audit import CLI
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId
from lti_tool.core.outbox import OutboxDelivery
from lti_tool.grading.backlog import Backlog, get_backlog, list_lanes
from lti_tool.platforms import queries as platform_queries
from lti_tool.platforms import services as platform_services


@click.command()
def migrate() -> None:
    """Bring the schema up to date, as the owner of the tables."""
    settings = settings_module.load()
    owner_url = settings.database.owner_url
    if not owner_url:
        raise click.ClickException(
            "CAIRN_OWNER_DATABASE_URL is not set: migrations run as the owner of the tables, "
            "which the application's role is not"
        )
    if schema.is_ahead(owner_url):
        click.echo("A newer version has migrated this database; there is nothing to do.")
        return
    schema.upgrade(owner_url, settings.database.url)
    click.echo("The schema is up to date.")


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor_command(*, as_json: bool) -> None:
    """Look the installation over and say what to do. Exits 1 if anything has to be done."""
    findings = doctor.examine(connect(), features.CHECKS)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            sign = click.style("  ok", fg="green") if finding.ok else click.style("LOOK", fg="red")
            click.echo(f"{sign}  {finding.about:<12}{finding.says}")
    sys.exit(not all(finding.ok for finding in findings))


@click.command()
@click.option("--older-than", default=0, help="Only those due for this many minutes.")
def backlog(older_than: int) -> None:
    """Count deliveries and scores that wait or were given up. Exits 1 if there are any.

    Prints three columns: subscriber or "scores:" and the platform, waiting, given up.
    Scores wait while they are due; a platform refused the ones that were given up.
    """
    connect()
    cutoff = clock.now() - timedelta(minutes=older_than)
    waiting = func.count().filter(OutboxDelivery.due_at <= cutoff)
    dead = func.count().filter(OutboxDelivery.died_at.is_not(None))
    with system_transaction() as session:
        rows = session.execute(
            select(OutboxDelivery.subscriber, waiting, dead)
            .group_by(OutboxDelivery.subscriber)
            .having((waiting > 0) | (dead > 0))
            .order_by(OutboxDelivery.subscriber)
        ).all()
    for subscriber, number_waiting, number_dead in rows:
        click.echo(f"{subscriber}\t{number_waiting}\t{number_dead}")
    scores = [found for found in _score_backlogs(cutoff) if found.waiting or found.refused]
    for found in scores:
        click.echo(f"scores:{found.platform_name}\t{found.waiting}\t{found.refused}")
    sys.exit(bool(rows or scores))


def _score_backlogs(cutoff: datetime) -> list[Backlog]:
    """Return what each platform has yet to take, for each institution."""
    with system_transaction() as session:
        lanes = list_lanes(session)
    found = []
    for registration_id, institution_id in lanes:
        with transaction(institution_id) as session:
            found.append(get_backlog(session, registration_id, institution_id, due_before=cutoff))
    return found


@click.group("keys")
def keys_group() -> None:
    """Look after signing keys."""


@keys_group.command()
@click.option(
    "--purpose", type=click.Choice(["lti", "credential", "credential_jwt"]), default="lti"
)
@click.option("--institution", "slug", help="Whose credential keys; not for lti.")
def rotate(purpose: keys.Purpose, slug: str | None) -> None:
    """Sign with a new key from now on. The old one stays published; prints the new key's id.

    An institution finds it in its audit trail.
    """
    if (purpose != "lti") != (slug is not None):
        raise click.UsageError("--institution goes with the purposes credential and credential_jwt")
    connect()
    if slug is None:
        click.echo(keys.rotate(purpose).kid)
    else:
        institution_id = _institution(slug)
        click.echo(platform_services.rotate_keys(institution_id, purpose, actor=CLI, shared=False))


def _institution(slug: str) -> InstitutionId:
    with system_transaction() as session:
        return platform_queries.get_institution_by_slug(session, slug).id
