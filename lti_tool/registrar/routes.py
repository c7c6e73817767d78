"""The registrar's desk: who is where on every pathway, one learner's record, exports."""

import re
from collections.abc import Iterator
from uuid import UUID

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from lti_tool.core import clock, spreadsheet, web
from lti_tool.core.db import transaction
from lti_tool.core.ids import InstitutionId, PathwayId, PersonId
from lti_tool.pathways import queries as pathways
from lti_tool.pathways.standing import PathwayOverview
from lti_tool.pathways.which import Which
from lti_tool.people import queries as people
from lti_tool.people.rules import Act
from lti_tool.people.services import note_reading
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.registrar import funnel, matches, queries, records, timeline
from lti_tool.registrar.forms import LearnersFilter, PeopleSearch

PAGE = 25
# A search that matches more says so, instead of reading the whole university.
MOST_MATCHES = 1000
EXPORT_BATCH = 1000
MOST_ALIKE = 5
# Of a record's timeline, until all of it is asked for.
MOST_MOMENTS = 20
EXPORT_HEADER = (
    "Person",
    "Name",
    "Student number",
    "E-mail",
    "Stones",
    "Stones needed",
    "Stones missing",
    "Complete",
    "Completed on (UTC)",
    "Missing",
)

blueprint = Blueprint("registrar", __name__, url_prefix="/desk/<slug>")


@blueprint.get("/")
@staff_page(Act.SEE_PROGRESS)
def show_dashboard(here: CurrentStaff) -> ResponseReturnValue:
    """Show every pathway with how many people are where."""
    with transaction(here.institution_id) as session:
        overview = pathways.pathway_overview(session)
    return render_template("registrar/show_dashboard.html", here=here, pathways=overview)


@blueprint.get("/pathways/<uuid:pathway_id>")
@staff_page(Act.SEE_PROGRESS)
def show_pathway(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """Show how far learners get on one pathway, and who they are, a page at a time."""
    wanted = web.read_form(LearnersFilter, request.args.to_dict())
    with transaction(here.institution_id) as session:
        pathway = _overview(session, PathwayId(pathway_id))
        which = queries.which(session, wanted.filters(), most_named=MOST_MATCHES)
        rows = pathways.list_learners(
            session, pathway.pathway_id, which, after=wanted.key(), limit=PAGE + 1
        )
        places = queries.list_places(session)
        contacts = queries.list_contacts(session, [row.person_id for row in rows])
        standing = pathways.list_funnel(session, pathway.pathway_id)
    learners, has_more = rows[:PAGE], len(rows) > PAGE
    last = learners[-1].key if learners else None
    return render_template(
        "registrar/show_pathway.html",
        here=here,
        pathway=pathway,
        layers=funnel.layers(standing),
        wanted=wanted,
        chosen=wanted.filters().words(),
        places=places,
        too_many=which.person_ids is not None and len(which.person_ids) == MOST_MATCHES,
        learners=[(row, contacts.get(row.person_id, queries.NOBODY)) for row in learners],
        next_after=f"{last[0]}.{last[1]}" if last and has_more else None,
    )


@blueprint.get("/pathways/<uuid:pathway_id>.csv")
@staff_page(Act.EXPORT)
def export_pathway(here: CurrentStaff, pathway_id: UUID) -> ResponseReturnValue:
    """Hand out everybody on a pathway as a table; noted before it leaves."""
    with transaction(here.institution_id) as session:
        pathway = _overview(session, PathwayId(pathway_id))
        # All at once, so that somebody who advances meanwhile is neither lost nor twice in it.
        everybody = queries.list_people_on(session, pathway.pathway_id)
    rows = list(_export(here.institution_id, pathway.pathway_id, everybody))
    note_reading(
        here.institution_id,
        actor=here.actor,
        act="export_learners",
        object_kind="pathway",
        object_id=pathway.pathway_id,
        facts={"learners": len(rows)},
    )
    name = re.sub(r"[^a-z0-9]+", "-", pathway.title.lower()).strip("-") or "pathway"
    filename = f"{name}-{clock.now():%Y-%m-%d}.csv"
    return Response(
        spreadsheet.csv_document(EXPORT_HEADER, rows),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


@blueprint.get("/people")
@staff_page(Act.SEE_RECORD)
def show_people(here: CurrentStaff) -> ResponseReturnValue:
    """Find people by name, e-mail address or student number, over all platforms."""
    wanted = web.read_form(PeopleSearch, request.args.to_dict())
    with transaction(here.institution_id) as session:
        rows = (
            people.search_people(session, wanted.q, after=wanted.person(), limit=PAGE + 1)
            if wanted.q
            else people.list_newest_people(session, limit=PAGE)
        )
        found = rows[:PAGE]
        contacts = queries.list_contacts(session, found)
        accounts = queries.count_accounts(session, found)
        waiting = matches.count_matches(session) if here.may(Act.DECIDE) else 0
    return render_template(
        "registrar/show_people.html",
        here=here,
        wanted=wanted,
        found=[(one, contacts.get(one, queries.NOBODY), accounts.get(one, 0)) for one in found],
        next_after=found[-1] if len(rows) > PAGE else None,
        waiting=waiting,
    )


@blueprint.get("/people/<uuid:person_id>")
@staff_page(Act.SEE_RECORD)
def show_person(here: CurrentStaff, person_id: UUID) -> ResponseReturnValue:
    """Show one person over all platforms; that it was read is noted."""
    with transaction(here.institution_id) as session:
        record = records.get_record(session, PersonId(person_id))
        decided = {
            one.actor_id for one in record.entries if one.actor_id and one.actor_kind == "staff"
        }
        staff = people.list_staff_names(session, decided)
        merges = matches.list_merges(session, record.person_id)
        alike = matches.list_matches(session, person_id=record.person_id, limit=MOST_ALIKE)
    moments = timeline.build(record, staff)
    note_reading(
        here.institution_id,
        actor=here.actor,
        act="read_record",
        object_kind="person",
        object_id=record.person_id,
    )
    return render_template(
        "registrar/show_person.html",
        here=here,
        record=record,
        merges=merges,
        alike=alike,
        because=timeline.because,
        moments=moments if "all" in request.args else moments[:MOST_MOMENTS],
        more=0 if "all" in request.args else max(0, len(moments) - MOST_MOMENTS),
    )


def _overview(session: Session, pathway_id: PathwayId) -> PathwayOverview:
    pathways.get_pathway(session, pathway_id)  # or there is none
    [overview] = pathways.pathway_overview(session, pathway_id)
    return overview


def _export(
    institution_id: InstitutionId, pathway_id: PathwayId, everybody: list[PersonId]
) -> Iterator[tuple[str | int | None, ...]]:
    for start in range(0, len(everybody), EXPORT_BATCH):
        batch = everybody[start : start + EXPORT_BATCH]
        with transaction(institution_id) as session:
            rows = pathways.list_learners(
                session, pathway_id, Which(person_ids=batch), limit=len(batch)
            )
            contacts = queries.list_contacts(session, batch)
        for row in rows:
            contact = contacts.get(row.person_id, queries.NOBODY)
            yield (
                str(row.person_id),
                contact.name,
                contact.student_number,
                contact.email,
                row.stones_laid,
                row.stones_needed,
                row.missing,
                "no" if row.missing else "yes",
                f"{row.completed_at:%Y-%m-%d}" if row.completed_at else None,
                "; ".join(row.nearest),
            )
