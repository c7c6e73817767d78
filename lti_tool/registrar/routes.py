"""The registrar's desk: who is where on every pathway, one learner's record."""

from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from lti_tool.core import web
from lti_tool.core.db import transaction
from lti_tool.core.ids import PathwayId, PersonId
from lti_tool.pathways import queries as pathways
from lti_tool.pathways.figures import get_figures
from lti_tool.people import queries as people
from lti_tool.people import saved_views
from lti_tool.people.rules import Act
from lti_tool.people.services import note_reading
from lti_tool.people.staff_session import CurrentStaff, staff_page
from lti_tool.registrar import dashboard, funnel, matches, queries, records, timeline
from lti_tool.registrar.forms import LearnersFilter, PeopleSearch

PAGE = 25
MOST_ALIKE = 5
# Of a record's timeline, until all of it is asked for.
MOST_MOMENTS = 20

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
    filters = wanted.filters()
    with transaction(here.institution_id) as session:
        pathway = pathways.get_head(session, PathwayId(pathway_id))
        of_page = queries.which(filters.shared())
        which = queries.which(filters)
        rows = pathways.list_learners(
            session, pathway.pathway_id, which, after=wanted.key(), limit=PAGE + 1
        )
        contacts = queries.list_contacts(session, [row.person_id for row in rows])
        figures = get_figures(session, pathway.pathway_id, of_page)
        choices = dashboard.list_choices(session, pathway, filters)
        views = saved_views.list_views(session, here.staff_id, target=pathway.pathway_id)
    learners, has_more = rows[:PAGE], len(rows) > PAGE
    last = learners[-1].key if learners else None
    return render_template(
        "registrar/show_pathway.html",
        here=here,
        pathway=pathway,
        figures=figures,
        layers=funnel.layers(figures.funnel),
        quiet=dashboard.of_weeks(figures.quiet),
        months=dashboard.of_months(figures.months),
        wanted=wanted,
        chosen=filters.words(),
        shared=filters.shared().words(),
        choices=choices,
        labels=dashboard.labels(filters, choices),
        views=views,
        learners=[(row, contacts.get(row.person_id, queries.NOBODY)) for row in learners],
        next_after=f"{last[0]}.{last[1]}" if last and has_more else None,
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
            else people.list_newest_people(session, after=wanted.person(), limit=PAGE + 1)
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
        decided = {one.actor_id for one in record.entries if one.actor_id}
        deciders = people.list_actor_names(session, decided)
        merges = matches.list_merges(session, record.person_id)
        alike = matches.list_matches(session, person_id=record.person_id, limit=MOST_ALIKE)
    moments = timeline.build(record, deciders)
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
