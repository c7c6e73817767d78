"""`cairn verify` and `cairn credential`: checking credentials, and handing them out whole."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click
from sqlalchemy import select

from lti_tool.badges import exporting
from lti_tool.badges.errors import (
    TakenBackTranscriptError,
    UnprintableNameError,
    UnreadableCredentialError,
)
from lti_tool.badges.examination import Judgement, Verdict
from lti_tool.badges.exporting import FileKind
from lti_tool.badges.models import Credential, Transcript
from lti_tool.badges.queries import get_issuer_of
from lti_tool.badges.transcripts import files
from lti_tool.badges.transcripts.files import TranscriptKind
from lti_tool.badges.verifying import handed_in
from lti_tool.badges.verifying.checking import Checked, CheckedTranscript
from lti_tool.commands.product import connect
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.errors import NotFoundError
from lti_tool.core.ids import CredentialId, InstitutionId, TranscriptId
from lti_tool.platforms.queries import get_institution_by_slug, list_institutions

_VALID, _NOT_VALID, _UNREADABLE = 0, 1, 2


@click.command()
@click.argument("what", metavar="FILE|URL|-")
@click.option("--json", "as_json", is_flag=True, help="Print every check as JSON.")
def verify(what: str, *, as_json: bool) -> None:
    """Check a credential that was issued here: a file, a link of ours, or - for standard input.

    Takes JSON, JWT, SVG, PNG and PDF, and pictures of a certificate's QR code. Exits 0 if it is
    valid, 1 if it is not, 2 if there is none to be read.
    """
    connect()
    try:
        checked = _check(what)
    except TakenBackTranscriptError as error:
        told = {"verdict": Verdict.REVOKED, "detail": str(error)}
        click.echo(json.dumps(told) if as_json else f"{Verdict.REVOKED}: {error}")
        sys.exit(_NOT_VALID)
    except (UnreadableCredentialError, NotFoundError, OSError) as error:
        why = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        if as_json:
            click.echo(json.dumps({"verdict": "unreadable", "detail": why}))
        else:
            click.echo(f"unreadable: {why}", err=True)
        sys.exit(_UNREADABLE)
    if as_json:
        report = (
            _transcript_report(checked)
            if isinstance(checked, CheckedTranscript)
            else _report(checked)
        )
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        _tell(checked)
    is_valid = checked.examination.verdict is Verdict.VALID
    if isinstance(checked, CheckedTranscript):
        is_valid = checked.is_sound
    sys.exit(_VALID if is_valid else _NOT_VALID)


def _tell(checked: Checked | CheckedTranscript) -> None:
    if isinstance(checked, CheckedTranscript):
        told = checked.transcript
        click.echo(f"{checked.examination.verdict}: {told.name}")
        for one in checked.contained:
            click.echo(f"  {one.examination.verdict}: {one.examination.badge.achievement.name}")
    else:
        badge = checked.examination.badge
        click.echo(f"{checked.examination.verdict}: {badge.achievement.name}, {badge.issuer.name}")


def _check(what: str) -> Checked | CheckedTranscript:
    if what.startswith(("http://", "https://")):
        return handed_in.check_link(what)
    data = sys.stdin.buffer.read() if what == "-" else Path(what).read_bytes()
    return handed_in.check_data(data)


def _transcript_report(checked: CheckedTranscript) -> dict[str, object]:
    found, told = checked.examination, checked.transcript
    return {
        "verdict": found.verdict,
        "carrier": checked.found.carrier,
        "form": "jwt" if checked.found.compact else "data-integrity",
        "credential": told.id,
        "type": "transcript",
        "name": told.name,
        "partial": told.is_partial,
        "issuer": {"id": told.issuer.id, "name": told.issuer.name, "known": bool(checked.issuer)},
        "validFrom": told.valid_from.isoformat(),
        "holder": told.holder.name,
        "recognisedBy": told.holder.identity and told.holder.identity.kind,
        "associations": [asdict(one) for one in told.associations],
        "checkedAt": found.at.isoformat(),
        "checks": _checks(found),
        "contained": [_report(one) for one in checked.contained],
    }


def _checks(found: Judgement) -> dict[str, object]:
    return {
        "proof": {
            "outcome": found.proof.outcome,
            "key": found.proof.method_id,
            "detail": found.proof.detail,
        },
        "status": found.status,
        "dates": found.dates,
    }


def _report(checked: Checked) -> dict[str, object]:
    found, badge = checked.examination, checked.examination.badge
    return {
        "verdict": found.verdict,
        "carrier": checked.found.carrier,
        "form": "jwt" if checked.found.compact else "data-integrity",
        "credential": badge.id,
        "achievement": {"id": badge.achievement.id, "name": badge.achievement.name},
        "issuer": {"id": badge.issuer.id, "name": badge.issuer.name, "known": bool(checked.issuer)},
        "validFrom": badge.valid_from.isoformat(),
        "validUntil": badge.valid_until and badge.valid_until.isoformat(),
        "holder": badge.particulars.name,
        "recognisedBy": badge.particulars.identity and badge.particulars.identity.kind,
        "results": [asdict(result) for result in badge.particulars.results],
        "checkedAt": found.at.isoformat(),
        "checks": _checks(found),
    }


@click.group()
def credential() -> None:
    """Look after signed credentials."""


@credential.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--institution", "slug", help="Whose credentials; otherwise those of all.")
@click.option("--id", "wanted", type=click.UUID, multiple=True, help="Only these; repeatable.")
def export(out: Path, slug: str | None, wanted: tuple[UUID, ...]) -> None:
    """Write every form of every credential, and all it takes to check them without a network.

    That is the did document, the key set and the status lists. Of several institutions each has a
    folder of its own, named as in its addresses. Without --id transcripts are written, too, in a
    folder of that name. Prints how many credentials and transcripts.
    """
    connect()
    with system_transaction() as session:
        chosen = [get_institution_by_slug(session, slug)] if slug else list_institutions(session)
    made = [_export(one.id, out if len(chosen) == 1 else out / one.slug, wanted) for one in chosen]
    click.echo(sum(made))


def _export(institution_id: InstitutionId, out: Path, wanted: tuple[UUID, ...]) -> int:
    """Write one institution's credentials; returns how many."""
    query = select(Credential.id).where(Credential.document.is_not(None)).order_by(Credential.id)
    transcripts: list[TranscriptId] = []
    with transaction(institution_id) as session:
        ids = session.scalars(query.where(Credential.id.in_(wanted)) if wanted else query).all()
        if not wanted:
            transcripts += session.scalars(
                select(Transcript.id)
                .where(Transcript.document.is_not(None))
                .order_by(Transcript.id)
            )
        verify_url = f"{get_issuer_of(session, institution_id).host_url}/verify"
    out.mkdir(parents=True, exist_ok=True)
    for file in exporting.issuer_files(institution_id):
        (out / file.name).write_bytes(file.data)
    for credential_id in ids:
        folder = out / str(credential_id)
        folder.mkdir(exist_ok=True)
        made = {
            kind.value: exporting.credential_file(
                institution_id, CredentialId(credential_id), kind
            ).data
            for kind in FileKind
        }
        try:
            # Without a code, which would be a link that its holder never made.
            made["pdf"] = exporting.certificate_file(
                institution_id,
                CredentialId(credential_id),
                link=None,
                verify_url=verify_url,
                holder=None,
            ).data
        except UnprintableNameError as error:
            click.echo(f"{credential_id}: no certificate. {error}", err=True)
        for ending, data in made.items():
            (folder / f"credential.{ending}").write_bytes(data)
    for transcript_id in transcripts:
        folder = out / "transcripts" / str(transcript_id)
        folder.mkdir(parents=True, exist_ok=True)
        for form in TranscriptKind:
            file = files.transcript_file(institution_id, transcript_id, form)
            (folder / file.name).write_bytes(file.data)
    return len(ids) + len(transcripts)
