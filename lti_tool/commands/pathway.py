"""Checking the rules of pathways from outside: what came out, and from what."""

import json
from typing import Any
from uuid import UUID

import click

from lti_tool.commands import pathway_cases
from lti_tool.commands.product import connect
from lti_tool.core import audit
from lti_tool.core.db import system_transaction, transaction
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.pathways import queries as pathways
from lti_tool.pathways.case import case_document, evaluate_case
from lti_tool.pathways.foresight import get_case
from lti_tool.people import queries as people
from lti_tool.people.services import note_reading
from lti_tool.platforms.queries import get_institution_by_slug


@click.group()
def pathway() -> None:
    """Evaluate pathways, and say why somebody is done or not."""


@pathway.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
def evaluate(file: str) -> None:
    """Judge the case in FILE (expression, awards, instant) without a database; print JSON.

    FILE is - for standard input. docs/pathway-case.md says what a case is.
    """
    with click.open_file(file, "rb") as opened:
        data = opened.read(pathway_cases.MOST_BYTES + 1)
    try:
        case = pathway_cases.load(data)
    except pathway_cases.NotACaseError as error:
        name = "Standard input" if file == "-" else file
        raise click.ClickException(f"{name} is no case.\n{error}") from error
    click.echo(json.dumps(evaluate_case(case), indent=2, ensure_ascii=False))


@pathway.command("explain")
@click.argument("pathway_id", metavar="PATHWAY", type=click.UUID)
@click.argument("person_id", metavar="PERSON", type=click.UUID)
@click.option("--institution", required=True, help="The word of its addresses: northgate.")
@click.option("--json", "as_json", is_flag=True, help="Print the case and what came out as JSON.")
def explain_command(pathway_id: UUID, person_id: UUID, institution: str, *, as_json: bool) -> None:
    """Say why PERSON is done with PATHWAY or not. That it was read is noted."""
    connect()
    with system_transaction() as session:
        institution_id = get_institution_by_slug(session, institution).id
    with transaction(institution_id) as session:
        found = pathways.get_pathway(session, PathwayId(pathway_id)).id
        whose = people.current_person(session, people.get_person(session, PersonId(person_id)).id)
        case = get_case(session, found, whose)
    note_reading(
        institution_id,
        actor=audit.CLI,
        act="read_record",
        object_kind="person",
        object_id=whose,
    )
    outcome = evaluate_case(case)
    if as_json:
        both = {"case": case_document(case), "evaluation": outcome}
        click.echo(json.dumps(both, indent=2, ensure_ascii=False))
    else:
        _print(outcome["reasons"])


def _print(reason: dict[str, Any], depth: int = 0) -> None:
    sign = "met " if reason["done"] else "open"
    click.echo(f"{'  ' * depth}{sign}  {reason['text']}")
    for part in reason["parts"]:
        _print(part, depth + 1)
