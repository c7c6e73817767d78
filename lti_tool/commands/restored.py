"""`cairn restored`: what has to be done once after a backup was restored."""

from collections.abc import Iterator

import click
from sqlalchemy import select

from lti_tool.badges import issuing, kept_revocations
from lti_tool.commands.product import connect
from lti_tool.core.db import system_transaction
from lti_tool.platforms.models import Institution


@click.command()
def restored() -> None:
    """Revoke again what was revoked after the backup that was restored. Run it before serving.

    The storage folder has to be the present one, or newer than the dump. Scores, events and
    signatures need nothing: what is due again is found by the relay.
    """
    connect()
    for line in report():
        click.echo(line)


def report() -> Iterator[str]:
    """Do it, institution by institution, and say what was done."""
    with system_transaction() as session:
        institutions = session.execute(
            select(Institution.id, Institution.slug).order_by(Institution.slug)
        ).all()
    for institution_id, slug in institutions:
        found = kept_revocations.restore(institution_id)
        issuing.publish_status_lists(institution_id)
        things = "credential was" if found.revoked == 1 else "credentials were"
        yield f"{slug}: {found.revoked} {things} revoked after this backup, and are so again."
        if found.awards:
            yield "  Their awards stand in this backup; withdraw at the desk those that should not:"
            yield from (f"  {award_id}" for award_id in found.awards)
        if found.unknown:
            yield f"  {found.unknown} more were issued and revoked after it: they stay revoked."
