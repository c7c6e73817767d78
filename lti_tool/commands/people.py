"""`cairn person` and `cairn retention`: what is kept about people, and forgetting it."""

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID

import click

from lti_tool.administration import personal_data
from lti_tool.assessments import services as assessments
from lti_tool.badges.forgetting import forget_pictures
from lti_tool.commands.product import connect
from lti_tool.core import audit, outbox
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import InstitutionId, PersonId
from lti_tool.core.storage import storage
from lti_tool.launch import forgetting as launch
from lti_tool.people import erasing, matching
from lti_tool.people import services as people
from lti_tool.people.accounts import list_accounts
from lti_tool.people.queries import current_person, list_authorities
from lti_tool.platforms import forgetting
from lti_tool.platforms import queries as platform_queries

WHOSE = click.option("--institution", "slug", required=True, help="Slug of the institution.")
WHO = click.argument("person", type=click.UUID)

RETENTION: Mapping[str, Callable[[], int]] = {
    "events that were heard": outbox.forget_finished,
    "marks of logins that were used": launch.forget_expired,
    "launches that ended": launch.forget_ended,
    "ended sessions of staff": people.forget_sessions,
    "tokens, invitations and rosters": forgetting.forget_unused,
    "files without an attempt": assessments.forget_orphans,
    "pictures that no badge has": forget_pictures,
    "attempts emptied of their answers": assessments.forget_answers,
}


@click.group()
def person() -> None:
    """Find a person, give out what is kept about them, or erase who they were."""


@person.command()
@WHOSE
@click.argument("words", nargs=-1, required=True)
def find(slug: str, words: tuple[str, ...]) -> None:
    """Find people by words of name, e-mail or number. Prints id, name, e-mail, number, platform.

    The reading is noted in the institution's audit trail.
    """
    institution_id = _institution(slug)
    with transaction(institution_id) as session:
        found = list_accounts(session, " ".join(words), limit=50)
    for one in found:
        _note(institution_id, one.person_id, "find_person")
        click.echo("\t".join(filter(None, map(str, one.words))))
    if not found:
        raise click.ClickException("Nobody is found by these words.")


@person.command()
@WHOSE
@WHO
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
def export(slug: str, person: UUID, output: Path) -> None:
    """Write all that is kept about a person to a ZIP: data.json and the files they sent."""
    institution_id = _institution(slug)
    with transaction(institution_id) as session:
        person_id = current_person(session, PersonId(person))
        data = personal_data.collect(session, person_id)
        files = personal_data.list_files(session, person_id)
    _note(institution_id, person_id, "export_person")
    with zipfile.ZipFile(output, "x", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(data, indent=2, ensure_ascii=False, default=str)
        archive.writestr("data.json", text)
        for file in files:
            stored = storage().get(assessments.key_of(institution_id, file))
            archive.writestr(f"files/{file.id}-{file.name}", stored.data)
    output.chmod(0o600)
    click.echo(f"{output}: data.json and {len(files)} files. It is personal: keep it so.")


@person.command()
@WHOSE
@WHO
@click.option("--reason", required=True, help="Why, without a name: it stays in the audit trail.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and let it be.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(slug: str, person: UUID, *, reason: str, dry_run: bool, yes: bool) -> None:
    """Forget who a person was. Attempts, points, awards and the audit trail stay, without a name.

    What they answered, sent and shared goes, and their credentials are revoked. It cannot be
    undone; give them what is kept first: cairn person export.
    """
    institution_id = _institution(slug)
    with transaction(institution_id) as session:
        person_id = current_person(session, PersonId(person))
        data = personal_data.collect(session, person_id)
        files = personal_data.list_files(session, person_id)
    if data["person"]["erased_at"] is not None:
        click.echo("This person was erased before.")
        return
    for number, what in (
        (len(data["accounts"]), "accounts that lose their names"),
        (len(data["attempts"]), "attempts that lose their answers"),
        (len(files), "files that go"),
        (len(data["awards"]), "awards whose credentials are revoked"),
        (len(data["visits"]), "visits that are forgotten"),
    ):
        click.echo(f"{number:>5}  {what}")
    if dry_run:
        return
    if not yes:
        click.confirm("Erase? It cannot be undone.", abort=True)
    erasing.erase_person(institution_id, person_id, reason=reason, actor=audit.CLI)
    click.echo("Erased. Workers take what was answered and signed within moments: cairn backlog")


@person.command()
@WHOSE
@click.option("--issuer", help="Of the platform, as in cairn registration list.")
@click.option("--register", help="Of whose numbers it speaks: one word for all its platforms.")
@click.option("--withdraw", is_flag=True, help="Its numbers are of no register any more.")
def vouch(slug: str, issuer: str | None, register: str | None, *, withdraw: bool) -> None:
    """Say which platforms' student numbers are of one register; without options, list them.

    People who have the same number at two platforms of a register are one person, and are merged
    by themselves within the hour. An e-mail address in common only puts them before a registrar.
    """
    institution_id = _institution(slug)
    if issuer is not None:
        if (register is None) is not withdraw:
            raise click.UsageError("Give either --register or --withdraw.")
        with transaction(institution_id) as session:
            known = platform_queries.list_issuers(session)
        if issuer not in known:
            raise click.ClickException(
                f"Not an issuer of a platform here; those: {', '.join(known)}"
            )
        matching.declare_authority(institution_id, issuer, register, actor=audit.CLI)
    with transaction(institution_id) as session:
        rows = list_authorities(session)
    for row in rows:
        click.echo(f"{row.namespace}\t{row.issuer}")
    if not rows:
        click.echo("No platform's student numbers are vouched for: nobody is matched by them.")


@click.group()
def retention() -> None:
    """Forget what is over. Relays have it done by themselves, a little every hour."""


@retention.command("run")
@click.option("--dry-run", is_flag=True, help="Count the attempts that would lose their answers.")
def run_retention(*, dry_run: bool) -> None:
    """Do it now, as far as the settings under [keep] say. Prints what went, and how many."""
    connect()
    if dry_run:
        click.echo(f"attempts to be emptied of their answers\t{assessments.count_forgettable()}")
        return
    for what, forget in RETENTION.items():
        click.echo(f"{what}\t{forget()}")


def _institution(slug: str) -> InstitutionId:
    connect()
    with system_transaction() as session:
        return platform_queries.get_institution_by_slug(session, slug).id


def _note(institution_id: InstitutionId, person_id: PersonId, act: str) -> None:
    people.note_reading(
        institution_id, actor=audit.CLI, act=act, object_kind="person", object_id=person_id
    )
